"""A recipe as it is written: its keys, its variables, and its steps before their loops are written out.

Everything keeps its place in the file, and reading goes on after a mistake, so that all of them are told at once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from gaia_stim.config.options import Option, Role, options
from gaia_stim.config.verbs import STEPS, Verb
from gaia_stim.errors import ConfigError, suggestion
from gaia_stim.yaml_nodes import Entry, Items, Keyed, Mistakes, Node, Place, Scalar, parse_yaml, read_yaml

LARGEST, DEEPEST = 1 << 17, 6
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LONGEST_NAME = 64
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""Names that no file can have on Windows."""

Text = str | list[str]
Row = dict[str, str | list[str]]


class RecipeKeys(BaseModel):
    """What stands at the top of a recipe."""

    about: Annotated[str | None, Field(description="What the recipe is for; kept in run.json.")] = None
    vars: Annotated[
        dict[str, Text],
        Field(description='Variables, a value or a list each: "${name}" stands for it in the steps.'),
    ] = {}
    model: Annotated[
        str | None,
        Field(description="The model of every step that takes one and names none. [default: builtin]"),
    ] = None
    out: Annotated[
        str | None, Field(description="The folder of everything that is made. [default: out/RECIPE beside the recipe]")
    ] = None
    threads: Annotated[
        int | None,
        Field(
            ge=1,
            le=1024,
            description="Processor threads of every step: on another number of them sums, and so bytes, can come out "
            "differently. [default: what the machine has]",
        ),
    ] = None
    allow_outside: Annotated[
        bool | list[str],
        Field(description="Folders outside the recipe's own that its steps may read and write; true for any."),
    ] = False
    steps: Annotated[dict[str, dict[str, str]], Field(description="The steps, each under a name of its own.")]


class StepKeys(BaseModel):
    """What every step can say beside the options of its verb."""

    do: Annotated[str | None, Field(description="The verb. [default: the step's name]")] = None
    each: Annotated[
        str | list[Row] | None,
        Field(
            description="Do it for each of these: the rows of a CSV file or rows written here, whose columns become "
            'variables; the files of a pattern such as photos/*.png, each "${file}" and "${stem}"; or the steps that '
            'another step became, as in "${morphs}".'
        ),
    ] = None
    matrix: Annotated[
        dict[str, list[str]] | None,
        Field(description="Do it for each combination of these values, each list under the variable that it becomes."),
    ] = None


@dataclass(frozen=True)
class Template:
    """A step as written, before its loops are written out."""

    name: str
    at: Place
    verb: str
    step: Verb
    options: dict[str, Node] = field(default_factory=dict)
    each: Node | None = None
    matrix: tuple[Entry, ...] = ()

    @property
    def is_loop(self) -> bool:
        """Whether it is done more than once."""
        return self.each is not None or bool(self.matrix)


@dataclass(frozen=True)
class Document:
    """A recipe as written."""

    path: Path
    about: str | None
    vars: tuple[Entry, ...]
    model: Node | None
    out: Scalar | None
    threads: int | None
    anywhere: bool
    outside: tuple[str, ...]
    templates: tuple[Template, ...]


def keys_of(step: Verb) -> dict[str, Option]:
    """What a step of that verb can be asked, by its key."""
    return {key: option for key, option in options(step.config).items() if option.role is not Role.ASKING}


def read_recipe(path: Path, overrides: Sequence[str], mistakes: Mistakes) -> Document:
    """Read a recipe, `overrides` (KEY=VALUE) put over what it says; what is wrong is added to `mistakes`.

    Raises `ConfigError` where it is no YAML at all.
    """
    root = read_yaml(path, mistakes, largest=LARGEST, deepest=DEEPEST)
    top = Place(str(path), 1, 1)
    if not isinstance(root, Keyed):
        mistakes.add(root.at if root else top, "not a recipe; it starts with 'steps:'")
        root = Keyed((), top)
    for text in overrides:
        root = _overridden(root, text, mistakes)
    keys = {entry.key: entry for entry in root.entries}
    for entry in root.entries:
        if entry.key not in RecipeKeys.model_fields:
            mistakes.add(entry.at, f"unknown key '{entry.key}'{suggestion(entry.key, RecipeKeys.model_fields)}")
    steps = keys.get("steps")
    if steps is None or (isinstance(steps.value, Scalar) and steps.value.value is None):
        mistakes.add(steps.at if steps else root.at, "'steps' is needed")
    outside = keys.get("allow_outside")
    listed = _texts(outside, mistakes) if outside else ()
    any_folder = isinstance(outside.value, Scalar) and (outside.value.value or "").lower() if outside else ""
    return Document(
        path,
        _text(keys.get("about"), mistakes),
        tuple(_named(keys.get("vars"), "a variable", mistakes)),
        keys["model"].value if "model" in keys else None,
        _scalar(keys.get("out"), mistakes),
        _threads(keys.get("threads"), mistakes),
        any_folder == "true",
        tuple(text for text in listed if text not in ("true", "false")),
        tuple(
            template
            for entry in _named(steps, "a step", mistakes)
            if (template := _template(entry, mistakes)) is not None
        ),
    )


