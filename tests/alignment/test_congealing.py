"""Congealing against similarities that were planted into drawn pictures."""

from collections.abc import Iterator
from itertools import combinations
from typing import TypeVar

import numpy as np
import pytest
from planted_houses import SIDE, displaced, house, planted
from scipy import fft
from skimage.transform import SimilarityTransform

from gaia_stim.alignment import Similarity
from gaia_stim.alignment.congealing import FEWEST, Congealed, centred, congeal
from gaia_stim.alignment.contrasts import FINE, IDENTITY, contrasts, thumb
from gaia_stim.alignment.templates import (
    CANDIDATES,
    DISTINCT,
    Found,
    Search,
    Sides,
    Template,
    composed,
    fitted,
    likelier,
)
from gaia_stim.errors import DataError
from gaia_stim.images import Pixels, Positions, decode_image, png_bytes

COUNT, NOISE = 16, 5
GRID = np.stack(np.meshgrid(np.linspace(8, 87, 5), np.linspace(8, 87, 5)), axis=-1).reshape(-1, 2)


def off(placed: list[Similarity], truths: list[SimilarityTransform]) -> list[float]:
    """How far each is from the one similarity that they have in common, in pixels."""
    there = np.array([one(truth(GRID)) for one, truth in zip(placed, truths, strict=True)])
    common = SimilarityTransform.from_estimate(GRID, np.median(there, axis=0))
    return np.linalg.norm(there - common(GRID), axis=2).mean(axis=1).tolist()


@pytest.fixture(scope="module")
def houses() -> tuple[list[Pixels], list[SimilarityTransform]]:
    chance = np.random.default_rng(2)
    truths = [planted(chance) for _ in range(COUNT)]
    images = [displaced(house(chance), truth) for truth in truths]
    images[NOISE] = chance.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return images, truths


@pytest.fixture(scope="module")
def congealed(houses: tuple[list[Pixels], list[SimilarityTransform]]) -> Congealed:
    images, _ = houses
    return congeal(iter(images))


T = TypeVar("T")


def others(values: list[T]) -> list[T]:
    return values[:NOISE] + values[NOISE + 1 :]


def test_what_was_displaced_comes_to_one_place(
    congealed: Congealed, houses: tuple[list[Pixels], list[SimilarityTransform]]
) -> None:
    _, truths = houses
    before = others(off([Similarity(1.0, 0.0, (0.0, 0.0))] * COUNT, truths))
    after = others(off(congealed.similarities(SIDE), truths))
    assert np.median(before) > 6 and np.quantile(after, 0.9) < 1.5


def test_an_image_of_something_else_is_the_one_that_is_unsure(congealed: Congealed) -> None:
    confidence = congealed.confidence
    assert confidence[NOISE] < 0.3 < 0.6 < np.quantile(others(confidence), 0.1)
    assert all(0 <= value <= 1 for value in confidence)


def test_the_set_neither_shrinks_nor_drifts(congealed: Congealed) -> None:
    scales = others([one.scale for one in congealed.similarities(SIDE)])
    assert np.exp(np.mean(np.log(scales))) == pytest.approx(1, abs=0.03)
    assert congealed.size == pytest.approx(SIDE, rel=0.06)


def test_a_stored_template_places_a_later_image_as_the_set_is(
    congealed: Congealed, houses: tuple[list[Pixels], list[SimilarityTransform]]
) -> None:
    _, truths = houses
    chance = np.random.default_rng(9)
    later = planted(chance)
    stored = decode_image(png_bytes(congealed.template.pixels), "template.png")
    found = Template(stored, congealed.template.typical).place(displaced(house(chance), later))
    assert found.confidence > 0.6
    placed = [*others(congealed.similarities(SIDE)), found.similarity(SIDE)]
    assert off(placed, [*others(truths), later])[-1] < 1.5
    flat = congealed.template.place(np.full((40, 70, 1), 128, dtype=np.uint8))
    assert flat.confidence == 0


def test_where_a_place_goes_is_said_in_pixels_of_the_image() -> None:
    """The frame's middle is the image's, whatever its sides, and a thing at the edge stays there."""
    similarity = Found(IDENTITY, Sides(60, 100), 1.0).similarity(30)
    corners: Positions = np.array([[19.5, -0.5], [79.5, 59.5]])
    np.testing.assert_allclose(similarity(corners), [[-0.5, -0.5], [29.5, 29.5]], atol=1e-9)
    turned = Found((2j, 0.5 + 0j), Sides(60, 60), 1.0).similarity(60)
    inside: Positions = np.array([[29.5 + 15, 29.5]])
    np.testing.assert_allclose(turned(inside), [[29.5, 29.5]], atol=1e-9)
    assert turned.scale == pytest.approx(0.5) and turned.rotation == pytest.approx(-np.pi / 2)


