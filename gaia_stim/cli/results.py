"""What a command hands back: one JSON object for programs, a few lines for people.

A result is a frozen dataclass or a pydantic model; nothing here knows any particular one.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import chain
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gaia_stim.cli.messages import printable

MOST_FIGURES = 3
"""With their intervals so many find room in a row of a table."""


def plain(value: Any, *, for_people: bool = False) -> Any:
    """A result as JSON values: paths are strings, and what is not a number is null.

    Fields marked `for_programs`, such as large matrices, are nothing to read and left out for people. Of many figures
    people get those that are named as `for_people`, each beside its interval.
    """
    if is_dataclass(value) and not isinstance(value, type):
        shown: dict[str, Any] = {}
        for field in fields(value):
            item = getattr(value, field.name)
            if for_people and (names := field.metadata.get("for_people")):
                known = [name for name in names if item.get(name) is not None]
                shown |= {name: _with_interval(item, name) for name in known[:MOST_FIGURES]}
            elif not (for_people and field.metadata.get("for_programs")):
                shown[field.name] = plain(item, for_people=for_people)
        return shown
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): plain(item, for_people=for_people) for key, item in value.items()}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item, for_people=for_people) for item in value]
    if hasattr(value, "tolist"):  # numpy and torch, without importing either
        return plain(value.tolist())
    raise TypeError(f"a result holds a {type(value).__name__}, which JSON cannot say")


def _with_interval(figures: Mapping[str, float | None], name: str) -> str:
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    ends = "" if low is None or high is None else f" ({low:.3g}, {high:.3g})"
    return f"{figures[name]:.3g}{ends}"


def as_json(result: Any) -> str:
    """The result as one JSON object. Only ASCII, so that no terminal's encoding can spoil it."""
    return json.dumps(plain(result), indent=2, allow_nan=False)


def render(values: Mapping[str, Any]) -> RenderableType:
    """JSON values for reading: a line a value, a table for a list of objects; what is empty is left out."""
    shown = {_title(name): value for name, value in values.items() if value not in (None, "", [], {})}
    short = [name for name, value in shown.items() if not _is_table(value) and not isinstance(value, dict)]
    width = max(map(len, short), default=0)
    return Group(*(_entry(name, value, width) for name, value in shown.items()))


def show(console: Console, result: Any, hint: str = "") -> None:
    """Print a result for reading, and the next command."""
    # What is to be pasted elsewhere stands as it is.
    printed = getattr(result, "printed", None)
    console.print(Text(printed) if printed else render(plain(result, for_people=True)))
    if hint:
        console.print(Text.assemble(("next: ", "dim"), (printable(hint), "bold")))


def _entry(name: str, value: Any, width: int) -> RenderableType:
    if _is_table(value):
        return Group(Text(name, "bold"), _Columns(value))
    if isinstance(value, dict):
        return Group(Text(name, "bold"), Padding(render(value), (0, 0, 0, 2)))
    return Text.assemble((f"{name:<{width}}  ", "bold"), _word(value))


@dataclass(frozen=True)
class _Columns:
    """A table; with more columns than the terminal has room for, parts of it below each other.

    Each part begins with the first column, which says what a row is.
    """

    rows: list[dict[str, Any]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *others = dict.fromkeys(name for row in self.rows for name in row)
        room = options.max_width - self._least(first)
        parts: list[list[str]] = [[]]
        taken = 0
        for name in others:
            taken += self._least(name)
            if taken > room and parts[-1]:
                parts.append([])
                taken = self._least(name)
            parts[-1].append(name)
        for part in parts:
            yield self._part([first, *part])

    def _least(self, name: str) -> int:
        """In how little room a column can be read: that of its longest word, or what is left where it is folded."""
        words = chain(_title(name).split(), *(_word(row.get(name)).split() for row in self.rows))
        return min(max(map(cell_len, words), default=0), FOLDED) + GAP

    def _part(self, names: list[str]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
        for name in names:
            table.add_column(_title(name), overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(_word(row.get(name)), STYLES.get(str(row.get(name)), "")) for name in names))
        return table


GAP = 2
"""Blanks between two columns."""
FOLDED = 24
"""Letters in a line of a word that is too long for its column, such as a path."""


STYLES = {"ok": "green", "warn": "yellow"}


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _title(name: str) -> str:
    return printable(name.strip("_").replace("_", " "))


def _word(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list():
            return ", ".join(map(_word, value))
        case dict():
            return ", ".join(f"{_title(name)} {_word(item)}" for name, item in value.items())
    return printable(str(value))
