"""`gaia-stim benchmark …` as a user meets it, on trainings of a second."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.config import BenchmarkLinesConfig, BenchmarkStructureConfig, make
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation import lines as protocol
from gaia_stim.evaluation.benchmark_tables import lines_table, structure_table
from gaia_stim.evaluation.comparison import spread_of
from gaia_stim.evaluation.lines import LineFigures, nearest_lines
from gaia_stim.metrics import METRICS
from gaia_stim.pipeline.benchmarks import (
    LINES,
    SHEET,
    benchmark_lines,
    benchmark_structure,
)
from gaia_stim.runs import Run
from gaia_stim.space.space import Space

Plant = Callable[..., Path]
Contents = Callable[[Path], Mapping[str, bytes]]


@pytest.fixture(autouse=True)
def _few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol's 256 pairs take seconds a model, and have a test of their own."""
    every = protocol.random_ends
    monkeypatch.setattr(protocol, "random_ends", lambda seed, pairs=4: every(seed, pairs))


def asked(out: Path, methods: str | None = "gaia:objective=paper,ae", **options: object) -> BenchmarkLinesConfig:
    training = {"methods": methods, "seeds": 2, "images_seen": 32, "lines": 100, "set": ["preset=tiny", "width=4"]}
    return make(BenchmarkLinesConfig, {**(training if methods else {}), "out": out, **options})


@pytest.mark.slow
def test_methods_are_trained_on_lines_and_stand_beside_controls_and_papers(tmp_path: Path, contents: Contents) -> None:
    out = tmp_path / "lines"
    result = benchmark_lines(asked(out))
    assert result.trainings == 4
    assert [row["model"] for row in result.figures] == [
        *("true arcs", "pixel blend", "hard jump", "gaia:objective=paper", "ae", "AE, paper", "VAE, paper"),
        "ACAI, paper",
    ]
    run = Run(out / "gaia_objective=paper_1").config()
    assert (run.model.size, run.model.channels) == (32, 1)
    assert (run.options["images_seen"], run.options["seed"]) == (32, 1)

    record = json.loads((out / LINES).read_text())
    found = [one["distance"] for one in record["trainings"] if one["model"] == "ae"]
    assert record["models"]["ae"]["distance"] == {
        "mean": pytest.approx(np.mean(found)),
        "spread": pytest.approx(np.std(found, ddof=1)),
        "values": found,
    }
    ends = protocol.random_ends(0)
    assert found[0] == pytest.approx(
        protocol.figures(protocol.interpolate(Space.load(out / "ae_0"), ends), ends).distance
    )
    assert record["published"]["ACAI"] == {"distance": 0.24e-3, "smoothness": 0.1}
    with Image.open(out / SHEET) as sheet:
        assert sheet.width > 16 * 64 and sheet.height > 5 * 64

    before = contents(out)
    assert benchmark_lines(asked(out)) == result
    assert contents(out) == before


def test_what_is_trained_on_are_lines_that_nothing_is_measured_on(tmp_path: Path) -> None:
    out = tmp_path / "lines"
    benchmark_lines(asked(out, "ae", seeds=1))
    pictures = [np.array(Image.open(path)) for path in sorted((out / "images_100_0").glob("*.png"))]
    distances, angles = nearest_lines(np.stack(pictures) / 255)
    assert len(pictures) == 100 and distances.max() < 1e-4
    assert len(np.unique(angles)) > 90
    apart = np.abs(np.angle(np.exp(1j * (angles[:, None] - protocol.random_ends(0).ravel()))))
    assert (apart.min(axis=0) > 1e-3).sum() >= 6


def test_it_grows_by_methods_and_keeps_anything_else(tmp_path: Path) -> None:
    out = tmp_path / "lines"
    benchmark_lines(asked(out, "ae", seeds=1))
    hash_before = Run(out / "ae_0").model_hash()
    assert benchmark_lines(asked(out, "ae,vae", seeds=1)).trainings == 2
    assert Run(out / "ae_0").model_hash() == hash_before
    with pytest.raises(ConfigError, match=r"another comparison.*--force"):
        benchmark_lines(asked(out, "ae,vae", seeds=1, images_seen=48))
    with pytest.raises(ConfigError, match="on other images"):
        benchmark_lines(asked(out, "ae,vae", seeds=1, lines=120))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match="exists and is not a comparison"):
        benchmark_lines(asked(tmp_path / "mine"))


