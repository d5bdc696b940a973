"""`align --by set` on images that were displaced by known similarities: how near it brings them to one place.

    python benchmarks/congealing.py IMAGES [N [SEED [FILL [SHEET.png [LANDMARKS.csv]]]]]

Shifts N images of a folder by up to 10 % of a side, scales them by up to 15 % and turns them by up to 15° (bicubic, by
scikit-image; beyond the edge `edge` or `white`, or `none`: they are left as they are), aligns them by each other, and
prints, in pixels of 128, after the best common similarity:

- planted: how far a grid of points over the whole image is from where it was before. What differs in size to begin
  with, as the avatars do, is off by that: aligned, it no longer differs;
- undisturbed: how far it is from where the very images are put that were not displaced, aligned by a run of their own;
- eyes: how far both eyes are from their middle place, by LANDMARKS' first two points, or by the white that drawn eyes
  have (found in the undisturbed images; those with dark glasses have none).

SHEET shows every N/24th as it came and as it was put.
"""

import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_closing, label
from skimage.transform import SimilarityTransform, warp

from gaia_stim.alignment import Similarity
from gaia_stim.alignment.congealing import congeal
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import Pixels, Positions, list_images, read_image, shrunk, write_png
from gaia_stim.labels import read_landmarks

SIDE, SHOWN = 128, 24
Points = npt.NDArray[np.float64]


def planted(height: int, width: int, chance: np.random.Generator) -> SimilarityTransform:
    """A similarity about the centre: ± 10 % of the shorter side, ± 15 %, ± 15°."""
    centre = np.array([width - 1, height - 1]) / 2
    shift = chance.uniform(-0.1, 0.1, 2) * min(height, width)
    scale, angle = chance.uniform(0.85, 1.15), np.radians(chance.uniform(-15, 15))
    about = SimilarityTransform(scale=scale, rotation=angle) + SimilarityTransform(translation=centre + shift)
    return SimilarityTransform(translation=-centre) + about


def displaced(image: Pixels, truth: SimilarityTransform, fill: str) -> Pixels:
    mode = "edge" if fill == "edge" else "constant"
    made = warp(image / 255, truth.inverse, order=3, mode=mode, cval=1, clip=True)
    return np.rint(made * 255).astype(np.uint8)


def whole(image: Pixels) -> Positions:
    """A grid of 9 x 9 points over an image's centre square."""
    height, width = image.shape[:2]
    along = (np.linspace(-1, 1, 9)) * min(height, width) / 2
    return np.stack(np.meshgrid(along + (width - 1) / 2, along + (height - 1) / 2), axis=-1).reshape(-1, 2)


