"use strict";
// Chains of choices (design gsp, design mcmcp): the design's server says what a trial shows, and keeps its answer.
//
// An answer stays in the browser with its row (`pending` of the session's record) until the server has said that it has
// it; after a reload it is sent once more, which changes nothing there. While the server is away it is asked again and
// again, and the participant reads so. What it refuses (a token, a chain that is another's) is said in its own words.
var chain = (function () {
  var WAITS = [250, 500, 1000, 2000, 4000]; // before a further attempt, in ms; the last of them again and again
  var PATIENCE = 30000, QUIETLY = 400; // ms until a request is given up; until it is said that something is loading
  var design = typeof trials !== "undefined" && trials && trials.procedure && trials.procedure.chains ? trials.procedure : null;
  var told = null, urls = [], places = [], images = [];

  // What the server answers; what it refuses is an error that is `final`.
  function ask(path, what) {
    var more = { headers: { Authorization: "Bearer " + token() }, cache: "no-store" };
    if (AbortSignal.timeout) more.signal = AbortSignal.timeout(PATIENCE);
    if (what) Object.assign(more, { method: "POST", body: JSON.stringify(what) });
    if (what) more.headers["Content-Type"] = "application/json";
    return fetch(design.server + "/v1/chain/" + path, more).then(function (answer) {
      if (answer.ok) return answer;
      return answer.json().catch(function () { return {}; }).then(function (said) {
        var problem = new Error(said.error || "HTTP " + answer.status);
        problem.final = answer.status >= 400 && answer.status < 500 && ![408, 425, 429].includes(answer.status);
        throw problem;
      });
    });
  }

  function token() {
    return (address.get("token") || "").trim();
  }

  function until(attempt, is_away, tries) {
    return attempt().catch(function (problem) {
      if (problem.final) throw problem;
      is_away();
      return new Promise(function (done) { setTimeout(done, WAITS[Math.min(tries, WAITS.length - 1)]); })
        .then(function () { return until(attempt, is_away, tries + 1); });
    });
  }

  function json(path, what) {
    return ask(path, what).then(function (answer) { return answer.json(); });
  }

  // The answer that the server may not have yet, if there is one.
  function send() {
    var one = session.record.pending;
    if (!one) return Promise.resolve();
    return ask(one.chain + "/trials/" + one.trial, { answer: one.answer, rt: one.rt }).then(function () {
      session.record.pending = null;
      session.keep();
    });
  }

  // A picture of the trial, decoded: what is shown later is there at once.
  function picture_at(at) {
    return ask(told.chain + "/picture?trial=" + told.trial + "&at=" + at).then(function (answer) { return answer.blob(); })
      .then(function (blob) {
        var image = new Image();
        image.src = URL.createObjectURL(blob);
        urls.push(image.src);
        return image.decode().then(function () { return image; });
      });
  }

  // Of a slider its places, from one end to the other; of a choice the first and the second.
  function places_of(trial) {
    if (trial.kind === "mcmcp") return [0, 1];
    return Array.from({ length: design.places }, function (_, at) {
      return trial.low + ((trial.high - trial.low) * at) / (design.places - 1);
    });
  }

  // What a row shows, by what the server says of its chain; nothing where that has all its answers.
  function load(row, is_away) {
    urls.splice(0).forEach(function (url) { URL.revokeObjectURL(url); });
    told = null;
    return until(send, is_away, 0).then(function () {
      if (!row) return null;
      return until(function () { return json(String(row.chain)); }, is_away, 0).then(function (next) {
        if (next.done) return null;
        told = next;
        places = places_of(told);
        return Promise.all(places.map(function (at) {
          return until(function () { return picture_at(at); }, is_away, 0);
        })).then(function (loaded) {
          images = loaded;
          fill(row);
        });
      });
    });
  }

  function fill(row) {
    var name = "chain_" + told.chain + "_trial_" + told.trial;
    row.chain_trial = told.trial;
    row.dimension = told.dimension === undefined ? "" : inert(told.dimension);
    row.answer = null;
    (told.kind === "mcmcp" ? ["a", "b"] : ["a"]).forEach(function (place, at) {
      row["stim_" + place] = told.kind === "mcmcp" ? name + "_" + place : name;
      pictures.set(row["stim_" + place], { stim_id: row["stim_" + place], stimulus: images[at].src, mask: "" });
    });
  }

  // Before the row of an answer is kept, so that both are or neither.
  function take(row, answer, rt) {
    if (answer === "") return;
    row.answer = told.kind === "mcmcp" ? ["a", "b"].indexOf(answer) : answer;
    session.record.pending = { chain: told.chain, trial: told.trial, answer: row.answer, rt: rt === null ? null : rt / 1000 };
  }

  // The number of the place that is nearest to where the server lets the slider begin.
  function beginning_at() {
    var off = places.map(function (at) { return Math.abs(at - told.begin); });
    return off.indexOf(Math.min.apply(null, off));
  }

  return {
    is_on: Boolean(design), design: design, token: token, load: load, take: take, beginning_at: beginning_at,
    has: function () { return told !== null; },
    place: function (number) { return places[number]; },
    image: function (number) { return images[number]; },
    QUIETLY: QUIETLY
  };
})();

