"""Paths through several images, stretches beyond two, measured scales and refined ends: from files to sets."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from gaia_stim import cli
from gaia_stim.config import InterpolateConfig, MorphConfig, MorphGridConfig, RemakeConfig, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.files import hash_file
from gaia_stim.images import write_png
from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.metrics.perceptual import nlpd
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.runs import BUILT_IN
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet

Contents = Callable[[Path], dict[str, bytes]]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def some(faces: Path) -> list[Path]:
    return sorted(faces.iterdir())[:4]


def walk(images: list[Path], run: Path, **options: Any) -> InterpolateConfig:
    return make(InterpolateConfig, {"images": images, "steps": 7, "out": "set", "model": run, **options})


def line(images: list[Path], run: Path, **options: Any) -> MorphConfig:
    return make(
        MorphConfig, {"first": images[0], "second": images[1], "steps": 7, "out": "line", "model": run, **options}
    )


def pictures(folder: Path) -> np.ndarray[Any, Any]:
    return np.stack([pixels for _, pixels in StimulusSet.open(folder).pictures()])


def stimuli(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "stimuli").iterdir())]


@pytest.mark.parametrize("path", ["line", "spline"])
@pytest.mark.parametrize("spacing", ["latent", "pixel"])
def test_through_two_images_a_path_is_their_morph(some: list[Path], tiny_run: Path, path: str, spacing: str) -> None:
    walked = interpolate(walk(some[:2], tiny_run, path=path, spacing=spacing))
    morphed = morph(line(some, tiny_run, spacing=spacing))
    assert stimuli(walked.out) == stimuli(morphed.out)
    assert (walked.steps_cv_before, walked.steps_cv) == (morphed.steps_cv_before, morphed.steps_cv)
    assert walked.path == path and morphed.path == "line"


def test_a_path_meets_its_images(some: list[Path], tiny_run: Path, contents: Contents) -> None:
    """There and back: the same code twice, half way between them the other end."""
    made = interpolate(walk([some[0], some[1], some[0]], tiny_run))
    table = StimulusSet.open(made.out).table
    shown = pictures(made.out)
    assert np.array_equal(shown[0], shown[6]) and np.array_equal(shown[1], shown[5])
    assert np.array_equal(shown[3], pictures(morph(line(some, tiny_run)).out)[6])
    assert table["alpha"].tolist() == pytest.approx(np.arange(7) / 6)
    assert set(table["kind"]) == {"path"} and len(set(table["source_ids"])) == 1
    assert table["reconstruction_error"].notna().tolist() == [True, False, False, True, False, False, True]
    marks = StimulusSet.open(made.out).provenance.as_written["plan"]["path"]["sources_at"]
    assert [mark["at"] for mark in marks] == [0, 0.5, 1]
    before = contents(made.out)
    interpolate(walk([some[0], some[1], some[0]], tiny_run, force=True))
    assert contents(made.out) == before


@pytest.mark.parametrize("path", ["line", "spline", "wheel"])
def test_how_even_the_steps_of_the_code_are_is_told(some: list[Path], tiny_run: Path, path: str) -> None:
    made = StimulusSet.open(interpolate(walk(some, tiny_run, path=path, steps=30)).out)
    plan = made.provenance.as_written["plan"]
    codes = Plan.from_json(plan).codes.astype(float)
    closed = np.concatenate([codes, codes[:1]]) if path == "wheel" else codes
    steps = [float(np.sqrt(((b - a) ** 2).sum())) for a, b in pairwise(closed)]
    assert plan["path"]["latent_steps_cv"] == pytest.approx(np.std(steps) / np.mean(steps), rel=1e-4)
    assert plan["path"]["latent_steps_cv"] < (0.3 if path == "line" else 0.06), "a corner is a short way round"


def judges(shown: np.ndarray[Any, Any]) -> dict[str, float]:
    """How even the steps are from each picture to the next, written out with scikit-image."""
    colour, structure = [], []
    for a, b in pairwise(shown):
        colour.append(float(deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).mean()))
        same = [
            structural_similarity(
                a[..., channel],
                b[..., channel],
                data_range=255,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for channel in range(3)
        ]
        structure.append(float(np.sqrt(1 - np.mean(same))))
    return {"ciede2000": np.std(colour) / np.mean(colour), "structural": np.std(structure) / np.mean(structure)}


@pytest.mark.parametrize("path", ["line", "wheel"])
@pytest.mark.parametrize("spacing", ["latent", "nlpd", "ciede2000"])
def test_measures_that_placed_nothing_judge_the_written_pictures(
    some: list[Path], tiny_run: Path, path: str, spacing: str
) -> None:
    made = interpolate(walk(some, tiny_run, path=path, spacing=spacing))
    shown = pictures(made.out)
    line = np.concatenate([shown, shown[:1]]) if path == "wheel" else shown
    expected = judges(line)
    if spacing == "ciede2000":  # a measure never judges what it placed
        expected = {"structural": expected["structural"], "nlpd": variation(nlpd(line[:-1], line[1:]))}
    assert StimulusSet.open(made.out).provenance.as_written["plan"]["spacing"]["judged"] == pytest.approx(expected)
    assert made.steps_cv_ciede2000 == (None if spacing == "ciede2000" else pytest.approx(expected["ciede2000"]))
    assert made.steps_cv_structural == pytest.approx(expected["structural"])
    assert remake(make(RemakeConfig, {"target": made.out, "model": tiny_run})).identical


def test_a_grid_is_judged_along_its_rows_and_columns(some: list[Path], tiny_run: Path) -> None:
    corners = dict(zip(("top_left", "top_right", "bottom_left", "bottom_right"), some, strict=True))
    made = morph_grid(make(MorphGridConfig, {**corners, "rows": 3, "cols": 4, "out": "set", "model": tiny_run}))
    table = pictures(made.out).reshape(3, 4, 32, 32, 3)
    each = [judges(line) for line in (*table, *table.transpose(1, 0, 2, 3, 4))]
    found = StimulusSet.open(made.out).provenance.spacing.judged
    assert found.ciede2000 == pytest.approx(np.mean([one["ciede2000"] for one in each]))
    assert found.structural == pytest.approx(np.mean([one["structural"] for one in each]))


def test_how_large_stimuli_are_to_the_eye_is_asked_for_and_recorded(some: list[Path], tiny_run: Path) -> None:
    made = morph(line(some, tiny_run, spacing="nlpd", pixels_per_degree=16))
    record = StimulusSet.open(made.out).provenance
    assert record.spacing.metric.endswith("pictures 2 degrees wide") and made.steps_cv < 0.1
    assert record.request["options"]["pixels_per_degree"] == 16
    plain = StimulusSet.open(morph(line(some, tiny_run, spacing="nlpd", out="plain")).out)
    assert "pixels_per_degree" not in plain.provenance.request["options"]
    with pytest.raises(ConfigError, match="--pixels-per-degree: only says something together with --spacing nlpd"):
        line(some, tiny_run, spacing="pixel", pixels_per_degree=16)


def test_a_wheel_closes_and_says_its_angles(some: list[Path], tiny_run: Path) -> None:
    made = interpolate(walk(some, tiny_run, path="wheel", steps=12, spacing="nlpd"))
    table = StimulusSet.open(made.out).table
    assert table["angle_deg"].tolist() == pytest.approx(np.arange(12) * 30)
    assert set(table["kind"]) == {"wheel"} and table["alpha"].iloc[0] == 0 and table["alpha"].iloc[-1] < 1
    assert made.steps_cv < 0.10 and made.stimuli == 12
    assert "NLPD" in StimulusSet.open(made.out).provenance.as_written["plan"]["spacing"]["metric"]


def test_the_last_step_of_a_wheel_counts(some: list[Path], tiny_run: Path) -> None:
    made = interpolate(walk(some[:3], tiny_run, path="wheel", steps=9, spacing="pixel"))
    shown = pictures(made.out)
    assert made.steps_cv == pytest.approx(variation(pixel_distance(shown, np.roll(shown, -1, axis=0))))
    assert made.steps_cv <= made.steps_cv_before


def test_beyond_the_images(some: list[Path], tiny_run: Path) -> None:
    """With 9 steps from -1/2 to 3/2 both images are among them, and what is between is their morph."""
    made = morph(line(some, tiny_run, extrapolate=0.5, steps=9))
    table = StimulusSet.open(made.out).table
    assert table["alpha"].tolist() == pytest.approx(np.linspace(-0.5, 1.5, 9))
    inner = morph(line(some, tiny_run, steps=5, out="inner"))
    assert stimuli(made.out)[2:7] == stimuli(inner.out)
    assert table["reconstruction_error"].notna().tolist() == [place in (2, 6) for place in range(9)]
    spaced = morph(line(some, tiny_run, extrapolate=0.25, spacing="pixel", out="spaced"))
    alphas = StimulusSet.open(spaced.out).table["alpha"]
    assert (alphas.iloc[0], alphas.iloc[-1]) == (-0.25, 1.25)


def test_a_measured_scale_is_part_of_what_is_asked(some: list[Path], tiny_run: Path) -> None:
    file = Path("scale.csv")
    file.write_text("alpha,scale\n0,0\n0.5,0.2\n1,1\n")
    made = morph(line(some, tiny_run, spacing="scale.csv"))
    opened = StimulusSet.open(made.out)
    assert opened.table["alpha"].iloc[3] > 0.55
    assert opened.provenance.as_written["sources"][-1]["image_hash"] == hash_file(file)
    assert made.spacing == "scale.csv" and made.steps_cv < 1e-6 < 0.3 < made.steps_cv_before
    sources = opened.provenance.sources
    assert set(opened.table["source_ids"]) == {";".join(source.source_id for source in sources[:2])}
    morph(line(some, tiny_run, spacing="scale.csv"))
    file.write_text("alpha,scale\n0,0\n0.5,0.3\n1,1\n")
    with pytest.raises(ConfigError, match="holds another stimulus set"):
        morph(line(some, tiny_run, spacing="scale.csv"))


def test_refined_ends_are_nearer_and_said_to_be(some: list[Path]) -> None:
    notes: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    plain = StimulusSet.open(morph(line(some, BUILT_IN)).out)
    made = morph(line(some, BUILT_IN, refine=30, out="refined"), listen)
    opened = StimulusSet.open(made.out)
    gains = opened.provenance.as_written["plan"]["refinement"]
    assert gains["steps"] == 30
    assert [gain["source_id"] for gain in gains["images"]] == opened.table["source_ids"][0].split(";")
    for position, gain in zip((0, 6), made.refinement, strict=True):
        assert gain.error_before == pytest.approx(plain.table["reconstruction_error"].iloc[position])
        assert gain.error_after == pytest.approx(opened.table["reconstruction_error"].iloc[position])
        assert gain.error_after < gain.error_before
        assert any(text.startswith(f"refined {gain.source_id}: ") for text in notes)
    # A set that is found again tells the same.
    assert morph(line(some, BUILT_IN, refine=30, out="refined")).refinement == made.refinement


# -- what cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": 1}, "--path line needs at least 2 images, not 1"),
        ({"images": 2, "path": "wheel"}, "--path wheel needs at least 3 images, not 2"),
        ({"images": 3, "path": "wheel", "steps": 2}, "--path wheel needs at least 3 --steps, not 2"),
        ({"images": 2, "steps": 1}, "--steps: should be greater than or equal to 2"),
        ({"images": 2, "steps": 0}, "--steps: should be greater than or equal to 2"),
        ({"images": 2, "refine": -1}, "--refine: should be greater than or equal to 0"),
    ],
)
def test_impossible_paths_are_refused(some: list[Path], tiny_run: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        walk(some[: options.pop("images")], tiny_run, **options)
    assert message in str(caught.value)


def test_raw_ends_beyond_the_images_are_refused(some: list[Path], tiny_run: Path) -> None:
    with pytest.raises(ConfigError, match="--raw-endpoints: with --extrapolate the ends are not the images"):
        line(some, tiny_run, raw_endpoints=True, extrapolate=0.1)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"path": "wheels"}, ConfigError, "unknown path 'wheels'"),
        ({"spacing": "even"}, ConfigError, "unknown spacing 'even'"),
        ({"spacing": "nowhere.csv"}, DataError, "nowhere.csv: no such file"),
        ({"images": ["nowhere.png", "nor-there.png"]}, DataError, "nowhere.png: no such file"),
    ],
)
def test_nothing_is_written_where_it_cannot_be(
    some: list[Path], tiny_run: Path, options: dict[str, Any], kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        interpolate(walk(options.pop("images", some), tiny_run, **options))
    assert list(tmp_path.iterdir()) == []


def test_the_same_image_twice_in_a_row(some: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="images 2 and 3 of the path have the same code"):
        interpolate(walk([some[0], some[1], some[1]], tiny_run))
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_grey_images_refuses_colour(some: list[Path], plant: Callable[..., Path], tmp_path: Path) -> None:
    grey_run = plant(channels=1)
    before = sorted(tmp_path.iterdir())
    for make_set, config in ((interpolate, walk(some, grey_run)), (morph, line(some, grey_run))):
        with pytest.raises(DataError, match=r"is in colour, and the model .* has learned from grey images") as caught:
            make_set(config)  # type: ignore[operator]
        assert str(some[0]) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before
    shades = np.linspace(0, 255, 32 * 32).astype(np.uint8).reshape(32, 32, 1)
    for name, shown in (("grey.png", shades), ("stored-as-colour.png", np.repeat(shades[::-1], 3, axis=2))):
        write_png(tmp_path / name, shown)
    made = interpolate(walk([tmp_path / "grey.png", tmp_path / "stored-as-colour.png"], grey_run))
    assert made.stimuli == 7


def test_the_command(some: list[Path], tiny_run: Path, capsys: Capture, tmp_path: Path) -> None:
    files = [str(path) for path in some[:3]]
    command = ["interpolate", *files, "--path", "wheel", "--steps", "5", "-m", str(tiny_run), "--out", "w"]
    assert cli.main(command) == 0
    assert len(list((tmp_path / "w" / "stimuli").iterdir())) == 5
    assert cli.main(["interpolate", files[0], "-m", str(tiny_run)]) == 2
    assert "needs at least 2 images, not 1" in capsys.readouterr().err
