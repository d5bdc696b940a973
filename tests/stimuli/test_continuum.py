"""One rule for where stimuli lie, wherever it is asked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from planted_sets import planted_set

from gaia_stim.designs.layout import Layout
from gaia_stim.export.folder import task_record
from gaia_stim.export.jspsych import stimulus_list
from gaia_stim.stimuli.continuum import along, places
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def rows(amounts: Sequence[float | None]) -> list[Row]:
    return [replace(Row.numbered("edit", at, len(amounts)), amount=amount) for at, amount in enumerate(amounts)]


@pytest.mark.parametrize("amounts", [(0.5, 1.0, 1.5), (1.5, 1.0, 0.5), (1.0, 0.5, 1.5)])
def test_designs_exports_and_experiments_agree(amounts: tuple[float, ...], tmp_path: Path) -> None:
    """Amounts asked for downwards were sorted by one, numbered from 0 to 1 by another, and no continuum to a third."""
    stimuli: StimulusSet = planted_set(tmp_path / "set", rows(amounts))
    expected = sorted((amount, row.image) for amount, row in zip(amounts, stimuli.rows(), strict=True))
    layout = Layout.of(stimuli)
    assert layout.order == "line" and layout.place.tolist() == [0.5, 1.0, 1.5]
    assert [f"stimuli/{name}.png" for name in layout.ids] == [image for _, image in expected]
    shown = stimulus_list(stimuli, 8, 8)["timeline_variables"]
    assert [(one["place"], one["stimulus"]) for one in shown] == expected
    trials = Trials("adjustment", stimuli.table, {})
    assert [tuple(pair) for pair in task_record(stimuli, trials, (8, 8))["continuum"]] == expected


@pytest.mark.parametrize("amounts", [(0.5, 0.5, 1.0), (0.5, None, 1.0), (None, None, None)])
def test_a_set_that_is_none_is_in_its_own_order(amounts: tuple[float | None, ...], tmp_path: Path) -> None:
    assert places(rows(amounts)) is None
    assert [(place, row.position) for place, row in along(rows(amounts))] == [(0.0, 0), (0.5, 1), (1.0, 2)]
    assert Layout.of(planted_set(tmp_path / "set", rows(amounts))).order == "none"
