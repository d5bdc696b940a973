"use strict";
// The experiment. What you may want to change stands first: `texts`, `settings`, `keys`. Below them is how it works.
//
//   stimuli.js   var stimuli: the pictures, and what the manifest says of each
//   trials.js    var trials: the trial list of a design, or null: then one is made here from the stimuli
//
// Open index.html?participant=1 to begin at once, and index.html?participant=1&simulate=visual to watch a simulated
// participant (simulate=data-only is faster); without a design add &task=identification, or another of the three.

// ---------------------------------------------------------------- what participants read (HTML is welcome)
var texts = {
  title: "Experiment",
  participant: "Participant",
  choose: "Choose a task.",
  start: "Start",
  unknown_participant: "This participant is not in the design.",
  unnamed_participant: "A participant's name has letters, digits, - and _ only.",
  unknown_task: "There is no such task.",
  too_large: "The pictures do not fit into this window: make it larger, or take a smaller scale in experiment.js.",
  loading: "Loading …",
  failed: "The pictures could not be loaded. Is the folder complete?",
  ready: "Begin",
  go_on: "Go on",
  break_title: "Time for a break",
  break_text: function (done, all) { return "Block " + done + " of " + all + " is done. Rest your eyes, then go on."; },
  progress: "",
  end: "Thank you!",
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
      answers: { a: "left", b: "right" }
    },
    "constant": {
      name: "Comparison with a standard",
      about: "Two pictures: which is nearer to B?",
      instructions: "You will see two pictures side by side. Decide which of the two is nearer to B.",
      question: "Which is nearer to B?",
      answers: { a: "left", b: "right" }
    },
    "abx": {
      name: "ABX",
      about: "Is the picture above the left or the right one?",
      instructions: "You will see one picture above and two below. Decide which of the two below is the same as the one above.",
      question: "Which is the same as the picture above?",
      answers: { a: "left", b: "right" }
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
      answers: { a: "left", b: "middle", c: "right" }
    },
    "triplets": {
      name: "Least alike",
      about: "Which of three pictures is least like the other two?",
      instructions: "You will see three pictures. Decide which of them is least like the other two. There is no wrong answer.",
      question: "Which is least like the other two?",
      answers: { a: "left", b: "middle", c: "right" }
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
      answers: { ab: "left and middle", bc: "middle and right" }
    },
    "adjustment": {
      name: "Adjustment",
      about: "Change one picture until it looks like another.",
      instructions: "You will see two pictures. Change the right one until it looks like the left one, then press Enter. You may hold a key down.",
      question: "Make the right one look like the left one.",
      less: "back",
      more: "on",
      done: "Done (Enter)"
    }
  }
};

