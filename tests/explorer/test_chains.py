"""Chains: what they converge to with people who are simulated, and that no answer is lost or counted twice."""

import multiprocessing
import os
import signal
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.store import MadeBy, NotNext, Store, UnknownChain

BY: MadeBy = lambda _: "model"  # noqa: E731
TARGET = np.array([1.2, -0.7, 0.4])


def gsp(**more: object) -> ChainSpec:
    return ChainSpec.model_validate({"kind": "gsp", "start": "a.png", "attributes": ["x", "y", "z"], **more})


def mcmcp(**more: object) -> ChainSpec:
    return ChainSpec.model_validate({"kind": "mcmcp", "start": "a.png", "axes": 2, **more})


def test_gibbs_sampling_of_people_with_a_target_samples_their_belief(tmp_path: Path) -> None:
    """A simulated person who sets each slider at the target, give or take 0.3."""
    store, random = Store(tmp_path / "s.sqlite"), np.random.default_rng(4)
    chain = store.begin(gsp(trials=600), BY)
    stands = store.standing(chain, BY)
    states = []
    for trial in range(600):
        wanted = np.clip(random.normal(TARGET[stands.spec.dimension(trial)], 0.3), -2, 2)
        stands = store.answer(chain, trial, "p", float(wanted), BY)
        states.append(stands.state)
    assert stands.is_done
    kept = np.array(states[60:])
    assert np.allclose(kept.mean(axis=0), TARGET, atol=0.09) and np.allclose(kept.std(axis=0), 0.3, atol=0.06)


def test_mcmc_with_people_samples_what_they_choose_by() -> None:
    """Choices in proportion to a Gaussian (Luce): its mean and standard deviation come out."""
    spec, random = mcmcp(trials=6000, step=0.8, reach=3), np.random.default_rng(5)
    mean, sd = np.array([0.8, -0.5]), np.array([0.5, 0.8])
    state, states = spec.begin(), []
    for trial in range(6000):
        pair = spec.pair(trial, state)
        fits = [float(np.exp(-0.5 * (((np.array(one) - mean) / sd) ** 2).sum())) for one in pair]
        answer = int(random.random() * sum(fits) > fits[0]) if sum(fits) else int(random.random() < 0.5)
        state = spec.shown(trial, state, answer)
        states.append(state)
    kept = np.array(states[200:])
    assert np.allclose(kept.mean(axis=0), mean, atol=0.12) and np.allclose(kept.std(axis=0), sd, atol=0.12)


def test_proposals_stay_within_reach_and_are_shown_first_as_often_as_second() -> None:
    spec = mcmcp(trials=2000, step=5, reach=1)
    made = [spec.proposal(trial, (0.9, -0.9)) for trial in range(2000)]
    assert np.abs([state for state, _ in made]).max() <= 1
    assert abs(np.mean([first for _, first in made]) - 0.5) < 0.04
    near = mcmcp(trials=2000, step=0.1, reach=1)
    assert np.abs(np.array([near.proposal(t, (0.0, 0.0))[0] for t in range(500)]).std() - 0.1) < 0.01


def test_each_chain_goes_its_own_way_and_always_the_same() -> None:
    a, again, b = gsp(seed=1), gsp(seed=1), gsp(seed=2)
    assert a.begin() == again.begin() != b.begin()
    assert sorted(map(a.dimension, range(3))) == [0, 1, 2]
    assert mcmcp(seed=1).pair(7, (0.0, 0.0)) == mcmcp(seed=1).pair(7, (0.0, 0.0)) != mcmcp(seed=2).pair(7, (0.0, 0.0))


def test_an_answer_twice_counts_once_and_another_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    chain = store.begin(gsp(trials=2), BY)
    first = store.answer(chain, 0, "p", 0.5, BY)
    assert store.answer(chain, 0, "p", 0.5, BY) == first
    for trial, who, answer in ((0, "p", 0.6), (0, "q", 0.5), (2, "p", 0.5)):
        with pytest.raises(NotNext):
            store.answer(chain, trial, who, answer, BY)
    done = store.answer(chain, 1, "q", -0.5, BY)
    with pytest.raises(NotNext):
        store.answer(chain, 2, "q", 0, BY)
    assert done.is_done and [row["participant"] for row in store.rows(chain)] == ["p", "q"]


