"""Shape alone, texture alone: what is held stays, what varies is what the whole varies by, and both add up."""

import numpy as np
import pytest

from gaia_stim.errors import ConfigError
from gaia_stim.evaluation.midpoints import OPPOSITE, draw, pairs
from gaia_stim.images import Pixels
from gaia_stim.networks.base import Shaped
from gaia_stim.space.space import Space
from gaia_stim.space.varying import Vary
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.plans.continua import morph_plan, path_plan
from gaia_stim.stimuli.plans.exemplars import average_plan, caricature_plan
from gaia_stim.stimuli.plans.grids import grid_plan

SIDE = 96


@pytest.fixture(scope="module")
def space() -> Space:
    return Space.load()


@pytest.fixture(scope="module")
def faces() -> list[Pixels]:
    drawn = draw(OPPOSITE, pairs(OPPOSITE, 2, 0), SIDE)
    return [*drawn.first, *drawn.second]


def parts(space: Space, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    decoder = space.model.decoder
    assert isinstance(decoder, Shaped)
    return plan.codes[:, : decoder.texture_latent], plan.codes[:, decoder.texture_latent :]


def plans(space: Space, faces: list[Pixels], vary: Vary) -> list[Plan]:
    return [
        morph_plan(space, *faces[:2], steps=4, spacing="pixel", vary=vary),
        path_plan(space, faces[:3], steps=4, path="wheel", vary=vary),
        grid_plan(space, faces, rows=2, columns=2, vary=vary),
    ]


def test_what_is_held_is_the_sources_own_and_the_rest_goes_its_way(space: Space, faces: list[Pixels]) -> None:
    codes = space.encode(faces)
    cut = space.model.decoder.texture_latent  # type: ignore[attr-defined]
    for place, letter in enumerate("ab"):
        for plan in plans(space, faces, Vary("shape", letter)):
            texture, shape = parts(space, plan)
            assert np.allclose(texture, codes[place, :cut], atol=1e-6)
            assert np.ptp(shape, axis=0).max() > 0.1
        for plan in plans(space, faces, Vary("texture", letter)):
            texture, shape = parts(space, plan)
            assert np.allclose(shape, codes[place, cut:], atol=1e-6)
            assert np.ptp(texture, axis=0).max() > 0.1
    texture, shape = parts(space, morph_plan(space, *faces[:2], steps=3, vary=Vary("shape", "mean")))
    assert np.allclose(texture, codes[:2, :cut].mean(axis=0), atol=1e-6)
    assert np.allclose(shape, [codes[0, cut:], codes[:2, cut:].mean(axis=0), codes[1, cut:]], atol=1e-6)


def test_a_continuum_of_shape_begins_with_the_photograph_and_shows_no_other(space: Space, faces: list[Pixels]) -> None:
    plan = morph_plan(space, *faces[:2], steps=3, vary=Vary("shape"))
    first, *rest = plan.pictures(space)
    assert np.array_equal(first, faces[0])
    assert plan.carrying is not None
    assert plan.carrying.weights.tolist() == [[1, 0]] * 3
    # Where the second face alone has its shape, the picture is not the second face: its skin and hair are the first's.
    assert not np.array_equal(rest[-1], faces[1])
    held = morph_plan(space, *faces[:2], steps=3, vary=Vary("shape", "b")).pictures(space)
    assert np.array_equal(held[-1], faces[1])
    assert [row.raw for row, _ in plan.rendered(space)] == [1, 0, 0]
    # Only the first of the two still stands for its image.
    assert set(plan.sources) == {0}


def test_an_average_shape_in_ones_own_texture(space: Space, faces: list[Pixels]) -> None:
    whole, own = average_plan(space, faces), average_plan(space, faces, vary=Vary("shape", "c"))
    cut = space.model.decoder.texture_latent  # type: ignore[attr-defined]
    assert np.allclose(own.codes[:, cut:], whole.codes[:, cut:], atol=1e-6)
    assert np.array_equal(own.codes[0, :cut], space.encode(faces)[2, :cut])
    assert own.carrying is not None
    assert own.carrying.weights.tolist() == [[0, 0, 1, 0]]


def test_caricatures_of_shape_and_of_texture_add_up_to_the_whole(space: Space, faces: list[Pixels]) -> None:
    face, norm = faces[:2]
    whole, shape, texture = (
        caricature_plan(space, [face], norm, [0.5, 1.5], vary=Vary(part)).codes.astype(np.float64)
        for part in ("both", "shape", "texture")
    )
    own = space.encode([face])
    assert np.allclose((shape - own) + (texture - own), whole - own, atol=1e-5)


def test_a_letter_without_an_image_is_said(space: Space, faces: list[Pixels]) -> None:
    with pytest.raises(ConfigError, match="--hold-other c: should be the letter of an image, a to b, or mean"):
        morph_plan(space, *faces[:2], steps=3, vary=Vary("shape", "c"))