def test_gauss_newton_finds_a_small_map_that_is_known() -> None:
    """Contrast is taken anew where the image was put, as in each round."""
    small = thumb(house(np.random.default_rng(0)), FINE)
    mean, _ = contrasts(small, FINE, IDENTITY)
    place, score = (1.04 * np.exp(0.05j), 0.03 - 0.04j), 0.0
    for _ in range(3):
        step, score = fitted(*contrasts(small, FINE, place), mean, np.ones_like(mean))
        place = composed(place, step)
    assert abs(place[0] - 1) < 0.004 and abs(place[1]) < 0.004 and score > 0.98


def test_a_search_gives_several_distinct_places_of_which_the_best_is_the_planted_one() -> None:
    """The windows are covered, as eyes are by dark glasses."""
    plain = house(np.random.default_rng(0))
    mean, _ = contrasts(thumb(plain, FINE), FINE, IDENTITY)
    worth = np.ones_like(mean)
    covered = plain.copy()
    covered[50:61, 33:46] = 20
    truth = SimilarityTransform(scale=1.2, rotation=0.35, translation=(14, -20))
    small, search = thumb(displaced(covered, truth), FINE), Search(mean, worth)
    places = search(*contrasts(small, FINE, IDENTITY), CANDIDATES)
    assert len(places) == CANDIDATES and places[:1] == search(*contrasts(small, FINE, IDENTITY))
    apart = [abs(a - c) + abs(b - d) for (a, b), (c, d) in combinations(places, 2)]
    assert min(apart) > DISTINCT
    place, score = search.best(small, mean, worth)
    wanted = truth(np.array([[47.5, 47.5]]))[0] - 47.5
    assert abs(place[0] - 1.2 * np.exp(0.35j)) < 0.02 and abs(place[1] - complex(*wanted) / 48) < 0.03
    assert score > 0.5


def test_an_unsure_image_is_searched_for_anew(congealed: Congealed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place far from the middle must be better by something; of places alike the nearer one is taken."""
    near, far = (IDENTITY, 0.30), ((1.4 + 0j, 0.5 + 0j), 0.31)
    assert likelier(far, near) == near and likelier(far, near, ((1.4 + 0j, 0.5 + 0j), 0.6))[1] == 0.6
    monkeypatch.setattr(Search, "best", lambda *_: (IDENTITY, 0.99))
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    assert congealed.template.place(noise).place == IDENTITY
    assert congealed.template.place(house(np.random.default_rng(1))).place != IDENTITY


def test_the_number_of_threads_changes_nothing(
    congealed: Congealed, houses: tuple[list[Pixels], list[SimilarityTransform]]
) -> None:
    """Of the unsure image, for which everything is run."""
    images, _ = houses
    with fft.set_workers(1):
        one = congealed.template.place(images[NOISE])
    with fft.set_workers(4):
        assert congealed.template.place(images[NOISE]) == one


def test_what_lies_beyond_an_image_is_no_contrast() -> None:
    small = thumb(np.full((30, 30, 1), 90, dtype=np.uint8), FINE)
    planes, inside = contrasts(small, FINE, (1.4 + 0j, 0.3 + 0j))
    assert 0 < inside.mean() < 1 and np.abs(planes).max() < 1e-3


def test_the_mean_of_centred_maps_is_the_identity() -> None:
    chance = np.random.default_rng(0)
    maps = np.stack([np.exp(0.3 * chance.normal(size=9) + 0.2j), chance.normal(size=9) + 1j], axis=1)
    weights = chance.uniform(0.1, 1, 9)
    made = centred(maps, weights)
    share = weights / weights.sum()
    assert np.exp((share * np.log(made[:, 0])).sum()) == pytest.approx(1)
    assert abs((share * made[:, 1]).sum()) < 1e-12
    relative = [maps[0, 0] / maps[1, 0], made[0, 0] / made[1, 0]]
    assert relative[0] == pytest.approx(relative[1])


def test_too_few_images_have_nothing_in_common() -> None:
    few: Iterator[Pixels] = (np.zeros((8, 8, 1), dtype=np.uint8) for _ in range(FEWEST - 1))
    with pytest.raises(DataError, match="there are 4"):
        congeal(few)
