import numpy as np
import pytest

from crnn.inference.line_splitting import find_gaps
from crnn.inference.repeated_signs import complete_runs, without_pairs_of_dashes
from crnn.inference.text_line import Character

FIRST = 40  # column of the first stroke


def line_of(widths, pitch=6, background=255, ink=0):
    """Draw strokes in a line whose first sign is a wide one."""
    line = np.full((32, 100), background, np.uint8)
    line[6:26, 10:30] = ink
    for at, width in enumerate(widths):
        start = FIRST + pitch * at
        line[6:26, start : start + width] = ink
    return line


def read_as(text):
    """Characters as the network gives them: eight columns from each other, the last one with what comes after."""
    edges = [0, 35, *(FIRST + 8 * at for at in range(1, len(text) - 1)), FIRST + 24]
    return [Character(c, 1 - at / 100, edges[at], edges[at + 1]) for at, c in enumerate(text)]


def completed(text, line):
    characters = complete_runs(read_as(text), line, find_gaps(line, 0))
    assert all(a.x0 < a.x1 for a in characters)
    return "".join(c.text for c in characters), characters


@pytest.mark.parametrize("colours", [(255, 0), (0, 255), (90, 200)])
@pytest.mark.parametrize(("read", "strokes", "said"), [("XII", 3, "XIII"), ("A!", 3, "A!!!"), ("x..", 4, "x....")])
def test_a_run_has_as_many_signs_as_strokes(read, strokes, said, colours):
    text, characters = completed(read, line_of([3] * strokes, background=colours[0], ink=colours[1]))
    assert text == said
    assert {c.confidence for c in characters[1:]} == {min(c.confidence for c in read_as(read)[1:])}
    centres = [(c.x0 + c.x1) / 2 for c in characters[1:]]
    assert centres == pytest.approx([FIRST + 1.5 + 6 * at for at in range(strokes)], abs=3)


def test_strokes_under_a_space_beside_a_run_belong_to_it():
    characters = [
        Character("X", 1.0, 0, 34),
        Character(" ", 1.0, 34, 45),
        Character("I", 0.9, 45, 54),
        Character("I", 1.0, 54, 70),
    ]
    line = line_of([3] * 3)
    assert "".join(c.text for c in complete_runs(characters, line, find_gaps(line, 0))) == "X III"


@pytest.mark.parametrize(
    ("read", "widths", "pitch"),
    [
        ("XII", [3, 3], 6),  # none is missing
        ("XII", [3, 3, 8], 9),  # another character
        ("XII", [3, 3, 3], 20),  # too far from each other
        ("中II", [3, 3, 3], 6),  # strokes may be parts of the Chinese character
        ("Xll", [3, 3, 3], 6),  # not a sign of which this is known
    ],
)
def test_other_runs_stay_as_they_were_read(read, widths, pitch):
    assert completed(read, line_of(widths, pitch))[0] == read


def test_strokes_of_unlike_ink_are_not_counted():
    line = line_of([3, 3, 3])
    line[6:16, FIRST : FIRST + 3] = 255
    assert completed("XII", line)[0] == "XII"


def test_a_line_without_ink_adds_nothing():
    assert completed("XII", np.full((32, 100), 128, np.uint8))[0] == "XII"


@pytest.mark.parametrize(
    ("read", "strokes", "said"),
    [
        ("a——b", [(40, 52), (56, 68)], "a--b"),
        ("a——b", [(40, 68)], "a—b"),  # one stroke
        ("a—b", [(40, 52)], "a—b"),
        ("说——b", [(40, 52), (56, 68)], "说——b"),  # punctuation of Chinese
        ("|——|", [(40, 52), (56, 68)], "|——|"),  # nothing tells the language
    ],
)
def test_pairs_of_dashes_belong_to_chinese(read, strokes, said):
    line = np.full((32, 110), 255, np.uint8)
    line[6:26, 10:30] = line[6:26, 80:100] = 0
    for start, end in strokes:
        line[15:18, start:end] = 0
    edges = [8, *np.linspace(36, 72, len(read) - 1), 104]
    characters = [Character(c, 1 - at / 100, edges[at], edges[at + 1]) for at, c in enumerate(read)]
    written = without_pairs_of_dashes(characters, line, find_gaps(line, 0))
    assert "".join(c.text for c in written) == said
    assert (written[1].x0, written[-2].x1) == (36, 72)
    assert min(c.confidence for c in written) == min(c.confidence for c in characters)
