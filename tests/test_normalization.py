import numpy as np
import pytest

from crnn.geometry import MAX_COLUMNS
from crnn.normalization import (
    MAX_WIDENED,
    count_lines,
    deskew,
    normalize_line,
    pad_right,
    resize_to_height,
    trim_margins,
)


def line_with_words(width=200, words=((10, 60), (80, 120), (124, 180)), ink=0, ground=255):
    line = np.full((32, width), ground, np.uint8)
    for start, end in words:
        line[8:24, start:end] = ink
    return line


def test_height_is_32_and_the_ratio_is_kept():
    assert resize_to_height(np.zeros((64, 300), np.uint8)).shape == (32, 150)
    assert resize_to_height(np.zeros((10, 50), np.uint8)).shape == (32, 160)
    assert resize_to_height(np.zeros((200, 1), np.uint8)).shape == (32, 1)


def framed(line, above, below, rise=0):
    """The line on a higher picture, ``rise`` rows lower at its right end than at its left."""
    height, width = len(line) + above + below, line.shape[1]
    picture = np.full((height, width), line[0, 0], np.uint8)
    for column in range(width):
        first = above + round(rise * (column / width - 0.5))
        picture[first : first + len(line), column] = line[:, column]
    return picture


def bars(width=400, ink=0, ground=255):
    """Sixteen rows of upright bars between eight empty rows, as text has them."""
    words = [(start, start + 4) for start in range(10, width - 10, 10)]
    return line_with_words(width, words, ink, ground)


@pytest.mark.parametrize(("above", "below"), [(100, 100), (0, 60), (60, 0)])
@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0), (90, 140)])
def test_loose_margins_are_taken(above, below, ink, ground):
    trimmed = trim_margins(framed(bars(ink=ink, ground=ground), above, below))
    assert trimmed.shape[1] == 400
    inked = np.flatnonzero((trimmed == ink).any(axis=1))
    assert len(inked) == 16  # all of the ink
    assert inked[0] <= 0.5 * 16 + 3 and len(trimmed) - 1 - inked[-1] <= 0.5 * 16 + 3


@pytest.mark.parametrize(("above", "below"), [(2000, 900), (0, 3000), (480, 480)])
def test_a_line_is_found_however_high_the_image(above, below):
    trimmed = trim_margins(framed(bars(), above, below))
    assert (trimmed == 0).any(axis=1).sum() == 16 and len(trimmed) <= 36


def test_margins_of_half_the_height_of_the_ink_stay():
    assert trim_margins(bars()).shape == (32, 400)


@pytest.mark.parametrize("shape", [(90, 300), (1, 1), (40, 1), (1, 40), (300, 3)])
def test_a_picture_of_nothing_stays_as_it_is(shape):
    grey = np.full(shape, 77, np.uint8)
    assert trim_margins(grey).shape == deskew(grey).shape == grey.shape
    assert len(normalize_line(grey)) == 32


@pytest.mark.parametrize("side", ["above", "below"])
def test_what_the_edge_leaves_of_another_line_is_taken(side):
    other = bars()[8:18]
    picture = np.vstack([other, bars()] if side == "above" else [bars(), other])
    trimmed = trim_margins(picture)
    assert 20 <= len(trimmed) <= 32 and (trimmed == 0).any(axis=1).sum() == 16


@pytest.mark.parametrize("lines", [1, 2, 5])
@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_lines_are_counted(lines, ink, ground):
    assert count_lines(np.vstack([bars(ink=ink, ground=ground)] * lines)) == lines


@pytest.mark.parametrize("tops", [(10, 28), (5, 18, 30)])  # as of 二, of 三
def test_strokes_of_one_line_are_not_lines(tops):
    strokes = np.full((40, 200), 255, np.uint8)
    for column in range(10, 190, 40):
        for top in tops:
            strokes[top : top + 4, column : column + 30] = 0
    assert count_lines(strokes) == 1
    assert count_lines(np.full((40, 200), 9, np.uint8)) == 1


def test_dots_of_letters_stay():
    picture = bars()[6:]  # two empty rows above
    picture[:2, 10:14] = picture[:2, 100:104] = 0  # two dots, at the edge
    assert trim_margins(picture).shape == picture.shape


def test_noise_is_no_margin():
    noise = np.random.default_rng(0).normal(0, 60, (96, 400))
    picture = np.clip(framed(bars(ink=90, ground=140), 32, 32) + noise, 0, 255).astype(np.uint8)
    assert trim_margins(picture).shape == (96, 400)


@pytest.mark.parametrize("rise", [-24, -9, 9, 24])
def test_a_line_that_rises_is_levelled(rise):
    aslant, straight = framed(bars(), 16, 16, rise), framed(bars(), 16, 16)
    assert np.ptp(rows_of_ink(aslant)) >= abs(rise) - 2
    assert np.ptp(rows_of_ink(deskew(aslant))) <= 2
    assert deskew(straight) is straight
    assert normalize_line(aslant).shape[1] == pytest.approx(400, rel=0.15)


def rows_of_ink(picture):
    """The middle of the ink in every column that has some."""
    dark = picture < 128
    return [np.flatnonzero(column).mean() for column in dark.T if column.any()]


def test_very_long_lines_are_normalized_too():
    long = np.tile(framed(bars(), 100, 100), 100)
    assert long.shape[1] == 40_000
    assert normalize_line(long).shape[1] == pytest.approx(MAX_WIDENED, rel=0.15)  # 40,000 without the limit


def test_colour_adding_takes_the_median_of_the_last_column():
    line = np.zeros((32, 10), np.uint8)
    line[:, -1] = [7] * 20 + [200] * 12
    widened = pad_right(line)
    assert widened.shape == (32, 42) and np.all(widened[:, 10:] == 7)


@pytest.mark.parametrize("shape", [(1, 8192), (8192, 1), (3, 5000), (64, 260_000)])
def test_low_and_wide_images_do_not_grow_beyond_bounds(shape):
    """Their columns are bounded by their pixels, and by the limit of a line."""
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image[: len(image) // 2] = 255  # a margin to trim
    assert normalize_line(image).shape[1] <= min(MAX_COLUMNS, shape[1] * 6)


@pytest.mark.parametrize("shape", [(32, 18_761), (32, 65_407), (200, 60_000), (32, 6000)])
@pytest.mark.parametrize("place", ["top", "middle", "bottom"])
def test_cutting_off_margins_widens_a_line_to_a_limit(shape, place):
    height, width = shape
    image = np.full(shape, 255, np.uint8)
    first = {"top": 0, "middle": height // 2 - 2, "bottom": height - 4}[place]
    image[first : first + 4] = np.random.default_rng(0).integers(0, 2, (1, width), np.uint8) * 255
    trimmed = trim_margins(image)
    line = resize_to_height(trimmed)
    assert line.shape[1] <= max(MAX_WIDENED, width * 32 / height)
    assert (trimmed[:, 1:] != trimmed[:, :-1]).any(axis=1).sum() == 4  # no row of ink is lost
    if width * 32 / height < MAX_WIDENED:
        assert line.shape[1] > 0.9 * min(MAX_WIDENED, width * 32 / 8)
