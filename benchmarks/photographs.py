"""Carried photographs beside a landmark morph: what is sharp, what is in its place, what a cross-fade would be.

    python benchmarks/photographs.py RUN IMAGES LANDMARKS.csv [PAIRS [SHEET.jpg [ROWS]]]

Over random pairs of held-out images with landmarks, from the files that `morph --steps 5 --refine 60` writes (and again
with `--points` of all landmarks):

- the Laplacian energy of the middle over the mean of the ends', of the whole picture and of the face alone (a disc
  round the nose, brows to mouth), beside that of a landmark morph of the same pair (piecewise affine through all points
  and the border, scikit-image) and of a cross-fade; and how much it varies along a continuum;
- SSIM of the middle to the landmark morph, of the picture and of the face alone, and that of a cross-fade;
- landmarks of each source carried to the middle, and their distance from the mean of both sources' points, in % of the
  distance between the first two; beside it the same by codes alone, with `--points` of all landmarks, of 20, and of 3,
  then for the other landmarks only, which nothing was told of, and with nothing carried.

SHEET, a .jpg or a .png, shows the first ROWS pairs (10): A, the landmark morph, the middle, the middle with --points,
the cross-fade, B.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import laplace
from skimage.metrics import structural_similarity
from skimage.transform import PiecewiseAffineTransform, warp

from gaia_stim import MorphConfig, Space, StimulusSet, morph, morph_plan
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.files import write_bytes
from gaia_stim.images import Frame, Pixels, fit_image, image_bytes, read_image, shrunk
from gaia_stim.labels import read_landmarks
from gaia_stim.labels.landmarks import Landmarks, landmarks_csv
from gaia_stim.space.carrying import Carrier
from gaia_stim.space.images import images_of
from gaia_stim.stimuli.plan import Plan

Points = npt.NDArray[np.float64]
Where = npt.NDArray[np.bool_]
STEPS, REFINE = 5, 60
COLUMNS = ["A", "landmark morph", "carried", "carried, points", "cross-fade", "B"]


def energy(picture: Pixels, where: Where) -> float:
    """Of the Laplacian of lightness there: its root mean square."""
    return float(np.sqrt(np.square(laplace(picture.mean(axis=2)))[where].mean()))


def face(side: int, points: Points) -> Where:
    """A disc of an eye distance round a point half of one below the eyes, the first two of the points."""
    eyes = points[:2]
    unit, (across, down) = np.linalg.norm(eyes[0] - eyes[1]), eyes.mean(axis=0)
    y, x = np.mgrid[:side, :side]
    return np.asarray(np.hypot(x - across, y - down - unit / 2) < unit)


def landmark_morph(a: Pixels, b: Pixels, points_a: Points, points_b: Points) -> Pixels:
    """The middle of two pictures whose points are known: both moved to the mean of the points, then averaged."""
    side = a.shape[0]
    edge = np.linspace(0, side - 1, 5)
    border = np.array([(x, y) for x in edge for y in edge if x in (0, side - 1) or y in (0, side - 1)])
    middle = np.concatenate([(points_a + points_b) / 2, border])
    moved = []
    for picture, points in ((a, points_a), (b, points_b)):
        to_source = PiecewiseAffineTransform.from_estimate(middle, np.concatenate([points, border]))
        moved.append(warp(picture / 255, to_source, order=3, mode="edge"))
    return np.clip(np.mean(moved, axis=0) * 255, 0, 255).astype(np.uint8)


def similarity(a: Pixels, b: Pixels, where: Where) -> float:
    _, everywhere = structural_similarity(a, b, channel_axis=2, data_range=255, full=True)
    return float(everywhere[where].mean())


run, images, table = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 50
space = Space.load(run)
dataset = images_of(space, images)
held_out = [dataset.table["path"].iloc[row] for row in dataset.rows("validation")]
known = dict(zip(held_out, read_landmarks(table).of(held_out), strict=True))
usable = [path for path in held_out if known[path] is not None]
shown_rows = int(sys.argv[6]) if len(sys.argv) > 6 else 10
rng = np.random.default_rng(0)
every = read_landmarks(table).names
GIVEN = {"all": every, "20": sorted(np.random.default_rng(1).permutation(every)[:20]), "3": every[:2] + every[96:97]}
"""Landmarks that --points is given; the eyes and the mouth are the last three."""


def told_of(folder: Path, names: list[str], landmarks: Sequence[str]) -> Path:
    """A table of some landmarks of some images."""
    file = folder / f"points_{len(landmarks)}.csv"
    places = {name: known[name][[every.index(landmark) for landmark in landmarks]] for name in names}
    file.write_bytes(landmarks_csv(Landmarks(table, tuple(landmarks), places)))
    return file


def misses(plan: Plan, in_model: list[Points], others: list[int]) -> tuple[float, float, int]:
    """Of landmarks carried to the middle of a plan of three: mean distance from where they belong, of all and of the
    others, in % of the distance of the first two; and folds."""
    carrying = plan.carrying
    ends = carrying.residuals
    own = None if ends is None else np.stack([*ends, ends.mean(axis=0, dtype=np.float64)]).astype(np.float32)
    carrier = Carrier(space.model.decoder, np.stack([*carrying.codes, plan.codes[1]]), own)
    mean, unit = sum(in_model) / 2, np.mean([np.linalg.norm(points[0] - points[1]) for points in in_model])
    off = [np.linalg.norm(carrier.carry(points, at, 2) - mean, axis=1) / unit for at, points in enumerate(in_model)]
    return 100 * float(np.mean(off)), 100 * float(np.mean(np.array(off)[:, others])), sum(carrier.folds())


found: dict[str, list[float]] = {}
rows: list[Pixels] = []
for _ in range(pairs):
    names = [usable[place] for place in rng.choice(len(usable), 2, replace=False)]
    first, second = (dataset.folder / name for name in names)
    with tempfile.TemporaryDirectory() as folder:
        options = {"steps": STEPS, "refine": REFINE, "model": run}
        sets = [
            morph(MorphConfig(first=first, second=second, out=Path(folder) / name, points=points, **options))
            for name, points in (("carried", None), ("points", told_of(Path(folder), names, every)))
        ]
        stimuli, placed = (
            [read_image(one.out / image) for image in StimulusSet.open(one.out).table["image"]] for one in sets
        )
        found.setdefault("folds", []).append(float(StimulusSet.open(sets[0].out).table["folds"].sum()))
    side = stimuli[0].shape[0]
    a, b = (fit_image(read_image(path), side, space.config.dataset.fit) for path in (first, second))
    whole = [read_image(path).shape for path in (first, second)]
    frames = [Frame.of(shape[0], shape[1], space.config.dataset.fit) for shape in whole]
    in_model = [frame.model(known[name]) for frame, name in zip(frames, names, strict=True)]
    in_pixels = [(points + 1) * side / 2 - 0.5 for points in in_model]

    everywhere, middle = np.ones((side, side), bool), STEPS // 2
    places = {"whole": everywhere, "face": face(side, sum(in_pixels) / 2)}
    t = np.linspace(0, 1, STEPS)
    ratios = [
        energy(one, everywhere) / ((1 - at) * energy(a, everywhere) + at * energy(b, everywhere))
        for one, at in zip(stimuli, t, strict=True)
    ]
    found.setdefault("energy varies along a continuum by", []).append(float(np.std(ratios) / np.mean(ratios)))
    reference, fade = landmark_morph(a, b, *in_pixels), np.mean([a, b], axis=0).astype(np.uint8)
    plain = morph_plan(space, first, second, steps=3, refine=REFINE, detail="mean").pictures(space)[1]
    ways = {
        "landmark morph": reference,
        "carried": stimuli[middle],
        "carried, points": placed[middle],
        "carried, --detail mean": plain,
        "cross-fade": fade,
    }
    for where, mask in places.items():
        ends = (energy(a, mask) + energy(b, mask)) / 2
        for name, way in ways.items():
            found.setdefault(f"{where}: energy, {name}", []).append(energy(way, mask) / ends)
            found.setdefault(f"{where}: SSIM to the landmark morph, {name}", []).append(
                similarity(way, reference, mask)
            )
    if len(rows) < len(COLUMNS) * shown_rows:
        rows += [shrunk(one, 256) for one in (a, reference, stimuli[middle], placed[middle], fade, b)]

    anywhere = list(range(len(every)))
    whole_plan = morph_plan(space, first, second, steps=3, refine=REFINE)
    found.setdefault("landmarks at the middle, %", []).append(misses(whole_plan, in_model, anywhere)[0])
    codes_alone = replace(whole_plan, carrying=replace(whole_plan.carrying, residuals=None))
    found.setdefault("… by codes alone, %", []).append(misses(codes_alone, in_model, anywhere)[0])
    with tempfile.TemporaryDirectory() as folder:
        for count, landmarks in GIVEN.items():
            file = told_of(Path(folder), names, landmarks)
            plan = morph_plan(space, first, second, steps=3, refine=REFINE, points=file)
            others = [place for place, name in enumerate(every) if name not in landmarks]
            of_all, of_others, folds = misses(plan, in_model, others or anywhere)
            found.setdefault(f"… with {count} points, %", []).append(of_all)
            found.setdefault(f"… with {count} points, the others, %", []).append(of_others)
            found.setdefault(f"folds with {count} points", []).append(folds)
    mean, unit = sum(in_model) / 2, np.mean([np.linalg.norm(points[0] - points[1]) for points in in_model])
    unmoved = np.mean([np.linalg.norm(points - mean, axis=1).mean() for points in in_model]) / unit
    found.setdefault("… with nothing carried, %", []).append(100 * float(unmoved))

print(f"{pairs} pairs of {len(usable)} held-out images, {side} px")
for name, values in found.items():
    print(f"{name:50} {np.mean(values):.3f}  ± {np.std(values):.3f}")
if len(sys.argv) > 5:
    sheet = contact_sheet(rows, len(COLUMNS), column_labels=COLUMNS)
    write_bytes(Path(sys.argv[5]), image_bytes(sheet, Path(sys.argv[5]).suffix))
