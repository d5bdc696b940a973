"""Every way in which a command can end badly, as words for the user and an exit code.

A mistake that the user can mend is one message; a bug is a notice that names a file with the traceback.
Nothing here goes through Rich's markup: a path like `faces[1].png` prints as it is.
"""

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from gaia_stim import __version__
from gaia_stim.errors import GaiaStimError, InterruptedRun, suggestion
from gaia_stim.files import FULL

PROGRAM = "gaia-stim"
BUG, USAGE, DATA, CANCELLED, BROKEN_PIPE = 1, 2, 3, 130, 141
DEBUG = "GAIA_STIM_DEBUG"
SYMLINK_LOOP = re.compile("Symlink loop from '(.*)'")


@dataclass(frozen=True)
class Ending:
    """How a command ended: what to say, after which mark, and the exit code."""

    text: str
    code: int
    mark: str = "error"


def ending(error: BaseException, argv: Sequence[str] = (), verb: str | None = None) -> Ending:
    """What to tell the user about an error, and what to exit with."""
    match error:
        case InterruptedRun():
            return Ending(str(error), error.exit_code, "stopped")
        case GaiaStimError():
            return Ending(str(error), error.exit_code)
        case typer.TyperException():
            return Ending(_usage(error, verb), USAGE)
        case KeyboardInterrupt() | typer.Abort():
            return Ending("", CANCELLED, "cancelled")
        case BrokenPipeError():
            return Ending("", BROKEN_PIPE, "")
        case MemoryError():
            return Ending(_memory(), DATA)
        case OSError() if error.errno in FULL or error.filename is not None:
            return Ending(_file(error), DATA)
        case RuntimeError() if _is_out_of_memory(error):
            return Ending(_memory(), DATA)
        case RuntimeError() if place := SYMLINK_LOOP.match(str(error)):  # Path.resolve, before Python 3.13
            return Ending(f"{place[1]}: is a link that leads to itself", DATA)
    return Ending(_bug(error, argv), BUG, "bug")


def see_help(verb: str | None) -> str:
    """Where the options are explained."""
    return f"see '{' '.join(filter(None, (PROGRAM, verb, '--help')))}'"


def printable(text: str) -> str:
    """Text without control characters: a file's name must not steer the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)


def _usage(error: typer.TyperException, verb: str | None) -> str:
    message = error.format_message().rstrip(".")
    for pattern, words in REWORDED:
        message = re.sub(pattern, words, message)
    if verb and (option := getattr(error, "option_name", None)) in GLOBAL:
        message += f"; it stands before the verb: {PROGRAM} {option} {verb} …"
    elif choice := re.search(r"'(.*)' is not one of (.*)$", message):
        message += suggestion(choice[1], re.findall(r"'(.*?)'", choice[2]))
    return f"{message}\n{see_help(verb)}"


GLOBAL = ("--json", "--quiet", "-q", "--version")
"""The options that belong to the program, not to a verb."""

REWORDED = (
    (r"^No such command '(.*)'", r"unknown command '\1'"),
    (r"^No such option: (\S+)", r"unknown option \1"),
    (r"\.? ?\(Possible options: (.*)\)$", r" (did you mean \1?)"),
    (r"\. Did you mean (.*)\?$", r" (did you mean \1?)"),
    (r"^Invalid value for '([^']*)': (?:Value error, )?", r"\1: "),
    (r"^Missing command", "a command is needed"),
    (r"^Missing (?:argument|option) '([^']*)'.*", r"\1: is needed"),
    (r"^Option '(.*)' requires an argument", r"\1: needs a value"),
    (r"^Option '(.*)' does not take a value", r"\1: takes no value"),
    (r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"unexpected argument: \1"),
)
"""Typer's words for a mistake, and ours, which are those of the config."""


def _file(error: OSError) -> str:
    name = "" if error.filename is None or isinstance(error.filename, int) else os.fspath(error.filename)
    where = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
    if error.errno in FULL:
        room = f"the disk is full{f' (writing {where})' if where else ''}"
        return f"{room}; make room, then give the same command again"
    if isinstance(error, PermissionError):
        return f"cannot read or write {where}: permission denied"
    return f"{where}: {(error.strerror or str(error)).lower()}"


def _memory() -> str:
    return "not enough memory; close other programs, or ask for less at once (a smaller --batch or --size)"


def _is_out_of_memory(error: RuntimeError) -> bool:
    # Torch has a class for a full GPU only; a full CPU is known by its words. A helper process that vanishes
    # was nearly always ended by the system for its memory.
    return type(error).__name__ in (
        "OutOfMemoryError",
        "BrokenProcessPool",
    ) or "can't allocate memory" in str(error)


def _bug(error: BaseException, argv: Sequence[str]) -> str:
    trace = "".join(traceback.format_exception(error))
    if os.environ.get(DEBUG, "0") not in ("", "0"):
        sys.stderr.write(trace)
    said = str(error).strip().splitlines()
    summary = f"{type(error).__name__}{f': {said[0]}' if said else ''}"
    notice = f"this is a bug in {PROGRAM}, not a mistake of yours: {summary}"
    try:
        return f"{notice}\nplease report it with the file {_log(trace, argv)}"
    except OSError as failed:
        return f"{notice}\nthe report could not be written ({failed}); {DEBUG}=1 shows the traceback"


def _log(trace: str, argv: Sequence[str]) -> Path:
    facts = [
        f"{PROGRAM} {__version__}",
        f"python {platform.python_version()} on {platform.platform()}",
        f"torch {getattr(sys.modules.get('torch'), '__version__', 'not imported')}",
        f"command: {list(argv)}",
    ]
    handle, name = tempfile.mkstemp(prefix=f"{PROGRAM}-bug-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write("\n".join([*facts, "", trace]))
    return Path(name)
