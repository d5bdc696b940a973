"""lab.js: a study that its builder opens, with all pictures in it, and the table and pictures beside it.

The file is the builder's own, of version 20.2.4, which later builders bring up to date: components by id, each a record
of what its tabs say. A row of the loop is a trial; whether a break comes before it is a column beside the design's.
What participants answer comes back in `response` as the answer, not the key.
"""

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gaia_stim.export.folder import copy_pictures, task_record, write_conditions, write_readme
from gaia_stim.export.linter import Cell, Table, check_own_names, table_of
from gaia_stim.export.settings import Presentation, presentation
from gaia_stim.export.trial_screens import (
    ADJUSTMENT,
    MARGIN,
    PREFIX,
    SMALL_ENDS_AT,
    Picture,
    Screen,
    breaks,
    screen_of,
)
from gaia_stim.files import write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

STUDY = "experiment.study.json"
VERSION = [20, 2, 4]
REST, WHO = f"{PREFIX}rest", f"{PREFIX}participant"
"""Columns: 1 where a break comes before the trial; who takes part, as it was typed in."""
KEY_NAMES = {
    "return": "Enter",
    "space": "Space",
    **{name: f"Arrow{name.title()}" for name in ("up", "down", "left", "right")},
}
THANKS_MS = 2000
LIBRARY = {
    "lib/lab.js": "application/javascript",
    "lib/lab.js.map": "text/plain",
    "lib/lab.fallback.js": "application/javascript",
    "lib/lab.legacy.js": "application/javascript",
    "lib/lab.legacy.js.map": "text/plain",
    "lib/lab.css": "text/css",
    "lib/loading.svg": "image/svg+xml",
}
"""What the builder itself puts beside a study."""
PAGE = """\
<!doctype html>
<html>
<head>
  <meta charset="utf-8">
  <title>Experiment</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  ${ header }
</head>
<body>
  <div class="container fullscreen" data-labjs-section="main"></div>
</body>
</html>
"""
STYLE = """\
body, .container, .container.fullscreen { background: #808080; color: #000; }
.container.fullscreen { border: none; }
.gaia-page { max-width: 40em; margin: auto; padding: 1em; text-align: center; white-space: pre-line; }
.gaia-trial { position: absolute; inset: 0; text-align: center; }
.gaia-trial > * { position: absolute; transform: translate(-50%, -50%); margin: 0; }
.gaia-cross { left: 50%; top: 50%; font-size: 32px; }
figure { display: inline-block; }
.gaia-hint { left: 50%; width: 100%; }
button { font-size: 1em; padding: 0.4em 0.8em; margin: 0.2em; background: #fff; color: #000; border: 1px solid #000; }
"""
OWN_TRIALS = f"""\
// Somebody who is not in the design, as everybody is who comes from Prolific, gets one of its lists.
const rows = this.options.templateParameters;
const who = String(this.state.{WHO} || "").trim();
const lists = Array.from(new Set(rows.map((row) => row.participant)));
const sum = Array.from(who).reduce((sum, letter) => sum + letter.codePointAt(0), 0);
const list = lists.includes(who) ? who : lists[sum % lists.length];
this.options.templateParameters = rows
  .filter((row) => row.participant === list)
  .map((row) => ({{ ...row, participant: who || list }}));
"""
FROM_ADDRESS = f"""\
// The address may say who comes: ?participant=p01, or as Prolific, SONA and MTurk say it.
const from = new URLSearchParams(window.location.search);
const who = ["participant", "PROLIFIC_PID", "workerId"].map((name) => from.get(name)).find(Boolean);
if (who) document.querySelector('input[name="{WHO}"]').value = who;
"""
FIT = f"""\
// Pictures are so small that all of a trial is in the window; the results say how large they were.
const fit = Math.min(1, innerWidth / WIDE, (innerHeight - {MARGIN}) / HIGH);
document.documentElement.style.setProperty("--fit", fit);
this.data.device_pixels = SCALE * fit * devicePixelRatio;
"""
ADJUST = f"""\
// The keys walk along the line, or round it where it is a wheel; the last one takes the picture that is shown.
const line = LINE, answers = KEYS, is_wheel = WHEEL;
let at = line.findIndex((one) => one[1] === this.parameters.IMAGE);
const go = (answer, event) => {{
  if (answer === "done") {{
    this.respond(String(line[at][0]), {{ timestamp: event.timeStamp, action: event.type }});
    return;
  }}
  at += answer === "more" ? 1 : -1;
  at = is_wheel ? (at + line.length) % line.length : Math.min(Math.max(at, 0), line.length - 1);
  document.querySelector("[data-place=b]").src = line[at][1];
}};
this.{PREFIX}key = (event) => {{
  if (answers[event.key]) {{
    event.preventDefault();
    go(answers[event.key], event);
  }}
}};
document.addEventListener("keydown", this.{PREFIX}key);
document.querySelectorAll("[data-answer]").forEach((button) => {{
  button.addEventListener("click", (event) => go(button.dataset.answer, event));
}});
"""
ADJUSTED = f"""document.removeEventListener("keydown", this.{PREFIX}key);"""

