"""The order in which the lines of a page are read."""

import numpy as np

from crnn.inference.page.boxes import centres, heights, widths

MIN_GUTTER = 0.8  # of the median height of the lines: a narrower gap parts no columns
SHRINK = 0.15  # of the height of a line, above and below: lines that touch by ascenders are two rows all the same
BESIDE = 0.3  # of the lines of the shorter of two columns stand beside lines of the other
ALONE = 0.7  # of the rows of the shorter of two columns are alone in their entry: then it is a table
LEVEL = 0.5  # of the height of a row, between the middles of two that are level
PROSE_LENGTH = 10  # heights of the lines of columns of prose, at least
PROSE_FILL = 0.6  # of the width of the column that its lines fill
PROSE_GAP = 1.2  # of the height of its lines, between two of them
CARD_ROWS = 5  # lines of a card, at most
CARD_SIZES = 1.35  # rows of cards differ in height by this factor: more than by what reaches below the line
CARD_GAP = 0.5  # of a gutter: lines of a card are nearer than that to each other


def reading_order(boxes: np.ndarray) -> list[int]:
    """Sort lines: columns from left to right where there are columns, rows from the top where it is a table.

    Cuts the page at its widest gaps, recursively. (Nagy, Seth: Hierarchical representation of optically scanned
    documents, ICPR 1984; by boxes instead of pixels as Ha, Haralick, Phillips: Recursive X-Y cut using bounding
    boxes of connected components, ICDAR 1995.)

    Args:
        boxes: (n, 4) of the lines, level.

    Returns:
        Indices of the lines in order.
    """
    order: list[int] = []
    todo = [np.arange(len(boxes))]
    while todo:
        part = todo.pop()
        first = _before_cut(boxes[part]) if len(part) > 1 else np.ones(len(part), bool)
        if first.all():
            order += part.tolist()
        else:
            todo += [part[~first], part[first]]
    return order


def _before_cut(boxes: np.ndarray) -> np.ndarray:
    """Flag which of some lines come before the best cut, (n,) bool: some of them, not all."""
    x, y = centres(boxes)
    gutters = _gaps(boxes[:, 0], boxes[:, 2])
    wide = [gap for gap in gutters if gap[0] >= MIN_GUTTER * np.median(heights(boxes))]
    if wide and _are_cards(boxes, wide):
        return x < wide[0][1]
    for _, at in wide:
        left = x < at
        if _are_columns(boxes[left], boxes[~left]):
            return left
    for middles, gaps in ((y, _gaps(*_rows(boxes))), (x, gutters)):
        if gaps:
            return middles < gaps[0][1]
    return np.arange(len(boxes)) == np.argmin(y)


def _rows(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last rows of lines, without what may touch their neighbours."""
    shrink = SHRINK * heights(boxes)
    return boxes[:, 1] + shrink, boxes[:, 3] - shrink


def _gaps(first: np.ndarray, last: np.ndarray) -> list[tuple[float, float]]:
    """Gaps that no interval covers: (width, middle), the widest first."""
    order = np.argsort(first)
    reached = np.maximum.accumulate(last[order])[:-1]
    width = first[order][1:] - reached
    found = [(float(width[k]), float(reached[k] + width[k] / 2)) for k in np.flatnonzero(width > 0)]
    return sorted(found, reverse=True)


def _are_columns(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether what a gutter parts is read one after the other, each from the top down.

    What never stands side by side, such as the two sides of a chat, is read by rows; so is a table or a list, where
    each entry has one row of the shorter column, level with the only row of the other or beside some. A single entry is
    columns again. Rows that happen to be level do not make a table of columns of prose.
    """
    few, many = sorted((_stack(left), _stack(right)), key=len)
    cuts = sorted(at for _, at in _gaps(*np.concatenate([few, many]).T))
    if not cuts:
        return len(many) > 1
    entries = [np.searchsorted(cuts, rows.mean(axis=1)) for rows in (few, many)]
    ones, others = (np.bincount(entry, minlength=len(cuts) + 1) for entry in entries)
    if ones[others > 0].sum() < BESIDE * len(few):
        return False
    middle, other = (
        np.bincount(entry, rows.mean(axis=1), len(cuts) + 1) for entry, rows in zip(entries, (few, many), strict=True)
    )
    height = np.bincount(entries[0], few[:, 1] - few[:, 0], len(cuts) + 1)
    level = (others > 1) | (np.abs(middle - other) < LEVEL * height)
    alone = ((ones == 1) & (others > 0) & level).sum()
    is_table = alone >= ALONE * ones[others > 0].sum()
    return not is_table or (len(few) >= 3 and _is_prose(left) and _is_prose(right))


def _stack(column: np.ndarray) -> np.ndarray:
    """First and last rows of lines, (n, 2), those side by side as one."""
    first, last = _rows(column)
    cuts = sorted(at for _, at in _gaps(first, last))
    row = np.searchsorted(cuts, (first + last) / 2)
    return np.array([(first[row == number].min(), last[row == number].max()) for number in range(len(cuts) + 1)])


def _is_prose(column: np.ndarray) -> bool:
    """Whether lines are long, fill their column, and stand near each other."""
    wide, high = widths(column), np.median(heights(column))
    fill = np.median(wide) / (column[:, 2].max() - column[:, 0].min())
    gap = np.median(np.diff(np.sort(centres(column)[1]))) - high if len(column) > 1 else 0.0
    return bool(np.median(wide) > PROSE_LENGTH * high and fill > PROSE_FILL and gap < PROSE_GAP * high)


def _are_cards(boxes: np.ndarray, gutters: list[tuple[float, float]]) -> bool:
    """Whether gutters part cards of equal tops: a few lines each, of different sizes, near to each other."""
    column = np.searchsorted(sorted(at for _, at in gutters), centres(boxes)[0])
    cards = [boxes[column == number] for number in range(len(gutters) + 1)]
    tops = [card[:, 1].min() for card in cards if len(card)]
    if any(not 1 < len(card) <= CARD_ROWS for card in cards) or np.ptp(tops) > np.median(heights(boxes)):
        return False
    gap = max(width for card in cards for width, _ in [(0.0, 0.0), *_gaps(card[:, 1], card[:, 3])])
    row = np.concatenate([np.argsort(np.argsort(card[:, 1])) for card in cards])
    high = np.concatenate([heights(card) for card in cards])
    sizes = [np.median(high[row == number]) for number in range(row.max() + 1)]
    return gap < CARD_GAP * gutters[-1][0] and max(sizes) > CARD_SIZES * min(sizes)
