import pytest

from crnn.metrics import LineScores, edit_distance


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("state", "stale", 1), ("ab", "ba", 2)]
)
def test_edit_distance(a, b, distance):
    assert edit_distance(a, b) == edit_distance(b, a) == distance


def test_rates_are_over_all_lines():
    scores = LineScores()
    scores.update("abcd", "abcd")
    scores.update("abcdef", "abc")
    assert scores.cer == 3 / 10 and scores.exact == 0.5 and scores.one_minus_ned == 0.75
    scores.reset()
    assert scores.lines == 0 and scores.cer == 0
