"""The eyes of a photograph's face, found without points: a face is looked for, then its 68 points, until they settle.

One small network sees where faces may be: from afar, from near, and with the picture turned. A second one finds 68
points in each, again in a view that is level and as large as it learned from; the first is asked whether it sees a face
there, too. The last views are many, mirrored and a little shifted, turned and resized: their mean is more precise than
any of them, and how far they lie apart tells how sure it is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from gaia_stim.alignment.face_network import CROP, face_network
from gaia_stim.images import Pixels, Positions, resized, shrunk, with_channels

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""The points on the lids of the eye that lies left in the picture, and of the other one; an eye is their mean."""
MIRRORED = [
    *(*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)),  # jaw, brows, nose
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)),  # mouth, outside and inside
]
"""Which of the 68 points each is in the mirror."""

LONGEST = 2048
"""Pixels of a picture's longer side that are looked at: the smallest face that is found has a hundred of them still."""
NEAR = ((416, 1.0), (320, 2.0))
SMALL = ((832, 1.0),)
"""How a picture is searched: pixels of a side, and how many of its longer sides are shown in it. A face that fills the
picture is found from afar, or taken for the picture; small ones are looked for where there are no others."""
TURNS = (-30.0, 30.0)
"""Degrees by which the picture is turned where no face is found as it is."""
LIKELY = 0.4
"""The detector's scores below it are no faces."""
OVERLAP = 0.3
"""Boxes that share more of their union are one face."""
LARGE = 1 / 3
"""Faces smaller than this, in sides of the largest, are background."""
MOST = 8
"""Faces that are looked at, the likeliest ones."""
PASSES = 2
VIEW = 1.1
"""Sides of a view in those of the square that the points fill."""
SECOND, AROUND = 224, (1.6, 2.5)
"""Pixels of what the detector is shown of a face for its second opinion, and sides, likewise: the better one counts."""
TRIALS = 8
SHIFT, TURN, SIZE = 0.04, 5.0, 0.06
"""How far the last views vary, as standard deviations: in their sides, degrees, shares of the size."""
LOOSE = 0.06
"""Root mean square distance of the eyes between those views, in eye distances, at which confidence falls to 0.6."""


@dataclass(frozen=True)
class Face:
    """A face in a photograph."""

    eyes: Positions
    """(2, 2): x and y of the two eyes in pixels of the image, the one that lies left first."""
    landmarks: Positions
    """(68, 2): jaw, brows, nose, eyes and mouth in the order of iBUG's 300-W, likewise."""
    confidence: float
    """In [0, 1]."""
    faces: int
    """How many were found; this is the largest."""


@dataclass(frozen=True)
class _Square:
    """A part of a picture, in its pixels."""

    x: float
    y: float
    side: float
    turned: float = 0.0
    """Radians, from x to y."""

    def places(self, shares: Positions) -> Positions:
        """Where positions in shares of the side, (0, 0) the corner, lie in the picture."""
        return (shares - 0.5) * self.side @ _turn(self.turned).T + (self.x, self.y)


@dataclass(frozen=True)
class _Found:
    landmarks: Positions
    score: float
    side: float


def find_face(pixels: Pixels) -> Face | None:
    """The largest face of a picture (H, W, 1 or 3), or none. The same picture gives the same face."""
    with _one_thread():
        return _found(pixels)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are not the same to the last bit on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _found(pixels: Pixels) -> Face | None:
    small = shrunk(with_channels(pixels, 3), LONGEST)
    found = next((faces for look in _looks(*small.shape[:2]) if (faces := _faces(small, look))), None)
    if not found:
        return None
    largest = max(found, key=lambda face: face.side)
    landmarks, spread = _settled(small, largest.landmarks)
    scale = np.array(pixels.shape[1::-1]) / small.shape[1::-1]
    landmarks = (landmarks + 0.5) * scale - 0.5
    agreement = float(np.exp(-0.5 * (spread / LOOSE) ** 2))
    count = sum(face.side > LARGE * largest.side for face in found)
    return Face(_eyes(landmarks), landmarks, largest.score * agreement, count)


def _looks(height: int, width: int) -> Iterator[list[tuple[int, _Square]]]:
    """How a picture is searched, one after the other until there is a face."""
    small = [look for look in SMALL if max(height, width) > NEAR[0][0]]  # enlarged, it would show nothing more
    for turns, looks in (((0.0,), NEAR), ((0.0,), small), (TURNS, NEAR)):
        yield [
            (size, _Square((width - 1) / 2, (height - 1) / 2, sides * max(height, width), np.radians(turn)))
            for turn in turns
            for size, sides in looks
        ]


