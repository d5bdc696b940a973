"""The program: what was typed becomes a call, and the call is made.

Typer only reads the command line; each command hands back what it was asked. Everything after that
(building the config, the pipeline function, the result, every error) happens in `main`, in one place, and
nothing else in the package prints or exits.
"""

import contextlib
import inspect
import io
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Annotated, Any

import typer
from rich.markup import escape

import gaia_stim
from gaia_stim import config, devices
from gaia_stim.cli import option_file
from gaia_stim.cli.messages import CANCELLED, PROGRAM, Ending, ending, see_help
from gaia_stim.cli.options import named, signature, typed
from gaia_stim.config.verbs import FAMILIES, VERBS, Verb
from gaia_stim.errors import ConfigError, GaiaStimError


@dataclass(frozen=True)
class Call:
    """What the user asked for: a verb and the options that were typed."""

    name: str
    verb: Verb
    values: dict[str, Any]
    json: bool
    quiet: bool


@dataclass(frozen=True)
class Globals:
    """What was typed before the verb."""

    json: bool
    quiet: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program on `argv` (without the program's name); return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _have_streams()
    try:
        call = _program()(args=arguments or ["--help"], prog_name=PROGRAM, standalone_mode=False)
        if call == CANCELLED:  # so Typer ends where Ctrl-C comes while it reads the command line, without a word
            raise KeyboardInterrupt
        if isinstance(call, Call):
            _run(call)
        sys.stdout.flush()
        return call if isinstance(call, int) else 0
    except SystemExit as error:
        # So Rich ends where nobody reads the help.
        if isinstance(error.__context__, BrokenPipeError):
            return _end(ending(error.__context__))
        raise
    except BaseException as error:
        return _end(ending(error, arguments, _verb_in(arguments)))


@cache
def _program() -> Callable[..., Any]:
    """The program as Click runs it: made once, for it takes longer than many a command."""
    return typer.main.get_command(build_app())


def build_app() -> typer.Typer:
    """The program as Typer knows it: one command a row of `VERBS`."""
    app = typer.Typer(
        name=PROGRAM,
        help=(gaia_stim.__doc__ or "").partition("\n")[0].split(": ", 1)[-1].capitalize(),
        epilog=f"Start with [bold]{PROGRAM} demo[/bold], or with [bold]{PROGRAM} train YOUR_IMAGES[/bold].",
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_globals)
    families: dict[str, typer.Typer] = {}
    for name, verb in VERBS.items():
        family, _, member = name.rpartition(" ")
        if family and family not in families:
            families[family] = typer.Typer(rich_markup_mode="rich")
            app.add_typer(families[family], name=family, help=escape(FAMILIES[family]), rich_help_panel=verb.panel)
        (families[family] if family else app).command(
            member,
            help=escape(inspect.getdoc(verb.config) or ""),
            rich_help_panel=verb.panel,
            epilog=f"Example: [bold]{escape(f'{PROGRAM} {verb.example}')}[/bold]",
        )(_command(name, verb))
    return app


def _verb_in(words: Sequence[str]) -> str | None:
    """The verb, or the family of verbs, that a command line asks for."""
    pairs = (" ".join(pair) for pair in pairwise(words))
    return next((name for name in (*pairs, *words) if name in VERBS or name in FAMILIES), None)


def _command(name: str, verb: Verb) -> Callable[..., Call]:
    def command(ctx: typer.Context, **arguments: Any) -> Call:
        before: Globals = ctx.obj
        return Call(name, verb, typed(verb.config, arguments), before.json, before.quiet)

    asked = signature(verb.config)
    context = inspect.signature(command).parameters["ctx"]
    command.__signature__ = asked.replace(parameters=[context, *asked.parameters.values()])  # type: ignore[attr-defined]
    command.__annotations__ = {"ctx": typer.Context}
    return command


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"{PROGRAM} {gaia_stim.__version__}")
        raise typer.Exit


def _globals(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", metavar="", help="Print the result as one JSON object.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", metavar="", help="No progress and no notes; warnings stay.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    ctx.obj = Globals(json, quiet)


def _run(call: Call) -> None:
    from gaia_stim.cli.console import listening, messages
    from gaia_stim.cli.results import as_json

    asked = _config(call)
    launch = devices.launched()
    if launch.rank and not call.verb.config.is_shared:
        return

    def tell(result: object) -> None:
        if launch.rank:
            return
        if call.json or call.verb.is_json:
            sys.stdout.write(as_json(result) + "\n")
        else:
            _show(call.verb, asked, result)

    try:
        with listening(messages(), quiet=call.quiet) as listen, _together(call.verb, launch):
            result = call.verb.function()(asked, listen)
    except GaiaStimError as error:
        if error.result is not None:
            tell(error.result)
        raise
    tell(result)


def _together(verb: Verb, launch: devices.Launch) -> contextlib.AbstractContextManager[None]:
    """With the others that were started together with this process, where they share this verb's work."""
    if launch.size == 1 or not verb.config.is_shared:
        return contextlib.nullcontext()
    from gaia_stim.training.distributed import joined

    return joined(launch)


def _config(call: Call) -> config.Config:
    kind = call.verb.config
    try:
        values, name = option_file.merged(kind, call.values, named(kind))
        return config.make(kind, values, name)
    except ConfigError as error:
        raise ConfigError(f"{error}\n{see_help(call.name)}") from None


def _show(verb: Verb, asked: config.Config, result: Any) -> None:
    from gaia_stim.cli.console import output
    from gaia_stim.cli.results import plain, show

    known = {**plain(asked), **plain(result)}
    quoted = {name: shlex.quote(str(value)) for name, value in known.items() if value is not None}
    wanted = {name for _, name, _, _ in Formatter().parse(verb.next) if name}
    is_done = not getattr(asked, "dry_run", False)
    has_next = is_done and verb.next and wanted <= quoted.keys()
    hint = f"{PROGRAM} {verb.next.format_map(quoted)}" if has_next else ""
    show(output(), result, hint)


def _end(how: Ending) -> int:
    from gaia_stim.cli.console import messages, say

    if how.mark:
        say(messages(), how.text, how.mark, "bold red")
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # Nobody reads stdout any more, or it is full: what is still in its buffer must not fail again at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return how.code


def _have_streams() -> None:
    """Streams that are closed lead nowhere; a terminal that cannot show a character gets its code instead."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
