"""Listening to long work: a live display on a terminal, and now and then a line where there is none.

All of it goes to stderr, so that stdout carries results and nothing else.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from gaia_stim.cli.messages import printable
from gaia_stim.events import Event, Listener, Note, Progress

if TYPE_CHECKING:
    from rich.progress import TaskID

PAUSE = 10.0
"""Seconds between two lines about the same task where nobody watches a terminal."""


class _Stream(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `main`, like every other ending; Rich would exit here."""
        raise BrokenPipeError


def messages() -> Console:
    """Where progress, warnings and errors go."""
    return _Stream(stderr=True, highlight=False, soft_wrap=True)


def output() -> Console:
    """Where results go."""
    return _Stream(highlight=False, soft_wrap=True)


def say(console: Console, text: str, mark: str = "", style: str = "") -> None:
    """One message, its further lines indented below the first; nothing in it is markup."""
    head = f"{mark}: " if mark and text else mark
    first, *others = printable(text).split("\n")
    console.print(Text.assemble((head, style), first, *(f"\n{' ' * len(head)}{line}" for line in others)))


@contextmanager
def listening(console: Console, *, quiet: bool = False) -> Iterator[Listener]:
    """A listener for as long as the work lasts. With `quiet`, only warnings are told."""
    if quiet:
        yield _Quiet(console)
        return
    listener = _Live(console) if console.is_terminal else Lines(console)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Listener]:
    """What the command line tells while it works, for a script or a notebook: bars on a terminal, else lines.

    >>> with progress() as listen:                        # doctest: +SKIP
    ...     train(TrainConfig(images="photos"), listen)
    """
    with listening(messages(), quiet=quiet) as listen:
        yield listen


def figures(values: Mapping[str, float]) -> str:
    """`loss 0.0312 · images/s 512`: three digits are all that the eye takes in."""
    return " · ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def _tell(console: Console, note: Note) -> None:
    say(console, note.text, *(("warning", "yellow") if note.warning else ()))


class _Quiet:
    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note) and event.warning:
            _tell(self._console, event)


class Lines:
    """A line a task at most every `PAUSE` seconds, and its last."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._told: dict[str, float] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._waiting: dict[str, Progress] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note):
            _tell(self._console, event)
            return
        now = self._clock()
        self._begun.setdefault(event.task, (now, event.done))
        self._waiting[event.task] = event
        if event.done == event.total or now - self._told.setdefault(event.task, now) >= PAUSE:
            self._line(self._waiting.pop(event.task), now)

    def close(self) -> None:
        """Tell the last of what was not told yet."""
        for event in self._waiting.values():
            self._line(event, self._clock())
        self._waiting.clear()

    def _line(self, event: Progress, now: float) -> None:
        self._told[event.task] = now
        counted = f"{event.done:,}" + (f"/{event.total:,}" if event.total is not None else "")
        parts = [f"{event.task}: {counted}", self._left(event, now), figures(event.figures)]
        say(self._console, " · ".join(part for part in parts if part))

    def _left(self, event: Progress, now: float) -> str:
        begun, done = self._begun[event.task]
        if event.total is None or event.done in (done, event.total):
            return ""
        seconds = (now - begun) / (event.done - done) * (event.total - event.done)
        return f"{_span(seconds)} left" if seconds > 0 else ""


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Live:
    """Bars that move, a row a task; notes scroll by above them."""

    def __init__(self, console: Console) -> None:
        from rich import progress
        from rich.table import Column

        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._display = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=24),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
            # What does not fit is cut: a display that wraps cannot be drawn over itself.
            progress.TextColumn(
                "{task.fields[figures]}",
                "dim",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=console,
            expand=True,
        )

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note):
            _tell(self._console, event)
            return
        if event.task not in self._tasks:
            self._display.start()
            self._tasks[event.task] = self._display.add_task(printable(event.task), total=event.total, figures="")
        self._display.update(
            self._tasks[event.task], completed=event.done, total=event.total, figures=figures(event.figures)
        )

    def close(self) -> None:
        self._display.stop()
