"""What long work tells whoever started it: plain values, so that a notebook, a log or a progress bar can listen.

Nothing in this package prints; only the command line does, by listening.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar


@dataclass(frozen=True)
class Progress:
    """`done` of `total` things of `task` are ready; `total` is None where it is not known."""

    task: str
    done: int
    total: int | None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """Something worth a line; a warning names something that the user may have to act on."""

    text: str
    warning: bool = False


T = TypeVar("T")
Event = Progress | Note
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """The listener of those who do not listen."""


def tracked(items: Iterable[T], task: str, total: int | None, listen: Listener) -> Iterator[T]:
    """Pass `items` on, telling `listen` after each how many have been dealt with."""
    listen(Progress(task, 0, total))
    for done, item in enumerate(items, start=1):
        yield item
        listen(Progress(task, done, total))
