"""Signals are noted, not died of, and everything is as before afterwards."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from gaia_stim.errors import Cancelled, InterruptedRun
from gaia_stim.training.interruption import SIGNALS, StopRequest, stop_requests


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted(number: signal.Signals) -> None:
    with stop_requests() as stop:
        assert not stop
        send(number)
        assert stop and stop.received == [number]
    error = stop.error("all saved")
    assert str(error) == "all saved"
    assert isinstance(error, Cancelled) is (number == signal.SIGINT)
    assert error.exit_code == (130 if number == signal.SIGINT else 75)


def test_both_errors_are_interruptions() -> None:
    assert isinstance(StopRequest([signal.SIGINT]).error(""), InterruptedRun)
    assert type(StopRequest([signal.SIGTERM, signal.SIGINT]).error("")) is InterruptedRun  # the first one counts


def test_a_second_control_c_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), stop_requests() as stop:
        send(signal.SIGINT)
        assert stop
        send(signal.SIGINT)


def test_control_c_after_a_polite_kill_is_noted() -> None:
    with stop_requests() as stop:
        send(signal.SIGTERM)
        send(signal.SIGINT)
        assert stop.received == [signal.SIGTERM, signal.SIGINT]


def test_an_error_inside_brings_the_handlers_back() -> None:
    with pytest.raises(ZeroDivisionError), stop_requests():
        raise ZeroDivisionError


def test_a_thread_may_not_touch_signals() -> None:
    seen: list[bool] = []

    def work() -> None:
        with stop_requests() as stop:
            seen.append(bool(stop))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
