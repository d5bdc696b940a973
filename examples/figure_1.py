"""The paper's open question (Fig. 1 B-D): trained on interpolations, does a cloud of codes become convex, or do its
gaps become realistic?

    python examples/figure_1.py --out figure_1 --images-seen 32k --seeds 3

draws a set of pictures that is plainly not convex, trains GAIA with a 2-D latent space on it, without interpolations,
with pairs, and with mixtures of the whole batch (`simplex`, beside its own control without interpolations), and
measures both. A picture is a dot whose place is anywhere on a thick C: two numbers are all that varies, and a straight
line between two places may lead through the C's hole or its mouth, where no picture has its dot.

- `fills_hull`: share of the codes' convex hull that is within reach of a code. 1 is a convex cloud. Reach is how far a
  held-out code may be from the nearest other: what is beyond it, in the hull, is a gap.
- `gap_realism`: share of the pictures decoded from gaps that are a true picture, to within what moving a dot by a pixel
  changes; the same of reconstructions, of midpoints between two images at random, and of pixel blends of these, the
  control. `gap_elsewhere`: share that is a single dot too, but off the C, where none should be. The rest is blurred,
  double or faint; `gap_ink` is the mean intensity against that of true pictures.

Seven minutes on one core. The identical command goes on where it was stopped; more seeds are added to those that are
there. OUT holds figure_1.png (the first seed), figure_1.json and the runs.
"""

import argparse
import colorsys
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gaia_stim.pipeline.contenders import train_all, trainings
from PIL import Image, ImageDraw
from scipy.spatial import Delaunay, cKDTree
from scipy.spatial.distance import cdist

from gaia_stim.config import CompareConfig, make
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.errors import GaiaStimError
from gaia_stim.events import Event, Note, Progress
from gaia_stim.files import write_json
from gaia_stim.images import Pixels, write_png
from gaia_stim.space.space import Space

Points = npt.NDArray[np.float64]

SIZE, DOT = 16, 1.8
"""Pixels of a side, and the standard deviation of the dot."""
INNER, OUTER, MOUTH = 3.5, 5.5, 90.0
"""The C: from one radius to the other, with a mouth of so many degrees to the right."""
TRAINED_ON, MEASURED, PROBES = 3_000, 2_000, 900
REACH = 0.99
"""Quantile: a code that is farther from its nearest neighbour than this share of codes is in a gap."""
METHODS = {
    "without interpolations": "gaia:interpolations=false",
    "pairs": "gaia",
    "simplex, without": "gaia:objective=simplex:interpolations=false",
    "simplex": "gaia:objective=simplex",
}
NETWORK = ("preset=tiny", "latent=2", "width=16", "batch=32", "alpha=0", "lr=0.001", "channels=1", "threads=1")
"""No structure loss: it would hold the cloud in the shape that distances between pictures have."""


# -- the pictures -----------------------------------------------------------------------------------------------------


def places(count: int, seed: int) -> Points:
    """Places on the C, uniform on its area: (count, 2), x and y in pixels from the centre."""
    chance = np.random.default_rng(seed)
    angle = np.deg2rad(chance.uniform(MOUTH / 2, 360 - MOUTH / 2, count))
    radius = np.sqrt(chance.uniform(INNER**2, OUTER**2, count))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def draw(where: Points) -> Pixels:
    """A dot at each place: (n, 2) to uint8 (n, SIZE, SIZE, 1)."""
    cells = np.arange(SIZE) + 0.5 - SIZE / 2
    across, down = (np.exp(-0.5 * ((cells - centre[:, None]) / DOT) ** 2) for centre in where.T)
    pictures: Pixels = np.round(255 * down[:, :, None] * across[:, None, :])[..., None].astype(np.uint8)
    return pictures


def dots(pictures: Pixels) -> Points:
    """The centre of gravity of each picture: (n, 2)."""
    cells = np.arange(SIZE) + 0.5 - SIZE / 2
    mass = pictures[..., 0] / np.maximum(pictures.sum(axis=(1, 2, 3)), 1)[:, None, None]
    return np.stack([(mass.sum(axis=1) * cells).sum(axis=1), (mass.sum(axis=2) * cells).sum(axis=1)], axis=1)


# -- the two answers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Cloud:
    """Where codes are, and where in their hull none is."""

    codes: Points
    reach: float
    inside: Points
    """Evenly spread over the hull, (m, 2)."""
    is_gap: npt.NDArray[np.bool_]
    """Of those inside, (m,)."""

    @classmethod
    def of(cls, codes: Points) -> "Cloud":
        hull, tree = Delaunay(codes), cKDTree(codes)
        reach = float(np.quantile(tree.query(codes, k=2)[0][:, 1], REACH))
        grid = _lattice(codes, 4 * PROBES)
        inside = grid[hull.find_simplex(grid) >= 0]
        return cls(codes, reach, inside, tree.query(inside)[0] > reach)

    @property
    def fills_hull(self) -> float:
        return float(1 - self.is_gap.mean())


