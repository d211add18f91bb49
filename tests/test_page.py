"""Whole pictures, drawn here, and the lines that are found in them."""

import cv2
import numpy as np
import pytest

from crnn.inference.page.finder import find_lines
from crnn.inference.page.line_box import LineBox, crop_line
from crnn.inference.page.single import is_single_line

WORDS = "The quick brown fox jumps over the lazy dog and runs away from seven hungry wolves in the deep forest".split()


def blank(height=600, width=900, ground=255):
    return np.full((height, width), ground, np.uint8)


def write(picture, text, x, y, size=0.7, ink=0, thickness=1):
    """Write a text with its left end at a column and its baseline at a row; return the box of its ink."""
    before = picture.copy()
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, thickness, cv2.LINE_AA)
    rows, columns = np.nonzero(picture != before)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def sentence(first, count=6):
    return " ".join(WORDS[(first + k) % len(WORDS)] for k in range(count))


def assert_found(found, wanted, tolerance=6):
    """Each line is found as one box, in this order, and nothing else is."""
    assert len(found) == len(wanted)
    for line, box in zip(found, wanted, strict=True):
        assert np.abs(np.subtract((line.x0, line.y0, line.x1, line.y1), box)).max() <= tolerance


def test_lines_of_a_column_come_from_the_top_down():
    picture = blank()
    wanted = [write(picture, sentence(k), 50, 60 + 40 * k) for k in range(10)]
    assert_found(find_lines(picture), wanted)


def test_columns_come_one_after_the_other():
    picture = blank()
    left = [write(picture, sentence(k, 4), 40, 60 + 40 * k) for k in range(8)]
    right = [write(picture, sentence(k + 5, 4), 500, 73 + 37 * k) for k in range(9)]
    assert_found(find_lines(picture), left + right)


def test_columns_of_prose_on_common_rows_are_columns():
    picture = blank()
    left = [write(picture, sentence(k, 6), 20, 60 + 30 * k, 0.6) for k in range(8)]
    right = [write(picture, sentence(k + 7, 6), 500, 60 + 30 * k, 0.6) for k in range(8)]
    assert_found(find_lines(picture), left + right)


def test_cells_of_a_table_come_row_by_row():
    picture = blank()
    wanted = []
    for row in range(6):
        cv2.line(picture, (30, 35 + 50 * row), (870, 35 + 50 * row), 128, 1)
        for column in range(5):
            wanted.append(write(picture, f"{WORDS[row]} {column}{row}", 50 + 165 * column, 70 + 50 * row, 0.6))
    for column in range(6):
        cv2.line(picture, (40 + 165 * column, 35), (40 + 165 * column, 335), 128, 1)
    assert_found(find_lines(picture), wanted)


def test_entries_of_a_form_and_of_a_list_come_one_after_the_other():
    picture = blank()
    wanted = []
    for k in range(6):
        wanted.append(write(picture, f"{WORDS[k]} {WORDS[k + 6]}", 60, 60 + 60 * k))
        wanted.append(write(picture, sentence(k, 2 + k % 2), 400, 60 + 60 * k))
    assert_found(find_lines(picture), wanted)
    picture = blank()
    wanted = []
    for k in range(6):
        wanted.append(write(picture, f"{WORDS[k]} {WORDS[k + 6]}", 60, 60 + 90 * k, 0.8))
        wanted.append(write(picture, sentence(k, 4), 60, 90 + 90 * k, 0.6))
        if k in (1, 4):
            wanted.append(write(picture, f"{k}27 lines", 700, 84 + 90 * k, 1.1))
    assert_found(find_lines(picture), wanted)


def test_both_sides_of_a_chat_come_from_the_top_down():
    picture = blank()
    wanted = [write(picture, sentence(k, 4), 40 if k % 3 else 550, 60 + 50 * k) for k in range(9)]
    assert_found(find_lines(picture), wanted)


def test_cards_come_one_after_the_other():
    picture = blank()
    wanted = []
    for k in range(3):
        for y, size, text in ((80, 1.2, WORDS[k + 6]), (115, 0.6, sentence(k, 3)), (140, 0.6, f"{k}5 pieces")):
            wanted.append(write(picture, text, 40 + 300 * k, y, size, thickness=2 if size > 1 else 1))
    assert_found(find_lines(picture), wanted)


