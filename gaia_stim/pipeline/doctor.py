"""What this machine can do, in plain words.

Each check looks at one thing and says what it found; where that will hurt, it warns and says what to do. A
check never fails: what cannot be found out is a warning too. Torch is imported by the checks that need it
only.
"""

import os
import platform
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Literal

import gaia_stim
from gaia_stim.config import DoctorConfig
from gaia_stim.devices import cores, free_cores, has_bfloat16
from gaia_stim.events import Listener, silent, tracked

EXTRAS = {"explore": "uvicorn", "notebook": "anywidget", "onnx": "onnxruntime", "video": "av", "heif": "pillow_heif"}
"""Extra to a module that comes with it."""
SOME_IMAGES = 10
GIB = 1 << 30
LITTLE_MEMORY, LITTLE_DISK = 4 * GIB, 5 * GIB
"""Below these a training of the light model, its image cache and its run folder get tight."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "warn"]
    found: str
    advice: str = ""


@dataclass(frozen=True)
class DoctorResult:
    """What was found; `healthy` where no check warns."""

    healthy: bool
    checks: tuple[Check, ...]


def doctor(config: DoctorConfig, listen: Listener = silent) -> DoctorResult:
    """Look at everything that decides whether, and how fast, the other commands work here."""
    looks: tuple[Callable[[], list[Check]], ...] = (
        _versions,
        _processor,
        _gpus,
        _memory,
        _disks,
        _extras,
        _model,
        _next_step,
    )
    checks = tuple(check for look in tracked(looks, "looking", len(looks), listen) for check in look())
    return DoctorResult(all(check.status == "ok" for check in checks), checks)


def _versions() -> list[Check]:
    import numpy as np  # first: while torch's C code imports it, a Ctrl-C is lost
    import torch

    return [
        Check("gaia-stim", "ok", gaia_stim.__version__),
        Check("python", "ok", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        Check("numpy", "ok", np.__version__),
        Check("torch", "ok", torch.__version__),
    ]


def _processor() -> list[Check]:
    import torch

    free = free_cores()
    busy = free < max(1, cores() // 2)
    bf16 = has_bfloat16(torch.device("cpu"))
    return [
        Check(
            "cores",
            "warn" if busy else "ok",
            f"{cores()}, of which {free} free",
            "other programs use the processor: training will be slow until they end" if busy else "",
        ),
        Check("bf16 on the processor", "ok", "yes: training is faster" if bf16 else "no: training uses float32"),
    ]


def _gpus() -> list[Check]:
    import torch

    if not torch.cuda.is_available():
        advice = "the light model trains on a processor; the paper's size wants a GPU"
        return [Check("GPU", "ok", "none", advice)]
    found = []
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        found.append(Check(f"GPU cuda:{index}", "ok", f"{device.name}, {_gib(device.total_memory)}"))
    return found


def _memory() -> list[Check]:
    import psutil

    memory = psutil.virtual_memory()
    little = memory.available < LITTLE_MEMORY
    return [
        Check(
            "memory",
            "warn" if little else "ok",
            f"{_gib(memory.available)} free of {_gib(memory.total)}",
            "close other programs, or train with a smaller --batch or --size" if little else "",
        )
    ]


def _disks() -> list[Check]:
    from gaia_stim.dataset import cache_folder

    places = {"disk here": Path.cwd(), "disk of the image cache": cache_folder()}
    return [_disk(name, place) for name, place in places.items()]


def _disk(name: str, place: Path) -> Check:
    standing = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(standing).free
    found = f"{_gib(free)} free ({place})"
    if not os.access(standing, os.W_OK):
        return Check(name, "warn", found, "nothing can be written there: work in another folder")
    little = free < LITTLE_DISK
    return Check(name, "warn" if little else "ok", found, "make room, or work on another disk" if little else "")


def _extras() -> list[Check]:
    """What of the parts that one may do without is there."""
    missing = [extra for extra, module in EXTRAS.items() if find_spec(module) is None]
    here = ", ".join(extra for extra in EXTRAS if extra not in missing) or "none"
    advice = f"more: pip install 'gaia-stim[{','.join(missing)}]'" if missing else ""
    return [Check("extras", "ok", here, advice)]


def _next_step() -> list[Check]:
    """By what lies here: a model of one's own, images, or nothing."""
    from gaia_stim.images import is_image
    from gaia_stim.runs import LATEST

    def holds_images(folder: Path) -> bool:
        return sum(is_image(file) for file in islice(folder.iterdir(), 5 * SOME_IMAGES)) >= SOME_IMAGES

    if LATEST.exists():
        return [Check("next step", "ok", "gaia-stim explore", f"there is a model of yours: {LATEST} names it")]
    here = (folder for folder in sorted(Path.cwd().iterdir()) if folder.is_dir() and os.access(folder, os.R_OK))
    images = next((folder.name for folder in here if folder.name[:1] != "." and holds_images(folder)), None)
    if images:
        train = f"gaia-stim train {shlex.quote(images)}"
        return [Check("next step", "ok", train, f"photographs of faces first: gaia-stim align {shlex.quote(images)}")]
    return [Check("next step", "ok", "gaia-stim demo", "no images and no model of yours lie here")]


def _model() -> list[Check]:
    """What `--model` would be without being given."""
    from gaia_stim.runs import BUILT_IN, find_run

    found = find_run(None)
    where = found.reason if found.run.path == BUILT_IN else f"{found.run.path} (from {found.reason})"
    if found.run.exists:
        return [Check("model", "ok", where)]
    return [Check("model", "warn", where, f"there is no run at {found.run.path}: train one, or name one with -m")]


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
