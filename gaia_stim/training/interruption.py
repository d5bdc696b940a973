"""Stopping in good order: a signal is noted, the step ends, everything is saved, and only then the run stops."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from gaia_stim.errors import Cancelled, InterruptedRun

SIGNALS = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [])
"""Ctrl-C, a scheduler's polite kill, and its warning before the time is up."""


@dataclass
class StopRequest:
    """Whether a signal has asked to stop, and which."""

    received: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.received)

    @property
    def number(self) -> int:
        """The signal that came first; 0 for none."""
        return self.received[0] if self.received else 0

    def error(self, text: str) -> InterruptedRun:
        """What to raise once all is saved: the exit codes differ."""
        return Cancelled(text) if self.received[0] == signal.SIGINT else InterruptedRun(text)


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Note signals instead of dying of them; a second Ctrl-C stops at once. In a thread, signals stay as they are."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in request.received:
            raise KeyboardInterrupt
        request.received.append(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
