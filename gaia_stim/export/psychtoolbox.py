"""Psychtoolbox: a `.mat` that both MATLAB and Octave load, and a function that runs as it is.

stim      1 x N struct of the manifest's columns (`file` is the picture)
trials    1 x M struct of a design's trials, with `index_a` … into `stim`; without a design it is not there
meta      what is asked, and where all of it came from
images    on request: uint8, height x width x 3 x N, for Screen('MakeTexture', window, images(:, :, :, k))
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.io import savemat

import gaia_stim
from gaia_stim.cells import in_ascii
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export.folder import copy_pictures, starter, task_record, write_readme
from gaia_stim.export.formats import table_csv
from gaia_stim.export.linter import Cell, Table, table_of
from gaia_stim.export.masks import write_masks
from gaia_stim.export.settings import Presentation, presentation
from gaia_stim.export.trial_screens import MARGIN, Screen, breaks, screen_of
from gaia_stim.files import write_bytes
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, Trials

LARGEST = 2**31 - 1
"""Bytes of a variable in a MAT file of version 5."""
KEY_NAMES = {
    "1": "1!",
    "2": "2@",
    "3": "3#",
    "return": "Return",
    **{name: f"{name.title()}Arrow" for name in ("up", "down", "left", "right")},
}
"""As KbName has them after UnifyKeyNames, where they are called otherwise here."""
LINE = 80
"""Letters in a line of text. Lines are made here: WrapString, which Psychtoolbox wraps by, is for ASCII."""
HEADER = 116
"""Bytes of text that such a file begins with; scipy writes the time into it."""


def write(
    stimuli: StimulusSet,
    folder: Path,
    trials: Trials | None = None,
    *,
    images: bool = False,
    how: Presentation | None = None,
) -> None:
    """Fill a folder; `images` puts the pixels into the `.mat` too.

    Raises `DataError` where a name cannot be exported, a picture was changed or, for `images`, has another size than
    the first; `ConfigError` where they are too many for one variable.
    """
    how = how or presentation(stimuli, trials)
    screen = screen_of(stimuli, trials, how, "psychtoolbox")
    table = _plain(table_of(stimuli, None))
    rows = table if trials is None else _plain(table_of(stimuli, trials))
    size = copy_pictures(stimuli, folder)
    if how.settings.mask != "none":
        write_masks(how.settings.mask, stimuli, folder)
    record = task_record(stimuli, trials, size)
    lines = table_csv(rows).decode().splitlines()
    numbers = {str(stim_id): float(number) for number, stim_id in enumerate(table.column("stim_id"), 1)}
    continuum = {image: place for place, image in record["continuum"]}
    content: dict[str, Any] = {
        "stim": _struct(_columns(table.renamed({"image": "file"}))),
        "meta": {
            "gaia_stim": gaia_stim.__version__,
            "manifest_hash": stimuli.manifest_hash,
            "task": record["task"],
            "question": in_ascii(record["question"]),
            "continuum": [continuum[image] for image in table.column("image")] if continuum else [],
            "wheel": float(record["wheel"]),
            "header": lines[0],
            "lines": _cells(lines[1:]),
            "rest": breaks(rows, how),
            **_shown(screen, how, record["scale"], [str(image) for image in table.column("image")]),
        },
    }
    if trials is not None:
        columns = _columns(rows)
        places = [place for place in PLACES if f"stim_{place}" in columns]
        index = {f"index_{place}": [numbers.get(one, np.nan) for one in columns[f"stim_{place}"]] for place in places}
        content["trials"] = _struct({**columns, **index})
    if images:
        content["images"] = _images(stimuli)
    written = io.BytesIO()
    savemat(written, content, do_compression=True, long_field_names=True, oned_as="row")
    write_bytes(
        folder / "stimuli.mat", b"MATLAB 5.0 MAT-file, by gaia-stim".ljust(HEADER) + written.getvalue()[HEADER:]
    )
    write_bytes(folder / "conditions.csv", table_csv(rows))
    write_bytes(folder / "experiment.m", starter("psychtoolbox.m"))
    steps = [
        "Start MATLAB or Octave with Psychtoolbox, and change into this folder.",
        "`experiment('p01')` shows every row and takes a key; it runs as it is.",
        "It writes `data/PARTICIPANT_TIME.csv`: all columns, then `response`, `rt` (seconds, by KbQueue), and how long "
        "the pictures were shown, in seconds and frames, by Screen('Flip'). Escape ends it.",
        f"Pictures are made for a display that is {how.settings.display}; the function loads no gamma table of its own."
        + ("" if how.settings.degrees is None else " Check Screen('DisplaySize', 0) against a ruler."),
        "In a script of your own: `load('stimuli.mat')`; `stim(k).stim_id`, `stim(k).file`, `stim(k).alpha` …",
        "`picture = imread(stim(k).file); texture = Screen('MakeTexture', window, picture);`",
        "With `images` in the file (`gaia-stim export --images-in-mat`): `images(:, :, :, k)` is the picture.",
        "A design is in `trials`: `stim(trials(n).index_a)` is what `stim_a` names. `meta` says what is asked.",
        "Numbers are doubles, NaN where a cell is empty; text is char in ASCII, other letters as `%E4`.",
    ]
    write_readme(folder, "Psychtoolbox", stimuli, trials, steps, len(rows.rows))


def _shown(screen: Screen, how: Presentation, scale: int, images: list[str]) -> dict[str, Any]:
    """What a trial shows and takes, as experiment.m reads it: times in s, no limit as Inf, places down and right."""
    settings, texts = how.settings, how.texts
    masked = settings.mask != "none"
    return {
        "look": screen.look,
        "answers": _cells(list(screen.keys)),
        "keys": _cells([KEY_NAMES.get(key, key) for key in screen.keys.values()]),
        "which": [float(max(1, "abcd".find(picture.place) + 1)) for picture in screen.pictures],
        "places": [[picture.x, -picture.y] for picture in screen.pictures],
        "has_first": float(screen.first is not None),
        "scale": float(scale),
        "degrees": float("nan") if settings.degrees is None else settings.degrees,
        "distance": settings.distance_cm,
        "smooth": float(settings.resample != "nearest"),
        "fixation": [milliseconds / 1000 for milliseconds in settings.fixation_ms],
        "first": _seconds(settings.first_ms if settings.duration_ms is None else settings.duration_ms),
        "isi": _seconds(settings.isi_ms),
        "mask": _seconds(settings.mask_ms) if masked else 0.0,
        "duration": _seconds(settings.duration_ms),
        "timeout": _seconds(settings.timeout_ms),
        "ends": [float(images.index(image) + 1) for image, _ in screen.ends],
        "captions": _cells([_codes(caption) for _, caption in screen.ends]),
        "instructions": _codes(screen.instructions),
        "hint": _codes(screen.hint()),
        "asked": _codes(screen.asked),
        "above": screen.above(settings.show_ends),
        "below": -screen.below,
        "room": list(screen.room(settings.show_ends)),
        "margin": float(MARGIN),
        "thanks": _codes(texts.end),
        "go_on": _codes(f"[{texts.space}] {texts.go_on}"),
        "pause": _codes(texts.break_title),
        "pause_wait": _codes(texts.break_wait.replace("{seconds}", str(settings.break_seconds))),
        "pause_seconds": float(settings.break_seconds),
        "show_ends": float(settings.show_ends),
        "consent": _codes(texts.consent and f"{texts.consent_title}\n\n{texts.consent}"),
        "agree": _codes(f"[{texts.space}] {texts.agree}     [ESC] {texts.disagree}"),
        "cross": _codes(texts.fixation),
    }


def _seconds(milliseconds: int | None) -> float:
    return float("inf") if milliseconds is None else milliseconds / 1000


def _codes(text: str) -> list[float]:
    """A text in lines, as the numbers of its letters, which DrawFormattedText takes and Octave does not cut off."""
    lines = [line for part in text.split("\n") for line in wrap(part, LINE, drop_whitespace=len(part) > LINE) or [""]]
    return [float(ord(letter)) for letter in "\n".join(lines)]


def _plain(table: Table) -> Table:
    """In ASCII: Octave cuts other text off in the middle."""
    return table.changed(table.columns, in_ascii)


def _columns(table: Table) -> dict[str, list[Any]]:
    """Doubles or text, a column the one or the other; text guarded as in conditions.csv, in ASCII."""
    return {name: _typed(table.column(name)) for name in table.columns}


def _typed(cells: list[Cell]) -> list[Any]:
    if any(isinstance(cell, str) for cell in cells):
        return ["" if cell is None else str(cell) for cell in cells]
    return [float("nan") if cell is None else float(cell) for cell in cells]


def _struct(columns: Mapping[str, list[Any]]) -> npt.NDArray[Any]:
    """A 1 x N struct array."""
    count = len(next(iter(columns.values())))
    struct = np.empty((1, count), dtype=[(name, object) for name in columns])
    for name, values in columns.items():
        for place, value in enumerate(values):
            struct[name][0, place] = value
    return struct


def _cells(texts: Sequence[Any]) -> npt.NDArray[Any]:
    cells = np.empty((1, len(texts)), dtype=object)
    for place, text in enumerate(texts):
        cells[0, place] = text
    return cells


def _images(stimuli: StimulusSet) -> npt.NDArray[np.uint8]:
    pictures: list[npt.NDArray[np.uint8]] = []
    total = 0
    for row, pixels in stimuli.pictures():
        colour = np.broadcast_to(pixels[..., :3], (*pixels.shape[:2], 3))
        if pictures and colour.shape != pictures[0].shape:
            raise DataError(
                f"{stimuli.folder / row.image}: has another size than the first picture; images need one size"
            )
        total += colour.size
        if total > LARGEST:
            raise ConfigError(
                f"{len(stimuli)} pictures are more than the 2 GiB that a variable in a .mat can have; "
                "leave --images-in-mat out: the files are read one by one then"
            )
        pictures.append(colour)
    return np.stack(pictures, axis=-1)
