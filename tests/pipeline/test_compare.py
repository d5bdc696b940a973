"""`gaia-stim compare` as a user meets it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.config import AttributesFitConfig, BenchmarkMidpointsConfig, CompareConfig, SamplesConfig, make
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.evaluation import contenders as module
from gaia_stim.evaluation.compared import COMPARISON, TABLE
from gaia_stim.evaluation.figures import EVALUATION
from gaia_stim.evaluation.midpoints import IDEALS
from gaia_stim.evaluation.paper_figures import directions
from gaia_stim.events import Event, Note, silent
from gaia_stim.files import STAGING_MARK
from gaia_stim.metrics import METRICS
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.pipeline.compare import compare
from gaia_stim.pipeline.midpoints import benchmark_midpoints
from gaia_stim.pipeline.samples import samples
from gaia_stim.runs import LATEST, Run
from gaia_stim.space.labelled import labelled
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import Vectors

Plant = Callable[..., Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """420 images of 16 px: enough to hold 35 out."""
    home = tmp_path_factory.mktemp("patterns")
    patterns = np.random.default_rng(0).integers(0, 256, (420, 4, 4, 3), dtype=np.uint8)
    for number, pattern in enumerate(patterns):
        Image.fromarray(pattern).resize((16, 16), Image.Resampling.BILINEAR).save(home / f"{number:03}.png")
    return home


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which runs were measured; the figures are the seeds, for they have a test of their own."""
    runs: list[str] = []

    def measure(space: Space, *_: object) -> dict[str, object]:
        runs.append(space.run.name)
        return dict.fromkeys(METRICS, float(len(runs)))

    monkeypatch.setattr("gaia_stim.evaluation.figures.figures_of", measure)
    return runs


def training(folder: Path, out: Path, methods: str = "gaia:alpha=0,ae", **options: object) -> CompareConfig:
    given = {"runs": [folder], "methods": methods, "out": out, "seeds": 2, "size": 16, "images_seen": 32}
    return make(CompareConfig, {**given, "set": ["preset=tiny", "width=4"], **options})


def test_methods_are_trained_on_the_same_and_measured(folder: Path, tmp_path: Path, measured: list[str]) -> None:
    out = tmp_path / "out"
    result = compare(training(folder, out))
    assert sorted(measured) == ["ae_0", "ae_1", "gaia_alpha=0_0", "gaia_alpha=0_1"]
    options = {name: Run(out / name).config().options for name in measured}
    assert {(one["images_seen"], one["size"], one["width"]) for one in options.values()} == {(32, 16, 4)}
    assert options["gaia_alpha=0_1"]["alpha"] == 0 and options["gaia_alpha=0_1"]["seed"] == 1
    record = json.loads((out / COMPARISON).read_text())
    assert list(record["models"]) == ["gaia:alpha=0", "ae"]
    assert record["models"]["ae"]["sharpness"] == {"mean": 3.0, "spread": pytest.approx(2**0.5), "values": [2.0, 4.0]}
    table = pd.read_csv(out / TABLE)
    assert len(table) == 4 * len(METRICS)
    assert result.reconstructions.exists() and result.midpoints.exists()
    assert not LATEST.exists()


def test_the_same_again_does_nothing_and_a_comparison_may_grow(
    folder: Path, tmp_path: Path, measured: list[str]
) -> None:
    out = tmp_path / "out"
    compare(training(folder, out, "ae", seeds=1))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    compare(training(folder, out, "ae", seeds=1))
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert measured == ["ae_0"]
    compare(training(folder, out, "ae,vae", seeds=1))
    assert measured == ["ae_0", "vae_0"]
    with pytest.raises(ConfigError, match=r"another comparison.*--force"):
        compare(training(folder, out, "vae", seeds=1))
    with pytest.raises(ConfigError, match="another comparison"):
        compare(training(folder, out, "ae,vae", seeds=1, images_seen=48))


def test_trained_runs_are_compared_and_remembered(
    plant: Plant, folder: Path, tmp_path: Path, measured: list[str]
) -> None:
    a, b = plant("a", size=16, alpha=0.25), plant("b", size=16, alpha=0.5)
    told: list[Event] = []
    config = CompareConfig(runs=(a, b), images=folder, out=tmp_path / "out")
    result = compare(config, told.append)
    assert {"gaia:alpha=0.25", "gaia:alpha=0.5"} <= result.figures[0].keys()
    compare(config)
    assert measured == ["a", "b"]
    assert (a / EVALUATION).exists()
    # Other weights are another model: what was kept of them no longer counts.
    kept = b / EVALUATION
    kept.write_text(kept.read_text().replace(Run(b).model_hash(), "sha256_other"))
    compare(config)
    assert measured == ["a", "b", "b"]


