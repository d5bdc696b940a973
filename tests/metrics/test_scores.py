"""The contract of every row of METRICS, and what the figures are for models whose quality is known."""

from dataclasses import replace
from functools import cached_property
from string import Formatter

import numpy as np
import pytest

from gaia_stim.metrics import METRICS
from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.evidence import Evidence
from gaia_stim.metrics.scores import Score
from gaia_stim.tables import look_up

N, TRAINING = 80, 300
ISSUE = """reconstruction_l1 reconstruction_ssim sharpness midpoint_auc reconstruction_auc pixel_blend_auc
midpoint_precision reconstruction_precision pixel_blend_precision midpoint_coverage betweenness step_cv geodesic_ratio
cycle_error structure_spearman trustworthiness"""


def drawn(codes: np.ndarray, size: int = 24) -> Pixels:
    """The true decoder of a world of four numbers a picture: an ellipse's place, size and brightness, its rim soft."""
    y, x = np.mgrid[:size, :size] / size
    cx, cy, r, light = codes.T[:, :, None, None]
    away = np.hypot(x - 0.5 - 0.15 * cx, y - 0.5 - 0.15 * cy) - (0.22 + 0.06 * r)
    inside = 1 / (1 + np.exp(np.clip(away * 2 * size, -50, 50)))
    return np.round((40 + inside * (140 + 40 * light))[..., None]).astype(np.uint8)


def codes(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (n, 4)).astype(np.float32)


def half(a: Pixels, b: Pixels) -> Pixels:
    return np.round((a.astype(float) + b) / 2).astype(np.uint8)


def world(seed: int = 0, n: int = N) -> Evidence:
    """A model that is the world itself; one of many worlds."""
    z, training = codes(n, seed=1 + 10 * seed), drawn(codes(TRAINING, seed=2 + 10 * seed))
    members = np.arange(n).reshape(-1, 4)
    pairs = np.stack([members, np.roll(members, -1, axis=1)], axis=-1).reshape(-1, 2)
    ends = z[pairs]
    frames = np.linspace(0, 1, 9)[None, :, None]
    lines = ends[:12, :1] * (1 - frames) + ends[:12, 1:] * frames
    pictures = drawn(z)
    return Evidence(
        training=training,
        training_reconstructions=training,
        held_out=pictures,
        reconstructions=pictures,
        codes=z,
        groups=np.arange(n) // 4,
        pairs=pairs,
        midpoints=drawn(ends.mean(axis=1)),
        midpoint_codes=ends.mean(axis=1),
        midpoint_codes_again=ends.mean(axis=1),
        blends=half(pictures[pairs[:, 0]], pictures[pairs[:, 1]]),
        morphs=drawn(lines.reshape(-1, 4)).reshape(12, 9, 24, 24, 1),
    )


@pytest.fixture(scope="module")
def perfect() -> Evidence:
    return world()


@pytest.fixture(scope="module")
def fader(perfect: Evidence) -> Evidence:
    return fading(perfect)


def fading(perfect: Evidence) -> Evidence:
    """A model whose reconstructions are perfect, and whose way between them is a cross-fade."""
    t = np.linspace(0, 1, 9)[None, :, None, None, None]
    faded = perfect.morphs[:, :1] * (1 - t) + perfect.morphs[:, -1:] * t
    return replace(perfect, midpoints=perfect.blends, morphs=np.round(faded).astype(np.uint8))


@pytest.fixture(scope="module")
def snapper(perfect: Evidence) -> Evidence:
    """A model that only knows its training images: half-way it shows one of them."""
    return replace(perfect, midpoints=perfect.matched)


def score(name: str, evidence: Evidence) -> float:
    found: Score = look_up(METRICS, "metric", name)
    return found.measure(evidence)


@pytest.mark.parametrize("name", METRICS)
def test_every_figure_is_a_plain_number(name: str, perfect: Evidence) -> None:
    value = score(name, perfect)
    assert type(value) is float and np.isfinite(value)
    assert value == score(name, perfect)


def test_the_names_that_were_promised() -> None:
    assert set(ISSUE.split()) <= set(METRICS)


def test_the_words_name_figures_and_every_figure_is_told() -> None:
    words = [look_up(METRICS, "metric", name).words for name in METRICS]
    told = {field for text in words for _, field, _, _ in Formatter().parse(text) if field}
    assert told <= set(METRICS)
    assert set(METRICS) - told <= {"reconstruction_rmse"}


@pytest.mark.parametrize(
    "name",
    [
        "reconstruction_l1",
        "reconstruction_rmse",
        "reconstruction_ssim",
        "reconstruction_r2",
        "reconstruction_spread",
        "sharpness",
        "identity",
        "cycle_error",
    ],
)
def test_a_perfect_model_is_ideal(name: str, perfect: Evidence) -> None:
    assert score(name, perfect) == pytest.approx(look_up(METRICS, "metric", name).ideal)


def test_perfect_reconstructions_are_not_told_from_real(perfect: Evidence) -> None:
    assert score("reconstruction_auc", perfect) == pytest.approx(0.5, abs=0.1)
    assert score("pixel_blend_auc", perfect) > 0.75


def test_realism_ranks_the_world_above_the_cross_fade(perfect: Evidence, fader: Evidence) -> None:
    for name in ("midpoint_precision", "midpoint_coverage", "geodesic_ratio"):
        assert score(name, perfect) > score(name, fader) + 0.05, name
    # One world's figure depends on the last bit of its features, and so on the processor: the mean of some does not.
    worlds = [world(seed, n=2 * N) for seed in range(4)]
    for name in ("matched_auc", "real_midpoint_auc"):
        assert (
            np.mean([score(name, one) for one in worlds]) < np.mean([score(name, fading(one)) for one in worlds]) - 0.1
        )
    assert score("midpoint_precision", fader) == score("pixel_blend_precision", fader)
    assert score("geodesic_ratio", fader) == pytest.approx(score("pixel_blend_geodesic_ratio", fader), rel=0.02)


def test_crowding_alone_is_seen_and_matching_takes_it_out(perfect: Evidence) -> None:
    """Half-way pictures of this world are perfect, but average: only the matched control says so."""
    assert score("crowding_auc", perfect) > 0.55
    assert score("matched_auc", perfect) < score("midpoint_auc", perfect)


def test_snapping_is_realistic_and_not_between(perfect: Evidence, snapper: Evidence) -> None:
    assert score("midpoint_precision", snapper) == 1
    assert score("betweenness", snapper) == 0
    assert score("betweenness", perfect) > 0.5


def test_what_is_expensive_is_done_once() -> None:
    shared = {name for name, value in vars(Evidence).items() if isinstance(value, cached_property)}
    assert {"components", "details", "neighbourhood", "matched"} <= shared
