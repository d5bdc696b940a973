"use strict";
// Staircases and QUEST+: which stimulus a trial shows, given the answers so far. All numbers come with the design
// (trials.js, `procedure`); the rules are those of PsychoPy's StairHandler and of questplus, with which tests compare them.
// An answer is "more" where it says B, or that the comparison is nearer to B than the standard.
var adaptive = (function () {
  // One up, one down until the first reversal, then the rule; the next step size at each reversal.
  function Staircase(track, rule) {
    var level = track.start, direction = 0, in_a_row = 0, reversals = 0;
    this.is_over = function () { return reversals >= rule.reversals; };
    this.place = function () { return track.goal + track.sign * level; };
    this.level_of = function (place) { return track.sign * (place - track.goal); };
    this.holds = function (place) { return this.level_of(place) >= track.least && this.level_of(place) <= track.most; };
    this.answered = function (is_more) {
      var is_success = track.sign > 0 ? is_more : !is_more, is_early = reversals === 0;
      in_a_row = is_success ? Math.max(in_a_row, 0) + 1 : Math.min(in_a_row, 0) - 1;
      var goes = in_a_row >= (is_early ? 1 : rule.down) ? -1 : in_a_row <= -(is_early ? 1 : rule.up) ? 1 : 0;
      if (!goes) return;
      if (direction === -goes) reversals += 1;
      direction = goes;
      in_a_row = 0;
      var size = rule.sizes[Math.min(reversals, rule.sizes.length - 1)];
      var moved = rule.scale === "lin" ? level + goes * size : level * Math.pow(10, goes * size);
      level = Math.min(Math.max(moved, track.least), track.most);
    };
  }

  // The stimulus of a track that is nearest to where it is.
  function nearest(line, staircase) {
    var place = staircase.place(), off = function (one) { return Math.abs(one[0] - place); };
    return line.filter(function (one) { return staircase.holds(one[0]); })
      .reduce(function (best, one) { return off(one) < off(best) ? one : best; });
  }

  function entropy(p) { return -p * Math.log(p) - (1 - p) * Math.log1p(-p); }

  // Watson (2017): the posterior on a grid, and the stimulus after which its expected entropy is smallest.
  function QuestPlus(design) {
    var grid = [];
    design.threshold.forEach(function (t) { design.slope.forEach(function (b) { design.lower.forEach(function (g) {
      design.lapse.forEach(function (l) { grid.push([t, b, g, l]); });
    }); }); });
    var count = grid.length, posterior = new Float64Array(count).fill(1 / count);
    var chance = design.line.map(function (one) {
      return Float64Array.from(grid, function (at) {
        return at[2] + (1 - at[2] - at[3]) * -Math.expm1(-Math.pow(10, at[1] * (one[0] - at[0])));
      });
    });
    var uncertainty = chance.map(function (row) { return row.map(entropy); });
    function dot(row) {
      var sum = 0;
      for (var at = 0; at < count; at++) sum += row[at] * posterior[at];
      return sum;
    }
    this.expected = function () {
      return chance.map(function (row, at) { return dot(uncertainty[at]) - entropy(dot(row)); });
    };
    this.next = function () {
      var all = this.expected();
      return all.indexOf(Math.min.apply(null, all));
    };
    this.answered = function (number, is_more) {
      var row = chance[number], sum = 0;
      posterior = posterior.map(function (p, at) { return p * (is_more ? row[at] : 1 - row[at]); });
      posterior.forEach(function (p) { sum += p; });
      posterior = posterior.map(function (p) { return p / sum; });
    };
  }

  // A session of a design's `procedure`; `earlier` are rows that were answered before a reload.
  function Session(design, earlier) {
    var staircases = {}, counts = {}, quest = null;
    if (design.kind === "questplus") quest = new QuestPlus(design);
    else design.tracks.forEach(function (one) {
      staircases[one.name] = new Staircase(one, design);
      counts[one.name] = 0;
    });
    var places = new Map(design.line.map(function (one, at) { return [one[1], at]; }));

    function going() { return Object.keys(staircases).filter(function (name) { return !staircases[name].is_over(); }); }

    // Each track once before one comes again, in an order that chance decides.
    function track() {
      var names = going(), least = Math.min.apply(null, names.map(function (name) { return counts[name]; }));
      var behind = names.filter(function (name) { return counts[name] === least; });
      return behind[Math.floor(Math.random() * behind.length)];
    }

    this.is_over = function () { return !quest && going().length === 0; };

    // Fill in what a row shows.
    this.choose = function (row) {
      var name = quest ? "quest" : track();
      var one = quest ? design.line[quest.next()] : nearest(design.line, staircases[name]);
      row.track = name;
      row["stim_" + row.chosen] = one[1];
      row["alpha_" + row.chosen] = one[0];
      if (design.task === "identification") return;
      var other = row.chosen === "a" ? "b" : "a", is_higher = one[0] > row["alpha_" + other];
      row.correct = one[0] === row["alpha_" + other] ? null : is_higher ? row.chosen : other;
    };

    // A row without an answer in time tells nothing, and the next shows the same.
    this.answered = function (row) {
      if (row.response === "" || row.response === null) return;
      var is_more = row.response === (design.task === "identification" ? "b" : row.chosen);
      if (quest) return quest.answered(places.get(row["stim_" + row.chosen]), is_more);
      counts[row.track] += 1;
      staircases[row.track].answered(is_more);
    };

    earlier.forEach(this.answered, this);
  }

  return { Session: Session, Staircase: Staircase, QuestPlus: QuestPlus, nearest: nearest };
})();
if (typeof module !== "undefined") module.exports = adaptive;
