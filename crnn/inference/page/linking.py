"""From words to lines: words of one row that stand near each other, and the small signs between them."""

import numpy as np

from crnn.inference.page.boxes import centres, heights, row_extent, unions, weighted_quantile, widths
from crnn.inference.page.components import FINE_HEIGHT
from crnn.inference.page.rows import TYPICAL

MAX_GAP = 1.5  # of the height of the words: a wider gap parts two lines, as in a table
MAX_RATIO = 2.5  # of the heights of two words of one line
MIN_OVERLAP = 0.5  # of the lower of two words, vertically
MAX_OFFSET = 0.4  # of the higher of two words, between their middles
MAX_EXTENT = 1.6  # height of a line, of the typical height of its words
SIGN_HEIGHT = 0.7  # of the height of a line: what is lower may be one of its signs, such as a comma or a dash
SIGN_WIDTH = 2.4  # of the height of a line: a dash of two characters
SIGN_REACH = 1.0  # of the height of a line: how far beside it its signs stand
ABOVE, BELOW = 0.2, 0.3  # of the height of a line: how far beyond it its signs may reach
TOUCHING = 2.6  # of the height of a line: a character that touches another line is no higher, and no wider
TOUCHING_REACH = 0.35  # of the height of a line: how far beside it such a character stands
GUTTER_GAP = 0.7  # of the height of a line: narrower gaps are none between columns
GUTTER_ROWS = 6  # heights of a line above and below it whose rows tell whether a gap goes on
GUTTER_STARTS = 2  # words that begin at a gutter
GUTTER_REACH = 0.4  # of the height of a line: so near to it
ROUNDS = 2  # signs make words neighbours, whose lines find more signs
CHUNK = 256  # words whose pairs with all others are looked at together: bounds the memory


