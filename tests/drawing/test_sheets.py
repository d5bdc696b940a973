"""What stands where on a sheet, read back from its pixels."""

import numpy as np
import pytest

from gaia_stim.drawing.sheets import MARGIN, TILE, contact_sheet


def squares(count: int, size: int, channels: int = 3) -> list[np.ndarray]:
    """Uniform images in colours that text and ground do not have (a single grey one aside)."""
    colours = [np.array([200, 60 + index, 20], dtype=np.uint8)[:channels] for index in range(count)]
    return [np.full((size, size, channels), colour) for colour in colours]


def places(sheet: np.ndarray, images: list[np.ndarray]) -> list[tuple[int, int, int, int]]:
    """Top, left, height and width of each of the `squares`, found by colour."""
    found = []
    for image in images:
        rows, columns = np.nonzero((sheet == image[0, 0]).all(axis=2))
        found.append((rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1))
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "side"), [(16, 96), (32, 96), (64, 128), (96, 96), (128, 128)])
def test_tiles_are_enlarged_by_whole_factors(channels: int, size: int, side: int) -> None:
    images = squares(1, size, channels)
    sheet = contact_sheet(images, 1)
    assert sheet.shape == (side + 2 * MARGIN, side + 2 * MARGIN, 3) and sheet.dtype == np.uint8
    assert side >= TILE and places(sheet, images) == [(MARGIN, MARGIN, side, side)]


def test_pixels_are_repeated_and_not_interpolated() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    sheet = contact_sheet([image], 1, scale=2)
    inside = sheet[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert inside.shape == (64, 64, 3)
    for down in (0, 1):
        for right in (0, 1):
            assert np.array_equal(inside[down::2, right::2], image)


def test_tiles_are_laid_out_row_by_row() -> None:
    images = squares(5, 96)
    found = places(contact_sheet(np.stack(images), 3, gap=4), images)
    assert [place[:2] for place in found] == [
        (MARGIN + row * 100, MARGIN + column * 100) for row, column in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))
    ]


def test_images_of_different_sizes_are_centred() -> None:
    large, small = squares(2, 96)
    images = [large, small[:32, :64]]
    assert places(contact_sheet(images, 2), images)[1] == (MARGIN + 32, MARGIN + 100 + 16, 32, 64)


@pytest.mark.parametrize("words", [["a"], ["a rather long label"], ["a label that no tile has room for " * 9]])
def test_text_stays_off_the_tiles_the_edge_and_its_neighbours(words: list[str]) -> None:
    images = squares(6, 96)
    sheet = contact_sheet(
        images, 3, labels=words * 6, row_labels=words * 2, column_labels=words * 3, title=words[0], gap=4
    )
    found = places(sheet, images)
    for top, left, height, width in found:
        assert (height, width) == (96, 96)
        assert np.all(sheet[top : top + 96, left : left + 96] == sheet[top, left])
        # Neighbouring labels are apart: the gap beside a tile and its labels is empty.
        beside = sheet[top - 19 if top < 150 else top : top + 96 + 19, left + 96 : left + 100]
        assert np.all(beside == 255)
    border = np.concatenate([sheet[:4].ravel(), sheet[-4:].ravel(), sheet[:, :4].ravel(), sheet[:, -4:].ravel()])
    assert np.all(border == 255)
    for top, left, _, _ in found:
        assert (sheet[top + 96 : top + 96 + 19, left : left + 96] < 128).any(), "no label under a tile"
    first_top, first_left = found[0][:2]
    for top, _, _, _ in found[::3]:
        assert (sheet[top : top + 96, : first_left - 4] < 128).any(), "no label beside a row"
    for _, left, _, _ in found[:3]:
        assert (sheet[first_top - 19 : first_top, left : left + 96] < 128).any(), "no label above a column"
    assert (sheet[: first_top - 19] < 128).any(), "no title"


def test_ink_is_told_from_its_ground() -> None:
    for value in (0, 60, 128, 190, 255):
        sheet = contact_sheet(squares(1, 96), 1, labels=["label"], background=(value, value, value))
        label = sheet[MARGIN + 96 : -MARGIN].astype(int)
        assert np.abs(label - value).max() > 90


def test_a_sheet_is_as_wide_as_its_title() -> None:
    sheet = contact_sheet(squares(1, 96), 1, title="A title wider than one tile")
    assert sheet.shape[1] > 96 + 2 * MARGIN and np.all(sheet[:, -MARGIN + 2 :] == 255)


def test_letters_that_the_font_lacks_are_spelled() -> None:
    def draw(text: str) -> bytes:
        return contact_sheet(squares(1, 96), 1, labels=[text]).tobytes()

    assert draw("α = −1 × é") == draw("alpha = -1 x e")
    assert draw("語") == draw("?")
    assert draw("two\nlines") == draw("two lines")


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([], 3)
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet(squares(2, 96), 0)
    for wrong in ({"labels": ["a"]}, {"row_labels": ["a", "b"]}, {"column_labels": ["a"]}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            contact_sheet(squares(2, 96), 2, **wrong)
