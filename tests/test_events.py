"""Events: what long work tells, in order."""

import dataclasses
from collections.abc import Iterator

import pytest

from gaia_stim.events import Event, Note, Progress, silent, tracked


@pytest.mark.parametrize("total", [3, None])
def test_tracked_passes_items_on_and_counts_those_dealt_with(total: int | None) -> None:
    events: list[Event] = []
    seen: list[str] = []
    for item in tracked("abc", "spelling", total, events.append):
        # An item is dealt with when the next one is asked for.
        assert events[-1] == Progress("spelling", len(seen), total)
        seen.append(item)
    assert seen == ["a", "b", "c"]
    assert events == [Progress("spelling", done, total) for done in range(4)]


def test_tracked_counts_nothing_that_failed() -> None:
    events: list[Event] = []
    with pytest.raises(RuntimeError):
        for item in tracked("abc", "spelling", 3, events.append):
            if item == "b":
                raise RuntimeError
    assert events[-1] == Progress("spelling", 1, 3)


def test_tracked_takes_no_item_before_it_is_asked_for() -> None:
    taken = []

    def source() -> Iterator[int]:
        for item in range(3):
            taken.append(item)
            yield item

    stream = tracked(source(), "taking", None, silent)
    assert taken == []
    next(stream)
    assert taken == [0]


def test_events_are_values() -> None:
    assert Note("x") == Note("x", warning=False) != Note("x", warning=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Note("x").text = "y"  # type: ignore[misc]
    assert silent(Note("x")) is None  # type: ignore[func-returns-value]
