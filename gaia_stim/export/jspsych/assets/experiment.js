"use strict";
// The experiment. Words stand in texts.js, sizes, times and keys in settings.js; this is how it works.
//
//   stimuli.js   var stimuli: the pictures, and what the manifest says of each
//   trials.js    var trials: the trial list of a design, or null: then one is made here from the stimuli
//   study.js     var study: which design this is, where the results go, texts and settings as they were exported
//   cells.js     how text stands in the results; trial.js: screens that change from frame to frame
//   adaptive.js  which stimulus comes next, where that depends on the answers
//   smooth.js, slider.js: a slider without steps, for adjustment
//   session.js   keeps the answers in the browser after each trial; online.js: participants' ids, servers
//
// Open index.html?participant=1 to begin at once, and index.html?participant=1&simulate=visual to watch a simulated
// participant (simulate=data-only is faster); without a design add &task=identification, or another of the three.

// What an edited file lacks is as it was exported: texts and settings of a later version, say.
function completed(own, whole) {
  if (typeof own !== "object" || own === null || Array.isArray(own)) return own;
  return Object.keys(own).reduce(function (all, name) {
    all[name] = name in all && typeof all[name] === "object" && all[name] !== null ? completed(own[name], all[name]) : own[name];
    return all;
  }, Object.assign({}, whole));
}

var unknown_settings = Object.keys(settings).filter(function (name) { return !(name in study.settings); });
settings = completed(settings, study.settings);
texts = completed(texts, study.texts);

// {done} and the like in a text.
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, function (mark, name) { return name in values ? values[name] : mark; });
}

// The keys of a look as jsPsych calls them, and what each answers.
var JSPSYCH_KEYS = { up: "arrowup", down: "arrowdown", left: "arrowleft", right: "arrowright", space: " ", return: "enter" };
var keys = Object.fromEntries(Object.entries(settings.keys).map(function (entry) {
  return [entry[0], Object.fromEntries(Object.entries(entry[1]).map(function (pair) {
    return [JSPSYCH_KEYS[pair[1]] || pair[1].toLowerCase(), pair[0]];
  }))];
}));

function key_for(look, answer) {
  return Object.keys(keys[look]).find(function (key) { return keys[look][key] === answer; });
}

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
  var one = pictures.get(stim_id);
  return '<img class="picture" alt="" decoding="sync" draggable="false" data-mask="' + escaped(one.mask || "") + '" src="' + escaped(one.stimulus) + '">';
}

function figure(stim_id, caption) {
  return "<figure>" + picture(stim_id) + (caption === undefined ? "" : "<figcaption>" + caption + "</figcaption>") + "</figure>";
}

var KEY_NAMES = { arrowup: "↑", arrowdown: "↓", arrowleft: "←", arrowright: "→", " ": texts.space, enter: texts.enter };

function key_hint(key, text) {
  var name = KEY_NAMES[key] || key.toUpperCase();
  return '<button type="button" tabindex="-1" class="key" data-key="' + escaped(key) + '"><kbd>' + escaped(name) + "</kbd><span>" + text + "</span></button>";
}

