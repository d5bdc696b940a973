"""YAML as texts that know where they stand: the one place where YAML is read.

A value stays the text that was written; whoever takes it knows whether it is a number, so `1e-4` is one and `no` stays
a word, as YAML 1.2 has it. What YAML can do to a reader is left out: no tags, no aliases, no key twice, and nothing
that is larger or deeper than its reader allows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.gate import TooLarge, text_of

NOTHING = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, order=True)
class Place:
    """Where something is written: `recipe.yaml:12:7`, counted from 1. With line 0 it is the source alone."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True)
class Scalar:
    """One value, as written; None where nothing or `null` is."""

    value: str | None
    at: Place


@dataclass(frozen=True)
class Items:
    """A list."""

    items: "tuple[Node, ...]"
    at: Place


@dataclass(frozen=True)
class Entry:
    """A key and what stands behind it."""

    key: str
    at: Place
    value: "Node"


@dataclass(frozen=True)
class Keyed:
    """Keys and values, in order, no key twice."""

    entries: tuple[Entry, ...]
    at: Place

    def get(self, key: str) -> "Node | None":
        """What stands behind a key."""
        return next((entry.value for entry in self.entries if entry.key == key), None)

    def put(self, path: "Sequence[str]", value: "Node") -> "Keyed":
        """The same with another value, or one more, behind a key, or behind keys in keys."""
        key, *deeper = path
        if deeper:
            inner = self.get(key)
            value = (inner if isinstance(inner, Keyed) else Keyed((), value.at)).put(deeper, value)
        entries = {entry.key: entry for entry in self.entries}
        entries[key] = Entry(key, entries[key].at if key in entries else value.at, value)
        return Keyed(tuple(entries.values()), self.at)


Node: TypeAlias = Scalar | Items | Keyed


@dataclass
class Mistakes:
    """What is wrong with a file, so far: all of it is told at once."""

    found: dict[tuple[Place, str], None] = field(default_factory=dict)

    def add(self, at: Place, text: str) -> None:
        """One more; the same one twice is one."""
        self.found[at, text] = None

    def stop(self) -> None:
        """Raise `ConfigError` with all of them, a line each in the order of the file, if there are any."""
        if self.found:
            raise ConfigError("\n".join(f"{at}: {text}" for at, text in sorted(self.found)))


def read_yaml(path: Path, mistakes: Mistakes, *, largest: int, deepest: int) -> Node | None:
    """What a file holds; None where it is empty. A key that stands twice, or a tag, is added to `mistakes`.

    Raises `ConfigError` with the line where it is no YAML at all, longer than `largest` bytes, deeper than `deepest`,
    or has an alias.
    """
    try:
        text = text_of(path, largest)
    except TooLarge as error:
        raise ConfigError(f"{path}:1: larger than {largest // 1024} KB; long lists belong into a CSV file") from error
    except DataError as error:
        raise ConfigError(str(error)) from error
    return parse_yaml(text, str(path), mistakes, deepest=deepest)


def parse_yaml(text: str, source: str, mistakes: Mistakes, *, deepest: int, has_lines: bool = True) -> Node | None:
    """As `read_yaml`, of a text; `source` is what messages call it, and all of its place where it has no lines."""
    reader = _Reader(text, source, mistakes, deepest, has_lines)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        place = reader.at(error.problem_mark)
        lines = text.splitlines()
        is_quoted = place.line > len(lines) or "${" not in lines[place.line - 1]
        hint = "" if is_quoted else '; inside [ ] or { } write "${name}" with quotes'
        raise ConfigError(f"{place}: not YAML ({error.problem}){hint}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{source}:{line}: not YAML (a character that is none, {error.character!r})") from None


class _Reader:
    def __init__(self, text: str, source: str, mistakes: Mistakes, deepest: int, has_lines: bool) -> None:
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self.source, self.mistakes, self.deepest, self.has_lines = source, mistakes, deepest, has_lines

    def at(self, mark: Any) -> Place:
        if not self.has_lines:
            return Place(self.source)
        return Place(self.source, mark.line + 1, mark.column + 1) if mark else Place(self.source, 1, 1)

    def document(self) -> Node | None:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        node = self.node(next(self.events), 0)
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self.mistakes.add(self.at(after.start_mark), "a second document; only one is read")
        return node

    def node(self, event: Any, depth: int) -> Node:
        place = self.at(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{place}: aliases (*{event.anchor}) are not read here; write it out")
        if event.tag is not None:
            self.mistakes.add(place, f"tags ({event.tag.replace('tag:yaml.org,2002:', '!!')}) are not read here")
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.style in (None, "")
            return Scalar(None if is_plain and event.value in NOTHING else event.value, place)
        if depth >= self.deepest:
            raise ConfigError(f"{place}: too deep; {self.deepest} levels are the most that is read here")
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(self.node(one, depth + 1) for one in self.until(yaml.SequenceEndEvent)), place)
        return Keyed(tuple(self.entries(depth + 1)), place)

    def entries(self, depth: int) -> Iterator[Entry]:
        lines: dict[str, int] = {}
        for event in self.until(yaml.MappingEndEvent):
            key, value = self.node(event, depth), self.node(next(self.events), depth)
            if not isinstance(key, Scalar) or key.value is None:
                self.mistakes.add(key.at, "a key is a word")
            elif key.value in lines:
                self.mistakes.add(key.at, f"'{key.value}' stands already in line {lines[key.value]}")
            else:
                lines[key.value] = key.at.line
                yield Entry(key.value, key.at, value)

    def until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            yield event
