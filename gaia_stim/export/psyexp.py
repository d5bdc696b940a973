"""A `.psyexp`, the XML that PsychoPy's Builder opens, runs, and exports to PsychoJS for Pavlovia.

Everything in it is called `gaia_…`: Builder makes a variable of each column of the conditions, and none of them may
meet one of these. Parameters that are not said have the defaults of whoever opens it, so old and new Builders do.

The trial's answers come into the results under the names that all our starters use: `response` (the answer, not the
key), `rt` in seconds, `started`. PsychoPy adds its own: the version, the frame rate, when each picture was seen.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from gaia_stim.export.folder import copy_pictures, task_record, write_conditions
from gaia_stim.export.linter import Table, check_own_names, table_of
from gaia_stim.export.masks import write_masks
from gaia_stim.export.settings import Presentation, Settings
from gaia_stim.export.trial_screens import (
    ADJUSTMENT,
    CAPTIONS_AT,
    ENDS,
    ENDS_AT,
    MARGIN,
    PREFIX,
    SMALL_ENDS_AT,
    TEXT_AT,
    Screen,
    breaks,
)
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

EXPERIMENT = "experiment.psyexp"
VERSION = "2023.2.0"
"""Of the format: older Builders say that they may not understand it."""
USUAL_HEIGHT = 1080
"""Lines of a screen."""
TEXT = 24
"""Height of letters, in pixels."""

Param = tuple[str, str, str]
"""Value, type and when it is updated."""


@dataclass(frozen=True)
class Look:
    """Sizes in the units of the window."""

    units: str
    width: float
    height: float
    text: float
    is_smooth: bool = False

    def at(self, x: float, y: float) -> str:
        """A place that is given in widths and heights, as Builder writes one; nearer where pictures have to be smaller
        than they are asked for, so that a trial is in the window."""
        return f"({x * self.width:.6g} * gaia_fit, {y * self.height:.6g} * gaia_fit)"


def write_experiment(
    stimuli: StimulusSet, folder: Path, trials: Trials | None, how: Presentation, screen: Screen
) -> tuple[Table, tuple[int, int]]:
    """The experiment and all that it needs, in a folder; returns the conditions, and a picture's height and width.

    Raises `DataError` where a name cannot be exported or a picture was changed.
    """
    table = table_of(stimuli, trials)
    size = copy_pictures(stimuli, folder)
    names = write_conditions(table, folder)
    if how.settings.mask != "none":
        write_masks(how.settings.mask, stimuli, folder)
    resources = [*names, *sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.png"))]
    write_json(folder / "resources.json", [{"name": path, "path": path} for path in resources])
    task = task_record(stimuli, trials, size)
    write_bytes(folder / EXPERIMENT, psyexp(screen, how, table, task, size, resources))
    return table, size


def psyexp(
    screen: Screen,
    how: Presentation,
    table: Table,
    task: Mapping[str, Any],
    size: tuple[int, int],
    resources: Sequence[str],
) -> bytes:
    """The file, for pictures of `size` (height, width in pixels).

    `table` is the conditions, `task` what `task_record` says; `resources` is what goes online with it.
    Raises `DataError` for a column that Builder would take for one of its own here.
    """
    check_own_names(table, PREFIX)
    look = _look(how.settings, size, task["scale"], screen)
    people = list(dict.fromkeys(str(one) for one in table.column("participant"))) if _has_people(table) else []
    root = ElementTree.Element("PsychoPy2experiment", encoding="utf-8", version=VERSION)
    _params(ElementTree.SubElement(root, "Settings"), _settings(how, look, people, resources))
    routines = ElementTree.SubElement(root, "Routines")
    has_breaks = any(breaks(table, how))
    setup = _setup(screen, people, task, _fit(screen, how, look, task))
    # First of all, for sizes and places are made of it.
    _routine(routines, "gaia_welcome", [_code("gaia_setup", setup), *_welcome(screen, how, look)])
    if how.texts.consent:
        _routine(routines, "gaia_consent", _consent(how, look))
    if has_breaks:
        _routine(routines, "gaia_rest", [_code("gaia_rested", _rest(table, how)), *_break(how, look)])
    _routine(routines, "gaia_before", _fixation(how, look))
    _routine(
        routines,
        "gaia_trial",
        [*_trial(screen, how, look), _code("gaia_answer", _answer(screen, how, task, "trial" in table.columns))],
    )
    _routine(routines, "gaia_thanks", [_text("gaia_thanks_text", how.texts.end, look, stop=2)])
    flow = ElementTree.SubElement(root, "Flow")
    for name in (*(["gaia_consent"] if how.texts.consent else []), "gaia_welcome"):
        ElementTree.SubElement(flow, "Routine", name=name)
    loop = ElementTree.SubElement(flow, "LoopInitiator", loopType="TrialHandler", name="gaia_trials")
    _params(loop, _loop(people))
    for name in (*(["gaia_rest"] if has_breaks else []), "gaia_before", "gaia_trial"):
        ElementTree.SubElement(flow, "Routine", name=name)
    ElementTree.SubElement(flow, "LoopTerminator", name="gaia_trials")
    ElementTree.SubElement(flow, "Routine", name="gaia_thanks")
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _has_people(table: Table) -> bool:
    return "participant" in table.columns


def _look(settings: Settings, size: tuple[int, int], scale: int, screen: Screen) -> Look:
    height, width = size
    # Where a trial is higher than most screens, its pictures will be smaller than a pixel of theirs each.
    is_large = screen.room(settings.show_ends)[1] * height * scale + MARGIN > USUAL_HEIGHT
    is_smooth = settings.resample != "nearest" or is_large
    if settings.degrees is None:
        return Look("pix", width * scale, height * scale, TEXT, is_smooth)
    each = settings.degrees / max(height, width)
    return Look("deg", width * each, height * each, 0.5, is_smooth)


# ---------------------------------------------------------------- the parts of the file
def _params(parent: ElementTree.Element, params: Mapping[str, Param]) -> None:
    for name, (value, kind, updates) in params.items():
        # As Builder itself keeps lines apart in an attribute.
        told = value.replace("\n", "&#10;")
        ElementTree.SubElement(parent, "Param", val=told, valType=kind, updates=updates, name=name)


Part = tuple[str, str, dict[str, Param]]
"""Kind of the component, its name and parameters."""


def _routine(routines: ElementTree.Element, name: str, parts: Iterable[Part]) -> None:
    routine = ElementTree.SubElement(routines, "Routine", name=name)
    for kind, called, params in parts:
        part = ElementTree.SubElement(routine, f"{kind}Component", name=called, plugin="None")
        _params(part, {**params, "name": (called, "code", "None")})


def _constant(value: object, kind: str = "str") -> Param:
    return str(value), kind, "constant"


def _each_time(value: str, kind: str = "str") -> Param:
    return value, kind, "set every repeat"


def _times(start: float, stop: float | str | None) -> dict[str, Param]:
    """From so many seconds after the routine's beginning on, for so many; None: to its end."""
    return {
        "startType": ("time (s)", "str", "None"),
        "startVal": (f"{start:g}", "code", "None"),
        "stopType": ("duration (s)", "str", "None"),
        "stopVal": ("" if stop is None else f"{stop:g}" if isinstance(stop, float | int) else stop, "code", "constant"),
    }


