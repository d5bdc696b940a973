"""A set under a slider without steps: what is drawn is what model and photographs give, wherever it stands."""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.config import (
    DesignConfig,
    ExportConfig,
    InterpolateConfig,
    MatchConfig,
    MorphConfig,
    make,
)
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.events import Event, Note, silent
from gaia_stim.images import Pixels, read_image, write_png
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.sweep import EDGE, MEAN_OFF, OFF, Off, Sweep, sweep_of

SIDE = 48


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Larger than the model's pictures."""
    home = tmp_path_factory.mktemp("photographs")
    for face in (2, 5, 8):
        write_png(home / f"f{face}.png", draw_face(deal(face, seed=7), size=SIDE))
    return sorted(home.iterdir())


@pytest.fixture(scope="session")
def carried(tiny_run: Path, photographs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    asked = {"first": photographs[0], "second": photographs[1], "steps": 3, "model": tiny_run}
    return StimulusSet.open(morph(make(MorphConfig, {**asked, "out": tmp_path_factory.mktemp("sets") / "set"})).out)


@pytest.fixture(scope="session")
def sweep(carried: StimulusSet) -> Sweep:
    return swept(carried)


def swept(stimuli: StimulusSet) -> Sweep:
    found = sweep_of(stimuli, None, None, silent)
    assert found is not None
    return found


def true_pictures(carried: StimulusSet, photographs: list[Path], places: list[float]) -> list[Pixels]:
    space = Space.load(Path(carried.provenance.model.run))
    line = space.line(*photographs[:2], size=SIDE)
    return [line.at(place / 2) for place in places]


def test_between_steps_it_is_what_the_photographs_give(
    carried: StimulusSet, photographs: list[Path], sweep: Sweep
) -> None:
    places = [0.07, 0.33, 0.61, 0.93, 1.21, 1.5, 1.77, 1.98]
    off = [
        Off.of(sweep.at(place), true)
        for place, true in zip(places, true_pictures(carried, photographs, places), strict=True)
    ]
    assert max(one.mean for one in off) <= MEAN_OFF
    # Single places may be a little beyond the bound, which was kept at others.
    assert max(one.outside for one in off) <= OFF + 2
    assert all(one.off.is_near for one in sweep.checks)


def test_no_picture_of_a_fine_set_is_off_by_more_outside_edges(
    tiny_run: Path, photographs: list[Path], tmp_path: Path
) -> None:
    """Its files read anew, and edges found in each of them as somebody else would find them."""
    asked = {"first": photographs[1], "second": photographs[2], "steps": 33, "model": tiny_run, "out": tmp_path / "set"}
    stimuli = StimulusSet.open(morph(make(MorphConfig, asked)).out)
    sweep = swept(stimuli)
    between = [at for at in range(33) if at not in sweep.keys]
    assert len(between) > 8, "some are drawn"
    for at in between:
        true = read_image(stimuli.folder / stimuli.table["image"][at]).astype(int)
        off = abs(sweep.at(at).astype(int) - true)
        padded = np.pad(true, ((1, 1), (1, 1), (0, 0)), mode="edge")
        near = np.stack([padded[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)])
        is_edge = (np.ptp(near, axis=0) >= EDGE).any(axis=2)
        assert off.mean() <= 1 and 0.1 < is_edge.mean() < 0.8
        assert off[~is_edge].max() <= 3


def test_at_its_own_pictures_it_is_the_sets(carried: StimulusSet, sweep: Sweep) -> None:
    own = {at: picture for at, picture in zip(sweep.keys, sweep.pictures, strict=True) if at == int(at)}
    assert own.keys() >= {0.0, 2.0}
    for at, picture in own.items():
        [_, found] = list(carried.pictures())[int(at)]
        assert np.array_equal(found, picture) and np.array_equal(sweep.at(at), picture)


def test_how_far_off_is_counted_outside_edges_only() -> None:
    flat = np.full((20, 20, 3), 100, np.uint8)
    speck = flat.copy()
    speck[3, 3] += 5
    assert Off.of(speck, flat) == Off(mean=5 / 400, largest=5, outside=5)
    edge = flat.copy()
    edge[:, 10:] = 200
    beside = edge.copy()
    beside[:, 10] -= 50
    assert Off.of(beside, edge).outside == 0 and Off.of(beside, edge).largest == 50


def test_the_page_gets_what_was_tried(carried: StimulusSet, sweep: Sweep, tmp_path: Path) -> None:
    made = design(DesignConfig(kind="adjustment", stimuli=carried.folder, out=tmp_path / "design")).out
    asked = {"stimuli": carried.folder, "to": "jspsych", "design": made, "slider": "smooth"}
    out = export(make(ExportConfig, {**asked, "out": tmp_path / "smooth"})).out
    about = json.loads((out / "smooth.js").read_text().removeprefix("var smooth = ").removesuffix(";\n"))
    assert (about["width"], about["height"], len(about["keys"])) == (SIDE, SIDE, len(sweep.keys))
    grid = about["grid"]
    moves = [np.frombuffer(base64.b64decode(one), "<f2").reshape(grid, grid, 4) for one in about["moves"]]
    assert all(np.array_equal(found, wanted) for found, wanted in zip(moves, sweep.moves, strict=True))
    plain = export(make(ExportConfig, {**asked, "slider": "steps", "out": tmp_path / "steps"})).out
    assert (plain / "smooth.js").read_text() == "var smooth = null;\n"
    with pytest.raises(ConfigError, match="holds another export"):
        export(make(ExportConfig, {**asked, "slider": "steps", "out": out}))


def test_where_the_bound_does_not_hold_the_sets_pictures_are_shown_with_a_word(
    carried: StimulusSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaia_stim.stimuli.sweep.MOST_KEYS", 2)
    made = design(DesignConfig(kind="adjustment", stimuli=carried.folder, out=tmp_path / "design")).out
    asked = {"stimuli": carried.folder, "to": "jspsych", "design": made, "slider": "smooth", "out": tmp_path / "out"}
    told: list[Event] = []
    out = export(make(ExportConfig, asked), told.append).out
    assert (out / "smooth.js").read_text() == "var smooth = null;\n"
    [warning] = [one.text for one in told if isinstance(one, Note) and one.warning]
    assert "cannot be drawn within the bound" in warning and "goes from picture to picture" in warning


def refused(stimuli: Path, **options: object) -> str:
    with pytest.raises(ConfigError) as told:
        export(make(ExportConfig, {"stimuli": stimuli, "to": "jspsych", "slider": "smooth", **options}))
    assert "--slider smooth" in str(told.value)
    return str(told.value)


def test_sets_between_whose_stimuli_nothing_is_known_are_refused(
    carried: StimulusSet, photographs: list[Path], tiny_run: Path, tmp_path: Path
) -> None:
    asked = {"images": photographs, "path": "wheel", "steps": 4, "size": "model", "model": tiny_run}
    wheel = interpolate(make(InterpolateConfig, {**asked, "out": tmp_path / "wheel"})).out
    assert "is a wheel" in refused(wheel)
    asked = {"stimuli": carried.folder, "luminance": True, "out": tmp_path / "matched"}
    assert "was processed" in refused(match(make(MatchConfig, asked)).out)
    asked = {"first": photographs[0], "second": photographs[1], "steps": 3, "size": "model", "raw_endpoints": True}
    raw = morph(make(MorphConfig, {**asked, "model": tiny_run, "out": tmp_path / "raw"})).out
    assert "not the model's own" in refused(raw)
    made = design(DesignConfig(kind="2afc", stimuli=carried.folder, out=tmp_path / "2afc")).out
    assert "only adjustment has a slider, not 2afc" in refused(carried.folder, design=made)
    assert "only jspsych has that" in refused(carried.folder, to="psychopy")


def test_photographs_and_models_that_are_gone_are_named(
    carried: StimulusSet, photographs: list[Path], tmp_path: Path
) -> None:
    shutil.copytree(carried.folder, tmp_path / "set")
    about = json.loads((tmp_path / "set" / "provenance.json").read_text())
    about["sources"][0]["path"] = "gone.png"
    (tmp_path / "set" / "provenance.json").write_text(json.dumps(about))
    elsewhere = StimulusSet.open(tmp_path / "set")
    with pytest.raises(DataError, match=r"gone\.png: the photograph is not there as it was; name a folder .* --images"):
        sweep_of(elsewhere, None, None, silent)
    assert sweep_of(elsewhere, None, photographs[0].parent, silent)
    with pytest.raises(CheckpointError, match="no such model"):
        sweep_of(carried, tmp_path / "nowhere", None, silent)
