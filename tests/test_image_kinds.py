"""Folders as people have them: every kind of picture under every name, what is none, links, and what is counted."""

import io
import json
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.config import AlignConfig, AverageConfig, EncodeConfig, EvaluateConfig, TrainConfig, make
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.events import Event, Note
from gaia_stim.image_kinds import AVIF_MISSING, HEIF_MISSING, kind_of
from gaia_stim.images import LINK_HIDDEN, LINK_OUT, counted, decode_image, is_image, list_images, read_image, survey
from gaia_stim.pipeline.align import align
from gaia_stim.pipeline.codes import encode
from gaia_stim.pipeline.evaluate import evaluate
from gaia_stim.pipeline.exemplars import average_images
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sources import gather

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(size: tuple[int, int] = (32, 32), seed: int = 0) -> Image.Image:
    """Red on the left and blue on the right, in a shade of its own."""
    shade = Image.new("RGB", size, tuple(value + seed % 20 for value in RED))
    shade.paste(BLUE, (size[0] // 2, 0, *size))
    return shade


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    (image or picture()).save(stream, kind, **options)
    return stream.getvalue()


def heic(image: Image.Image | None = None, **options: object) -> bytes:
    """As a telephone writes it."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    return saved("HEIF", image, quality=95, **options)


def raw(preview: int = 1) -> bytes:
    """As most cameras' raw files begin: a TIFF whose first picture is a preview (NewSubfileType 1)."""
    return saved("TIFF", picture((16, 16)), tiffinfo={254: preview})


READ: dict[str, Callable[[], bytes]] = {
    "photo.HEIC": heic,
    "photo.heif": heic,
    "a telephone's.jpg": heic,
    "photo.avif": lambda: saved("AVIF", quality=95),
    "photo.jfif": lambda: saved("JPEG", quality=95),
    "photo.JPE": lambda: saved("JPEG", quality=95),
    "photo": lambda: saved("PNG"),
    "photo.old": lambda: saved("TIFF"),
    "photo.2": lambda: saved("BMP"),
    "net.pbm": lambda: saved("PPM"),
    "moves.apng": lambda: saved("PNG", save_all=True, append_images=[picture(seed=9)]),
    "moves.gif": lambda: saved("GIF", save_all=True, append_images=[picture(seed=9)]),
}
NOT_READ: dict[str, tuple[Callable[[], bytes], str]] = {
    "layers.psd": (lambda: b"8BPS\0\1" + bytes(40), "a Photoshop file, which is not read; save it as PNG"),
    "camera.nef": (raw, "a camera's raw file, or a preview, which is not read"),
    "camera.dng": (lambda: saved("TIFF", tiffinfo={50706: b"\1\4\0\0"}), "a camera's raw file"),
    "camera.cr2": (lambda: b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "a camera's raw file"),
    "camera.cr3": (lambda: b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file"),
    "next.jxl": (lambda: b"\xff\x0a" + bytes(40), "JPEG XL, which is not read"),
    "old.jp2": (lambda: b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000, which is not read"),
    "drawing.svg": (lambda: b'<?xml version="1.0"?>\n<svg xmlns="x"/>', "an SVG drawing, which is not read"),
    "broken.svg": (lambda: b"hello", "not an image"),
    "cut.heic": (lambda: heic()[:300], ""),
    "text.png": (lambda: b"hello", "not an image, although its name ends in .png"),
}
NO_IMAGES = {
    "labels.csv": b"image,age\na.png,3\n",
    "bmi.csv": b"BMI,age,sex,score\n21.3,30,1,4\n",
    "P1.txt": b"P1 0.25\nP1 0.75\n",
    "song.wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(24),
    "film.mov": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
    "film.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isommp41",
    "eyes.tem": b"2\n10 10\n20 10\n",
    "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(40),
    "._photo.jpg": b"\0\5\x16\7" + bytes(40),
    "empty": b"",
}


def told(folder: Path, **options: object) -> tuple[Dataset, list[Note]]:
    events: list[Event] = []
    opened = open_dataset(folder, 16, listen=events.append, **options)
    return opened, [event for event in events if isinstance(event, Note)]


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """A folder that nobody sorted."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, (name, make_it) in enumerate(READ.items()):
        (folder / name).write_bytes(make_it())
        saved_again = picture(seed=index)
        saved_again.save(folder / f"{index}.png")
    for name, (make_it, _) in NOT_READ.items():
        (folder / name).write_bytes(make_it())
    for name, content in NO_IMAGES.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_nobody_sorted(mixture: Path) -> None:
    """What is read, what is counted with its reason, and what is no picture: each file is one of the three."""
    opened, notes = told(mixture)
    plain = [f"{index}.png" for index in range(len(READ))]
    assert opened.table["path"].tolist() == sorted([*READ, *plain])
    assert {name for name, _ in opened.skipped} == set(NOT_READ)
    for name, (_, reason) in NOT_READ.items():
        assert dict(opened.skipped)[name].startswith(reason), name
    [warned] = [note.text for note in notes if note.warning]
    assert warned.startswith(f"{len(NOT_READ)} of {len(READ) * 2 + len(NOT_READ)} files skipped: ")
    assert "a camera's raw file, or a preview, which is not read; save it as PNG" in warned
    assert "(4: camera.cr2, camera.cr3, camera.dng, …)" in warned
    assert "layers.psd: a Photoshop file, which is not read" in warned
    assert "2 files hold several pictures (frames or pages), of which the first is used: moves.apng, moves.gif" in [
        note.text for note in notes
    ]
    with pytest.raises(DataError, match=rf"{len(NOT_READ)} of .* files cannot be read: .*leave --strict out"):
        open_dataset(mixture, 16, strict=True)


@pytest.mark.parametrize("name", READ)
def test_a_file_that_is_named_is_what_it_is_in_a_folder(name: str, tmp_path: Path) -> None:
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(READ[name]())
    pixels = read_image(path)
    assert list_images(path.parent) == [name] and is_image(path)
    assert pixels.shape == (32, 32, 3)
    assert np.abs(pixels[8, 4].astype(int) - RED).max() <= 6 and np.abs(pixels[-8, -4].astype(int) - BLUE).max() <= 6


@pytest.mark.parametrize("name", NOT_READ)
def test_so_is_one_that_is_not_read(name: str, tmp_path: Path) -> None:
    make_it, reason = NOT_READ[name]
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(make_it())
    assert list_images(path.parent) == [name]
    with pytest.raises(DataError) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: {reason}")


@pytest.mark.parametrize("name", NO_IMAGES)
def test_what_is_no_picture_is_not_counted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(NO_IMAGES[name])
    picture().save(tmp_path / "one.png")
    assert list_images(tmp_path) == ["one.png"]
    with pytest.raises(DataError, match=r"not an image|the file is empty"):
        read_image(tmp_path / name)


def test_a_whole_tiff_is_no_preview() -> None:
    assert decode_image(raw(preview=0), "x.tif").shape == (16, 16, 3)


@pytest.mark.parametrize("order", ["<", ">"])
def test_large_tiffs_in_either_order_of_bytes_are_known(order: str) -> None:
    assert kind_of((b"II" if order == "<" else b"MM") + struct.pack(f"{order}HHH", 43, 8, 0)).name == "TIFF"


def test_a_telephones_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: what is stored is to be turned by 90° clockwise
    turned = decode_image(heic(picture((40, 32)), exif=exif.tobytes()), "x.heic")
    assert turned.shape == (40, 32, 3)
    assert np.abs(turned[4, 16].astype(int) - RED).max() <= 6 and np.abs(turned[-4, 16].astype(int) - BLUE).max() <= 6


def test_a_cameras_second_small_picture_is_no_animation(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(saved("MPO", save_all=True, append_images=[picture((8, 8))]))
    assert told(tmp_path)[1][0].text.startswith("1 of 2 images are byte for byte copies")
    assert not any(shape.several for shape in open_dataset(tmp_path, 16).shapes)


@pytest.mark.parametrize(("kind", "options"), [("AVIF", {}), ("HEIF", {})])
def test_any_cut_of_a_container_is_a_reason(kind: str, options: dict[str, object]) -> None:
    content = heic() if kind == "HEIF" else saved(kind)
    for length in (12, 24, 40, 100, 200, len(content) // 2, len(content) - 20):
        with pytest.raises(DataError, match=r"^x\.heic: "):
            decode_image(content[:length], "x.heic")


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_a_container_that_claims_to_be_huge(kind: str) -> None:
    whole = picture((64, 64))
    content = heic(whole) if kind == "HEIF" else saved(kind, whole)
    at = content.index(b"ispe") + 8
    for side, reason in ((12_000, "too large: 12000 x 12000 pixels"), (60_000, ".*")):
        bomb = content[:at] + struct.pack(">II", side, side) + content[at + 8 :]
        with pytest.raises(DataError, match=f"^x: {reason}$|^x: {reason}; at most 100 megapixels"):
            decode_image(bomb, "x")


# -- what reads them is not installed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name", "missing"),
    [("pillow_heif", "b.heic", HEIF_MISSING), ("PIL.AvifImagePlugin", "b.avif", AVIF_MISSING)],
)
def test_what_would_read_it_is_named_and_used_once_it_is_there(
    module: str, name: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a cache says that it could not be read."""
    for index in range(2):
        picture(seed=index).save(tmp_path / f"{index}.png")
    (tmp_path / name).write_bytes(READ[f"photo.{'HEIC' if 'heic' in name else 'avif'}"]())
    with monkeypatch.context() as without:
        without.setitem(sys.modules, module, None)
        if "." in module:
            without.delattr("PIL.AvifImagePlugin")
        for _ in range(2):
            opened, notes = told(tmp_path)
            assert opened.skipped == ((name, missing),) and "pip install" in notes[0].text
    opened, notes = told(tmp_path)
    assert opened.skipped == () and len(opened) == 3 and notes == []


# -- links ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """Photographs, and links to others, as who has few disks has them."""
    folder, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    for index, path in enumerate((folder / "0.png", folder / "1.png", elsewhere / "2.png", elsewhere / "in" / "3.png")):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(seed=index).save(path)
    (elsewhere / "readme.txt").write_text("hello")
    (folder / "2.png").symlink_to(elsewhere / "2.png")
    (folder / "no suffix").symlink_to(elsewhere / "2.png")
    (folder / "readme").symlink_to(elsewhere / "readme.txt")
    (folder / "more").symlink_to(elsewhere / "in")
    (folder / "up").symlink_to(tmp_path)  # and down again
    (folder / "same.png").symlink_to("0.png")
    (folder / "circle.png").symlink_to("circle.png")
    return folder


OUT = ["2.png", "more", "no suffix", "up"]


def test_links_out_of_a_folder_are_counted(linked: Path) -> None:
    found = survey(linked)
    assert found.images == ["0.png", "1.png", "circle.png", "same.png"]
    assert found.left_out == [(name, LINK_OUT) for name in OUT]
    opened, notes = told(linked)
    assert dict(opened.skipped)["circle.png"] == "is a link to a file that is not there"
    assert "5 of 8 files skipped: " in notes[0].text
    assert "a link that leads out of the folder (4: 2.png, more, no suffix, …)" in notes[0].text
    (linked / "circle.png").unlink()
    with pytest.raises(DataError, match="4 of 7 files cannot be read: a link that leads out of the folder"):
        open_dataset(linked, 16, strict=True)


def test_links_are_followed_where_a_user_says_so(linked: Path) -> None:
    (linked / "circle.png").unlink()
    found = survey(linked, follow_links=True)
    assert found.left_out == []
    assert found.images == [
        *("0.png", "1.png", "2.png", "more/3.png", "no suffix", "same.png"),
        "up/elsewhere/2.png",
    ]
    assert len(open_dataset(linked, 16, follow_links=True, strict=True)) == 7


def test_links_to_what_is_hidden_in_the_folder(tmp_path: Path) -> None:
    """As version control of large files has them: the names are in the folder, the files behind a dot."""
    store = tmp_path / "photos" / ".annex" / "in"
    store.mkdir(parents=True)
    for index in range(2):
        picture(seed=index).save(store / f"{index}", "PNG")
        (tmp_path / "photos" / f"{index}.png").symlink_to(store / f"{index}")
    (tmp_path / "photos" / "more").symlink_to(store)
    found = survey(tmp_path / "photos")
    assert (found.images, found.left_out) == (["0.png", "1.png"], [("more", LINK_HIDDEN)])
    assert survey(tmp_path / "photos", follow_links=True).images == ["0.png", "1.png", "more/0", "more/1"]


def test_a_folder_of_nothing_but_links_says_so(linked: Path) -> None:
    for name in ("0.png", "1.png", "circle.png", "same.png"):
        (linked / name).unlink()
    with pytest.raises(DataError, match=r"no images in it: .* a link that .* \(4: 2\.png.*--follow-links follows the"):
        list_images(linked)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("name", ["pipe.png", "pipe"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    picture().save(tmp_path / "a.png")
    assert ("pipe.png" in list_images(tmp_path)) == (name == "pipe.png")
    with pytest.raises(DataError, match="no file but a pipe"):
        read_image(tmp_path / name)


# -- cut, and told ----------------------------------------------------------------------------------------------------


def test_how_much_is_cut_off_is_said(tmp_path: Path) -> None:
    for index, size in enumerate(((32, 32), (64, 32), (32, 40), (30, 30))):
        picture(size, index).save(tmp_path / f"{index}.png")
    cut = (
        "2 of 4 images are not square: cut to their centre square, which leaves out 35% of each on average, "
        "and 50% of 1.png (train --fit pad keeps all)"
    )
    for _ in range(2):  # from a cache, too
        assert [note.text for note in told(tmp_path)[1]] == [cut]
    padded = [note.text for note in told(tmp_path, fit="pad")[1]]
    assert padded == ["2 of 4 images are not square: padded with #ffffff"]


def test_a_cache_of_before_shapes_were_kept_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(3):
        picture((64, 32), index).save(tmp_path / f"{index}.png")
    before, notes = told(tmp_path)
    journal = Path(before.pixels.filename).with_name("journal.jsonl")
    header, *lines = journal.read_text().splitlines()
    old = [json.dumps(json.loads(line)[:3]) for line in lines]
    journal.write_text("".join(f"{line}\n" for line in [header, *old]))
    monkeypatch.setattr("gaia_stim.dataset.decode_image", None)  # nothing is decoded again
    after, again = told(tmp_path)
    assert after.content_hash == before.content_hash and np.array_equal(after.pixels, before.pixels)
    assert again == notes and "3 of 3 images are not square" in notes[0].text
    assert journal.read_text().splitlines() == [header, *lines]


def test_what_gaia_stim_made_in_a_folder_is_left_out_and_said(tmp_path: Path) -> None:
    for index in range(2):
        picture(seed=index).save(tmp_path / f"{index}.png")
    made = tmp_path / "made"
    made.mkdir()
    for name in ("config.json", "log.jsonl"):
        (made / name).touch()
    picture().save(made / "sheet.png")
    opened, notes = told(tmp_path, strict=True)
    assert len(opened) == 2 and [note.text for note in notes] == ["what gaia-stim made in the folder is left out: made"]


def test_each_reason_is_counted() -> None:
    one = [("a", "truncated (5 bytes)"), ("b", "too large: 9 x 9"), ("c", "truncated (6 bytes)"), ("d", LINK_OUT)]
    assert counted(one) == f"truncated (2: a, c); b: too large: 9 x 9; d: {LINK_OUT}"
    assert counted([("a", "too large: 9 x 9"), ("b", "too large: 8 x 8")]) == "too large (2: a, b)"


# -- the verbs that open a folder of images ---------------------------------------------------------------------------


def verbs(folder: Path, run: Path, **options: bool) -> dict[str, Callable[[], object]]:
    points = folder.parent / "points.csv"
    rows = "".join(f"{index}.png,{mark},{mark * 9 + 9},9\n" for index in range(2) for mark in range(2))
    points.write_text(f"image,landmark,x,y\n{rows}")
    given = {"model": run, **options}
    return {
        "encode": lambda: encode(make(EncodeConfig, {"images": [folder], **given})),
        "evaluate": lambda: evaluate(make(EvaluateConfig, {"images": folder, **given})),
        "align": lambda: align(make(AlignConfig, {"images": folder, "points": points, "out": "aligned", **options})),
        "open": lambda: open_dataset(folder, 16, **options),
    }


def test_aligned_images_of_kinds_that_are_not_written_are_pngs(linked: Path, tiny_run: Path) -> None:
    """With their points under the new name, and labels joined by what comes before the suffix."""
    (linked / "circle.png").unlink()
    (linked / "0.png").rename(linked / "0")
    (linked / "same.png").unlink()
    points = verbs(linked, tiny_run)
    table = linked.parent / "points.csv"
    table.write_text(table.read_text().replace("0.png", "0"))
    points["align"]()
    assert list_images(Path("aligned", "images")) == ["0.png", "1.png"]
    assert "0.png" in Path("aligned", "landmarks.csv").read_text()
    (linked / "0.png").write_bytes((linked / "1.png").read_bytes())
    table.write_text(table.read_text() + "0.png,0,9,9\n0.png,1,18,9\n")
    with pytest.raises(DataError, match=r"both would be written as 0\.png; rename one of them"):
        align(make(AlignConfig, {"images": linked, "points": table, "out": "again"}))


@pytest.mark.parametrize("verb", ["encode", "evaluate", "align", "open"])
def test_strict_holds_for_every_verb(verb: str, linked: Path, tiny_run: Path) -> None:
    (linked / "circle.png").unlink()
    with pytest.raises(DataError, match="a link that leads out of the folder"):
        verbs(linked, tiny_run, strict=True)[verb]()


def test_strict_is_an_option_wherever_a_folder_of_images_is_opened(mixture: Path, capsys: object) -> None:
    assert cli.main(["-q", "train", str(mixture), "--strict", "--preset", "tiny", "--out", "run"]) == 3
    assert "files cannot be read" in capsys.readouterr().err  # type: ignore[attr-defined]
    assert {"strict", "follow_links"} <= TrainConfig.model_fields.keys()


def test_encode_counts_and_follows_links(linked: Path, tiny_run: Path) -> None:
    (linked / "circle.png").unlink()
    events: list[Event] = []
    config = {"images": [linked], "model": tiny_run}
    left = encode(make(EncodeConfig, config), events.append)
    assert (left.images, left.skipped) == (3, 4)
    assert "4 of 7 files skipped: a link that leads out of the folder (4:" in " ".join(
        event.text for event in events if isinstance(event, Note)
    )
    again = encode(make(EncodeConfig, config))
    assert (again.images, again.skipped) == (3, 4)
    followed = encode(make(EncodeConfig, {**config, "follow_links": True, "out": "all.csv"}))
    assert (followed.images, followed.skipped) == (7, 0)


def test_stimuli_of_a_folder_are_of_all_of_it(linked: Path, tiny_run: Path) -> None:
    with pytest.raises(GaiaStimError, match=r"a link that leads out of the folder \(4: .*name these files themselves"):
        average_images(make(AverageConfig, {"images": [linked], "model": tiny_run}))


def test_of_an_animation_a_stimulus_is_made_of_the_first_picture_and_that_is_said(space: Space, tmp_path: Path) -> None:
    path = tmp_path / "moves.apng"
    path.write_bytes(READ[path.name]())
    events: list[Event] = []
    [found] = gather(space, [path], events.append)
    assert np.array_equal(found.picture, space.prepare(read_image(path)))
    assert "1 file holds several pictures" in " ".join(event.text for event in events if isinstance(event, Note))