def _text(
    name: str, text: str, look: Look, at: str = "(0, 0)", start: float = 0, stop: float | str | None = None
) -> Part:
    params = {
        # A dollar makes code of a text.
        "text": _constant(text.replace("$", r"\$")),
        "letterHeight": _constant(f"{look.text:g}", "num"),
        "wrapWidth": _constant(f"{look.text * 40:g}", "num"),
        "pos": _constant(at, "list"),
        "color": _constant("white", "color"),
    }
    return "Text", name, {**params, **_times(start, stop)}


def _image(
    name: str, image: Param, look: Look, at: str, how: Presentation, start: float = 0, stop: float | None = None
) -> Part:
    params = {
        "image": image,
        "pos": _constant(at, "list"),
        "size": _constant(look.at(1, 1), "list"),
        "interpolate": _constant("linear" if look.is_smooth else "nearest"),
    }
    return "Image", name, {**params, **_times(start, stop)}


def _keyboard(
    name: str, keys: Sequence[str], start: float = 0, stop: float | None = None, *, many: bool = False
) -> Part:
    params = {
        "allowedKeys": _constant(", ".join(repr(key) for key in keys), "list"),
        "store": _constant("all keys" if many else "last key"),
        "forceEndRoutine": _constant(not many, "bool"),
        "discard previous": _constant(True, "bool"),
        "syncScreenRefresh": _constant(True, "bool"),
    }
    return "Keyboard", name, {**params, **_times(start, stop)}


