"""`each:` and `matrix:` written out: the turns of a step's loops, and a readable name for each."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import PurePosixPath
from typing import NoReturn

from gaia_stim.errors import DataError
from gaia_stim.files import hash_json, in_parts
from gaia_stim.recipe.fill import REFERENCE, Scope, Untold, fill, fill_one
from gaia_stim.recipe.paths import Folder
from gaia_stim.recipe.read import Template, name_problem
from gaia_stim.tabular import read_table
from gaia_stim.yaml_nodes import Items, Keyed, Mistakes, Node, Place, Scalar

TABLES = (".csv", ".tsv", ".xlsx", ".ods")
MOST = 10_000
LONGEST = 80


@dataclass(frozen=True)
class Turn:
    """One turn of a step's loops: the variables it sets, and how it is told from the others."""

    row: Mapping[str, str]
    label: str = ""


def turns(
    template: Template,
    scope: Scope,
    steps: Mapping[str, Sequence[Turn]],
    used: Collection[str],
    folder: Folder,
    mistakes: Mistakes,
) -> list[Turn]:
    """All turns of a step's loops, each with the step's whole id as its label; without a loop there is one.

    `steps` are the turns of the steps before, `used` the names that stand in this one. Raises `Untold`.
    """
    axes = []
    for entry in template.matrix:
        values = fill(entry.value, scope, mistakes)
        listed = values if isinstance(values, list) else [values] if values else []
        if not listed:
            mistakes.add(entry.at, f"'{entry.key}' has no values")
            raise Untold
        axes.append([(entry.key, value) for value in listed])
    each = template.each
    rows = list(_Each(scope, steps, used, folder, mistakes).of(each)) if each is not None else [Turn({})]
    if (total := prod([len(rows), *map(len, axes)])) > MOST:
        mistakes.add(template.at, f"becomes {total:,} steps; {MOST:,} are the most")
        raise Untold
    # What comes from another step's loop has been looked at there.
    own = [entry.key for entry in template.matrix] + ([] if _step_of(each, steps) else list(rows[0].row))
    twice = [entry.key for entry in template.matrix if entry.key in rows[0].row]
    if taken := [*(name for name in own if name in scope), *twice]:
        mistakes.add(template.at, f"'{taken[0]}' of its loop is the name of something else already")
        raise Untold
    found = [
        Turn({**turn.row, **dict(some)}, turn.label + "".join(f"_{slug(value)}" for _, value in some))
        for turn in rows
        for some in product(*axes)
    ]
    return _told_apart(template, found, mistakes)


def _told_apart(template: Template, found: Sequence[Turn], mistakes: Mistakes) -> list[Turn]:
    ids = [f"{template.name}{turn.label}" for turn in found]
    often = Counter(name.casefold() for name in ids)
    labels = {}
    for turn, name in zip(found, ids, strict=True):
        mark = hash_json(turn.row)[7:13]
        whole = name if len(name) <= LONGEST else f"{name[: LONGEST - 7]}_{mark}"
        whole = whole if often[name.casefold()] == 1 else f"{name[: LONGEST - 7]}_{mark}"
        if whole in labels:
            mistakes.add(template.at, f"two turns of its loop are the same ({whole})")
            raise Untold
        labels[whole] = Turn(turn.row, whole)
    return list(labels.values())


def _step_of(each: Node | None, steps: Mapping[str, Sequence[Turn]]) -> str | None:
    """The step that a loop goes through, if it goes through one."""
    found = REFERENCE.fullmatch(each.value or "") if isinstance(each, Scalar) else None
    return found[1] if found and found[1] in steps else None


def slug(text: str) -> str:
    """A value as a part of a file's name: of a path its stem, and only letters, digits and `_`."""
    is_path = "/" in text or re.search(r"\.[A-Za-z]\w{1,4}$", text)
    short = PurePosixPath(text).stem if is_path else text.replace("-", "minus", 1) if text[:1] == "-" else text
    return re.sub(r"[^A-Za-z0-9]+", "_", short).strip("_") or "x"


@dataclass(frozen=True)
class _Each:
    scope: Scope
    steps: Mapping[str, Sequence[Turn]]
    used: Collection[str]
    folder: Folder
    mistakes: Mistakes

    def of(self, node: Node) -> Iterator[Turn]:
        if isinstance(node, Items):
            yield from (self._labelled(self._written(item)) for item in node.items)
            return
        if step := _step_of(node, self.steps):
            yield from self.steps[step]
            return
        text = fill_one(node, self.scope, self.mistakes)
        if text is None or (problem := self.folder.problem(text.split("*")[0] or ".", written=False)):
            self._refuse(
                node.at,
                problem if text else "each: takes a table (CSV, XLSX, ODS), a pattern of files, a step, or rows",
            )
        yield from (self._table if text.lower().endswith(TABLES) else self._pattern)(node.at, text)

    def _refuse(self, at: Place, text: str | None) -> NoReturn:
        self.mistakes.add(at, text or "")
        raise Untold

    def _labelled(self, row: Mapping[str, str]) -> Turn:
        told = [row["id"]] if "id" in row else [value for name, value in row.items() if name in self.used]
        return Turn(row, "".join(f"_{slug(value)}" for value in told or row.values()))

    def _written(self, item: Node) -> Mapping[str, str]:
        if not isinstance(item, Keyed):
            self.mistakes.add(item.at, "each: a row is 'variable: value' lines")
            raise Untold
        for entry in item.entries:
            if problem := name_problem(entry.key):
                self._refuse(entry.at, f"a variable cannot be called '{entry.key}': {problem}")
        return {entry.key: fill_one(entry.value, self.scope, self.mistakes) or "" for entry in item.entries}

    def _pattern(self, at: Place, text: str) -> Iterator[Turn]:
        home = self.folder.path
        if text.startswith("/") or ".." in PurePosixPath(text).parts:
            self._refuse(at, f"each: a pattern starts in the recipe's folder, and '{text}' does not")
        there = (path for path in home.glob(text) if path.is_file() and not path.name.startswith("."))
        found = sorted(there, key=in_parts)
        if not found:
            self._refuse(at, f"each: no file fits '{text}'; a pattern finds what is there before the recipe is run")
        for path in found:
            name = path.relative_to(home).as_posix()
            if problem := self.folder.problem(name, written=False):
                self._refuse(at, problem)
            yield Turn({"file": name, "stem": path.stem}, f"_{slug(path.stem)}")

    def _table(self, at: Place, text: str) -> Iterator[Turn]:
        path = self.folder.path / text
        try:
            table = read_table(path)
        except DataError as error:
            self._refuse(at, f"each: {str(error).replace(str(path), text)}")
        names = [name for name in table.columns if not table.is_index(name)]
        for name in names:
            if problem := "it is there twice" if name in table.repeated else name_problem(name):
                self._refuse(Place(text, table.header_line, 1), f"the column '{name}' cannot be a variable: {problem}")
        for line, cells in zip(table.frame.index, table.frame[names].to_numpy(), strict=True):
            if not all(cells):
                self._refuse(Place(text, int(line), 1), "an empty cell")
            yield self._labelled(dict(zip(names, cells, strict=True)))
