"""Stimulus sets and designs made on the spot, without a model, for all tests of the way into an experiment."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gaia_stim.files import hash_bytes, write_bytes, write_json
from gaia_stim.images import png_bytes
from gaia_stim.stimuli.manifest import Row, manifest_csv
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import DESIGN, LEADING, TRIALS, Trials, of_set, trials_csv

HOSTILE = [
    "=HYPERLINK(1)",
    "03-04",
    "12e4",
    "NA",
    "Zoë Müller — ÄÖÜß 日本",
    'says "no", twice',
    "one\ntwo\r\nthree\tfour",
    "[1, 2]",
    "(1, 2)",
    "{__import__('os')}",
    "TRUE",
    "None",
    "001",
    "1,5",
    "0x1F",
    "May 2020",
    "1/2/2020",
    "-0.5",
    "+1",
    "@cmd",
    "\\new",
    "'quoted'",
    "'=1",
    " padded ",
    "nan",
    "50% of %0A",
    "_x0041_",
    "C:\\x\\y.png",
    "/etc/passwd",
    "a;b",
    "<script>alert(1)</script>",
    "$image",
    "n/a",
    "\u2028line",
    "\x00nul",
    "😀",
]


PROVENANCE: dict[str, Any] = {
    "gaia_stim": "0",
    "threads": 1,
    "request": {"verb": "morph"},
    "model": {"run": "nowhere", "model_hash": "sha256_0"},
    "sources": [],
}
"""What a set's provenance.json has, beside its plan."""


def planted_set(folder: Path, rows: Sequence[Row], side: int = 8, channels: int = 3) -> StimulusSet:
    """A set with pictures of noise."""
    chance = np.random.default_rng(0)
    written = []
    for row in rows:
        content = png_bytes(chance.integers(0, 256, (side, side + 4, channels), dtype=np.uint8))
        write_bytes(folder / row.image, content)
        written.append(replace(row, image_hash=hash_bytes(content), model_hash="sha256_12e4"))
    write_json(folder / "provenance.json", {**PROVENANCE, "plan": {}})
    write_bytes(folder / "manifest.csv", manifest_csv(written))
    return StimulusSet.open(folder)


def planted_morph(folder: Path, steps: int = 5) -> StimulusSet:
    """A continuum with every kind of cell: whole numbers, fractions of 17 digits, text, and columns partly empty."""
    rows = [
        replace(
            Row.numbered("morph", place, steps),
            alpha=place / (steps - 1),
            source_ids="anna;bert",
            stim_license="CC BY 4.0",
            mean_luminance=0.1 + 0.2 * place,
            step_distance=None if place == 0 else 1e-7 * place,
            seed=2**53 + 1 if place == 1 else None,
            raw=int(place == 0),
        )
        for place in range(steps)
    ]
    return planted_set(folder, rows)


def planted_wheel(folder: Path, steps: int = 6) -> StimulusSet:
    """A closed path."""
    rows = [
        replace(Row.numbered("wheel", place, steps), alpha=place / steps, angle_deg=360 * place / steps)
        for place in range(steps)
    ]
    return planted_set(folder, rows)


def hostile_set(folder: Path) -> StimulusSet:
    """A stimulus for each text of `HOSTILE`, which is its licence, its attribute and what it is made of."""
    rows = [
        replace(
            Row.numbered("morph", place, len(HOSTILE)),
            alpha=place / 7,
            stim_license=text,
            attribute=text,
            amount=-0.5,
            attribute_2=HOSTILE[-1 - place],
            source_ids=f"{text};{text}",
        )
        for place, text in enumerate(HOSTILE)
    ]
    return planted_set(folder, rows)


def planted_design(stimuli: StimulusSet, folder: Path, task: str = "2afc", participants: int = 2) -> Trials:
    """A design as the verb writes it: pairs of neighbours, with a column of hostile text."""
    ids = stimuli.table["stim_id"].tolist()
    rows = []
    for who in range(1, participants + 1):
        for number, (first, second) in enumerate(pairwise(ids), 1):
            note = HOSTILE[(who * number) % len(HOSTILE)]
            right = "0.25" if task == "adjustment" else "a"
            rows.append([f"p{who:02}", 1, number, task, first, second, "", "", right, number / 3, note])
    answers = ["number"] if task == "adjustment" else ["a", "b"]
    record = {"request": {"verb": "design"}, "task": task, "question": "Which is nearer to B?", "answers": answers}
    trials = Trials(task, of_set(pd.DataFrame(rows, columns=[*LEADING, "alpha_a", "note"]), stimuli), record)
    write_json(folder / DESIGN, record)
    write_bytes(folder / TRIALS, trials_csv(trials))
    return trials
