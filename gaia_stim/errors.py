"""What can go wrong through no fault of the program, and the exit code each of them ends with.

Everything a user can mend is a `GaiaStimError` whose text is one clear message: what failed, on what, what to do.
Any other exception is a bug and ends with exit code 1.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class GaiaStimError(Exception):
    """A mistake or mishap that the user can mend; its text is all the user sees."""

    exit_code = 1
    result: object = None
    """What was reached all the same, where there is something to show."""


class ConfigError(GaiaStimError):
    """A command, option or recipe asks for something that cannot be."""

    exit_code = 2


class OutputInTheWay(ConfigError):
    """Something stands where a command's output would go."""

    def __init__(self, message: str, *, replaceable: bool = False) -> None:
        super().__init__(message)
        self.replaceable = replaceable
        """Whether all of it is ours, as we wrote it: the same with --force replaces it, and nothing is lost."""


class DataError(GaiaStimError):
    """An image, folder or table is not what it should be."""

    exit_code = 3


class CheckpointError(GaiaStimError):
    """A model's files are missing, broken or not a model's files."""

    exit_code = 4


class DivergedError(GaiaStimError):
    """Training left the numbers that a model can have."""

    exit_code = 5


class InterruptedRun(GaiaStimError):
    """Stopped from outside with everything saved: the same command goes on."""

    exit_code = 75


class Cancelled(InterruptedRun):
    """Stopped by Ctrl-C with everything saved: the same command goes on."""

    exit_code = 130


def suggestion(name: str, valid: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the valid name nearest to `name`, or an empty string."""
    near = get_close_matches(name, list(valid), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def unknown_name(what: str, name: str, valid: Iterable[str]) -> ConfigError:
    """The one message for a name that is not in its table."""
    names = list(valid)
    return ConfigError(f"unknown {what} '{name}'{suggestion(name, names)}; choose from {', '.join(names)}")


def in_brief(names: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
