"""What a field of a config is as an option: its role, how it looks, and what the command line and recipes call it.

Declared once, beside the field; the help, the pages, the schema, requests and the inputs of recipes follow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, GetJsonSchemaHandler
from pydantic.fields import FieldInfo

UNBOUNDED = 2**31
"""A limit this large is the computer's, not the user's, and is not worth a word."""


class Role(Enum):
    """What an option is to the result."""

    DECIDES = "decides"
    """Its value is a part of the request; of a path that is where it lies."""
    INPUT = "input"
    """What is read: its content decides, whose hash the verb puts into the request, wherever it lies."""
    MODEL = "model"
    """The model that is worked with: its hash decides. A recipe has one for all steps that name none."""
    OUTPUT = "output"
    """Where the result goes."""
    WATCHING = "watching"
    """Decides nothing: how the work is done and watched, what is written beside, where to look for what is known."""
    ASKING = "asking"
    """How it is asked for this once, as `--force`: the user's, and no key of a recipe's step."""


@dataclass(frozen=True)
class Mark:
    """What a field is as an option, beyond its name, type, limits and default."""

    role: Role
    about: str
    """What it means: a sentence for the help, the pages and the schema."""
    metavar: str | None = None
    short: str | None = None
    panel: str | None = None
    positional: bool = False
    choices: str | None = None
    """Where the valid names stand, as "module:TABLE"."""
    or_file: str | None = None
    """What a value ends with that is no name but a file that is read."""

    def __get_pydantic_json_schema__(self, kind: Any, schema: GetJsonSchemaHandler) -> dict[str, Any]:
        """Pydantic's hook: the schema of a config describes its options, too."""
        return schema(kind) | {"description": self.about}


Decides = partial(Mark, Role.DECIDES)
Input = partial(Mark, Role.INPUT)
Model = partial(Mark, Role.MODEL)
Output = partial(Mark, Role.OUTPUT)
Watching = partial(Mark, Role.WATCHING)
Asking = partial(Mark, Role.ASKING)


def option_name(field: str) -> str:
    """A field's name as the user types it: `images_seen` is `--images-seen`."""
    return "--" + field.strip("_").replace("_", "-")


@dataclass(frozen=True)
class Option:
    """One field of a config as the user sees it."""

    field: str
    """The field's name in the model."""
    info: FieldInfo

    @property
    def key(self) -> str:
        """The name under which the model takes the value; its key in a recipe."""
        return self.info.alias or self.field

    @property
    def mark(self) -> Mark:
        return next(mark for mark in self.info.metadata if isinstance(mark, Mark))

    @property
    def role(self) -> Role:
        return self.mark.role

    @property
    def kind(self) -> Any:
        """The field's type, without the None that only says "not given"."""
        kinds = [kind for kind in get_args(self.info.annotation) if kind is not NoneType]
        return kinds[0] if NoneType in get_args(self.info.annotation) else self.info.annotation

    @property
    def is_flag(self) -> bool:
        return self.kind is bool

    @property
    def is_many(self) -> bool:
        return get_origin(self.kind) is tuple

    @property
    def is_path(self) -> bool:
        return self.kind is Path or (self.is_many and get_args(self.kind)[0] is Path)

    @property
    def is_count(self) -> bool:
        """Whether it is a number that may be written `400k`."""
        return any(isinstance(mark, BeforeValidator) for mark in self.info.metadata)

    def paths(self, value: Any) -> Iterator[str]:
        """The files and folders that a value of this option names."""
        values = [] if value is None else value if isinstance(value, list | tuple) else [value]
        if self.is_path:
            yield from map(str, values)
        elif ending := self.mark.or_file:
            yield from (text for text in values if text.lower().endswith(ending))

    # -- in words ----------------------------------------------------------------------------------------------------

    @property
    def literals(self) -> tuple[str, ...]:
        """The values of a field that has only a few."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the table that the value is chosen from; nothing that is in the table is imported."""
        if self.mark.choices is None:
            return ()
        module, table = self.mark.choices.split(":")
        return tuple(getattr(import_module(module), table))

    @property
    def declarations(self) -> list[str]:
        """`--interpolations/--no-interpolations`, `--force`, or `--model` and `-m`."""
        long = option_name(self.field)
        if self.is_flag and self.info.default is True:
            long = f"{long}/--no-{long.removeprefix('--')}"
        return [long, self.mark.short] if self.mark.short else [long]

    @property
    def name(self) -> str:
        """What messages call it: `--size`, or `IMAGES`."""
        return self.metavar if self.mark.positional else option_name(self.field)

    @property
    def metavar(self) -> str:
        """What stands for the value: `PX`, `light|paper|tiny`, or nothing for a flag."""
        if self.is_flag:
            return ""
        usual = {int: "N", float: "X"}.get(self.kind, self.field.strip("_").upper())
        # Typer itself says that there may be many.
        return (self.mark.metavar or "|".join(self.literals) or usual).rstrip("….")

    @property
    def default(self) -> str | None:
        """The default as it would be typed; None where there is none, or where it goes without saying."""
        value = self.info.get_default()
        if self.info.is_required() or value is None or self.is_flag:
            return None
        if self.is_count and value >= 10_000 and value % 1000 == 0:
            return f"{value // 1000}k"
        return f"{value:g}" if isinstance(value, float) else str(value)

    @property
    def range(self) -> str | None:
        """The numbers that are allowed, in words."""
        limits = {
            key: value
            for mark in self.info.metadata
            for key in LIMITS
            if (value := getattr(mark, key, None)) is not None
        }
        shown = {key: value for key, value in limits.items() if abs(value) < UNBOUNDED}
        if {"ge", "le"} <= shown.keys():
            shown = {"both": f"{shown.pop('ge')} to {shown.pop('le')}", **shown}
        return ", ".join(words.format(shown[key]) for key, words in LIMITS.items() if key in shown) or None

    @property
    def remarks(self) -> list[str]:
        """What the help adds to the description: choices, range, default."""
        found = [", ".join(self.names), self.range, self.default and f"default: {self.default}"]
        return [remark for remark in found if remark]


LIMITS = {
    "both": "{}",
    "ge": "{} or more",
    "gt": "more than {}",
    "le": "up to {}",
    "lt": "less than {}",
    "multiple_of": "a multiple of {}",
}
"""Pydantic's limits on a number, and our words for them, in the order in which they are said."""


@cache
def options(kind: type[BaseModel]) -> Mapping[str, Option]:
    """The options of a config by their keys, in the order of its fields; those that several verbs share come last."""
    fields = sorted(kind.model_fields.items(), key=lambda item: item[0] not in kind.__annotations__)
    found = (Option(field, info) for field, info in fields)
    return {option.key: option for option in found}
