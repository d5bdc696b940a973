"use strict";
// The experiment. What you may want to change stands first: `texts`, `settings`, `keys`. Below them is how it works.
//
//   stimuli.js   var stimuli: the pictures, and what the manifest says of each
//   trials.js    var trials: the trial list of a design, or null: then one is made here from the stimuli
//   study.js     var study: which design this is, and where the results go
//   session.js   keeps the answers in the browser after each trial; online.js: participants' ids, servers
//
// Open index.html?participant=1 to begin at once, and index.html?participant=1&simulate=visual to watch a simulated
// participant (simulate=data-only is faster); without a design add &task=identification, or another of the three.

// ---------------------------------------------------------------- what participants read (HTML is welcome)
// `stacked` is what is read where the pictures of a trial stand one above the other, in windows that are narrow.
var texts = {
  title: "Experiment",
  participant: "Participant",
  choose: "Choose a task.",
  start: "Start",
  unknown_participant: "This participant is not in the design.",
  unnamed_participant: "A participant's name has letters, digits, - and _ only.",
  unknown_task: "There is no such task.",
  small: "This window is small, and the pictures are shown smaller than they are meant to be. Make it larger, or turn your phone, if you can.",
  too_small: "The pictures do not fit into this window. Make it larger, or turn your phone.",
  loading: "Loading …",
  failed: "The pictures could not be loaded. Is the folder complete?",
  ready: "Begin",
  go_on: "Go on",
  break_title: "Time for a break",
  break_text: function (done, all) { return "Block " + done + " of " + all + " is done. Rest your eyes, then go on."; },
  progress: "",
  resumed: function (next, all) { return "You are going on where you stopped: with number " + next + " of " + all + "."; },
  start_again: "Start again instead",
  other_tab_title: "This goes on in another window",
  other_tab: "The experiment was opened a second time, and goes on there. You may close this window.",
  block_incomplete: "You have begun this experiment before, and it cannot be taken up again.",
  block_completed: "You have done this experiment already. Thank you!",
  finish: "Finish",
  not_on_jatos: "This page runs on JATOS only: import the .jzip file there.",
  end: "Thank you!",
  sending: "Your answers are being sent. Please do not close this window.",
  not_sent: "Your answers could not be sent. Please try again; or save them as a file, and send it to whoever invited you.",
  try_again: "Try again",
  save: "Save as a file",
  saved: "Your answers are in the downloads folder:",
  sent: "Your answers have been sent. You may close this window.",
  save_again: "Save again",
  fixation: "+",
  example_a: "This is A",
  example_b: "This is B",
  press: "Answer with",
  tasks: {
    "identification": {
      name: "Identification",
      about: "One picture at a time: is it A or B?",
      instructions: "You will see one picture at a time. Decide whether it is more like A or more like B.",
      answers: { a: "A", b: "B" }
    },
    "2afc": {
      name: "Two alternatives",
      about: "Two pictures: which is nearer to B?",
      instructions: "You will see two pictures side by side. Decide which of the two is nearer to B.",
      question: "Which is nearer to B?",
      answers: { a: "left", b: "right" },
      stacked: {
        instructions: "You will see two pictures, one above the other. Decide which of the two is nearer to B.",
        answers: { a: "upper", b: "lower" }
      }
    },
    "constant": {
      name: "Comparison with a standard",
      about: "Two pictures: which is nearer to B?",
      instructions: "You will see two pictures side by side. Decide which of the two is nearer to B.",
      question: "Which is nearer to B?",
      answers: { a: "left", b: "right" },
      stacked: {
        instructions: "You will see two pictures, one above the other. Decide which of the two is nearer to B.",
        answers: { a: "upper", b: "lower" }
      }
    },
    "abx": {
      name: "ABX",
      about: "Is the picture above the left or the right one?",
      instructions: "You will see one picture above and two below. Decide which of the two below is the same as the one above.",
      question: "Which is the same as the picture above?",
      answers: { a: "left", b: "right" },
      stacked: {
        about: "Is the topmost picture the middle or the lowest one?",
        instructions: "You will see three pictures, one above the other. Decide which of the lower two is the same as the topmost one.",
        question: "Which is the same as the topmost picture?",
        answers: { a: "middle", b: "lowest" }
      }
    },
    "same-different": {
      name: "Same or different",
      about: "Two pictures, one after the other: the same or different?",
      instructions: "You will see two pictures, one after the other. Decide whether they are the same or different.",
      answers: { same: "same", different: "different" }
    },
    "oddity": {
      name: "Odd one out",
      about: "Two of three pictures are the same: which is the other one?",
      instructions: "You will see three pictures. Two of them are the same. Find the other one.",
      question: "Which is the other one?",
      answers: { a: "left", b: "middle", c: "right" },
      stacked: { answers: { a: "upper", b: "middle", c: "lower" } }
    },
    "triplets": {
      name: "Least alike",
      about: "Which of three pictures is least like the other two?",
      instructions: "You will see three pictures. Decide which of them is least like the other two. There is no wrong answer.",
      question: "Which is least like the other two?",
      answers: { a: "left", b: "middle", c: "right" },
      stacked: { answers: { a: "upper", b: "middle", c: "lower" } }
    },
    "mlds": {
      name: "Differences",
      about: "Which of two pairs differs more?",
      instructions: "You will see two pairs of pictures, one above the other. Decide which pair differs more. There is no wrong answer.",
      question: "Which pair differs more?",
      answers: { ab: "upper pair", cd: "lower pair" }
    },
    "mlds-triads": {
      name: "Differences",
      about: "Which neighbours differ more?",
      instructions: "You will see three pictures in a row. Decide which differ more: the left one and the middle one, or the middle one and the right one. There is no wrong answer.",
      question: "Which differ more?",
      answers: { ab: "left and middle", bc: "middle and right" },
      stacked: {
        instructions: "You will see three pictures, one above the other. Decide which differ more: the upper one and the middle one, or the middle one and the lower one. There is no wrong answer.",
        answers: { ab: "upper and middle", bc: "middle and lower" }
      }
    },
    "adjustment": {
      name: "Adjustment",
      about: "Change one picture until it looks like another.",
      instructions: "You will see two pictures. Change the right one until it looks like the left one, then press Enter. You may hold a key down.",
      question: "Make the right one look like the left one.",
      less: "back",
      more: "on",
      done: "Done (Enter)",
      stacked: {
        instructions: "You will see two pictures. Change the lower one until it looks like the upper one, then press the button below them. You may hold a key down.",
        question: "Make the lower one look like the upper one."
      }
    }
  }
};

