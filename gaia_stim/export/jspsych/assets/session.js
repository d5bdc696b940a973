"use strict";
// No session is lost: after each trial its rows are kept in the browser (localStorage), and the same participant of the
// same design goes on from there after a reload or a crash. The options are those of the recovery that jsPsych itself is
// to have (https://github.com/jspsych/jsPsych/pull/3713), so that it can take the place of this file:
//
//   key                  whose session it is: study, task and participant
//   incomplete_session   "resume", "restart" or "block": what a session that was begun comes to
//   completed_session    "restart" or "block"
//   max_age              milliseconds after which an unfinished session begins anew; null: never
//
// What is kept: { version, tab, time, saved, handed, ... } and whatever `begin` was given, `rows` among it.
var session = (function () {
  var TAB = Date.now().toString(36) + Math.random().toString(36).slice(2);
  var VERSION = 1;
  var mine = { record: null, kept: false, lost: false };
  var key = "", on_lost = function () {};

  // localStorage, or null where the browser refuses it.
  function storage() {
    try { return window.localStorage; } catch (refused) { return null; }
  }

  function read(which) {
    try {
      var found = JSON.parse(storage().getItem(which));
      return found && found.version === VERSION && Array.isArray(found.rows) ? found : null;
    } catch (unreadable) { return null; }
  }

  // What a start comes to: "new", "resume", "restart" or "block", and what was kept of a session before.
  function look(options, total) {
    var found = read(options.key);
    if (!found || !(found.saved || found.rows.length)) return { what: "new", record: found };
    if (found.saved) return { what: options.completed_session === "block" ? "block" : "new", record: found };
    var is_old = options.max_age !== null && Date.now() - found.time > options.max_age;
    return { what: is_old || found.total !== total ? "restart" : options.incomplete_session, record: found };
  }

  function lose() {
    if (mine.lost) return;
    mine.lost = true;
    on_lost();
  }

  // The last tab that began has the session: another one stops at once, and never writes over it.
  function keep() {
    if (mine.lost) return false;
    var there = mine.kept ? read(key) : null;
    if (there && there.tab !== TAB) {
      lose();
      return false;
    }
    mine.record.time = Date.now();
    try {
      storage().setItem(key, JSON.stringify(mine.record));
      mine.kept = true;
    } catch (no_room) { mine.kept = false; }
    return true;
  }

  function begin(options, about, when_lost) {
    key = options.key;
    on_lost = when_lost;
    mine.record = Object.assign({ handed: 0 }, about, { version: VERSION, tab: TAB, saved: false });
    mine.kept = false;
    keep();
  }

  // False where the session goes on in another tab, which has its own answer to this trial.
  function add(row) {
    if (mine.lost) return false;
    mine.record.rows.push(row);
    return keep();
  }

  function done() {
    mine.record.saved = true;
    keep();
  }

  window.addEventListener("storage", function (event) {
    if (!mine.kept || event.key !== key) return;
    var there = read(key);
    if (there && there.tab !== TAB) lose();
  });

  return Object.assign(mine, { look: look, begin: begin, keep: keep, add: add, done: done });
})();