def _code(name: str, parts: Mapping[str, str]) -> Part:
    kinds = {"Code Type": ("Both", "str", "None")}
    return "Code", name, {**kinds, **{when: _constant(code, "extendedCode") for when, code in parts.items()}}


def _page(name: str, text: str, how: Presentation, look: Look, at: str = "(0, 0)") -> list[Part]:
    """A text that stays until the space bar is pressed."""
    return [
        _text(f"{name}_text", f"{text}\n\n[{how.texts.space}] {how.texts.go_on}", look, at),
        _keyboard(f"{name}_key", ["space"]),
    ]


# ---------------------------------------------------------------- what is shown
def _settings(how: Presentation, look: Look, people: Sequence[str], resources: Sequence[str]) -> dict[str, Param]:
    asked = repr(people) if len(people) > 1 else repr(people[0] if people else "p01")
    return {
        "expName": ("experiment", "str", "None"),
        "Experiment info": (f"{{'participant': {asked}}}", "code", "None"),
        # The same in Python and in JavaScript.
        "Data filename": ("'data/' + expInfo['participant'] + '_' + expInfo['date']", "code", "None"),
        "Data file delimiter": ("comma", "str", "None"),
        "Save wide csv file": ("True", "bool", "None"),
        "Save excel file": ("False", "bool", "None"),
        "Save csv file": ("False", "bool", "None"),
        "Save psydat file": ("False", "bool", "None"),
        "Save log file": ("True", "bool", "None"),
        "Full-screen window": ("True", "bool", "None"),
        "Window size (pixels)": ("[1024, 768]", "list", "None"),
        "Units": (look.units, "str", "None"),
        "color": ("$[0,0,0]", "color", "None"),
        "colorSpace": ("rgb", "str", "None"),
        "Resources": (repr(list(resources)), "list", "None"),
        "End Message": (how.texts.end, "str", "None"),
    }


def _loop(people: Sequence[str]) -> dict[str, Param]:
    return {
        "name": ("gaia_trials", "code", "None"),
        "loopType": ("sequential" if people else "random", "str", "None"),
        "nReps": ("1", "num", "None"),
        "conditions": ("None", "str", "None"),
        "conditionsFile": ("$gaia_file" if len(people) > 1 else "conditions.csv", "file", "None"),
        "isTrials": ("True", "bool", "None"),
        "endPoints": ("[0, 1]", "num", "None"),
        "random seed": ("", "code", "None"),
        "Selected rows": ("", "str", "None"),
    }


def _welcome(screen: Screen, how: Presentation, look: Look) -> list[Part]:
    text = f"{screen.instructions}\n\n{screen.hint()}"
    parts = _page("gaia_welcome", text, how, look, look.at(0, TEXT_AT) if screen.ends else "(0, 0)")
    for number, (image, caption) in enumerate(screen.ends):
        x = ENDS_AT * (2 * number - 1)
        small, at = replace(look, width=ENDS * look.width, height=ENDS * look.height), look.at(x, -ENDS_AT)
        parts.insert(0, _image(f"gaia_end_{'ab'[number]}", _constant(image), small, at, how))
        parts.insert(1, _text(f"gaia_end_{'ab'[number]}_text", caption, look, look.at(x, CAPTIONS_AT)))
    return parts


def _consent(how: Presentation, look: Look) -> list[Part]:
    """What has to be agreed to; Escape, which ends every experiment of Builder, says no."""
    texts = how.texts
    choice = f"[{texts.space}] {texts.agree}     [ESC] {texts.disagree}"
    return [
        _text("gaia_consent_text", f"{texts.consent_title}\n\n{texts.consent}\n\n{choice}", look),
        _keyboard("gaia_consent_key", ["space"]),
    ]


def _break(how: Presentation, look: Look) -> list[Part]:
    """A page that can be left after so many seconds."""
    texts, seconds = how.texts, how.settings.break_seconds
    below = look.at(0, -0.5)
    wait = texts.break_wait.replace("{seconds}", str(seconds))
    return [
        _text("gaia_rest_text", texts.break_title, look),
        *([_text("gaia_rest_wait", wait, look, below, stop=seconds)] if seconds else []),
        _text("gaia_rest_go_on", f"[{texts.space}] {texts.go_on}", look, below, start=seconds),
        _keyboard("gaia_rest_key", ["space"], start=seconds),
    ]