Part = dict[str, Any]
"""A component, as the builder has it."""


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None, *, how: Presentation | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    how = how or presentation(stimuli, trials)
    screen = screen_of(stimuli, trials, how, "labjs")
    table = table_of(stimuli, trials)
    check_own_names(table, PREFIX)
    size = copy_pictures(stimuli, folder)
    names = write_conditions(table, folder)
    record = task_record(stimuli, trials, size)
    height, width = (side * record["scale"] for side in size)
    images = [row.image for row in stimuli.rows()]
    made = Study(screen, how, (height, width), record, images)
    parts = made.components(table, stimuli.name, is_ordered=trials is not None)
    files = {
        "index.html": _text_file(PAGE, "text/html"),
        "style.css": _text_file(STYLE, "text/css"),
        **{image: _picture_file(folder / image) for image in images},
    }
    bundled = {name: {"type": kind} for name, kind in LIBRARY.items()}
    content = {"components": parts, "version": VERSION, "files": {"files": files, "bundledFiles": bundled}}
    write_json(folder / STUDY, content)
    write_readme(folder, "lab.js", stimuli, trials, _steps(names[0], how), len(table.rows))


def _steps(conditions: str, how: Presentation) -> list[str]:
    return [
        f"In lab.js's builder (https://labjs.felixhenninger.com), open `{STUDY}`; all pictures are in it.",
        "Press the arrow to preview it; it asks who takes part, shows every row and takes a key, a click or a tap.",
        "Export it from the builder: for offline use, JATOS, Pavlovia, Qualtrics or a server of your own.",
        "Unknown participants get one of the design's lists. In an address, `?participant=p01` or `PROLIFIC_PID` "
        f"fills in the name; `{REST}` (1: a break comes first) is a column of the loop.",
        "The results have a row for each screen. Those with a `response` (the answer, not the key; `duration` is in "
        "ms) are trials: `gaia-stim scale RESULTS.csv` reads them as they are. A design's `correct` is in "
        "`correctResponse`, and `correct` says whether it was answered.",
        "Sizes are pixels of the page; small pictures are shown a whole number of times larger, and all smaller where "
        "a trial is not in the window otherwise (`device_pixels`). lab.js says when it showed a screen (`time_show`), "
        "not in which frame it was seen.",
        f"Pictures are made for a display that is {how.settings.display}; a browser changes nothing of it.",
        f"For a study of your own: `{conditions}` is read by the arrow above a loop's grid (Import CSV).",
    ]


def _text_file(text: str, kind: str) -> Part:
    return {"content": f"data:{kind},{quote(text, safe='')}", "source": "library"}


def _picture_file(path: Path) -> Part:
    """A file as data; what is not `embedded` is kept though no component lists it."""
    kind = path.suffix.lower().removeprefix(".").replace("jpg", "jpeg")
    return {"content": f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}", "source": "static"}


def _plain(text: str) -> str:
    """A text as HTML, in which no dollar begins an expression."""
    return html.escape(text).replace("$", "&#36;")


def _part(kind: str, title: str, **more: Any) -> Part:
    return {
        "type": f"lab.{kind}",
        "title": title,
        "files": [],
        "parameters": [],
        "responses": [],
        "messageHandlers": [],
        **more,
    }


def _script(message: str, code: str) -> dict[str, str]:
    return {"title": "gaia-stim", "message": message, "code": code}


def _response(label: str, event: str, target: str = "", key: str = "") -> dict[str, str]:
    return {"label": label, "event": event, "target": target, "filter": key}


def _key(key: str) -> str:
    """As the browser calls it; a letter with and without the shift key."""
    return f"{key},{key.upper()}" if len(key) == 1 and key.isalpha() else KEY_NAMES.get(key, key)


