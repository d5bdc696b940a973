"""Does a line between two pictures go where it should: between them, evenly, and on the way that pictures take?"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.neighbors import kneighbors_graph

from gaia_stim.metrics.distance import Pixels, pixel_distance, variation
from gaia_stim.metrics.features import Features

GRAPH_NEIGHBOURS = 5


def betweenness(midpoints: Features, a: Features, b: Features, reference: Features) -> npt.NDArray[np.float64]:
    """How far each midpoint is on the way from chance to half-way between its ends, in [0, 1]: (m, d) to (m,).

    With d the larger of its distances to its two ends and D theirs from each other, (chance − d) / (chance − D/2),
    clipped. Chance is the median of d over the references (n, d), pictures that have nothing to do with the ends, or D,
    where that is less. So 1 is half-way on the straight line, which is where a cross-fade is too (it is `neighbours`
    that tells whether pictures are there); an end, or a picture that is as good as any other, scores 0; and so does one
    that snapped to a reference, however well that was chosen: nearer to it than half the way to its own neighbour.
    """
    apart = np.linalg.norm(a - b, axis=1)
    chance = np.minimum(apart, np.median(np.maximum(cdist(a, reference), cdist(b, reference)), axis=1))
    farther = np.maximum(np.linalg.norm(midpoints - a, axis=1), np.linalg.norm(midpoints - b, axis=1))
    room = chance - apart / 2
    share = np.clip((chance - farther) / np.where(room > 0, room, np.inf), 0, 1)
    between: npt.NDArray[np.float64] = np.where(_snapped(midpoints, reference), 0.0, share)
    return between


def _snapped(points: Features, reference: Features) -> npt.NDArray[np.bool_]:
    others = cdist(reference, reference)
    others[others == 0] = np.inf  # itself, and its copies
    away = cdist(points, reference)
    nearest = away.argmin(axis=1)
    snapped: npt.NDArray[np.bool_] = away.min(axis=1) < others.min(axis=1)[nearest] / 2
    return snapped


def step_variation(morphs: Pixels) -> npt.NDArray[np.float64]:
    """Coefficient of variation of each morph's steps, by RMS of pixels: (l, frames, H, W, C) to (l,).

    0 is perfectly even; one jump and nothing else gives √(steps − 1).
    """
    return np.array([variation(pixel_distance(morph[:-1], morph[1:])) for morph in morphs], dtype=np.float64)


def geodesic_ratio(lines: npt.NDArray[np.float64], reference: Features) -> npt.NDArray[np.float64]:
    """Each line's length over the shortest way between its ends from picture to picture: (l, frames, d) to (l,).

    The way leads through references (n, d) and the lines' ends, along edges between nearest neighbours (Tenenbaum, de
    Silva, Langford 2000), which a minimum spanning tree joins where they leave islands. About 1 for a line that goes
    along with the pictures; below where it cuts across where none are, as a cross-fade does; above where it
    wanders. References that are sparse for their dimension make all ways long: compare with a cross-fade's ratio.
    """
    count = len(lines)
    graph = _graph(np.concatenate([lines[:, 0], lines[:, -1], reference]))
    ways = dijkstra(graph, directed=False, indices=np.arange(count))[np.arange(count), np.arange(count, 2 * count)]
    lengths = np.linalg.norm(np.diff(lines, axis=1), axis=2).sum(axis=1)
    ratio: npt.NDArray[np.float64] = lengths / ways
    return ratio


def _graph(points: Features) -> csr_array:
    neighbours = kneighbors_graph(points, min(GRAPH_NEIGHBOURS, len(points) - 1), mode="distance")
    # A sparse graph takes 0 for "no edge": copies are put a hair apart.
    tree = minimum_spanning_tree(np.maximum(cdist(points, points), np.finfo(np.float64).eps))
    edges = csr_array(neighbours)
    edges.data = np.maximum(edges.data, np.finfo(np.float64).eps)
    return edges.maximum(edges.T).maximum(csr_array(tree))
