"""Which components and which lines are text, and which of two lines in one place."""

import numpy as np

from crnn.inference.page.boxes import areas, centres, heights, overlaps, widths
from crnn.inference.page.candidates import Candidates
from crnn.inference.page.components import FINE_HEIGHT, Components

MIN_HEIGHT = 5  # pixels: lower components are no characters by themselves
MIN_DENSITY = 0.08  # of its box that a character fills
MAX_STROKE = 0.6  # of the height of a character
MAX_LENGTH = 12  # heights: a word whose letters touch
MANY = 4  # components that make a line likely
STRAY_SIZE = 2.5  # times as high as the lines of a picture, or as low: what has few characters is none of them
STRAY_CONTRAST = 0.4  # of the contrast of a line of the picture
KEYS = 4  # lines of few characters that make a picture of such lines, as of a keypad
KEY_FRAME = 0.2  # ``Candidates.frame`` of such a line: it stands on a ground of its own
KEY_SIZE, KEY_CONTRAST = 1.3, 0.7  # they differ in height by no more than this factor, and have so much of the contrast


def are_characters(components: Components) -> np.ndarray:
    """Flag components of the size and thickness of characters that end where their ground begins, (n,) bool.

    A gap between characters, seen as light ink on a dark ground or the other way round, ends in the open: the picture
    goes on as bright beyond its box.
    """
    high, wide = components.heights, components.widths
    above, below, left, right = components.frame.T
    closed = (np.minimum(above, below) < 0.5) & (above + below < 1.1)
    closed &= (np.minimum(left, right) < 0.6) & (left + right < 1.5)
    shape = (high >= MIN_HEIGHT) & (wide <= MAX_LENGTH * high) & (components.area > MIN_DENSITY * high * wide)
    return closed & shape & (components.stroke < MAX_STROKE * high)


def are_frames(boxes: np.ndarray) -> np.ndarray:
    """Flag components that others of some size lie in, (n,) bool: boxes around text, borders of pictures."""
    flags = np.zeros(len(boxes), bool)
    if not len(boxes):
        return flags
    high, wide = heights(boxes), widths(boxes)
    x, y = centres(boxes)
    large = 1.3 * np.median(high)
    for number in np.flatnonzero((high > large) & (wide > large)):
        x0, y0, x1, y1 = boxes[number]
        inside = (x > x0) & (x < x1) & (y > y0) & (y < y1) & (high < 0.8 * high[number])
        tall = (inside & (high > 0.25 * high[number])).sum()
        many = high[number] > FINE_HEIGHT and inside.sum() >= 5
        flags[number] = many or tall >= 4 or (tall >= 2 and wide[number] > 2 * high[number])
    return flags


def are_lines(lines: Candidates) -> np.ndarray:
    """Flag what has the proportions of a line of text, (n,) bool: the fewer characters, the clearer they must be."""
    high, wide = heights(lines.boxes), widths(lines.boxes)
    many, some = lines.count >= MANY, lines.count > 1
    size = (high >= 6) & (some | ((high >= 8) & (wide > 0.25 * high) & (wide < 14 * high)))
    frame = lines.frame < np.where(many, 0.35, np.where(some, 0.42, 0.48))
    contrast = lines.contrast >= np.where(many, 24, 30)
    stroke = (lines.stroke > 0.05) & (lines.stroke < np.where(many, 0.4, 0.5))
    return size & frame & contrast & stroke & (lines.variation < 0.75)


def without_strays(lines: Candidates) -> Candidates:
    """Leave out what has few characters unless a line of many is about as high and as strong in the picture.

    Where there is no line of many, some of few that are alike count, as of a keypad.
    """
    few = lines.count < MANY
    if few.all():
        lines = lines.take(lines.frame < KEY_FRAME)
        return lines.take(_alike(lines, lines, KEY_SIZE, KEY_CONTRAST).sum(axis=1) >= KEYS)
    return lines.take(~few | _alike(lines, lines.take(~few), STRAY_SIZE, STRAY_CONTRAST).any(axis=1))


def _alike(lines: Candidates, others: Candidates, size: float, contrast: float) -> np.ndarray:
    """Flag pairs of lines that differ in height by less than a factor, and have that share of contrast, (n, m) bool."""
    ratio = np.log(np.maximum(heights(lines.boxes), 1))[:, None] - np.log(np.maximum(heights(others.boxes), 1))
    return (np.abs(ratio) < np.log(size)) & (lines.contrast[:, None] > contrast * others.contrast)


def without_containers(lines: Candidates) -> Candidates:
    """Leave out what has several lines of smaller text in it: frames, pictures, tables."""
    shares = overlaps(lines.boxes, lines.boxes) > 0.5 * areas(lines.boxes)
    high = heights(lines.boxes)
    middle = centres(lines.boxes)[1]
    keep = np.ones(len(lines), bool)
    for number in range(len(lines)):
        inside = np.flatnonzero(shares[number] & (lines.count >= MANY) & (high < 0.6 * high[number]))
        if len(inside):
            counts = lines.count[inside]
            stacked = np.ptp(middle[inside]) > 0.4 * high[number]
            keep[number] = lines.count[number] >= counts.max() and not (stacked and counts.sum() > lines.count[number])
    return lines.take(keep)


def without_overlaps(lines: Candidates) -> Candidates:
    """Of lines in one place keep what looks most like text, such as letters rather than the gaps between them."""
    shares = overlaps(lines.boxes, lines.boxes) > 0.4 * areas(lines.boxes)[:, None]
    keep: list[int] = []
    for number in np.argsort(-lines.score):
        if not shares[number, keep].any():
            keep.append(int(number))
    return lines.take(np.array(keep, int))
