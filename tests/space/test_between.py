"""One picture at a time: the same that a set of the morph has."""

import numpy as np
import pytest

from gaia_stim.errors import ConfigError
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plans.continua import morph_plan


@pytest.mark.parametrize("size", [None, 48])
def test_it_is_the_stimulus_of_the_morph(space: Space, size: int | None) -> None:
    a, b = (draw_face(deal(face, seed=7), size=48) for face in (2, 5))
    of_set = morph_plan(space, a, b, steps=5, extrapolate=0.5, size=str(size or "model"))
    line = space.line(a, b, size)
    for row, picture in zip(of_set.rows, of_set.pictures(space), strict=True):
        assert row.alpha is not None and np.array_equal(line.at(row.alpha), picture)


def test_photographs_are_carried_by_a_shape_only(plant: object) -> None:
    flat = Space.load(plant(network="light"))  # type: ignore[operator]
    face = draw_face(deal(1, seed=7), size=48)
    assert flat.line(face, face).at(0.5).shape == flat.shape
    with pytest.raises(ConfigError, match="shape"):
        flat.line(face, face, 48)
