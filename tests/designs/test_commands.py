"""From a set to a design, from answers to a scale, and with the scale to a set again: the commands in their circle."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from observers import TRUTHS, alphas, differences_judged

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, InterpolateConfig, MorphConfig, MorphGridConfig, ScaleConfig
from gaia_stim.designs.plot import FIGURE
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Note
from gaia_stim.files import hash_file
from gaia_stim.images import read_image
from gaia_stim.metrics.distance import variation
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.pipeline.scale import scale
from gaia_stim.space.spacing import read_scale
from gaia_stim.stimuli.identity import continuum_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import read_trials


@pytest.fixture(scope="module")
def images(faces: Path) -> list[Path]:
    return sorted(faces.glob("*.png"))[:4]


@pytest.fixture(scope="module")
def continuum(images: list[Path], tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine stimuli between two images; not to be written into."""
    out = tmp_path_factory.mktemp("sets") / "morph"
    return morph(MorphConfig(first=images[0], second=images[1], model=tiny_run, out=out)).out


def asked(kind: str, stimuli: Path, **values: Any) -> DesignConfig:
    return DesignConfig.model_validate({"kind": kind, "stimuli": stimuli, **values})


def experiment(continuum: Path, path: Path, name: str = "power 2", sigma: float = 0.05, **values: Any) -> Path:
    """The results of a simulated participant, or several."""
    made = design(asked("mlds", continuum, **{"trials": 500, "out": path.with_suffix(".design"), **values}))
    table = read_trials(made.out, StimulusSet.open(continuum)).table
    rng = np.random.default_rng(3)
    table["response"] = differences_judged(table, TRUTHS[name], sigma, rng)
    table["rt"] = rng.lognormal(size=len(table))
    table.to_csv(path, index=False)
    return path


def steps(manifest: Path, name: str = "power 2") -> float:
    """Coefficient of variation of a set's steps in the observer's own scale."""
    return variation(np.diff(TRUTHS[name](pd.read_csv(manifest / "manifest.csv")["alpha"].to_numpy())))