// ---------------------------------------------------------------- how it is shown
var settings = {
  scale: stimuli.scale, // CSS pixels for each pixel of a picture; rounded so that each takes whole pixels of the screen
  least_size: 0, // of that size: nothing is shown in a window where pictures would have to be smaller; 0: none is refused
  smooth: false, // true: let the browser interpolate between pixels
  fixation_ms: 500,
  stimulus_ms: null, // null: pictures stay until the answer
  answer_ms: null, // null: no time limit; else a missing answer is an empty cell
  first_ms: 800, // same-different: the first picture …
  gap_ms: 400, // … the empty screen, then the second picture until the answer
  fullscreen: true,
  repetitions: 4, // without a design: how often each picture, or pair, or target comes
  targets: 5, // without a design: how many pictures are adjusted to
  blocks: 2, // without a design
  incomplete_session: "resume", // what was begun and not finished: "resume", "restart" or "block"
  completed_session: online.kind === "none" ? "restart" : "block", // the same participant comes again: "restart" or "block"
  max_age: null // milliseconds after which an unfinished session begins anew; null: never
};

// ---------------------------------------------------------------- which key is which answer
var keys = {
  "identification": { f: "a", j: "b" },
  "2afc": { f: "a", j: "b" },
  "constant": { f: "a", j: "b" },
  "abx": { f: "a", j: "b" },
  "same-different": { f: "same", j: "different" },
  "oddity": { 1: "a", 2: "b", 3: "c" },
  "triplets": { 1: "a", 2: "b", 3: "c" },
  "mlds": { arrowup: "ab", arrowdown: "cd" },
  "mlds-triads": { f: "ab", j: "bc" },
  "adjustment": { less: "arrowleft", more: "arrowright" }
};

// Where the results go: as `export --online` said, else to the downloads folder. For a server of your own let it return a
// promise that is true once the results are there; where that fails it is tried again, then the participant is asked to.
function send(csv, name) {
  return online.send(csv, name);
}

function download(csv, name) {
  var link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
}

// ================================================================ below: how it works
var address = new URLSearchParams(window.location.search);
var simulate = address.get("simulate");
var LEADING = ["participant", "block", "trial", "task", "stim_a", "stim_b", "stim_c", "stim_d", "correct"];
var PLACES = ["a", "b", "c", "d"];
var pictures = new Map(stimuli.timeline_variables.map(function (one) { return [one.stim_id, one]; }));
var line = stimuli.timeline_variables;
var jsPsych, results = [], unsaved = false, who;

// ---------------------------------------------------------------- texts and pictures as HTML
function escaped(text) {
  var marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, function (mark) { return marks[mark]; });
}

// A text, and what stands in its place where the pictures stand one above the other; style.css shows one of the two.
function beside_or_stacked(beside, stacked) {
  return stacked === undefined || stacked === beside ? beside
    : '<span class="beside">' + beside + '</span><span class="stacked">' + stacked + "</span>";
}

