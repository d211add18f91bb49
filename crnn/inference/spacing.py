"""Where spaces stand in a line: decided from its gaps, against the height of its characters, and from the network.

Gaps are measured in heights of the line's ink, whatever its size. ``space`` is the character; the CTC blank is another
thing and none of this module's business.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crnn.geometry import HEIGHT
from crnn.inference.line_splitting import Gap
from crnn.inference.text_line import Character

FULL_WIDTH_PUNCTUATION = frozenset("，。、（）《》〈〉【】〔〕「」『』")
ASCII_FOR_FULL_WIDTH = frozenset(":;!?,")  # so the table writes them in Chinese too
EITHER = frozenset("“”‘’·…—")  # full-width beside Chinese, but English has them too
CLAUSE_ENDS = ASCII_FOR_FULL_WIDTH - {":"}  # before Chinese, the gap after them is their own width
NEVER_AFTER_SPACE = frozenset(",;!?)]”")  # in any language written here
OPERATORS = frozenset("!?")  # of code, where they may stand apart, as in "a != b"
NEVER_BEFORE_SPACE = frozenset("“‘")  # however wide a font draws them

CONTRACTIONS = frozenset(("s", "t", "m", "d", "re", "ve", "ll"))  # after an apostrophe

# in heights of the ink
MIN_HEIGHT = HEIGHT / 2  # rows, of a line of small marks: its ink is lower than its characters
WIDE = 0.3  # gaps of at least this may be spaces of their own right
NARROW = 0.2  # gaps below this are spaces only where the network is sure
ALWAYS_SPACE = 2.0  # wider gaps are spaces between any two characters
HALF_WIDTH = 0.6  # the gap after a half-width colon and a space; that after a full-width one is wider
FULL_WIDTH = 0.8  # gaps within full-width letters and digits are narrower
# of probability
SUSPECTED = 0.05  # of a space where the gap says so too
LIKELY = 0.5  # of a space where the gap or the characters speak against it
CERTAIN = 0.8  # of a space where gaps on both sides say nothing
SUSPECTED_ALL = 0.03  # geometric mean over the gaps of a line in which all are as wide
# between gaps
EVEN = 1.5  # the widest over the narrowest of gaps of one kind
BETWEEN_WORDS = 1.8  # over the median of even gaps; beside wider ones these are within words
MIN_EVEN_GAPS = 4  # that show so
AS_WIDE = 0.9  # over the median of the spaces that the network saw
CHINESE_MARGIN = 0.2  # heights over the median gap between Chinese characters
MIN_LETTER_GAPS = 3  # gaps that show how wide the gaps within the words of a line are
SPACE_MARGIN = 1  # columns over the median of those gaps: the only space of a line has more


@dataclass(frozen=True)
class SpaceEvidence:
    """What tells where the spaces of a line are.

    Attributes:
        gaps: all gaps of the line, in columns.
        columns: (time steps,) that the network looked at, in order.
        probabilities: (time steps,) of the space.
        height: rows of the line's ink.
    """

    gaps: list[Gap]
    columns: np.ndarray
    probabilities: np.ndarray
    height: float


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

    @property
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


def insert_spaces(characters: list[Character], evidence: SpaceEvidence) -> list[Character]:
    """Decide where spaces stand in a line.

    Args:
        characters: of a line, from left to right, with the spaces that the decoder gave; in columns of the line.
        evidence: of the same line.

    Returns:
        The characters, with spaces where the rules put them.
    """
    letters = [character for character in characters if character.text != " "]
    spaces = spaces_between(_neighbours(characters, evidence))
    spaced = letters[:1]
    for (left, right), has_space in zip(pairwise(letters), spaces, strict=True):
        if has_space:
            spaced.append(Character(" ", min(left.confidence, right.confidence), left.x1, right.x0))
        spaced.append(right)
    return spaced


def spaces_between(line: list[Neighbours]) -> list[bool]:
    """Tell for all neighbours of a line whether a space stands between them.

    Args:
        line: from left to right.

    >>> spaces_between([Neighbours("d", "i", gap=0.5, seen=True), Neighbours("i", "t", gap=0.1)])
    [True, False]
    """
    spaces = [_has_space(pair) for pair in line]
    chinese_gap = float(np.median([pair.gap for pair in line if pair.kind == "Chinese"] or [0]))
    free = [at for at, pair in enumerate(line) if pair.kind in ("free", "Chinese")]
    seen = [pair.gap for pair in line if pair.kind == "free" and pair.seen and pair.gap >= WIDE]
    space_gap = float(np.median(seen or [np.inf]))
    even = _even_gaps([line[at] for at in free])
    for at in free:
        pair = line[at]
        suspected = pair.probability >= SUSPECTED and pair.gap >= WIDE
        if pair.kind == "Chinese":
            spaces[at] |= suspected and (pair.gap >= chinese_gap + CHINESE_MARGIN or pair.probability >= CERTAIN)
        elif not even:
            spaces[at] |= suspected and pair.gap >= AS_WIDE * space_gap
    if even:
        all_spaces = _are_spaces([line[at] for at in free], even)
        for at in free:
            if all_spaces or line[at].gap <= even:
                spaces[at] = all_spaces
    for first, last in _full_width_words(line):
        spaces[first:last] = [False] * (last - first)
    for at in range(1, len(line)):
        if _is_dot_apart(line[at - 1], line[at]):
            likely = (line[at - 1].probability + line[at].probability) / 2
            spaces[at - 1 : at + 1] = [likely >= CERTAIN] * 2
        elif not spaces[at - 1] and _is_contraction(line, spaces, at):
            spaces[at] = False
    if spaces.count(True) == 1 and not _is_only_space(line, spaces.index(True)):
        return [False] * len(line)
    return spaces


def _has_space(pair: Neighbours) -> bool:
    """Tell whether a space stands between two characters, as far as they alone say."""
    if pair.kind == "own width":
        half_width = pair.left in ASCII_FOR_FULL_WIDTH and pair.gap < HALF_WIDTH and pair.probability >= SUSPECTED
        return half_width or pair.gap > ALWAYS_SPACE
    if pair.kind == "free":
        return pair.seen and (pair.probability >= LIKELY or not 0 < pair.gap < NARROW)
    if pair.right in OPERATORS and pair.seen and not is_chinese(pair.left):
        return pair.probability >= LIKELY and pair.gap >= WIDE
    return pair.gap > ALWAYS_SPACE or (pair.kind == "Chinese" and pair.seen and pair.gap >= WIDE)


def _even_gaps(pairs: list[Neighbours]) -> float:
    """Return the widest gap of those that are as wide as the narrowest, if all are wide; else 0.

    In such a line the characters stand apart one by one: all of these gaps are spaces, or none is.
    """
    narrowest = min((pair.gap for pair in pairs), default=0.0)
    return EVEN * narrowest if narrowest >= WIDE and any(pair.kind == "free" for pair in pairs) else 0.0


def _is_dot_apart(before: Neighbours, after: Neighbours) -> bool:
    """Tell whether a middle dot is equally far from both its neighbours: both gaps are spaces, or none is."""
    gaps = sorted((before.gap, after.gap))
    return after.left == "·" and before.kind == after.kind == "free" and WIDE <= gaps[1] < EVEN * gaps[0]


def _is_contraction(line: list[Neighbours], spaces: list[bool], at: int) -> bool:
    """Tell whether the gap ``at`` is that of a full-width apostrophe within a word, as in "it's"."""
    if line[at].left not in "’'" or not line[at].before.isalpha():
        return False
    word = line[at].right
    for pair, has_space in zip(line[at + 1 :], spaces[at + 1 :], strict=True):
        if has_space or not pair.right.isalpha():
            break
        word += pair.right
    return word in CONTRACTIONS


def _are_spaces(pairs: list[Neighbours], even: float) -> bool:
    """Tell whether the gaps up to ``even`` are spaces, or within words whose characters are set apart."""
    alike = [pair for pair in pairs if pair.gap <= even]
    usual, widest = np.median([pair.gap for pair in alike]), max(pair.gap for pair in pairs)
    if len(alike) >= MIN_EVEN_GAPS and widest >= BETWEEN_WORDS * usual:
        return False
    likely = [max(pair.probability, 1e-4) for pair in alike]
    return bool(np.exp(np.log(likely).mean()) >= SUSPECTED_ALL)


def _full_width_words(line: list[Neighbours]) -> list[tuple[int, int]]:
    """Find words of full-width letters or digits beside Chinese: the first and last + 1 of their neighbours each."""
    words, first = [], 0
    for at in range(len(line) + 1):
        if at < len(line) and _alphanumeric(line[at].left) and _alphanumeric(line[at].right):
            continue
        gaps = [pair.gap for pair in line[first:at]]
        before, behind = line[max(0, first - 1) : first], line[at : at + 1]
        beside = any(is_chinese(pair.left) for pair in before) or any(is_chinese(pair.right) for pair in behind)
        if gaps and beside and min(gaps) >= WIDE and max(gaps) <= FULL_WIDTH:
            words.append((first, at))
        first = at + 1
    return words


def _alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_only_space(line: list[Neighbours], place: int) -> bool:
    """Tell whether the only space of a line is one, and no gap within a word.

    A word made of two known ones, as "goodwill", is at times read as two. Between two Latin letters a space is wider
    than what stands between others, where most of these stand apart.
    """
    pair = line[place]
    if not all(character.isascii() and character.isalpha() for character in (pair.left, pair.right)):
        return True
    others = [o.gap for at, o in enumerate(line) if at != place and o.left.isascii() and o.right.isascii()]
    if len(others) < MIN_LETTER_GAPS or np.count_nonzero(others) <= len(others) / 2:
        return True
    return bool(pair.gap > np.median(others) + SPACE_MARGIN / HEIGHT)


def _neighbours(characters: list[Character], evidence: SpaceEvidence) -> list[Neighbours]:
    height = max(evidence.height, MIN_HEIGHT)
    gaps = sorted(evidence.gaps, key=sum)
    gap_centres = [(start + end) / 2 for start, end in gaps]
    pairs: list[Neighbours] = []
    last: Character | None = None
    seen = False
    for character in characters:
        if character.text == " ":
            seen = True
            continue
        if last:
            span = (last.x0 + last.x1) / 2, (character.x0 + character.x1) / 2
            between = slice(*np.searchsorted(gap_centres, span).tolist())
            steps = slice(*np.searchsorted(evidence.columns, span).tolist())
            pairs.append(
                Neighbours(
                    last.text,
                    character.text,
                    pairs[-1].left if pairs else "",
                    max((end - start for start, end in gaps[between]), default=0) / height,
                    float(evidence.probabilities[steps].max(initial=0)),
                    seen,
                )
            )
        last, seen = character, False
    return pairs
