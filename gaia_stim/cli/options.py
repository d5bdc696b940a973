"""A config model, seen as the options of a command.

The models in `gaia_stim.config` say everything about an option: its type, range, default and meaning. Here
they become a signature that Typer can read. Every default there is None, so that only what was really typed
comes back: a preset, or a file of options, may decide the rest. Text is parsed by the models too, not by
Typer, so that a recipe, a notebook and the command line accept the same values and explain the same
mistakes.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo
from rich.markup import escape

from gaia_stim.config import Cli, Config, option_name

UNBOUNDED = 2**31
"""A limit this large is the computer's, not the user's, and is not worth a word."""


@dataclass(frozen=True)
class Option:
    """One field of a config as the user sees it."""

    field: str
    """The field's name in the model."""
    info: FieldInfo
    cli: Cli

    @property
    def key(self) -> str:
        """The name under which the model takes the value."""
        return self.info.alias or self.field

    @property
    def annotation(self) -> Any:
        """The field's type, without the None that only says "not given"."""
        kinds = [kind for kind in get_args(self.info.annotation) if kind is not type(None)]
        optional = type(None) in get_args(self.info.annotation)
        return kinds[0] if optional else self.info.annotation

    @property
    def is_flag(self) -> bool:
        return self.annotation is bool

    @property
    def is_many(self) -> bool:
        return get_origin(self.annotation) is tuple

    @property
    def literals(self) -> tuple[str, ...]:
        """The values of a field that has only a few."""
        return get_args(self.annotation) if get_origin(self.annotation) is Literal else ()

    @property
    def declarations(self) -> list[str]:
        """`--interpolations/--no-interpolations`, `--force`, or `--model` and `-m`."""
        long = option_name(self.field)
        if self.is_flag and self.info.default is True:
            long = f"{long}/--no-{long.removeprefix('--')}"
        return [long, self.cli.short] if self.cli.short else [long]

    @property
    def name(self) -> str:
        """What messages call it: `--size`, or `IMAGES`."""
        return self.metavar if self.cli.positional else option_name(self.field)

    @property
    def metavar(self) -> str:
        """What stands for the value: `PX`, `light|paper|tiny`, or nothing for a flag."""
        if self.is_flag:
            return ""
        usual = {int: "N", float: "X"}.get(self.annotation, self.field.strip("_").upper())
        # Typer itself says that there may be many.
        return (self.cli.metavar or "|".join(self.literals) or usual).rstrip("….")

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the table that the value is chosen from."""
        if self.cli.choices is None:
            return ()
        module, table = self.cli.choices.split(":")
        return tuple(getattr(import_module(module), table))

    @property
    def default(self) -> str | None:
        """The default as it would be typed; None where there is none, or where it goes without saying."""
        value = self.info.get_default()
        if self.info.is_required() or value is None or self.is_flag:
            return None
        is_count = any(isinstance(mark, BeforeValidator) for mark in self.info.metadata)
        if is_count and value >= 10_000 and value % 1000 == 0:
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


def options(config: type[Config]) -> Iterator[Option]:
    """The options of a config, in the order of its fields; those that several verbs have in common come last."""
    for field, info in sorted(config.model_fields.items(), key=lambda item: item[0] not in config.__annotations__):
        marks = [mark for mark in info.metadata if isinstance(mark, Cli)]
        yield Option(field, info, marks[0] if marks else Cli())


def signature(config: type[Config]) -> inspect.Signature:
    """What Typer makes parameters from: a keyword a field, its default None unless the field is needed."""
    return inspect.Signature([_parameter(option) for option in options(config)])


def typed(config: type[Config], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were really typed, under the names that the config takes them by."""
    return {
        option.key: arguments[option.field]
        for option in options(config)
        if arguments.get(option.field) not in (None, [], ())
    }


def named(config: type[Config]) -> Callable[[str], str]:
    """How messages call the fields of a config."""
    names = {option.key: option.name for option in options(config)}
    return lambda field: names.get(field, option_name(field))


def _parameter(option: Option) -> inspect.Parameter:
    needed = option.info.is_required()
    # Paths are texts here: typer's Path of nothing would be the folder one is in.
    kind: Any = Literal[option.literals] if option.literals else str
    if option.is_many:
        kind = list[str]
    elif option.annotation is bool:
        kind = bool
    shown: dict[str, Any] = {
        "help": _markup(option),
        "metavar": option.metavar,
        "rich_help_panel": option.cli.panel,
        "show_default": False,
    }
    mark: Any = typer.Argument(**shown) if option.cli.positional else typer.Option(*option.declarations, **shown)
    return inspect.Parameter(
        option.field,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else None,
        annotation=Annotated[kind if needed else kind | None, mark],
    )


def _markup(option: Option) -> str:
    remarks = "".join(f" [dim]{escape(f'[{remark}]')}[/dim]" for remark in option.remarks)
    return escape(option.info.description or "") + remarks
