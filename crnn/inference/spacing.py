"""The rules that decide whether a blank stands between two characters."""

import numpy as np

from crnn.geometry import HEIGHT

FULL_WIDTH_PUNCTUATION = frozenset("，。、（）《》〈〉【】〔〕「」『』")
ASCII_FOR_FULL_WIDTH = frozenset(":;!?,")  # so the table writes them in Chinese too
EITHER = frozenset("“”‘’·…—")  # full-width beside Chinese, but English has them too
CLAUSE_ENDS = ASCII_FOR_FULL_WIDTH - {":"}  # before Chinese, what looks like a blank after them is their own width
NEVER_AFTER_BLANK = frozenset(",;!?)]”")  # in any language written here
NEVER_BEFORE_BLANK = frozenset("“‘")  # however wide a face draws them
FAR = HEIGHT  # columns: a gap between Chinese characters that stands for more than their spacing


LEAST_OTHERS = 3  # gaps that tell how wide the gaps of a line are
WIDER = 1  # columns over their median: the only blank of a line has more


def is_chinese(character):
    """Whether a character fills a square of its own, as Chinese ones and their punctuation do."""
    return "\u4e00" <= character <= "\u9fff" or character in FULL_WIDTH_PUNCTUATION or character == "〇"


def space_between(left, right, gap, seen, before=""):
    """Whether a blank stands between two characters.

    Two Chinese characters have none, nor has full-width punctuation beside anything, nor a comma, a
    closing bracket or a closing quote before it, nor an opening quote after it, unless the gap is far
    wider than a character. Where a Latin character stands, the network decides.

    Args:
        left, right: the characters on both sides.
        gap: columns of background between them, at height 32; 0 if there is none.
        before: the character on the left of ``left``: after Chinese, ``:`` is a full-width ``：``.
        seen: whether the network said space.

    >>> space_between("d", "i", 9, True), space_between("的", "重", 9, True)
    (True, False)
    """
    full_width = (
        left in FULL_WIDTH_PUNCTUATION
        or (left in ASCII_FOR_FULL_WIDTH and (is_chinese(before) or before == "”"))
        or (left in CLAUSE_ENDS and is_chinese(right))
    )
    if full_width:
        return gap > FAR + HEIGHT // 2  # the right half of its own square is empty
    if right in FULL_WIDTH_PUNCTUATION or right in NEVER_AFTER_BLANK or left in NEVER_BEFORE_BLANK:
        return gap > FAR
    square = [is_chinese(character) for character in (left, right)]
    if all(square) or (any(square) and (left in EITHER or right in EITHER)):
        return gap > FAR
    return seen


def is_blank(left, right, gap, others):
    """Whether the only blank that was read in a line is one, and no gap within a word.

    A word made of two known ones, as "goodwill", is at times read as two. Between two Latin letters a blank is wider
    than what stands between others, where most of these stand apart.

    Args:
        left, right, gap: as of ``space_between``. others: the same gaps of all other neighbours that are ASCII.

    >>> is_blank("d", "w", 3, [2, 3, 2]), is_blank("d", "w", 6, [2, 3, 2])
    (False, True)
    """
    letters = all(character.isascii() and character.isalpha() for character in (left, right))
    if not letters or len(others) < LEAST_OTHERS or np.count_nonzero(others) <= len(others) / 2:
        return True
    return bool(gap > np.median(others) + WIDER)