def _template(entry: Entry, mistakes: Mistakes) -> Template | None:
    if not isinstance(entry.value, Keyed):
        if not (isinstance(entry.value, Scalar) and entry.value.value is None):
            mistakes.add(entry.value.at, f"the step '{entry.key}' is a list of 'option: value' lines")
            return None
        entry = Entry(entry.key, entry.at, Keyed((), entry.at))
    body = entry.value
    assert isinstance(body, Keyed)
    given = {one.key.replace("-", "_"): one for one in body.entries}
    do = given.get("do")
    verb = _text(do, mistakes) if do else entry.key
    if verb not in STEPS:
        where = do.value.at if do else entry.at
        said = f"unknown verb '{verb}'" if do else f"the step '{entry.key}' needs 'do: VERB'"
        mistakes.add(where, f"{said}{suggestion(verb or '', STEPS)}")
        return None
    step = STEPS[verb]
    known = keys_of(step)
    for one in body.entries:
        if (key := one.key.replace("-", "_")) not in known and key not in StepKeys.model_fields:
            near = suggestion(key, [*known, *StepKeys.model_fields])
            mistakes.add(one.at, f"unknown key '{one.key}'{near}")
        elif given[key] is not one:
            mistakes.add(one.at, f"'{one.key}' stands already, as '{key}'")
    each, matrix = given.get("each"), given.get("matrix")
    return Template(
        entry.key,
        entry.at,
        verb,
        step,
        {key: one.value for key, one in given.items() if key in known and not _is_nothing(one.value)},
        each.value if each and not _is_nothing(each.value) else None,
        tuple(_named(matrix, "a variable", mistakes)),
    )


def _overridden(root: Keyed, text: str, mistakes: Mistakes) -> Keyed:
    """The recipe with `train.images_seen=2k`, `steps=5` or `continua.matrix.spacing=[pixel]` put into it."""
    place = Place(f"--set {text}")
    key, equals, written = text.partition("=")
    first, *others = names = [name.strip() for name in key.split(".")]
    if not equals or not all(names) or len(names) > 3:
        mistakes.add(place, "write KEY=VALUE: a variable, or STEP.OPTION, as in train.images_seen=2k")
        return root
    home = "steps" if others else "vars"
    known = {entry.key for entry in found.entries} if isinstance(found := root.get(home), Keyed) else set()
    if first not in known:
        if not others and first in RecipeKeys.model_fields.keys() - {"steps", "vars"}:
            return root.put(names, _typed(written, place, mistakes))
        what = "step" if others else "variable"
        mistakes.add(place, f"no {what} is called '{first}'{suggestion(first, sorted(known))}")
        return root
    return root.put([home, *names], _typed(written, place, mistakes))


def _typed(written: str, place: Place, mistakes: Mistakes) -> Node:
    """The value of an override; text that is no YAML, or a comment in it like #fff, is the value itself."""
    try:
        node = parse_yaml(written, place.source, mistakes, deepest=3, has_lines=False)
    except ConfigError:
        node = None
    return node or Scalar(written or None, place)


def _named(entry: Entry | None, what: str, mistakes: Mistakes) -> Iterator[Entry]:
    """The entries behind a key, whose own keys are names."""
    if entry is None or _is_nothing(entry.value):
        return
    if not isinstance(entry.value, Keyed):
        mistakes.add(entry.value.at, f"'{entry.key}' is a list of 'name: …' lines")
        return
    for one in entry.value.entries:
        if problem := name_problem(one.key):
            mistakes.add(one.at, f"{what} cannot be called '{one.key[:LONGEST_NAME]}': {problem}")
        else:
            yield one


def name_problem(name: str) -> str | None:
    """Why a step or a variable cannot have this name; it becomes a file's name on every system."""
    if not NAME.fullmatch(name):
        return "a name is letters, digits, _ and -, and starts with a letter"
    if len(name) > LONGEST_NAME:
        return f"a name has up to {LONGEST_NAME} characters"
    return "Windows keeps that name for itself" if DEVICES.fullmatch(name) else None


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _scalar(entry: Entry | None, mistakes: Mistakes) -> Scalar | None:
    if entry is None or _is_nothing(entry.value):
        return None
    if isinstance(entry.value, Scalar):
        return entry.value
    mistakes.add(entry.value.at, f"'{entry.key}' takes one value")
    return None


def _text(entry: Entry | None, mistakes: Mistakes) -> str | None:
    found = _scalar(entry, mistakes)
    return found.value if found else None


def _texts(entry: Entry, mistakes: Mistakes) -> tuple[str, ...]:
    nodes = entry.value.items if isinstance(entry.value, Items) else (entry.value,)
    for node in nodes:
        if not isinstance(node, Scalar):
            mistakes.add(node.at, f"'{entry.key}' takes plain values")
    return tuple(node.value for node in nodes if isinstance(node, Scalar) and node.value is not None)


def _threads(entry: Entry | None, mistakes: Mistakes) -> int | None:
    found = _scalar(entry, mistakes)
    if found is None or found.value is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,3}", found.value) or int(found.value) > 1024:
        mistakes.add(found.at, f"threads: is a whole number from 1 to 1024 (got {found.value!r})")
        return None
    return int(found.value)