def _faces(pixels: Pixels, look: Sequence[tuple[int, _Square]]) -> list[_Found]:
    """The faces of a picture that the detector sees again once they are level and as large as it likes them."""
    candidates: list[tuple[float, _Square]] = []
    for size, square in look:
        boxes = face_network().boxes(_views(pixels, [square], size))[0].double().numpy()
        likely = boxes[boxes[:, 4] > LIKELY]
        candidates += [
            (score, _Square(x, y, extent, square.turned))
            for (x, y), extent, score in zip(
                square.places(likely[:, :2]), likely[:, 2:4].max(axis=1) * square.side, likely[:, 4], strict=True
            )
        ]
    found: list[_Found] = []
    for square in _distinct(candidates) or [whole for _, whole in look[:1]]:
        for _ in range(PASSES):
            points = _points(pixels, [square])[0]
            square = _around(points, VIEW)
        if (score := _second_opinion(pixels, points)) > LIKELY:
            found.append(_Found(points, score, square.side))
    return found


def _distinct(candidates: Sequence[tuple[float, _Square]]) -> list[_Square]:
    """The likeliest of each lot of squares that overlap."""
    kept: list[_Square] = []
    for _, square in sorted(candidates, key=lambda pair: -pair[0]):
        if all(_overlap(square, other) < OVERLAP for other in kept):
            kept.append(square)
    return kept[:MOST]


def _overlap(a: _Square, b: _Square) -> float:
    """Intersection over union, as if they were level."""
    reach = np.minimum((a.side, a.side), (b.side, b.side))
    shared = np.clip((a.side + b.side) / 2 - np.abs([a.x - b.x, a.y - b.y]), 0, reach).prod()
    return float(shared / (a.side**2 + b.side**2 - shared))


def _second_opinion(pixels: Pixels, points: Positions) -> float:
    """The score of the likeliest box in the middle of level views of a face."""
    boxes = torch.cat([face_network().boxes(_views(pixels, [_around(points, sides)], SECOND))[0] for sides in AROUND])
    central = (boxes[:, :2] - 0.5).abs().amax(dim=1) < 0.2
    return float(boxes[central, 4].max())


def _settled(pixels: Pixels, landmarks: Positions) -> tuple[Positions, float]:
    """The mean of the points in many views, and how far the eyes lie apart in them, in eye distances."""
    centre = _around(landmarks, VIEW)
    rng = np.random.default_rng(0)
    squares = [
        _Square(
            centre.x + SHIFT * x * centre.side,
            centre.y + SHIFT * y * centre.side,
            centre.side * float(np.exp(SIZE * size)),
            centre.turned + float(np.radians(TURN * turn)),
        )
        for x, y, size, turn in rng.standard_normal((TRIALS, 4))
    ]
    trials = np.concatenate([_points(pixels, squares), _points(pixels, squares, mirrored=True)])
    mean: Positions = trials.mean(axis=0)
    eyes = np.array([_eyes(points) for points in trials])
    apart = np.linalg.norm(np.subtract(*_eyes(mean)))
    return mean, float(np.sqrt(((eyes - _eyes(mean)) ** 2).sum(axis=-1).mean()) / apart)


def _points(pixels: Pixels, squares: Sequence[_Square], *, mirrored: bool = False) -> Positions:
    """The 68 points (n, 68, 2) of the faces in squares of a picture."""
    crops = avg_pool2d(_views(pixels, squares, 2 * CROP), 2)  # so that nothing aliases
    shares = face_network().landmarks(crops.flip(-1) if mirrored else crops).double().numpy()
    if mirrored:
        shares = shares[:, MIRRORED] * (-1, 1) + (1, 0)
    return np.array([square.places(points) for square, points in zip(squares, shares, strict=True)])


def _around(landmarks: Positions, sides: float) -> _Square:
    """The square, level as the eyes are, that points fill `sides` times."""
    left, right = _eyes(landmarks)
    turned = float(np.arctan2(*(right - left)[::-1]))
    level = landmarks @ _turn(turned)
    least, most = level.min(axis=0), level.max(axis=0)
    x, y = (least + most) / 2 @ _turn(turned).T
    return _Square(float(x), float(y), max(1.0, float((most - least).max())) * sides, turned)


def _eyes(landmarks: Positions) -> Positions:
    return np.stack([landmarks[LEFT_EYE].mean(axis=0), landmarks[RIGHT_EYE].mean(axis=0)])


def _turn(radians: float) -> Positions:
    cos, sin = np.cos(radians), np.sin(radians)
    return np.array([[cos, -sin], [sin, cos]])


def _views(pixels: Pixels, squares: Sequence[_Square], size: int) -> Float[Tensor, "squares 3 size size"]:
    """Squares of a picture in [0, 1], black beyond its edges."""
    height, width = pixels.shape[:2]
    reduction = min(1.0, size / min(square.side for square in squares))
    small = resized(pixels, max(1, round(height * reduction)), max(1, round(width * reduction)))
    picture = torch.from_numpy(small.transpose(2, 0, 1).copy())[None].float() / 255
    steps = (np.arange(size) + 0.5) / size
    shares = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    places = np.stack([square.places(shares) for square in squares])
    grid = torch.from_numpy(((places + 0.5) * 2 / (width, height) - 1).astype(np.float32))
    grid = grid.reshape(len(squares), size, size, 2)
    return torch.cat([grid_sample(picture, one[None], align_corners=False) for one in grid])
