"""The steps from components to lines in reading order, on boxes."""

import numpy as np
import pytest

from crnn.inference.page.boxes import overlaps, row_extent, unions, weighted_quantile
from crnn.inference.page.components import find_components
from crnn.inference.page.linking import link_words
from crnn.inference.page.reading_order import reading_order
from crnn.inference.page.rows import group_rows, outliers, typical_height
from crnn.inference.page.selection import are_characters, are_frames
from crnn.inference.page.skew import find_slope, level

NONE = np.zeros((0, 4))


def row(x, y, count=8, width=10, height=20, step=14):
    """Boxes of characters side by side."""
    return np.array([(x + step * k, y, x + step * k + width, y + height) for k in range(count)], float)


def shuffled(boxes, seed=0):
    order = np.random.default_rng(seed).permutation(len(boxes))
    return boxes[order], order


def test_boxes():
    boxes = np.array([[0, 0, 10, 10], [5, 5, 20, 15], [30, 0, 40, 10]], float)
    assert overlaps(boxes, boxes).tolist() == [[100, 25, 0], [25, 150, 0], [0, 0, 100]]
    assert unions(boxes, np.array([1, 1, 0]), 2).tolist() == [[30, 0, 40, 10], [0, 0, 20, 15]]
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), 0.6) == 2


def test_the_extent_of_a_row_that_rises_is_that_of_its_boxes():
    boxes = row(0, 0, count=40)
    assert row_extent(boxes) == 20
    boxes[:, [1, 3]] += 0.05 * boxes[:, [0]]
    assert row_extent(boxes) == pytest.approx(20, abs=1)
    assert row_extent(np.concatenate([row(0, 0, 40), row(0, 30, 40)])) == 50


def test_strokes_are_found_in_both_polarities_and_at_any_size():
    picture = np.full((400, 600), 255, np.uint8)
    picture[50:70, 50:54] = 0  # a stroke
    picture[100:220, 300:330] = 90  # a thick one, of a large character
    picture[250:390, 20:580] = 40  # a box
    picture[300:320, 100:104] = 200  # a stroke in it
    dark, light = (found.take(are_characters(found)) for found in (find_components(picture, d) for d in (True, False)))
    assert sorted(map(list, dark.boxes.round(-1).tolist())) == [[50, 50, 50, 70], [300, 100, 330, 220]]
    assert light.boxes.tolist() == [[100, 300, 104, 320]]
    assert light.contrast == pytest.approx([160], abs=1) and light.stroke == pytest.approx([4])


def test_a_gap_between_strokes_is_no_character():
    picture = np.full((200, 300), 255, np.uint8)
    picture[80:110, 100:110] = picture[80:110, 118:128] = 0
    light = find_components(picture, False)
    assert not are_characters(light).any()
    picture[75:80, 100:128] = picture[110:115, 100:128] = 0  # closed above and below: as in a letter
    assert len(find_components(picture, True)) == 1


def test_components_of_a_row_have_one_label():
    boxes, order = shuffled(np.concatenate([row(0, 0), row(0, 30), row(300, 0), row(0, 80, 6, 30, 50, 40)]))
    labels = np.empty(len(boxes), int)
    labels[order] = group_rows(boxes)
    assert [len(set(labels[a:b])) for a, b in ((0, 8), (8, 16), (16, 24), (24, 30))] == [1] * 4
    assert len(set(labels)) == 4


def test_rows_that_something_tall_joins_are_parted():
    rows = np.concatenate([row(30, 0), row(30, 26), row(30, 52)])
    icon = np.array([[0, 0, 26, 72]], float)
    labels = group_rows(np.concatenate([rows, icon]))
    assert [len(set(labels[a : a + 8])) for a in (0, 8, 16)] == [1, 1, 1]
    assert len(set(labels)) == 4


def test_what_is_too_high_is_an_outlier_and_dots_do_not_make_a_row_low():
    boxes = np.concatenate([row(0, 0), row(5, 16, 8, 2, 4), np.array([[200, -30, 210, 30]], float)])
    assert typical_height(boxes) == 20
    assert outliers(boxes, np.zeros(len(boxes), int)).tolist() == [False] * 16 + [True]


def test_words_near_each_other_make_a_line_and_cells_do_not():
    words = np.array([[0, 0, 60, 20], [70, 2, 130, 20], [150, 0, 200, 24], [260, 0, 300, 20], [0, 30, 60, 50]], float)
    lines, line_of = link_words(words, np.full(5, 4), NONE)
    assert line_of.tolist()[:3] == [line_of[0]] * 3 and len(lines) == 3
    assert sorted(lines.tolist()) == [[0, 0, 200, 24], [0, 30, 60, 50], [260, 0, 300, 20]]


def test_signs_bridge_words_and_widen_lines():
    words = np.array([[0, 0, 60, 20], [105, 0, 160, 20]], float)
    dash, dot, far = [80, 9, 88, 11], [166, 17, 169, 20], [300, 9, 308, 11]
    assert len(link_words(words, np.array([4, 4]), NONE)[0]) == 2
    lines, _ = link_words(words, np.array([4, 4]), np.array([dash, dot, far], float))
    assert lines.tolist() == [[0, 0, 169, 20]]


def test_a_high_picture_beside_words_does_not_join_them():
    words = np.array([[0, 0, 100, 300], [110, 10, 300, 30], [110, 40, 300, 60], [110, 70, 300, 90]], float)
    assert len(link_words(words, np.array([3, 12, 12, 12]), NONE)[0]) == 4


def test_what_others_stand_in_is_a_frame():
    frame, page = np.array([[0, 0, 160, 40]], float), np.array([[-50, -50, 400, 300]], float)
    assert are_frames(np.concatenate([frame, page, row(20, 10)])).tolist() == [True, True] + [False] * 8
    assert not are_frames(row(0, 0)).any() and not are_frames(NONE).any()


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.12, 0.2])
def test_the_slope_of_lines_is_found_from_their_components(slope):
    boxes = np.concatenate([row(0, 40 * k, 30 - 2 * k) for k in range(8)])
    tilted = level(boxes, -slope)
    found = find_slope(tilted)
    assert found == pytest.approx(slope, abs=0.004)
    assert np.abs(level(tilted, found) - boxes).max() < 3
    assert find_slope(tilted[:5]) == 0


def test_order_of_columns_tables_and_what_spans_them():
    heading, foot = [[0, 0, 500, 30]], [[0, 400, 480, 420]]
    left = [[0, 60 + 30 * k, 200, 80 + 30 * k] for k in range(6)]
    right = [[280, 71 + 27 * k, 500, 90 + 27 * k] for k in range(7)]
    page = np.array(heading + left + right + foot, float)
    assert reading_order(page) == list(range(len(page)))
    boxes, order = shuffled(page, 3)
    assert order[reading_order(boxes)].tolist() == list(range(len(page)))
    table = np.array(
        [[100 * column, 40 * line, 100 * column + 60, 40 * line + 20] for line in range(4) for column in range(5)],
        float,
    )
    boxes, order = shuffled(table, 4)
    assert order[reading_order(boxes)].tolist() == list(range(len(table)))


def test_order_of_boxes_that_overlap_both_ways_and_of_none():
    assert reading_order(NONE) == []
    boxes = np.array([[0, 10, 100, 40], [50, 0, 150, 30], [20, 20, 90, 60]], float)
    assert sorted(reading_order(boxes)) == [0, 1, 2]
