"""A flow as a space: what it makes of pictures, and what it says of how likely they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gaia_stim.evaluation.likelihood import likelihood
from gaia_stim.images import read_image, to_float
from gaia_stim.models.flow import Flow
from gaia_stim.space.space import Space

Plant = Callable[..., Path]


@pytest.fixture
def flow(plant: Plant) -> Space:
    return Space.load(plant(method="flow", size=32))


def test_pictures_come_back_to_the_byte_and_a_line_ends_in_them(flow: Space, faces: Path) -> None:
    paths = sorted(faces.iterdir())[:5]
    pictures = np.stack([read_image(path, "white") for path in paths])
    assert flow.latent == pictures[0].size and not flow.has_shape
    assert np.array_equal(flow.decode(flow.encode(paths)), pictures)
    morph = flow.morph(paths[0], paths[1], 5)
    assert np.array_equal(morph[[0, -1]], pictures[:2]) and len({one.tobytes() for one in morph}) == 5


def test_what_a_picture_takes_is_its_own(flow: Space, space: Space, faces: Path) -> None:
    pictures = np.stack([read_image(path, "white") for path in sorted(faces.iterdir())[:4]])
    alone = [likelihood(flow, picture[None])["bits_per_dimension"] for picture in pictures]
    assert len(set(alone)) == 4
    assert likelihood(flow, pictures[::-1])["bits_per_dimension"] == pytest.approx(np.mean(alone), rel=1e-12)
    assert isinstance(flow.model, Flow)
    with torch.inference_mode():
        other_noise = flow.model.bits(torch.from_numpy(to_float(pictures)), torch.Generator().manual_seed(1)).numpy()
    assert np.allclose(other_noise, alone, atol=0.05)
    assert likelihood(space, pictures) == {}