function answer_hint(look, answer) {
  var text = texts.tasks[look], stacked = text.stacked || {};
  return key_hint(key_for(look, answer), beside_or_stacked(text.answers[answer], (stacked.answers || {})[answer]));
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

// The ends of the line, small, where --show-ends asks for them and the task speaks of them.
var OF_ENDS = ["identification", "2afc", "constant"];

function ends(look) {
  if (!settings.show_ends || !OF_ENDS.includes(look) || line.length < 2) return "";
  // A single picture stays where the fixation was.
  return '<div class="ends' + (look === "identification" ? " over" : "") + '">' + end_figures() + "</div>";
}

function end_figures() {
  return [[line[0], texts.end_a], [line[line.length - 1], texts.end_b]].map(function (end) {
    return figure(end[0].stim_id, end[1]).replace("data-mask=", "data-end=");
  }).join("");
}

// What a trial shows; `look` is the task, or mlds-triads.
var layouts = {
  "identification": function (row, look) { return ends(look) + picture(row.stim_a) + hints(look); },
  "same-different": function (row, look) { return picture(row.stim_b) + hints(look); },
  "2afc": function (row, look) { return ends(look) + question(look) + in_row(row, look, ["a", "b"]); },
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
layouts.mcmcp = layouts["2afc"];
layouts.gsp = function (row, look) {
  var text = texts.tasks[look];
  return question(look) + '<div class="held">' + picture(row.stim_a) + '</div><div class="slider"><span>' + text.less +
    '</span><input type="range" min="0" step="1" aria-label="' + escaped(text.name) + '"><span>' + text.more +
    '</span></div><button type="button" id="chain-done" class="jspsych-btn">' + text.done + "</button>";
};

// ---------------------------------------------------------------- the size of the pictures
// The largest at which everything of a trial is inside the window, up to `scale`: whole pixels of the screen for each
// pixel of a picture, or less than one where even that is too large. A trial is laid out, unseen, to find it.
var shown = { each: 1, stacked: false }, wanted = 1, shown_look, shown_row;
var STACKS = ["2afc", "constant", "abx", "oddity", "triplets", "mlds-triads", "adjustment", "mcmcp"];
var WORTH_STACKING = 1.2; // times as large as side by side

function sizes() {
  var ratio = window.devicePixelRatio || 1, most = measured ? sized_by_degrees() : stimuli.scale * ratio, found = [];
  if (measured || settings.resample !== "nearest" || most < 1) found.push(most);
  else for (var whole = Math.max(1, Math.round(most)); whole >= 1; whole--) found.push(whole);
  while (found[found.length - 1] > 0.02) found.push(found[found.length - 1] * 0.96);
  return found;
}

// With a calibration: { device_pixels_a_mm, distance_cm }, and so screen pixels for each pixel of a picture.
var measured = null;

function sized_by_degrees() {
  var mm = 20 * measured.distance_cm * Math.tan((settings.degrees * Math.PI) / 360);
  return (mm * measured.device_pixels_a_mm) / Math.max(stimuli.width, stimuli.height);
}

// How large the larger side is on the screen, in degrees.
function degrees_shown() {
  var mm = (shown.each * Math.max(stimuli.width, stimuli.height)) / measured.device_pixels_a_mm;
  return (360 / Math.PI) * Math.atan(mm / (20 * measured.distance_cm));
}

function set_size(style, each) {
  var ratio = window.devicePixelRatio || 1;
  style.setProperty("--width", (stimuli.width * each) / ratio + "px");
  style.setProperty("--height", (stimuli.height * each) / ratio + "px");
}

// What of a trial takes room, with nothing in the place of pictures.
function trial_html(look, row) {
  var html = look === "adjustment" ? adjustment_html(row, look, picture(row.stim_b)) + done_button(look)
    : layouts[look](row, look);
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
  root.classList.toggle("sharp", settings.resample === "nearest" && shown.each >= 1);
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

// A place on the line that somebody went beyond: round the wheel, if it is one.
function around(at) {
  return stimuli.wheel ? (at + 2 * line.length) % line.length : at;
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
      var target = stimuli.wheel ? Math.floor((at * line.length) / count) : Math.round((at * (line.length - 1)) / Math.max(1, count - 1));
      var quarter = Math.max(1, Math.round(line.length / 4)), begins = stimuli.wheel ? [target - quarter, target + quarter] : [0, -1];
      var start = line.at(around(jsPsych.randomization.sampleWithoutReplacement(begins, 1)[0]));
      target = line[target];
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
      if (stimuli.wheel && task === "adjustment") row.wheel = 1;
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
  is_late = answer === "";
  if (chain.is_on) chain.take(row, answer, data.rt);
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
  }, timing(data), where_shown(), who.columns, simulate ? { simulated: 1 } : {});
  if (!session.add(result)) return;
  if (choosing) choosing.answered(result);
  online.appended(results.length === 1 ? as_csv(results) : csv_line(Object.keys(results[0]).map(function (name) { return result[name]; })));
  jsPsych.progressBar.progress = results.length / total;
}

var started, total = 0;

function adjustment_html(row, look, adjusted) {
  var text = texts.tasks[look];
  return question(look) + '<div class="row">' + figure(row.stim_a) + "<figure>" + adjusted + '</figure></div><div class="keys">' +
    key_hint(key_for(look, "less"), text.less) + key_hint(key_for(look, "more"), text.more) + "</div>";
}

// As jsPsych's plugin draws it.
function done_button(look) {
  return '<button class="jspsych-btn jspsych-reconstruction">' + texts.tasks[look].done + "</button>";
}

// ---------------------------------------------------------------- screens
function drawn(range) {
  return range[0] + Math.random() * (range[1] - range[0]);
}

// After an answer that did not come in time it is said, before the fixation.
var is_late = false;

function fixation() {
  var cross = { name: "fixation", html: '<div class="fixation">' + texts.fixation + "</div>", ms: drawn(settings.fixation_ms) };
  return is_late ? [{ name: "late", html: "<p>" + texts.too_slow + "</p>", ms: settings.late_ms }, cross] : [cross];
}

// What follows a picture that goes before the answer.
function mask(answers) {
  return settings.mask === "none" ? [] : [{ name: "mask", hides: "masks", ms: settings.mask_ms, answers: answers }];
}

function screens(row, look) {
  var is_brief = settings.duration_ms !== null, shown = fixation();
  if (look === "same-different") {
    shown.push({ name: "first", html: picture(row.stim_a), ms: is_brief ? settings.duration_ms : settings.first_ms });
    shown = shown.concat(mask(false), { name: "isi", html: "", ms: settings.isi_ms });
  }
  shown.push({ name: "shown", html: layouts[look](row, look), ms: settings.duration_ms, answers: true });
  return is_brief ? shown.concat(mask(true), { name: "gone", hides: "pictures", ms: null, answers: true }) : shown;
}

function asked(row, look) {
  return {
    type: ScreensPlugin,
    screens: function () { return screens(row, look); },
    choices: Object.keys(keys[look]),
    timeout_ms: settings.timeout_ms,
    on_finish: function (data) {
      var key = data.response === null ? "" : String(data.response).toLowerCase();
      finished(row, key === "" ? "" : keys[look][key], data, { key: inert(key) });
    }
  };
}

var TURNS = 1000;

// Where on the continuum a slider stands that is between two stimuli; at one exactly there.
function place_at(step) {
  var before = Math.min(Math.floor(step + 1e-9), line.length - 2), share = step - before, ends = [line[before].place, line[before + 1].place];
  return Math.abs(share) < 1e-9 ? ends[0] : Math.abs(share - 1) < 1e-9 ? ends[1] : Math.round(((1 - share) * ends[0] + share * ends[1]) * 1e6) / 1e6;
}

function adjusted(row, look) {
  var text = texts.tasks[look], last = line.length - 1, late = false, begin = line.indexOf(pictures.get(row.stim_b));
  // jsPsych's plugin goes from 0 to 1 and no further: on a wheel that is more turns than anybody makes.
  var step = 1 / (stimuli.wheel ? 2 * TURNS * line.length : last);
  var nearest = function (p) {
    return line[stimuli.wheel ? around((begin + Math.round((p - 0.5) / step)) % line.length) : Math.round(p * last)];
  };
  var html = function (p) { return slider.is_smooth() ? slider.html(p * last) : picture(nearest(p).stim_id); };
  var chosen = function (p) { return slider.is_smooth() ? place_at(p * last) : nearest(p).place; };
  return [{ type: ScreensPlugin, screens: fixation }, {
    type: jsPsychReconstruction,
    stim_function: function (p) { return adjustment_html(row, look, html(p)); },
    starting_value: stimuli.wheel ? 0.5 : begin / last,
    step_size: slider.is_smooth() ? 1 / settings.slider_presses : step,
    simulation_options: stimuli.wheel ? { data: { final_value: 0.5 + step * Math.round((Math.random() - 0.5) * line.length) } } : {},
    key_decrease: key_for(look, "less"),
    key_increase: key_for(look, "more"),
    button_label: text.done,
    on_load: function () {
      if (settings.timeout_ms === null) return;
      jsPsych.pluginAPI.setTimeout(function () {
        late = true;
        document.getElementById("jspsych-reconstruction-next").click();
      }, settings.timeout_ms);
    },
    on_finish: function (data) {
      var p = data.final_value, slid = slider.is_smooth() ? "smooth" : "steps";
      finished(row, late ? "" : chosen(p), late ? { rt: null } : data, { response_stim: late ? "" : nearest(p).stim_id, slider: slid });
    }
  }];
}

// A trial of a chain: its slider, or its two pictures, once the server has told of it; nothing where the chain is over.
function of_chain(row, look) {
  var parts = look === "mcmcp" ? [asked(row, look)] : [{ type: ScreensPlugin, screens: fixation }, {
    type: ChainSliderPlugin,
    html: function () { return layouts[look](row, look); },
    timeout_ms: settings.timeout_ms,
    on_finish: function (data) {
      finished(row, data.response === null ? "" : chain.place(data.response), data, { response_stim: data.response === null ? "" : row.stim_a });
    }
  }];
  return [{ type: ChainLoadPlugin, row: row }, { timeline: parts, conditional_function: chain.has }];
}

// What the server does not take, in its own words; what is kept here is sent when the page is opened again.
function server_refused(problem) {
  unsaved = false;
  if (document.fullscreenElement) document.exitFullscreen();
  show_page("refused-by-server", texts.title, [paragraph(texts.server_says), element("p", { textContent: problem.message, className: "warning" })]);
}

// As measured: the pictures that are asked about, the first of same-different, the fixation; and the display's period.
function timing(data) {
  var whole = function (value) { return value === undefined || value === null ? null : Math.round(value * 10) / 10; };
  var of = function (name) { return (data.screens || []).find(function (one) { return one.name === name; }) || {}; };
  return {
    shown_ms: whole(of("shown").ms), shown_frames: whole(of("shown").frames), first_ms: whole(of("first").ms),
    fixation_ms: whole(of("fixation").ms), frame_ms: Math.round(frames.period() * 100) / 100
  };
}

// The window and the browser, and with a calibration how large the pictures were.
function where_shown() {
  return Object.assign({
    fullscreen_exits: exits, window_px: inert(window_size().width + " x " + window_size().height),
    screen_px: inert(window.screen.width + " x " + window.screen.height), pixel_ratio: window.devicePixelRatio || 1,
    browser: inert(navigator.userAgent), exported_by: inert("gaia-stim " + study.version)
  }, measured ? {
    degrees: Math.round(degrees_shown() * 1000) / 1000, distance_cm: measured.distance_cm,
    pixels_a_cm: Math.round((measured.device_pixels_a_mm * 10000) / (window.devicePixelRatio || 1)) / 1000
  } : {});
}

function page(title, html, button) {
  return {
    type: jsPsychHtmlKeyboardResponse,
    stimulus: '<div class="page"><h1>' + title + "</h1>" + html + '<div class="keys">' + key_hint(" ", button) + "</div></div>",
    choices: [" ", "Enter"]
  };
}

function instructions(look, rows) {
  var text = texts.tasks[look], html = "<p>" + worded(look, "instructions") + "</p>";
  if (results.length) {
    html = '<p class="warning">' + filled(texts.resumed, { next: results.length + 1, all: total }) + (can_start_again() ? again_button() : "") + "</p>" + html;
  }
  if (is_small()) html += '<p class="warning">' + texts.small + "</p>";
  if (OF_ENDS.includes(look)) html += '<div class="row">' + end_figures() + "</div>";
  html += text.less
    ? '<p class="quiet">' + texts.press + " " + key_hint(key_for(look, "less"), text.less) + key_hint(key_for(look, "more"), text.more) + "</p>"
    : '<p class="quiet">' + texts.press + " " + Object.keys(text.answers).map(answer_hint.bind(null, look)).join("") + "</p>";
  if (rows[results.length].phase === "practice") html += "<p>" + texts.practice + "</p>";
  return Object.assign(page(text.name, html, texts.ready), {
    on_load: function () { jsPsych.progressBar.progress = results.length / total; },
    on_finish: to_fullscreen
  });
}

// ---------------------------------------------------------------- full screen
var exits = 0, is_left = false;

function to_fullscreen() {
  is_left = false;
  if (settings.fullscreen && !simulate && document.documentElement.requestFullscreen) {
    document.documentElement.requestFullscreen().catch(function () { /* it goes on in the window */ });
  }
}

document.addEventListener("fullscreenchange", function () {
  if (document.fullscreenElement || !jsPsych || results.length === total) return;
  exits += 1;
  is_left = true;
});

// Before the next trial, where somebody left it.
function back_to_fullscreen() {
  return {
    timeline: [Object.assign(page(texts.title, "<p>" + texts.fullscreen + "</p>", texts.fullscreen_back), { on_finish: to_fullscreen })],
    conditional_function: function () { return is_left; }
  };
}

// ---------------------------------------------------------------- before the first trial
function consent() {
  var paragraphs = texts.consent.split(/\n\s*\n/).map(function (one) { return "<p>" + one + "</p>"; }).join("");
  return {
    type: jsPsychHtmlButtonResponse,
    stimulus: '<div class="page"><h1>' + texts.consent_title + "</h1>" + paragraphs + "</div>",
    choices: [texts.agree, texts.disagree],
    on_finish: function (data) {
      if (data.response === 0 || simulate) return (session.record.agreed = new Date().toISOString());
      jsPsych.pluginAPI.cancelAllKeyboardResponses();
      session.lost = true;
      show_page("declined", texts.title, [paragraph(texts.declined)]);
    }
  };
}

// How large a pixel and how far the eye is: by a card and the blind spot (Li, Joo, Yeatman & Reinecke 2020).
function calibration() {
  return {
    type: jsPsychVirtualChinrest,
    adjustment_prompt: '<h1>' + texts.calibrate_title + "</h1><p>" + texts.calibrate_card + "</p>",
    adjustment_button_prompt: texts.calibrate_card_done,
    blindspot_prompt: "<p>" + texts.calibrate_eye + "</p><p>" + key_hint(" ", "") + "</p>",
    blindspot_measurements_prompt: texts.calibrate_times,
    viewing_distance_report: "<p>" + filled(texts.calibrate_check, { distance: "<span id='distance-estimate'></span>" }).replace("</span> cm", "</span>") + "</p>",
    redo_measurement_button_label: texts.calibrate_again,
    blindspot_done_prompt: texts.calibrate_yes,
    on_finish: function (data) {
      set_measured({ device_pixels_a_mm: data.px2mm * (window.devicePixelRatio || 1), distance_cm: Math.round(data.view_dist_mm) / 10 });
      session.record.measured = measured;
      session.keep();
    }
  };
}

function set_measured(found) {
  measured = found;
  fit();
}

function beginning() {
  var parts = [];
  if (texts.consent && !session.record.agreed) parts.push(consent());
  if (settings.degrees !== null && !measured) parts.push(calibration());
  return parts;
}

// The handle of the card is a mouse's: a finger, too, moves it.
["pointerdown", "pointermove", "pointerup"].forEach(function (name) {
  document.addEventListener(name, function (event) {
    if (event.pointerType === "mouse" || !document.getElementById("page-size")) return;
    event.target.dispatchEvent(new MouseEvent(name.replace("pointer", "mouse"), { bubbles: true, clientX: event.clientX, clientY: event.clientY }));
  });
});

// ---------------------------------------------------------------- breaks
function break_page(done, all) {
  var html = "<p>" + filled(texts.break_text, { done: done, all: all }) + "</p>";
  if (!settings.break_seconds || simulate) return page(texts.break_title, html, texts.go_on);
  return {
    type: jsPsychHtmlKeyboardResponse,
    stimulus: '<div class="page"><h1>' + texts.break_title + "</h1>" + html + '<p class="quiet" id="wait"></p></div>',
    choices: "NO_KEYS",
    on_load: function () { count_down(Date.now() + 1000 * settings.break_seconds); }
  };
}

function count_down(end) {
  var wait = document.getElementById("wait"), left = Math.ceil((end - Date.now()) / 1000);
  if (!wait) return;
  if (left > 0) {
    wait.textContent = filled(texts.break_wait, { seconds: left });
    jsPsych.pluginAPI.setTimeout(function () { count_down(end); }, 200);
    return;
  }
  wait.outerHTML = '<div class="keys">' + key_hint(" ", texts.go_on) + "</div>";
  jsPsych.pluginAPI.getKeyboardResponse({
    callback_function: function () { jsPsych.finishTrial({}); },
    valid_responses: [" ", "Enter"], rt_method: "performance", persist: false, allow_held_key: false
  });
}

// Before trial number `at`: the end of the practice, or of a block, or a break after so many trials.
function between(rows, at, first) {
  var row = rows[at], before = rows[at - 1];
  if (at === first) return [];
  if (before.phase === "practice" && row.phase !== "practice") return [page(texts.tasks[look_of(row)].name, "<p>" + texts.practice_done + "</p>", texts.ready)];
  var real = rows.filter(function (one) { return one.phase !== "practice"; }), number = real.indexOf(row);
  var every = settings.break_every, blocks = Array.from(new Set(real.map(function (one) { return one.block; })));
  if (every !== null) {
    return number > 0 && number % every === 0 ? [break_page(number / every, Math.ceil(real.length / every))] : [];
  }
  return row.block !== before.block ? [break_page(blocks.indexOf(row.block), blocks.length)] : [];
}

// Where the next stimulus depends on the answers (adaptive.js): filled in as its trial begins, which there may be none of.
var choosing = null;

function chosen_for(row) {
  if (choosing.is_over()) return false;
  choosing.choose(row);
  return true;
}

function timeline_of(rows) {
  var preload = {
    type: jsPsychPreload,
    images: chain.is_on ? [] : stimuli.images.concat(stimuli.timeline_variables.map(function (one) { return one.mask; }).filter(Boolean)),
    message: "<p>" + texts.loading + "</p>",
    error_message: "<p>" + texts.failed + "</p>",
    show_detailed_errors: true
  };
  var first = results.length, timeline = [preload];
  if (first < rows.length) timeline = timeline.concat(beginning(), instructions(look_of(rows[first]), rows));
  rows.forEach(function (row, at) {
    if (at < first) return;
    var look = look_of(row);
    var parts = [].concat(between(rows, at, first), settings.fullscreen ? back_to_fullscreen() : [],
      look === "adjustment" ? adjusted(row, look) : chain.is_on ? of_chain(row, look) : asked(row, look));
    timeline = timeline.concat(choosing ? { timeline: parts, conditional_function: chosen_for.bind(null, row) } : parts);
  });
  return chain.is_on ? timeline.concat({ type: ChainLoadPlugin }) : timeline;
}

// ---------------------------------------------------------------- the results file
// The design's texts are inert already, and written as they came; what is made here is made so (cells.js).
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
  if (settings.degrees !== null && simulate) set_measured({ device_pixels_a_mm: 96 / 25.4, distance_cm: settings.distance_cm });
  if (session.record.measured) set_measured(session.record.measured);
  if (results.length) online.resumed(as_csv(results));
  if (trials && trials.procedure && !chain.is_on) choosing = new adaptive.Session(trials.procedure, results);
  if ((results.length === total && !session.record.pending) || (choosing && choosing.is_over())) return end();
  unsaved = !simulate && !session.kept;
  slider.ready.then(function () {
    var timeline = timeline_of(rows);
    if (simulate) jsPsych.simulate(timeline, simulate === "visual" ? "visual" : "data-only");
    else jsPsych.run(timeline);
  });
}

// Begin with the participant that somebody named; returns a message where there is nothing to begin with.
function run_named(task, name) {
  if (trials && !rows_of(name).length) return texts.unknown_participant;
  if (chain.is_on && simulate) return texts.not_simulated;
  if (chain.is_on && !chain.token()) return texts.no_token;
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
  if (unknown_settings.length) {
    return show_page("blocked", texts.title, [paragraph("settings.js: there is no setting " + escaped(unknown_settings.join(", ")) + ".")]);
  }
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

// A hint that is clicked or touched is its key pressed; a key ends an adjustment.
document.addEventListener("click", function (event) {
  if (event.target.closest("#start-again")) start_again();
  var hint = event.target.closest("[data-key]");
  if (hint && jsPsych) jsPsych.pluginAPI.pressKey(hint.dataset.key);
});
document.addEventListener("keydown", function (event) {
  var next = document.getElementById("jspsych-reconstruction-next");
  if (next && event.key.toLowerCase() === key_for("adjustment", "done") && !event.repeat) {
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
document.documentElement.lang = texts.language;
document.documentElement.append(element("p", { className: "refusal", innerHTML: texts.too_small }));
fit();
online.ready(start);
