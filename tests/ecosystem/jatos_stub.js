// jatos.js as its documentation says that it behaves, for tests: nothing of JATOS is in it. What a server would keep is
// in localStorage under "server"; a change of the batch session that was begun before another's is refused.
"use strict";
(function () {
  const parameters = Object.fromEntries(new URLSearchParams(window.location.search));
  const read = () => Object.assign({ batch: {}, version: 1, results: {}, ended: [] }, JSON.parse(localStorage.getItem("server") || "{}"));
  const change = (how) => { const server = read(); how(server); localStorage.setItem("server", JSON.stringify(server)); };
  const run = parameters.run || "1";
  const soon = (work) => new Promise((done, failed) => setTimeout(() => { try { done(work()); } catch (error) { failed(error); } }, 20));
  let seen = read(), to_fail = Number(parameters.fails || 0);
  const refuse = () => { if (to_fail-- > 0) throw "Result data couldn't be sent"; };

  window.jatos = {
    studyResultId: run, workerId: "w" + run,
    onLoad: (callback) => setTimeout(() => { jatos.urlQueryParameters = parameters; seen = read(); callback(); }, 30),
    batchSession: {
      get: (name) => structuredClone(seen.batch[name]),
      set: (name, value) => {
        if (parameters.interfere) { // somebody else is faster, once
          delete parameters.interfere;
          change((server) => { server.batch[name] = { p01: ["somebody"] }; server.version++; });
        }
        const version = seen.version;
        return soon(() => {
          if (read().version !== version) { seen = read(); throw "Batch session update failed"; }
          change((server) => { server.batch[name] = value; server.version++; });
          seen = read();
        });
      }
    },
    submitResultData: (text) => soon(() => { refuse(); change((server) => { server.results[run] = text; }); }),
    appendResultData: (text) => soon(() => change((server) => { server.results[run] = (server.results[run] || "") + text; })),
    startNextComponent: () => change((server) => { server.ended.push(run); })
  };
})();
