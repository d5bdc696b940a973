"""A set on disk: whole or not there, and measured as written."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from planted_sets import PROVENANCE
from skimage.color import rgb2xyz

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Progress
from gaia_stim.files import hash_file, read_json, write_json
from gaia_stim.outputs import stands
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import COLUMNS, Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SET, StimulusSet
from gaia_stim.stimuli.writing import write_set

Plant = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]
Pixels = npt.NDArray[np.uint8]


def planted(pictures: Any, space: Space, **more: Any) -> Plan:
    """A plan whose stimuli are these pictures."""
    rows = [replace(Row.numbered("test", place, len(pictures)), raw=1) for place in range(len(pictures))]
    codes = np.zeros((len(pictures), space.latent), np.float32)
    return Plan(rows, codes, "planted", sources=dict(enumerate(pictures)), **more)


@pytest.fixture
def pictures(space: Space) -> list[Pixels]:
    """Black, white, half of each, noise, and noise in one channel."""
    black, white = np.zeros(space.shape, np.uint8), np.full(space.shape, 255, np.uint8)
    half, noise = np.array(black), np.random.default_rng(0).integers(0, 256, space.shape, dtype=np.uint8)
    half[:16] = 255
    return [black, white, half, noise, noise * np.array([1, 0, 0], np.uint8)]


def test_what_is_measured_is_what_is_written(space: Space, pictures: list[Pixels], tmp_path: Path) -> None:
    made = write_set(tmp_path / "set", planted(pictures, space, continuum=True), space, PROVENANCE)
    table = made.table
    assert list(table) == COLUMNS and len(made) == 5
    assert table["mean_luminance"][:3].tolist() == pytest.approx([0, 1, 0.5])
    assert table["rms_contrast"][:3].tolist() == pytest.approx([0, 0, 0.5], abs=1e-12)
    for index, row in table.iterrows():
        with Image.open(tmp_path / "set" / row["image"]) as image:
            assert image.format == "PNG" and not image.info
            pixels = np.asarray(image)
        assert np.array_equal(pixels, pictures[int(index)])  # type: ignore[call-overload]
        assert np.array_equal(made.image(row["stim_id"]), pixels)
        assert row["image_hash"] == hash_file(tmp_path / "set" / row["image"])
        y = rgb2xyz(pixels)[..., 1]
        assert (row["mean_luminance"], row["rms_contrast"]) == pytest.approx((y.mean(), y.std()), abs=2e-4)
    steps = [np.sqrt(np.mean((a / 255 - b / 255) ** 2)) for a, b in zip(pictures[1:], pictures, strict=False)]
    assert np.isnan(table["step_distance"][0]) and table["step_distance"][1:].tolist() == pytest.approx(steps)
    assert table["step_distance"][1] == 1
    assert table["cumulative_distance"][1:].tolist() == pytest.approx(np.cumsum(steps))
    assert set(table["model_hash"]) == {space.model_hash}


def test_no_distances_where_order_means_nothing(space: Space, pictures: list[Pixels], tmp_path: Path) -> None:
    table = write_set(tmp_path / "set", planted(pictures, space), space, PROVENANCE).table
    assert table["step_distance"].isna().all() and table["cumulative_distance"].isna().all()


def test_what_is_in_the_folder(space: Space, pictures: list[Pixels], tmp_path: Path) -> None:
    events: list[Event] = []
    plan = planted(pictures, space)
    write_set(tmp_path / "set", plan, space, PROVENANCE, events.append)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert sorted(path.relative_to(tmp_path / "set").as_posix() for path in (tmp_path / "set").rglob("*")) == [
        "manifest.csv",
        "provenance.json",
        "sheet.png",
        "stimuli",
        *(f"stimuli/t_{number:04}.png" for number in range(1, 6)),
    ]
    provenance = read_json(tmp_path / "set" / "provenance.json")
    assert {name: provenance[name] for name in PROVENANCE} == PROVENANCE
    assert np.array_equal(Plan.from_json(provenance["plan"]).codes, plan.codes)
    assert [event for event in events if isinstance(event, Progress)][-1] == Progress("writing stimuli", 5, 5)
    with Image.open(tmp_path / "set" / "sheet.png") as sheet:
        assert sheet.width > 5 * 96 and {0, 255} <= set(np.asarray(sheet).ravel())


def test_the_same_plan_is_the_same_bytes(
    space: Space, pictures: list[Pixels], tmp_path: Path, contents: Contents
) -> None:
    for name in ("one", "two"):
        write_set(tmp_path / name, planted(pictures, space), space, PROVENANCE)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_middle_leaves_nothing(
    error: type[BaseException], space: Space, pictures: list[Pixels], tmp_path: Path, contents: Contents
) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 3:
            raise error

    with pytest.raises(error):
        write_set(tmp_path / "set", planted(pictures, space), space, PROVENANCE, fail)
    assert list(tmp_path.iterdir()) == []
    write_set(tmp_path / "set", planted(pictures[:2], space), space, PROVENANCE)
    before = contents(tmp_path)
    with pytest.raises(error):
        write_set(tmp_path / "set", planted(pictures, space), space, PROVENANCE, fail)
    assert contents(tmp_path) == before


def test_a_set_is_replaced_not_merged(space: Space, pictures: list[Pixels], tmp_path: Path) -> None:
    write_set(tmp_path / "set", planted(pictures, space), space, PROVENANCE)
    write_set(tmp_path / "set", planted(pictures[:2], space), space, PROVENANCE)
    assert len(list((tmp_path / "set" / "stimuli").iterdir())) == 2


def test_a_large_set_has_a_small_sheet(plant: Plant, tmp_path: Path) -> None:
    space = Space.load(plant(size=16))
    codes = np.random.default_rng(0).normal(size=(500, space.latent)).astype(np.float32)
    rows = [Row.numbered("decode", place, 500) for place in range(500)]
    write_set(tmp_path / "set", Plan(rows, codes, "many"), space, PROVENANCE)
    with Image.open(tmp_path / "set" / "sheet.png") as sheet:
        assert sheet.width < 1300 and sheet.height < 1500


def test_memory_does_not_grow_with_the_stimuli(plant: Plant, tmp_path: Path) -> None:
    """A stimulus more costs its rows in the manifest and the plan, not its picture; both sheets show 120."""
    space = Space.load(plant())

    def peak(count: int) -> int:
        codes = np.zeros((count, space.latent), np.float32)
        plan = Plan([Row.numbered("decode", place, count) for place in range(count)], codes, "many")
        tracemalloc.start()
        try:
            assert len(write_set(tmp_path / f"set_{count}", plan, space, PROVENANCE)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(240), peak(1000)
    assert many - few < 0.6 * (1000 - 240) * 32 * 32 * 3


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(space: Space, pictures: list[Pixels], tmp_path: Path) -> Iterator[Path]:
    yield write_set(tmp_path / "set", planted(pictures, space), space, PROVENANCE).folder


def test_an_unknown_stimulus(made: Path) -> None:
    with pytest.raises(DataError, match=r"set: no stimulus 't_9' in its manifest"):
        StimulusSet.open(made).image("t_9")


def test_what_is_no_set(made: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for folder in (tmp_path / "folder", tmp_path / "none"):
        with pytest.raises(DataError, match=r"not a stimulus set \(it has no manifest\.csv\)"):
            StimulusSet.open(folder)
    manifest = made / "manifest.csv"
    whole = manifest.read_text()
    for content, said in (
        (b"", "not a manifest"),
        (b"\xff\xfe\x00a", "not a manifest"),
        (b"a,b\n1,2,3\n", "not a manifest"),
        (whole.replace("alpha,", "beta,").encode(), r"it lacks the column alpha"),
    ):
        manifest.write_bytes(content)
        with pytest.raises(DataError, match=said) as caught:
            StimulusSet.open(made)
        assert str(manifest) in str(caught.value)


def test_a_set_with_damaged_provenance(made: Path) -> None:
    (made / "provenance.json").write_text("{\n oh")
    with pytest.raises(DataError, match=r"provenance\.json:2"):
        StimulusSet.open(made)


def test_a_manifest_does_not_lead_out_of_the_set(made: Path, tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "secret.png")
    manifest = made / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("stimuli/t_0001.png", "../secret.png"))
    with pytest.raises(DataError):
        StimulusSet.open(made).image("t_0001")


# -- what stands in a folder ------------------------------------------------------------------------------------------

REQUEST = PROVENANCE["request"]


@pytest.mark.parametrize("force", [False, True])
def test_where_nothing_stands(force: bool, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert not stands(tmp_path / "empty", SET, REQUEST, force=force)
    assert not stands(tmp_path / "none", SET, REQUEST, force=force)


def test_where_a_set_stands(made: Path) -> None:
    assert stands(made, SET, REQUEST, force=False)
    assert not stands(made, SET, REQUEST, force=True)
    other = {"verb": "other"}
    assert not stands(made, SET, other, force=True)
    with pytest.raises(ConfigError, match=r"set: holds another stimulus set; .*--force"):
        stands(made, SET, other, force=False)


@pytest.mark.parametrize("force", [False, True])
def test_where_something_else_stands(force: bool, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("mine", "file"):
        with pytest.raises(ConfigError, match="exists and is not a stimulus set"):
            stands(tmp_path / name, SET, REQUEST, force=force)


@pytest.mark.parametrize("content", [{}, {"author": "me"}, []], ids=str)
def test_a_provenance_of_someone_elses(content: Any, tmp_path: Path) -> None:
    write_json(tmp_path / "mine" / "provenance.json", content)
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not a stimulus set"):
        stands(tmp_path / "mine", SET, REQUEST, force=True)


def test_force_never_deletes_what_is_not_the_sets(made: Path, space: Space, pictures: list[Pixels]) -> None:
    (made / "notes.txt").write_text("mine")
    try:
        if not stands(made, SET, REQUEST, force=True):
            write_set(made, planted(pictures, space), space, PROVENANCE)
    except ConfigError:
        pass
    assert (made / "notes.txt").read_text() == "mine"


def test_a_provenance_that_is_a_list(made: Path) -> None:
    write_json(made / "provenance.json", [])
    with pytest.raises(ConfigError):
        stands(made, SET, REQUEST, force=False)


def test_a_set_with_a_stimulus_missing_is_not_what_was_asked_for(made: Path) -> None:
    (made / "stimuli" / "t_0002.png").unlink()
    try:
        whole = stands(made, SET, REQUEST, force=False)
    except (ConfigError, DataError):
        whole = False
    assert not whole


def test_a_sheet_is_a_picture(made: Path) -> None:
    with Image.open(io.BytesIO((made / "sheet.png").read_bytes())) as sheet:
        sheet.load()
        assert sheet.mode == "RGB"
