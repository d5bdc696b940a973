"""Every kind of file against pixels known beforehand."""

import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from gaia_stim import images
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.images import (
    decode_image,
    find_images,
    fit_image,
    is_grey,
    list_images,
    parse_colour,
    png_bytes,
    read_image,
    to_bytes,
    to_float,
    with_channels,
    write_png,
)

COLOUR = np.random.default_rng(1).integers(0, 256, (12, 20, 3), dtype=np.uint8)
GREY = COLOUR[..., :1]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def decoded(image: Image.Image, kind: str = "PNG", background: str = "white", **options: object):
    return decode_image(encoded(image, kind, **options), "x", background)


def over(pixels: np.ndarray, alpha: np.ndarray, ground: tuple[int, ...]) -> np.ndarray:
    share = alpha / 255
    return pixels * share + np.array(ground) * (1 - share)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_lossless_formats_give_back_every_byte(kind: str, pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels.squeeze())
    assert np.array_equal(decoded(image, kind), pixels)


def test_webp_and_gif() -> None:
    assert np.array_equal(decoded(Image.fromarray(COLOUR), "WEBP", lossless=True), COLOUR)
    gif = decoded(Image.fromarray(GREY[..., 0]), "GIF")  # always with a palette, hence stored as colour
    assert is_grey(gif) and np.array_equal(gif[..., :1], GREY)


def test_only_the_first_frame_of_an_animation() -> None:
    frames = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (50, 200)]
    pixels = decoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pixels.shape[:2] == (8, 8) and np.all(pixels == 50)


@pytest.mark.parametrize(
    ("background", "ground"), [("white", (255, 255, 255)), ("black", (0, 0, 0)), ("#808080", (128, 128, 128))]
)
def test_transparency_lies_over_the_background(background: str, ground: tuple[int, ...]) -> None:
    alpha = COLOUR[..., 2:]
    rgba = Image.fromarray(np.concatenate([COLOUR, alpha], axis=2))
    assert np.abs(decoded(rgba, background=background) - over(COLOUR, alpha, ground)).max() <= 1
    la = Image.merge("LA", [Image.fromarray(GREY[..., 0]), Image.fromarray(alpha[..., 0])])
    flat = decoded(la, background=background)
    assert flat.shape == GREY.shape
    assert np.abs(flat - over(GREY, alpha, ground[:1])).max() <= 1


def test_grey_over_a_coloured_background_is_colour() -> None:
    clear = Image.merge("LA", [Image.new("L", (4, 4), 9), Image.new("L", (4, 4), 0)])
    assert np.array_equal(decoded(clear, background="red"), np.full((4, 4, 3), [255, 0, 0]))


def test_palette_with_and_without_transparency() -> None:
    index = np.array([[0, 1], [2, 1]], dtype=np.uint8)
    image = Image.fromarray(index)
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    expected = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]])
    assert image.mode == "P"
    assert np.array_equal(decoded(image), expected)
    expected[0, 1] = expected[1, 1] = 255
    assert np.array_equal(decoded(image, transparency=1), expected)


def test_a_key_colour_is_transparent_in_8_and_16_bits() -> None:
    values = np.array([[0, 100], [200, 100]], dtype=np.uint8)
    expected = np.array([[0, 255], [200, 255]])[..., None]
    assert np.array_equal(decoded(Image.fromarray(values), transparency=100), expected)
    wide = Image.fromarray(values.astype(np.uint16) * 257)
    assert np.array_equal(decoded(wide, transparency=100 * 257), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_scaled_and_rounded(kind: str) -> None:
    values = np.array([[0, 128, 129, 257, 32767, 65406, 65407, 65535]], dtype=np.uint16)
    assert decoded(Image.fromarray(values), kind).ravel().tolist() == [0, 0, 1, 1, 127, 254, 255, 255]


def test_32_bit_integers_are_taken_as_16_bit_ones() -> None:
    assert decoded(Image.fromarray(np.array([[0, 65535]], dtype=np.int32)), "TIFF").ravel().tolist() == [
        0,
        255,
    ]
    for outside in (-1, 65536):
        with pytest.raises(DataError, match="integers outside 0 to 65535"):
            decoded(Image.fromarray(np.array([[outside]], dtype=np.int32)), "TIFF")


def test_floats_lie_in_0_to_1_or_are_refused() -> None:
    values = np.array([[0, 0.25, 0.5, 1]], dtype=np.float32)
    assert decoded(Image.fromarray(values), "TIFF").ravel().tolist() == [0, 64, 128, 255]
    for wrong in (1.01, -0.01, np.nan):
        with pytest.raises(DataError, match=r"outside \[0, 1\]"):
            decoded(Image.fromarray(np.array([[wrong]], dtype=np.float32)), "TIFF")


def test_one_bit() -> None:
    assert decoded(Image.fromarray(np.array([[True, False]]))).ravel().tolist() == [255, 0]


def test_cmyk_jpeg_is_not_inverted() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = decoded(red, "JPEG", quality=95)
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels - np.array([255.0, 0, 0])).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    # How a camera that was held so stores the upright picture (EXIF 2.3, tag 0x0112).
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](COLOUR)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    assert np.array_equal(decoded(image, exif=exif), COLOUR)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_ignored() -> None:
    assert np.array_equal(decoded(Image.fromarray(COLOUR), exif=b"Exif\0\0II*\0 nonsense"), COLOUR)


