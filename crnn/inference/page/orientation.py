"""Whether a page is upside down or on its side, decided on a few of its lines."""

from collections.abc import Callable

import numpy as np

from crnn.inference.page.finder import find_lines
from crnn.inference.page.line_box import LineBox, crop_line
from crnn.inference.text_line import TextLine

PROBES = 5  # lines that are read to decide: the longest
MIN_CHARACTERS = 5  # of a line; fewer may be other characters when turned
MAX_UPRIGHT = 0.8  # confidence of the longest lines from which no page is turned
MIN_TURNED = 0.9  # confidence of the longest lines of a page that was turned
MIN_GAIN = 0.15  # of confidence that turning must bring

Read = Callable[[list[np.ndarray]], list[TextLine]]


def may_be_turned(lines: list[TextLine]) -> bool:
    """Tell whether what was read in a page is so poor that the page may be turned.

    Args:
        lines: all lines of the page.
    """
    return _confidence(lines) < MAX_UPRIGHT


def find_turn(grey: np.ndarray, lines: list[TextLine], read: Read) -> int:
    """Find how a page must be turned to be read; 0 unless that is clearly better.

    Args:
        grey: (height, width) uint8.
        lines: what was read in it as it is.
        read: reads images of lines, upright ones.

    Returns:
        Quarter turns counterclockwise, 0 to 3.
    """
    found = {0: _confidence(lines)}
    for quarters in (0, 1):
        turned = np.rot90(grey, quarters)
        probes = [crop_line(turned, box).pixels for box in _longest(find_lines(turned))]
        if quarters:
            found[1] = _confidence(read(probes))
        found[quarters + 2] = _confidence(read([np.ascontiguousarray(probe[::-1, ::-1]) for probe in probes]))
    best = max(found, key=lambda quarters: found[quarters])
    return best if found[best] >= max(MIN_TURNED, found[0] + MIN_GAIN) else 0


def _longest(boxes: list[LineBox]) -> list[LineBox]:
    """Give the boxes that are the longest, by their heights."""
    return sorted(boxes, key=lambda box: (box.x0 - box.x1) / (box.y1 - box.y0))[:PROBES]


def _confidence(lines: list[TextLine]) -> float:
    """Return the mean confidence of the characters of the longest lines, 0 if all lines are short."""
    longest = sorted((line for line in lines if len(line.characters) >= MIN_CHARACTERS), key=_columns)[-PROBES:]
    values = [character.confidence for line in longest for character in line.characters]
    return float(np.mean(values)) if values else 0.0


def _columns(line: TextLine) -> float:
    return line.width / line.height
