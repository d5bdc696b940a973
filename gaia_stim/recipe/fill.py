"""Putting variables into what is written: `${name}` is a value, a list, or the path of what a step writes."""

import re
from collections.abc import Iterator, Mapping

from gaia_stim.errors import suggestion
from gaia_stim.yaml_nodes import Items, Keyed, Mistakes, Node, Scalar

LONGEST = 4_096
MOST = 10_000
REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
"""`${name}`, with its brace open where it was forgotten; `$${` is a plain `${`."""

Value = str | list[str]
Scope = Mapping[str, Value | None]
"""What names mean; None where that cannot be told because of a mistake that is told already."""


class Untold(Exception):
    """Something cannot be known because of a mistake that stands in the list already."""


def references(node: Node | None) -> Iterator[str]:
    """The names that stand in `${…}` anywhere in a node."""
    match node:
        case Scalar():
            yield from (found[1] for found in REFERENCE.finditer(node.value or "") if found[1])
        case Items():
            yield from (name for item in node.items for name in references(item))
        case Keyed():
            yield from (name for entry in node.entries for name in references(entry.value))


def fill(node: Node, scope: Scope, mistakes: Mistakes) -> Value | None:
    """What a node says: text, or a list of texts; None where it says nothing. Raises `Untold`."""
    if isinstance(node, Keyed):
        mistakes.add(node.at, "a plain value is taken here, or a list of them")
        raise Untold
    if isinstance(node, Scalar):
        return None if node.value is None else _text(node, node.value, scope, mistakes)
    found: list[str] = []
    for item in node.items:
        value = fill(item, scope, mistakes)
        found += value if isinstance(value, list) else [] if value is None else [value]
    if len(found) > MOST:
        mistakes.add(node.at, f"a list of {len(found):,}; {MOST:,} are the most")
        raise Untold
    return found


def fill_one(node: Node, scope: Scope, mistakes: Mistakes, hint: str = "") -> str | None:
    """As `fill`, where there is room for one value only."""
    value = fill(node, scope, mistakes)
    if isinstance(value, list):
        mistakes.add(node.at, f"a list of {len(value)}, where one value is taken{hint}")
        raise Untold
    return value


def _text(node: Scalar, text: str, scope: Scope, mistakes: Mistakes) -> Value:
    whole = REFERENCE.fullmatch(text)
    if whole and whole[1] is not None:
        return _meaning(node, whole, scope, mistakes)

    def put(found: re.Match[str]) -> str:
        if found[1] is None:
            return "${"
        value = _meaning(node, found, scope, mistakes)
        if isinstance(value, list):
            mistakes.add(node.at, f"'{found[1]}' is a list of {len(value)}, which cannot be a part of '{text}'")
            raise Untold
        return value

    filled = REFERENCE.sub(put, text)
    if len(filled) > LONGEST:
        mistakes.add(node.at, f"becomes {len(filled):,} characters; {LONGEST:,} are the most")
        raise Untold
    return filled


def _meaning(node: Scalar, found: re.Match[str], scope: Scope, mistakes: Mistakes) -> Value:
    name = found[1].strip()
    if not found[2]:
        mistakes.add(node.at, f"'{found[0][:40]}' lacks its }}; a plain ${{ is written $${{")
    elif name not in scope:
        mistakes.add(node.at, f"unknown name '{name}'{suggestion(name, scope)} in {found[0]}")
    elif (value := scope[name]) is not None:
        return value
    raise Untold
