"""Designs that choose the next stimulus by the answers so far: which, is left to the program that runs them.

The list has a row a trial that may come; what is chosen takes the place of the stimulus that `chosen` names. All that a
program needs to know stands in the design's record, `procedure`: none has a rule of its own. A trial is one of the
task `identification` (A or B?) or `constant` (a standard and a comparison, which is nearer to B?), and comes back as
such: `scale` fits what it fits to all answers to them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gaia_stim.config import DesignConfig
from gaia_stim.designs import DESIGNS, PROCEDURES
from gaia_stim.designs.chains import chain_procedure, chain_table, is_chain
from gaia_stim.designs.kinds import Design
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.options import check_belonging, check_listed
from gaia_stim.designs.questplus import SD
from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.trials import PLACES
from gaia_stim.tables import look_up

PROCEDURE, TRACK, CHOSEN = "procedure", "track", "chosen"
"""Columns: what chooses, for which of its tracks, and the stimulus in which place."""
TASKS = ("identification", "constant")
RULES = {"identification": "1:1", "constant": "1:3"}
"""Up and down: half of the answers, and 79 % right (Levitt 1971)."""
LINEAR, LOGARITHMIC = (0.125, 0.0625, 0.03125), (0.2, 0.1, 0.05)
"""Sizes of steps: shares of the line's length, powers of ten."""
MOST_TRIALS = {"staircase": 100, "questplus": 60}
REVERSALS = 8
CANDIDATES = 101
"""QUEST+ chooses among so many stimuli at most, evenly along the line: the steepest function it knows takes two."""
THRESHOLDS, SLOPES = 41, 12
STEEPEST, FLATTEST = 0.02, 0.5
"""Standard deviations of the functions in the grid, as shares of the line's length."""
RATES = (0.01, 0.04, 0.1)
"""Of guesses and of lapses."""


def is_adaptive(config: DesignConfig) -> bool:
    """Whether stimuli are chosen while the experiment runs."""
    return config.kind in PROCEDURES


def task_of(config: DesignConfig) -> str:
    """What participants do; of chains that is their kind."""
    return (config.task or TASKS[0]) if is_adaptive(config) else config.kind


def find_adaptive(config: DesignConfig) -> Design:
    """The task that is asked for. Raises `ConfigError` for options that do not belong to it."""
    task = task_of(config)
    if task not in TASKS:
        raise ConfigError(
            f"--task {task}: {config.kind} runs along {' or '.join(TASKS)}; the other tasks have lists that are "
            "known beforehand"
        )
    check_belonging(config)
    if config.standard and task != "constant":
        raise ConfigError(f"--standard: {config.kind} has one with --task constant only")
    found: Design = look_up(DESIGNS, "design", task)
    return found


def procedure_of(config: DesignConfig, layout: Layout, size: str = "source") -> dict[str, Any] | None:
    """What a program runs, as JSON: `kind`, `task`, `trials` at most, `line` of [place, id], of staircases the rule and
    the tracks, of QUEST+ the grid; of chains see `chains`, which show pictures of a `size`. None for a design whose
    list is known beforehand.

    Raises `ConfigError` where the set is no line, or has no room for a track.
    """
    if is_chain(config):
        return chain_procedure(config, size)
    if not is_adaptive(config):
        return None
    numbers = layout.line(config.kind)
    line = [[float(layout.place[number]), layout.ids[number]] for number in numbers]
    about = {"kind": config.kind, "task": task_of(config), "trials": config.trials or MOST_TRIALS[config.kind]}
    standard = _standard(config, layout) if task_of(config) == "constant" else None
    if config.kind == "questplus":
        # Which of two equal pictures is nearer tells nothing.
        others = [one for one in _thinned(line) if standard is None or one[1] != layout.ids[standard]]
        return {**about, "line": others, **_grid(line)}
    return {**about, "line": line, **_rule(config, line), "tracks": _tracks(config, line, standard)}


