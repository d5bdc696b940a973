"""Devices: what this machine has is what is said, and what it has not is a clear message."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gaia_stim import devices
from gaia_stim.devices import choose_device, cores, free_cores, has_bfloat16
from gaia_stim.errors import ConfigError

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")


@pytest.fixture
def _asked_anew() -> Iterator[None]:
    cores.cache_clear()
    yield
    cores.cache_clear()


@pytest.fixture
def quota(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing can set a real quota here."""
    cores.cache_clear()
    with monkeypatch.context() as patch:
        yield patch
    cores.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
def test_cores_are_no_more_than_the_machine_has() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


@needs_affinity
@pytest.mark.usefixtures("_asked_anew")
def test_cores_obey_the_affinity() -> None:
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, mine)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", 8), ("200000 100000\n", 2), ("50000 100000\n", 1), ("6400000 100000\n", 8), ("odd\n", 8)],
)
def test_cores_obey_the_containers_quota(text: str, expected: int, quota: pytest.MonkeyPatch) -> None:
    quota.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    quota.setattr(Path, "read_text", lambda path: text)
    assert cores() == expected


def test_free_cores_are_some_of_all() -> None:
    assert 1 <= free_cores() <= cores()


def test_the_device_asked_for() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "name",
    [
        "fpga",
        "",
        "cpu cuda",
        "meta",
        "mps",
        "mps:0",
    ],
)
def test_a_device_that_is_not_supported(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_device(name)
    assert str(caught.value).startswith(f"--device {name}: not supported (nor is any Apple GPU); give auto, cpu, cuda")


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="--device cuda:99: not on this machine; 'gaia-stim doctor'"):
        choose_device("cuda:99")


def test_bfloat16_is_what_the_flags_say(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for flags, expected in (({"avx512_bf16"}, True), ({"amx_bf16", "avx2"}, True), ({"avx2"}, False), (set(), False)):
        monkeypatch.setattr(devices, "_cpu_flags", lambda flags=flags: frozenset(flags))
        assert has_bfloat16(cpu) is expected
    assert has_bfloat16(torch.device("meta")) is False
