"""OpenSesame: an experiment as a plain-text `.osexp`, with all that it shows in `__pool__/` beside it.

OpenSesame takes that folder for a file pool, which has no folders, so that pictures are named without one. Of several
participants each has a file by number, which is what OpenSesame asks for. `correct` becomes `correct_response`, which
OpenSesame scores by, and so is a key; its own `correct` says whether an answer was right. What differs from trial
to trial and is not in the design (the cross's duration, whether there is a break) are columns beside it.
"""

import html
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gaia_stim.export.folder import copy_pictures, shown_scale, task_record, write_readme
from gaia_stim.export.formats import table_csv
from gaia_stim.export.linter import Table, flat_name, image_columns, table_of
from gaia_stim.export.settings import Presentation, presentation
from gaia_stim.export.trial_screens import (
    ADJUSTMENT,
    CAPTIONS_AT,
    ENDS,
    ENDS_AT,
    MARGIN,
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
WINDOW = (1024, 768)
"""Width and height in pixels."""
SETTINGS = {
    "title": "Experiment",
    "start": "experiment",
    "width": WINDOW[0],
    "height": WINDOW[1],
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
ADJUST = """\
# What a script calls something is a variable of the experiment's, but for what is inside a function.
def gaia_adjust():
    line = {line}
    answers = {answers}
    places = {places}
    texts = {texts}
    timeout = {timeout}
    keyboard = Keyboard(keylist=list(answers))
    at = [image for _, image in line].index(var.{second})
    began, answer = None, ''
    keyboard.flush()
    while answer != 'done':
        canvas = Canvas()
        for (x, y), image in zip(places, (var.{first}, line[at][1])):
            canvas.image(pool[image], x=x, y=y, scale={scale})
        for text, y in texts:
            canvas.text(text, x=0, y=y)
        shown = canvas.show()
        began = shown if began is None else began
        left = None if timeout is None else max(1, timeout - (clock.time() - began))
        key, pressed = keyboard.get_key(timeout=left)
        answer = answers.get(key, 'late')
        if answer == 'late':
            break
        if answer != 'done':
            at += 1 if answer == 'more' else -1
            at = {step}
    var.response = line[at][0] if answer == 'done' else ''
    var.response_time = pressed - began
    var.correct = ''
gaia_adjust()
"""


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None, *, how: Presentation | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    how = how or presentation(stimuli, trials)
    screen = screen_of(stimuli, trials, how, "opensesame")
    (folder / POOL).mkdir()
    size = copy_pictures(stimuli, folder / POOL, flat=True)
    table = _conditions(table_of(stimuli, trials), screen, how)
    people = table.of_each_participant()
    write_bytes(folder / POOL / "conditions.csv", table_csv(table))
    for number, rows in enumerate(people.values(), 1):
        write_bytes(folder / POOL / f"conditions_{number}.csv", table_csv(rows))
    source = "conditions_{subject_nr}.csv" if people else "conditions.csv"
    task = task_record(stimuli, trials, size)
    scale = _scale(screen, size)
    items = _items(screen, how, task, source, scale, is_ordered=trials is not None, is_blocked=any(breaks(table, how)))
    keys = ",".join(f"{key}={answer}" for answer, key in screen.keys.items())
    write_bytes(folder / EXPERIMENT, (HEAD + "\n".join(_script({**SETTINGS, "answer_keys": keys}, items))).encode())
    write_readme(folder, "OpenSesame", stimuli, trials, _steps(list(people), size, scale), len(table.rows))


def _scale(screen: Screen, size: tuple[int, int]) -> float:
    """How many times as large pictures are shown: so that all of a trial is in the window."""
    (wide, high), (height, width), scale = screen.room(), size, shown_scale(size)
    fits = min(scale, WINDOW[0] / (wide * width), (WINDOW[1] - MARGIN) / (high * height))
    return int(fits) if fits >= 1 else fits


def _steps(people: Sequence[str], size: tuple[int, int], scale: float) -> list[str]:
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
        f"Sizes are pixels of the screen, in a window of {WINDOW[0]} x {WINDOW[1]}: pictures of {size[1]} x {size[0]} "
        f"are shown {scale:.4g} times as large, so that all of a trial is in it.",
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
    task: Mapping[str, Any],
    source: str,
    scale: float,
    *,
    is_ordered: bool,
    is_blocked: bool,
) -> Iterator[Item]:
    texts, settings, height, width = how.texts, how.settings, task["height"], task["width"]
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
    answer = "adjust" if screen.look == ADJUSTMENT else "answer"
    target = {} if screen.look == ADJUSTMENT else {"target": "True"}
    rest = {"rest": f"{REST} == 1", "rest_space": f"{REST} == 1"} if is_blocked else {}
    yield (
        "sequence",
        "trial",
        _sequence({**rest, "fixation": "True", **first, **target, answer: "True", "logger": "True"}),
    )
    if is_blocked:
        yield "sketchpad", "rest", _sketchpad(0, [_text(f"{texts.break_title}\n\n{go_on}")])
        # An item of its own: an answer that is waited for is the last one's.
        yield "keyboard_response", "rest_space", _keyboard("space", None)
    yield "sketchpad", "fixation", _sketchpad(f"{{{FIXATION}}}", [_text(texts.fixation)])
    if screen.first:
        yield "sketchpad", "first", _sketchpad(settings.first_ms, [picture(f"{{{screen.first.column}}}")])
        yield "sketchpad", "gap", _sketchpad(settings.isi_ms, [])
    above = round(-screen.above() * height * scale)
    if screen.look == ADJUSTMENT:
        yield "inline_script", "adjust", _adjust(screen, task, settings.timeout_ms, scale, (above, below))
    else:
        asked = [_text(screen.asked, 0, above)] if screen.asked else []
        hint = _text(screen.hint(), 0, below)
        yield "sketchpad", "target", _sketchpad(0, [*map(shown, screen.pictures), *asked, hint])
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


def _adjust(
    screen: Screen, task: Mapping[str, Any], timeout: int | None, scale: float, lines: tuple[int, int]
) -> list[str]:
    """The keys walk along the continuum, or round it; the last one takes the picture that is shown."""
    first, second = screen.pictures
    places = [(round(one.x * task["width"] * scale), round(-one.y * task["height"] * scale)) for one in (first, second)]
    code = ADJUST.format(
        line=json.dumps([[place, flat_name(image)] for place, image in task["continuum"]]),
        answers=json.dumps({key: answer for answer, key in screen.keys.items()}),
        places=places,
        first=first.column,
        second=second.column,
        texts=[(_as_html(screen.asked), lines[0]), (_as_html(screen.hint()), lines[1])],
        scale=f"{scale:g}",
        timeout=timeout,
        step="at % len(line)" if task["wheel"] else "min(max(at, 0), len(line) - 1)",
    )
    return ["___run__", *code.splitlines(), "__end__"]


def _as_html(text: str) -> str:
    """In which no brace or bracket begins an expression."""
    told = html.escape(text, quote=False).translate({ord(mark): f"&#{ord(mark)};" for mark in "{}[]"})
    return told.replace("\n", "<br />")


def _text(text: str, x: int = 0, y: int = 0) -> str:
    return (
        f"draw textline center=1 color=white font_size=24 html=yes show_if=True text={_quoted(_as_html(text))} "
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
