"""A further photograph put where a model's images are, with eyes that a test has planted."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from gaia_stim.alignment import AlignmentFrame, Similarity, Target, View
from gaia_stim.files import hash_file
from gaia_stim.images import Pixels, Positions, write_png

FRAME = AlignmentFrame(target=Target("eyes", 0.4, 0.5, 64), eyes=((0.3, 0.5), (0.7, 0.5)))


@dataclass(frozen=True)
class PlantedFace:
    eyes: Positions
    confidence: float = 0.9
    faces: int = 1


def plant(monkeypatch: pytest.MonkeyPatch, eyes: object) -> None:
    face = None if eyes is None else PlantedFace(np.array(eyes, float))
    monkeypatch.setattr("gaia_stim.alignment.frame.find_face", lambda pixels: face)


def waves(height: int, width: int) -> Pixels:
    """A smooth picture, without a symmetry."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / 13 + k) + np.cos(y / 17 - k * x / 90) for k in range(3)]
    return np.rint(127 + 60 * np.stack(planes, axis=-1)).clip(0, 255).astype(np.uint8)


def test_eyes_come_to_lie_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, [[70, 90], [110, 80]])
    found = FRAME.find(waves(200, 180), "crop")
    places = found.placement.similarity(np.array([[70, 90], [110, 80]]))
    np.testing.assert_allclose((places + 0.5) / 64, FRAME.eyes)
    assert found.placement.confidence == 0.9


def test_how_far_a_photograph_lies_from_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200 × 100 pixels the middle 100 are shown: the left eye is a twentieth of a side off, the right one is not."""
    plant(monkeypatch, [[50 + 35 - 0.5, 49.5], [50 + 70 - 0.5, 49.5]])
    assert FRAME.find(waves(100, 200), "crop").off == pytest.approx(0.05)


def test_what_cannot_be_put_anywhere_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, None)
    with pytest.raises(ValueError, match="no face is found in it"):
        FRAME.find(waves(50, 50), "crop")
    plant(monkeypatch, [[70, 90], [110, 80]])
    masked = FRAME.model_copy(update={"target": Target("eyes", 0.4, 0.5, 64, mask="points")})
    with pytest.raises(ValueError, match="masked by their points"):
        masked.find(waves(50, 50), "crop")
    with pytest.raises(ValueError, match="not aligned by what can be found"):
        FRAME.model_copy(update={"eyes": None}).find(waves(50, 50), "crop")


@pytest.mark.parametrize("side", [64, 50, 80])
def test_a_view_sampled_is_the_aligned_image(side: int) -> None:
    """The photograph sampled where the view says, by another program, against the image that is cut out of it."""
    photograph, similarity = waves(180, 240), Similarity(0.8, 0.3, (-38.4, -65.1)).at(side, 64)
    view = View.of(photograph, similarity, side)
    along = (2 * np.arange(side) + 1) / side - 1
    x, y = np.meshgrid(along, along)
    there = view.to_pixels @ np.stack([x.ravel(), y.ravel(), np.ones(side * side)])
    height, width = view.pixels.shape[:2]
    rows, columns = (there[1] + 1) * height / 2 - 0.5, (there[0] + 1) * width / 2 - 0.5
    assert rows.min() > 0 and columns.min() > 0 and rows.max() < height - 1 and columns.max() < width - 1
    for channel in range(3):
        sampled = map_coordinates(view.pixels[..., channel].astype(float), [rows, columns], order=3)
        cut = similarity.apply(photograph, side)[..., channel].astype(float)
        assert np.abs(sampled.reshape(side, side) - cut).max() <= 1.5


def test_a_view_is_no_larger_than_it_need_be() -> None:
    similarity = Similarity(1.0, 0.0, (-1000.0, -1000.0))
    assert View.of(np.zeros((3000, 3000, 3), np.uint8), similarity, 100).pixels.shape[0] <= 100 * 1.5 + 3


def test_beside_a_colour_or_masked_the_aligned_image_itself_is_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, [[70, 90], [110, 80]])
    photograph = waves(200, 180)
    placement = FRAME.find(photograph, "crop").placement
    assert FRAME.view(photograph, placement, 48) is not None
    for other in (Target("eyes", 0.4, 0.5, 64, pad="white"), Target("eyes", 0.4, 0.5, 64, mask="oval")):
        assert FRAME.model_copy(update={"target": other}).view(photograph, placement, 48) is None
    assert FRAME.view(photograph, placement, 640) is None  # enlarged


def test_images_of_an_aligned_folder_are_known_by_its_record(tmp_path: Path) -> None:
    image = tmp_path / "aligned" / "images" / "deep" / "anna.png"
    image.parent.mkdir(parents=True)
    write_png(image, waves(64, 64))
    record = tmp_path / "aligned" / "alignment.json"
    files = {"images/deep/anna.png": hash_file(image)}
    record.write_text(json.dumps({"frame": FRAME.model_dump(mode="json"), "files": files}))
    assert AlignmentFrame.of_folder(tmp_path / "aligned" / "images", {hash_file(image)}) == FRAME
    assert AlignmentFrame.of_folder(tmp_path / "aligned" / "images", {hash_file(image), "sha256_other"}) is None
    assert FRAME.holds(image, hash_file(image)) and not FRAME.holds(image, "sha256_other")
    assert not FRAME.model_copy(update={"target": Target("eyes", 0.4, 0.4, 64)}).holds(image, hash_file(image))
    record.write_text('{"frame": {"by": 7}, "files": []}')
    assert AlignmentFrame.of_folder(tmp_path / "aligned" / "images", set()) is None