class Study:
    """The components of one; `size` is a picture's on the page, in pixels."""

    def __init__(
        self,
        screen: Screen,
        how: Presentation,
        size: tuple[int, int],
        task: Mapping[str, Any],
        images: Sequence[str],
    ) -> None:
        self.screen, self.how, self.texts = screen, how, how.texts
        self.height, self.width = size
        self.task, self.images = task, images

    def components(self, table: Table, title: str, *, is_ordered: bool) -> dict[str, Part]:
        """By id, the root and all below it."""
        has_rest = any(breaks(table, self.how))
        trial = _part("flow.Sequence", "Trial", children=list(self._trial("correct" in table.columns, rest=has_rest)))
        loop = _part(
            "flow.Loop",
            "Trials",
            children=[trial],
            # It is made when it begins, for then it is known who takes part.
            tardy=True,
            sample={"mode": "sequential" if is_ordered else "draw-shuffle"},
            templateParameters=_grid(table.with_column(REST, breaks(table, self.how), len(table.columns))),
            messageHandlers=[_script("before:prepare", OWN_TRIALS)],
        )
        thanks = self._page("Thanks", _plain(self.texts.end), timeout=str(THANKS_MS))
        root = _part("flow.Sequence", "root", children=[*self._beginning(), loop, thanks])
        root |= {
            "plugins": [{"type": "lab.plugins.Metadata"}],
            "metadata": {"title": title, "description": "Made by gaia-stim", "repository": "", "contributors": ""},
            "media": {"images": list(self.images), "audio": []},
        }
        return dict(_numbered("root", root, iter(range(1, 1000))))

    # ------------------------------------------------------------ pages
    def _page(self, title: str, content: str, **more: Any) -> Part:
        return _part("html.Screen", title, content=f'<main><div class="gaia-page">{content}</div></main>', **more)

    def _go_on(self, title: str, content: str, button: str) -> Part:
        """A page until the space bar or its button is pressed; its response is empty, for it is no trial's."""
        told = f"{content}\n\n<button data-go>[{_plain(self.texts.space)}] {_plain(button)}</button>"
        taken = [_response("", "keydown", key="Space"), _response("", "click", "[data-go]")]
        return self._page(title, told, responses=taken)

    def _beginning(self) -> Iterator[Part]:
        texts = self.texts
        if texts.consent:
            yield self._page(
                "Consent",
                f"<h1>{_plain(texts.consent_title)}</h1>{_plain(texts.consent)}\n\n"
                f"<button data-agree>{_plain(texts.agree)}</button> <button data-not>{_plain(texts.disagree)}</button>",
                responses=[_response("agree", "click", "[data-agree]"), _response("disagree", "click", "[data-not]")],
            )
            # It never ends.
            yield self._page(
                "Declined", _plain(texts.declined), tardy=True, skip='${ this.state.response !== "disagree" }'
            )
        yield _part(
            "html.Form",
            "Participant",
            content=f'<main><form class="gaia-page"><label>{_plain(texts.participant)} <input name="{WHO}" required '
            f'autofocus autocomplete="off"></label> <button type="submit">{_plain(texts.start)}</button></form></main>',
            messageHandlers=[_script("render", FROM_ADDRESS)],
        )
        yield self._go_on("Instructions", f"{_plain(self.screen.instructions)}{self._ends()}", texts.ready)

    def _ends(self) -> str:
        """A and B with their captions, side by side."""
        told = "".join(
            f"<figure>{self._image(image)}<figcaption>{_plain(caption)}</figcaption></figure>"
            for image, caption in self.screen.ends
        )
        return f"<div>{told}</div>" if told else ""

    def _rests(self) -> Iterator[Part]:
        """A break, where the trial's row says so: for so many seconds at least."""
        skip = f"${{ this.parameters.{REST} !== 1 }}"
        seconds = self.how.settings.break_seconds
        title = f"<h1>{_plain(self.texts.break_title)}</h1>"
        if seconds:
            wait = _plain(self.texts.break_wait.replace("{seconds}", str(seconds)))
            yield self._page("Break", f"{title}{wait}", timeout=str(1000 * seconds), skip=skip)
        yield self._go_on("End of break", title, self.texts.go_on) | {"skip": skip}

    # ------------------------------------------------------------ a trial
    def _trial(self, has_correct: bool, *, rest: bool) -> Iterator[Part]:
        settings, screen = self.how.settings, self.screen
        if rest:
            yield from self._rests()
        low, high = settings.fixation_ms
        cross = f'<p class="gaia-cross">{_plain(self.texts.fixation)}</p>'
        if high:
            wait = str(low) if low == high else f"${{ this.random.range({low}, {high + 1}) }}"
            yield self._shown("Fixation", cross, timeout=wait)
        if screen.first:
            yield self._shown("First", self._at(screen.first), timeout=str(settings.first_ms))
            if settings.isi_ms:
                yield self._shown("Gap", "", timeout=str(settings.isi_ms))
        yield self._asked(has_correct)

    def _asked(self, has_correct: bool) -> Part:
        settings, screen = self.how.settings, self.screen
        pictures = "".join(map(self._at, screen.pictures))
        above = f"top: {_from_centre(-screen.above(settings.show_ends) * self.height)}"
        asked = f'<p class="gaia-hint" style="{above}">{_plain(screen.asked)}</p>' if screen.asked else ""
        below = f"top: {_from_centre(-screen.below * self.height)}"
        keys = "".join(
            f'<button data-answer="{answer}">[{_plain(key.upper())}] {_plain(screen.words[answer])}</button>'
            for answer, key in screen.keys.items()
        )
        ends = self._small_ends() if settings.show_ends else ""
        more: Part = {} if settings.timeout_ms is None else {"timeout": str(settings.timeout_ms)}
        if has_correct:
            more["correctResponse"] = "${ this.parameters.correct }"
        if screen.look == ADJUSTMENT:
            more["messageHandlers"] = [_script("render", self._fit() + self._adjust()), _script("end", ADJUSTED)]
        else:
            more["responses"] = [
                taken
                for answer, key in screen.keys.items()
                for taken in (
                    _response(answer, "keydown", key=_key(key)),
                    _response(answer, "click", f'[data-answer="{answer}"]'),
                )
            ]
        return self._shown(
            "Trial", f'{asked}{pictures}{ends}<div class="gaia-hint" style="{below}">{keys}</div>', **more
        )

    def _adjust(self) -> str:
        named = {_key(key): answer for answer, key in self.screen.keys.items()}
        code = ADJUST.replace("LINE", json.dumps(self.task["continuum"])).replace("KEYS", json.dumps(named))
        return code.replace("WHEEL", json.dumps(self.task["wheel"])).replace("IMAGE", self.screen.pictures[1].column)

    def _shown(self, title: str, content: str, **more: Any) -> Part:
        fitted = {"messageHandlers": [_script("render", self._fit())], **more}
        return _part("html.Screen", title, content=f'<main class="gaia-trial">{content}</main>', **fitted)

    def _fit(self) -> str:
        wide, high = self.screen.room(self.how.settings.show_ends)
        code = FIT.replace("WIDE", f"{wide * self.width:g}").replace("HIGH", f"{high * self.height:g}")
        return code.replace("SCALE", str(self.task["scale"]))

    def _at(self, picture: Picture) -> str:
        place = f"left: {_from_centre(picture.x * self.width)}; top: {_from_centre(-picture.y * self.height)};"
        return self._image(f"${{ this.parameters.{picture.column} }}", place, picture.place)

    def _small_ends(self) -> str:
        """A and B in a trial: half as large, above the pictures."""
        told = ""
        for x, (image, caption) in zip((-0.7, 0.7), self.screen.ends, strict=False):
            at = f"left: {_from_centre(x * self.width)}"
            half = f"width: {_fitted(self.width / 2)}; height: {_fitted(self.height / 2)};"
            told += self._image(image, f"{at}; top: {_from_centre(-SMALL_ENDS_AT * self.height)}; {half}")
            told += f'<p style="{at}; top: {_from_centre(-0.65 * self.height)}">{_plain(caption)}</p>'
        return told

    def _image(self, source: str, style: str = "", place: str = "") -> str:
        smooth = "pixelated" if self.how.settings.resample == "nearest" else "auto"
        size = f"width: {_fitted(self.width)}; height: {_fitted(self.height)};"
        look = f"{size} image-rendering: {smooth}; {style}"
        # Decoded before anything of the screen is seen; so all of it is seen at once.
        return f'<img src="{source}" data-place="{place}" decoding="sync" alt="" style="max-width: none; {look}">'


def _fitted(pixels: float) -> str:
    """As long as it is asked for, or shorter where a trial would not be in the window otherwise."""
    return f"calc({round(pixels)}px * var(--fit, 1))"


def _from_centre(pixels: float) -> str:
    return f"calc(50% + {round(pixels)}px * var(--fit, 1))"


def _numbered(name: str, part: Part, numbers: Iterator[int]) -> Iterator[tuple[str, Part]]:
    """The component with its children as ids, then each of those."""
    children = [(str(next(numbers)), child) for child in part.get("children", [])]
    yield name, {"id": name, **part, **({"children": [one for one, _ in children]} if children else {})}
    for one, child in children:
        yield from _numbered(one, child, numbers)


def _grid(table: Table) -> Mapping[str, Any]:
    """A loop's grid: all cells are text, and a column says what it is made."""
    cells = [table.column(name) for name in table.columns]
    kinds = ["string" if any(isinstance(cell, str) for cell in column) else "number" for column in cells]
    return {
        "columns": [{"name": name, "type": kind} for name, kind in zip(table.columns, kinds, strict=True)],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
    }


def _cell(cell: Cell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else repr(cell)
