"""The vendored networks against the originals: what face-api.js 1.7.15 gave on tfjs for the same pixels.

`tests/data/face_network/original.json` was written once by the package itself: the detector's last layer as it is
(7 rows, 7 columns, 5 boxes of x, y, width, height and score), and the 68 points.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
import torch

from gaia_stim.alignment.face_network import ANCHORS, WEIGHTS, FaceNetwork, face_network
from gaia_stim.tensors import read_tensors

ORIGINAL = json.loads((Path(__file__).parents[1] / "data" / "face_network" / "original.json").read_text())
Shown = tuple[torch.Tensor, torch.Tensor]


def shown(name: str) -> Shown:
    """What each network was shown, by whole pixels, so that no resizing comes in between."""
    picture = getattr(skimage.data, name)()
    if name == "astronaut":
        whole, crop = picture[:448:2, :448:2], picture[20:244:2, 110:334:2]
    else:
        whole, crop = picture[:224, 60:284], picture[40:264:2, 100:324:2]
    return as_tensor(whole), as_tensor(crop)


def as_tensor(pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 255


@pytest.mark.parametrize("name", ORIGINAL)
def test_boxes_are_the_originals(name: str) -> None:
    found = face_network().boxes(shown(name)[0])[0].numpy()
    raw = np.array(ORIGINAL[name]["boxes"]).reshape(7, 7, 5, 5)
    for row, column, anchor in np.ndindex(7, 7, 5):
        x, y, width, height, score = raw[row, column, anchor]
        box = found[(row * 7 + column) * 5 + anchor]
        wanted = [
            (column + 1 / (1 + np.exp(-x))) / 7,
            (row + 1 / (1 + np.exp(-y))) / 7,
            np.exp(width) * ANCHORS[anchor][0] / 7,
            np.exp(height) * ANCHORS[anchor][1] / 7,
            1 / (1 + np.exp(-score)),
        ]
        np.testing.assert_allclose(box, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ORIGINAL)
def test_points_are_the_originals(name: str) -> None:
    found = face_network().landmarks(shown(name)[1])[0].numpy()
    np.testing.assert_allclose(found.ravel(), ORIGINAL[name]["landmarks"], atol=1e-5)


def test_a_face_is_told_from_a_cat() -> None:
    scores = {name: float(face_network().boxes(shown(name)[0])[0, :, 4].max()) for name in ORIGINAL}
    assert scores["astronaut"] > 0.8 and scores["chelsea"] < 0.1, scores


def test_a_weight_that_is_another_is_seen() -> None:
    packed, told = read_tensors(WEIGHTS)
    assert "MIT" in told["origin"] and len(told["files"]) == 2 and told["quantisation"].keys() == packed.keys()
    weights = dict(face_network()._weights)
    weights["landmarks/fc/bias"] = weights["landmarks/fc/bias"] + 1e-3
    found = FaceNetwork(weights).landmarks(shown("astronaut")[1])[0].numpy()
    assert np.abs(found.ravel() - ORIGINAL["astronaut"]["landmarks"]).max() > 5e-4
