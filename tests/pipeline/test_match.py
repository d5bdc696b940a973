import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaia_stim.config import MatchConfig, MorphConfig, RemakeConfig, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.files import read_json
from gaia_stim.images import read_image, write_png
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.metrics.photometry import mean_luminance
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.stimuli.sets import StimulusSet

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def continuum(faces: Path, tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    first, second = sorted(faces.glob("*.png"))[2:4]
    out = tmp_path_factory.mktemp("match") / "set"
    return morph(MorphConfig(first=first, second=second, steps=5, model=tiny_run, out=out, raw_endpoints=True)).out


def test_the_written_files_are_equally_light_and_the_manifest_says_so(continuum: Path, tmp_path: Path) -> None:
    result = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", luminance=True))
    files = np.stack([read_image(path) for path in sorted((result.out / "stimuli").glob("*.png"))])
    assert np.ptp(mean_luminance(files)) < 0.002
    table = StimulusSet.open(result.out).table
    assert table["mean_luminance"].tolist() == pytest.approx(mean_luminance(files).tolist())
    assert table["step_distance"][1:].tolist() == pytest.approx(pixel_distance(files[:-1], files[1:]).tolist())
    assert table["cumulative_distance"].iloc[-1] == pytest.approx(table["step_distance"].sum())
    each = pd.read_csv(result.each)
    assert each["mean_luminance"].tolist() == pytest.approx(table["mean_luminance"].tolist())
    before = StimulusSet.open(continuum).table["mean_luminance"]
    assert each["mean_luminance_before"].tolist() == pytest.approx(before.tolist())
    assert result.spread[0].measure == "mean_luminance"
    assert result.spread[0].after == pytest.approx(np.ptp(table["mean_luminance"]))
    assert result.clipped_most == each["clipped_share"].max()


def test_all_but_the_pictures_is_the_old_sets(continuum: Path, tmp_path: Path) -> None:
    made = StimulusSet.open(match(MatchConfig(stimuli=continuum, out=tmp_path / "new", grey=True)).out)
    old = StimulusSet.open(continuum)
    kept = ["stim_id", "image", "kind", "position", "alpha", "source_ids", "raw", "model_hash"]
    pd.testing.assert_frame_equal(made.table[kept], old.table[kept])
    assert made.image("m_0001").shape == (32, 32, 1)
    assert made.table["mean_luminance"].tolist() == pytest.approx(old.table["mean_luminance"].tolist(), abs=0.005)
    assert made.provenance.as_written["plan"] == old.provenance.as_written["plan"]


def test_the_set_itself_is_not_touched_and_the_same_command_does_nothing(
    continuum: Path, tmp_path: Path, contents: Contents
) -> None:
    before = contents(continuum)
    asked = MatchConfig(stimuli=continuum, out=tmp_path / "new", contrast=True)
    first = match(asked)
    made = contents(first.out)
    heard: list[Event] = []
    assert match(asked, heard.append) == first
    assert [event.text for event in heard if isinstance(event, Note)] == [
        f"{first.out} holds this very set already: nothing to do"
    ]
    assert (contents(continuum), contents(first.out)) == (before, made)
    with pytest.raises(ConfigError, match="holds another"):
        match(MatchConfig(stimuli=continuum, out=tmp_path / "new", luminance=True))
    with pytest.raises(ConfigError, match="is the set itself"):
        match(MatchConfig(stimuli=continuum, out=continuum, luminance=True, force=True))


def test_without_out_the_new_set_lies_beside_the_old_one(continuum: Path, tmp_path: Path) -> None:
    here = Path(shutil.copytree(continuum, tmp_path / "here"))
    assert match(MatchConfig(stimuli=here, padding=2)).out == tmp_path / "here_matched"


def test_a_size_in_degrees_is_in_the_files_and_in_the_provenance(continuum: Path, tmp_path: Path) -> None:
    asked = {"degrees": 4, "distance": 57.3, "screen_width": 50, "screen_pixels": 1000}
    result = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", **asked))
    assert result.size == "80 x 80"
    assert read_image(result.out / "stimuli" / "m_0001.png").shape == (80, 80, 3)
    step = read_json(result.out / "provenance.json")["processing"][0]
    assert (step["side"], step["options"]["degrees"], step["options"]["distance"]) == (80, 4, 57.3)


def test_what_cannot_be_reached_is_named(continuum: Path, tmp_path: Path) -> None:
    plain = Path(shutil.copytree(continuum, tmp_path / "plain"))
    heard: list[Event] = []
    match(MatchConfig(stimuli=plain, out=tmp_path / "new", background="black"), heard.append)
    warned = [event.text for event in heard if isinstance(event, Note) and event.warning]
    assert all("could not be reached" not in text for text in warned)


def test_a_picture_that_was_changed_by_hand_is_refused(continuum: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(continuum, tmp_path / "changed"))
    path = changed / "stimuli" / "m_0002.png"
    write_png(path, 255 - read_image(path))
    with pytest.raises(DataError, match=r"m_0002\.png: was changed after the set was written"):
        match(MatchConfig(stimuli=changed, luminance=True))
    assert not (tmp_path / "changed_matched").exists()


def test_nothing_to_do_and_nothing_to_see_are_refused(continuum: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to do"):
        make(MatchConfig, {"stimuli": continuum})
    with pytest.raises(ConfigError, match="nothing to see"):
        match(MatchConfig(stimuli=continuum, out=tmp_path / "new", size=20, padding=8))
    with pytest.raises(ConfigError, match="not a colour"):
        match(MatchConfig(stimuli=continuum, out=tmp_path / "new", background="blurple"))
    with pytest.raises(DataError, match="not a stimulus set"):
        match(MatchConfig(stimuli=tmp_path, grey=True))
    assert not (tmp_path / "new").exists()


def levels_of(folder: Path) -> np.ndarray:
    """Of all written files, of 1."""
    return np.stack([read_image(path) for path in sorted((folder / "stimuli").glob("*.png"))]) / 255


def test_files_for_another_display_have_the_luminance_there(continuum: Path, tmp_path: Path) -> None:
    """Computed from the files by the display's own curve; the manifest, a second match and the audit go by it too."""
    measured = tmp_path / "monitor.csv"
    pd.DataFrame({"level": [0, 51, 128, 204, 255], "luminance": [1, 6, 30, 70, 100]}).to_csv(measured, index=False)
    curves = {
        "linear": lambda share: share,
        "gamma:2.2": lambda share: share**2.2,
        str(measured): lambda share: np.interp(share * 255, [0, 51, 128, 204, 255], [0.01, 0.06, 0.3, 0.7, 1]),
    }
    target = StimulusSet.open(continuum).table["mean_luminance"].mean()
    for number, (display, light) in enumerate(curves.items()):
        asked = MatchConfig(stimuli=continuum, out=tmp_path / f"new{number}", luminance=True, display=display)
        made = StimulusSet.open(match(asked).out)
        y = light(levels_of(made.folder)) @ [0.2126, 0.7152, 0.0722]
        assert y.mean(axis=(1, 2)).tolist() == pytest.approx([target] * len(made), abs=1e-3)
        assert made.table["mean_luminance"].tolist() == pytest.approx(y.mean(axis=(1, 2)).tolist())
        assert made.table["rms_contrast"].tolist() == pytest.approx(y.std(axis=(1, 2)).tolist())
        assert made.provenance.display.name == Path(display).name
        back = match(
            MatchConfig(stimuli=made.folder, out=tmp_path / f"back{number}", display="srgb", size=32, grey=True)
        )
        assert StimulusSet.open(back.out).provenance.display.name == "srgb"
        assert StimulusSet.open(back.out).table["mean_luminance"].tolist() == pytest.approx([target] * 5, abs=3e-3)


def test_the_sheet_shows_a_set_for_another_display_as_it_looks_there(continuum: Path, tmp_path: Path) -> None:
    """Of 32 px pictures a tile has each pixel three by three: its levels are those of the picture before."""
    made = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", display="linear", dither="none"))
    sheets = [read_image(folder / "sheet.png").astype(int) for folder in (continuum, made.out)]
    assert levels_of(continuum).mean() > levels_of(made.out).mean() + 0.05
    below = [sheet[-130:] for sheet in sheets]  # without the title
    assert np.abs(below[0] - below[1]).mean() < 4


def test_a_display_alone_is_something_to_do_and_its_table_is_known_by_its_content(
    continuum: Path, tmp_path: Path
) -> None:
    table = pd.DataFrame({"level": [0, 100, 255], "luminance": [0.2, 20, 90]})
    for name in ("a.csv", "b.csv"):
        table.to_csv(tmp_path / name, index=False)
    first = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", display=str(tmp_path / "a.csv")))
    heard: list[Event] = []
    match(MatchConfig(stimuli=continuum, out=first.out, display=str(tmp_path / "b.csv")), heard.append)
    assert any("nothing to do" in event.text for event in heard if isinstance(event, Note))
    table.assign(luminance=[0.2, 25, 90]).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(ConfigError, match="holds another"):
        match(MatchConfig(stimuli=continuum, out=first.out, display=str(tmp_path / "b.csv")))
    with pytest.raises(ConfigError, match="srgb, linear, gamma:X"):
        make(MatchConfig, {"stimuli": continuum, "display": "apple"})


def test_a_set_for_a_measured_display_is_made_again_without_the_table(continuum: Path, tmp_path: Path) -> None:
    table = tmp_path / "monitor.csv"
    pd.DataFrame({"level": [0, 100, 255], "luminance": [0.2, 20, 90]}).to_csv(table, index=False)
    made = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", display=str(table), contrast=True, spectrum=True))
    table.unlink()
    again = remake(RemakeConfig(target=made.out, out=tmp_path / "again", images=continuum))
    assert again.identical, (again.different, again.different_files)


def test_what_version_0_1_did_otherwise_is_another_request(continuum: Path, tmp_path: Path) -> None:
    requests = []
    for asked in ({"luminance": True}, {"contrast": True}, {"spectrum": True}):
        made = match(MatchConfig(stimuli=continuum, out=tmp_path / next(iter(asked)), **asked))
        requests.append(StimulusSet.open(made.out).provenance)
    assert ["method" in one.request for one in requests] == [False, True, True]
    assert {one.processing[-1].method for one in requests} == {2}
    assert not {"ground", "display", "dither", "contrast_as"} & set(requests[0].request["options"])


def test_a_spectrum_that_could_not_be_reached_is_told_with_what_gets_nearer(tmp_path: Path, continuum: Path) -> None:
    heard: list[Event] = []
    made = match(MatchConfig(stimuli=continuum, out=tmp_path / "new", spectrum=True), heard.append)
    each = pd.read_csv(made.each)
    warned = [event.text for event in heard if isinstance(event, Note) and event.warning]
    assert each["structure"].between(0, 1).all()
    told = [text for text in warned if "Fourier amplitude is further than 0.05 log10" in text]
    assert bool(told) == bool((each["spectrum_error"] > 0.05).any())
    assert all("--rotational" in text for text in told)