def _fixation(how: Presentation, look: Look) -> list[Part]:
    low, high = (milliseconds / 1000 for milliseconds in how.settings.fixation_ms)
    wait = {
        "Begin Routine": f"gaia_wait = {low:g} + {high - low:g} * random()",
        "Begin JS Routine": f"gaia_wait = {low:g} + {high - low:g} * Math.random();",
        "Before JS Experiment": "var gaia_wait;",
    }
    return [_code("gaia_waiting", wait), _text("gaia_cross", how.texts.fixation, look, stop="gaia_wait")]


def _trial(screen: Screen, how: Presentation, look: Look) -> list[Part]:
    settings, parts = how.settings, []
    start = 0.0
    if screen.first is not None:
        stop = (settings.first_ms if settings.duration_ms is None else settings.duration_ms) / 1000
        column = screen.first.column
        parts += [_image("gaia_first", _each_time(f"${column}"), look, "(0, 0)", how, 0, stop)]
        start = stop + settings.isi_ms / 1000
        if settings.mask != "none":
            masked = settings.mask_ms / 1000
            parts += [_image("gaia_first_mask", _each_time(_mask_of(column)), look, "(0, 0)", how, stop, masked)]
            start += masked
    timeout = None if settings.timeout_ms is None else settings.timeout_ms / 1000
    duration = timeout if settings.duration_ms is None else settings.duration_ms / 1000
    for picture in screen.pictures:
        at, name = look.at(picture.x, picture.y), f"gaia_show_{picture.place or 'it'}"
        parts += [_image(name, _each_time(f"${picture.column}"), look, at, how, start, duration)]
        if settings.mask != "none" and settings.duration_ms is not None:
            mask = _each_time(_mask_of(picture.column))
            parts += [_image(f"{name}_mask", mask, look, at, how, start + (duration or 0), settings.mask_ms / 1000)]
    if settings.show_ends:
        parts += _small_ends(screen, look, how, start, timeout)
    if screen.asked:
        above = look.at(0, screen.above(settings.show_ends))
        parts += [_text("gaia_question", screen.asked, look, above, start, timeout)]
    parts += [_text("gaia_hint", screen.hint(), look, look.at(0, screen.below), start, timeout)]
    is_adjusted = screen.look == ADJUSTMENT
    parts += [_keyboard("gaia_key", list(screen.keys.values()), start, timeout, many=is_adjusted)]
    return parts


def _small_ends(screen: Screen, look: Look, how: Presentation, start: float, timeout: float | None) -> Iterator[Part]:
    """A and B above the pictures, half as large."""
    half = replace(look, width=look.width / 2, height=look.height / 2)
    for number, (image, caption) in enumerate(screen.ends):
        x, name = ENDS_AT * (2 * number - 1), f"gaia_small_{'ab'[number]}"
        yield _image(name, _constant(image), half, look.at(x, SMALL_ENDS_AT), how, start, timeout)
        yield _text(f"{name}_text", caption, look, look.at(x, 0.65), start, timeout)


def _mask_of(column: str) -> str:
    """`masks/ID.png` for `stimuli/ID.png`, in both languages."""
    return f"${column}.replace('stimuli/', 'masks/')"


# ---------------------------------------------------------------- what it does, in Python and in JavaScript
Both = tuple[list[str], list[str]]
"""Lines of Python, and of JavaScript that do the same."""