def test_colour_profiles() -> None:
    image = Image.fromarray(COLOUR)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(decoded(image, icc_profile=srgb), COLOUR)
    assert np.array_equal(decoded(image, icc_profile=b"not a profile" * 20), COLOUR)
    # The same profile under another name, with red and blue exchanged: what it calls red is sRGB's blue.
    other = srgb.replace("sRGB".encode("utf-16-be"), "Mine".encode("utf-16-be"))
    swapped = other.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    opaque = Image.fromarray(np.concatenate([COLOUR, np.full_like(GREY, 255)], axis=2))
    for picture in (image, opaque):
        pixels = decoded(picture, icc_profile=swapped)
        assert np.abs(pixels.astype(int) - COLOUR[..., ::-1]).max() <= 2


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (chunk, data, b"IEND")
    )


def test_a_decompression_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_header(50_000, 50_000))
    with pytest.raises(DataError, match=r"bomb\.png: too large: 50000 x 50000 pixels; at most 100 megapixels"):
        read_image(bomb)


def test_a_jpeg_that_passes_verify_but_is_truncated(tmp_path: Path) -> None:
    whole = encoded(Image.fromarray(np.tile(COLOUR, (20, 20, 1))), "JPEG")
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    Image.open(path).verify()
    with pytest.raises(DataError, match=r"cut\.jpg: truncated"):
        read_image(path)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "PPM"])
def test_any_cut_is_a_data_error(kind: str) -> None:
    image = Image.fromarray(COLOUR)
    content = encoded(image.quantize(16) if kind == "GIF" else image, kind)
    for length in (1, 4, 8, 12, 20, 40, len(content) // 2):
        with pytest.raises(DataError, match=r"^some name\.png: "):
            decode_image(content[:length], "some name.png")


def test_files_that_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "drawing.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    for name, reason in {
        "empty.png": "the file is empty",
        "text.png": "not an image, although its name ends in .png",
        "drawing.png": "an EPS drawing, which is not read; save it as PNG",
        "link.png": "is a link to a file that is not there",
        "missing.png": "no such file",
        ".": "is a folder, not an image",
        "nul\0.png": "cannot be read|no such file",
    }.items():
        with pytest.raises(DataError, match=reason):
            read_image(tmp_path / name)


def test_a_fine_checkerboard_becomes_uniform_grey() -> None:
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)[..., None]
    for size in (16, 64, 100, 128):
        inside = fit_image(board, size, "crop")[2:-2, 2:-2]
        assert abs(inside.mean() - 127.5) < 1 and inside.std() < 3, size


def test_crop_takes_the_centre_and_pad_keeps_all() -> None:
    wide = np.zeros((40, 80, 3), dtype=np.uint8)
    wide[:, 20:60] = 200
    assert np.all(fit_image(wide, 10, "crop") == 200)
    white = np.full((40, 80, 3), 255, dtype=np.uint8)
    padded = fit_image(white, 16, "pad", "#010203")
    assert np.all(padded[4:12] == 255)
    assert np.array_equal(np.concatenate([padded[:4], padded[12:]]), np.full((8, 16, 3), [1, 2, 3]))
    tall = fit_image(white.transpose(1, 0, 2)[..., :1], 16, "pad", "black")
    assert np.all(tall[:, 4:12] == 255) and np.all(tall[:, :4] == 0) and np.all(tall[:, 12:] == 0)