def test_a_gap_that_goes_on_in_the_rows_below_parts_columns():
    picture = blank()
    wanted = []
    for k, (left, right) in enumerate(
        [("a very wide heading", "date"), ("first", "2024"), ("next", "2025"), ("last", "2026")]
    ):
        wanted += [write(picture, left, 50, 60 + 40 * k), write(picture, right, 255, 60 + 40 * k)]
    assert wanted[1][0] - wanted[0][2] in range(22, 32)  # about a line's height, less than elsewhere parts two lines
    assert_found(find_lines(picture), wanted)


def test_a_heading_stands_before_the_columns_below_it():
    picture = blank()
    heading = write(picture, "Seven hungry wolves", 120, 90, 2.0, thickness=3)
    left = [write(picture, sentence(k, 4), 40, 160 + 40 * k) for k in range(6)]
    right = [write(picture, sentence(k + 5, 4), 500, 173 + 37 * k) for k in range(6)]
    assert_found(find_lines(picture), [heading, *left, *right], 8)


def test_light_on_dark_and_dark_on_light_in_one_picture():
    picture = blank()
    picture[:300] = 30
    wanted = [write(picture, sentence(k), 50, 50 + 40 * k, ink=220) for k in range(6)]
    wanted += [write(picture, sentence(k), 50, 350 + 40 * k) for k in range(6)]
    assert_found(find_lines(picture), wanted)


def test_boxes_rules_and_icons_are_no_text():
    picture = blank()
    cv2.rectangle(picture, (30, 30), (420, 100), 100, 2)
    wanted = [write(picture, "Save all changes", 60, 75)]
    cv2.rectangle(picture, (470, 30), (860, 100), 60, -1)
    wanted.append(write(picture, "Throw them away", 500, 75, ink=255))
    for row in (140, 560):
        cv2.line(picture, (20, row), (880, row), 0, 2)
    cv2.circle(picture, (700, 400), 110, 90, -1)
    cv2.circle(picture, (150, 480), 40, 0, 3)
    wanted += [write(picture, sentence(k), 40, 190 + 40 * k) for k in range(4)]
    assert_found(find_lines(picture), wanted)


def test_keys_of_a_keypad_are_lines_and_a_sign_alone_is_none():
    picture = blank(500, 400)
    keys = ("7", "8", "9", "4", "5", "6", "1", "2", "3")
    wanted = [
        write(picture, key, 60 + 120 * (k % 3), 100 + 120 * (k // 3), 1.2, thickness=2) for k, key in enumerate(keys)
    ]
    assert_found(find_lines(picture), wanted)
    picture = blank(500, 400)
    write(picture, "7", 180, 250, 1.2, thickness=2)
    assert find_lines(picture) == []


def test_signs_belong_to_the_line_that_they_stand_in():
    picture = blank(300)
    wanted = [write(picture, text, 40, y) for text, y in (("total - 25 = c, d.", 80), ("...and so on: 'yes'", 150))]
    assert_found(find_lines(picture), wanted)


def test_small_print_and_a_large_picture():
    picture = blank(2600, 3600)
    wanted = [write(picture, sentence(k, 8), 300, 200 + 110 * k, 1.6, thickness=2) for k in range(8)]
    assert_found(find_lines(picture), wanted, 10)
    picture = blank(200, 400)
    wanted = [write(picture, sentence(k, 5), 20, 30 + 20 * k, 0.4) for k in range(6)]
    assert_found(find_lines(picture), wanted)


@pytest.mark.parametrize("degrees", [-8, -2, 3, 10])
def test_lines_of_a_tilted_page_are_found_and_turned_level(degrees):
    picture = blank()
    for k in range(8):
        write(picture, sentence(k), 150, 150 + 40 * k)
    turn = cv2.getRotationMatrix2D((450, 300), -degrees, 1)
    tilted = cv2.warpAffine(picture, turn, (900, 600), borderValue=255)
    lines = find_lines(tilted)
    assert len(lines) == 8
    assert [round(line.y0 + line.y1) for line in lines] == sorted(round(line.y0 + line.y1) for line in lines)
    for line in lines:
        assert np.degrees(np.arctan(line.slope)) == pytest.approx(degrees, abs=0.7)
        crop = crop_line(tilted, line).pixels
        assert len(crop) < 50  # as the line is level; aslant it would be 60 to 120 pixels high
        inked = np.flatnonzero((crop < 128).any(axis=1))
        assert inked[0] > 0 and inked[-1] < len(crop) - 1


def natural(rng, shape, steepness):
    """Noise with the spectrum of photographs."""
    height, width = shape
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    values = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) / frequency**steepness).real
    return cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_what_is_no_text_gives_nothing():
    rng = np.random.default_rng(0)
    shape = (600, 900)
    assert find_lines(blank()) == find_lines(blank(ground=0)) == []
    assert find_lines(rng.integers(0, 256, shape).astype(np.uint8)) == []
    assert find_lines(np.clip(rng.normal(200, 12, shape), 0, 255).astype(np.uint8)) == []
    assert find_lines(natural(rng, shape, 1)) == find_lines(natural(rng, shape, 2)) == []
    shapes = blank()
    cv2.circle(shapes, (200, 200), 120, 60, -1)
    cv2.rectangle(shapes, (450, 100), (800, 400), 150, -1)
    cv2.line(shapes, (10, 550), (890, 520), 0, 3)
    assert find_lines(shapes) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 7), (16, 16), (20, 3000), (3000, 20)])
