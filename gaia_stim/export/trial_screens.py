"""What a trial of each task looks like, said once for every program: which pictures lie where, which keys answer what.

A program's template reads a `Screen` and makes its own things of it; no template knows a task, but for adjustment,
where a picture is changed until it is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gaia_stim.errors import ConfigError
from gaia_stim.export.linter import Cell, Table
from gaia_stim.export.settings import KEYS, Presentation, look_of
from gaia_stim.stimuli.continuum import along
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

PREFIX = "gaia_"
"""What is called so in an experiment is ours: no column of a design may be."""
ADJUSTMENT = "adjustment"
ADJUSTED = frozenset({ADJUSTMENT, "gsp"})
"""The looks in which a picture is changed."""
ALONE = ""
"""The look of a set without a design: a picture at a time, and the answer is the key."""
KEYS_ALONE = {"f": "f", "j": "j"}
WITH_ENDS = frozenset({"identification", "2afc", "constant"})
"""The looks that ask for A or B, so that these have to be shown."""

ENDS = 0.6
"""How large the ends are in the instructions, smaller than in the trials so that all is in the window: in heights of a
picture, like the places that follow."""
ENDS_AT = 0.5
"""Below the centre, and to its sides."""
CAPTIONS_AT, TEXT_AT = -0.92, 0.7
SMALL_ENDS_AT, ABOVE_SMALL_ENDS = 1.05, 1.45
"""In a trial they are half as large, above its pictures; and what stands above them."""
MARGIN = 80
"""Pixels that the lines of text above and below the pictures take, half of each being outside."""
UNASKED = frozenset({ALONE, "identification", "same-different"})
"""The looks whose keys say all that a question would."""


@dataclass(frozen=True)
class Picture:
    """A picture on the screen."""

    place: str
    """Of the trial's stimuli: `a` is the one in `image_a`; "" is the row's only one, in `image`."""
    x: float = 0
    """Its centre, in widths of a picture to the right of the screen's."""
    y: float = 0
    """In heights of a picture above the screen's centre."""

    @property
    def column(self) -> str:
        """Where its path stands."""
        return f"image_{self.place}" if self.place else "image"


def _in_a_row(places: str) -> tuple[Picture, ...]:
    return tuple(
        Picture(place, round(1.1 * (number - (len(places) - 1) / 2), 3)) for number, place in enumerate(places)
    )


PICTURES: Mapping[str, tuple[Picture, ...]] = {
    ALONE: (Picture(""),),
    "identification": (Picture("a"),),
    "2afc": _in_a_row("ab"),
    "constant": _in_a_row("ab"),
    "abx": (Picture("a", -0.6, -0.6), Picture("b", 0.6, -0.6), Picture("c", 0, 0.6)),
    "same-different": (Picture("b"),),
    "oddity": _in_a_row("abc"),
    "triplets": _in_a_row("abc"),
    "mlds": (Picture("a", -0.6, 0.6), Picture("b", 0.6, 0.6), Picture("c", -0.6, -0.6), Picture("d", 0.6, -0.6)),
    "mlds-triads": _in_a_row("abc"),
    ADJUSTMENT: (Picture("a", -0.6), Picture("b", 0.6)),
    "mcmcp": _in_a_row("ab"),
    "gsp": (Picture("a"),),
}
"""What is shown until the answer, by look; where a picture is adjusted, that is the last."""
FIRST: Mapping[str, Picture] = {"same-different": Picture("a")}
"""What comes before that, for a time of its own, and then nothing for a while."""


@dataclass(frozen=True)
class Screen:
    """What a trial shows and takes, in words and keys as they were asked for."""

    look: str
    pictures: tuple[Picture, ...]
    first: Picture | None
    keys: Mapping[str, str]
    """Answer to key, which is a letter, a digit, or `up`, `down`, `left`, `right`, `return`. Adjustment has `less`,
    `more` and `done` for answers."""
    words: Mapping[str, str]
    """Answer to what the participant reads for it."""
    instructions: str
    question: str
    ends: tuple[tuple[str, str], ...]
    """Path and caption of A and B, where the task asks for them."""

    @property
    def asked(self) -> str:
        """What stands above the pictures of each trial."""
        return "" if self.look in UNASKED else self.question

    def above(self, with_ends: bool = False) -> float:
        """Where that stands, as pictures do."""
        return ABOVE_SMALL_ENDS if with_ends and self.ends else round(max(one.y for one in self.pictures) + 0.7, 3)

    def room(self, with_ends: bool = False) -> tuple[float, float]:
        """Widths and heights of a picture that a trial takes, around the centre; `MARGIN` comes on top."""
        wide = max(abs(one.x) + 0.5 for one in self.pictures)
        return round(2 * wide, 3), round(2 * max(self.above(with_ends), -self.below), 3)

    @property
    def below(self) -> float:
        """Where the hint stands, as pictures do: near enough to the lowest to be in the window where that is."""
        return round(min(picture.y for picture in self.pictures) - 0.7, 3)

    def hint(self) -> str:
        """Which key is which answer, in a line."""
        return "     ".join(f"[{key.upper()}] {self.words[answer]}" for answer, key in self.keys.items())

    def record(self) -> dict[str, Any]:
        """As JSON, for a starter to read."""
        return {
            "look": self.look,
            "pictures": [[picture.column, picture.x, picture.y] for picture in self.pictures],
            "first": None if self.first is None else self.first.column,
            "below": self.below,
            "above": [self.above(), self.above(with_ends=True)],
            "room": [self.room(), self.room(with_ends=True)],
            "keys": {key: answer for answer, key in self.keys.items()},
            "words": dict(self.words),
            "instructions": self.instructions,
            "question": self.question,
            "asked": self.asked,
            "ends": [list(end) for end in self.ends],
        }


def screen_of(stimuli: StimulusSet, trials: Trials | None, how: Presentation, program: str) -> Screen:
    """What a trial looks like. Raises `ConfigError` for a task that there is no experiment for."""
    if trials is None:
        return Screen(ALONE, PICTURES[ALONE], None, KEYS_ALONE, KEYS_ALONE, how.texts.press, "", ())
    look = look_of(trials)
    if look not in PICTURES:
        raise ConfigError(f"{program}: no experiment for the task '{look}'; there is one for {', '.join(KEYS)}")
    text = how.texts.tasks[look]
    words = dict(text.answers)
    if look in ADJUSTED:
        words = {"less": text.less or "-", "more": text.more or "+", "done": text.done or "!"}
    line = [row.image for _, row in along(stimuli.rows())]
    ends = ((line[0], how.texts.end_a), (line[-1], how.texts.end_b)) if look in WITH_ENDS else ()
    keys = how.settings.keys[look]
    return Screen(look, PICTURES[look], FIRST.get(look), keys, words, text.instructions, text.question, ends)


def breaks(table: Table, how: Presentation) -> list[Cell]:
    """1 for each row that a break comes before: a new block, or so many trials after practice if that was asked."""
    every = how.settings.break_every
    rows, count = [dict(zip(table.columns, row, strict=True)) for row in table.rows], 0
    told: list[Cell] = []
    for row, last in zip(rows, [{}, *rows], strict=False):
        is_practice = row.get("phase") == "practice"
        if row.get("participant") != last.get("participant"):
            count, is_first = 0, True
        else:
            is_first = not last
        is_new = row.get("block") != last.get("block")
        if every is not None and last.get("phase") != "practice":
            is_new = not is_practice and count % every == 0 and count > 0
        told.append(int(is_new and not is_first))
        count += not is_practice
    return told