def _lattice(codes: Points, count: int) -> Points:
    low, high = codes.min(axis=0), codes.max(axis=0)
    per_side = round(count**0.5)
    axes = [
        start + (np.arange(per_side) + 0.5) / per_side * (end - start) for start, end in zip(low, high, strict=True)
    ]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)


def figures(space: Space, cloud: Cloud, images: Pixels) -> dict[str, float | None]:
    """All numbers of a training; None of gaps where there are none."""
    chance = np.random.default_rng(0)
    a, b = chance.permutation(len(images) // 2 * 2).reshape(2, -1)
    gaps = chance.permutation(cloud.inside[cloud.is_gap])[:PROBES]
    pictures = {
        "gap": space.decode(gaps),
        "midpoint": space.decode((cloud.codes[a] + cloud.codes[b]) / 2),
        "reconstruction": space.decode(cloud.codes),
        "blend": np.round((images[a].astype(float) + images[b]) / 2).astype(np.uint8),
    }
    on_c = {name: near(some, draw(ON_C)) for name, some in pictures.items()}
    found: dict[str, float | None] = {"fills_hull": cloud.fills_hull}
    found |= {f"{name}_realism": share(are_near) for name, are_near in on_c.items()}
    found["gap_elsewhere"] = share(near(pictures["gap"], draw(ANYWHERE)) & ~on_c["gap"])
    found["gap_ink"] = float(pictures["gap"].mean() / images.mean()) if len(gaps) else None
    return found


def near(pictures: Pixels, references: Pixels) -> npt.NDArray[np.bool_]:
    """Whether each picture is as near to any reference as a dot is to one that lies a pixel beside it: (n,)."""
    one, beside = _vectors(draw(np.array([[0.0, 0.0], [1.0, 0.0]])))
    if not len(pictures):
        return np.empty(0, np.bool_)
    found: npt.NDArray[np.bool_] = cdist(_vectors(pictures), _vectors(references)).min(axis=1) <= np.linalg.norm(
        one - beside
    )
    return found


def share(found: npt.NDArray[np.bool_]) -> float | None:
    """How much of it is true."""
    return float(found.mean()) if len(found) else None


def _vectors(pictures: Pixels) -> Points:
    vectors: Points = pictures.reshape(len(pictures), -1) / 255
    return vectors


def _ring() -> Points:
    angle = np.deg2rad(np.linspace(MOUTH / 2, 360 - MOUTH / 2, 160))
    radius = np.linspace(INNER, OUTER, 13)
    return np.stack([np.outer(radius, np.cos(angle)), np.outer(radius, np.sin(angle))], axis=-1).reshape(-1, 2)


ON_C, ANYWHERE = _ring(), _lattice(np.array([[-7.0, -7.0], [7.0, 7.0]]), 57**2)
"""Places closely all over the C, and all over the picture."""


# -- the figure -------------------------------------------------------------------------------------------------------

PANEL, EDGE, TILES = 300, 12, 11
GREY, RED = (190, 190, 190), (205, 40, 40)


def cloud_panel(cloud: Cloud, colours: list[tuple[int, int, int]]) -> Pixels:
    """The codes, coloured by where on the C their dots are, over the gaps in pink."""
    image, pen, to_panel = _panel(cloud.codes)
    for x, y in to_panel(cloud.inside[cloud.is_gap]):
        pen.rectangle((x - 3, y - 3, x + 3, y + 3), fill=(252, 228, 226))
    for (x, y), colour in zip(to_panel(cloud.codes), colours, strict=True):
        pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=colour)
    return np.array(image)


def grid_panel(space: Space, cloud: Cloud) -> Pixels:
    """What the hull decodes to, place by place; what is decoded from a gap is framed."""
    grid = _lattice(cloud.codes, TILES**2).reshape(TILES, TILES, 2)[::-1].reshape(-1, 2)
    inside = Delaunay(cloud.codes).find_simplex(grid) >= 0
    gap = cKDTree(cloud.codes).query(grid)[0] > cloud.reach
    tiles = []
    for picture, is_inside, is_gap in zip(space.decode(grid), inside, gap, strict=True):
        tile = np.full((2 * SIZE + 4, 2 * SIZE + 4, 3), 255, np.uint8)
        if is_inside:
            tile[1:-1, 1:-1] = RED if is_gap else GREY
            tile[2:-2, 2:-2] = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
        tiles.append(tile)
    rows = [np.concatenate(tiles[start : start + TILES], axis=1) for start in range(0, len(tiles), TILES)]
    return np.concatenate(rows)


