"""The command line: options → config → pipeline; the only place that prints, exits or translates an error."""

import os
import signal
from collections.abc import Sequence
from types import FrameType

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program on `argv` (without the program's name); return the exit code. Ctrl-C ends it from the first."""
    before = signal.getsignal(signal.SIGINT)
    # What is interrupted while it is imported may be left half made, and say anything.
    is_ours = before is signal.default_int_handler and _may_set(signal.SIGINT, _cancelled)
    from gaia_stim.cli.app import main as run

    if is_ours:
        signal.signal(signal.SIGINT, before)
    return run(argv)


def _may_set(number: int, handler: object) -> bool:
    try:
        signal.signal(number, handler)  # type: ignore[arg-type]
    except ValueError:  # not in the main thread
        return False
    return True


def _cancelled(number: int, frame: FrameType | None) -> None:
    os.write(2, b"cancelled\n")
    os._exit(130)
