"""How near to points that people set `gaia-stim align` finds eyes by itself, and how long it takes.

    python benchmarks/eyes.py PHOTOS LANDMARKS [LEFT RIGHT]

LANDMARKS is a table of image, landmark, x, y; LEFT and RIGHT (0 and 1) are its pupils. Measured is what was written:
where the places of the frame lie in the photographs, by the table of the transforms, against the points.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

Pair = np.ndarray
COMMAND = "--by eyes --unsure keep --force"
WITHIN = 0.05


def main(photos: Path, landmarks: Path, left: str = "0", right: str = "1") -> None:
    """Align a folder by the eyes, and print how far off they are."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "aligned"
        start = time.perf_counter()
        words = [sys.executable, "-m", "gaia_stim", "align", str(photos), "--out", str(out), *COMMAND.split()]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - start
        frame = json.loads((out / "alignment.json").read_text())["frame"]
        rows = list(csv.DictReader((out / "alignment.csv").open(encoding="utf-8")))
    found = {row["image"]: eyes_of(row, frame) for row in rows if row["scale"]}
    given = pairs(landmarks, left, right)
    off = {
        name: np.linalg.norm(found[name] - pair, axis=1) / apart(pair) for name, pair in given.items() if name in found
    }
    worse = {name: float(both.max()) for name, both in off.items()}
    every = np.concatenate(list(off.values()))
    print(f"{len(rows)} photographs, {took / len(rows):.2f} s each; a face in {len(found)}")
    print(f"of {len(given)} with points, both eyes within 5 %: {sum(value <= WITHIN for value in worse.values())}")
    print(f"an eye from its point, % of the eye distance: median {100 * np.median(every):.2f}, 90th percentile "
          f"{100 * np.percentile(every, 90):.2f}, most {100 * every.max():.2f}")  # fmt: skip
    print("beyond 5 %:", ", ".join(f"{name} {100 * value:.1f}" for name, value in worse.items() if value > WITHIN))
    print("unsure:", ", ".join(f"{row['image']} ({row['unsure']})" for row in rows if row["unsure"]) or "none")
    sure = [float(row["confidence"]) for row in rows if row["confidence"]]
    print(f"confidence: least {min(sure):.2f}, median {np.median(sure):.2f}")


def eyes_of(row: dict[str, str], frame: dict[str, float]) -> Pair:
    """Where the two places of the frame lie in the photograph: the similarity undone."""
    places = np.array([[0.5 - frame["distance"] / 2, frame["height"]], [0.5 + frame["distance"] / 2, frame["height"]]])
    shifted = places * frame["size"] - 0.5 - (float(row["shift_x"]), float(row["shift_y"]))
    angle = -math.radians(float(row["rotation_deg"]))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return shifted @ turn.T / float(row["scale"])


def pairs(landmarks: Path, left: str, right: str) -> dict[str, Pair]:
    """The two points of every image that has both."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row in csv.DictReader(landmarks.open(encoding="utf-8")):
        if row["landmark"] in (left, right):
            found.setdefault(row["image"], {})[row["landmark"]] = float(row["x"]), float(row["y"])
    return {name: np.array([both[left], both[right]]) for name, both in found.items() if len(both) == 2}


def apart(pair: Pair) -> float:
    return float(np.linalg.norm(pair[0] - pair[1]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *sys.argv[3:5])