def test_drawing_that_was_stopped_goes_on(tmp_path: Path) -> None:
    benchmark_lines(asked(tmp_path / "whole", "ae", seeds=1))
    begun = tmp_path / "begun" / "images_100_0"
    begun.mkdir(parents=True)
    first = sorted((tmp_path / "whole" / "images_100_0").glob("*.png"))[0]
    (begun / first.name).write_bytes(first.read_bytes())
    benchmark_lines(asked(tmp_path / "begun", "ae", seeds=1))
    assert Run(tmp_path / "begun" / "ae_0").model_hash() == Run(tmp_path / "whole" / "ae_0").model_hash()


def test_trained_runs_are_measured(plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grey, colour = plant("grey", size=32, channels=1), plant("colour", size=32)
    result = benchmark_lines(asked(tmp_path / "out", None, runs=[grey]))
    assert result.trainings == 1 and "± distance" not in result.figures[0]
    assert not list((tmp_path / "out").glob("images*"))
    assert cli.main(["benchmark", "lines", str(colour), "--out", "there"]) == 2
    assert "32 px and 3 channels, lines 32 px and one" in capsys.readouterr().err
    assert not Path("there").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to measure: name trained runs, or train some by --methods"),
        (["run", "--methods", "ae"], "not both"),
        (["--methods", "aee"], "did you mean 'ae'"),
        (["--methods", "ae", "--set", "channels=3"], "lines are 32 px and grey"),
        (["--methods", "ae:size=64"], "lines are 32 px and grey"),
        (["--methods", "ae", "--lines", "20"], "greater than or equal to 100"),
        (["nowhere"], "not a run folder"),
    ],
)
def test_mistakes_are_found_before_anything_is_drawn(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["benchmark", "lines", *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not Path("lines").exists()


def test_the_table_has_the_same_columns_in_every_row() -> None:
    figures = LineFigures(0.006, 0.9, 1.0, 0.5)
    models = {"ae": {name: spread_of([value, value + 2]) for name, value in figures._asdict().items()}}
    rows = lines_table({"pixel blend": figures}, models)
    assert {tuple(row) for row in rows} == {
        ("model", "distance", "± distance", "smoothness", "± smoothness", "end_error", "ink")
    }
    assert rows[0]["distance"] == 0.006 and rows[0]["± distance"] is None
    assert rows[1]["smoothness"] == pytest.approx(1.9) and rows[1]["± smoothness"] == pytest.approx(2**0.5)


# -- structure --------------------------------------------------------------------------------------------------------


def test_cost_and_gain_are_against_no_structure_loss() -> None:
    names = {0.0: "gaia:alpha=0", 0.2: "gaia:alpha=0.2"}
    figures = {
        "reconstruction_ssim": {"gaia:alpha=0": 0.80, "± gaia:alpha=0": 0.01, "gaia:alpha=0.2": 0.78},
        "structure_spearman": {"gaia:alpha=0": 0.70, "gaia:alpha=0.2": 0.95},
        "trustworthiness": {"gaia:alpha=0": 0.9, "gaia:alpha=0.2": 0.98},
        "midpoint_precision": {"gaia:alpha=0": 0.6, "gaia:alpha=0.2": 0.8},
    }
    none, some = structure_table(figures, names)
    assert (none["alpha"], none["cost"], none["gain"], none["± reconstruction_ssim"]) == (0, 0, 0, 0.01)
    assert some["cost"] == pytest.approx(0.02)
    assert some["gain"] == pytest.approx(0.25)
    assert some["midpoint_precision"] == 0.8


@pytest.mark.slow
def test_weights_are_compared_with_none(tmp_path: Path, faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(space: Space, *_: object) -> dict[str, object]:
        measured.append(space.run.name)
        return dict.fromkeys(METRICS, float(len(measured)))

    monkeypatch.setattr("gaia_stim.evaluation.figures.figures_of", measure)
    options = {"images_seen": 16, "seeds": 1, "set": ["preset=tiny", "width=4"], "out": tmp_path / "out"}
    result = benchmark_structure(make(BenchmarkStructureConfig, {"images": faces, "alphas": "0.5", **options}))
    assert measured == ["gaia_alpha=0_0", "gaia_alpha=0.5_0"]
    assert Run(tmp_path / "out" / "gaia_alpha=0.5_0").config().model.alpha == 0.5
    assert [row["alpha"] for row in result.weights] == [0, 0.5]
    assert [row["gain"] for row in result.weights] == [0, 1]


def test_weights_as_text() -> None:
    assert BenchmarkStructureConfig().weights == (0, 0.02, 0.2, 1)
    assert make(BenchmarkStructureConfig, {"alphas": "0.3,0.1,0.3"}).weights == (0, 0.1, 0.3)
    for text, message in (("0.1;0.2", "not numbers with commas"), ("-1", "not 0 or more"), ("nan", "not 0 or more")):
        with pytest.raises(ConfigError, match=f"--alphas.*{message}"):
            make(BenchmarkStructureConfig, {"alphas": text})
