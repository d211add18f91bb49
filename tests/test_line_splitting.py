import numpy as np
import pytest

from crnn.inference.line_splitting import find_gaps, split_at_gaps


def line_with_words(width=200, words=((10, 60), (80, 120), (124, 180)), ink=0, ground=255):
    line = np.full((32, width), ground, np.uint8)
    for start, end in words:
        line[8:24, start:end] = ink
    return line


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0), (90, 140)])
def test_gaps_are_runs_of_more_than_5_columns(ink, ground):
    found = find_gaps(line_with_words(ink=ink, ground=ground))
    assert len(found) == 1  # not the 4 columns between the words, not the margins
    start, end = found[0]
    assert abs(start - 60) <= 1 and abs(end - 80) <= 1


def test_split_cuts_in_the_middle_of_gaps_and_keeps_all_columns():
    pieces = split_at_gaps(line_with_words())
    assert [start for start, _ in pieces] == [0, 70] and pieces[-1][1] == 200


def test_split_leaves_out_narrow_gaps_first():
    line = line_with_words(300, ((10, 90), (100, 190), (220, 290)))
    assert len(split_at_gaps(line)) == 3
    assert [end for _, end in split_at_gaps(line, keep_together=250)] == [pytest.approx(205, abs=1), 300]
    assert split_at_gaps(line, keep_together=300) == [(0, 300)]


def test_a_line_of_nothing_is_one_piece():
    assert split_at_gaps(np.full((32, 50), 200, np.uint8)) == [(0, 50)]


def test_a_piece_without_gaps_is_cut_where_it_is_emptiest():
    line = np.full((32, 1000), 255, np.uint8)
    line[8:24, 10:990] = np.where(np.arange(10, 990) % 20 < 16, 0, 255)  # gaps of 4 columns are none
    assert split_at_gaps(line) == [(0, 1000)]
    pieces = split_at_gaps(line, max_width=300)
    assert pieces[0][0] == 0 and pieces[-1][1] == 1000
    assert all(150 <= end - start <= 300 for start, end in pieces[:-1]) and pieces[-1][1] - pieces[-1][0] <= 300
    assert all(end == start for (_, end), (start, _) in zip(pieces, pieces[1:], strict=False))
    assert all((line[:, start] == 255).all() for start, _ in pieces[1:])