def test_pictures_of_any_shape(shape):
    assert find_lines(np.full(shape, 255, np.uint8)) == []
    assert find_lines(np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)) == []


def test_a_line_is_cut_out_with_a_margin_as_far_as_the_picture_goes():
    picture = np.arange(200, dtype=np.uint8)[:, None].repeat(300, axis=1)
    crop = crop_line(picture, LineBox(50, 60, 150, 80)).pixels
    assert crop.shape[0] in range(26, 32) and crop.shape[1] in range(112, 118)
    assert crop[0, 0] in range(54, 60)
    assert crop_line(picture, LineBox(0, 0, 300, 200)).pixels.shape == (200, 300)
    assert crop_line(picture, LineBox(280, 190, 320, 210)).pixels.size


def test_a_picture_of_one_line_is_told_from_a_page():
    one = blank(60, 500)
    write(one, sentence(0, 5), 10, 40)
    assert is_single_line(one, find_lines(one))
    assert is_single_line(255 - one, find_lines(255 - one))
    gap = blank(60, 900)
    write(gap, "left", 10, 40), write(gap, "right", 800, 40)
    assert is_single_line(gap, find_lines(gap))
    cut_off = one.copy()
    write(cut_off, sentence(5, 5), 10, 6)
    assert is_single_line(cut_off, find_lines(cut_off))
    two = blank(90, 500)
    write(two, sentence(0, 5), 10, 35), write(two, sentence(5, 3), 10, 70)
    assert not is_single_line(two, find_lines(two))
    page = blank()
    for k in range(10):
        write(page, sentence(k), 50, 60 + 40 * k)
    assert not is_single_line(page, find_lines(page))


def test_one_line_on_a_large_picture_is_read_as_it_is_only_if_nothing_else_is_there():
    picture = blank()
    write(picture, sentence(0), 50, 300)
    assert is_single_line(picture, find_lines(picture))
    picture[400:] = natural(np.random.default_rng(0), (200, 900), 1)
    assert len(find_lines(picture)) == 1 and not is_single_line(picture, find_lines(picture))


def test_a_picture_without_lines_is_a_sign_if_it_is_small_and_nothing_if_it_is_large():
    dot = blank(32, 20)
    dot[14:17, 8:11] = 0
    assert is_single_line(dot, find_lines(dot))
    assert not is_single_line(blank(), find_lines(blank()))


@pytest.mark.parametrize("slope", [0.0, 0.15])
def test_a_place_in_a_cut_out_line_is_known_in_the_picture(slope):
    picture = np.full((300, 500), 255, np.uint8)
    turn = np.float32([[1, 0, 0], [slope, 1, 0]])
    cv2.rectangle(picture, (300, 80), (306, 90), 0, -1)
    picture = cv2.warpAffine(picture, turn, (500, 300), borderValue=255)
    rows, columns = np.nonzero(picture < 128)
    line = LineBox(100, 75 + 100 * slope, 400, 95 + 400 * slope, slope)
    crop = crop_line(picture, line)
    inside = [values.min() for values in np.nonzero(crop.pixels < 128)]
    x0, y0, x1, y1 = crop.place((inside[1], inside[0], inside[1] + 6, inside[0] + 10))
    assert (x0 + x1) / 2 == pytest.approx(columns.mean(), abs=2) and (y0 + y1) / 2 == pytest.approx(rows.mean(), abs=2)


def test_a_line_on_its_side_is_one_line():
    one = blank(60, 500)
    write(one, sentence(0, 5), 10, 40)
    upright = np.ascontiguousarray(np.rot90(one))
    assert is_single_line(upright, find_lines(upright))
    menu = blank(500, 120)
    for k in range(10):
        write(menu, WORDS[k], 10, 40 + 45 * k)
    assert not is_single_line(menu, find_lines(menu))
