"""What every exported folder has: the pictures as they are in the set, and a page that tells how to run it."""

import re
import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.cells import guarded
from gaia_stim.export.formats import table_csv
from gaia_stim.export.linter import Table, flat_name
from gaia_stim.export.settings import look_of, presentation
from gaia_stim.files import write_bytes
from gaia_stim.stimuli.continuum import along, is_wheel
from gaia_stim.stimuli.manifest import STIMULI
from gaia_stim.stimuli.sets import MANIFEST, PROVENANCE, SHEET, StimulusSet
from gaia_stim.stimuli.trials import Trials

STARTERS = files("gaia_stim.export") / "starters"
SHOWN_PIXELS = 256
"""Small pictures are shown a whole number of times larger, up to this."""

README = """\
# {name} for {program}

{what}

{steps}

{provenance}
"""
_MARKUP = re.compile(r"[\\`*<>\[\]#!|~&]")
"""What Markdown reads as more than text; a set's folder may be called anything."""


def copy_pictures(stimuli: StimulusSet, folder: Path, *, flat: bool = False) -> tuple[int, int]:
    """The set's files, byte for byte, in `stimuli/` or beside everything else; returns the first's height and width.

    Raises `DataError` where one was changed after the set was written.
    """
    if not flat:
        (folder / STIMULI).mkdir()
    size = None
    for row, pixels in stimuli.pictures():
        shutil.copyfile(stimuli.folder / row.image, folder / (flat_name(row.image) if flat else row.image))
        size = size or (pixels.shape[0], pixels.shape[1])
    return size or (1, 1)


def copy_set(stimuli: StimulusSet, folder: Path) -> None:
    """The set itself, without its codes: a folder that gaia-stim opens. Raises as `copy_pictures`."""
    copy_pictures(stimuli, folder)
    for name in (MANIFEST, PROVENANCE, SHEET):
        if (stimuli.folder / name).is_file():
            shutil.copyfile(stimuli.folder / name, folder / name)


def write_conditions(table: Table, folder: Path, name: str = "conditions") -> list[str]:
    """`conditions.csv`, and where there are several participants one file for each; returns all names."""
    tables = {name: table, **{f"{name}_{owner}": rows for owner, rows in table.of_each_participant().items()}}
    for stem, rows in tables.items():
        write_bytes(folder / f"{stem}.csv", table_csv(rows))
    return [f"{stem}.csv" for stem in tables]


def write_readme(
    folder: Path, program: str, stimuli: StimulusSet, trials: Trials | None, steps: Sequence[str], rows: int
) -> None:
    """README.md: what this is, how to run it step by step, and which set it was made of."""
    listed = "" if trials is None else f" The list of trials is a design of the task '{guarded(trials.task)}'."
    text = README.format(
        name=_MARKUP.sub(r"\\\g<0>", " ".join(guarded(stimuli.name).split())),
        program=program,
        what=f"{len(stimuli)} stimuli; {rows} rows to go through.{listed}",
        steps="\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        provenance=f"Made by gaia-stim {gaia_stim.__version__} of the set whose manifest.csv is "
        f"{stimuli.manifest_hash}; its provenance.json says how each picture was made.\n"
        "A `'` before a text keeps programs from reading it as something else; it is not part of the text.",
    )
    write_bytes(folder / "README.md", text.encode())


def starter(name: str) -> bytes:
    """The text of a script that is shipped as it is."""
    return (STARTERS / name).read_bytes()


def shown_scale(size: tuple[int, int]) -> int:
    """How many times as large pictures of that height and width are shown where nobody says how large."""
    return max(1, SHOWN_PIXELS // max(size))


def task_record(stimuli: StimulusSet, trials: Trials | None, size: tuple[int, int]) -> dict[str, Any]:
    """What a starter asks and shows, as JSON: texts, and numbers that no condition has."""
    height, width = size
    record = {} if trials is None else trials.record
    look = None if trials is None else presentation(stimuli, trials).texts.tasks.get(look_of(trials))
    return {
        "task": "" if trials is None else trials.task,
        "question": look.question if look else str(record.get("question", "")),
        "answers": [str(answer) for answer in record.get("answers", [])],
        "width": width,
        "height": height,
        "scale": shown_scale(size),
        "continuum": _line(stimuli) if trials is not None and trials.task == "adjustment" else [],
        **_adaptive(stimuli, record),
        "wheel": is_wheel(stimuli.rows()),
    }


def _adaptive(stimuli: StimulusSet, record: Mapping[str, Any]) -> dict[str, Any]:
    """What chooses the stimuli, if that is not the list, and all pictures that it may choose."""
    procedure = record.get("procedure")
    return {"procedure": procedure, "images": {row.stim_id: row.image for row in stimuli.rows()}} if procedure else {}


def _line(stimuli: StimulusSet) -> list[list[Any]]:
    """Place and picture of each stimulus along the line."""
    return [[place, row.image] for place, row in along(stimuli.rows())]
