"use strict";
// A jsPsych plugin that shows one screen after the other, each from one frame of the display to another: what is timed
// changes in requestAnimationFrame, and frames are counted, not assumed.
//
//   screens     [{ name, html, hides, ms, answers }]: `html` is shown, or of the pictures that are there "pictures" are
//               hidden or "masks" take their place, for `ms` (null: until the answer); from the first with `answers` on
//               the keys are open, and time counts
//   choices     keys that answer
//   timeout_ms  the longest wait for an answer from where the keys are open; null: none
//
// Its data: response (a key, or null), rt (ms from the frame of the first screen that could be answered), and `screens`:
// [{ name, ms, frames }] as measured, of each that was shown.
var frames = (function () {
  var gaps = [], last = null, COUNTED = 60;

  function seen(now) {
    if (last !== null && now > last) gaps.push(now - last);
    if (gaps.length > COUNTED) gaps.shift();
    last = now;
  }

  // The display's period in ms as the last frames have it: their lower quartile, which dropped frames do not change.
  function period() {
    if (gaps.length < 3) return 1000 / 60;
    var sorted = gaps.slice().sort(function (a, b) { return a - b; });
    return sorted[Math.floor(sorted.length / 4)];
  }

  return { seen: seen, period: period, rest: function () { last = null; } };
})();

var ScreensPlugin = (function (module) {
  var kinds = module.ParameterType;

  function Screens(jsPsych) {
    this.jsPsych = jsPsych;
  }

  Screens.info = {
    name: "gaia-screens",
    version: "1.0.0",
    parameters: {
      screens: { type: kinds.COMPLEX, default: [] },
      choices: { type: kinds.KEYS, default: "NO_KEYS" },
      timeout_ms: { type: kinds.INT, default: null }
    },
    data: { response: { type: kinds.STRING }, rt: { type: kinds.FLOAT }, screens: { type: kinds.COMPLEX } }
  };

  Screens.prototype.trial = function (display, trial) {
    var jsPsych = this.jsPsych, at = -1, began = 0, count = 0, opened = null, answer = null, measured = [];

    function open(now) {
      opened = now;
      jsPsych.pluginAPI.getKeyboardResponse({
        callback_function: function (info) { answer = { key: info.key, rt: performance.now() - opened }; },
        valid_responses: trial.choices, rt_method: "performance", persist: false, allow_held_key: false
      });
    }

    function leave(now) {
      if (at >= 0) measured.push({ name: trial.screens[at].name, ms: now - began, frames: count });
    }

    function show(now) {
      leave(now);
      var screen = trial.screens[++at];
      if (!screen) return finish(now);
      if (screen.html !== undefined) display.innerHTML = screen.html;
      if (screen.hides) display.querySelectorAll("img[data-mask]").forEach(function (image) {
        if (screen.hides === "masks") image.src = image.dataset.mask;
        else image.style.visibility = "hidden";
      });
      began = now;
      count = 0;
      if (screen.answers && opened === null) open(now);
      return true;
    }

    function finish() {
      jsPsych.pluginAPI.cancelAllKeyboardResponses();
      jsPsych.finishTrial({ response: answer && answer.key, rt: answer && answer.rt, screens: measured });
      return false;
    }

    function is_over(now) {
      if (answer) return true;
      return opened !== null && trial.timeout_ms !== null && now - opened >= trial.timeout_ms - frames.period() / 2;
    }

    function tick(now) {
      frames.seen(now);
      if (!display.isConnected) return; // the page shows something else, as when the session goes on in another window
      count++;
      if (is_over(now)) {
        leave(now);
        return finish();
      }
      var screen = trial.screens[at];
      var is_due = at < 0 || (screen.ms !== null && now - began >= screen.ms - frames.period() / 2);
      if (is_due && !show(now)) return;
      requestAnimationFrame(tick);
    }

    frames.rest();
    requestAnimationFrame(tick);
  };

  // As jsPsych's own plugins are simulated: a key after a time that is drawn.
  Screens.prototype.simulate = function (trial, mode, options, loaded) {
    var before = 0, api = this.jsPsych.pluginAPI;
    trial.screens.some(function (screen) { if (!screen.answers) before += screen.ms; return screen.answers; });
    var is_asked = trial.choices !== "NO_KEYS";
    var given = Object.assign({
      rt: is_asked ? this.jsPsych.randomization.sampleExGaussian(500, 50, 1 / 150, true) : null,
      response: is_asked ? api.getValidKey(trial.choices) : null,
      screens: trial.screens.map(function (screen) { return { name: screen.name, ms: screen.ms, frames: null }; })
    }, options && options.data);
    if (mode === "data-only") {
      loaded();
      return this.jsPsych.finishTrial(given);
    }
    this.trial(this.jsPsych.getDisplayElement(), trial);
    loaded();
    if (is_asked) api.pressKey(given.response, before + 100 + given.rt);
  };

  return Screens;
})(jsPsychModule);
