"""The options of a config as parameters that Typer can read.

Every default is None, so that only what was really typed comes back: a preset, or a file of options, may decide the
rest. Text is parsed by the configs, not by Typer, so that a recipe, a notebook and the command line accept the same
values and explain the same mistakes.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from gaia_stim.config import Config
from gaia_stim.config.options import Option, option_name, options


def signature(config: type[Config]) -> inspect.Signature:
    """What Typer makes parameters from: a keyword a field, its default None unless the field is needed."""
    return inspect.Signature([_parameter(option) for option in options(config).values()])


def typed(config: type[Config], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were really typed, under the names that the config takes them by."""
    return {
        option.key: arguments[option.field]
        for option in options(config).values()
        if arguments.get(option.field) not in (None, [], ())
    }


def named(config: type[Config]) -> Callable[[str], str]:
    """How messages call the fields of a config."""
    names = {option.key: option.name for option in options(config).values()}
    return lambda field: names.get(field, option_name(field))


def _parameter(option: Option) -> inspect.Parameter:
    needed = option.info.is_required()
    # Paths are texts here: typer's Path of nothing would be the folder one is in.
    kind: Any = Literal[option.literals] if option.literals else str
    if option.is_many:
        kind = list[str]
    elif option.is_flag:
        kind = bool
    shown: dict[str, Any] = {
        "help": _markup(option),
        "metavar": option.metavar,
        "rich_help_panel": option.mark.panel,
        "show_default": False,
    }
    mark: Any = typer.Argument(**shown) if option.mark.positional else typer.Option(*option.declarations, **shown)
    return inspect.Parameter(
        option.field,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else None,
        annotation=Annotated[kind if needed else kind | None, mark],
    )


def _markup(option: Option) -> str:
    remarks = "".join(f" [dim]{escape(f'[{remark}]')}[/dim]" for remark in option.remarks)
    return escape(option.mark.about) + remarks