def _fit(screen: Screen, how: Presentation, look: Look, task: Mapping[str, Any]) -> Both:
    """`gaia_fit`: 1, or how much smaller pictures have to be so that all of a trial is in the window; and what the
    results say of their size, `gaia_each`: pixels of the screen for each of theirs."""
    wide, high = screen.room(how.settings.show_ends)
    scale = task["scale"]
    room = f"{wide * look.width:.6g}", f"{high * look.height:.6g}"
    script = [
        "gaia_fit = psychoJS.window.size;",
        f"gaia_fit = Math.min(1, gaia_fit[0] / {room[0]}, (gaia_fit[1] - {MARGIN}) / {room[1]});",
        f"if (gaia_fit * {scale} >= 1) gaia_fit = Math.floor(gaia_fit * {scale}) / {scale};",
        f"gaia_each = gaia_fit * {scale};",
    ]
    if look.units == "pix":
        python = [
            f"gaia_fit = min(1, win.size[0] / {room[0]}, (win.size[1] - {MARGIN}) / {room[1]})",
            f"if gaia_fit * {scale} >= 1:  # squares of the screen",
            f"    gaia_fit = int(gaia_fit * {scale}) / {scale}",
            f"gaia_each = gaia_fit * {scale}",
        ]
    else:
        pixels = [f"deg2pix({one}, win.monitor)" for one in (*room, f"{look.width:.6g}")]
        python = [
            "from psychopy.tools.monitorunittools import deg2pix",
            f"gaia_fit = min(1, win.size[0] / {pixels[0]}, (win.size[1] - {MARGIN}) / {pixels[1]})",
            f"gaia_each = gaia_fit * {pixels[2]} / {task['width']}",
        ]
    return python, script


def _setup(screen: Screen, people: Sequence[str], task: Mapping[str, Any], fit: Both) -> dict[str, str]:
    answers = json.dumps({key: answer for answer, key in screen.keys.items()})
    line = json.dumps(task["continuum"])
    lists = json.dumps(list(people))
    python = ["gaia_started = 'at_' + data.getDateStr(format='%Y%m%d_%H%M%S')", f"gaia_answers = {answers}"]
    before = [
        f"var gaia_answers = {answers};",
        "var gaia_started, gaia_file, gaia_list, gaia_at, gaia_seen, gaia_block, gaia_fit, gaia_each, gaia_frames;",
    ]
    script = ["gaia_started = 'at_' + new Date().toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);"]
    if screen.look == ADJUSTMENT:
        python.append(f"gaia_line = {line}")
        before.append(f"var gaia_line = {line};")
    if len(people) > 1:
        # Somebody who is not in the design, as everybody is who comes from Prolific, gets one of its lists.
        python += [
            f"gaia_lists = {lists}",
            "gaia_list = str(expInfo['participant'])",
            "if gaia_list not in gaia_lists:",
            "    gaia_list = gaia_lists[sum(map(ord, gaia_list)) % len(gaia_lists)]",
            "gaia_file = 'conditions_' + gaia_list + '.csv'",
        ]
        before.append(f"var gaia_lists = {lists};")
        script += [
            "gaia_list = String(expInfo['participant']);",
            "if (!gaia_lists.includes(gaia_list)) {",
            "  gaia_list = gaia_lists[Array.from(gaia_list).reduce("
            "(sum, letter) => sum + letter.codePointAt(0), 0) % gaia_lists.length];",
            "}",
            "gaia_file = 'conditions_' + gaia_list + '.csv';",
        ]
    return {
        "Begin Experiment": "\n".join([*fit[0], *python]),
        "Before JS Experiment": "\n".join(before),
        "Begin JS Experiment": "\n".join([*fit[1], *script]),
    }


def _rest(table: Table, how: Presentation) -> dict[str, str]:
    """A break before the first trial of each block but the first, or after so many trials that are no practice."""
    every = how.settings.break_every
    if every is None:
        python = "continueRoutine = gaia_block is not None and gaia_block != block\ngaia_block = block"
        script = "continueRoutine = gaia_block !== undefined && gaia_block !== block;\ngaia_block = block;"
        return {"Begin Experiment": "gaia_block = None", "Begin Routine": python, "Begin JS Routine": script}
    is_real = "phase {} 'practice'" if "phase" in table.columns else "1 {} 0"
    python, script = is_real.format("!="), is_real.format("!==")
    return {
        "Begin Experiment": "gaia_begun = False\ngaia_done = 0",
        "Begin Routine": f"continueRoutine = gaia_begun and {python} and gaia_done % {every} == 0\n"
        f"gaia_begun = True\ngaia_done += int({python})",
        "Before JS Experiment": "var gaia_begun = false, gaia_done = 0;",
        "Begin JS Routine": f"continueRoutine = gaia_begun && {script} && gaia_done % {every} === 0;\n"
        f"gaia_begun = true;\ngaia_done += Number({script});",
    }


