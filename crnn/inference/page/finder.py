"""Find the lines of a whole picture."""

import cv2
import numpy as np

from crnn.inference.page import linking, rows, selection
from crnn.inference.page.boxes import unions
from crnn.inference.page.candidates import Candidates, concatenate, describe
from crnn.inference.page.components import FINE_HEIGHT, Components, find_components
from crnn.inference.page.line_box import LineBox
from crnn.inference.page.reading_order import reading_order
from crnn.inference.page.skew import find_slope, level

MAX_PIXELS = 4_000_000  # a larger picture is shrunk before lines are looked for
MIN_PIXELS = 700_000  # a smaller one is doubled: its characters may be as small
MIN_SIDE = 8  # pixels: a smaller picture has no text
MAX_CHARACTERS = 30_000  # more than a page has: noise


def find_lines(grey: np.ndarray) -> list[LineBox]:
    """Find the lines of text of a picture, in reading order.

    Characters are connected components of strokes, dark on light or light on dark; neighbours of similar size make
    words, words of one row make lines; what looks like a picture, a rule, a box or an icon is left out.

    Args:
        grey: (height, width) uint8.

    Returns:
        The lines; none if there is no text.
    """
    if min(grey.shape) < MIN_SIDE:
        return []
    scale = _working_scale(grey.size)
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how)
    found = [find_components(grey, dark) for dark in (True, False)]
    characters = [np.flatnonzero(selection.are_characters(components)) for components in found]
    if max(map(len, characters)) > MAX_CHARACTERS:
        return []
    slope = find_slope(max((c.boxes[index] for c, index in zip(found, characters, strict=True)), key=len))
    lines = concatenate([_candidates(c, index, slope) for c, index in zip(found, characters, strict=True)])
    lines = selection.without_containers(lines.take(selection.are_lines(lines)))
    lines = selection.without_strays(selection.without_overlaps(lines))
    lines = lines.take(np.array(reading_order(lines.boxes), int))
    return [_line_box(box, slope, own, scale) for box, own in zip(lines.boxes, lines.slope, strict=True)]


def _working_scale(pixels: int) -> float:
    """How much a picture is enlarged, or shrunk, before lines are looked for."""
    if pixels > MAX_PIXELS:
        return float((MAX_PIXELS / pixels) ** 0.5)
    return 2.0 if pixels < MIN_PIXELS else 1.0


def _candidates(components: Components, characters: np.ndarray, slope: float) -> Candidates:
    """Group the components of one polarity to lines.

    Args:
        characters: indices of the components that look like characters.
        slope: of the picture.
    """
    boxes = level(components.boxes, slope)
    seeds = characters[~selection.are_frames(boxes[characters])]
    if not len(seeds):
        return describe(np.zeros((0, 4)), components.take(seeds), boxes[seeds], seeds)
    signs = components.heights <= FINE_HEIGHT
    signs[seeds] = False
    labels = rows.group_rows(boxes[seeds])
    fine = ~rows.outliers(boxes[seeds], labels)
    seeds, labels = seeds[fine], np.unique(labels[fine], return_inverse=True)[1]
    words = unions(boxes[seeds], labels, labels.max() + 1)
    lines, line_of = linking.link_words(words, np.bincount(labels), boxes[signs])
    lines = linking.attach_touching(lines, boxes[characters])
    return describe(lines, components.take(seeds), boxes[seeds], line_of[labels])


def _line_box(box: np.ndarray, slope: float, own: float, scale: float) -> LineBox:
    """From a box of the levelled picture, shrunk or enlarged, to that of the picture itself."""
    x0, y0, x1, y1 = (box / scale).tolist()
    shift, rise = slope * (x0 + x1) / 2, abs(slope) * (x1 - x0) / 2
    return LineBox(x0, y0 + shift - rise, x1, y1 + shift + rise, float(slope + own))
