"""How codes are mixed and errors weighed, against plain arithmetic: ALGORITHM.md, "One training step"."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gaia_stim.models import OBJECTIVES
from gaia_stim.models.gaia import (
    Errors,
    Objective,
    balanced,
    balanced_as_printed,
    mix_pairs,
    mix_simplex,
    sigma,
    unbalanced,
)
from gaia_stim.tables import look_up

LEVELS = (0.0, 1e-3, 0.05, 0.2, 0.7)
ERRORS = list(product(LEVELS, repeat=3))
GAMMAS = (0.0, 0.5, 1.0, 4.0)


def objective(name: str) -> Objective:
    found: Objective = look_up(OBJECTIVES, "objective", name)
    return found


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixing(name: str, size: int, seed: int = 0) -> Tensor:
    """The matrix W of z_interp = W z, read off by mixing the unit vectors."""
    return objective(name).mix(torch.eye(size, dtype=torch.float64), seeded(seed))


def errors(*values: float) -> Errors:
    return Errors(*(torch.tensor(value, dtype=torch.float64) for value in values))


# -- mixing of pairs ------------------------------------------------------------------------------------------------


def pairs(size: int) -> list[tuple[int, int]]:
    """Sample i with sample i + B/2; then the first half reversed with the second half."""
    half = size // 2
    straight = [(i, i + half) for i in range(half)]
    crossed = [(half - 1 - i, half + i) for i in range(half)]
    return straight + crossed


@pytest.mark.parametrize("size", [4, 8, 16])
def test_pairs_are_mixed_as_a_loop_mixes_them(size: int) -> None:
    z = torch.randn(size, 5, dtype=torch.float64, generator=seeded(1))
    mixed, shares = mix_pairs(z, seeded()), mix_pairs(torch.eye(size, dtype=torch.float64), seeded())
    assert mixed.shape == z.shape, "as many interpolations as images"
    drawn = []
    for row, (i, j) in enumerate(pairs(size)):
        t = shares[row, j].item()
        assert shares[row, i].item() == pytest.approx(1 - t, abs=1e-15)
        assert torch.equal(shares[row].nonzero().flatten(), torch.tensor([i, j]))
        for coordinate in range(5):
            expected = (1 - t) * z[i, coordinate].item() + t * z[j, coordinate].item()
            assert mixed[row, coordinate].item() == pytest.approx(expected, abs=1e-14)
        drawn.append(t)
    assert len(set(drawn)) == size, "every pair its own t"
    assert len(set(pairs(size))) == size, "in batches of a multiple of 4 no pair comes twice"


def test_t_is_normal_around_the_middle_and_not_clipped() -> None:
    n = 200_000
    ends = torch.cat([torch.zeros(n // 2, 3), torch.ones(n // 2, 3)]).double()
    t = mix_pairs(ends, seeded())
    assert torch.equal(t[:, 0], t[:, 1]) and torch.equal(t[:, 0], t[:, 2]), "the same t for all coordinates"
    t = t[:, 0].numpy()
    assert t.mean() == pytest.approx(0.5, abs=4 * 0.25 / math.sqrt(n))
    assert t.std() == pytest.approx(0.25, abs=4 * 0.25 / math.sqrt(2 * n))
    assert stats.kstest(t, stats.norm(0.5, 0.25).cdf).pvalue > 1e-3
    outside = 2 * stats.norm.sf(2)  # 4.55 %: 0 and 1 are two standard deviations away
    share = np.mean((t < 0) | (t > 1))
    assert share == pytest.approx(outside, abs=4 * math.sqrt(outside / n))
    assert abs(np.corrcoef(t[: n // 2], t[n // 2 :])[0, 1]) < 4 / math.sqrt(n / 2), (
        "a pair's two draws have no relation"
    )


# -- mixing of the whole minibatch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 8, 64, 512])
def test_simplex_weights_are_convex(size: int) -> None:
    for dtype in (torch.float32, torch.float64):
        weights = mix_simplex(torch.eye(size, dtype=dtype), seeded())
        assert weights.dtype == dtype and weights.shape == (size, size)
        assert (weights >= 0).all() and weights.isfinite().all()
        assert (weights.sum(dim=1) - 1).abs().max() < 100 * torch.finfo(dtype).eps
    z = torch.randn(size, 3, dtype=torch.float64, generator=seeded(1))
    assert (mix_simplex(z, seeded()) - weights @ z).abs().max() < 1e-12


def test_simplex_weights_are_normalised_chi_square_with_1_over_b_degrees_of_freedom() -> None:
    """Such weights are Dirichlet(1/2B, ...), so that each of them is Beta(1/2B, (B - 1)/2B)."""
    size, rng = 8, seeded()
    eye = torch.eye(size, dtype=torch.float64)
    weights = torch.cat([mix_simplex(eye, rng) for _ in range(2_000)]).numpy()
    n, k = len(weights), 1 / (2 * size)
    for column in range(size):
        assert weights[:, column].mean() == pytest.approx(1 / size, abs=4 * weights[:, column].std() / math.sqrt(n))
        assert stats.kstest(weights[:, column], stats.beta(k, (size - 1) * k).cdf).pvalue > 1e-4
    concentration = (weights**2).sum(axis=1)
    assert concentration.mean() == pytest.approx((k + 1) / (size * k + 1), abs=4 * concentration.std() / math.sqrt(n))
    drawn = np.random.default_rng(0).chisquare(1 / size, (n, size))
    drawn /= drawn.sum(axis=1, keepdims=True)
    assert stats.ks_2samp(weights.max(axis=1), drawn.max(axis=1)).pvalue > 1e-3


def test_simplex_weights_are_not_rounded_by_reduced_precision() -> None:
    z = torch.randn(8, 5, generator=seeded(1))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = mix_simplex(z, seeded())
    assert mixed.dtype == torch.float32
    assert (mixed - mix_simplex(z, seeded())).abs().max() < 1e-6


@pytest.mark.parametrize("name", OBJECTIVES)
def test_mixing_is_chance_of_the_generator_alone(name: str) -> None:
    before = torch.get_rng_state()
    assert torch.equal(mixing(name, 8), mixing(name, 8))
    assert not torch.equal(mixing(name, 8), mixing(name, 8, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_mixes_and_measures_as_its_source_says(name: str) -> None:
    found = objective(name)
    rows = mixing(name, 8)
    shared = (rows != 0).sum(dim=1)
    a, b = (torch.tensor(pixels).reshape(3, 1, 1, 1) for pixels in ([0.1, 0.5, 1.0], [0.3, 0.5, 0.0]))
    assert torch.allclose(rows.sum(dim=1), torch.ones(8, dtype=torch.float64))
    if name == "simplex":
        assert shared.min() > 2 and rows.min() >= 0 and rows.max() <= 1
        assert found.error(a, b).item() == pytest.approx((0.04 + 0 + 1) / 3)
    else:
        assert (shared == 2).all()
        assert found.error(a, b).item() == pytest.approx((0.2 + 0 + 1) / 3)


# -- weights --------------------------------------------------------------------------------------------------------


def logistic(d: float) -> float:
    return 1 / (1 + math.exp(-20 * d))


def test_sigma_has_b_20() -> None:
    assert sigma(torch.tensor(math.log(3) / 20, dtype=torch.float64)).item() == pytest.approx(0.75, abs=1e-15)
    for d in (-0.9, -0.1, 0.0, 0.03, 0.5):
        assert sigma(torch.tensor(d, dtype=torch.float64)).item() == pytest.approx(logistic(d), rel=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_balance_is_algorithm_1(gamma: float) -> None:
    for real, generated, interpolated in ERRORS:
        found = balanced(errors(real, generated, interpolated), gamma)
        fake = (generated + interpolated) / 2
        delta_disc = logistic(real - fake)
        w_interp = logistic(interpolated - generated)
        w_fake = min(max(logistic(gamma * fake - real), 1e-4), 0.9)
        close = pytest.approx
        assert {name: value.item() for name, value in found.balance.items()} == {
            "delta_gen": close(1 - delta_disc, abs=1e-12),
            "delta_disc": close(delta_disc, abs=1e-12),
            "w_interp": close(w_interp, abs=1e-12),
            "w_fake": close(w_fake, rel=1e-12),
        }
        # loss_Gen = (1 - w_interp) L_gen + w_interp L_interp;  loss_Disc = L_X - w_fake (L_gen + L_interp) / 2
        assert [value.item() for value in found.generator] == close([0, 1 - w_interp, w_interp], abs=1e-12)
        assert [value.item() for value in found.discriminator] == close([1, -w_fake / 2, -w_fake / 2], rel=1e-12)
        assert found.rates["generator"].item() == close(1 - delta_disc, abs=1e-12)
        assert found.rates["discriminator"].item() == close(delta_disc, abs=1e-12)


def test_the_limits_of_w_fake_are_both_reached() -> None:
    reached = {balanced(errors(*e), gamma).balance["w_fake"].item() for e in ERRORS for gamma in GAMMAS}
    assert min(reached) == 1e-4 and max(reached) == 0.9 and len(reached) > 50


def test_the_player_that_is_ahead_learns_more_slowly() -> None:
    seeing_through = balanced(errors(0.1, 0.3, 0.3), 0.5).rates
    assert seeing_through["discriminator"] < 0.02 and seeing_through["generator"] > 0.98
    fooled = balanced(errors(0.3, 0.1, 0.1), 0.5).rates
    assert fooled["discriminator"] > 0.98 and fooled["generator"] < 0.02
    even = balanced(errors(0.2, 0.1, 0.3), 0.5).rates
    assert even["discriminator"].item() == even["generator"].item() == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_algorithm_1_as_printed_swaps_the_rates_and_nothing_else(gamma: float) -> None:
    for e in ERRORS:
        mended, printed = balanced(errors(*e), gamma), balanced_as_printed(errors(*e), gamma)
        assert printed.rates["generator"] == mended.rates["discriminator"] == mended.balance["delta_disc"]
        assert printed.rates["discriminator"] == mended.rates["generator"] == mended.balance["delta_gen"]
        assert printed.balance == mended.balance
        assert (printed.generator, printed.discriminator) == (mended.generator, mended.discriminator)


def test_the_notebooks_objective_is_what_autograd_makes_of_its_clip() -> None:
    for e in ERRORS:
        real, generated, interpolated = (value.requires_grad_() for value in errors(*e))
        loss_gen = generated + interpolated
        loss_disc = generated + real - torch.clamp(interpolated, torch.zeros_like(real), real)
        found = unbalanced(errors(*e), 0.5)
        for loss, paid in ((loss_gen, found.generator), (loss_disc, found.discriminator)):
            gradient = torch.autograd.grad(
                loss, (real, generated, interpolated), allow_unused=True, materialize_grads=True
            )
            assert [c.item() for c in paid] == [g.item() for g in gradient], e
        weighed = sum(c * v for c, v in zip(found.discriminator, (real, generated, interpolated), strict=True))
        assert weighed.item() == pytest.approx(loss_disc.item(), abs=1e-15), "the value is the same too"
        assert not found.rates, "no balance of learning rates"


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_rates_of_the_players_add_up_and_are_floats_of_the_errors_kind(name: str) -> None:
    for dtype in (torch.float32, torch.float64):
        found = objective(name).coefficients(Errors(*(value.to(dtype) for value in errors(0.2, 0.25, 0.22))), 0.5)
        assert not found.rates or sum(found.rates.values()).item() == pytest.approx(1, abs=1e-6)
        for value in (*found.generator, *found.discriminator, *found.rates.values(), *found.balance.values()):
            assert value.dtype == dtype and value.shape == ()


def test_the_steady_balance_does_not_change_as_all_errors_shrink() -> None:
    """It is Algorithm 1's where L_X = 0.25, and there and elsewhere only the ratios of the errors count."""
    steady = objective("steady").coefficients
    for generated, interpolated, gamma in product((0.1, 0.24, 0.3), (0.2, 0.26, 0.9), GAMMAS):
        expected = balanced(errors(0.25, generated, interpolated), gamma)
        for share in (1.0, 0.1, 1e-3):
            found = steady(errors(0.25 * share, generated * share, interpolated * share), gamma)
            for one, other in ((found.balance, expected.balance), (found.rates, expected.rates)):
                assert {name: value.item() for name, value in one.items()} == pytest.approx(
                    {name: value.item() for name, value in other.items()}, rel=1e-9
                )
            for mine, theirs in ((found.generator, expected.generator), (found.discriminator, expected.discriminator)):
                assert [v.item() for v in mine] == pytest.approx([v.item() for v in theirs], rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_errors_make_weights_that_are_not_numbers(name: str, dtype: torch.dtype) -> None:
    for e in ERRORS:
        found = objective(name).coefficients(Errors(*(value.to(dtype) for value in errors(*e))), 0.5)
        for value in (*found.generator, *found.discriminator, *found.rates.values(), *found.balance.values()):
            assert value.isfinite(), e


@pytest.mark.parametrize("name", OBJECTIVES)
def test_one_backward_pass_is_promised_only_where_no_coefficient_of_a_fake_is_0(name: str) -> None:
    found = objective(name)
    smallest = min(
        abs(value.item())
        for e in ERRORS
        if e[0] > 0
        for gamma in GAMMAS
        for value in found.coefficients(errors(*e), gamma).discriminator[1:]
    )
    assert found.one_backward == (smallest > 0)
