"""Trials for practice, and those that tell who looks away: beside the main ones, which they leave as they are."""

from pathlib import Path

import pandas as pd
import pytest
from planted_sets import planted_morph

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.errors import ConfigError
from gaia_stim.export import EXPORTERS
from gaia_stim.pipeline.designs import DesignResult, design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import STIM_COLUMNS, read_trials

KINDS = [*(kind for kind in DESIGNS if kind != "adjustment"), "mlds-triads"]
FIRST, MIDDLE, LAST = "m_0001", "m_0003", "m_0005"


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set", 5)


def made(stimuli: StimulusSet, kind: str, name: str, **options: object) -> DesignResult:
    config = {"kind": kind.removesuffix("-triads"), "triads": kind == "mlds-triads", "participants": 2}
    return design(
        DesignConfig(
            stimuli=stimuli.folder,
            out=stimuli.folder.parent / name,
            **config | {"repetitions": 2, "blocks": 2} | options,
        )
    )


def table_of(result: DesignResult, stimuli: StimulusSet) -> pd.DataFrame:
    return read_trials(result.out, stimuli).table


def is_clear(row: pd.Series) -> bool:
    """Told anew, task by task."""
    a, b, c, d = (row[name] for name in STIM_COLUMNS)
    task, right = row["task"], row["correct"]
    if task == "identification":
        return (a, right) in {(FIRST, "a"), (LAST, "b")}
    if task in ("2afc", "constant"):
        return {a, b} == {FIRST, LAST} and {"a": a, "b": b}[right] == LAST
    if task == "same-different":
        return {a, b} <= {FIRST, LAST} and right == ("same" if a == b else "different")
    if task == "abx":
        return {a, b} == {FIRST, LAST} and c == {"a": a, "b": b}[right]
    if task in ("oddity", "triplets"):
        odd = {"a": a, "b": b, "c": c}[right]
        return sorted([a, b, c]) in ([FIRST, FIRST, LAST], [FIRST, LAST, LAST]) and [a, b, c].count(odd) == 1
    pairs = {"ab": {a, b}, "bc": {b, c}} if d == "" else {"ab": {a, b}, "cd": {c, d}}
    return pairs.pop(right) == {FIRST, LAST} and all(len(pair) == 1 for pair in pairs.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_catch_trial_is_clear_and_main_trials_are_as_many_as_before(stimuli: StimulusSet, kind: str) -> None:
    plain = table_of(made(stimuli, kind, "plain"), stimuli)
    result = made(stimuli, kind, "both", practice=3, catch=0.2)
    table = table_of(result, stimuli)
    assert "phase" not in plain and list(table.columns).index("phase") == list(table.columns).index("arrangement") + 1
    for owner, mine in table.groupby("participant"):
        before = plain[plain["participant"] == owner]
        main, caught, practised = (mine[mine["phase"] == phase] for phase in ("main", "catch", "practice"))
        assert len(caught) == max(1, round(0.2 * len(before))) == result.catch and len(practised) == 3
        assert all(is_clear(row) for _, row in caught.iterrows())
        assert caught["correct"].value_counts().max() <= len(caught) / 2 + 2
        columns = ["part", "repetition", "item", "arrangement", *STIM_COLUMNS, "correct"]
        assert sorted(main[columns].itertuples(index=False)) == sorted(before[columns].itertuples(index=False))
        assert mine["trial"].tolist() == list(range(1, len(mine) + 1))
        assert (mine["phase"].iloc[:3] == "practice").all() and (practised["block"] == 0).all()
        assert set(mine["block"].iloc[3:]) == {1, 2}
        known = set(main[columns].itertuples(index=False))
        assert all(row in known for row in practised[columns].itertuples(index=False))
    assert result.trials_each == len(table) // 2 and sum(result.trials_a_block) == len(plain) // 2


def test_orders_are_kept_with_catch_trials(stimuli: StimulusSet) -> None:
    table = table_of(made(stimuli, "2afc", "runs", catch=0.25, max_run=2, repetitions=4), stimuli)
    for _, block in table.groupby(["participant", "block"]):
        runs = (block["correct"] != block["correct"].shift()).cumsum()
        assert runs.value_counts().max() <= 2


def test_every_list_differs_and_the_same_command_is_the_same_list(stimuli: StimulusSet) -> None:
    one, two = (table_of(made(stimuli, "2afc", name, practice=4, catch=0.1), stimuli) for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    practised = one[one["phase"] == "practice"]
    first, second = (rows[STIM_COLUMNS].to_numpy().tolist() for _, rows in practised.groupby("participant"))
    assert first != second


@pytest.mark.parametrize("program", EXPORTERS)
def test_every_program_takes_such_a_list(stimuli: StimulusSet, program: str, tmp_path: Path) -> None:
    result = made(stimuli, "2afc", "design", practice=2, catch=0.1)
    export(ExportConfig(stimuli=stimuli.folder, to=program, design=result.out, out=tmp_path / "out"))


def test_what_has_no_clear_answer_is_refused(stimuli: StimulusSet) -> None:
    with pytest.raises(ConfigError, match="--catch: no answer to adjustment is clear"):
        made(stimuli, "adjustment", "design", catch=0.1)
    assert made(stimuli, "adjustment", "design", practice=2).practice == 2