function worded(look, what) {
  var text = texts.tasks[look], stacked = text.stacked || {};
  return beside_or_stacked(text[what], stacked[what]);
}

// decoding=sync: the picture is there with the rest of the page, not a frame later.
function picture(stim_id) {
  return '<img class="picture" alt="" decoding="sync" draggable="false" src="' + escaped(pictures.get(stim_id).stimulus) + '">';
}

function figure(stim_id, caption) {
  return "<figure>" + picture(stim_id) + (caption === undefined ? "" : "<figcaption>" + caption + "</figcaption>") + "</figure>";
}

var KEY_NAMES = { arrowup: "↑", arrowdown: "↓", arrowleft: "←", arrowright: "→", " ": "Space", enter: "Enter" };

function key_hint(key, text) {
  var name = KEY_NAMES[key] || key.toUpperCase();
  return '<button type="button" tabindex="-1" class="key" data-key="' + escaped(key) + '"><kbd>' + escaped(name) + "</kbd><span>" + text + "</span></button>";
}

function answer_hint(look, answer) {
  var key = Object.keys(keys[look]).find(function (one) { return keys[look][one] === answer; });
  var text = texts.tasks[look], stacked = text.stacked || {};
  return key_hint(key, beside_or_stacked(text.answers[answer], (stacked.answers || {})[answer]));
}

function hints(look) {
  return '<div class="keys">' + Object.keys(texts.tasks[look].answers).map(answer_hint.bind(null, look)).join("") + "</div>";
}

function question(look) {
  return '<p class="question">' + worded(look, "question") + "</p>";
}

function in_row(row, look, places) {
  return '<div class="row">' + places.map(function (place) {
    return figure(row["stim_" + place], answer_hint(look, place));
  }).join("") + "</div>";
}

function pair(row, look, places) {
  return '<div class="pair"><div>' + picture(row["stim_" + places[0]]) + picture(row["stim_" + places[1]]) + "</div>" + answer_hint(look, places) + "</div>";
}

// The pages with several pictures; `look` is the task, or mlds-triads.
var layouts = {
  "2afc": function (row, look) { return question(look) + in_row(row, look, ["a", "b"]); },
  "abx": function (row, look) {
    return question(look) + '<div class="row">' + figure(row.stim_c) + "</div>" + in_row(row, look, ["a", "b"]);
  },
  "oddity": function (row, look) { return question(look) + in_row(row, look, ["a", "b", "c"]); },
  "mlds": function (row, look) { return question(look) + pair(row, look, "ab") + pair(row, look, "cd"); },
  "mlds-triads": function (row, look) {
    return question(look) + '<div class="row">' + figure(row.stim_a) + figure(row.stim_b) + figure(row.stim_c) + "</div>" + hints(look);
  }
};
layouts.constant = layouts["2afc"];
layouts.triplets = layouts.oddity;

// ---------------------------------------------------------------- the size of the pictures
// The largest at which everything of a trial is inside the window, up to `scale`: whole pixels of the screen for each
// pixel of a picture, or less than one where even that is too large. A trial is laid out, unseen, to find it.
var shown = { each: 1, stacked: false }, wanted = 1, shown_look, shown_row;
var STACKS = ["2afc", "constant", "abx", "oddity", "triplets", "mlds-triads", "adjustment"];
var WORTH_STACKING = 1.2; // times as large as side by side

function sizes() {
  var ratio = window.devicePixelRatio || 1, most = settings.scale * ratio, found = [];
  if (settings.smooth || most < 1) found.push(most);
  else for (var whole = Math.max(1, Math.round(most)); whole >= 1; whole--) found.push(whole);
  while (found[found.length - 1] > 0.02) found.push(found[found.length - 1] * 0.96);
  return found;
}

function set_size(style, each) {
  var ratio = window.devicePixelRatio || 1;
  style.setProperty("--width", (stimuli.width * each) / ratio + "px");
  style.setProperty("--height", (stimuli.height * each) / ratio + "px");
}

// What of a trial takes room, with nothing in the place of pictures.
function trial_html(look, row) {
  var html = look === "adjustment" ? adjustment_html(row, look, row.stim_b) + done_button(look)
    : layouts[look] ? layouts[look](row, look) : picture(row.stim_a) + hints(look);
  return html.replace(/<img [^>]*>/g, '<span class="picture"></span>');
}