// Waits until the server has the answer before, and the pictures of a row are there.
var ChainLoadPlugin = (function (module) {
  function Load(jsPsych) { this.jsPsych = jsPsych; }
  Load.info = { name: "gaia-chain", version: "1.0.0", parameters: { row: { type: module.ParameterType.COMPLEX, default: null } }, data: {} };
  Load.prototype.trial = function (display, trial) {
    var jsPsych = this.jsPsych, is_over = false, is_said = false;
    var say = function (text) { if (!is_over) display.innerHTML = '<p class="waiting" role="status">' + text + "</p>"; };
    display.innerHTML = "";
    var slow = setTimeout(function () { if (!is_said) say(texts.loading); }, chain.QUIETLY);
    chain.load(trial.row, function () {
      is_said = true;
      say(texts.no_server);
    }).then(function () {
      is_over = true;
      clearTimeout(slow);
      jsPsych.finishTrial({});
    }, function (problem) {
      is_over = true;
      clearTimeout(slow);
      server_refused(problem);
    });
  };
  return Load;
})(jsPsychModule);

// A picture that changes with a slider; its data: response (the slider's number, null where no answer came in time), rt.
var ChainSliderPlugin = (function (module) {
  var kinds = module.ParameterType;
  function Slider(jsPsych) { this.jsPsych = jsPsych; }
  Slider.info = {
    name: "gaia-chain-slider", version: "1.0.0",
    parameters: { html: { type: kinds.HTML_STRING }, timeout_ms: { type: kinds.INT, default: null } },
    data: { response: { type: kinds.INT }, rt: { type: kinds.FLOAT } }
  };
  Slider.prototype.trial = function (display, trial) {
    var jsPsych = this.jsPsych, began = null, is_over = false;
    display.innerHTML = trial.html;
    var input = display.querySelector("input[type=range]"), held = display.querySelector(".held");
    function show() {
      var image = chain.image(Number(input.value));
      image.className = "picture";
      image.alt = "";
      image.draggable = false;
      held.replaceChildren(image);
    }
    function finish(is_late) {
      if (is_over || began === null) return;
      is_over = true;
      document.removeEventListener("keydown", on_key);
      jsPsych.finishTrial({ response: is_late ? null : Number(input.value), rt: is_late ? null : performance.now() - began });
    }
    function on_key(event) {
      if (event.key === "Enter" && !event.repeat) {
        event.preventDefault();
        return finish(false);
      }
      if (document.activeElement !== input) input.focus(); // the arrow keys are the slider's, wherever somebody clicked
    }
    input.max = chain.design.places - 1;
    input.value = chain.beginning_at();
    input.addEventListener("input", show);
    display.querySelector("#chain-done").addEventListener("click", function () { finish(false); });
    document.addEventListener("keydown", on_key);
    show();
    input.focus();
    requestAnimationFrame(function (now) { began = now; });
    if (trial.timeout_ms !== null) jsPsych.pluginAPI.setTimeout(function () { finish(true); }, trial.timeout_ms);
  };
  return Slider;
})(jsPsychModule);