def link_words(words: np.ndarray, counts: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join words to lines.

    Args:
        words: (n, 4) boxes, level.
        counts: (n,) components in each.
        signs: (m, 4) boxes of what is too small, or too odd, to be a character by itself.

    Returns:
        Boxes of the lines, (k, 4), and the line of each word, (n,) int.
    """
    lines, line_of, word_counts = words.copy(), np.arange(len(words)), counts
    for _ in range(ROUNDS):
        lines[:, [0, 2]] = attach_signs(lines, counts, signs)[:, [0, 2]]
        labels = _merge(lines, counts, *_neighbours(lines, counts))
        count = labels.max() + 1
        lines, counts = unions(lines, labels, count), np.bincount(labels, counts, count)
        line_of = labels[line_of]
    line_of = _split_at_gutters(words, line_of)
    count = line_of.max() + 1
    lines, counts = unions(words, line_of, count), np.bincount(line_of, word_counts, count)
    return attach_signs(lines, counts, signs), line_of


def attach_signs(lines: np.ndarray, counts: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Enlarge lines by the small components in them and beside them.

    In what is high there may be whole lines of other text: single components, such as a frame, then attach nothing,
    and nothing that stands within a line counts.
    """
    high, big = heights(lines), heights(lines) > FINE_HEIGHT
    sign, line = _rowmates(signs, lines, counts)
    first, last, reach = signs[sign, 0], signs[sign, 2], SIGN_REACH * high[line]
    lines = lines.copy()
    for _ in range(3):
        near = (first < lines[line, 2] + reach) & (last > lines[line, 0] - reach)
        near &= ~big[line] | (first < lines[line, 0]) | (last > lines[line, 2])
        before = lines.copy()
        for side in range(4):
            (np.minimum if side < 2 else np.maximum).at(lines[:, side], line[near], signs[sign[near], side])
        if (before == lines).all():
            break
    return lines


def attach_touching(lines: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Widen lines by the characters at their ends that touch the line above or below, and so are too high for them."""
    high = heights(lines)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for begin in range(0, len(components), CHUNK):
        some = components[begin : begin + CHUNK]
        tall = heights(some)[:, None]
        touching = (tall > 1.2 * high) & (tall < TOUCHING * high) & (widths(some)[:, None] < TOUCHING * high)
        shared = np.minimum(some[:, 3, None], lines[:, 3]) - np.maximum(some[:, 1, None], lines[:, 1])
        reach = TOUCHING_REACH * high
        near = (some[:, 0, None] < lines[:, 2] + reach) & (some[:, 2, None] > lines[:, 0] - reach)
        component, line = np.nonzero(touching & near & (shared > 0.7 * high))
        found.append((some[component], line))
    lines = lines.copy()
    for some, line in found:
        np.minimum.at(lines[:, 0], line, some[:, 0])
        np.maximum.at(lines[:, 2], line, some[:, 2])
    return lines


def _rowmates(signs: np.ndarray, lines: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a sign and a line in whose rows it stands: indices (p,) and (p,)."""
    high, big = heights(lines), heights(lines) > FINE_HEIGHT
    pairs = [(np.zeros(0, int), np.zeros(0, int))]
    for begin in range(0, len(signs), CHUNK):
        some = signs[begin : begin + CHUNK]
        within = (some[:, 1, None] > lines[:, 1] - ABOVE * high) & (some[:, 3, None] < lines[:, 3] + BELOW * high)
        within &= widths(some)[:, None] < SIGN_WIDTH * high
        within &= ~big | ((counts > 1) & (heights(some)[:, None] > 0.06 * high))
        sign, line = np.nonzero(within)
        pairs.append((begin + sign, line))
    return np.concatenate([sign for sign, _ in pairs]), np.concatenate([line for _, line in pairs])


def _neighbours(words: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of words that may belong to one line, nearest first: indices (p,) and (p,)."""
    ones, others, gaps = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0)]
    for begin in range(0, len(words), CHUNK):
        some, count = words[begin : begin + CHUNK], counts[begin : begin + CHUNK]
        gap = np.maximum(some[:, 0, None], words[:, 0]) - np.minimum(some[:, 2, None], words[:, 2])
        signs = _are_signs(some, count, words, gap) | _are_signs(words, counts, some, gap.T).T
        one, other = np.nonzero(_are_alike(some, words, gap) | signs)
        once = begin + one < other
        ones.append(begin + one[once])
        others.append(other[once])
        gaps.append(gap[one, other][once])
    order = np.argsort(np.concatenate(gaps), kind="stable")
    return np.concatenate(ones)[order], np.concatenate(others)[order]


def _split_at_gutters(words: np.ndarray, line_of: np.ndarray) -> np.ndarray:
    """Part lines at wide gaps that go on in the rows above or below, as between the columns of a table.

    Returns:
        The line of each word, labels from 0, (n,) int.
    """
    lines = unions(words, line_of, line_of.max() + 1)
    labels = line_of.copy()
    middles = centres(words)[1]
    for number, (high, middle) in enumerate(zip(heights(lines), centres(lines)[1], strict=True)):
        own = np.flatnonzero(line_of == number)
        own = own[np.argsort(words[own, 0])]
        reached = np.maximum.accumulate(words[own, 2])[:-1]
        wide = np.flatnonzero(words[own[1:], 0] - reached > GUTTER_GAP * high)
        if not len(wide):
            continue
        near = (np.abs(middles - middle) < GUTTER_ROWS * high) & (line_of != number)
        for at in wide:
            left, right = reached[at], words[own[at + 1], 0]
            if _is_gutter(words[near], left, right, GUTTER_REACH * high):
                labels[own[at + 1 :]] = labels.max() + 1
    return np.unique(labels, return_inverse=True)[1]


def _is_gutter(words: np.ndarray, left: float, right: float, reach: float) -> bool:
    """Whether none of the words near a gap stands in it, and some begin at its right, as a column does.

    Args:
        reach: pixels: how exactly they begin there.
    """
    within = np.minimum(words[:, 2], right) - np.maximum(words[:, 0], left) > 0.5 * (right - left)
    return not within.any() and (np.abs(words[:, 0] - right) < reach).sum() >= GUTTER_STARTS


def _are_alike(words: np.ndarray, others: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Flag pairs of words of similar height side by side in one row, (n, m) bool."""
    low = np.minimum(heights(words)[:, None], heights(others))
    tall = np.maximum(heights(words)[:, None], heights(others))
    shared = np.minimum(words[:, 3, None], others[:, 3]) - np.maximum(words[:, 1, None], others[:, 1])
    offset = np.abs(centres(words)[1][:, None] - centres(others)[1])
    row = (shared >= MIN_OVERLAP * low) & (tall <= MAX_RATIO * low) & (offset < MAX_OFFSET * tall)
    narrow = np.minimum(widths(words)[:, None], widths(others))
    beside = (gap > -0.5 * np.maximum(low, narrow)) | (tall < FINE_HEIGHT)
    return row & beside & (gap <= MAX_GAP * np.minimum(tall, 1.5 * low))


def _are_signs(words: np.ndarray, counts: np.ndarray, lines: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Flag pairs of a small word and a line that it is a sign of, (n, m) bool."""
    low, high = heights(words)[:, None], heights(lines)
    small = (counts <= 2)[:, None] & (low < SIGN_HEIGHT * high) & (widths(words)[:, None] < 1.2 * high)
    within = (words[:, 1, None] > lines[:, 1] - ABOVE * high) & (words[:, 3, None] < lines[:, 3] + BELOW * high)
    beside = (gap < SIGN_REACH * high) & (gap > -0.3 * low)
    return small & within & beside & ((high < FINE_HEIGHT) | (low > 0.2 * high))


def _merge(words: np.ndarray, counts: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Join pairs of words, the nearest first, as long as what they make is one row: labels from 0, (n,) int."""
    owner = list(range(len(words)))
    parts = {number: [number] for number in owner}
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        a, b = owner[a], owner[b]
        if a != b and _is_row(words[both := parts[a] + parts[b]], counts[both]):
            for number in parts[b]:
                owner[number] = a
            parts[a] += parts.pop(b)
    return np.unique(owner, return_inverse=True)[1]


def _is_row(words: np.ndarray, counts: np.ndarray) -> bool:
    """Whether words make one row: no higher than its words are, and with none that is much lower than the others."""
    high = heights(words)
    typical = weighted_quantile(high, widths(words), TYPICAL)
    return row_extent(words) <= MAX_EXTENT * typical and bool((high[counts > 2] > typical / MAX_RATIO).all())
