"""How equal the Fourier amplitudes of a set become: here, in version 0.1, and by SHINE and shinier on the same files.

    python benchmarks/spectrum.py SET SET … --shinier-python OTHER/bin/python

`shinier` (PyPI, BSD-3) is no dependency: it is run by another interpreter, in which `pip install shinier` put it. Its
legacy mode does what the SHINE toolbox of MATLAB does (Willenbockel et al. 2010), on grey levels. All figures are
computed here from the written files, in linear light, by the standard's formulas, not by the program's functions.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from gaia_stim import MatchConfig, match
from gaia_stim.config import ProcessingConfig
from gaia_stim.stimuli.processing.matching import Way
from gaia_stim.stimuli.processing.process import process
from gaia_stim.stimuli.sets import StimulusSet

Plane = npt.NDArray[np.float64]
WHOLE, AVERAGE = {"spectrum": True}, {"spectrum": True, "rotational": True}
OURS: Mapping[str, Mapping[str, object]] = {
    "here: all amplitudes": WHOLE,
    "here: all, ground free": {**WHOLE, "ground": "free"},
    "here: all, of the foreground": {**WHOLE, "region": "foreground"},
    "here: averages (--rotational)": AVERAGE,
    "here: averages, luminance, contrast": {**AVERAGE, "luminance": True, "contrast": True},
}
SHINIER = """
import sys
from shinier import ImageDataset, ImageProcessor, Options
source, target, mode, legacy = sys.argv[1:]
asked = {"mode": int(mode), "legacy_mode": legacy == "1", "seed": 0, "verbose": -1}
options = Options(input_folder=source, output_folder=target, **asked)
ImageProcessor(dataset=ImageDataset(options=options), options=options, verbose=-1)
"""
THEIRS = {
    "shinier 0.2.3: all (mode 4)": (4, False),
    "shinier 0.2.3: averages (mode 3)": (3, False),
    "SHINE: all (legacy mode 4)": (4, True),
    "SHINE: averages (legacy mode 3)": (3, True),
}


def luminance(path: Path) -> Plane:
    """Rec. 709 Y of a file, by IEC 61966-2-1."""
    value = np.asarray(Image.open(path).convert("RGB"), dtype=np.float64) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    y: Plane = light @ np.array([0.2126, 0.7152, 0.0722])
    return y


def ring_means(y: Plane) -> Plane:
    """Mean amplitude at each whole frequency from 2 cycles a picture to the finest, under a Hann window."""
    side = len(y)
    window = np.outer(np.hanning(side), np.hanning(side))
    amplitude = np.abs(np.fft.fft2((y - y.mean()) * window))
    frequency = np.rint(np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.fftfreq(side, 1 / side)))
    return np.array([amplitude[frequency == ring].mean() for ring in range(2, side // 2 + 1)])


def judged(files: list[Path], before: list[Plane]) -> dict[str, float]:
    """How far apart the files are, and how much each is like the picture that it was."""
    pictures = [luminance(path) for path in files]
    amplitudes = np.log10([np.abs(np.fft.fft2(y)).ravel()[1:] for y in pictures])
    means = np.log10([ring_means(y) for y in pictures])
    octaves = np.log10(np.arange(2, means.shape[1] + 2))
    slopes = [np.polyfit(octaves, one, 1)[0] for one in means]
    like = [np.corrcoef(y.ravel(), then.ravel())[0, 1] for y, then in zip(pictures, before, strict=True)]
    return {
        "all_log10": float(amplitudes.std(axis=0).mean()),
        "averages_log10": float(means.std(axis=0).mean()),
        "slope_range": float(np.ptp(slopes)),
        "luminance_range": float(np.ptp([y.mean() for y in pictures])),
        "contrast_range": float(np.ptp([y.std() for y in pictures])),
        "least_correlation": float(min(like)),
    }


def stimuli(folder: Path) -> list[Path]:
    return sorted((folder / "stimuli").glob("*.png"))


def of_version_0_1(given: StimulusSet, out: Path, rotational: bool) -> list[Path]:
    way = Way(ProcessingConfig(spectrum=True, rotational=rotational), method=1)
    return stimuli(process(given, way, out, {}).folder)


def of_shinier(python: str, source: Path, target: Path, mode: int, legacy: bool) -> list[Path]:
    target.mkdir()
    command = [python, "-c", SHINIER, str(source), str(target), str(mode), str(int(legacy))]
    subprocess.run(command, check=True, capture_output=True)
    return sorted(target.rglob("*.png"))


def ways(folder: Path, room: Path, python: str | None) -> dict[str, Callable[[], list[Path]]]:
    """What is compared; each writes into its own folder."""
    given = StimulusSet.open(folder)
    source = room / "source"
    shutil.copytree(folder / "stimuli", source)
    found: dict[str, Callable[[], list[Path]]] = {
        "as it was": lambda: stimuli(folder),
        "version 0.1: all": lambda: of_version_0_1(given, room / "first", False),
        "version 0.1: averages": lambda: of_version_0_1(given, room / "first_average", True),
    }
    for number, (name, options) in enumerate(OURS.items()):
        asked = MatchConfig(stimuli=folder, out=room / f"ours_{number}", **options)
        found[name] = lambda asked=asked: stimuli(match(asked).out)  # type: ignore[misc]
    if python is not None:
        for name, (mode, legacy) in THEIRS.items():
            out = room / f"theirs_{mode}_{legacy}"
            found[name] = lambda mode=mode, legacy=legacy, out=out: of_shinier(python, source, out, mode, legacy)  # type: ignore[misc]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--shinier-python")
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    for folder in given.sets:
        with tempfile.TemporaryDirectory() as room:
            before = [luminance(path) for path in stimuli(folder)]
            for name, make in ways(folder, Path(room), given.shinier_python).items():
                found.setdefault(name, []).append(judged(make(), before))
    first = found["as it was"]
    print("| | " + " | ".join(first[0]) + " | slope range grew |\n|---" + "|---" * (len(first[0]) + 1) + "|")
    for name, sets in found.items():
        means = [f"{np.mean([one[figure] for one in sets]):.3f}" for figure in first[0]]
        grew = sum(one["slope_range"] > was["slope_range"] for one, was in zip(sets, first, strict=True))
        print(f"| {name} | " + " | ".join(means) + f" | {grew} of {len(sets)} |")


if __name__ == "__main__":
    main()