@pytest.mark.parametrize("answer", [2.01, -5, float("nan"), float("inf")])
def test_an_answer_that_the_trial_does_not_have_is_refused(tmp_path: Path, answer: float) -> None:
    store = Store(tmp_path / "s.sqlite")
    chain = store.begin(gsp(), BY)
    with pytest.raises(ConfigError):
        store.answer(chain, 0, "p", answer, BY)
    assert store.standing(chain, BY).trial == 0


def test_a_chain_goes_on_where_it_was_and_with_its_own_model_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    chain = store.begin(mcmcp(), BY)
    stands = store.answer(chain, 0, "p", 1, BY)
    store.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.standing(chain, BY) == stands
    with pytest.raises(DataError, match="another model"):
        again.standing(chain, lambda _: "other")
    with pytest.raises(UnknownChain):
        again.standing(chain + 1, BY)


def test_another_s_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_text("not a database, but somebody's notes " * 40)
    with pytest.raises(DataError, match="notes"):
        Store(tmp_path / "notes.sqlite")


def _answer_all(path: Path, who: str, won: Path, both: Barrier) -> None:
    store, random = Store(path), np.random.default_rng(ord(who))
    both.wait(60)
    while not (stands := store.standing(1, BY)).is_done:
        try:
            store.answer(1, stands.trial, who, float(random.uniform(-2, 2)), BY)
        except NotNext:
            continue
        with won.open("a") as stream:
            stream.write(f"{stands.trial}\n")
        time.sleep(0.002)  # as a hand would: the other one is to have a chance


def test_of_two_processes_one_has_each_trial_and_the_chain_is_one(tmp_path: Path) -> None:
    """Two servers behind one proxy, and two participants who answer the same trials at the same time."""
    path, trials = tmp_path / "s.sqlite", 60
    store, spec = Store(path), gsp(trials=trials)
    store.begin(spec, BY)
    store.close()
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(2)
    both = [fork.Process(target=_answer_all, args=(path, who, tmp_path / who, together)) for who in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    store = Store(path)
    rows = list(store.rows(1))
    won = {who: [int(line) for line in (tmp_path / who).read_text().splitlines()] for who in "ab"}
    assert sorted([*won["a"], *won["b"]]) == list(range(trials)) and all(won.values())
    state = spec.begin()
    for row in rows:
        assert row["trial"] in won[row["participant"]]
        state = spec.shown(row["trial"], state, row["answer"])
        assert state == tuple(row[name] for name in spec.dimensions)


def _answer_for_ever(path: Path, confirmed: Path) -> None:
    store = Store(path)
    while True:
        stands = store.standing(1, BY)
        stands = store.answer(1, stands.trial, "p", round(0.01 * (stands.trial % 100), 2), BY)
        with confirmed.open("a") as stream:
            stream.write(f"{stands.trial - 1}\n")


def test_a_kill_at_any_moment_loses_no_answer_that_was_confirmed(tmp_path: Path) -> None:
    path, confirmed = tmp_path / "s.sqlite", tmp_path / "confirmed"
    store = Store(path)
    store.begin(gsp(trials=100_000), BY)
    store.close()
    confirmed.touch()
    random, spawn = np.random.default_rng(1), multiprocessing.get_context("fork")
    for _ in range(50 if os.environ.get("GAIA_STIM_SLOW") else 6):
        lines = confirmed.read_text().count("\n")
        process = spawn.Process(target=_answer_for_ever, args=(path, confirmed))
        process.start()
        deadline = time.monotonic() + 60
        while confirmed.read_text().count("\n") <= lines and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.02))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        known = {int(line) for line in confirmed.read_text().splitlines()}
        store = Store(path)
        rows = list(store.rows(1))
        store.close()
        assert [row["trial"] for row in rows] == list(range(len(rows)))
        assert known <= set(range(len(rows))) and len(rows) - len(known) <= 50
    assert all(row["answer"] == round(0.01 * (row["trial"] % 100), 2) for row in rows)
