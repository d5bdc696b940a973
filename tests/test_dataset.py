"""Folders made on the spot, opened, interrupted, changed and damaged."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gaia_stim import dataset as module
from gaia_stim.dataset import Dataset, cache_folder, image_ids, is_validation, open_dataset
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note, Progress
from gaia_stim.files import hash_file, named_hash
from gaia_stim.images import fit_image, read_image, with_channels, write_png

ID = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAIA_STIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are decoded for the cache, as they are."""
    names: list[str] = []
    real = module.decode_image

    def decode_image(content: bytes, name: str, background: str) -> np.ndarray:
        names.append(Path(name).name)
        return real(content, name, background)

    monkeypatch.setattr(module, "decode_image", decode_image)
    return names


def fill(folder: Path, count: int, channels: int = 3, start: int = 0, side: int = 20) -> list[Path]:
    paths = [folder / f"{index:03}.png" for index in range(start, start + count)]
    for index, path in enumerate(paths, start):
        pixels = np.random.default_rng(index).integers(0, 256, (side, side + 4, channels), dtype=np.uint8)
        write_png(path, pixels)
    return paths


def notes(folder: Path, **options: object) -> tuple[Dataset, list[Note]]:
    events: list[Event] = []
    opened = open_dataset(folder, 16, listen=events.append, **options)
    # That images are not square is a matter of its own, below.
    return opened, [event for event in events if isinstance(event, Note) and "not square" not in event.text]


def stop_at(done: int) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.done == done:
            raise KeyboardInterrupt

    return listen


