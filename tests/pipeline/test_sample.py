"""New exemplars, averages and caricatures: from files to sets."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaia_stim import cli
from gaia_stim.config import AverageConfig, CaricatureConfig, Config, MorphConfig, SampleConfig, levels, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import read_json, write_json
from gaia_stim.pipeline.exemplars import average_images, caricature, sample
from gaia_stim.pipeline.morphs import morph
from gaia_stim.runs import BUILT_IN
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def some(faces: Path) -> list[Path]:
    return sorted(faces.iterdir())[:3]


def ask(kind: type[Config], run: Path, **options: Any) -> Any:
    return make(kind, {"out": "set", "model": run, **options})


def stimuli(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "stimuli").iterdir())]


def codes(folder: Path) -> np.ndarray[Any, Any]:
    return Plan.from_json(StimulusSet.open(folder).provenance.as_written["plan"]).codes


# -- sample -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["convex", "density"])
def test_an_exemplar_does_not_depend_on_how_many(tiny_run: Path, kind: str) -> None:
    few = sample(ask(SampleConfig, tiny_run, **{"from": kind}, n=3, seed=4))
    more = sample(ask(SampleConfig, tiny_run, **{"from": kind}, n=7, seed=4, out="more"))
    other = sample(ask(SampleConfig, tiny_run, **{"from": kind}, n=7, seed=5, out="other"))
    assert stimuli(few.out) == stimuli(more.out)[:3]
    assert set(stimuli(more.out)).isdisjoint(stimuli(other.out))
    assert (
        StimulusSet.open(few.out).table["support"].tolist() == StimulusSet.open(more.out).table["support"][:3].tolist()
    )


def test_mixtures_are_of_the_images_they_name(tiny_run: Path, faces: Path) -> None:
    made = sample(ask(SampleConfig, tiny_run, n=6, parents=2, seed=1))
    opened = StimulusSet.open(made.out)
    by_id = {source["source_id"]: source for source in opened.provenance.as_written["sources"]}
    weights = opened.provenance.as_written["plan"]["sampling"]["weights"]
    space = Space.load(tiny_run)
    for parents, shares, code in zip(opened.table["source_ids"], weights, codes(made.out), strict=True):
        paths = [by_id[name]["path"] for name in parents.split(";")]
        assert len(paths) == 2 and all(Path(path).parent == faces for path in paths)
        assert np.allclose(code, np.array(shares) @ space.encode(paths), atol=1e-4)
    assert by_id["real_images"]["path"] == str(faces)
    assert set(opened.table["seed"]) == {1} and set(opened.table["kind"]) == {"sample"}


def test_support_is_told_in_units_of_the_images(tiny_run: Path, faces: Path) -> None:
    made = sample(ask(SampleConfig, tiny_run, **{"from": "density"}, n=5))
    real = Space.load(tiny_run).encode(sorted(faces.iterdir())).astype(np.float64)
    apart = np.linalg.norm(real[:, None] - real, axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.linalg.norm(codes(made.out)[:, None].astype(np.float64) - real, axis=2).min(axis=1)
    table = StimulusSet.open(made.out).table
    assert table["support"].tolist() == pytest.approx(nearest / np.median(apart.min(axis=1)), rel=1e-3)
    assert made.median_support == pytest.approx(table["support"].median())


def test_images_may_be_others_than_those_of_the_training(tiny_run: Path, some: list[Path], tmp_path: Path) -> None:
    home = tmp_path / "others"
    home.mkdir()
    for path in some:
        shutil.copy(path, home)
    made = sample(ask(SampleConfig, tiny_run, n=2, images=home))
    assert StimulusSet.open(made.out).provenance.as_written["plan"]["sampling"]["real_images"] == 3
    with pytest.raises(DataError, match="a mixture of 4 images needs as many; there are 3"):
        sample(ask(SampleConfig, tiny_run, n=2, images=home, parents=4, out="more"))


def gone(run: Path, home: Path, **changes: str) -> Path:
    """A copy of a run whose record of its images is another."""
    shutil.copytree(run, home)
    config = read_json(home / "config.json")
    write_json(home / "config.json", {**config, "dataset": {**config["dataset"], **changes}})
    return home


def test_images_that_are_gone_or_others_now(tiny_run: Path, tmp_path: Path) -> None:
    lost = gone(tiny_run, tmp_path / "lost", folder=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere: the images that this model .* are not here; .*--images DIR"):
        sample(ask(SampleConfig, lost))
    assert not Path("set").exists()
    changed = gone(tiny_run, tmp_path / "changed", content_hash="sha256_1")
    with pytest.raises(DataError, match=r"are not, or no longer, those that this model .*--images DIR"):
        sample(ask(SampleConfig, changed, n=1))


@pytest.mark.parametrize(("verb", "option"), [("sample", "--images"), ("caricature", "--norm")])
def test_a_folder_that_merely_has_the_name_is_not_taken(some: list[Path], verb: str, option: str) -> None:
    """The built-in model was trained on a folder of a name that a user may have too."""
    mine = Path(Space.load(BUILT_IN).config.dataset.folder)
    assert not mine.is_absolute()
    mine.mkdir(parents=True)
    for path in some:
        shutil.copy(path, mine)
    asked: dict[str, Any] = {"sample": lambda: sample(ask(SampleConfig, BUILT_IN, n=1))}
    asked["caricature"] = lambda: caricature(ask(CaricatureConfig, BUILT_IN, faces=some[:1]))
    with pytest.raises(DataError, match=rf"{mine}: its images are not.* by {option} DIR"):
        asked[verb]()
    assert not Path("set").exists()
    assert sample(ask(SampleConfig, BUILT_IN, n=1, images=mine)).stimuli == 1


def test_grey_models_refuse_folders_in_colour(plant: Callable[..., Path], faces: Path) -> None:
    with pytest.raises(DataError, match=r"has images in colour, and the model .* has learned from grey ones"):
        sample(ask(SampleConfig, plant(channels=1), images=faces))
    assert not Path("set").exists()


# -- average ----------------------------------------------------------------------------------------------------------


def test_an_average_is_in_the_middle(tiny_run: Path, some: list[Path]) -> None:
    made = average_images(ask(AverageConfig, tiny_run, images=some))
    assert np.allclose(codes(made.out)[0], Space.load(tiny_run).encode(some).mean(axis=0), atol=1e-5)
    table = StimulusSet.open(made.out).table
    assert table["kind"].tolist() == ["average"] and len(table["source_ids"][0].split(";")) == 3


def test_the_average_of_two_is_the_middle_of_their_morph(tiny_run: Path, some: list[Path]) -> None:
    made = average_images(ask(AverageConfig, tiny_run, images=some[:2]))
    half = morph(ask(MorphConfig, tiny_run, first=some[0], second=some[1], steps=3, out="morph"))
    assert np.allclose(codes(made.out)[0], codes(half.out)[1], atol=1e-6)


def test_an_average_of_a_folder_and_of_too_few(tiny_run: Path, faces: Path, some: list[Path]) -> None:
    made = average_images(ask(AverageConfig, tiny_run, images=[faces]))
    assert len(StimulusSet.open(made.out).provenance.as_written["sources"]) == 60
    with pytest.raises(DataError, match="an average needs at least 2 images"):
        average_images(ask(AverageConfig, tiny_run, images=some[:1], out="one"))
    assert not Path("one").exists()


# -- caricature -------------------------------------------------------------------------------------------------------


def test_a_caricature_of_a_norm_image_is_the_morph_beyond(tiny_run: Path, some: list[Path]) -> None:
    made = caricature(ask(CaricatureConfig, tiny_run, faces=some[:1], norm=some[1], amount="-0.25:1.25:7"))
    morphed = morph(ask(MorphConfig, tiny_run, first=some[1], second=some[0], steps=7, extrapolate=0.25, out="morph"))
    assert stimuli(made.out) == stimuli(morphed.out)
    table = StimulusSet.open(made.out).table
    assert table["alpha"].tolist() == pytest.approx(np.linspace(-0.25, 1.25, 7))
    face, norm = (path.stem for path in some[:2])
    assert set(table["source_ids"]) == {f"{face};{norm}"}


def test_the_mean_is_the_norm(tiny_run: Path, some: list[Path], faces: Path) -> None:
    """At 0 every face is the mean of all images; at 1 it is itself, and what is left of its image is measured."""
    made = caricature(ask(CaricatureConfig, tiny_run, faces=some[:2], amount="0:2:3"))
    space = Space.load(tiny_run)
    own, mean = space.encode(some[:2]), space.encode(sorted(faces.iterdir())).mean(axis=0)
    found = codes(made.out).reshape(2, 3, -1)
    assert np.allclose(found[:, 0], mean, atol=1e-4) and np.allclose(found[:, 1], own, atol=1e-5)
    assert np.allclose(found[:, 2], 2 * own - mean, atol=1e-4)
    table = StimulusSet.open(made.out).table
    assert table["alpha"].tolist() == [0, 1, 2] * 2
    assert np.flatnonzero(table["reconstruction_error"].notna()).tolist() == [1, 4]
    named = caricature(ask(CaricatureConfig, tiny_run, faces=some[:2], amount="0:2:3", norm=faces, out="named"))
    assert stimuli(named.out) == stimuli(made.out)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5:1.5:5", [0.5, 0.75, 1, 1.25, 1.5]), ("1:-1:3", [1, 0, -1]), ("2:2:1", [2]), (" -1 : 1 : 2 ", [-1, 1])],
)
def test_levels(text: str, expected: list[float]) -> None:
    assert levels(text) == expected


@pytest.mark.parametrize("text", ["", "1", "1:2", "1:2:x", "1:2:0", "1:2:1", "1:1:3", "nan:1:3", "0:inf:2", "0:1:2:3"])
def test_amounts_that_are_none(tiny_run: Path, some: list[Path], text: str) -> None:
    with pytest.raises(ConfigError, match=r"--amount: .* is not LOW:HIGH:N.*0\.5:1\.5:5"):
        ask(CaricatureConfig, tiny_run, faces=some, amount=text)


def test_the_commands(tiny_run: Path, some: list[Path], capsys: Capture) -> None:
    model, files = ["-m", str(tiny_run)], [str(path) for path in some]
    assert cli.main(["sample", "--n", "3", "--from", "density", "--seed", "2", *model]) == 0
    assert cli.main(["average", *files, *model]) == 0
    assert cli.main(["caricature", *files, "--amount", "-1:1:3", "--norm", files[2], *model, "--out", "c"]) == 0
    assert [len(stimuli(Path(out))) for out in ("sample_density_2", "average", "c")] == [3, 1, 9]
    assert cli.main(["sample", "--n", "0", *model]) == 2
    assert "--n: should be greater than or equal to 1" in capsys.readouterr().err
