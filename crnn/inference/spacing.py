"""The rules that decide where a space stands between two characters.

``space`` is the character; the CTC blank is another thing and none of this module's business.
"""

from bisect import bisect_left, bisect_right

import numpy as np

from crnn.geometry import HEIGHT
from crnn.inference.line_splitting import Gap
from crnn.inference.text_line import Character

FULL_WIDTH_PUNCTUATION = frozenset("，。、（）《》〈〉【】〔〕「」『』")
ASCII_FOR_FULL_WIDTH = frozenset(":;!?,")  # so the table writes them in Chinese too
EITHER = frozenset("“”‘’·…—")  # full-width beside Chinese, but English has them too
CLAUSE_ENDS = ASCII_FOR_FULL_WIDTH - {":"}  # before Chinese, the gap after them is their own width
NEVER_AFTER_SPACE = frozenset(",;!?)]”")  # in any language written here
NEVER_BEFORE_SPACE = frozenset("“‘")  # however wide a font draws them
MIN_SPACE_GAP = HEIGHT  # columns: a gap between Chinese characters that is more than their spacing
MIN_LETTER_GAPS = 3  # gaps that show how wide the gaps within the words of a line are
SPACE_MARGIN = 1  # columns over the median of those gaps: the only space of a line has more


def insert_spaces(characters: list[Character], gaps: list[Gap]) -> list[Character]:
    """Decide where spaces stand in a line.

    Args:
        characters: of a line, from left to right, with the spaces that the network saw.
        gaps: all gaps of the line, in columns of the line, as the characters.

    Returns:
        The characters, with spaces where the rules put them.
    """
    gaps = sorted(gaps, key=sum)
    centres = [(start + end) / 2 for start, end in gaps]
    spaced: list[Character] = []
    spaces: list[tuple[int, str, str, int]] = []  # place, characters beside it, gap
    letter_gaps: list[int] = []
    seen = False
    for character in characters:
        if character.text == " ":
            seen = True
            continue
        if spaced:
            left = spaced[-1]
            between = slice(bisect_right(centres, left.x0), bisect_left(centres, character.x1))
            gap = max((end - start for start, end in gaps[between]), default=0)
            before = spaced[-2].text if len(spaced) > 1 else ""
            if space_between(left.text, character.text, gap, seen, before):
                spaces.append((len(spaced), left.text, character.text, gap))
                confidence = min(left.confidence, character.confidence)
                spaced.append(Character(" ", confidence, left.x1, character.x0))
            elif left.text.isascii() and character.text.isascii():
                letter_gaps.append(gap)
        spaced.append(character)
        seen = False
    if len(spaces) == 1:
        ((place, left_text, right_text, gap),) = spaces
        if not is_word_space(left_text, right_text, gap, letter_gaps):
            del spaced[place]
    return spaced


def is_chinese(character: str) -> bool:
    """Tell whether a character fills a square of its own, as Chinese ones and their punctuation do."""
    return "\u4e00" <= character <= "\u9fff" or character in FULL_WIDTH_PUNCTUATION or character == "〇"


def space_between(left: str, right: str, gap: int, seen: bool, before: str = "") -> bool:
    """Tell whether a space stands between two characters.

    Two Chinese characters have none, nor has full-width punctuation beside anything, nor a comma, a closing bracket or
    a closing quote before it, nor an opening quote after it, unless the gap is far wider than a character. Where a
    Latin character stands, the network decides.

    Args:
        left: the character on the left.
        right: the character on the right.
        gap: columns of background between them, at height 32; 0 if there is none.
        seen: whether the network saw a space.
        before: the character on the left of ``left``: after Chinese, ``:`` is a full-width ``：``.

    >>> space_between("d", "i", 9, True), space_between("的", "重", 9, True)
    (True, False)
    """
    full_width = (
        left in FULL_WIDTH_PUNCTUATION
        or (left in ASCII_FOR_FULL_WIDTH and (is_chinese(before) or before == "”"))
        or (left in CLAUSE_ENDS and is_chinese(right))
    )
    if full_width:
        return gap > MIN_SPACE_GAP + HEIGHT // 2  # the right half of its own square is empty
    if right in FULL_WIDTH_PUNCTUATION or right in NEVER_AFTER_SPACE or left in NEVER_BEFORE_SPACE:
        return gap > MIN_SPACE_GAP
    square = [is_chinese(character) for character in (left, right)]
    if all(square) or (any(square) and (left in EITHER or right in EITHER)):
        return gap > MIN_SPACE_GAP
    return seen


def is_word_space(left: str, right: str, gap: int, letter_gaps: list[int]) -> bool:
    """Tell whether the only space of a line is one, and no gap within a word.

    A word made of two known ones, as "goodwill", is at times read as two. Between two Latin letters a space is wider
    than what stands between others, where most of these stand apart.

    Args:
        left: the character on the left.
        right: the character on the right.
        gap: columns of background between them.
        letter_gaps: the same of all other neighbours that are ASCII.

    >>> is_word_space("d", "w", 3, [2, 3, 2]), is_word_space("d", "w", 6, [2, 3, 2])
    (False, True)
    """
    letters = all(character.isascii() and character.isalpha() for character in (left, right))
    if not letters or len(letter_gaps) < MIN_LETTER_GAPS or np.count_nonzero(letter_gaps) <= len(letter_gaps) / 2:
        return True
    return bool(gap > np.median(letter_gaps) + SPACE_MARGIN)