def test_rows_hold_the_fitted_images_in_order_of_their_paths(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    fill(folder / "b", 3), fill(folder / "a", 4, start=3), fill(folder, 2, start=7)
    opened = open_dataset(folder, 16)
    assert opened.table["path"].tolist() == [
        *("007.png", "008.png"),
        *("a/003.png", "a/004.png", "a/005.png", "a/006.png"),
        *("b/000.png", "b/001.png", "b/002.png"),
    ]
    assert len(opened) == 9 and opened.pixels.shape == (9, 16, 16, 3) and opened.channels == 3
    for row in opened.table.itertuples():
        assert np.array_equal(opened.pixels[row.row], fit_image(read_image(folder / row.path), 16, "crop"))
        assert row.image_hash == hash_file(folder / row.path)
    assert sorted([*opened.rows("train"), *opened.rows("validation")]) == list(range(9))
    assert opened.rows("train").dtype == np.int64
    batch = opened.batch(np.array([5, 0]))
    assert np.array_equal(batch, np.stack([opened.pixels[5], opened.pixels[0]]))
    assert type(batch) is np.ndarray and batch.flags.writeable
    with pytest.raises(ValueError):
        opened.pixels[0] = 0


def test_an_unchanged_folder_is_not_decoded_again(tmp_path: Path, decoded: list[str]) -> None:
    fill(tmp_path / "images", 12)
    first = open_dataset(tmp_path / "images", 16)
    assert len(decoded) == 12  # each file once
    second = open_dataset(tmp_path / "images", 16)
    assert len(decoded) == 12
    assert np.array_equal(first.pixels, second.pixels) and first.table.equals(second.table)
    assert first.content_hash == second.content_hash
    assert len({open_dataset(tmp_path / "images", size).content_hash for size in (16, 32)}) == 2


def test_changes_of_the_folder_are_seen(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    paths = fill(folder, 12)
    hashes = [open_dataset(folder, 16).content_hash]
    write_png(paths[3], np.zeros((20, 24, 3), dtype=np.uint8))
    changed = open_dataset(folder, 16)
    assert np.all(changed.pixels[3] == 0)
    paths[5].unlink()
    fewer = open_dataset(folder, 16)
    assert len(fewer) == 11
    hashes += [changed.content_hash, fewer.content_hash]
    assert len(set(hashes)) == 3 and all(re.fullmatch("sha256_[0-9a-f]{64}", name) for name in hashes)


@pytest.mark.parametrize("workers", [1, 4])
def test_an_interrupted_build_goes_on(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)
    folder = tmp_path / "images"
    fill(folder, 60)
    whole = open_dataset(folder, 16, fit="pad")
    decoded.clear()
    with pytest.raises(KeyboardInterrupt):
        open_dataset(folder, 16, listen=stop_at(35), workers=workers)
    assert len(decoded) < 60
    decoded.clear()
    events: list[Event] = []
    resumed = open_dataset(folder, 16, listen=events.append, workers=workers)
    assert sorted(decoded) == [f"{index:03}.png" for index in range(30, 60)]
    assert events[:-1] == [Progress("caching images", done, 60) for done in range(30, 61)]
    assert resumed.table.equals(whole.table)
    for row, path in enumerate(resumed.table["path"]):
        assert np.array_equal(resumed.pixels[row], fit_image(read_image(folder / path), 16, "crop"))


def run(folder: Path, code: str) -> subprocess.Popen[bytes]:
    head = "import os, signal, sys; from pathlib import Path; from gaia_stim import dataset; dataset.CHUNK = 10;"
    return subprocess.Popen([sys.executable, "-c", f"{head} folder = Path(sys.argv[1]);\n{code}", str(folder)])


def test_a_killed_build_goes_on(tmp_path: Path, decoded: list[str]) -> None:
    folder = tmp_path / "images"
    fill(folder, 40)
    kill = "lambda event: os.kill(os.getpid(), signal.SIGKILL) if getattr(event, 'done', 0) == 25 else None"
    assert run(folder, f"dataset.open_dataset(folder, 16, listen={kill})").wait(20) == -signal.SIGKILL
    resumed = open_dataset(folder, 16)
    assert len(decoded) == 20
    assert np.array_equal(resumed.pixels[30], fit_image(read_image(folder / "030.png"), 16, "crop"))


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_build_whose_writing_fails_goes_on(tmp_path: Path, decoded: list[str]) -> None:
    folder = tmp_path / "images"
    fill(folder, 40)
    # Every write beyond 20,000 bytes fails, like on a full disk: 26 of 40 images fit, hence two chunks.
    code = """
import resource
from gaia_stim.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    dataset.open_dataset(folder, 16)
except DataError as error:
    assert "cannot be written (File too large)" in str(error) and "GAIA_STIM_CACHE" in str(error), error
    sys.exit(3)
"""
    assert run(folder, code).wait(20) == 3
    assert len(open_dataset(folder, 16)) == 40 and len(decoded) == 20


@pytest.mark.parametrize(
    "damage",
    [
        lambda pixels, journal: journal.write_bytes(journal.read_bytes()[:-20]),
        lambda pixels, journal: journal.write_bytes(journal.read_bytes() + b"\0" * 99),
        lambda pixels, journal: pixels.write_bytes(pixels.read_bytes()[:5000]),
        lambda pixels, journal: pixels.unlink(),
        lambda pixels, journal: journal.write_bytes(b""),
    ],
    ids=["torn journal", "zeros", "pixels lost", "no pixels", "no journal"],
)
@pytest.mark.parametrize("finished", [False, True])
def test_what_a_power_cut_leaves_is_mended(
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[..., object],
    finished: bool,
) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)
    folder = tmp_path / "images"
    fill(folder, 30)
    if finished:
        open_dataset(folder, 16)
    else:
        with pytest.raises(KeyboardInterrupt):
            open_dataset(folder, 16, listen=stop_at(25))
    (journal,) = cache.rglob("journal.jsonl")
    damage(journal.with_name("pixels.u8"), journal)
    opened = open_dataset(folder, 16)
    assert len(opened) == 30
    for row in (0, 9, 10, 24, 29):
        assert np.array_equal(opened.pixels[row], fit_image(read_image(folder / f"{row:03}.png"), 16, "crop"))


def test_builders_at_the_same_time(tmp_path: Path, decoded: list[str]) -> None:
    folder = tmp_path / "images"
    fill(folder, 50)
    others = [run(folder, "dataset.open_dataset(folder, 16)") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        here = list(pool.map(lambda _: open_dataset(folder, 16), range(2)))
    assert [other.wait(20) for other in others] == [0, 0]
    assert len(decoded) in (0, 50)
    for opened in (*here, open_dataset(folder, 16)):
        assert np.array_equal(opened.pixels[49], fit_image(read_image(folder / "049.png"), 16, "crop"))


def test_unreadable_files_are_named_every_time(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    paths = fill(folder, 12)
    for path in paths[:7]:
        path.write_bytes(path.read_bytes()[:200])
    (folder / "zero.png").touch()
    for _ in range(2):
        opened, (note,) = notes(folder)
        assert note.warning and note.text == (
            "8 of 13 files skipped: truncated (7: 000.png, 001.png, 002.png, …); zero.png: the file is empty"
        )
        assert opened.skipped[-1] == ("zero.png", "the file is empty") and len(opened) == 5
    assert np.array_equal(opened.pixels[0], fit_image(read_image(paths[7]), 16, "crop"))
    with pytest.raises(DataError, match=r"8 of 13 files cannot be read: truncated \(7: 000\.png,"):
        open_dataset(folder, 16, strict=True)


def test_a_file_that_may_be_read_again_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    fill(folder, 3)
    (folder / "later.png").symlink_to("b/later.png")
    assert notes(folder)[0].skipped == (("later.png", "is a link to a file that is not there"),)
    fill(folder / "b", 1)[0].rename(folder / "b" / "later.png")
    assert len(open_dataset(folder, 16)) == 5


@pytest.mark.parametrize("readable", [0, 1])
def test_too_few_images(tmp_path: Path, readable: int) -> None:
    folder = tmp_path / "images"
    fill(folder, readable)
    for name in ("x.png", "y.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    few = "only 1" if readable else "none"
    with pytest.raises(DataError, match=rf"{few} of .* files can be read, at least 2 are needed: .*x\.png"):
        open_dataset(folder, 16)


def test_folders_that_are_no_data_sets(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        open_dataset(tmp_path / "none", 16)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images in it"):
        open_dataset(tmp_path / "empty", 16)
    fill(tmp_path / "one", 1)
    with pytest.raises(DataError, match="only 1 image in it"):
        open_dataset(tmp_path / "one", 16)
    with pytest.raises(ConfigError, match="not a colour"):
        open_dataset(tmp_path / "one", 16, background="whit")


def test_grey_folders_have_one_channel_also_where_stored_as_colour(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    fill(folder, 5, channels=1)
    grey = np.random.default_rng(9).integers(0, 256, (20, 20, 1), dtype=np.uint8)
    write_png(folder / "rgb.png", with_channels(grey, 3))
    opened = open_dataset(folder, 16)
    assert opened.channels == 1 and opened.pixels.shape == (6, 16, 16, 1)
    assert np.array_equal(opened.pixels[5], fit_image(grey, 16, "crop"))
    assert open_dataset(folder, 16, channels="3").pixels.shape == (6, 16, 16, 3)


def test_a_late_colour_image_makes_all_of_them_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBES", 2)  # the first and the last
    monkeypatch.setattr(module, "CHUNK", 3)
    folder = tmp_path / "images"
    fill(folder, 10, channels=1)
    fill(folder / "005", 1, channels=3, start=99)
    opened, (note,) = notes(folder, workers=1)
    assert "005/099.png has colour" in note.text and not note.warning
    assert opened.channels == 3 and opened.pixels.shape == (11, 16, 16, 3)
    assert np.array_equal(opened.pixels[0], fit_image(with_channels(read_image(folder / "000.png"), 3), 16, "crop"))
    assert notes(folder)[1] == []
    forced = open_dataset(folder, 16, channels="1")
    row = forced.table["path"].tolist().index("005/099.png")
    luma = fit_image(with_channels(read_image(folder / "005/099.png"), 1), 16, "crop")
    assert forced.channels == 1 and np.array_equal(forced.pixels[row], luma)


def test_grey_images_among_coloured_ones_are_padded_with_the_same_colour(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    fill(folder, 2, channels=1), fill(folder, 2, channels=3, start=2)
    opened = open_dataset(folder, 24, fit="pad", background="#ff0000")
    assert np.all(opened.pixels[:, 0] == [255, 0, 0])


def test_the_split_is_a_tenth_and_belongs_to_the_image(tmp_path: Path) -> None:
    hashes = [named_hash(f"{index * 0x9E3779B97F4A7C15 % 2**64:016x}{0:048x}") for index in range(5000)]
    chosen = is_validation(hashes)
    assert abs(chosen.mean() - 0.1) < 0.01
    assert np.array_equal(is_validation(hashes[::-1]), chosen[::-1])
    # 0.1 of 2^32 lies between the middle two; the outer two keep both sides from being empty.
    edge = [named_hash(f"{start}{0:056x}") for start in ("00000000", "19999999", "1999999a", "ffffffff")]
    assert is_validation(edge).tolist() == [True, True, False, False]

    folder = tmp_path / "images"
    fill(folder, 60)
    before = open_dataset(folder, 16).table.set_index("image_hash")
    fill(folder / "a", 60, start=60)
    after = open_dataset(folder, 16).table.set_index("image_hash")
    assert (after.loc[before.index, "split"] == before["split"]).all()
    assert (after.loc[before.index, "image_id"] == before["image_id"]).all()


def test_copies_are_on_the_same_side_and_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    for path in fill(folder, 40):
        (folder / f"copy_{path.name}").write_bytes(path.read_bytes())
    opened, (note,) = notes(folder)
    assert "40 of 80 images are byte for byte copies" in note.text
    assert set(opened.table.groupby("image_hash")["split"].nunique()) == {1}


@given(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=6))
def test_no_side_is_empty(starts: list[int]) -> None:
    chosen = is_validation([named_hash(f"{start:08x}{0:056x}") for start in starts])
    assert 1 <= chosen.sum() < len(starts)


def test_the_side_is_taken_by_the_smallest_or_the_largest_hash() -> None:
    low, middle, high = (named_hash(start * 64) for start in "0a f".replace(" ", ""))
    assert is_validation([high, middle]).tolist() == [False, True]
    assert is_validation([low, low, named_hash("1" + "0" * 63)]).tolist() == [True, True, False]
    assert is_validation([middle, middle]).tolist() == [True, False]


def test_ids_of_nasty_names() -> None:
    paths = {
        "0.jpg": "img_0",
        "ä ö.png": "a_o",
        "=HYPERLINK.png": "HYPERLINK",
        "x/-0.5.png": "x_0_5",
        "faces/anna.b.png": "faces_anna_b",
        "語.png": "img",
        "_.png": "img",
    }
    for path, expected in paths.items():
        assert image_ids([path]) == [expected]
    collided = image_ids(["a/b.png", "a_b.png", "A_B.jpg", "c.png"])
    assert len({name.lower() for name in collided}) == 4 and collided[3] == "c"
    assert all(re.fullmatch("(?i)a_b_[0-9a-f]{8}", name) for name in collided[:3])
    assert image_ids(["c.png", "A_B.jpg", "a/b.png", "a_b.png"]) == [collided[i] for i in (3, 2, 0, 1)]
    # A name that is what another one would become.
    assert len(set(image_ids(["a/b.png", "a_b.png", f"{collided[0]}.png"]))) == 3


@given(st.lists(st.text(min_size=1, max_size=120), unique=True, max_size=30))
def test_ids_are_valid_and_unique(paths: list[str]) -> None:
    paths = [path for path in paths if not any(0xD800 <= ord(c) < 0xE000 for c in path)]
    ids = image_ids(paths)
    assert len({name.lower() for name in ids}) == len(paths)
    assert all(ID.match(name) and len(name) < 160 for name in ids)


@pytest.mark.skipif(sys.platform != "linux", reason="such names are only possible there")
def test_a_name_that_is_not_utf_8_is_skipped(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (path, *_) = fill(folder, 3)
    path.rename(folder / os.fsdecode(b"\xff.png"))
    opened, (note,) = notes(folder)
    assert len(opened) == 2 and "not valid UTF-8" in note.text
    note.text.encode()


def test_no_room_for_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "images", 4)
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: free)
    with pytest.raises(DataError, match=r"needs 3,072 more bytes, 1,000 are free.*GAIA_STIM_CACHE"):
        open_dataset(tmp_path / "images", 16)


def test_a_cache_folder_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "images", 4)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAIA_STIM_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be written .* GAIA_STIM_CACHE"):
        open_dataset(tmp_path / "images", 16)


def test_long_unused_caches_are_deleted(tmp_path: Path, cache: Path) -> None:
    fill(tmp_path / "images", 3)
    foreign = cache / "images" / "mine"
    foreign.mkdir(parents=True)
    open_dataset(tmp_path / "images", 16)
    with pytest.raises(KeyboardInterrupt):
        open_dataset(tmp_path / "images", 17, listen=stop_at(2))
    old = [path for path in (cache / "images").iterdir() if path.is_dir()]
    assert len(old) == 3
    for path in old:
        os.utime(path, (time.time() - 31 * 24 * 3600,) * 2)
    open_dataset(tmp_path / "images", 16)  # used again
    newest = open_dataset(tmp_path / "images", 18)
    left = [path for path in (cache / "images").iterdir() if path.is_dir()]
    assert len(left) == 3 and foreign in left and len(newest) == 3


def test_where_caches_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GAIA_STIM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("GAIA_STIM_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/gaia-stim")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "gaia-stim"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder() == Path("/local/gaia-stim")


def test_images_of_every_kind_in_one_folder(tmp_path: Path) -> None:
    colour = np.random.default_rng(3).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(colour)
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.tif")
    picture.save(tmp_path / "c.webp", lossless=True)
    picture.convert("RGBA").save(tmp_path / "d.PNG")
    Image.fromarray(colour[..., 0].astype(np.uint16) * 257).save(tmp_path / "e.png")
    opened = open_dataset(tmp_path, 16)
    assert all(np.array_equal(opened.pixels[row], colour) for row in range(4))
    assert np.array_equal(opened.pixels[4], with_channels(colour[..., :1], 3))


def test_real_folder() -> None:
    data = os.environ.get("GAIA_STIM_DATA")
    if not data:
        pytest.skip("GAIA_STIM_DATA is not set")
    opened = open_dataset(Path(data, "finch"), 32)
    start = time.perf_counter()
    again = open_dataset(Path(data, "finch"), 32)
    assert time.perf_counter() - start < 1
    assert again.content_hash == opened.content_hash and again.channels == 1 and len(again) == 4028