function fitting(look, row, width, high, stacked) {
  var content = element("div", { className: "jspsych-content", innerHTML: trial_html(look, row) });
  var probe = element("div", { className: "probe" }, [
    element("div", { className: "progress" }), element("div", { className: "jspsych-content-wrapper" }, [content])
  ]);
  var root = document.documentElement, was_stacked = root.classList.contains("stacking");
  root.classList.toggle("stacking", stacked);
  var bar = document.getElementById("jspsych-progressbar-container");
  probe.firstChild.style.height = (bar ? bar.offsetHeight : 40) + "px";
  probe.style.width = width + "px";
  probe.style.height = high + "px";
  document.body.append(probe);
  var top = probe.firstChild.getBoundingClientRect().bottom;
  var all = Array.from(content.querySelectorAll("*")).filter(function (one) { return one.getClientRects().length; });
  var is_inside = function (one) {
    var box = one.getBoundingClientRect();
    return box.left >= 0 && box.right <= width && box.top >= top && box.bottom <= high;
  };
  var tried = sizes();
  var each = tried.find(function (size) {
    set_size(probe.style, size);
    return all.every(is_inside);
  }) || tried[tried.length - 1];
  probe.remove();
  root.classList.toggle("stacking", was_stacked);
  return each;
}

function best_of(look, row, width, high) {
  var beside = { each: fitting(look, row, width, high, false), stacked: false };
  if (!STACKS.includes(look) || beside.each >= sizes()[0]) return beside;
  var stacked = { each: fitting(look, row, width, high, true), stacked: true };
  return stacked.each > WORTH_STACKING * beside.each ? stacked : beside;
}

// The part of the page that can be seen: without the browser's bars and a keyboard on the screen.
function window_size() {
  var seen = window.visualViewport;
  // A page that somebody zoomed into with two fingers stays as it is.
  return seen && Math.abs(seen.scale - 1) < 0.01
    ? { width: Math.floor(seen.width), height: Math.floor(seen.height) }
    : { width: document.documentElement.clientWidth, height: window.innerHeight };
}

function fit() {
  var seen = window_size(), root = document.documentElement;
  root.style.setProperty("--high", seen.height + "px");
  if (!shown_look) return;
  shown = best_of(shown_look, shown_row, seen.width, seen.height);
  set_size(root.style, shown.each);
  root.classList.toggle("stacking", shown.stacked);
  root.classList.toggle("sharp", !settings.smooth && shown.each >= 1);
  root.classList.toggle("refused", shown.each < settings.least_size * sizes()[0]);
}

// Whether pictures will be smaller than they should be, in full screen where there is such a thing.
function is_small() {
  var whole = settings.fullscreen && document.documentElement.requestFullscreen;
  var size = whole ? best_of(shown_look, shown_row, window.screen.width, window.screen.height) : shown;
  return size.each < sizes()[0];
}

// ---------------------------------------------------------------- the trials
function design_rows() {
  return trials.rows.map(function (cells) {
    return Object.fromEntries(trials.columns.map(function (name, at) { return [name, cells[at]]; }));
  });
}

