"""The order in which the lines of a page are read."""

import numpy as np

from crnn.inference.page.boxes import centres, heights, widths

MIN_GUTTER = 0.8  # of the median height of the lines: a narrower gap parts no columns
SHRINK = 0.15  # of the height of a line, above and below: lines that touch by ascenders are two rows all the same
SAME_ROW = 0.35  # of the height of a line, between the middles of two in one row
ALIGNED = 0.7  # of the lines of a column that have a neighbour in the other: then it is a table
PROSE_LENGTH = 10  # heights: columns of lines as long, or longer, are columns of prose though their rows align
PROSE_FILL = 0.6  # of the width of the column that its lines fill


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
        first, second = _cut(boxes[part]) if len(part) > 1 else (None, None)
        if first is None:
            order += part.tolist()
        else:
            todo += [part[second], part[first]]
    return order


def _cut(boxes: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Indices of what comes before and after the best cut of some lines; None, None if nothing parts them."""
    x, y = centres(boxes)
    gutters = _gaps(boxes[:, 0], boxes[:, 2])
    for width, at in gutters:
        left = x < at
        if width >= MIN_GUTTER * np.median(heights(boxes)) and not _is_table(boxes[left], boxes[~left]):
            return np.flatnonzero(left), np.flatnonzero(~left)
    shrink = SHRINK * heights(boxes)
    for middles, gaps in ((y, _gaps(boxes[:, 1] + shrink, boxes[:, 3] - shrink)), (x, gutters)):
        if gaps:
            before = middles < gaps[0][1]
            return np.flatnonzero(before), np.flatnonzero(~before)
    return (None, None) if np.all(np.diff(y) >= 0) else _split_by_row(x, y)


def _split_by_row(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest line, and the others: where boxes overlap both ways."""
    order = np.argsort(y, kind="stable")
    return order[:1], order[1:]


def _gaps(first: np.ndarray, last: np.ndarray) -> list[tuple[float, float]]:
    """Gaps that no interval covers: (width, middle), the widest first."""
    order = np.argsort(first)
    reached = np.maximum.accumulate(last[order])[:-1]
    width = first[order][1:] - reached
    found = [(float(width[k]), float(reached[k] + width[k] / 2)) for k in np.flatnonzero(width > 0)]
    return sorted(found, reverse=True)


def _is_table(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether rows go on across a gutter."""
    few, many = sorted((left, right), key=len)
    near = np.abs(centres(few)[1][:, None] - centres(many)[1]) < SAME_ROW * heights(few)[:, None]
    if max(near.any(axis=1).mean(), near.any(axis=0).mean()) < ALIGNED:
        return False
    return not (len(few) >= 3 and _is_prose(left) and _is_prose(right))


def _is_prose(column: np.ndarray) -> bool:
    wide = widths(column)
    fill = np.median(wide) / (column[:, 2].max() - column[:, 0].min())
    return bool(np.median(wide / heights(column)) > PROSE_LENGTH and fill > PROSE_FILL)
