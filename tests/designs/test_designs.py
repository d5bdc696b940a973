"""Every task's trial list: exactly balanced, within the set, within its constraints, the same again from its seed."""

import itertools
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.config import DesignConfig, make
from gaia_stim.designs import DESIGNS, SCALES
from gaia_stim.designs.build import ByShare, find_design, trial_table
from gaia_stim.designs.kinds import NUMBER
from gaia_stim.designs.layout import Layout, Order
from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.trials import LEADING, STIM_COLUMNS

KINDS = [*DESIGNS, "mlds --triads"]
ANYWHERE = ("identification", "2afc", "abx", "same-different", "oddity", "triplets")


def layout(count: int, order: Order = "line", columns: int = 0) -> Layout:
    place = np.linspace(0, 1, count) if order in ("line", "wheel") else np.full(count, np.nan)
    return Layout(tuple(f"m_{number:04}" for number in range(1, count + 1)), order, place, columns)


def asked(kind: str, **options: Any) -> DesignConfig:
    name, _, triads = kind.partition(" ")
    return make(DesignConfig, {"kind": name, "stimuli": Path("set"), "triads": bool(triads), **options})


def trials(kind: str, where: Layout, **options: Any) -> pd.DataFrame:
    config = asked(kind, **options)
    return trial_table(find_design(config), where, config)


def arrangements(kind: str) -> int:
    return len(find_design(asked(kind)).arrangements)


@pytest.mark.parametrize("kind", KINDS)
def test_every_trial_is_of_the_set_and_its_answer_of_the_task(kind: str) -> None:
    where = layout(7)
    table = trials(kind, where, participants=2)
    design = find_design(asked(kind))
    assert list(table.columns[: len(LEADING)]) == LEADING
    shown = set(table[STIM_COLUMNS].to_numpy().ravel())
    assert shown - {""} == set(where.ids)
    assert set(table["task"]) == {kind.split(" ")[0]}
    if design.answers == (NUMBER,):
        places = dict(zip(where.ids, where.place, strict=True))
        assert [float(right) for right in table["correct"]] == [places[target] for target in table["stim_a"]]
    else:
        assert set(table["correct"]) <= {*design.answers, ""}
    for column, alpha in zip(STIM_COLUMNS, ("alpha_a", "alpha_b", "alpha_c", "alpha_d"), strict=True):
        known = table[column] != ""
        expected = [where.place[where.ids.index(name)] for name in table.loc[known, column]]
        assert table.loc[known, alpha].tolist() == expected and table.loc[~known, alpha].isna().all()
    assert (
        table.groupby("participant")["trial"].apply(list)
        == table.groupby("participant")["trial"].apply(lambda one: list(range(1, len(one) + 1)))
    ).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blocks", [1, 2])
def test_every_item_in_every_arrangement_equally_often(kind: str, blocks: int) -> None:
    ways = arrangements(kind)
    table = trials(kind, layout(6), repetitions=2 * ways, blocks=blocks, participants=2)
    each = 2 if find_design(asked(kind)).dealt else 2 * ways
    counts = table.value_counts(["participant", "item", "arrangement"])
    assert set(counts) == {each} and len(counts) == 2 * table["item"].nunique() * ways
    if ways % 2 == 0 or not find_design(asked(kind)).dealt:
        halves = table.value_counts(["participant", "block", "item"])
        assert len(set(halves)) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if find_design(asked(kind)).dealt])
def test_dealt_arrangements_are_even_at_once_and_go_round(kind: str) -> None:
    ways = arrangements(kind)
    table = trials(kind, layout(7), participants=ways)
    for _, one in table.groupby("participant"):
        counts = np.bincount(one["arrangement"], minlength=ways + 1)[1:]
        assert counts.max() - counts.min() <= 1
    assert set(table.value_counts(["item", "arrangement"])) == {1}


@pytest.mark.parametrize("pairs", ["adjacent", "all", "step:3"])
@pytest.mark.parametrize("kind", ["2afc", "abx", "same-different", "oddity"])
def test_right_answers_are_equally_frequent_and_right(kind: str, pairs: str) -> None:
    table = trials(kind, layout(9), pairs=pairs)
    counts = Counter(table["correct"])
    assert set(counts) == set(find_design(asked(kind)).answers) and len(set(counts.values())) == 1
    for row in table.itertuples():
        shown = [row.stim_a, row.stim_b, row.stim_c]
        match kind:
            case "2afc":
                right = "a" if row.stim_a > row.stim_b else "b"
            case "abx":
                right = "a" if row.stim_c == row.stim_a else "b"
            case "same-different":
                right = "same" if row.stim_a == row.stim_b else "different"
            case _:
                right = next("abc"[place] for place in range(3) if shown.count(shown[place]) == 1)
        assert row.correct == right