def adaptive_table(config: DesignConfig, layout: Layout, procedure: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each trial that may come, as `build.trial_table` has them, with `procedure`, `track`, `chosen`.

    What stands in the chosen place is the end of the line, until the program knows better. Of `constant`, the
    comparison comes first and second equally often, in an order of each participant's own.
    """
    if is_chain(config):
        return chain_table(config, layout, procedure)
    task, count = task_of(config), int(procedure["trials"])
    check_listed(count * config.participants)
    last = len(layout) - 1
    standard = _standard(config, layout) if task == "constant" else None
    tables = []
    for participant in range(config.participants):
        rng = np.random.default_rng([config.seed, participant])
        place = rng.permutation(np.arange(count) % 2) if standard is not None else np.zeros(count, int)
        shown = np.full((count, len(PLACES)), -1)
        shown[:, 0] = last
        if standard is not None:
            shown[np.arange(count), place] = last
            shown[np.arange(count), 1 - place] = standard
        columns: dict[str, Any] = {
            "participant": f"p{participant + 1:0{max(2, len(str(config.participants)))}}",
            "block": 1,
            "trial": np.arange(1, count + 1),
            "task": task,
        }
        ids = np.array([*layout.ids, ""], dtype=object)
        columns |= {f"stim_{name}": ids[shown[:, at]] for at, name in enumerate(PLACES)}
        columns |= {"correct": "", "part": 1, "repetition": 1, "item": 1, "arrangement": place + 1}
        columns |= {PROCEDURE: config.kind, TRACK: "", CHOSEN: np.array(PLACES)[place]}
        places = np.append(layout.place, np.nan)
        columns |= {f"alpha_{name}": places[shown[:, at]] for at, name in enumerate(PLACES)}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def told_of(procedure: Mapping[str, Any]) -> list[str]:
    """What is not as it would be expected: a sentence each."""
    names = [track["name"] for track in procedure.get("tracks", ())]
    if names in ([], ["below", "above"], ["from_A", "from_B"]):
        return []
    other = "above" if names == ["below"] else "below"
    return [
        f"{procedure['kind']}: the standard is so near to an end of the line that there is no room for steps {other} "
        f"it: the staircase '{names[0]}' runs alone, and a PSE from one side has its bias; name another --standard"
    ]


def _standard(config: DesignConfig, layout: Layout) -> int:
    """Its number; the middle one where none is named."""
    design: Design = look_up(DESIGNS, "design", "constant")
    return int(design.items(layout, config)[0][0])


def _thinned(line: list[list[Any]]) -> list[list[Any]]:
    if len(line) <= CANDIDATES:
        return line
    return [line[number] for number in np.linspace(0, len(line) - 1, CANDIDATES).round().astype(int)]


def _grid(line: list[list[Any]]) -> dict[str, list[float]]:
    """The values of each parameter of QUEST+, each as likely as the others beforehand."""
    low, high = line[0][0], line[-1][0]
    sigmas = np.geomspace(FLATTEST, STEEPEST, SLOPES) * (high - low)
    return {
        "threshold": np.linspace(low, high, THRESHOLDS).round(9).tolist(),
        "slope": (SD / sigmas).round(9).tolist(),
        "lower": list(RATES),
        "lapse": list(RATES),
    }


def _rule(config: DesignConfig, line: list[list[Any]]) -> dict[str, Any]:
    up, down = (int(one) for one in (config.rule or RULES[task_of(config)]).split(":"))
    length = line[-1][0] - line[0][0]
    usual = [length * one for one in LINEAR] if config.step_scale == "lin" else LOGARITHMIC
    sizes = [float(one) for one in config.step_sizes.split(",")] if config.step_sizes else list(usual)
    reversals = config.reversals or REVERSALS
    if len(sizes) > reversals:
        raise ConfigError(f"--step-sizes: {len(sizes)} sizes for --reversals {reversals}; some would not be used")
    return {"up": up, "down": down, "scale": config.step_scale, "sizes": sizes, "reversals": reversals}


def _tracks(config: DesignConfig, line: list[list[Any]], standard: int | None) -> list[dict[str, Any]]:
    """Two that meet: from both ends of the line, away from that end by answers that name it; or, round a standard, from
    both ends towards it by right answers. One that could not move is left out: see `told_of`.
    """
    places = [place for place, _ in line]
    if standard is None:
        goals = [("from_A", -1, places[-1]), ("from_B", 1, places[0])]
    else:
        goals = [("below", -1, places[standard]), ("above", 1, places[standard])]
    tracks = []
    for name, sign, goal in goals:
        levels = sorted(sign * (place - goal) for place in places if sign * (place - goal) >= 0)
        if standard is not None or config.step_scale == "log":
            # Nothing is compared with itself, and no factor leads to nothing.
            levels = levels[1:]
        if len(levels) > 1:
            most = {"start": levels[-1], "least": levels[0], "most": levels[-1]}
            tracks.append({"name": name, "sign": sign, "goal": goal, **most})
    if not tracks:
        raise ConfigError(f"{config.kind}: {len(line)} stimuli leave no room for steps; make a set of more")
    return tracks