def test_the_loop_closes(continuum: Path, images: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    """design, answers, scale, morph --spacing: the steps are even for the one who answered."""
    results = experiment(continuum, tmp_path / "results.csv")
    out = tmp_path / "scale" / "scale.csv"
    assert main(["--quiet", "scale", str(results), "--bootstrap", "20", "--out", str(out.parent)]) == 0
    spaced = tmp_path / "spaced"
    words = ["morph", str(images[0]), str(images[1]), "--spacing", str(out), "-m", str(tiny_run), "--out", str(spaced)]
    assert main(["--quiet", *words]) == 0
    assert steps(continuum) > 0.5 and steps(spaced) <= 0.10
    told = StimulusSet.open(spaced).provenance.as_written["plan"]["spacing"]
    assert told["steps_cv"] < 1e-6 and told["steps_cv_before"] == pytest.approx(steps(continuum), abs=0.1)
    table = pd.read_csv(out)
    assert list(table.columns) == [
        *("alpha", "scale", "low", "high"),
        *("unsmoothed", "unsmoothed_low", "unsmoothed_high"),
        *("interval", "set_id", "set_name"),
    ]
    assert set(table["interval"]) == {"over trials of one person"}
    assert np.corrcoef(table["scale"], TRUTHS["power 2"](table["alpha"].to_numpy()))[0, 1] > 0.99
    assert read_image(out.with_suffix(".png")).shape == (2 * FIGURE.height, 2 * FIGURE.width, 3)


def test_a_scale_of_another_set_is_told(continuum: Path, images: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    """Of these images in other steps: nothing to say. Of others, of these turned round, or it says nothing: said."""
    made = scale(ScaleConfig(responses=(experiment(continuum, tmp_path / "r.csv"),), bootstrap=0, out=tmp_path / "s"))
    assert made.scale is not None
    bare = tmp_path / "bare.csv"
    pd.read_csv(made.scale)[["alpha", "scale"]].to_csv(bare, index=False)
    name = f"was measured on the set morph ({StimulusSet.open(continuum).set_id})"
    for first, second, file, said in (
        (0, 1, made.scale, ""),
        (1, 0, made.scale, name),
        (0, 2, made.scale, name),
        (0, 1, bare, "does not say which set it was measured on"),
    ):
        heard: list[str] = []
        config = MorphConfig(
            first=images[first],
            second=images[second],
            steps=5,
            spacing=str(file),
            model=tiny_run,
            out=tmp_path / f"{first}{second}{file.stem}",
        )
        spaced = morph(config, lambda event, heard=heard: heard.append(event.text) if isinstance(event, Note) else None)
        told = [text for text in heard if "measured on" in text]
        assert len(told) == bool(said) and said in "".join(told)
        # Re-spaced stimuli are another set, and of the same continuum.
        ids = [StimulusSet.open(folder).set_id for folder in (continuum, spaced.out)]
        assert ids[0] != ids[1] and (continuum_of(ids[0]) == continuum_of(ids[1])) == ((first, second) == (0, 1))


def test_default_names_are_names_on_every_system(images: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    long = "a" * 150
    for name in ("anna .png", f"{long}.png", "Zoë M..png"):
        shutil.copy(images[0], tmp_path / name)
    for name, out in (
        ("anna .png", "morph_anna_{}"),
        (f"{long}.png", "morph_a+_[0-9a-f]{{8}}"),
        ("Zoë M..png", "morph_Zoe_M_{}"),
    ):
        made = morph(MorphConfig(first=Path(name), second=images[1], steps=2, model=tiny_run))
        assert re.fullmatch(out.format(images[1].stem), made.out.name)
    wide = Path(shutil.copytree(made.out, tmp_path / ("b" * 240)))
    assert len(design(asked("same-different", wide)).out.name) <= 200


def test_a_second_session_follows_from_the_first(continuum: Path, tmp_path: Path) -> None:
    """design, answers, design --after, answers, scale of both: even steps for an observer as noisy as people are."""
    one = experiment(continuum, tmp_path / "one.csv", sigma=0.1, trials=200)
    two = experiment(continuum, tmp_path / "two.csv", sigma=0.1, trials=300, after=one, participants=2)
    assert len(pd.read_csv(two)) == 600
    record = json.loads((two.with_suffix(".design") / "design.json").read_text())
    assert record["request"]["after"] == [hash_file(one)]
    made = scale(ScaleConfig(responses=(one, two), bootstrap=0, out=tmp_path / "scale"))
    assert made.trials == 800 and made.scale is not None
    fitted = read_scale(made.scale)
    truth = TRUTHS["power 2"](fitted.alpha)
    assert np.corrcoef(fitted.scale, truth)[0, 1] > 0.99
    spaced = fitted(lambda places: np.empty(0, np.uint8), 9)
    assert variation(np.diff(TRUTHS["power 2"](spaced.places))) <= 0.10


def test_earlier_answers_that_say_nothing_about_this_set(continuum: Path, tmp_path: Path) -> None:
    results = experiment(continuum, tmp_path / "one.csv", trials=200)
    with pytest.raises(ConfigError, match="--after: say how many trials are to come"):
        design(asked("mlds", continuum, after=results, out=tmp_path / "design"))
    with pytest.raises(ConfigError, match="--after: says nothing about 2afc; it belongs to mlds"):
        design(asked("2afc", continuum, after=results, out=tmp_path / "design"))
    table = pd.read_csv(results, dtype=str, keep_default_na=False)
    places = [f"stim_{place}" for place in "abcd"]
    without_the_last = table[~(table[places] == "m_0009").any(axis=1)]
    without_the_last.to_csv(tmp_path / "eight.csv", index=False)
    with pytest.raises(ConfigError, match="to 8 stimuli and the set has 9"):
        design(asked("mlds", continuum, trials=50, after=tmp_path / "eight.csv", out=tmp_path / "design"))
    table.assign(stim_a="m_0077").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match=r"other\.csv:2: stim_a is 'm_0077', which is no stimulus of"):
        design(asked("mlds", continuum, trials=50, after=tmp_path / "other.csv", out=tmp_path / "design"))
    swapped = table["response"].map({"ab": "cd", "cd": "ab"})
    table.assign(response=swapped).to_csv(tmp_path / "swapped.csv", index=False)
    with pytest.raises(DataError, match="keys were swapped"):
        design(asked("mlds", continuum, trials=50, after=tmp_path / "swapped.csv", out=tmp_path / "design"))
    assert not (tmp_path / "design").exists()


@pytest.mark.parametrize("kind", ["identification", "constant", "2afc"])
def test_other_tasks_make_a_scale_that_spacing_takes(continuum: Path, tmp_path: Path, kind: str) -> None:
    made = design(asked(kind, continuum, repetitions=40, out=tmp_path / "design"))
    table = read_trials(made.out, StimulusSet.open(continuum)).table
    seen = alphas(table)[:, :2] + 0.15 * np.random.default_rng(1).standard_normal((len(table), 2))
    higher = seen[:, 0] > 0.5 if kind == "identification" else seen[:, 1] > seen[:, 0]
    table.assign(response=np.where(higher, "b", "a")).to_csv(tmp_path / "results.csv", index=False)
    made_scale = scale(ScaleConfig(responses=(tmp_path / "results.csv",), bootstrap=5, out=tmp_path / "s"))
    assert made_scale.scale is not None
    read = read_scale(made_scale.scale)
    assert (read.alpha[0], read.alpha[-1], read.scale[0], read.scale[-1]) == (0, 1, 0, 1)


def test_a_point_of_equality_beyond_the_stimuli_has_its_figure(continuum: Path, tmp_path: Path) -> None:
    made = design(asked("identification", continuum, repetitions=40, out=tmp_path / "design"))
    table = read_trials(made.out, StimulusSet.open(continuum)).table
    seen = alphas(table)[:, 0] + 0.5 * np.random.default_rng(1).standard_normal(len(table))
    table.assign(response=np.where(seen > 1.3, "b", "a")).to_csv(tmp_path / "results.csv", index=False)
    heard: list[Any] = []
    scale(ScaleConfig(responses=(tmp_path / "results.csv",), bootstrap=5, out=tmp_path / "s"), heard.append)
    assert any("lies outside of the stimuli" in event.text for event in heard if isinstance(event, Note))
    assert {"scale.png", "scale.svg", "scale.pdf"} <= {file.name for file in (tmp_path / "s").iterdir()}


def test_a_design_is_whole_and_made_once(continuum: Path, tmp_path: Path, contents: Any) -> None:
    config = asked("abx", continuum, participants=3, repetitions=2, max_run=3, out=tmp_path / "design")
    made = design(config)
    assert (made.trials, made.trials_each, made.items, made.trials_an_item) == (192, 64, 8, [8])
    assert made.right_answers == {"a": 32, "b": 32} and made.trials_a_block == [64]
    before = contents(made.out)
    assert sorted(before) == ["design.json", "trials.csv"]
    record = json.loads(before["design.json"])
    assert record["answers"] == ["a", "b"] and record["question"] and record["request"]["options"]["seed"] == 0
    assert record["set"]["manifest_hash"].startswith("sha256_")
    heard: list[Any] = []
    assert design(config, heard.append) == made
    assert [event.text for event in heard if isinstance(event, Note)] == [
        f"{made.out} holds this very design already: nothing to do"
    ]
    with pytest.raises(ConfigError, match="holds another design"):
        design(config.model_copy(update={"seed": 1}))
    assert contents(made.out) == before
    design(config.model_copy(update={"seed": 1, "force": True}))
    assert contents(made.out) != before
    (made.out / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds notes\.txt beside the design"):
        design(config.model_copy(update={"seed": 2, "force": True}))
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (elsewhere / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="is not a design"):
        design(config.model_copy(update={"out": elsewhere, "force": True}))


def test_an_impossible_design_leaves_nothing(continuum: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--min-distance 99"):
        design(asked("2afc", continuum, min_distance=99, out=tmp_path / "design"))
    assert not (tmp_path / "design").exists()
    with pytest.raises(DataError, match="not a stimulus set"):
        design(asked("2afc", tmp_path))


def test_wheels_and_grids(images: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    wheel = interpolate(
        InterpolateConfig(images=tuple(images[:3]), path="wheel", steps=6, model=tiny_run, out=tmp_path / "wheel")
    ).out
    table = pd.read_csv(design(asked("same-different", wheel)).out / "trials.csv")
    assert table["item"].nunique() == 6 and len(table) == 24
    ends = {("p_0001", "p_0006"), ("w_0001", "w_0006")}
    assert ends & set(zip(table["stim_a"], table["stim_b"], strict=True))
    corners = dict(zip(("top_left", "top_right", "bottom_left", "bottom_right"), images, strict=True))
    grid = morph_grid(
        MorphGridConfig.model_validate({**corners, "rows": 2, "cols": 3, "model": tiny_run, "out": tmp_path / "grid"})
    ).out
    assert design(asked("oddity", grid)).items == 7
    assert design(asked("triplets", grid)).items == 20
    with pytest.raises(ConfigError, match="mlds needs a continuum"):
        design(asked("mlds", grid))


def test_a_scale_is_written_once_and_never_over_something_else(continuum: Path, tmp_path: Path, contents: Any) -> None:
    results = experiment(continuum, tmp_path / "results.csv", participants=2)
    config = ScaleConfig(responses=(results,), by="participant", bootstrap=5, out=tmp_path / "scale")
    made = scale(config)
    people, *each = (one.interval for one in made.scales)
    assert people == "95 % interval over 2 people" and set(each) == {"95 % interval over trials of one person"}
    assert set(pd.read_csv(made.out / "scale.csv")["interval"]) == {"over 2 people"}
    before = contents(made.out)
    figures = [f"{name}.{ending}" for name in ("people", "scale") for ending in ("pdf", "png", "svg")]
    tables = ["scale.csv", "scale.json", "scale_1_p01.csv", "scale_2_p02.csv", "scale_summary.csv"]
    assert sorted(before) == sorted([*figures, *tables])
    summary = pd.read_csv(made.out / "scale_summary.csv")
    assert list(summary["participant"]) == ["all", "p01", "p02"] and list(summary["trials"]) == [1000, 500, 500]
    assert (summary["sigma_low"] <= summary["sigma"]).all() and (summary["sigma"] <= summary["sigma_high"]).all()
    heard: list[Any] = []
    assert scale(config, heard.append) == made and "nothing to do" in heard[-1].text
    for name in ("scale.png", "scale_1_p01.csv"):
        (made.out / name).unlink()
    scale(config)
    assert contents(made.out) == before
    with pytest.raises(ConfigError, match="holds another scale"):
        scale(config.model_copy(update={"smooth": False}))
    (made.out / "scale_1_p01.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"scale_1_p01\.csv was changed after the scale was written"):
        scale(config.model_copy(update={"force": True}))
    (made.out / "scale_1_p01.csv").write_bytes(before["scale_1_p01.csv"])
    again = scale(config.model_copy(update={"bootstrap": 0, "force": True}))
    assert again.scale is not None
    assert pd.read_csv(again.scale)["low"].isna().all() and len(read_scale(again.scale).alpha) == 33
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "scale.csv").write_text("alpha,scale\n0,0\n1,1\n")
    with pytest.raises(ConfigError, match="is not a scale"):
        scale(config.model_copy(update={"out": mine, "force": True}))
    record = json.loads((made.out / "scale.json").read_text())
    assert [one["interval"] for one in record["scales"]] == ["", "", ""]
    assert record["trials"] == 1000 and record["request"]["responses"][0].startswith("sha256_")
    with pytest.raises(ValueError, match="is a folder now"):
        ScaleConfig(responses=(results,), out=Path("scale.csv"))


def test_each_participant_by_itself(continuum: Path, tmp_path: Path) -> None:
    results = experiment(continuum, tmp_path / "results.csv", participants=2)
    table = pd.read_csv(results, dtype=str)
    table["participant"] = table["participant"].map({"p01": "../Zoë", "p02": "=1+1"})
    table.to_csv(results, index=False)
    made = scale(ScaleConfig(responses=(results,), by="participant", bootstrap=0, out=tmp_path / "s"))
    assert [(one.participant, one.trials) for one in made.scales] == [("all", 1000), ("../Zoë", 500), ("=1+1", 500)]
    assert {one.interval for one in made.scales} == {""}
    assert {one.file.name for one in made.scales} == {"scale.csv", "scale_1_Zo.csv", "scale_2_1_1.csv"}
    for one in made.scales:
        assert one.file.parent == tmp_path / "s" and read_scale(one.file).scale[-1] == 1


def test_the_set_checks_ids_and_gives_alphas(continuum: Path, tmp_path: Path) -> None:
    results = experiment(continuum, tmp_path / "results.csv")
    table = pd.read_csv(results, dtype=str, keep_default_na=False)
    bare = tmp_path / "bare.csv"
    table.drop(columns=[f"alpha_{place}" for place in "abcd"]).to_csv(bare, index=False)
    config = ScaleConfig(responses=(bare,), bootstrap=0, out=tmp_path / "bare_scale")
    with pytest.raises(DataError, match="name the stimulus set with --stimuli SET"):
        scale(config)
    made = scale(config.model_copy(update={"stimuli": continuum}))
    other = scale(config.model_copy(update={"responses": (results,), "out": tmp_path / "other"}))
    assert made.scale and other.scale and made.scale.read_bytes() == other.scale.read_bytes()
    table.loc[5, "stim_b"] = "m_0099"
    table.to_csv(bare, index=False)
    with pytest.raises(DataError, match=r"bare\.csv:7: stim_b is 'm_0099', which is no stimulus of"):
        scale(config.model_copy(update={"stimuli": continuum, "force": True}))
