from itertools import pairwise

import numpy as np
import pytest

from crnn.inference.neighbours import Neighbours
from crnn.inference.spacing import SpaceEvidence, insert_spaces, spaces_between
from crnn.inference.text_line import Character


def spaced(text, gaps, probabilities=None, seen=None, word_score=None):
    """The text with the spaces that the rules put; the gaps, in heights, and what the network says, one a pair."""
    probabilities = probabilities or [0.0] * len(gaps)
    seen = seen or [probability > 0.5 for probability in probabilities]
    line = [
        Neighbours(left, right, text[at - 1] if at else "", gaps[at], probabilities[at], seen[at])
        for at, (left, right) in enumerate(pairwise(text))
    ]
    spaces = [*spaces_between(line, word_score), False]
    return "".join(character + " " * space for character, space in zip(text, spaces, strict=True))


def alone(text, gap, probability):
    """Whether a space that the decoder saw stands before the last character, beside tight ones."""
    gaps = [0.05] * (len(text) - 2) + [gap]
    others = [0] * (len(text) - 2)
    return " " in spaced(text, gaps, others + [probability], [False for _ in others] + [probability > 0.25])


@pytest.mark.parametrize(
    ("text", "gap", "probability", "space"),
    [
        ("the", 0.3, 0.9, True),  # as the network saw
        ("the", 0.1, 0.9, True),
        ("the", 0.1, 0.4, False),  # too narrow for a doubtful one
        ("the", 0.5, 0.0, False),  # wide letter spacing, as the network saw
        ("中的重", 0.2, 0.9, False),  # no wider than Chinese stands apart
        ("中的重", 0.5, 0.9, True),
        ("中的重", 0.5, 0.4, True),  # suspected, and much wider than the others
        ("中的重", 0.5, 0.0, False),
        ("中的重", 2.5, 0.0, True),  # far away, whatever the network says
        ("好，A", 0.7, 0.9, False),  # full-width punctuation has its own width
        ("好，用", 1.8, 0.9, False),
        ("好，用", 2.5, 0.9, True),
        ("的A，", 0.7, 0.9, False),
        ("ad“", 0.4, 0.9, True),  # quotes are Latin among Latin
        ("“”与", 0.4, 0.9, False),  # and Chinese beside Chinese
        ("a“T", 0.5, 0.9, False),  # though their own side is never open
        ("的用P", 0.3, 0.9, True),  # a visible gap between Chinese and Latin
        ("ad,", 0.4, 0.9, False),  # no word is apart from its comma
        ("ax]", 0.4, 0.9, False),
        ("ad!", 0.4, 0.9, True),  # code has spaces before such signs
        ("ad!", 0.4, 0.3, False),
        ("的用!", 0.4, 0.9, False),
        ("ad.", 0.4, 0.9, True),  # but .NET and .py are words
        ("a;城", 0.7, 0.9, False),  # a full-width one: Chinese goes on
        ("a;h", 0.4, 0.9, True),
        ("线:4", 0.7, 0.9, False),  # a full-width colon is followed by its own right half
        ("线:4", 0.4, 0.2, True),  # a half-width one by a space
        ("”:系", 0.7, 0.9, False),
    ],
)
def test_two_characters_in_a_line(text, gap, probability, space):
    assert alone(text, gap, probability) is space


@pytest.mark.parametrize("text", ["37", "2468", "ABCD", "1a2b", "x=5"])
def test_single_characters_with_spaces_between(text):
    """The network suspects spaces, though it reads none."""
    count = len(text) - 1
    for gap, probability in ((0.4, 0.04), (1.0, 0.04), (3.0, 0.9)):
        assert spaced(text, [gap] * count, [probability] * count) == " ".join(text)


