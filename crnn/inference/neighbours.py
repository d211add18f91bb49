"""Two characters that follow each other in a line, and what is known of the gap between them."""

from dataclasses import dataclass
from functools import cached_property

FULL_WIDTH_PUNCTUATION = frozenset("，。、（）《》〈〉【】〔〕「」『』")
ASCII_FOR_FULL_WIDTH = frozenset(":;!?,")  # so the table writes them in Chinese too
EITHER = frozenset("“”‘’·…—")  # full-width beside Chinese, but English has them too
CLAUSE_ENDS = ASCII_FOR_FULL_WIDTH - {":"}  # before Chinese, the gap after them is their own width
NEVER_AFTER_SPACE = frozenset(",;!?)]”")  # in any language written here
NEVER_BEFORE_SPACE = frozenset("“‘")  # however wide a font draws them


@dataclass(frozen=True)
class Neighbours:
    """Two characters that follow each other.

    Attributes:
        left, right: the characters.
        before: the character on the left of ``left``, empty if there is none.
        gap: heights of background between them; 0 if there is none.
        probability: the highest of a space between them.
        seen: whether the decoder gave a space.
    """

    left: str
    right: str
    before: str = ""
    gap: float = 0.0
    probability: float = 0.0
    seen: bool = False

    @cached_property
    def kind(self) -> str:
        """``own width`` after full-width punctuation, ``never``, ``Chinese``, or ``free`` to have a space."""
        if (
            self.left in FULL_WIDTH_PUNCTUATION
            or (self.left in ASCII_FOR_FULL_WIDTH and (is_chinese(self.before) or self.before == "”"))
            or (self.left in CLAUSE_ENDS and is_chinese(self.right))
        ):
            return "own width"
        if self.right in FULL_WIDTH_PUNCTUATION or self.right in NEVER_AFTER_SPACE or self.left in NEVER_BEFORE_SPACE:
            return "never"
        square = [is_chinese(self.left), is_chinese(self.right)]
        if any(square) and (self.left in EITHER or self.right in EITHER):
            return "never"
        return "Chinese" if all(square) else "free"


def is_chinese(character: str) -> bool:
    """Tell whether a character fills a square of its own, as Chinese ones and their punctuation do."""
    return "\u4e00" <= character <= "\u9fff" or character in FULL_WIDTH_PUNCTUATION or character == "〇"
