import pytest

from crnn.inference.spacing import is_word_space, space_between


@pytest.mark.parametrize(
    ("left", "right", "gap", "seen", "space"),
    [
        ("e", "w", 0, True, True),  # two words, as the network saw
        ("e", "w", 9, False, False),  # wide letter spacing, as the network saw
        ("的", "重", 9, True, False),  # Chinese has no blanks
        ("的", "重", 40, False, True),  # unless the gap is far wider than a character
        ("，", "A", 12, True, False),  # nor has full-width punctuation
        ("A", "，", 12, True, False),
        ("，", "用", 40, True, False),  # wide letter spacing behind the comma's own half square
        ("d", "“", 6, True, True),  # quotes are Latin among Latin
        ("”", "与", 6, True, False),  # and Chinese beside Chinese
        ("“", "T", 9, True, False),  # though their own side is never open
        ("N", "”", 9, True, False),
        ("用", "P", 4, True, True),  # a visible gap between Chinese and Latin
        ("d", ",", 7, True, False),  # no word is apart from its comma
        ("x", "]", 7, True, False),
        ("d", ".", 7, True, True),  # but .NET and .py are words
        (";", "城", 9, True, False),  # a full-width one: Chinese goes on
        (";", "h", 9, True, True),
        (",", "是", 9, True, False),
    ],
)
def test_rule(left, right, gap, seen, space):
    assert space_between(left, right, gap, seen) is space


def test_ascii_punctuation_after_chinese_is_full_width():
    assert not space_between(":", "4", 9, True, before="线")
    assert not space_between(":", "系", 9, True, before="”")
    assert space_between(":", "4", 9, True, before="e")


@pytest.mark.parametrize(
    ("left", "right", "gap", "others", "blank"),
    [
        ("d", "w", 3, [2, 3, 2, 4], False),
        ("d", "w", 4, [2, 3, 2, 4], True),
        ("d", "w", 0, [0, 3, 0, 0], True),  # letters touch: who knows
        ("d", "w", 3, [3, 3], True),  # too few to tell
        (".", "W", 3, [3, 3, 3], True),  # signs have room of their own
        ("d", "2", 3, [3, 3, 3], True),
        ("的", "W", 3, [3, 3, 3], True),
    ],
)
def test_the_only_blank_of_a_line(left, right, gap, others, blank):
    assert is_word_space(left, right, gap, others) is blank
