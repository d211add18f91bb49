"""The one rule that decides whether a blank stands between two characters."""

from crnn.image import HEIGHT

FULL_WIDTH_PUNCTUATION = frozenset("，。、（）《》〈〉【】〔〕「」『』")
ASCII_FOR_FULL_WIDTH = frozenset(":;!?,")  # so the table writes them in Chinese too
EITHER = frozenset("“”‘’·…—")  # full-width beside Chinese, but English has them too
CLAUSE_ENDS = ASCII_FOR_FULL_WIDTH - {":"}  # before Chinese, what looks like a blank after them is their own width
NEVER_AFTER_BLANK = frozenset(",;!?)]”")  # in any language written here
NEVER_BEFORE_BLANK = frozenset("“‘")  # however wide a face draws them
FAR = HEIGHT  # columns: a gap between Chinese characters that stands for more than their spacing


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
        gap: columns of background between them, at height 32; 0 if there is no gap of ``image.gaps``.
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
