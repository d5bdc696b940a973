"""Between a set and its scale no model is needed, and so no torch, whose import takes longer than all the rest."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from planted_sets import planted_design, planted_morph

VERBS = {
    "design": ("{set}", "--repetitions", "1", "--out", "{tmp}/design"),
    "export": ("{set}", "--to", "jspsych", "--design", "{tmp}/planted", "--out", "{tmp}/export"),
    "scale": ("{tmp}/2afc.csv", "--stimuli", "{set}", "--bootstrap", "0", "--out", "{tmp}/scale"),
    "collect": ("{tmp}/2afc.csv", "--out", "{tmp}/all.csv"),
    "analyse": ("{tmp}/oddity.csv", "--stimuli", "{set}", "--bootstrap", "0", "--out", "{tmp}/analysis"),
}
RUN = """
import sys
from gaia_stim.cli import main
code = main(sys.argv[1:])
sys.exit(f"rc {code}, {'torch' in sys.modules}")
"""


@pytest.mark.parametrize("verb", VERBS)
def test_what_only_reads_a_set_imports_no_torch(verb: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "morph")
    table = planted_design(stimuli, tmp_path / "planted").table.drop(columns=["alpha_a", "note"])
    table = pd.concat([table] * 3)
    table.assign(response=["b", "b", "a"] * (len(table) // 3)).to_csv(tmp_path / "2afc.csv", index=False)
    odd = table.assign(task="oddity", stim_c=table["stim_a"], correct="b", response="b")
    odd.to_csv(tmp_path / "oddity.csv", index=False)
    words = [word.format(set=stimuli.folder, tmp=tmp_path) for word in VERBS[verb]]
    words = ["--quiet", verb, *(["2afc"] if verb == "design" else []), *words]
    told = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=False)
    assert told.stderr.strip().endswith("rc 0, False"), told.stderr