def places_panel(space: Space, cloud: Cloud, colours: list[tuple[int, int, int]], where: Points) -> Pixels:
    """Where the dots are: of the images, and in red of what gaps decode to."""
    image, pen, to_panel = _panel(np.array([[-7.0, -7.0], [7.0, 7.0]]))
    upright = np.array([1.0, -1.0])  # as in the pictures, whose rows go down
    for (x, y), colour in zip(to_panel(where * upright), colours, strict=True):
        pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=tuple((channel + 510) // 3 for channel in colour))
    gaps = cloud.inside[cloud.is_gap][::3]
    if len(gaps):
        for x, y in to_panel(dots(space.decode(gaps)) * upright):
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), outline=RED)
    return np.array(image)


def _panel(extent: Points) -> tuple[Image.Image, ImageDraw.ImageDraw, Callable[[Points], Points]]:
    low, high = extent.min(axis=0), extent.max(axis=0)
    image = Image.new("RGB", (PANEL, PANEL), (255, 255, 255))

    def to_panel(points: Points) -> Points:
        share = (points - low) / (high - low)
        return EDGE + np.stack([share[:, 0], 1 - share[:, 1]], axis=1) * (PANEL - 2 * EDGE)

    return image, ImageDraw.Draw(image), to_panel


def hues(where: Points) -> list[tuple[int, int, int]]:
    """A colour for each place, round the C."""
    turn = np.mod(np.arctan2(where[:, 1], where[:, 0]) / (2 * np.pi), 1)
    found = [colorsys.hsv_to_rgb(share * 0.85, 0.85, 0.8) for share in turn]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in found]


# -- all of it --------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("figure_1"))
    parser.add_argument("--images-seen", default="32k", help="how long to train each")
    parser.add_argument("--seeds", default="3", help="trainings of each; the figure shows the first")
    asked = parser.parse_args()
    try:
        run(asked.out, asked.images_seen, asked.seeds)
    except GaiaStimError as error:
        sys.exit(f"error: {error}")


def run(out: Path, images_seen: str, seeds: str) -> None:
    for index, picture in enumerate(draw(places(TRAINED_ON, seed=1))):
        if not (path := out / "images" / f"dot_{index:05}.png").exists():
            write_png(path, picture)
    config = make(
        CompareConfig,
        {
            "runs": [out / "images"],
            "methods": ",".join(METHODS.values()),
            "images_seen": images_seen,
            "size": SIZE,
            "seeds": seeds,
            "set": NETWORK,
            "out": out / "runs",
        },
    )
    where = places(MEASURED, seed=2)
    images, colours = draw(where), hues(where)
    names = {spec: name for name, spec in METHODS.items()}
    found: dict[str, list[dict[str, float | None]]] = {name: [] for name in METHODS}
    panels, shown = [], []
    for contender in train_all(list(trainings(config)), tell):
        space, name = Space.load(contender.run.path), names[contender.model]
        cloud = Cloud.of(space.encode(images).astype(np.float64))
        found[name].append(figures(space, cloud, images))
        if name not in shown:
            shown.append(name)
            panels += [
                cloud_panel(cloud, colours),
                grid_panel(space, cloud),
                places_panel(space, cloud, colours, where),
            ]
    controls = {"the places themselves": where, "a convex set": disc(MEASURED)}
    filled = {name: Cloud.of(points).fills_hull for name, points in controls.items()}
    sheet = contact_sheet(
        panels,
        3,
        row_labels=shown,
        column_labels=["codes; gaps in pink", "decoded; gaps in red", "dots; of gaps in red"],
        title="GAIA in two dimensions: is the cloud convex, are its gaps realistic?",
        scale=1,
    )
    write_png(out / "figure_1.png", sheet)
    write_json(out / "figure_1.json", {"images_seen": images_seen, "fills_hull_of": filled, "trainings": found})
    sys.stdout.write(table(found, filled))


def disc(count: int) -> Points:
    """Places on a full disc: a cloud that is convex, and no denser than ours."""
    chance = np.random.default_rng(3)
    angle, radius = chance.uniform(0, 2 * np.pi, count), np.sqrt(chance.uniform(size=count))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def table(found: dict[str, list[dict[str, float | None]]], controls: dict[str, float]) -> str:
    """Means over the trainings of each kind, as markdown."""
    columns = list(next(iter(found.values()))[0])
    lines = [f"| trained | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name, trained in found.items():
        lines.append(f"| {name} | {' | '.join(_cell([one[column] for one in trained]) for column in columns)} |")
    lines += [f"| ({name}) | {value:.3f} |{' |' * (len(columns) - 1)}" for name, value in controls.items()]
    return "\n".join(lines) + "\n"


def _cell(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "no gaps"
    return f"{np.mean(known):.3f}" + (f" ± {np.std(known, ddof=1):.3f}" if len(known) > 1 else "")


def tell(event: Event) -> None:
    """Notes, and the end of each task."""
    if isinstance(event, Note):
        sys.stderr.write(f"{event.text}\n")
    elif isinstance(event, Progress) and event.done == event.total:
        sys.stderr.write(f"{event.task}: done\n")


if __name__ == "__main__":
    main()