function name_of(row) {
  return String(row.participant).replace(/^'/, "");
}

function participants() {
  return Array.from(new Set(design_rows().map(name_of)));
}

// The rows of the participant called so, or of number 3 where that is p03.
function rows_of(name) {
  var number = function (text) { return /\d$/.test(text) ? Number(text.replace(/^\D+/, "")) : NaN; };
  var known = participants();
  var found = known.find(function (one) { return one === name; }) ||
    known.find(function (one) { return number(one) === number(name); });
  return design_rows().filter(function (row) { return name_of(row) === found; });
}

// Without a design: every picture, every neighbour (as often same as different), or targets from end to end.
var small_designs = {
  "identification": function () {
    return line.map(function (one) { return { ids: [one.stim_id], correct: "" }; });
  },
  "same-different": function () {
    return line.slice(1).flatMap(function (after, at) {
      var first = line[at].stim_id, second = after.stim_id;
      return [[first, second, "different"], [second, first, "different"], [first, first, "same"], [second, second, "same"]].map(
        function (shown) { return { ids: shown.slice(0, 2), correct: shown[2] }; });
    });
  },
  "adjustment": function () {
    var count = Math.min(settings.targets, line.length);
    return Array.from({ length: count }, function (_, at) {
      var target = line[Math.round((at * (line.length - 1)) / Math.max(1, count - 1))];
      var start = jsPsych.randomization.sampleWithoutReplacement([line[0], line[line.length - 1]], 1)[0];
      return { ids: [target.stim_id, start.stim_id], correct: target.place };
    });
  }
};

// Blocks of whole repetitions, each in an order of its own that participant and task decide.
function small_design(task, participant) {
  jsPsych.randomization.setSeed(task + "/" + participant);
  var blocks = Math.max(1, Math.min(settings.blocks, settings.repetitions)), rows = [];
  for (var block = 1; block <= blocks; block++) {
    var times = Math.floor((settings.repetitions * block) / blocks) - Math.floor((settings.repetitions * (block - 1)) / blocks);
    var shown = Array.from({ length: times }, small_designs[task]).flat();
    jsPsych.randomization.shuffle(shown).forEach(function (one) {
      var row = { participant: inert(participant), block: block, trial: rows.length + 1, task: task };
      PLACES.forEach(function (place, at) { row["stim_" + place] = one.ids[at] || ""; });
      row.correct = one.correct;
      PLACES.forEach(function (place, at) { row["alpha_" + place] = one.ids[at] ? pictures.get(one.ids[at]).place : null; });
      row.set_id = stimuli.set_id;
      row.set_name = stimuli.set_name;
      rows.push(row);
    });
  }
  return rows;
}

// ---------------------------------------------------------------- from a row to what is shown, and back to a row
// The task; with three stimuli a trial, mlds looks different.
function look_of(row) {
  var task = trials ? trials.task : row.task;
  return task === "mlds" && !row.stim_d ? "mlds-triads" : task;
}

function finished(row, answer, data, more) {
  var known = answer !== "" && typeof row.correct === "string" && row.correct !== "";
  var result = Object.assign({}, row, {
    response: answer,
    rt: data.rt === null ? null : data.rt / 1000,
    correct_response: known ? Number(answer === row.correct) : null,
    response_stim: "",
    key: ""
  }, more, {
    started: inert(started), device_pixels: Math.round(shown.each * 1000) / 1000, stacked: Number(shown.stacked),
    resumes: session.record.resumes
  }, who.columns, simulate ? { simulated: 1 } : {});
  if (!session.add(result)) return;
  online.appended(results.length === 1 ? as_csv(results) : csv_line(Object.keys(results[0]).map(function (name) { return result[name]; })));
  jsPsych.progressBar.progress = results.length / total;
}

var started, total = 0;

function keyed(look, row, trial) {
  return Object.assign(trial, {
    on_finish: function (data) {
      var key = data.response === null ? "" : String(data.response).toLowerCase();
      finished(row, key === "" ? "" : keys[look][key], data, { key: inert(key) });
    }
  });
}

// After `stimulus_ms` the pictures go and the keys stay.
function hide_in_time() {
  if (settings.stimulus_ms === null) return;
  jsPsych.pluginAPI.setTimeout(function () {
    document.querySelectorAll(".jspsych-content img").forEach(function (image) { image.style.visibility = "hidden"; });
  }, settings.stimulus_ms);
}

function adjustment_html(row, look, stim_id) {
  var text = texts.tasks[look];
  return question(look) + '<div class="row">' + figure(row.stim_a) + figure(stim_id) + '</div><div class="keys">' +
    key_hint(keys[look].less, text.less) + key_hint(keys[look].more, text.more) + "</div>";
}

// As jsPsych's plugin draws it.
function done_button(look) {
  return '<button class="jspsych-btn jspsych-reconstruction">' + texts.tasks[look].done + "</button>";
}

var makers = {
  "identification": function (row, look) {
    return keyed(look, row, {
      type: jsPsychImageKeyboardResponse,
      stimulus: pictures.get(row.stim_a).stimulus,
      prompt: hints(look),
      choices: Object.keys(keys[look]),
      stimulus_duration: settings.stimulus_ms,
      trial_duration: settings.answer_ms
    });
  },
  "same-different": function (row, look) {
    var key_of = function (answer) { return Object.keys(keys[look]).find(function (key) { return keys[look][key] === answer; }); };
    return keyed(look, row, {
      type: jsPsychSameDifferentImage,
      stimuli: [pictures.get(row.stim_a).stimulus, pictures.get(row.stim_b).stimulus],
      answer: row.correct,
      same_key: key_of("same"),
      different_key: key_of("different"),
      first_stim_duration: settings.first_ms,
      gap_duration: settings.gap_ms,
      second_stim_duration: settings.stimulus_ms,
      prompt: hints(look)
    });
  },
  "adjustment": function (row, look) {
    var text = texts.tasks[look], last = line.length - 1;
    var nearest = function (p) { return line[Math.round(p * last)]; };
    return {
      type: jsPsychReconstruction,
      stim_function: function (p) { return adjustment_html(row, look, nearest(p).stim_id); },
      starting_value: line.indexOf(pictures.get(row.stim_b)) / last,
      step_size: 1 / last,
      key_decrease: keys[look].less,
      key_increase: keys[look].more,
      button_label: text.done,
      on_finish: function (data) {
        var chosen = nearest(data.final_value);
        finished(row, chosen.place, data, { response_stim: chosen.stim_id });
      }
    };
  }
};

function several(row, look) {
  return keyed(look, row, {
    type: jsPsychHtmlKeyboardResponse,
    stimulus: function () { return layouts[look](row, look); },
    choices: Object.keys(keys[look]),
    trial_duration: settings.answer_ms,
    on_load: hide_in_time
  });
}

function page(title, html, button) {
  return {
    type: jsPsychHtmlKeyboardResponse,
    stimulus: '<div class="page"><h1>' + title + "</h1>" + html + '<div class="keys">' + key_hint(" ", button) + "</div></div>",
    choices: [" ", "Enter"]
  };
}

function instructions(look) {
  var text = texts.tasks[look], html = "<p>" + worded(look, "instructions") + "</p>";
  if (results.length) html = '<p class="warning">' + texts.resumed(results.length + 1, total) + (can_start_again() ? again_button() : "") + "</p>" + html;
  if (is_small()) html += '<p class="warning">' + texts.small + "</p>";
  if (["identification", "2afc", "constant"].includes(look)) {
    html += '<div class="row">' + figure(line[0].stim_id, texts.example_a) + figure(line[line.length - 1].stim_id, texts.example_b) + "</div>";
  }
  html += look === "adjustment"
    ? '<p class="quiet">' + texts.press + " " + key_hint(keys[look].less, text.less) + key_hint(keys[look].more, text.more) + "</p>"
    : '<p class="quiet">' + texts.press + " " + Object.keys(text.answers).map(answer_hint.bind(null, look)).join("") + "</p>";
  return Object.assign(page(text.name, html, texts.ready), {
    on_load: function () { jsPsych.progressBar.progress = results.length / total; },
    on_finish: function () {
      if (settings.fullscreen && !simulate && document.documentElement.requestFullscreen) {
        document.documentElement.requestFullscreen().catch(function () { /* it goes on in the window */ });
      }
    }
  });
}

function timeline_of(rows) {
  var fixation = {
    type: jsPsychHtmlKeyboardResponse,
    stimulus: '<div class="fixation">' + texts.fixation + "</div>",
    choices: "NO_KEYS",
    trial_duration: settings.fixation_ms
  };
  var preload = {
    type: jsPsychPreload,
    images: stimuli.images,
    message: "<p>" + texts.loading + "</p>",
    error_message: "<p>" + texts.failed + "</p>",
    show_detailed_errors: true
  };
  var blocks = Array.from(new Set(rows.map(function (row) { return row.block; })));
  var timeline = [preload, instructions(look_of(rows[0]))], first = results.length;
  rows.forEach(function (row, at) {
    if (at < first) return;
    if (at > first && row.block !== rows[at - 1].block) {
      timeline.push(page(texts.break_title, "<p>" + texts.break_text(blocks.indexOf(row.block), blocks.length) + "</p>", texts.go_on));
    }
    var look = look_of(row);
    timeline.push(fixation, (makers[look] || several)(row, look));
  });
  return timeline;
}

// ---------------------------------------------------------------- the results file
// The design's texts are inert already, and written as they came. Of what is made here (a participant's name, a key, the
// time), whatever a spreadsheet could take for a number, a date or nothing gets a ' before it, as in gaia-stim's tables.
var VALUES = ["na", "nan", "nat", "none", "null", "true", "false", "yes", "no", "inf", "infinity"];

function inert(text) {
  var named = /^[A-Za-z]{3}[A-Za-z0-9]*$|^[A-Za-z][0-9]+[A-Za-z][A-Za-z0-9]*$/.test(text) &&
    !/^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|[ap]m)/i.test(text); // ids such as jatos12 or A1B2C3
  var plain = text === "" || ((named || /^([A-Za-z]{1,2}[0-9]*|[A-Za-z_-]{3,})$/.test(text)) && !VALUES.includes(text.toLowerCase()));
  return plain ? text : "'" + text;
}