def test_constant_compares_all_with_one_in_both_orders() -> None:
    table = trials("constant", layout(7), repetitions=3)
    assert ((table["stim_a"] == "m_0004") | (table["stim_b"] == "m_0004")).all()
    told = table[table["stim_a"] != table["stim_b"]]
    assert set(Counter(told["correct"]).values()) == {18}
    assert set(table.loc[table["stim_a"] == table["stim_b"], "correct"]) == {""}
    other = trials("constant", layout(7), standard="m_0001")
    assert ((other["stim_a"] == "m_0001") | (other["stim_b"] == "m_0001")).all()


def test_quadruples_are_pairs_that_do_not_overlap() -> None:
    table = trials("mlds", layout(8), participants=8)
    pairs = np.sort(table[["alpha_a", "alpha_b"]], axis=1), np.sort(table[["alpha_c", "alpha_d"]], axis=1)
    lower = pairs[0][:, 1] < pairs[1][:, 0]
    assert (lower | (pairs[1][:, 1] < pairs[0][:, 0])).all()
    assert lower.mean() == 0.5 and (table["alpha_a"] < table["alpha_b"]).mean() == 0.5
    triads = trials("mlds --triads", layout(8), participants=2)
    between = (triads["alpha_b"] - triads["alpha_a"]) * (triads["alpha_c"] - triads["alpha_b"])
    assert (between > 0).all()


def test_items_are_drawn_by_their_share_to_within_one() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(40, 0.3))
    drawer = ByShare(shares, rng)
    for count in (7, 300):
        drawn = np.bincount(drawer.draw(count), minlength=40)
        assert drawn.sum() == count and (np.abs(drawn - count * shares) < 1).all()
    whole = np.array([drawer.draw(7) for _ in range(4000)])
    np.testing.assert_allclose(np.bincount(whole.ravel(), minlength=40) / whole.size, shares, atol=0.01)


