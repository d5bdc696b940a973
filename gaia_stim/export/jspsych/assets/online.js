"use strict";
// Who takes part, which list of the design they get, and how the results reach a server; study.js says which.
//
//   none      the downloads folder
//   jatos     JATOS, through its jatos.js
//   datapipe  https://pipe.jspsych.org, into a project of the Open Science Framework
var online = (function () {
  var WAITS = [1000, 2000, 4000, 8000]; // before a further attempt, in ms
  var PASSING = ["OSF_UPLOAD_ERROR", "UNKNOWN_ERROR_GETTING_CONDITION"]; // of DataPipe's errors, those worth another try
  var AT_ONCE = 60000; // bytes that a browser still sends from a page that is being closed
  var COLUMNS = { PROLIFIC_PID: "prolific_pid", STUDY_ID: "study_id", SESSION_ID: "session_id", workerId: "worker_id" };
  var kind = study.online.kind;
  var waiting = Promise.resolve(); // JATOS: what is being appended

  function later(ms) {
    return new Promise(function (done) { setTimeout(done, ms); });
  }

  // Try until it works: now, and after each of the waits. An error that is `final` is not tried again.
  function again(attempt, waits) {
    return attempt().catch(function (problem) {
      if (!waits.length || (problem && problem.final)) throw problem;
      return later(waits[0]).then(function () { return again(attempt, waits.slice(1)); });
    });
  }

  // ---------------------------------------------------------------- who
  // A parameter of the address; nothing where a platform left its own placeholder in.
  function given(address, name) {
    var text = (address.get(name) || "").trim().slice(0, 100);
    return /^[{%[]/.test(text) ? "" : text;
  }

  // Letters alone: no spreadsheet takes them for a number.
  function random_id() {
    return "r" + Array.from(crypto.getRandomValues(new Uint8Array(12)), function (byte) {
      return String.fromCharCode(97 + (byte % 26));
    }).join("");
  }

  // An id for somebody of whom the address says none: the same one after a reload.
  function unnamed(forget) {
    if (kind === "jatos" && window.jatos && jatos.studyResultId) return "jatos" + jatos.studyResultId;
    var key = "gaia-stim/" + study.id + "/somebody";
    try {
      var id = (!forget && localStorage.getItem(key)) || random_id();
      localStorage.setItem(key, id);
      return id;
    } catch (refused) { return random_id(); }
  }

  // { participant, ids, is_random }, or null: then the page asks. Prolific's id, MTurk's, SONA's (`participant`).
  function person(address, forget) {
    var ids = Object.fromEntries(Object.keys(COLUMNS).map(function (name) { return [COLUMNS[name], given(address, name)]; }));
    var named = ids.prolific_pid || ids.worker_id || (kind === "none" ? "" : given(address, "participant"));
    if (!named && kind === "none") return null;
    return { participant: named || unnamed(forget), ids: ids, is_random: !named };
  }

  // ---------------------------------------------------------------- which list of the design
  // The same id always gets the same list; two ids may get the same one.
  function hashed(id, lists) {
    var hash = 2166136261;
    for (var at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 16777619) >>> 0;
    return { list: lists[hash % lists.length], list_by: "hash" };
  }

  // The list that fewest have, written down in the batch session, which JATOS changes for one run at a time.
  function from_jatos(id, lists) {
    var field = "lists_" + study.id.slice(-12);
    return again(function () {
      var taken = jatos.batchSession.get(field) || {};
      var own = lists.find(function (name) { return (taken[name] || []).includes(id); });
      if (own) return Promise.resolve({ list: own, list_by: "jatos" });
      var count = function (name) { return (taken[name] || []).length; };
      var free = lists.reduce(function (best, name) { return count(name) < count(best) ? name : best; });
      var now = Object.assign({}, taken);
      now[free] = (taken[free] || []).concat(id);
      return new Promise(function (done, failed) {
        jatos.batchSession.set(field, now).then(function () { done({ list: free, list_by: "jatos" }); }, failed);
      });
    }, Array.from({ length: 12 }, function () { return 100 + 400 * Math.random(); }));
  }

  function from_datapipe(lists) {
    return again(function () {
      return post("condition/", {}).then(function (said) {
        return { list: lists[said.condition % lists.length], list_by: "datapipe" };
      });
    }, WAITS.slice(0, 2));
  }

  // A promise of { list, list_by }. An id that is in the design has its own.
  function list_for(id, lists, is_simulated) {
    if (lists.includes(id)) return Promise.resolve({ list: id, list_by: "name" });
    var asked = is_simulated || kind === "none" ? Promise.reject() : kind === "jatos" ? from_jatos(id, lists) : from_datapipe(lists);
    return asked.catch(function () { return hashed(id, lists); });
  }

  // ---------------------------------------------------------------- sending
  function post(path, what, is_closing) {
    return fetch(study.online.url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "*/*" },
      body: JSON.stringify(Object.assign({ experimentID: study.online.experiment }, what)),
      keepalive: Boolean(is_closing),
      signal: !is_closing && AbortSignal.timeout ? AbortSignal.timeout(30000) : undefined
    }).then(function (answer) {
      return answer.json().catch(function () { return {}; }).then(function (said) {
        if (answer.ok && said.message === "Success") return said;
        var problem = new Error(said.error || "HTTP " + answer.status);
        problem.final = answer.status === 400 && !PASSING.includes(said.error);
        throw problem;
      });
    });
  }

  function to_datapipe(csv, name) {
    var is_retry = session.record.tried === true;
    session.record.tried = true;
    session.keep();
    return post("data/", { filename: name, data: csv }).then(function () { return true; }, function (problem) {
      // The name is this session's own: an attempt before has arrived, and its answer was lost.
      if (is_retry && problem.message === "OSF_FILE_EXISTS") return true;
      throw problem;
    });
  }

  function to_jatos(csv) {
    return waiting.then(function () {
      return new Promise(function (done, failed) {
        jatos.submitResultData(csv).then(function () { done(true); }, function (problem) {
          failed(new Error(typeof problem === "string" ? problem : "JATOS"));
        });
      });
    });
  }

  // A promise that is true once the results are there, and false where there is no server to send them to.
  function send(csv, name) {
    return kind === "datapipe" ? to_datapipe(csv, name) : kind === "jatos" ? to_jatos(csv) : Promise.resolve(false);
  }

  // JATOS gets each row as it comes; what is sent at the end takes the place of them all.
  function appended(text) {
    if (kind !== "jatos") return;
    waiting = waiting.then(function () {
      return new Promise(function (done) { jatos.appendResultData(text).then(done, done); });
    });
  }

  // After a reload JATOS begins a new record: it gets what there is already.
  function resumed(csv) {
    if (kind === "jatos") waiting = to_jatos(csv).catch(function () { /* at the end it is sent whole */ });
  }

  // The rows that nobody has yet, when the page is closed before the end. Their file has a name of its own.
  function hand_over(record, as_csv, name) {
    if (kind !== "datapipe" || record.rows.length <= record.handed) return;
    var rows = record.rows.slice(record.handed);
    while (rows.length && new Blob([JSON.stringify(as_csv(rows))]).size > AT_ONCE) rows = rows.slice(0, Math.floor(rows.length * 0.8));
    record.handed += rows.length;
    record.parts = (record.parts || 0) + 1;
    post("data/", { filename: name.replace(/\.csv$/, "_part" + record.parts + ".csv"), data: as_csv(rows) }, true).catch(function () {
      // The rows are still in this browser.
    });
  }

  // Where to go once the results are there; [NAME] is what the address said of it. JATOS does it itself.
  function finish(address) {
    if (kind === "jatos") {
      jatos.startNextComponent();
      return true;
    }
    if (!study.online.complete) return false;
    window.location.replace(study.online.complete.replace(/\[(\w+)\]/g, function (all, name) {
      return encodeURIComponent(address.get(name) || "");
    }));
    return true;
  }

  // Once jatos.js is ready, which knows the parameters that the study was begun with.
  function ready(begin) {
    if (kind !== "jatos") return begin(new URLSearchParams(window.location.search));
    if (!window.jatos) return begin(null);
    jatos.onLoad(function () { begin(new URLSearchParams(jatos.urlQueryParameters || {})); });
  }

  // An experiment.js that was edited under an older version, and kept, has words and settings of its own.
  document.addEventListener("DOMContentLoaded", function () {
    if (typeof beginning !== "function") {
      document.body.textContent = "experiment.js is of an older version of gaia-stim: export again to a new folder, and make your changes in its texts.js and settings.js.";
    }
  });

  return {
    kind: kind, person: person, list_for: list_for, hashed: hashed, ready: ready, appended: appended, resumed: resumed, hand_over: hand_over,
    finish: finish, send: send, retried: function (attempt) { return again(attempt, WAITS); }
  };
})();