def _answer(screen: Screen, how: Presentation, task: Mapping[str, Any], is_numbered: bool) -> dict[str, str]:
    """What the keys do and mean, for how many frames the pictures were there, and how large; the trial's number where
    the conditions have none."""
    code = _adjusted(screen, task["wheel"]) if screen.look == ADJUSTMENT else _chosen()
    picture = f"gaia_show_{screen.pictures[0].place or 'it'}"
    counted = {
        "Begin Routine": "gaia_frames = 0",
        "Begin JS Routine": "gaia_frames = 0;",
        # Drawn, and there with the next flip, unless the trial has just been answered.
        "Each Frame": f"if continueRoutine and {picture}.status == STARTED:\n    gaia_frames += 1",
        "Each JS Frame": f"if (continueRoutine && {picture}.status === PsychoJS.Status.STARTED) gaia_frames += 1;",
    }
    for when, line in counted.items():
        code[when] = "\n".join(filter(None, (code.get(when), line)))
    more = {"frames": "gaia_frames", "device_pixels": "gaia_each", "started": "gaia_started"}
    if how.settings.degrees is not None:
        more["degrees"] = f"{how.settings.degrees:g} * gaia_fit"
    if not is_numbered:
        more["trial"] = "gaia_trials.thisN + 1"
    for name, value in more.items():
        code["End Routine"] += f"thisExp.addData('{name}', {value})\n"
        code["End JS Routine"] += f"psychoJS.experiment.addData('{name}', {value});\n"
    return code


def _chosen() -> dict[str, str]:
    return {
        "End Routine": "thisExp.addData('response', gaia_answers.get(str(gaia_key.keys), ''))\n"
        "thisExp.addData('rt', gaia_key.rt if gaia_key.keys else '')\n",
        "End JS Routine": "psychoJS.experiment.addData('response', gaia_answers[gaia_key.keys] || '');\n"
        "psychoJS.experiment.addData('rt', gaia_key.keys ? gaia_key.rt : '');\n",
    }


def _adjusted(screen: Screen, is_wheel: bool) -> dict[str, str]:
    """The keys walk along the continuum, or round it; the last one takes the picture that is shown."""
    second = screen.pictures[1].column
    python, script = (
        ("gaia_at % len(gaia_line)", "(gaia_at + gaia_line.length) % gaia_line.length")
        if is_wheel
        else ("min(max(gaia_at, 0), len(gaia_line) - 1)", "Math.min(Math.max(gaia_at, 0), gaia_line.length - 1)")
    )
    return {
        "Begin Routine": f"gaia_at = [image for _, image in gaia_line].index({second})\ngaia_seen = 0",
        "Each Frame": f"""\
for gaia_pressed in list(gaia_key.keys or [])[gaia_seen:]:
    gaia_seen += 1
    if gaia_answers[gaia_pressed] == 'done':
        continueRoutine = False
        break
    gaia_at += 1 if gaia_answers[gaia_pressed] == 'more' else -1
    gaia_at = {python}
    gaia_show_b.setImage(gaia_line[gaia_at][1])""",
        # A key may follow in the very frame of the last one: what counts is what was taken.
        "End Routine": "gaia_is_done = gaia_seen > 0 and gaia_answers[gaia_key.keys[gaia_seen - 1]] == 'done'\n"
        "thisExp.addData('response', gaia_line[gaia_at][0] if gaia_is_done else '')\n"
        "thisExp.addData('rt', gaia_key.rt[gaia_seen - 1] if gaia_is_done else '')\n",
        "Begin JS Routine": f"gaia_at = gaia_line.findIndex((one) => one[1] === {second});\ngaia_seen = 0;",
        "Each JS Frame": f"""\
for (const pressed of Array.from(gaia_key.keys || []).slice(gaia_seen)) {{
  gaia_seen += 1;
  if (gaia_answers[pressed] === 'done') {{
    continueRoutine = false;
    break;
  }}
  gaia_at += gaia_answers[pressed] === 'more' ? 1 : -1;
  gaia_at = {script};
  gaia_show_b.setImage(gaia_line[gaia_at][1]);
}}""",
        "End JS Routine": "const gaia_pressed = Array.from(gaia_key.keys || []);\n"
        "const gaia_is_done = gaia_answers[gaia_pressed[gaia_seen - 1]] === 'done';\n"
        "psychoJS.experiment.addData('response', gaia_is_done ? gaia_line[gaia_at][0] : '');\n"
        "psychoJS.experiment.addData('rt', gaia_is_done ? gaia_key.rt[gaia_seen - 1] : '');\n",
    }