def off(wanted: list[Points], found: list[Points]) -> Points:
    """Mean distance an image, after the similarity from `wanted` to `found` that the nearer three quarters have."""
    kept = np.arange(len(found))
    for _ in range(10):
        flat = [np.concatenate([some[index] for index in kept]) for some in (wanted, found)]
        common = SimilarityTransform.from_estimate(*flat)
        pairs = zip(wanted, found, strict=True)
        distances = np.array([np.linalg.norm(common(a) - b, axis=1).mean() for a, b in pairs])
        kept = np.argsort(distances)[: max(2, len(found) * 3 // 4)]
    return distances


def drawn_eyes(image: Pixels) -> Positions | None:
    """Centres of the two whites that lie alike left and right of an avatar's middle, pupils closed over; else None."""
    light = image.min(axis=2) > 225
    parts, _ = label(light)
    ground = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    eyes = binary_closing(np.pad(light & ~np.isin(parts, ground), 16), np.ones((3, 15)))[16:-16, 16:-16]
    parts, count = label(eyes)
    boxes = []
    for part in range(1, count + 1):
        rows, columns = np.nonzero(parts == part)
        if len(rows) >= 25:
            boxes.append(((columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2, len(rows)))
    for (x, y, area), (u, v, other) in combinations(sorted(boxes), 2):
        alike = abs(y - v) < 1.6 and abs(area - other) <= 0.2 * max(area, other) + 4
        if alike and abs((x + u) / 2 - 63.5) < 4 and 28 < u - x < 42 and 62 < (y + v) / 2 < 70:
            return np.array([[x, y], [u, v]])
    return None


def told(name: str, distances: Points) -> None:
    middle, most = np.percentile(distances, [50, 95])
    near, nearly = (np.mean(distances <= least) for least in (2, 4))
    shares = f"within 2 px {near:.3f}, 4 px {nearly:.3f}"
    print(f"{name:12} n {len(distances):4}  median {middle:5.2f}  95 % {most:5.2f}  {shares}")


def main() -> None:
    given = dict(enumerate(sys.argv[1:]))
    folder, count, seed = Path(given[0]), int(given.get(1, "200")), int(given.get(2, "0"))
    fill = given.get(3, "edge")
    chance = np.random.default_rng(seed)
    names = list_images(folder)
    names = [names[place] for place in np.sort(chance.choice(len(names), min(count, len(names)), replace=False))]
    images = [shrunk(read_image(folder / name), 512) for name in names]
    truths = [planted(*image.shape[:2], chance) if fill != "none" else SimilarityTransform() for image in images]
    shown = [displaced(image, truth, fill) for image, truth in zip(images, truths, strict=True)]

    began = time.process_time()
    congealed = congeal(shown)
    took = (time.process_time() - began) / len(shown)
    print(f"{len(shown)} images, filled by {fill}, seed {seed}: {1000 * took:.0f} ms of one core each")
    placed = congealed.similarities(SIDE)
    grids = [whole(image) for image in images]
    scaled = [points * SIDE / min(image.shape[:2]) for image, points in zip(images, grids, strict=True)]
    there = [one(truth(points)) for one, truth, points in zip(placed, truths, grids, strict=True)]
    told("planted", off(scaled, there))
    confidence = np.array(congealed.confidence)
    if fill != "none":
        still = congeal(images).similarities(SIDE)
        wanted = [one(points) for one, points in zip(still, grids, strict=True)]
        told("undisturbed", off(wanted, there))
        for least in (0.5, 0.7):
            told(f"  sure {least}", off(wanted, there)[confidence >= least])
    eyes = eyes_of(folder, names, images, given.get(5))
    seen = [place for place, points in enumerate(eyes) if points is not None]
    if seen:
        at = [placed[place](truths[place](eyes[place])) for place in seen]
        middle = np.median(at, axis=0)
        distances = np.linalg.norm(np.array(at) - middle, axis=2).mean(axis=1)
        told("eyes", distances)
        apart = np.linalg.norm(middle[1] - middle[0])
        print(f"eyes are {apart:.1f} px apart: median {100 * np.median(distances) / apart:.1f} % of that")
    print("confidence: percentiles 0, 5, 25, 50, 75, 100:", np.percentile(confidence, [0, 5, 25, 50, 75, 100]).round(2))
    if len(sys.argv) > 5:
        write_png(Path(sys.argv[5]), sheet(shown, placed, len(shown)))


def eyes_of(folder: Path, names: list[str], images: list[Pixels], table: str | None) -> list[Positions | None]:
    if table is None:
        return [drawn_eyes(image) if image.shape == (SIDE, SIDE, 3) else None for image in images]
    known = read_landmarks(Path(table)).of(names)
    sides = [read_image(folder / name).shape[0] for name in names]
    scales = [image.shape[0] / side for image, side in zip(images, sides, strict=True)]
    return [
        None if points is None else (points[:2] + 0.5) * scale - 0.5
        for points, scale in zip(known, scales, strict=True)
    ]


def sheet(shown: list[Pixels], placed: list[Similarity], count: int) -> Pixels:
    """Twelve columns: a row of images as they came, below it the same aligned."""
    chosen = np.unique(np.linspace(0, count - 1, SHOWN).astype(int))
    rows = [chosen[start : start + 12] for start in range(0, len(chosen), 12)]
    tiles = []
    for row in rows:
        tiles += [shrunk(shown[place], SIDE) for place in row]
        tiles += [placed[place].apply(shown[place], SIDE) for place in row]
    return contact_sheet(tiles, 12, row_labels=["before", "after"] * len(rows))


if __name__ == "__main__":
    main()