def test_nothing_is_left_of_figures_that_were_not_kept_to_the_end(
    plant: Plant, folder: Path, tmp_path: Path, measured: list[str]
) -> None:
    """By one that was killed: before they are measured again, or where they were kept before. Found by a kill."""
    a, b = plant("a", size=16, alpha=0.25), plant("b", size=16, alpha=0.5)
    for _ in range(2):
        for run in (a, b):
            (run / f"{STAGING_MARK}abcdefgh{EVALUATION}").write_text("{")
            (run / f"{STAGING_MARK}abcdefghmine.json").write_text("mine")
        compare(CompareConfig(runs=(a, b), images=folder, out=tmp_path / "out"))
        for run in (a, b):
            assert [path.name for path in run.glob(f"{STAGING_MARK}*")] == [f"{STAGING_MARK}abcdefghmine.json"]
        shutil.rmtree(tmp_path / "out")
    assert measured == ["a", "b"]


@pytest.mark.slow
def test_models_of_drawn_faces_have_true_midpoints(plant: Plant, tmp_path: Path, measured: list[str]) -> None:
    """As `benchmark midpoints` measures them; a folder that nobody drew has none."""
    home = samples(SamplesConfig(out=tmp_path / "faces", n=48, size=16)).folder
    a, b = plant("a", size=16), plant("b", size=16, latent=8)
    benchmark = benchmark_midpoints(BenchmarkMidpointsConfig(runs=(a, b), out=tmp_path / "benchmark"))
    for number, folder in enumerate((home, home / "images")):
        out = tmp_path / str(number)
        compare(CompareConfig(runs=(a, b), images=folder, out=out))
        found = json.loads((out / COMPARISON).read_text())["models"]
        for figures, row in zip(found.values(), benchmark["models"], strict=True):
            for name in IDEALS:
                assert figures[name]["mean"] == row[name]
        assert set(IDEALS) <= set(pd.read_csv(out / TABLE)["figure"])
    (home / "images").rename(tmp_path / "other")
    compare(CompareConfig(runs=(a, b), images=tmp_path / "other", out=tmp_path / "none"))
    assert not set(IDEALS) & set(pd.read_csv(tmp_path / "none" / TABLE)["figure"])


def test_an_unfair_comparison_is_said_to_be_one(
    plant: Plant, folder: Path, tmp_path: Path, measured: list[str]
) -> None:
    told: list[Event] = []
    runs = (plant("a", size=16), plant("b", size=16, latent=8))
    compare(CompareConfig(runs=runs, images=folder, out=tmp_path / "out"), told.append)
    assert any(isinstance(event, Note) and event.warning and "latent (16, 8)" in event.text for event in told)


@pytest.mark.parametrize(
    ("methods", "options", "message"),
    [
        ("gaia,aee", {}, "unknown method 'aee'.*did you mean 'ae'"),
        ("gaia:alhpa=1", {}, r"--methods gaia:alhpa=1: --alhpa|unknown option --methods gaia:alhpa=1.*--alhpa"),
        ("gaia:alpha", {}, "'alpha' is not an option; write KEY=VALUE"),
        ("gaia:seed=3", {}, "'seed' is the same for all"),
        ("gaia:alpha=-1", {}, "--alpha: should be greater than or equal to 0"),
        ("ae,ae", {}, "names a method twice"),
        (" , ", {}, "names no method"),
        ("ae", {"set": ["lr"]}, "--set: 'lr' is not an option"),
    ],
)
def test_mistakes_are_found_before_anything_is_trained(
    folder: Path, tmp_path: Path, methods: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        compare(training(folder, tmp_path / "out", methods, **options))
    assert not (tmp_path / "out").exists()


def test_what_is_there_already_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match="not a comparison"):
        compare(training(folder, tmp_path / "mine"))


def test_images_without_methods_are_no_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", str(folder)]) == 2
    assert "not a run folder; to train models on images first, name them by --methods" in capsys.readouterr().err
    assert cli.main(["compare"]) == 2
    assert "nothing to compare" in capsys.readouterr().err
    assert cli.main(["compare", "a", "b", "--methods", "ae"]) == 2
    assert cli.main(["compare", "a", "--size", "32"]) == 2


