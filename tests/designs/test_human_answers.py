"""Answers of people, not simulated ones: tests/data/face_morphs, and what was published of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtr
from scipy.stats import linregress

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.psychometric import fit_identification
from gaia_stim.designs.responses import Answers

DATA = Path(__file__).parents[1] / "data" / "face_morphs"


def continua() -> dict[tuple[str, int, int], pd.DataFrame]:
    return dict(list(pd.read_csv(DATA / "answers.csv").groupby(["morph_type", "location", "session"])))


def fitted(counts: pd.DataFrame) -> Fit:
    """Of all together, taken for one person's: the estimates are the same, and nobody is fitted alone."""
    first, second = counts["first"].to_numpy(), counts["second"].to_numpy()
    alpha = np.concatenate([np.repeat(counts["morph"] / 100, first), np.repeat(counts["morph"] / 100, second)])
    who = np.full(len(alpha), "all")
    padded = np.column_stack([alpha, np.full((len(alpha), 3), np.nan)])
    given = Answers("identification", padded, np.repeat(["a", "b"], [first.sum(), second.sum()]), who)
    asked = ScaleConfig.model_validate({"responses": (Path("results.csv"),), "bootstrap": 0})
    return fit_identification(given, asked, np.random.default_rng(0))


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    """A row for each of the 24 continua, with the mean of the ten published points of subjective equality."""
    published = pd.read_csv(DATA / "published_pse.csv").groupby(["morph_type", "location", "session"])["pse"].mean()
    fits = {name: fitted(counts).figures for name, counts in continua().items()}
    found = pd.DataFrame(fits).T.rename_axis(["morph_type", "location", "session"]).astype(float)
    return found.join((published / 100).rename("pse_published"))


def test_what_was_published_comes_back(figures: pd.DataFrame) -> None:
    """Theirs: a logistic mixed model with one slope. Half and half is where it has its points, and not the PSE of a
    function with guesses, which here are a preference for one person at one place of the visual field.
    """
    off = {name: (figures[name] - figures["pse_published"]).abs() for name in ("half", "pse")}
    assert len(figures) == 24 and figures["half"].corr(figures["pse_published"]) > 0.97
    assert off["half"].mean() < 0.03 and off["half"].max() < 0.1
    assert off["pse"].mean() > 0.05 and off["pse"].max() > 0.2


def test_another_session_gives_the_same(figures: pd.DataFrame) -> None:
    one, other = (figures.xs(session, level="session") for session in (1, 2))
    assert one["half"].corr(other["half"]) > 0.94 and one["pse"].corr(other["pse"]) < 0.9


def test_half_and_half_is_where_the_shares_cross(figures: pd.DataFrame) -> None:
    """No fit of ours: a straight line through the logits of the shares; and the function itself is half there."""
    for name, counts in continua().items():
        one = figures.loc[name]
        share = one["guess"] + (1 - one["guess"] - one["lapse"]) * ndtr((one["half"] - one["pse"]) / one["sigma"])
        assert share == pytest.approx(0.5)
        shares = counts.groupby("morph")[["first", "second"]].sum()
        logits = np.log((shares["second"] + 0.5) / (shares["first"] + 0.5))
        line = linregress(shares.index / 100, logits)
        assert one["half"] == pytest.approx(-line.intercept / line.slope, abs=0.12)
        assert expit(line.intercept + line.slope) > 0.5


def test_it_is_said_where_the_two_lie_apart() -> None:
    said = [text for text in fitted(continua()["ac", 225, 1]).warnings if text.startswith("guesses and lapses differ")]
    assert said == [
        "guesses and lapses differ, 0.29 and 0.10: the answers are half and half at alpha 0.44 (half), not at the PSE, "
        "0.503, the middle of the function without them; where a preference and no slips make the difference, half is "
        "the one to report"
    ]
    assert not any(text.startswith("guesses and") for text in fitted(continua()["ab", 135, 1]).warnings)