@pytest.mark.parametrize("kind", ["mlds", "mlds --triads", "triplets"])
@pytest.mark.parametrize("count", [60, 500])
def test_drawn_trials_are_even_over_the_stimuli(kind: str, count: int) -> None:
    table = trials(kind, layout(9), trials=count, participants=2)
    assert len(table) == 2 * count
    uses = Counter(name for name in table[STIM_COLUMNS].to_numpy().ravel() if name)
    assert max(uses.values()) - min(uses.values()) <= 0.1 * max(uses.values())
    repeats = table.value_counts("item")
    items = {"mlds": 126, "mlds --triads": 84, "triplets": 84}[kind]
    # None comes again before all have come.
    assert repeats.max() == -(-2 * count // items) and (len(repeats) == items or repeats.max() == 1)
    counts = np.bincount(table["arrangement"])[1:]
    assert counts.max() - counts.min() <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_and_participants_differ(kind: str) -> None:
    options: dict[str, Any] = {"repetitions": 2, "participants": 3, "blocks": 2}
    table = trials(kind, layout(6), **options)
    pd.testing.assert_frame_equal(table, trials(kind, layout(6), **options))
    assert not table.equals(trials(kind, layout(6), **options, seed=1))
    columns = [*STIM_COLUMNS, "correct"]
    orders = [one[columns].to_numpy().tolist() for _, one in table.groupby("participant")]
    assert all(first != second for first, second in itertools.combinations(orders, 2))
    # Those who were there already do not change when others join.
    more = trials(kind, layout(6), **{**options, "participants": 5})
    pd.testing.assert_frame_equal(table, more[more["participant"] <= "p03"])


def test_blocks_follow_each_other_in_all_orders_equally_often() -> None:
    table = trials("triplets", layout(8), blocks=4, participants=8)
    first = table.drop_duplicates(["participant", "block"])
    for _, one in first.groupby("block"):
        assert set(Counter(one["part"]).values()) == {2}
    follows = Counter(pair for _, one in first.groupby("participant") for pair in itertools.pairwise(one["part"]))
    assert len(follows) == 12 and set(follows.values()) == {2}
    # A part is the same trials for everyone.
    assert set(table.groupby("part")["item"].nunique()) == {14}


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(5, 7),
    repetitions=st.integers(1, 4),
    blocks=st.integers(1, 3),
    max_run=st.none() | st.integers(2, 4),
    min_distance=st.none() | st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_constraints_hold_or_are_refused(
    kind: str, count: int, repetitions: int, blocks: int, max_run: int | None, min_distance: int | None, seed: int
) -> None:
    options: dict[str, Any] = {"repetitions": repetitions, "blocks": blocks, "seed": seed}
    limits = {"max_run": max_run, "min_distance": min_distance}
    where = layout(count)
    try:
        table = trials(kind, where, **options, **limits)
    except ConfigError as error:
        assert "--max-run" in str(error) or "--min-distance" in str(error)
        return
    free = trials(kind, where, **options)
    columns = ["block", *STIM_COLUMNS, "correct"]
    assert Counter(map(tuple, free[columns].to_numpy())) == Counter(map(tuple, table[columns].to_numpy()))
    for _, block in table.groupby("block"):
        for name in ("correct", "item"):
            runs = [len(list(run)) for value, run in itertools.groupby(block[name]) if value != ""]
            assert max_run is None or (kind == "adjustment" and name == "correct") or max(runs, default=0) <= max_run
        for _, places in block.groupby("item")["trial"]:
            assert min_distance is None or len(places) < 2 or np.diff(places).min() >= min_distance


@pytest.mark.parametrize("order", ["line", "wheel", "grid", "none"])
@pytest.mark.parametrize("kind", ANYWHERE)
def test_tasks_that_take_any_set(kind: str, order: Order) -> None:
    table = trials(kind, layout(12, order, 4), repetitions=2)
    assert set(table[STIM_COLUMNS].to_numpy().ravel()) - {""} == set(layout(12).ids)
    assert ("alpha_a" in table) == (order in ("line", "wheel"))


@pytest.mark.parametrize("kind", [name for name in DESIGNS if name not in ANYWHERE])
def test_tasks_that_need_a_continuum_say_so(kind: str) -> None:
    with pytest.raises(ConfigError, match="needs a continuum"):
        trials(kind, layout(12, "grid", 4))


def test_neighbours() -> None:
    assert layout(5).pairs(None) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert layout(5, "wheel").pairs(None) == [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)]
    assert layout(4, "wheel").pairs("step:2") == [(0, 2), (1, 3)]
    assert layout(6, "grid", 3).pairs(None) == [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
    assert layout(4, "none").pairs(None) == list(itertools.combinations(range(4), 2))
    for where, which in ((layout(3), "step:3"), (layout(3, "none"), "adjacent")):
        with pytest.raises(ConfigError, match="--pairs"):
            where.pairs(which)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("2acf", {}, "unknown design '2acf' (did you mean '2afc'?)"),
        ("mlds", {"pairs": "all"}, "--pairs: says nothing about mlds; it belongs to 2afc, abx"),
        ("2afc", {"triads": True}, "--triads: says nothing about 2afc; it belongs to mlds"),
        ("abx", {"trials": 9}, "--trials: says nothing about abx; it belongs to triplets, mlds"),
        ("constant", {"standard": "m_9999"}, "--standard m_9999: no such stimulus; the set has m_0001 to m_0005"),
        ("identification", {"blocks": 6}, "--blocks 6: a participant has only 5 trials"),
        (
            "identification",
            {"max_run": 1, "min_distance": 6, "repetitions": 2},
            "the most that can be kept is --min-distance 5",
        ),
        ("same-different", {"min_distance": 5}, "the most that can be kept is --min-distance 4"),
        ("triplets", {"repetitions": 10_000, "participants": 10_000}, "more than can be listed"),
    ],
)
def test_what_cannot_be_is_told(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        trials(kind, layout(5), **options)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("pairs", ["near", "step:0", "step:x", ""])
def test_pairs_are_read_at_once(pairs: str) -> None:
    with pytest.raises(ConfigError, match="--pairs: should be adjacent, all or step:N"):
        asked("2afc", pairs=pairs)


def test_thousands_of_trials_take_seconds() -> None:
    begun = time.process_time()
    table = trials("2afc", layout(21), repetitions=25, participants=5, blocks=5, max_run=3, min_distance=3)
    assert len(table) == 5000 and time.process_time() - begun < 2


def test_scales_are_of_tasks() -> None:
    assert set(SCALES) <= set(DESIGNS)