def test_runs_that_differ_in_much_are_called_by_their_folders(plant: Plant) -> None:
    many = {"method": "gaia", "size": 16, "latent": 8, "alpha": 0.5, "gamma": 0.6, "edges": 0.0}
    few = {**many, "latent": 16, "alpha": 0.25, "gamma": 0.75}
    a, b = plant("a", **many), plant("b", **few)
    assert [one.model for one in module.given([a, b], silent)] == [
        "gaia:latent=8:alpha=0.5:gamma=0.6",
        "gaia:latent=16:alpha=0.25:gamma=0.75",
    ]
    c = plant("c", **{**few, "edges": 1.0})
    assert [one.model for one in module.given([a, c], silent)] == ["a", "c"]
    twin = plant("twin", **{**few, "edges": 1.0, "seed": 1})
    together = [one.model for one in module.given([a, c, twin], silent)]
    assert together[1] == together[2] != together[0], "two seeds of one model are called alike"


def test_a_run_without_weights_yet(plant: Plant, folder: Path) -> None:
    run = plant(size=16)
    (run / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="let 'gaia-stim train' go on"):
        compare(CompareConfig(runs=(run,), images=folder))


def test_the_model_that_commands_take_stays_the_same(folder: Path, tmp_path: Path, measured: list[str]) -> None:
    LATEST.parent.mkdir()
    LATEST.write_text("mine\n")
    compare(training(folder, tmp_path / "out", "ae", seeds=1))
    assert LATEST.read_text() == "mine\n"
    assert module.LATEST == LATEST


def test_the_papers_figures_are_made_by_the_same_command(
    plant: Plant, faces: Path, held_out: int, tmp_path: Path, measured: list[str]
) -> None:
    """Of drawn faces the labels are known; their true midpoints, which take long, are another test's."""
    home = tmp_path / "home"
    shutil.copytree(faces, home / "images")
    runs = (plant("a", size=32), plant("b", size=32, method="age", network="light"))
    told: list[Event] = []
    command = {"runs": runs, "images": home / "images", "figures": True, "seeds": 1}
    without = compare(make(CompareConfig, {**command, "out": tmp_path / "without"}), told.append)
    assert without.strips and without.faces is without.vectors is None
    assert any(isinstance(event, Note) and event.warning and "--labels TABLE" in event.text for event in told)
    labels = faces.parent / "labels.csv"
    found = compare(make(CompareConfig, {**command, "labels": labels, "out": tmp_path / "with"}))
    assert found.strips and found.faces and found.vectors
    # Two pairs and the cross-fade beside two models; two faces and two models; two ways and two models: rows of 100 px.
    heights = [Image.open(path).height // 100 for path in (found.strips, found.faces, found.vectors)]
    assert heights == [3 * min(2, held_out // 2), 4, 4]
    with pytest.raises(ConfigError, match="--labels: only says something together with --figures"):
        make(CompareConfig, {"runs": runs, "labels": labels})


def test_labels_that_cannot_be_fitted_are_told_before_anything_is_trained(faces: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "image,lab,age\n" + "".join(f"{path.name},1,{place}\n" for place, path in enumerate(faces.iterdir()))
    )
    command = {"runs": (faces,), "methods": "ae", "figures": True, "labels": labels, "out": tmp_path / "out"}
    with pytest.raises(DataError, match=r"'lab' is 1 for every image that has it.*--without lab"):
        compare(make(CompareConfig, command))
    assert not (tmp_path / "out").exists()


def test_words_that_are_not_told_are_asked_before_anything_is_trained(faces: Path, tmp_path: Path) -> None:
    names = [path.name for path in sorted(faces.glob("*.png"))]
    rows = [f"{name},{'left' if place % 2 else 'right'}" for place, name in enumerate(names)]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(["image,side", *rows]))
    command = {"runs": (faces,), "methods": "ae", "figures": True, "labels": labels, "out": tmp_path / "out"}
    with pytest.raises(ConfigError, match="--one 'side=right'"):
        compare(make(CompareConfig, command))
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="--one: only says something together with --labels"):
        make(CompareConfig, {"runs": (faces,), "one": ("side=right",)})
    quick = {"set": ("network=light", "width=4", "preset=tiny"), "images_seen": 16, "seeds": 1}
    assert compare(make(CompareConfig, {**command, **quick, "one": ("side=right",)})).vectors


def test_vectors_of_the_figures_are_those_of_attributes_fit(space: Space, faces: Path, tmp_path: Path) -> None:
    labels = faces.parent / "labels.csv"
    fit(make(AttributesFitConfig, {"labels": labels, "model": space.run, "out": tmp_path / "fitted"}))
    vectors = Vectors.open(tmp_path / "fitted")
    found = directions(space, labelled(space, labels, faces, {}, (), (), silent))
    sds = np.array([one.sd for one in vectors.record.attributes])[:, None]
    for name in ("ols", "mean_difference"):
        np.testing.assert_allclose(getattr(found, name), vectors.estimates[name] * sds, atol=1e-4)
