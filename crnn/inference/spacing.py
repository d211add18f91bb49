"""Where spaces stand in a line: decided from its gaps, against the height of its characters, and from the network.

Gaps are measured in heights of the line's ink, whatever its size. ``space`` is the character; the CTC blank is another
thing and none of this module's business.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crnn.geometry import HEIGHT
from crnn.inference.line_splitting import Gap
from crnn.inference.neighbours import ASCII_FOR_FULL_WIDTH, Neighbours, is_chinese
from crnn.inference.text_line import Character

WordScore = Callable[[str], float]

OPERATORS = frozenset("!?")  # of code, where they may stand apart, as in "a != b"
BETWEEN_TWO = frozenset("+-=×*/<>&|~–—")  # with spaces on both sides, or on none
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
POSSIBLE = 0.35  # of a space that the decoder gave, or of one in a wide gap between Chinese characters
LIKELY = 0.5  # of a space where the gap or the characters speak against it
CERTAIN = 0.8  # of a space where the gaps say nothing, or the letters between them make a word
SUSPECTED_ALL = 0.03  # geometric mean over the gaps of a line in which all are as wide
# between gaps
EVEN = 1.5  # the widest over the narrowest of gaps of one kind
BETWEEN_WORDS = 1.8  # over the median of even gaps; beside wider ones these are within words
MIN_EVEN_GAPS = 4  # that show so
MIN_WORD = 3  # letters, of a word whose letters may stand apart
WORD_SCORE = 1.5  # of the n-grams, for a word
AS_WIDE = 0.9  # over the median of the spaces that the network saw
AS_WIDE_ON_BOTH_SIDES = 0.8  # over the gap on the other side of a sign
MIN_BORDERS = 2  # between Chinese and letters or digits, that show how a line sets these
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


def insert_spaces(
    characters: list[Character], evidence: SpaceEvidence, word_score: WordScore | None = None
) -> list[Character]:
    """Decide where spaces stand in a line.

    Args:
        characters: of a line, from left to right, with the spaces that the decoder gave; in columns of the line.
        evidence: of the same line.
        word_score: ``NGrams.word_score`` of a text; without it no letters that stand apart are taken for a word.

    Returns:
        The characters, with spaces where the rules put them.
    """
    letters = [character for character in characters if character.text != " "]
    spaces = spaces_between(_neighbours(characters, evidence), word_score)
    spaced = letters[:1]
    for (left, right), has_space in zip(pairwise(letters), spaces, strict=True):
        if has_space:
            spaced.append(Character(" ", min(left.confidence, right.confidence), left.x1, right.x0))
        spaced.append(right)
    return spaced


def spaces_between(line: list[Neighbours], word_score: WordScore | None = None) -> list[bool]:
    """Tell for all neighbours of a line whether a space stands between them.

    Args:
        line: from left to right.
        word_score: as for ``insert_spaces``.

    >>> spaces_between([Neighbours("d", "i", gap=0.5, probability=0.9, seen=True), Neighbours("i", "t", gap=0.1)])
    [True, False]
    """
    spaces = [_has_space(pair) for pair in line]
    chinese_gap = _median([pair.gap for pair in line if pair.kind == "Chinese"] or [0.0])
    free = [at for at, pair in enumerate(line) if pair.kind in ("free", "Chinese")]
    seen = [pair.gap for pair in line if pair.kind == "free" and pair.seen and pair.gap >= WIDE]
    space_gap = _median(seen or [math.inf])
    even = _even_gaps([line[at] for at in free])
    for at in free:
        pair = line[at]
        if pair.kind == "Chinese":
            is_wide = pair.gap >= chinese_gap + CHINESE_MARGIN
            spaces[at] |= pair.gap >= WIDE and pair.probability >= (POSSIBLE if is_wide else CERTAIN)
        elif not even:
            suspected = pair.probability >= SUSPECTED and pair.gap >= WIDE
            spaces[at] |= suspected and pair.gap >= AS_WIDE * space_gap
    _add_border_spaces(line, spaces)
    if even:
        all_spaces = _are_spaces([line[at] for at in free], even, word_score)
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
    _add_spaces_on_both_sides(line, spaces)
    if spaces.count(True) == 1 and not _is_only_space(line, spaces.index(True)):
        return [False] * len(line)
    return spaces


def _add_border_spaces(line: list[Neighbours], spaces: list[bool]) -> None:
    """Add a space that the network suspects between Chinese and a letter or digit, where all others there are spaces.

    Rules and boxes may leave no gap to measure.
    """
    borders = [at for at, pair in enumerate(line) if _is_border(pair)]
    for at in borders:
        others = [other for other in borders if other != at]
        if len(others) >= MIN_BORDERS and all(spaces[other] for other in others):
            wide = line[at].gap >= AS_WIDE * min(line[other].gap for other in others)
            spaces[at] |= wide and line[at].probability >= SUSPECTED


def _add_spaces_on_both_sides(line: list[Neighbours], spaces: list[bool]) -> None:
    """Add a space that the network suspects beside a sign such as + or /, where one as wide is on its other side."""
    for at in range(1, len(line)):
        if line[at].left not in BETWEEN_TWO or spaces[at - 1] == spaces[at]:
            continue
        without, other = sorted((at - 1, at), key=lambda place: spaces[place])
        gap, space = line[without], line[other]
        wide = gap.gap >= max(NARROW, AS_WIDE_ON_BOTH_SIDES * space.gap)
        spaces[without] = wide and gap.kind == space.kind == "free" and gap.probability >= SUSPECTED


def _is_border(pair: Neighbours) -> bool:
    """Tell whether Chinese meets a letter or digit."""
    square = is_chinese(pair.left), is_chinese(pair.right)
    other = pair.right if square[0] else pair.left
    return pair.kind == "free" and square[0] != square[1] and _alphanumeric(other)


def _has_space(pair: Neighbours) -> bool:
    """Tell whether a space stands between two characters, as far as they alone say."""
    if pair.kind == "own width":
        half_width = pair.left in ASCII_FOR_FULL_WIDTH and pair.gap < HALF_WIDTH and pair.probability >= SUSPECTED
        return half_width or pair.gap > ALWAYS_SPACE
    if pair.kind == "free":
        return pair.seen and pair.probability >= (LIKELY if 0 < pair.gap < NARROW else POSSIBLE)
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


def _are_spaces(pairs: list[Neighbours], even: float, word_score: WordScore | None) -> bool:
    """Tell whether the gaps up to ``even`` are spaces, or within words whose characters are set apart."""
    alike = [pair for pair in pairs if pair.gap <= even]
    usual, widest = _median([pair.gap for pair in alike]), max(pair.gap for pair in pairs)
    if len(alike) >= MIN_EVEN_GAPS and widest >= BETWEEN_WORDS * usual:
        return False
    likely = [max(pair.probability, 1e-4) for pair in alike]
    word = word_score and any(_is_word(letters, word_score) for letters in _letters_apart(pairs, even))
    return bool(np.exp(np.log(likely).mean()) >= (CERTAIN if word else SUSPECTED_ALL))


def _letters_apart(pairs: list[Neighbours], even: float) -> list[str]:
    """Return the runs of letters that have gaps up to ``even`` between them."""
    text = pairs[0].left + "".join((pair.right if pair.gap <= even else " " + pair.right) for pair in pairs)
    return re.findall(r"[A-Za-z]+", text)


def _is_word(letters: str, word_score: WordScore) -> bool:
    """Tell whether letters are a word or the beginning of one, and no piece of the alphabet."""
    alphabet = all(ord(right) - ord(left) == 1 for left, right in pairwise(letters))
    return len(letters) >= MIN_WORD and not alphabet and word_score(letters) >= WORD_SCORE


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
    return pair.gap > _median(others) + SPACE_MARGIN / HEIGHT


def _median(values: list[float]) -> float:
    """Return the median of a few values; NumPy's takes ten times as long, and milliseconds the first time."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return (ordered[half] + ordered[~half]) / 2


def _neighbours(characters: list[Character], evidence: SpaceEvidence) -> list[Neighbours]:
    """Put together what is known of the gap between each two letters that follow each other."""
    letters = [(at, character) for at, character in enumerate(characters) if character.text != " "]
    height = max(evidence.height, MIN_HEIGHT)
    gaps = sorted(evidence.gaps, key=sum)
    centres = np.array([(character.x0 + character.x1) / 2 for _, character in letters])
    gap_at = np.searchsorted([(start + end) / 2 for start, end in gaps], centres).tolist()
    step_at = np.searchsorted(evidence.columns, centres).tolist()
    probabilities = evidence.probabilities.tolist()
    pairs = []
    before = ""
    for place, ((left_at, left), (right_at, right)) in enumerate(pairwise(letters)):
        widest = max((end - start for start, end in gaps[gap_at[place] : gap_at[place + 1]]), default=0)
        probability = max(probabilities[step_at[place] : step_at[place + 1]], default=0.0)
        pairs.append(Neighbours(left.text, right.text, before, widest / height, probability, right_at - left_at > 1))
        before = left.text
    return pairs
