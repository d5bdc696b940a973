"""Models side by side: what they are called, mean and spread, and the sheets."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.dataset import open_dataset
from gaia_stim.drawing.sheets import MARGIN
from gaia_stim.evaluation.comparison import (
    COLLAPSED,
    VARIES,
    MeasuredTraining,
    collapsed,
    midpoint_sheet,
    names,
    reconstruction_sheet,
    summary,
    table,
    titles,
    unequal,
)
from gaia_stim.evaluation.likelihood import OF_A_FLOW
from gaia_stim.images import Pixels
from gaia_stim.metrics import METRICS
from gaia_stim.space.space import Space

GAIA = {"method": "gaia", "alpha": 0.02, "seed": 0, "size": 32, "images_seen": 100}


def measured(model: str, seed: int, value: float) -> MeasuredTraining:
    return MeasuredTraining(model, seed, Path("run"), "sha256_0", dict.fromkeys(METRICS, value))


def test_seeds_are_one_model_and_other_options_are_others() -> None:
    same = [GAIA, {**GAIA, "seed": 1}, {"method": "ae", "alpha": 1.0}]
    assert names(same) == ["gaia", "gaia", "ae"]
    assert names([GAIA, {**GAIA, "alpha": 0.0}]) == ["gaia:alpha=0.02", "gaia:alpha=0"]


def test_an_unequal_budget_is_told() -> None:
    assert list(unequal([GAIA, {**GAIA, "images_seen": 200, "seed": 3}])) == ["images seen (100, 200)"]
    assert not list(unequal([GAIA, {**GAIA, "alpha": 1.0}]))


def test_mean_and_sample_deviation_over_seeds() -> None:
    found = summary([measured("gaia", 0, 1.0), measured("ae", 0, 5.0), measured("gaia", 1, 3.0)])
    assert list(found) == ["gaia", "ae"]
    figure = found["gaia"]["sharpness"]
    assert (figure.mean, figure.spread, figure.values) == (2.0, pytest.approx(2**0.5), [1.0, 3.0])
    assert found["ae"]["sharpness"].spread is None


def test_the_table_has_a_row_a_figure_and_a_spread_where_there_is_one() -> None:
    rows = table(summary([measured("gaia", 0, 1.0), measured("gaia", 1, 3.0), measured("ae", 0, 5.0)]))
    assert [row["figure"] for row in rows] == list(METRICS)
    assert rows[0] == {
        "figure": "reconstruction_l1",
        "ideal": 0.0,
        "gaia": 2.0,
        "± gaia": pytest.approx(2**0.5),
        "ae": 5.0,
    }


def of_spread(model: str, seed: int, spread: float) -> MeasuredTraining:
    return MeasuredTraining(model, seed, Path("run"), "sha256_0", dict.fromkeys(METRICS, 0.9) | {VARIES: spread})


def test_a_model_that_collapsed_is_said_to_have_and_stands_last() -> None:
    """However good its other figures are, and in however few of its trainings it did."""
    found = summary(
        [of_spread("ali", 0, 0.7), of_spread("ae", 0, 0.95), of_spread("ali", 1, 0.07), of_spread("ae", 1, COLLAPSED)]
    )
    assert collapsed(found) == {"ali": 0.07}
    assert titles(found) == {"ae": "ae", "ali": "ali (collapsed)"}
    assert all(
        list(row) == ["figure", "ideal", "ae", "± ae", "ali (collapsed)", "± ali (collapsed)"] for row in table(found)
    )


def test_a_flow_is_not_ranked_by_reconstructions_that_are_exact_by_construction() -> None:
    flow = measured("flow", 0, 1.0)
    flow = replace(flow, figures={**flow.figures, OF_A_FLOW: 2.5})
    rows = {row["figure"]: row for row in table(summary([flow, measured("ae", 0, 0.9)]))}
    assert list(rows) == [*METRICS, OF_A_FLOW]
    assert rows["reconstruction_r2"] == {"figure": "reconstruction_r2", "ideal": 1.0, "flow (exact)": None, "ae": 0.9}
    assert rows["midpoint_auc"] == {"figure": "midpoint_auc", "ideal": 0.5, "flow (exact)": 1.0, "ae": 0.9}
    assert rows[OF_A_FLOW] == {"figure": OF_A_FLOW, "ideal": None, "flow (exact)": 2.5, "ae": None}


@pytest.mark.parametrize(("sheet", "first"), [(reconstruction_sheet, 1), (midpoint_sheet, 3)])
def test_the_sheets_show_the_images_and_a_column_a_model(
    sheet: Callable[..., Pixels], first: int, space: Space, faces: Path
) -> None:
    dataset = open_dataset(faces, 32)
    drawn = sheet({"a": space, "b": space}, dataset)
    # Tiles are 32 px threefold, 4 px apart, below the title and the columns' names.
    columns = [drawn[70:, MARGIN + 100 * place :][:, :96] for place in range(first + 2)]
    assert np.array_equal(columns[first], columns[first + 1])
    assert not np.array_equal(columns[first - 1], columns[first])
    image = dataset.batch(dataset.rows("validation")[:1])[0]
    bottom_of_the_first = image.repeat(3, axis=0).repeat(3, axis=1)[-40:]
    assert any(np.array_equal(columns[0][top : top + 40], bottom_of_the_first) for top in range(100))