// ---------------------------------------------------------------- how it is shown
var settings = {
  scale: stimuli.scale, // CSS pixels for each pixel of a picture; rounded so that each takes whole pixels of the screen
  smooth: false, // true: let the browser interpolate between pixels
  fixation_ms: 500,
  stimulus_ms: null, // null: pictures stay until the answer
  answer_ms: null, // null: no time limit; else a missing answer is an empty cell
  first_ms: 800, // same-different: the first picture …
  gap_ms: 400, // … the empty screen, then the second picture until the answer
  fullscreen: true,
  repetitions: 4, // without a design: how often each picture, or pair, or target comes
  targets: 5, // without a design: how many pictures are adjusted to
  blocks: 2 // without a design
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

// Where the results go: to JATOS where the page runs there (see index.html), else to the downloads folder. For another
// server let it return a promise that is true once the results are there; if that fails they are downloaded after all.
function send(csv, name) {
  if (!window.jatos) return Promise.resolve(false);
  return new Promise(function (done, failed) {
    window.jatos.submitResultData(csv, function () { done(true); window.jatos.startNextComponent(); }, failed);
  });
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
var jsPsych, results = [], unsaved = false;

// ---------------------------------------------------------------- texts and pictures as HTML
function escaped(text) {
  var marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, function (mark) { return marks[mark]; });
}

function size() {
  var ratio = window.devicePixelRatio || 1;
  var each = settings.scale * ratio;
  if (!settings.smooth && each >= 1) each = Math.round(each);
  return { each: each, width: (stimuli.width * each) / ratio, height: (stimuli.height * each) / ratio };
}

// decoding=sync: the picture is there with the rest of the page, not a frame later.
function picture(stim_id) {
  var shown = size();
  return '<img alt="" decoding="sync" draggable="false" src="' + escaped(pictures.get(stim_id).stimulus) +
    '" style="width:' + shown.width + "px;height:" + shown.height + 'px">';
}

function figure(stim_id, caption) {
  return "<figure>" + picture(stim_id) + (caption === undefined ? "" : "<figcaption>" + caption + "</figcaption>") + "</figure>";
}

var KEY_NAMES = { arrowup: "↑", arrowdown: "↓", arrowleft: "←", arrowright: "→", " ": "Space", enter: "Enter" };

function key_hint(key, text) {
  var name = KEY_NAMES[key] || key.toUpperCase();
  return '<button type="button" tabindex="-1" class="key" data-key="' + escaped(key) + '"><kbd>' + escaped(name) + "</kbd>" + text + "</button>";
}

function answer_hint(look, answer) {
  var key = Object.keys(keys[look]).find(function (one) { return keys[look][one] === answer; });
  return key_hint(key, texts.tasks[look].answers[answer]);
}

function hints(look) {
  return '<div class="keys">' + Object.keys(texts.tasks[look].answers).map(answer_hint.bind(null, look)).join("") + "</div>";
}

function question(look) {
  return '<p class="question">' + texts.tasks[look].question + "</p>";
}

function in_row(row, look, places) {
  return '<div class="row">' + places.map(function (place) {
    return figure(row["stim_" + place], answer_hint(look, place));
  }).join("") + "</div>";
}

function pair(row, look, places) {
  return '<div class="pair">' + picture(row["stim_" + places[0]]) + picture(row["stim_" + places[1]]) + answer_hint(look, places) + "</div>";
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
var COLUMNS = { "2afc": 2, "constant": 2, "abx": 2, "oddity": 3, "triplets": 3, "mlds": 2, "mlds-triads": 3, "adjustment": 2 };
var ROWS = { "abx": 2, "mlds": 2 };

function fits(look) {
  var shown = size();
  var wide = (COLUMNS[look] || 1) * (shown.width + 40), high = (ROWS[look] || 1) * (shown.height + 40) + 150;
  return wide <= window.screen.availWidth && high <= window.screen.availHeight;
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
  results.push(Object.assign({}, row, {
    response: answer,
    rt: data.rt === null ? null : data.rt / 1000,
    correct_response: known ? Number(answer === row.correct) : null,
    response_stim: "",
    key: ""
  }, more, { started: inert(started), device_pixels: size().each }, simulate ? { simulated: 1 } : {}));
  jsPsych.progressBar.progress = results.length / total;
}

var started, total;

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
      stim_function: function (p) {
        return question(look) + '<div class="row">' + figure(row.stim_a) + figure(nearest(p).stim_id) + '</div><div class="keys">' +
          key_hint(keys[look].less, text.less) + key_hint(keys[look].more, text.more) + "</div>";
      },
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
  var text = texts.tasks[look], html = "<p>" + text.instructions + "</p>";
  if (["identification", "2afc", "constant"].includes(look)) {
    html += '<div class="row">' + figure(line[0].stim_id, texts.example_a) + figure(line[line.length - 1].stim_id, texts.example_b) + "</div>";
  }
  html += look === "adjustment"
    ? '<p class="quiet">' + texts.press + " " + key_hint(keys[look].less, text.less) + key_hint(keys[look].more, text.more) + "</p>"
    : '<p class="quiet">' + texts.press + " " + Object.keys(text.answers).map(answer_hint.bind(null, look)).join("") + "</p>";
  return Object.assign(page(text.name, html, texts.ready), {
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
  var blocks = new Set(rows.map(function (row) { return row.block; })).size, done = 0;
  var timeline = [preload, instructions(look_of(rows[0]))];
  rows.forEach(function (row, at) {
    if (at && row.block !== rows[at - 1].block) {
      timeline.push(page(texts.break_title, "<p>" + texts.break_text(++done, blocks) + "</p>", texts.go_on));
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
  var plain = text === "" || (/^([A-Za-z]{1,2}[0-9]*|[A-Za-z_-]{3,})$/.test(text) && !VALUES.includes(text.toLowerCase()));
  return plain ? text : "'" + text;
}

function cell(value) {
  var text = value === null || value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function as_csv(rows) {
  var columns = rows.length ? Object.keys(rows[0]) : LEADING;
  return [columns].concat(rows.map(function (row) { return columns.map(function (name) { return row[name]; }); }))
    .map(function (cells) { return cells.map(cell).join(","); }).join("\n") + "\n";
}

// ---------------------------------------------------------------- start, run, end
function element(kind, properties, children) {
  var made = Object.assign(document.createElement(kind), properties);
  (children || []).forEach(function (child) { made.append(child); });
  return made;
}

function end(participant, task) {
  var clean = function (text) { return String(text).replace(/[^\w-]+/g, "_").slice(0, 60); };
  var name = [simulate ? "simulated" : "results", clean(stimuli.name), clean(task), clean(participant),
    started.replace(/[-:]|\..*/g, "")].join("_") + ".csv";
  var csv = as_csv(results);
  if (document.fullscreenElement) document.exitFullscreen();
  send(csv, name).catch(function () { return false; }).then(function (sent) {
    if (!sent) download(csv, name);
    unsaved = false;
    var parts = [element("h1", { innerHTML: texts.end }), element("p", { innerHTML: sent ? texts.sent : texts.saved })];
    if (!sent) {
      parts.push(element("p", { textContent: name, className: "quiet" }));
      parts.push(element("button", { className: "choice", innerHTML: texts.save_again, onclick: function () { download(csv, name); } }));
    }
    document.querySelector(".jspsych-content").replaceChildren(element("div", { className: "page", id: "end" }, parts));
  });
}

// Begin; returns a message where there is nothing to begin with.
function run(task, participant) {
  if (trials && !rows_of(participant).length) return texts.unknown_participant;
  if (!trials && !/^[A-Za-z0-9_-]{1,63}$/.test(participant)) return texts.unnamed_participant;
  if (!trials && !(task in small_designs)) return texts.unknown_task;
  var style = document.documentElement.style, shown = size();
  style.setProperty("--width", shown.width + "px");
  style.setProperty("--height", shown.height + "px");
  document.body.replaceChildren();
  document.body.classList.toggle("sharp", !settings.smooth);
  started = new Date().toISOString();
  jsPsych = initJsPsych({
    show_progress_bar: true,
    auto_update_progress_bar: false,
    message_progress_bar: texts.progress,
    on_finish: function () { end(name_of(rows[0]), look_of(rows[0])); }
  });
  var rows = trials ? rows_of(participant) : small_design(task, participant);
  total = rows.length;
  unsaved = !simulate;
  var timeline = timeline_of(rows);
  if (simulate) jsPsych.simulate(timeline, simulate === "visual" ? "visual" : "data-only");
  else jsPsych.run(timeline);
  return "";
}

function start_page(message) {
  var warning = element("p", { className: "warning", textContent: message });
  var given = address.get("participant") || "";
  var names = trials ? participants() : [];
  var field = trials
    ? element("select", { id: "participant" }, names.map(function (name) { return element("option", { value: name, textContent: name }); }))
    : element("input", { id: "participant", type: "text", value: given || "p01", autocomplete: "off", spellcheck: false });
  var begin = function (task) { warning.textContent = run(task, field.value.trim()); };
  var offered = trials ? [look_of(design_rows()[0])] : Object.keys(small_designs);
  if (line.length < 2) offered = offered.slice(0, 1);
  var buttons = offered.map(function (look) {
    var text = texts.tasks[look];
    return element("button", { type: "button", className: "choice", id: "task-" + look, onclick: begin.bind(null, look) }, [
      element("span", { innerHTML: trials ? texts.start : text.name }),
      element("small", { innerHTML: trials ? text.name + " — " + text.about : text.about })
    ]);
  });
  if (!warning.textContent && !offered.every(fits)) warning.textContent = texts.too_large;
  var form = element("form", { className: "page", id: "start", onsubmit: function (event) {
    event.preventDefault();
    if (trials) begin(offered[0]);
  } }, [
    element("h1", { innerHTML: texts.title }),
    warning,
    element("label", { htmlFor: "participant", innerHTML: texts.participant }),
    field,
    element("p", { className: "quiet", innerHTML: trials ? "" : texts.choose })
  ].concat(buttons));
  document.body.replaceChildren(element("div", { className: "centre" }, [form]));
}

// A hint that is clicked or touched is its key pressed; Enter ends an adjustment.
document.addEventListener("click", function (event) {
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
// Closing the window before the end would lose the answers: the browser asks first.
window.addEventListener("beforeunload", function (event) { if (unsaved) event.preventDefault(); });

document.title = texts.title;
if (address.has("participant") && (trials || address.has("task"))) {
  var refused = run(address.get("task"), address.get("participant"));
  if (refused) start_page(refused);
} else {
  start_page("");
}
