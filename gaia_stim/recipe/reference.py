"""`docs/recipes.md`, written from the schema, and the gallery from the recipes that come with the package.

`python -m gaia_stim.recipe.reference docs/recipes.md` writes it again.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaia_stim.config.verbs import STEPS
from gaia_stim.files import write_bytes
from gaia_stim.recipe.schema import schema

HEAD = Path(__file__).with_name("recipes_head.md")
"""What is written by hand: how recipes work."""


def reference(docs: Path) -> str:
    """The page, for the folder that it stands in; the recipes are beside that folder."""
    found = schema()
    head = HEAD.read_text(encoding="utf-8")
    parts = [head, *_gallery(docs), *_top(found), *(part for verb in STEPS for part in _step(verb, found))]
    return "\n".join(parts)


def _gallery(docs: Path) -> Iterator[str]:
    yield "## Recipes to start from\n"
    for path in sorted((docs.parent / "recipes").glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        comment = " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))
        yield f"**[{path.name}](../recipes/{path.name})**: {comment}\n"
        picture = f"images/recipe_{path.stem}.png"
        if (docs / picture).is_file():
            yield f"![What {path.name} makes]({picture})\n"


def _top(found: dict[str, Any]) -> Iterator[str]:
    yield "## Every key\n\n### At the top\n"
    yield from _table(found["properties"], found["required"])
    yield "### Of every step\n"
    first = next(iter(found["$defs"].values()))
    own = {key: first["properties"][key] for key in ("do", "each", "matrix")}
    yield from _table({**own, "do": {key: value for key, value in own["do"].items() if key != "const"}}, [])


def _step(verb: str, found: dict[str, Any]) -> Iterator[str]:
    step = found["$defs"][verb]
    yield f"### do: {verb}\n"
    yield f"{' '.join(step['description'].split())}\n"
    options = {key: value for key, value in step["properties"].items() if key not in ("do", "each", "matrix")}
    yield from _table(options, step["required"])


def _table(properties: dict[str, Any], required: list[str]) -> Iterator[str]:
    yield "| key | meaning | values | default |\n|---|---|---|---|"
    rows = [
        f"| `{key}` | {_cell(one.get('description', ''))} | {_cell(', '.join(_values(one)))} | "
        f"{_cell('needed' if key in required else _default(one))} |"
        for key, one in properties.items()
    ]
    yield "\n".join(rows) + "\n"


def _values(one: dict[str, Any]) -> Iterator[str]:
    """What a key can be, in words."""
    if names := one.get("examples"):
        yield from names
        return
    kinds: dict[str, None] = {}
    for kind in one.get("anyOf", [one]):
        if kind.get("pattern") is None or "type" not in kind:
            kinds[_words(kind)] = None
    yield from (words for words in kinds if words)


def _words(kind: dict[str, Any]) -> str:
    if "enum" in kind or "const" in kind:
        return " or ".join(map(str, kind.get("enum", [kind.get("const")])))
    if kind.get("type") == "array":
        return "a list"
    words = {"integer": "whole number", "number": "number", "boolean": "yes or no", "object": "keys and values"}
    limits = [f"{sign} {kind[key]:g}" for key, sign in LIMITS.items() if key in kind and abs(kind[key]) < 2**31]
    return " ".join(filter(None, [words.get(str(kind.get("type")), ""), ", ".join(limits)]))


LIMITS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
    "multipleOf": "a multiple of",
}


def _default(one: dict[str, Any]) -> str:
    value = one.get("default")
    if value is None or value in ({}, []):
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    write_bytes(page, reference(page.absolute().parent).encode())
