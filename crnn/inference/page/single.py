"""Whether a picture is one line of text, to be read as it is."""

import cv2
import numpy as np

from crnn.inference.page.line_box import LineBox
from crnn.normalization import count_lines

LARGE = 0.6  # of the highest row of a picture: lower rows are parts of neighbouring lines, marks, dirt
MAX_LARGE = 3  # rows that a line struck through, curved or blurred may fall into
MAX_ROWS = 5  # rows of all heights around a line
MIN_SHARE = 0.2  # of the height of a picture that its highest row takes; if it takes less, the rest must be empty
MIN_EDGE = 24  # grey levels between neighbouring pixels
EMPTY = 0.01  # of the pixels outside a line may be edges
MAX_HEIGHT = 160  # pixels: a picture without lines may hold a sign or two if it is no higher
STRIP = 3  # times as long as broad: so may a picture of this shape; an upright one is a line that stands on its side
CHARACTER = 1.5  # times as wide as high: hardly more is the row of one character


def is_single_line(grey: np.ndarray, lines: list[LineBox]) -> bool:
    """Tell a picture of one line from a page; a large picture without lines is a page without text.

    Args:
        grey: (height, width) uint8.
        lines: what ``find_lines`` finds in it.
    """
    height = len(grey)
    if not lines:
        return height <= MAX_HEIGHT or max(grey.shape) >= STRIP * min(grey.shape)
    if is_on_its_side(grey, lines):
        return True
    rows = _rows(lines)
    if len(rows) > MAX_ROWS:
        return False
    highest = max(bottom - top for top, bottom in rows)
    large = sum(bottom - top >= LARGE * highest for top, bottom in rows)
    if highest < MIN_SHARE * height:
        return large == 1 and _is_empty_outside(grey, rows)
    return large == 1 or (large <= MAX_LARGE and count_lines(grey) == 1)


def is_on_its_side(grey: np.ndarray, lines: list[LineBox]) -> bool:
    """Tell whether a picture is an upright strip whose rows are hardly more than a character each.

    Args:
        grey: (height, width) uint8.
        lines: what ``find_lines`` finds in it.
    """
    height, width = grey.shape
    is_strip = bool(lines) and height > STRIP * width
    return is_strip and bool(np.median([(x.x1 - x.x0) / (x.y1 - x.y0) for x in lines]) < CHARACTER)


def count_rows(lines: list[LineBox]) -> int:
    """Count the rows that lines stand in, those side by side as one."""
    return len(_rows(lines))


def _rows(lines: list[LineBox]) -> list[tuple[float, float]]:
    """Tops and bottoms of lines, those that stand side by side taken together as the longest of them stands."""
    rows: list[tuple[float, float]] = []
    for line in sorted(lines, key=lambda line: line.x0 - line.x1):
        high = line.y1 - line.y0
        if not any(min(bottom, line.y1) - max(top, line.y0) > 0.5 * min(bottom - top, high) for top, bottom in rows):
            rows.append((line.y0, line.y1))
    return rows


def _is_empty_outside(grey: np.ndarray, rows: list[tuple[float, float]]) -> bool:
    """Whether there is hardly an edge in a picture but in some of its rows and near them."""
    edges = cv2.absdiff(grey[:, 1:], grey[:, :-1]) > MIN_EDGE
    for top, bottom in rows:
        margin = bottom - top
        edges[max(0, int(top - margin)) : int(bottom + margin)] = False
    return bool(edges.mean() <= EMPTY)