@pytest.mark.parametrize(("text", "said"), [("CONTENTS", "CONTENTS"), ("openday", "open day")])
def test_letter_spaced_words_have_no_spaces_but_between_them(text, said):
    for gap in (0.3, 0.6, 1.0):
        gaps, probabilities = [gap] * (len(text) - 1), [0.0001] * (len(text) - 1)
        if " " in said:
            place = said.index(" ") - 1
            gaps[place], probabilities[place] = 2.5 * gap, 0.99
        assert spaced(text, gaps, probabilities) == said


def test_wider_gaps_show_that_the_others_are_within_words():
    gaps, probabilities = [0.5, 0.5, 0.5, 1.2, 0.5, 0.5], [0.4] * 3 + [0.9] + [0.4] * 2
    assert spaced("openday", gaps, probabilities) == "open day"
    assert spaced("openday", [0.5] * 6, probabilities) == "o p e n d a y"


def test_chinese_characters_that_all_stand_apart_have_spaces_where_the_network_is_sure():
    gaps, probabilities = [0.7, 0.7, 0.1, 0.05, 0.05], [0.9, 0.9, 0.0, 0.0, 0.0]
    assert spaced("校验码:76", gaps, probabilities, [False] * 5) == "校 验 码:76"
    assert spaced("校验码:76", gaps, [0.3, 0.3, 0.0, 0.0, 0.0], [False] * 5) == "校验码:76"


def test_a_middle_dot_has_spaces_on_both_sides_or_on_none():
    assert spaced("京A·12", [0.1, 0.4, 0.4, 0.1], [0.0, 0.1, 0.6, 0.0]) == "京A·12"
    assert spaced("ab·cd", [0.1, 0.4, 0.4, 0.1], [0.0, 0.9, 0.9, 0.0]) == "ab · cd"
    assert spaced("ab·cd", [0.1, 0.1, 0.4, 0.1], [0.0, 0.0, 0.9, 0.0]) == "ab· cd"  # closer to what is before it


def test_a_sign_between_two_has_spaces_on_both_sides_if_both_gaps_are_as_wide():
    assert spaced("a+b=c", [0.4, 0.4, 0.25, 0.25], [0.9, 0.9, 0.9, 0.1]) == "a + b = c"
    assert spaced("a+b=c", [0.4, 0.4, 0.25, 0.25], [0.9, 0.9, 0.1, 0.9]) == "a + b = c"
    assert spaced("a+b=c", [0.4, 0.4, 0.25, 0.25], [0.9, 0.9, 0.9, 0.0]) == "a + b =c"  # the network sees none
    assert spaced("a+b=c", [0.4, 0.4, 0.4, 0.25], [0.9, 0.9, 0.9, 0.1]) == "a + b =c"  # a narrower gap
    assert spaced("ls-la", [0.1, 0.4, 0.1, 0.1], [0.0, 0.9, 0.1, 0.0]) == "ls -la"
    assert spaced("a，/b", [0.4, 0.5, 0.4], [0.1, 0.9, 0.9]) == "a，/ b"  # punctuation has a width of its own


@pytest.mark.parametrize("said", ["it’s a", "we’ll go", "dogs’ life", "’ n roll"])
def test_a_full_width_apostrophe_within_a_word_is_followed_by_no_space(said):
    text = said.replace(" ", "")
    gaps, probabilities = [0.05] * (len(text) - 1), [0.0] * (len(text) - 1)
    apart = [text.index("’"), len(said[: said.rindex(" ")].replace(" ", "")) - 1]
    for place in apart:
        gaps[place], probabilities[place] = 0.5, 0.9
    assert spaced(text, gaps, probabilities) == said


def test_one_suspicion_makes_no_spaces_in_a_letter_spaced_word():
    assert spaced("CONTENTS", [0.6] * 7, [0.0001] * 6 + [0.6]) == "CONTENTS"


def test_a_gap_as_wide_as_those_that_are_spaces_is_one_if_it_is_suspected():
    gaps, tight = [0.4, 0.05, 0.38, 0.4], 0.0
    assert spaced("第12条的", gaps, [0.9, tight, 0.1, tight]) == "第 12 条的"
    assert spaced("第12条的", gaps, [0.9, tight, tight, tight]) == "第 12条的"