function cell(value) {
  var text = value === null || value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function csv_line(cells) {
  return cells.map(cell).join(",") + "\n";
}

function as_csv(rows) {
  var columns = rows.length ? Object.keys(rows[0]) : LEADING;
  return [columns].concat(rows.map(function (row) { return columns.map(function (name) { return row[name]; }); })).map(csv_line).join("");
}

// ---------------------------------------------------------------- start, run, end
function element(kind, properties, children) {
  var made = Object.assign(document.createElement(kind), properties);
  (children || []).forEach(function (child) { made.append(child); });
  return made;
}

// A page of text that is no trial.
function show_page(id, title, parts) {
  var page = element("div", { className: "page", id: id }, [element("h1", { innerHTML: title })].concat(parts));
  document.body.replaceChildren(element("div", { className: "centre" }, [page]));
}

function paragraph(html, kind) {
  return element("p", { innerHTML: html, className: kind || "" });
}

function button(text, what) {
  return element("button", { type: "button", className: "choice", innerHTML: text, onclick: what });
}

function file_name(record) {
  var clean = function (text) { return String(text).replace(/[^\w-]+/g, "_").slice(0, 60); };
  return [simulate ? "simulated" : "results", clean(stimuli.name), clean(record.task), clean(record.who.participant),
    record.started.replace(/[-:]|\..*/g, "")].concat(online.kind === "none" ? [] : [record.token]).join("_") + ".csv";
}

// ---------------------------------------------------------------- the end: nobody is sent on before the answers are saved
function end() {
  if (session.lost) return;
  if (document.fullscreenElement) document.exitFullscreen();
  save_results(as_csv(results), file_name(session.record));
}

function save_results(csv, name) {
  show_page("sending", texts.end, [paragraph(texts.sending)]);
  unsaved = true;
  online.retried(function () { return send(csv, name); }).then(function (sent) {
    if (!sent) download(csv, name);
    unsaved = false;
    session.done();
    ended(csv, name, sent);
  }, function (problem) {
    show_page("failed", texts.end, [
      paragraph(texts.not_sent, "warning"),
      button(texts.try_again, function () { save_results(csv, name); }),
      button(texts.save, function () { download(csv, name); }),
      element("p", { textContent: String((problem && problem.message) || problem), className: "quiet" })
    ]);
  });
}

function ended(csv, name, sent) {
  show_page("end", texts.end, sent ? [paragraph(texts.sent)] : [
    paragraph(texts.saved), element("p", { textContent: name, className: "quiet" }),
    button(texts.save_again, function () { download(csv, name); })
  ]);
  if (sent) online.finish(address);
}

// ---------------------------------------------------------------- the beginning
function can_start_again() {
  return online.kind === "none" || who.is_random;
}

function again_button() {
  return '<button type="button" class="choice" id="start-again">' + texts.start_again + "</button>";
}

// What a session that is given up has goes where results go.
function give_up(record) {
  if (!record || record.saved || !record.rows.length || simulate) return;
  if (online.kind === "none") download(as_csv(record.rows), file_name(record).replace(/\.csv$/, "_unfinished.csv"));
  else online.hand_over(record, as_csv, file_name(record));
}

function start_again() {
  session.lost = true; // what is on the screen is over
  give_up(session.record);
  try { window.localStorage.removeItem(session_options(session.record.task).key); } catch (refused) { /* nothing is kept */ }
  window.location.reload();
}

// As jsPsych's own recovery takes them.
function session_options(task) {
  return {
    key: ["gaia-stim", study.id, task, who.participant].join("/"),
    incomplete_session: settings.incomplete_session,
    completed_session: settings.completed_session,
    max_age: settings.max_age
  };
}

function refused(record) {
  var done = record.saved, parts = [paragraph(done ? texts.block_completed : texts.block_incomplete)];
  if (done && (study.online.complete || online.kind === "jatos")) parts.push(button(texts.finish, function () { online.finish(address); }));
  show_page("blocked", texts.title, parts);
}

function other_tab() {
  if (jsPsych) jsPsych.pluginAPI.cancelAllKeyboardResponses();
  if (jsPsych) jsPsych.pluginAPI.clearAllTimeouts();
  if (document.fullscreenElement) document.exitFullscreen();
  show_page("other-tab", texts.other_tab_title, [paragraph(texts.other_tab)]);
}

// The columns that say who somebody is whom the design does not know.
function columns_of(person, assigned) {
  if (!assigned) return {};
  var ids = Object.fromEntries(Object.entries(person.ids).map(function (entry) { return [entry[0], inert(entry[1])]; }));
  return Object.assign({ trial_list: assigned.list, trial_list_by: assigned.list_by }, ids);
}

// Begin, with a list of the design if there is one; `assigned` says how it was found, where the page did not ask for it.
function run(task, person, assigned) {
  jsPsych = initJsPsych({
    show_progress_bar: true,
    auto_update_progress_bar: false,
    message_progress_bar: texts.progress,
    on_finish: end
  });
  var rows = trials ? rows_of(assigned ? assigned.list : person.participant) : small_design(task, person.participant);
  if (assigned) rows.forEach(function (row) { row.participant = inert(person.participant); });
  who = Object.assign({}, person, { participant: assigned ? person.participant : name_of(rows[0]), columns: columns_of(person, assigned) });
  shown_look = look_of(rows[0]);
  shown_row = rows[0];
  total = rows.length;
  document.body.replaceChildren();
  fit();
  var options = session_options(shown_look), before = session.look(options, total);
  if (simulate) before = { what: "new", record: null };
  if (before.what === "block") return refused(before.record);
  if (before.what === "restart") give_up(before.record);
  var kept = before.what === "resume" ? before.record : { rows: [], resumes: -1, started: new Date().toISOString(), token: Math.random().toString(36).slice(2, 8) };
  if (simulate) options.key += "/simulated";
  session.begin(options, Object.assign({}, kept, {
    task: shown_look, total: total, who: who, assigned: assigned, resumes: kept.resumes + 1
  }), other_tab);
  results = session.record.rows;
  started = session.record.started;
  if (results.length) online.resumed(as_csv(results));
  if (results.length === total) return end();
  unsaved = !simulate && !session.kept;
  var timeline = timeline_of(rows);
  if (simulate) jsPsych.simulate(timeline, simulate === "visual" ? "visual" : "data-only");
  else jsPsych.run(timeline);
}

// Begin with the participant that somebody named; returns a message where there is nothing to begin with.
function run_named(task, name) {
  if (trials && !rows_of(name).length) return texts.unknown_participant;
  if (!trials && !/^[A-Za-z0-9_-]{1,63}$/.test(name)) return texts.unnamed_participant;
  if (!trials && !(task in small_designs)) return texts.unknown_task;
  run(task, { participant: name, ids: {}, is_random: false }, null);
  return "";
}

// Begin with whoever the address says it is, or with nobody that it knows.
function run_found(task, person) {
  who = person;
  var options = session_options(trials ? look_of(design_rows()[0]) : task);
  if (person.is_random && online.kind !== "jatos" && session.look(options, 0).what === "block") {
    return run_found(task, online.person(address, true)); // that was somebody else, on the same computer
  }
  var before = session.look(options, 0).record;
  if (before && before.assigned) return run(task, person, before.assigned);
  if (!trials) return run(task, person, { list: "", list_by: "" });
  online.list_for(person.participant, participants(), Boolean(simulate)).then(function (assigned) { run(task, person, assigned); });
}

function start_page(message, person) {
  var warning = element("p", { className: "warning", textContent: message });
  var given = address.get("participant") || "";
  var names = trials ? participants() : [];
  var field = trials
    ? element("select", { id: "participant" }, names.map(function (name) { return element("option", { value: name, textContent: name }); }))
    : element("input", { id: "participant", type: "text", value: given || "p01", autocomplete: "off", spellcheck: false });
  var begin = function (task) {
    if (person) run_found(task, person);
    else warning.textContent = run_named(task, field.value.trim());
  };
  var offered = trials ? [look_of(design_rows()[0])] : Object.keys(small_designs);
  if (line.length < 2) offered = offered.slice(0, 1);
  var buttons = offered.map(function (look) {
    var text = texts.tasks[look];
    return element("button", { type: "button", className: "choice", id: "task-" + look, onclick: begin.bind(null, look) }, [
      element("span", { innerHTML: trials ? texts.start : text.name }),
      element("small", { innerHTML: trials ? text.name + " — " + text.about : text.about })
    ]);
  });
  var form = element("form", { className: "page", id: "start", onsubmit: function (event) {
    event.preventDefault();
    if (trials) begin(offered[0]);
  } }, [
    element("h1", { innerHTML: texts.title }),
    warning
  ].concat(person ? [] : [element("label", { htmlFor: "participant", innerHTML: texts.participant }), field], [
    element("p", { className: "quiet", innerHTML: trials ? "" : texts.choose })
  ], buttons));
  document.body.replaceChildren(element("div", { className: "centre" }, [form]));
}

function start(parameters) {
  if (!parameters) return show_page("blocked", texts.title, [paragraph(texts.not_on_jatos)]);
  address = parameters;
  simulate = address.get("simulate");
  var person = online.person(address, false);
  if (person && !trials && !(address.get("task") in small_designs)) return start_page("", person);
  if (person) return run_found(address.get("task"), person);
  if (!address.has("participant") || !(trials || address.has("task"))) return start_page("", null);
  var message = run_named(address.get("task"), address.get("participant"));
  if (message) start_page(message, null);
}

// A hint that is clicked or touched is its key pressed; Enter ends an adjustment.
document.addEventListener("click", function (event) {
  if (event.target.closest("#start-again")) start_again();
  var hint = event.target.closest("[data-key]");
  if (hint && jsPsych) jsPsych.pluginAPI.pressKey(hint.dataset.key);
});
document.addEventListener("keydown", function (event) {
  var next = document.getElementById("jspsych-reconstruction-next");
  if (next && event.key === "Enter" && !event.repeat) {
    event.preventDefault();
    next.click();
  }
});
// In a window that is refused nothing can be answered.
window.addEventListener("keydown", function (event) {
  if (document.documentElement.classList.contains("refused")) event.stopImmediatePropagation();
}, true);
(window.visualViewport || window).addEventListener("resize", fit);
window.addEventListener("resize", fit);
// The browser asks before a window is closed whose answers are nowhere else; the others are in it when it is opened again.
window.addEventListener("beforeunload", function (event) { if (unsaved && !session.lost) event.preventDefault(); });
window.addEventListener("pagehide", function () {
  if (!session.record || session.record.saved || session.lost || simulate) return;
  online.hand_over(session.record, as_csv, file_name(session.record));
  session.keep();
});

document.title = texts.title;
document.documentElement.append(element("p", { className: "refusal", innerHTML: texts.too_small }));
fit();
online.ready(start);
