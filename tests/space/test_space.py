"""Space: the same picture is the same bytes, whatever is rendered beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.files import hash_file
from gaia_stim.images import read_image
from gaia_stim.runs import Run
from gaia_stim.space import SPACINGS
from gaia_stim.space.space import TILE, Space

Plant = Callable[..., Path]
Codes = npt.NDArray[np.float32]


@pytest.fixture(params=["trained", "light", "munit", "grey munit"])
def any_space(request: pytest.FixtureRequest, plant: Plant, tiny_run: Path) -> Space:
    """Networks of every kind, with and without training."""
    if request.param == "trained":
        return Space.load(tiny_run)
    return Space.load(plant(network=request.param.split()[-1], channels=1 if "grey" in request.param else 3))


def some_codes(space: Space, count: int = 64) -> Codes:
    return np.random.default_rng(1).normal(size=(count, space.latent)).astype(np.float32) * 3


def some_images(space: Space, count: int = 20) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (count, *space.shape), dtype=np.uint8)


def test_decoding_does_not_depend_on_company_or_order(any_space: Space) -> None:
    codes = some_codes(any_space)
    pictures = any_space.decode(codes)
    assert pictures.shape == (64, *any_space.shape) and pictures.dtype == np.uint8
    assert len(np.unique(pictures, axis=0)) == 64 and pictures.std() > 10  # pictures that can differ
    for index in range(0, 64, 7):
        assert np.array_equal(any_space.decode(codes[index : index + 1])[0], pictures[index])
        assert np.array_equal(any_space.decode(codes[index : index + 3]), pictures[index : index + 3])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(64)
        assert np.array_equal(any_space.decode(codes[order]), pictures[order])


def test_encoding_does_not_depend_on_company_or_order(any_space: Space) -> None:
    images = some_images(any_space)
    codes = any_space.encode(images)
    assert codes.shape == (20, any_space.latent) and codes.dtype == np.float32
    assert len(np.unique(codes, axis=0)) == 20
    for index in range(0, 20, 3):
        assert np.array_equal(any_space.encode(images[index : index + 1])[0], codes[index])
        assert np.array_equal(any_space.encode(images[index : index + 3]), codes[index : index + 3])
    order = np.random.default_rng(0).permutation(20)
    assert np.array_equal(any_space.encode(images[order]), codes[order])


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("steps", [2, 9, 11])
def test_the_ends_of_a_morph_are_the_reconstructions(any_space: Space, spacing: str, steps: int) -> None:
    a, b = some_images(any_space, 2)
    pictures = any_space.morph(a, b, steps, spacing)
    assert pictures.shape == (steps, *any_space.shape)
    assert np.array_equal(pictures[[0, -1]], any_space.decode(any_space.encode([a, b])))
    assert np.array_equal(pictures[0], any_space.decode(any_space.encode([a]))[0])


def test_a_morph_moves_from_one_to_the_other(space: Space, faces: Path) -> None:
    a, b = sorted(faces.iterdir())[:2]
    pictures = space.morph(a, b, 9).astype(float)
    from_a = [float(np.abs(picture - pictures[0]).mean()) for picture in pictures]
    assert from_a == sorted(from_a) and from_a[-1] > from_a[0]
    assert np.array_equal(space.morph(a, b, 9), space.morph(b, a, 9)[::-1])


def test_rendering_is_decoding_a_few_at_a_time(space: Space) -> None:
    codes = some_codes(space, 2 * TILE + 3)
    tiles = list(space.rendered(codes))
    assert [len(tile) for tile in tiles] == [TILE, TILE, 3]
    assert np.array_equal(np.concatenate(tiles), space.decode(codes))


def test_nothing_gives_nothing(space: Space) -> None:
    assert space.decode(np.empty((0, space.latent), np.float32)).shape == (0, *space.shape)
    assert space.encode([]).shape == (0, space.latent)


def test_images_may_come_one_by_one(space: Space) -> None:
    images = some_images(space, 2 * TILE + 1)
    taken = 0

    def stream() -> Iterator[npt.NDArray[np.uint8]]:
        nonlocal taken
        for image in images:
            taken += 1
            yield image

    assert np.array_equal(space.encode(stream()), space.encode(images))
    assert taken == len(images)


def test_codes_of_more_digits_are_rounded(space: Space) -> None:
    codes = some_codes(space, 3)
    assert np.array_equal(space.decode(codes.astype(np.float64)), space.decode(codes))


def test_files_are_prepared_as_pixels_are(space: Space, faces: Path) -> None:
    path = min(faces.iterdir())
    assert np.array_equal(space.prepare(path), read_image(path))
    assert np.array_equal(space.encode([path, str(path)]), space.encode([read_image(path)] * 2))


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_images_fit_any_model(channels: int, plant: Plant, tmp_path: Path) -> None:
    space = Space.load(plant(channels=channels))
    grey = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "colour.png")
    prepared = [space.prepare(tmp_path / name) for name in ("grey.png", "colour.png")]
    for pixels in prepared:
        assert pixels.shape == (32, 32, channels)
        assert np.array_equal(pixels, np.repeat(grey[..., None], channels, axis=2))
    assert np.array_equal(*space.encode(prepared))


def test_images_of_any_shape_are_squared(space: Space, tmp_path: Path) -> None:
    pixels = np.zeros((40, 90, 4), np.uint8)
    pixels[..., 3] = 0  # all transparent: the background is what is seen
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert np.array_equal(space.prepare(tmp_path / "clear.png"), np.full((32, 32, 3), 255, np.uint8))


def test_what_is_no_image(space: Space, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    for name in ("a.png", "none.png"):
        with pytest.raises(DataError, match=name):
            space.encode([tmp_path / name])


def test_an_unknown_spacing(space: Space) -> None:
    a, b = some_images(space, 2)
    with pytest.raises(ConfigError, match=r"unknown spacing 'pixle' \(did you mean 'pixel'\?\)"):
        space.morph(a, b, 3, "pixle")


def test_opening(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space.load(str(tiny_run))
    assert (space.run, space.shape, space.latent) == (tiny_run, (32, 32, 3), 16)
    assert space.config == Run(tiny_run).config()
    assert space.model_hash == hash_file(tiny_run / "model.safetensors")
    monkeypatch.setenv("GAIA_STIM_MODEL", str(tiny_run))
    assert Space.load().model_hash == space.model_hash
    with pytest.raises(CheckpointError):
        Space.load(tmp_path / "none")


def test_an_image_that_a_flow_loses_in_rounding_is_named(plant: Plant, tmp_path: Path) -> None:
    space = Space.load(plant(method="flow"))
    pictures = some_images(space, 5)
    assert np.array_equal(space.decode(space.encode(pictures)), pictures)
    Image.fromarray(pictures[3]).save(tmp_path / "far.png")
    shifts = (one for name, one in space.model.encoder.named_parameters() if "shift" in name or "bias" in name)
    with torch.no_grad():
        next(shifts).fill_(1e8)  # float32 has no grey levels left there
    with pytest.raises(DataError, match=r"far\.png: so unlike .* \d+ grey levels off"):
        space.encode([tmp_path / "far.png"])
    with pytest.raises(DataError, match=r"^image 0: "):
        space.encode(pictures)