@pytest.mark.parametrize(("text", "inner"), [("第12章", 0.5), ("ABC公司", 0.6), ("共78页", 0.7)])
def test_full_width_letters_and_digits_beside_chinese_have_no_spaces(text, inner):
    pairs = list(pairwise(text))
    gaps = [inner if (left + right).isascii() else 0.3 for left, right in pairs]
    assert spaced(text, gaps, [0.9 if (left + right).isascii() else 0.0 for left, right in pairs]) == text


def test_words_beside_chinese_keep_their_spaces():
    assert spaced("用ABCD的", [0.3, 0.1, 0.5, 0.1, 0.3], [0.9, 0.0, 0.9, 0.0, 0.9]) == "用 AB CD 的"
    assert spaced("用ABX的", [0.3, 0.1, 0.5, 0.3], [0.9, 0.0, 0.9, 0.9]) == "用 AB X 的"


@pytest.mark.parametrize(
    ("text", "gaps", "said"),
    [
        ("goodw", [0.07, 0.06, 0.07, 0.09], "goodw"),  # a gap within a word
        ("goodw", [0.07, 0.06, 0.07, 0.2], "good w"),
        ("goodw", [0.0, 0.07, 0.0, 0.0], "good w"),  # letters touch: who knows
        ("gow", [0.1, 0.1], "go w"),  # too few to tell
        ("good.W", [0.1, 0.1, 0.1, 0.1, 0.1], "good. W"),  # signs have room of their own
        ("good2", [0.1, 0.1, 0.1, 0.1], "good 2"),
    ],
)
def test_the_only_space_of_a_line_is_wider_than_the_gaps_within_words(text, gaps, said):
    assert spaced(text, gaps, [0.0] * (len(gaps) - 1) + [0.9]) == said


def test_gaps_and_probabilities_belong_to_the_characters_around_them():
    """A colon stands left in its square: the gap behind it is the next character's."""
    characters = [Character(text, 0.9, x0, x0 + 10) for text, x0 in (("a", 0), (":", 12), ("b", 30))]
    columns = np.arange(4, 60, 4)
    probabilities = np.where((columns > 20) & (columns < 30), 0.9, 0.0)
    line = insert_spaces(
        [*characters[:2], Character(" ", 0.9, 20, 30), characters[2]],
        SpaceEvidence([(10, 12), (19, 31)], columns, probabilities, 20),
    )
    assert "".join(character.text for character in line) == "a: b"
    assert (line[2].x0, line[2].x1) == (22, 30)


def test_a_line_of_nothing():
    evidence = SpaceEvidence([], np.zeros(0), np.zeros(0), 0)
    assert insert_spaces([], evidence) == [] == insert_spaces([Character(" ", 0.9, 0, 4)], evidence)


@pytest.mark.parametrize(
    ("text", "score", "said"),
    [("why%<", 2.0, "why%<"), ("wqd%<", -1.0, "w q d % <"), ("xyz", 5.0, "x y z")],  # the last is of the alphabet
)
def test_letters_that_stand_apart_and_make_a_word_have_no_spaces(text, score, said):
    count = len(text) - 1
    scores = {text[:3]: score}
    assert spaced(text, [0.5] * count, [0.2] * count, [False] * count, scores.__getitem__) == said


@pytest.mark.parametrize(
    ("second", "third", "said"),
    [
        (0.9, 0.2, "型号 XR，数量 36 台"),
        (0.1, 0.2, "型号 XR，数量36台"),  # one of the others is none
        (0.9, 0.01, "型号 XR，数量 36台"),  # nothing says so
    ],
)
def test_borders_between_chinese_and_latin_are_set_alike(second, third, said):
    """Boxes and rules leave no gaps to measure."""
    assert spaced("型号XR，数量36台", [0.0] * 9, [0.0, 0.9, 0.0, 0.0, 0.0, 0.0, second, 0.0, third]) == said
