// Sessions of adaptive.js whose answers are given: `node adaptive_node.cjs ADAPTIVE.JS < {procedure, answers}`.
// Answers are [track, number of the stimulus, "more" or not]; printed is what each track would show before each of its answers.
"use strict";
const fs = require("fs");
const adaptive = require(process.argv[2]);
const { procedure, answers } = JSON.parse(fs.readFileSync(0, "utf8"));
const quest = procedure.kind === "questplus" ? new adaptive.QuestPlus(procedure) : null;
const staircases = Object.fromEntries((procedure.tracks || []).map((one) => [one.name, new adaptive.Staircase(one, procedure)]));
const shown = answers.map(([track, number, more]) => {
  const next = quest ? quest.next() : adaptive.nearest(procedure.line, staircases[track]);
  const said = quest ? next : procedure.line.indexOf(next);
  if (quest) quest.answered(number, more); else staircases[track].answered(more);
  return [said, quest ? false : staircases[track].is_over()];
});
process.stdout.write(JSON.stringify(shown));
