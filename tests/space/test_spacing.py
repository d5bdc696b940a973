"""Spacing: on worlds whose speed is known, the steps become even, and the ends stay."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.space import SPACINGS
from gaia_stim.space.spacing import Spaced, equal_codes, equal_pixels
from gaia_stim.tables import look_up

Places = npt.NDArray[np.float64]
Speed = Callable[[Places], Places]
Render = Callable[[Places], npt.NDArray[np.uint8]]

SIDE = 24
PATTERN = np.random.default_rng(0).random((SIDE, SIDE, 3))
"""Of all levels, so that rounding to whole numbers averages out."""


def fading(travelled: Speed) -> Render:
    """A pattern that fades in: the distance of two pictures is how far they have `travelled` apart, up to rounding."""

    def render(t: Places) -> npt.NDArray[np.uint8]:
        return np.rint(travelled(t)[:, None, None, None] * PATTERN * 255).astype(np.uint8)

    return render


def turning(travelled: Speed) -> Render:
    """Two patterns crossfade along a quarter circle: chords are shorter than the arc between them."""
    left, right = PATTERN * 255, PATTERN * 255
    left[:, SIDE // 2 :], right[:, : SIDE // 2] = 0, 0

    def render(t: Places) -> npt.NDArray[np.uint8]:
        angle = travelled(t)[:, None, None, None] * np.pi / 2
        return np.rint(np.cos(angle) * left + np.sin(angle) * right).astype(np.uint8)

    return render


def steps_of(render: Render, spaced: Spaced) -> Places:
    pictures = render(spaced.places)
    return pixel_distance(pictures[:-1], pictures[1:])


SPEEDS: dict[str, Speed] = {
    "square": lambda t: t**2,
    "cube": lambda t: t**3,
    "root": np.sqrt,
    "a burst": lambda t: 1 / (1 + np.exp(-12 * (t - 0.4))),
    "a rest": lambda t: np.interp(t, [0, 0.2, 0.7, 1], [0, 0.6, 0.7, 1]),
}


@pytest.mark.parametrize("world", [fading, turning])
@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("steps", [3, 9, 20])
def test_steps_of_pixels_become_even(world: Callable[[Speed], Render], speed: str, steps: int) -> None:
    render = world(SPEEDS[speed])
    spaced = equal_pixels(render, steps)
    assert spaced.variation < 0.02 < spaced.variation_before
    assert (spaced.places[0], spaced.places[-1]) == (0.0, 1.0)
    assert np.all(np.diff(spaced.places) > 0)
    assert len(spaced.places) == steps and spaced.places.dtype == np.float64
    assert spaced.variation == variation(steps_of(render, spaced))
    assert spaced.variation_before == variation(steps_of(render, equal_codes(render, steps)))


@settings(max_examples=25, deadline=None)
@given(power=st.floats(0.4, 3), steps=st.integers(3, 12))
def test_the_places_are_those_of_the_inverse(power: float, steps: int) -> None:
    """Where the distance travelled is t^p, equal steps are at (k/n)^(1/p)."""
    spaced = equal_pixels(fading(lambda t: t**power), steps)
    assert np.allclose(spaced.places, np.linspace(0, 1, steps) ** (1 / power), atol=0.02)


def test_what_is_even_already_stays() -> None:
    spaced = equal_pixels(fading(lambda t: t), 9)
    assert np.array_equal(spaced.places, np.linspace(0, 1, 9))
    assert spaced.variation == spaced.variation_before < 0.005


@settings(max_examples=25, deadline=None)
@given(heights=st.lists(st.floats(0, 1), min_size=4, max_size=8), steps=st.integers(2, 9))
def test_no_world_makes_it_worse_or_leaves_the_path(heights: list[float], steps: int) -> None:
    """Worlds that stop, jump and come back."""
    render = fading(lambda t: np.interp(t, np.linspace(0, 1, len(heights)), heights))
    spaced = equal_pixels(render, steps)
    assert spaced.variation <= spaced.variation_before
    assert (spaced.places[0], spaced.places[-1]) == (0.0, 1.0)
    assert np.all(np.diff(spaced.places) >= 0)
    assert np.isfinite(spaced.places).all()
    assert spaced.variation == variation(steps_of(render, spaced))


@pytest.mark.parametrize("name", SPACINGS)
def test_two_stimuli_are_the_ends(name: str) -> None:
    spaced = look_up(SPACINGS, "spacing", name)(fading(SPEEDS["cube"]), 2)
    assert spaced.places.tolist() == [0, 1]
    assert spaced.variation == spaced.variation_before == 0


@pytest.mark.parametrize("name", SPACINGS)
def test_nothing_moves(name: str) -> None:
    """Two equal images: no step is longer than another."""
    spaced = look_up(SPACINGS, "spacing", name)(fading(np.zeros_like), 9)
    assert np.array_equal(spaced.places, np.linspace(0, 1, 9))
    assert spaced.variation == spaced.variation_before == 0


@pytest.mark.parametrize("name", SPACINGS)
def test_every_spacing_keeps_the_ends_and_tells_its_name(name: str) -> None:
    spaced = look_up(SPACINGS, "spacing", name)(fading(SPEEDS["square"]), 7)
    assert (len(spaced.places), spaced.places[0], spaced.places[-1]) == (7, 0, 1)
    record = spaced.record(name)
    assert (record["name"], record["steps_cv"]) == (name, spaced.variation)
    assert record["steps_cv_before"] == spaced.variation_before > 0.1


def test_latent_steps_are_equal() -> None:
    spaced = equal_codes(fading(SPEEDS["square"]), 9)
    assert np.array_equal(spaced.places, np.arange(9) / 8)
    assert spaced.variation == spaced.variation_before
