"""Designs of chains: whose trial is of which chain, what the server is told, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted_sets import planted_morph

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, ExportConfig, make
from gaia_stim.designs.build import find_design
from gaia_stim.designs.chains import size_of
from gaia_stim.errors import ConfigError
from gaia_stim.export import ADAPTIVE, EXPORTERS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

ASKED = {"question": "Which <b>face</b> is friendlier?", "attributes": "smile, age"}


def asked(kind: str, **options: Any) -> DesignConfig:
    return make(DesignConfig, {"kind": kind, "stimuli": Path("set"), **options})


def designed(home: Path, kind: str, **options: Any) -> tuple[Path, pd.DataFrame, dict[str, Any]]:
    stimuli = planted_morph(home / "set", 5)
    made = design(make(DesignConfig, {"kind": kind, "stimuli": stimuli.folder, "out": home / kind, **ASKED, **options}))
    table = pd.read_csv(made.out / "trials.csv", keep_default_na=False)
    return made.out, table, json.loads((made.out / "design.json").read_text(encoding="utf-8"))


def test_everybody_has_chains_of_their_own_that_take_turns(tmp_path: Path) -> None:
    out, table, record = designed(tmp_path, "mcmcp", participants=3, chains=2, trials=10, proposal=0.7, seed=4)
    assert table.groupby("participant")["chain"].unique().map(sorted).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert table.groupby("chain").size().tolist() == [10] * 6
    first = table.loc[table["participant"] == "p01", "chain"].to_numpy().reshape(10, 2)
    assert (np.sort(first, axis=1) == [1, 2]).all() and len(set(first[:, 0])) == 2
    assert (table["track"] == "chain_" + table["chain"].astype(str)).all() and set(table["procedure"]) == {"mcmcp"}
    chains = record["procedure"]["chains"]
    assert [one["participant"] for one in chains] == ["p01", "p01", "p02", "p02", "p03", "p03"]
    assert len({one["spec"]["seed"] for one in chains}) == 6
    told = {**chains[0]["spec"]}
    assert told.pop("seed") < 2**31
    assert told == {"kind": "mcmcp", "trials": 10, "size": "source", "attributes": ["smile", "age"], "step": 0.7}
    assert record["question"] == ASKED["question"]
    # Further participants change nothing of those before.
    again, more = tmp_path / "again", tmp_path / "more"
    for folder, people in ((again, 3), (more, 9)):
        own = {"kind": "mcmcp", "stimuli": tmp_path / "set", "participants": people, "out": folder}
        design(make(DesignConfig, {**ASKED, **own, "chains": 2, "trials": 10, "proposal": 0.7, "seed": 4}))
    assert (again / "trials.csv").read_bytes() == (out / "trials.csv").read_bytes()
    assert (more / "trials.csv").read_bytes().startswith((out / "trials.csv").read_bytes())


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("gsp", {"attributes": "smile,age"}, "--question: say what people judge"),
        ("gsp", {"question": "Which?"}, "--attributes, --axes: say what a chain moves along"),
        ("gsp", {**ASKED, "axes": 3}, "--attributes, --axes: say what a chain moves along"),
        ("gsp", {"question": "Which?", "attributes": "smile"}, "gsp: along one dimension it is a slider and no chain"),
        ("gsp", {"question": "Which?", "axes": 1}, "gsp: along one dimension it is a slider and no chain"),
        ("gsp", {**ASKED, "proposal": 0.3}, "--proposal: says nothing about gsp; it belongs to mcmcp"),
        ("mcmcp", {**ASKED, "blocks": 2}, "--blocks: says nothing about mcmcp, which chooses stimuli while it runs"),
        ("mcmcp", {**ASKED, "rule": "1:3"}, "--rule: says nothing about mcmcp; it belongs to staircase"),
        ("mcmcp", {**ASKED, "names": "Anna,Bert"}, "--names: says nothing about mcmcp"),
        ("mcmcp", {**ASKED, "trials": 1_500_000, "participants": 2}, "3,000,000 trials are more than can be listed"),
        ("2afc", {"axes": 3}, "--axes: says nothing about 2afc; it belongs to gsp, mcmcp"),
        ("staircase", {"server": "http://lab:1"}, "--server: says nothing about staircase; it belongs to gsp, mcmcp"),
    ],
)
def test_what_makes_no_chain_is_told(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match="^" + said.replace("(", r"\(")):
        find_design(asked(kind, **options))
    assert find_design(asked("mcmcp", question="Which?", attributes="smile")).answers == ("a", "b")


@pytest.mark.parametrize("server", ["lab.example", "ftp://lab.example", "http://lab.example/?token=1", "http://a b"])
def test_a_server_is_an_address(server: str) -> None:
    with pytest.raises(ConfigError, match="--server: should be the address of a server"):
        asked("gsp", **ASKED, server=server)


def test_pictures_are_as_large_as_the_set_was_asked_for() -> None:
    assert size_of({"options": {"size": "256"}}) == "256"
    assert size_of({"options": {}}) == size_of({}) == size_of({"options": "old"}) == "source"


@pytest.mark.parametrize("kind", ["gsp", "mcmcp"])
def test_the_programs_that_can_ask_a_server_have_it(kind: str, tmp_path: Path) -> None:
    out, _, record = designed(tmp_path, kind, trials=3, server="https://lab.example/chains/")
    assert record["procedure"]["server"] == "https://lab.example/chains"
    base = {"stimuli": tmp_path / "set", "design": out}
    for program in EXPORTERS:
        config = make(ExportConfig, {**base, "to": program, "out": tmp_path / program})
        if program in ADAPTIVE:
            export(config)
            texts = (tmp_path / program / ("texts.js" if program == "jspsych" else "texts.json")).read_text("utf-8")
            assert texts.count("friendlier?") >= 2 and "{question}" not in texts
            assert "--design" in (tmp_path / program / "README.md").read_text("utf-8")
        elif program not in ("bids", "rocrate"):
            with pytest.raises(ConfigError, match=f"--to {program}: the design is a {kind}, which chooses"):
                export(config)
    assert not (tmp_path / "psychopy" / "experiment.psyexp").exists()
    with pytest.raises(ConfigError, match="--online: a chain's server keeps its answers"):
        export(make(ExportConfig, {**base, "to": "jspsych", "online": "jatos", "out": tmp_path / "online"}))
    with pytest.raises(ConfigError, match="--mask: masks are made with a set"):
        export(make(ExportConfig, {**base, "to": "psychopy", "mask": "noise", "out": tmp_path / "masked"}))


def test_a_chain_has_no_scale_and_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, table, _ = designed(tmp_path, "gsp", trials=3)
    (tmp_path / "results").mkdir()
    table.assign(response=0.5, rt=1.0).to_csv(tmp_path / "results" / "p01.csv", index=False)
    for verb in ("scale", "analyse"):
        assert main(["--quiet", verb, str(tmp_path / "results"), "--out", str(tmp_path / verb)]) == 3
        assert "'gaia-stim chain' makes a set and a table" in capsys.readouterr().err
    assert main(["--quiet", "collect", str(tmp_path / "results"), "--out", str(tmp_path / "all.csv")]) == 0
    assert pd.read_csv(tmp_path / "all.csv")["task"].tolist() == ["gsp"] * 3
