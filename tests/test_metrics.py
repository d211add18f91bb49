import pytest

from crnn.evaluation.metrics import Calibration, LineScores, edit_distance
from crnn.inference.text_line import Character


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("state", "stale", 1), ("ab", "ba", 2)]
)
def test_edit_distance(a, b, distance):
    assert edit_distance(a, b) == edit_distance(b, a) == distance


def test_rates_are_over_all_lines():
    scores = LineScores()
    assert scores.cer == 0
    scores.update("abcd", "abcd")
    scores.update("abcdef", "abc")
    assert scores.cer == 3 / 10 and scores.exact == 0.5 and scores.one_minus_ned == 0.75


def characters(*read):
    return [Character(text, confidence, 0, 0) for text, confidence in read]


def test_confidences_that_say_how_often_they_are_right_have_no_error():
    calibration = Calibration()
    calibration.update("abcd", characters(("a", 0.75), ("b", 0.75), ("c", 0.75), ("x", 0.75)))
    assert calibration.error == 0 and calibration.bins == [(0.7, 0.8, 4, 0.75, 0.75)]


def test_each_bin_counts_by_its_characters():
    calibration = Calibration()
    calibration.update("ab", characters(("a", 1.0), ("x", 0.2)))
    calibration.update("", characters(("y", 1.0), ("y", 1.0)))
    assert [row[2] for row in calibration.bins] == [1, 3]
    assert calibration.error == pytest.approx((1 * 0.2 + 3 * abs(1 - 1 / 3)) / 4)
