import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planted_sets import PROVENANCE

from gaia_stim.config import MediaConfig
from gaia_stim.errors import ConfigError
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.media import check_media, frames, write_gif, write_media, write_mp4, write_zip
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.writing import write_set

HAS_VIDEO = importlib.util.find_spec("av") is not None


@pytest.fixture
def four(space: Space, tmp_path: Path) -> StimulusSet:
    codes = np.random.default_rng(0).normal(size=(4, space.latent)).astype(np.float32)
    rows = [Row.numbered("morph", position, 4) for position in range(4)]
    return write_set(tmp_path / "four", Plan(rows, codes, "four"), space, PROVENANCE)


def test_frames_go_there_and_back_and_are_enlarged_by_a_whole_factor(four: StimulusSet) -> None:
    shown = list(frames(four))
    pictures = [four.image(f"m_000{number}") for number in (1, 2, 3, 4, 3, 2)]
    assert [frame[::8, ::8].tobytes() for frame in shown] == [picture.tobytes() for picture in pictures]
    assert {frame.shape for frame in shown} == {(256, 256, 3)}


def test_a_closed_loop_goes_round_once(four: StimulusSet) -> None:
    four.table["angle_deg"] = [0.0, 90.0, 180.0, 270.0]
    assert len(list(frames(four))) == 4


def test_a_gif_plays_for_ever_and_is_the_same_bytes_again(four: StimulusSet, tmp_path: Path) -> None:
    path = write_gif(four, tmp_path / "a.gif", fps=20)
    with Image.open(path) as film:
        assert (film.n_frames, film.info["duration"], film.info["loop"]) == (6, 50, 0)
        film.seek(2)
        shown = np.asarray(film.convert("RGB"), dtype=int)
    assert np.abs(shown - list(frames(four))[2]).mean() < 3, "256 colours are nearly the picture's own"
    assert write_gif(four, tmp_path / "b.gif", fps=20).read_bytes() == path.read_bytes()


def test_a_zip_has_every_file_of_the_set_and_is_the_same_bytes_again(
    four: StimulusSet, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    path = write_zip(four, tmp_path / "a.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {f"four/{name}": content for name, content in contents(four.folder).items()}
    for file in four.folder.rglob("*.png"):
        file.touch()
    assert write_zip(four, tmp_path / "b.zip").read_bytes() == path.read_bytes()


def test_media_lie_beside_the_set_which_stays_as_it_is(
    four: StimulusSet, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    before = contents(four.folder)
    write_media(four, MediaConfig(gif=True, zip=True))
    assert contents(four.folder) == before
    assert sorted(path.name for path in four.folder.parent.iterdir()) == [
        ".four.gif.gaia-stim.json",
        ".four.zip.gaia-stim.json",
        "four",
        "four.gif",
        "four.zip",
    ]


def test_another_file_of_that_name_is_not_overwritten(four: StimulusSet) -> None:
    mine = four.folder.with_name("four.gif")
    mine.write_bytes(b"a holiday")
    for force in (False, True):
        with pytest.raises(ConfigError, match=r"four\.gif: exists, and no record says that it is"):
            write_media(four, MediaConfig(gif=True), force=force)
    assert mine.read_bytes() == b"a holiday"
    assert [path.name for path in mine.parent.iterdir() if path.name.startswith(".")] == []
    mine.unlink()
    write_media(four, MediaConfig(gif=True, fps=3))
    with pytest.raises(ConfigError, match=r"four\.gif: is another film.*--force"):
        write_media(four, MediaConfig(gif=True, fps=9))
    write_media(four, MediaConfig(gif=True, fps=9), force=True)
    write_media(four, MediaConfig(gif=True, fps=9))


def test_media_are_no_part_of_what_makes_two_commands_the_same() -> None:
    assert MediaConfig(gif=True, zip=True, fps=3).request() == MediaConfig().request() == {}


@pytest.mark.skipif(HAS_VIDEO, reason="PyAV is installed")
def test_without_pyav_a_film_is_refused_before_anything_is_made() -> None:
    check_media(MediaConfig(gif=True))
    with pytest.raises(ConfigError, match=r"pip install 'gaia-stim\[video\]'"):
        check_media(MediaConfig(mp4=True))


@pytest.mark.skipif(not HAS_VIDEO, reason="needs PyAV")
def test_a_film_has_the_frames(four: StimulusSet, tmp_path: Path) -> None:
    import imageio.v3 as imageio

    path = write_mp4(four, tmp_path / "four.mp4", fps=12)
    film = imageio.imread(path, plugin="pyav")
    assert film.shape == (6, 256, 256, 3)
    assert np.abs(film.astype(int) - np.stack(list(frames(four)))).mean() < 6
