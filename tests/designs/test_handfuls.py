"""A handful of answers, whatever they are, ends in numbers or in a message: for every task that answers come from."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from observers import trial_list

from gaia_stim.cli import main
from gaia_stim.designs import ANALYSES, DESIGNS, SCALES
from gaia_stim.designs.kinds import NUMBER, Design
from gaia_stim.tables import look_up

EACH = 20


def handful(task: str, rng: np.random.Generator) -> pd.DataFrame:
    """One to eight trials of two people, answered by chance; in some, all places show one stimulus."""
    design: Design = look_up(DESIGNS, "task", task)
    answers = [f"{rng.random():.2f}" if one == NUMBER else one for one in design.answers]
    whole = trial_list(task, int(rng.integers(4, 8)), participants=2)
    table = whole.sample(min(len(whole), int(rng.integers(1, 9))), random_state=rng)
    table["response"] = rng.choice(answers, len(table))
    if rng.random() < 0.3:
        for place in "bcd"[: len(design.arrangements[0]) - 1]:
            table[[f"stim_{place}", f"alpha_{place}"]] = table[["stim_a", "alpha_a"]].to_numpy()
    return table


@pytest.mark.parametrize("task", [*SCALES, *ANALYSES])
def test_a_handful_of_answers(task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    verb = "scale" if task in SCALES else "analyse"
    for number in range(EACH):
        results, out = tmp_path / f"{number}.csv", tmp_path / str(number)
        handful(task, rng).to_csv(results, index=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            code = main(["-q", verb, str(results), "--bootstrap", "5", "--out", str(out)])
        assert code in (0, 3), (results.read_text(), capsys.readouterr().err)
        assert out.exists() == (code == 0)
        if (table := out / "scale.csv").exists():
            assert np.isfinite(pd.read_csv(table)[["alpha", "scale", "low", "high"]].to_numpy(float)).all()