def test_padding_a_thin_strip_does_not_build_its_square() -> None:
    strip = np.full((1, 1_000_000, 1), 7, dtype=np.uint8)
    assert fit_image(strip, 16, "pad").shape == (16, 16, 1)


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    channels=st.sampled_from([1, 3]),
    size=st.integers(1, 64),
    fit=st.sampled_from(["crop", "pad"]),
    value=st.integers(0, 255),
)
def test_any_shape_fits_and_a_uniform_image_stays_uniform(
    height: int, width: int, channels: int, size: int, fit: str, value: int
) -> None:
    pixels = np.full((height, width, channels), value, dtype=np.uint8)
    fitted = fit_image(pixels, size, fit, f"rgb({value},{value},{value})")
    assert fitted.shape == (size, size, channels) and fitted.dtype == np.uint8
    assert np.all(fitted == value)


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_an_image_of_that_size_is_unchanged_to_the_byte(fit: str) -> None:
    square = np.ascontiguousarray(COLOUR[:, :12])
    assert fit_image(square, 12, fit).tobytes() == square.tobytes()


def test_grey_and_luma() -> None:
    assert is_grey(GREY) and is_grey(with_channels(GREY, 3)) and not is_grey(COLOUR)
    assert np.array_equal(with_channels(with_channels(GREY, 3), 1), GREY)
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(with_channels(COLOUR, 1)[..., 0] - luma).max() <= 0.51
    assert with_channels(COLOUR, 3) is COLOUR


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_png_round_trip_and_bytes(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "new" / "x.png"
    write_png(path, pixels)
    assert np.array_equal(read_image(path), pixels)
    # From another memory layout the same pixels are the same bytes, and nothing but pixels is in them.
    assert path.read_bytes() == png_bytes(np.asfortranarray(pixels))
    kinds = [path.read_bytes().count(kind) for kind in (b"tEXt", b"tIME", b"pHYs", b"iCCP", b"eXIf")]
    assert kinds == [0, 0, 0, 0, 0]


def test_colours() -> None:
    assert parse_colour("white") == (255, 255, 255)
    assert parse_colour(" #102030 ") == (16, 32, 48)
    for wrong in ("", "whit", "#12", "#10203040", "rgb(1,2)", "x" * 1000):
        with pytest.raises(ConfigError, match="not a colour"):
            parse_colour(wrong)


def test_bytes_and_floats() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    values = to_float(every)
    assert values.shape == (1, 1, 16, 16) and values.dtype == np.float32
    assert values.min() == 0 and values.max() == 1
    assert np.array_equal(to_bytes(values), every)
    assert np.array_equal(to_bytes(to_float(COLOUR[None])), COLOUR[None])
    edge = np.array([-1, 0.5 / 255, 1.5 / 255, 2.5 / 255, 7], dtype=np.float64).reshape(1, 1, 1, 5)
    assert to_bytes(edge).ravel().tolist() == [0, 0, 2, 2, 255]
    with pytest.raises(ValueError, match="NaN"):
        to_bytes(np.full((1, 1, 2, 2), np.nan))


def test_finding_images(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "images"
    for name in (
        "b/2.PNG",
        "b/1.jpg",
        "a.png",
        "B.tif",
        "notes.txt",
        ".hidden.png",
        ".git/x.png",
        ".partial-x.png",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    outside.mkdir()
    (outside / "secret.png").touch()
    (folder / "way_out.png").symlink_to(outside / "secret.png")
    (folder / "folder_out").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "again.png").symlink_to("a.png")
    assert list_images(folder) == ["B.tif", "a.png", "again.png", "b/1.jpg", "b/2.PNG"]
    assert find_images(folder)[3] == folder / "b" / "1.jpg"


def test_folders_without_images(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(DataError, match=r"no images in it: .* \.png \.apng \.jpg"):
        find_images(tmp_path)
    with pytest.raises(DataError, match="is a file"):
        find_images(tmp_path / "a.txt")
    with pytest.raises(DataError, match="no such folder"):
        find_images(tmp_path / "b")


def test_large_images_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "LARGE_PIXELS", COLOUR.shape[0] * COLOUR.shape[1] - 1)
    content = png_bytes(COLOUR)
    with ThreadPoolExecutor(1) as pool:
        with images._large:
            waiting = pool.submit(decode_image, content, "x")
            assert not wait([waiting], timeout=0.1).done
            assert decode_image(png_bytes(COLOUR[1:]), "x").shape == (11, 20, 3)  # small ones do not wait
        assert np.array_equal(waiting.result(timeout=5), COLOUR)


def test_real_images() -> None:
    data = os.environ.get("GAIA_STIM_DATA")
    if not data:
        pytest.skip("GAIA_STIM_DATA is not set")
    faces, songs = find_images(Path(data, "avatars")), find_images(Path(data, "finch"))
    assert (len(faces), len(songs)) == (2380, 4028)
    assert read_image(faces[0]).shape == (128, 128, 3)
    assert read_image(songs[0]).shape == (128, 128, 1)
