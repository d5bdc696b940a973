"""OpenSesame: an experiment as a plain-text `.osexp`, with all that it shows in `__pool__/` beside it.

OpenSesame takes that folder for a file pool, which has no folders, so that pictures are named without one. Of several
participants each has a file by number, which is what OpenSesame asks for. `correct` becomes `correct_response`, which
OpenSesame scores by, and so is a key; its own `correct` says whether an answer was right. What differs from trial
to trial and is not in the design (the cross's duration, whether there is a break) are columns beside it.
"""

import html
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gaia_stim.errors import ConfigError
from gaia_stim.export.folder import copy_pictures, shown_scale, write_readme
from gaia_stim.export.formats import table_csv
from gaia_stim.export.linter import Table, flat_name, image_columns, table_of
from gaia_stim.export.settings import Presentation, presentation
from gaia_stim.export.trial_screens import (
    ADJUSTMENT,
    CAPTIONS_AT,
    ENDS,
    ENDS_AT,
    PREFIX,
    TEXT_AT,
    Picture,
    Screen,
    breaks,
    screen_of,
)
from gaia_stim.files import write_bytes
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

EXPERIMENT, POOL = "experiment.osexp", "__pool__"
FIXATION, REST = f"{PREFIX}fixation", f"{PREFIX}rest"
"""Columns: how long the cross stands, in ms; 1 where a break comes before the trial."""
HEAD = """\
---
API: 3
OpenSesame: 4.0.0
---
"""
SETTINGS = {
    "title": "Experiment",
    "start": "experiment",
    "width": 1024,
    "height": 768,
    "background": "#808080",
    "foreground": "white",
    "font_family": "sans",
    "font_size": 24,
    "uniform_coordinates": "yes",
    "fullscreen": "yes",
    "canvas_backend": "psycho",
    "keyboard_backend": "psycho",
    "mouse_backend": "psycho",
    "sampler_backend": "psycho",
    "clock_backend": "psycho",
    "color_backend": "psycho",
}
THANKS_MS = 2000


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None, *, how: Presentation | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed, `ConfigError` for a
    task that no standard items of OpenSesame make."""
    how = how or presentation(stimuli, trials)
    screen = screen_of(stimuli, trials, how, "opensesame")
    if screen.look == ADJUSTMENT:
        raise ConfigError(
            "opensesame: no experiment for adjustment, in which a picture changes under the keys; psychopy, psychojs, "
            "jspsych and psychtoolbox have one"
        )
    (folder / POOL).mkdir()
    size = copy_pictures(stimuli, folder / POOL, flat=True)
    table = _conditions(table_of(stimuli, trials), screen, how)
    people = table.of_each_participant()
    write_bytes(folder / POOL / "conditions.csv", table_csv(table))
    for number, rows in enumerate(people.values(), 1):
        write_bytes(folder / POOL / f"conditions_{number}.csv", table_csv(rows))
    source = "conditions_{subject_nr}.csv" if people else "conditions.csv"
    items = _items(screen, how, size, source, is_ordered=trials is not None, is_blocked=any(breaks(table, how)))
    keys = ",".join(f"{key}={answer}" for answer, key in screen.keys.items())
    write_bytes(folder / EXPERIMENT, (HEAD + "\n".join(_script({**SETTINGS, "answer_keys": keys}, items))).encode())
    write_readme(folder, "OpenSesame", stimuli, trials, _steps(list(people)), len(table.rows))


def _steps(people: Sequence[str]) -> list[str]:
    numbered = ", ".join(f"{number} is {name}" for number, name in enumerate(people[:3], 1))
    return [
        f"Open `{EXPERIMENT}` in OpenSesame 4, in this folder: `{POOL}/` beside it is its file pool.",
        "Press Run and give the participant's number" + (f": {numbered} …" if people else "."),
        "The results have all columns, `response` (the key), `response_time` (ms), `correct` (1 or 0), and "
        "`answer_keys`, which says what answer each key is.",
        f"`{FIXATION}` (ms) and `{REST}` (1: a break comes first) are columns of the conditions; all else is in the "
        "items.",
        "To run it in a browser (OSWeb), drag everything that is in the pool folder into the file pool and save it as "
        ".osexp first. OSWeb was not tried.",
        "Sizes are pixels of the screen; pictures are shown as they are, a whole number of times larger.",
    ]


def _conditions(table: Table, screen: Screen, how: Presentation) -> Table:
    """The table as OpenSesame takes it, and what else differs between trials."""
    table = table.renamed({"correct": "correct_response"}).changed(image_columns(table), flat_name)
    table = table.changed(["correct_response"], lambda answer: screen.keys.get(answer, answer))
    low, high = how.settings.fixation_ms
    chance = random.Random(len(table.rows))
    table = table.with_column(REST, breaks(table, how), len(table.columns))
    return table.with_column(FIXATION, [chance.randint(low, high) for _ in table.rows], len(table.columns))


Item = tuple[str, str, Sequence[str]]
"""Kind, name and lines."""


def _items(
    screen: Screen,
    how: Presentation,
    size: tuple[int, int],
    source: str,
    *,
    is_ordered: bool,
    is_blocked: bool,
) -> Iterator[Item]:
    texts, settings, (height, width) = how.texts, how.settings, size
    scale = shown_scale(size)
    below = round(-screen.below * height * scale)

    def picture(file: str, x: float = 0, y: float = 0, share: float = 1) -> str:
        # Down is positive here.
        at = f"x={round(x * width * scale)} y={round(-y * height * scale)}"
        return f'draw image center=1 file="{file}" scale={share * scale:g} show_if=True {at} z_index=0'

    def shown(one: Picture) -> str:
        return picture(f"{{{one.column}}}", one.x, one.y)

    go_on = f"[{texts.space}] {texts.go_on}"
    ends = [
        line
        for x, (image, caption) in zip((-ENDS_AT, ENDS_AT), screen.ends, strict=False)
        for line in (
            picture(flat_name(image), x, -ENDS_AT, ENDS),
            _text(caption, round(x * width * scale), round(-CAPTIONS_AT * height * scale)),
        )
    ]
    welcome = _text(
        f"{screen.instructions}\n\n{screen.hint()}\n\n{go_on}", 0, round(-TEXT_AT * height * scale) if ends else 0
    )
    keys = ";".join(screen.keys.values())
    yield "sequence", "experiment", _sequence({"welcome": "True", "space": "True", "trials": "True", "thanks": "True"})
    yield "sketchpad", "welcome", _sketchpad(0, [welcome, *ends])
    yield "keyboard_response", "space", _keyboard("space", None)
    yield (
        "loop",
        "trials",
        [
            "set source file",
            f'set source_file "{source}"',
            f"set order {'sequential' if is_ordered else 'random'}",
            *("set repeat 1", "set cycles 1", "set continuous no", "set break_if False", "set break_if_on_first yes"),
            *("set item trial", "run trial"),
        ],
    )
    first = {"first": "True", "gap": "True"} if screen.first else {}
    rest = {"rest": f"{REST} == 1", "rest_space": f"{REST} == 1"} if is_blocked else {}
    yield (
        "sequence",
        "trial",
        _sequence({**rest, "fixation": "True", **first, "target": "True", "answer": "True", "logger": "True"}),
    )
    if is_blocked:
        yield "sketchpad", "rest", _sketchpad(0, [_text(f"{texts.break_title}\n\n{go_on}")])
        # An item of its own: an answer that is waited for is the last one's.
        yield "keyboard_response", "rest_space", _keyboard("space", None)
    yield "sketchpad", "fixation", _sketchpad(f"{{{FIXATION}}}", [_text(texts.fixation)])
    if screen.first:
        yield "sketchpad", "first", _sketchpad(settings.first_ms, [picture(f"{{{screen.first.column}}}")])
        yield "sketchpad", "gap", _sketchpad(settings.isi_ms, [])
    hint = _text(screen.hint(), 0, below)
    yield "sketchpad", "target", _sketchpad(0, [*map(shown, screen.pictures), hint])
    yield "keyboard_response", "answer", _keyboard(keys, settings.timeout_ms)
    yield "logger", "logger", ["set auto_log yes"]
    yield "sketchpad", "thanks", _sketchpad(THANKS_MS, [_text(texts.end)])


def _script(settings: Mapping[str, object], items: Iterator[Item]) -> Iterator[str]:
    for name, value in settings.items():
        yield f"set {name} {_quoted(value)}"
    for kind, name, lines in items:
        yield ""
        yield f"define {kind} {name}"
        yield from (f"\t{line}" for line in lines)
    yield ""


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _text(text: str, x: int = 0, y: int = 0) -> str:
    """A text as HTML, in which no brace or bracket begins an expression."""
    told = html.escape(text, quote=False).translate({ord(mark): f"&#{ord(mark)};" for mark in "{}[]"})
    told = told.replace("\n", "<br />")
    return (
        f"draw textline center=1 color=white font_size=24 html=yes show_if=True text={_quoted(told)} "
        f"x={x} y={y} z_index=-1"
    )


def _sequence(items: Mapping[str, str]) -> list[str]:
    return ["set flush_keyboard yes", *(f"run {name} {_quoted(when)}" for name, when in items.items())]


def _sketchpad(duration: object, lines: Sequence[str]) -> list[str]:
    return ["set reset_variables no", "set start_response_interval no", f"set duration {_quoted(duration)}", *lines]


def _keyboard(keys: str, timeout: int | None) -> list[str]:
    return [
        f"set allowed_responses {_quoted(keys)}",
        f"set timeout {'infinite' if timeout is None else timeout}",
        *("set flush yes", "set event_type keypress", "set duration keypress"),
    ]
