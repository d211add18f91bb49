"""From a grey image of one line to the form that the network reads: level, without loose margins, 32 rows high.

Reading, training on files and synthesis all prepare lines here.
"""

from functools import lru_cache

import cv2
import numpy as np

from crnn.geometry import HEIGHT, MAX_COLUMNS
from crnn.image import quantiles

RIGHT_PADDING = 32  # columns put on the right of each piece: the "colour adding" of the project's document
MIN_HEIGHT = 6  # rows of an image that keeps its aspect ratio: lower ones show no text, and would get very long
MAX_WIDENED = 2**15  # columns at height 32 that a line may get by cutting off its margins; a longer one keeps them
MAX_MARGIN = 0.5  # rows above and below the ink, as a share of its height
MIN_RISE = 1 / 16  # of a line from end to end, as a share of its height; less does not hurt
MAX_RISE = 5 / 8
MIN_IMPROVEMENT = 1.05  # factor by which the rows of a sheared line must differ more than before
MAX_SHEARED_WIDTH = 2**15  # columns that OpenCV can shear; a line as long rises slowly anyway
SEGMENTS = 24  # of a line, whose rows are compared to see whether it rises


def normalize_line(grey: np.ndarray) -> np.ndarray:
    """Bring an image of a line to the form that the network reads.

    Its columns stay what they were, except for their scale.

    Args:
        grey: (height, width) uint8, not empty.

    Returns:
        (32, width) uint8, its aspect ratio that of the image without its margins.
    """
    return resize_to_height(trim_margins(deskew(grey)))


def deskew(grey: np.ndarray) -> np.ndarray:
    """Shear a line that rises or falls from end to end, as in a tilted photograph, so that it is level.

    The rows of a level line differ the most: some are full of ink, others empty. After Postl: Detection of linear
    oblique structures and skew scan in digitized documents, ICPR 1986.

    Args:
        grey: (height, width) uint8.

    Returns:
        (height, width) uint8; the same array if it is level already.
    """
    height, width = grey.shape
    if width < 3 * height or width >= MAX_SHEARED_WIDTH:
        return grey
    edges = _edges(grey, HEIGHT)
    rows, columns = edges.shape
    segments = min(SEGMENTS, max(6, columns // SEGMENTS))
    profiles = cv2.resize(edges, (segments, rows), interpolation=cv2.INTER_AREA)
    room = int(MAX_RISE * rows)
    profiles = cv2.copyMakeBorder(profiles, room, room, 0, 0, cv2.BORDER_CONSTANT, value=0)

    def row_contrasts(rises):
        """Measure how much the rows differ once the line is sheared by each of ``rises``, in rows from end to end."""
        level = cv2.remap(profiles, *_shears(len(profiles), segments, tuple(rises)), cv2.INTER_LINEAR)
        return (cv2.reduce(level, 1, cv2.REDUCE_SUM).reshape(len(rises), -1) ** 2).sum(axis=1)

    coarse = range(-room, room + 1, 2)
    first = coarse[int(row_contrasts(coarse).argmax())] - 1.5
    fine = [first + 0.5 * step for step in range(7)]
    unsheared, *contrasts = row_contrasts([0, *fine])
    best = int(np.argmax(contrasts))
    rise = fine[best]
    if abs(rise) < MIN_RISE * rows or contrasts[best] < MIN_IMPROVEMENT * unsheared:
        return grey
    shear = _shear(rise * height / rows, width)
    return cv2.warpAffine(grey, shear, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def trim_margins(grey: np.ndarray) -> np.ndarray:
    """Cut off loose margins above and below a line, and parts of other lines there.

    Of other lines, only what the edge of the image cuts off and a gap keeps apart is removed. Noise as strong as the
    ink counts as ink: then nothing is removed. Rows are looked at with 64 of them at most, so that a line in a very
    high image is found in several rounds. A line that would get more than ``MAX_WIDENED`` columns at height 32 keeps as
    much of its margins as it needs to have no more.

    Args:
        grey: (height, width) uint8.

    Returns:
        (at most height, width) uint8.
    """
    fewest = -(-grey.shape[1] * HEIGHT // MAX_WIDENED)
    while len(trimmed := _trim_once(grey, fewest)) < len(grey):
        grey = trimmed
    return grey


def _trim_once(grey, fewest):
    height = len(grey)
    if height <= fewest:
        return grey
    energy = _edges(grey, 2 * HEIGHT).mean(axis=1)
    if not energy.any():
        return grey
    blocks = true_runs(energy > 0.03 * energy.max())
    main = max(blocks, key=lambda block: energy[block[0] : block[1]].sum())

    def is_other_line(block):
        """Tell whether a block is as strong as letters, not some dots, and no higher than the line."""
        strong = energy[block[0] : block[1]].max() > 0.1 * energy[main[0] : main[1]].max()
        return strong and block[1] - block[0] <= main[1] - main[0] and block != main

    first, last = 0, len(energy)
    if blocks[0][0] == 0 and is_other_line(blocks[0]):
        first = (blocks[0][1] + blocks[1][0]) // 2
    if blocks[-1][1] == len(energy) and is_other_line(blocks[-1]):
        last = (blocks[-2][1] + blocks[-1][0] + 1) // 2
    inked = first + _inked_rows(energy[first:last])
    margin = MAX_MARGIN * (inked[-1] + 1 - inked[0])
    scale = height / len(energy)
    top = int(max(first, inked[0] - margin) * scale)
    bottom = int(np.ceil(min(last, inked[-1] + 1 + margin) * scale))
    top = min(max(0, (top + bottom - fewest) // 2), top, height - fewest)
    bottom = max(bottom, top + fewest)
    return grey[top:bottom] if bottom - top < 0.97 * height else grey


def ink_height(grey: np.ndarray) -> int:
    """Return the rows from the highest to the lowest that have ink, 0 if none has.

    Args:
        grey: (height, width) uint8, of a line without much of others; of more than 64 rows, it is looked at with 64.
    """
    energy = _edges(grey, 2 * HEIGHT).mean(axis=1)
    rows = _inked_rows(energy) if energy.any() else np.zeros(0, int)
    return round((rows[-1] + 1 - rows[0]) * len(grey) / len(energy)) if len(rows) else 0


def _inked_rows(energy):
    return np.flatnonzero(energy > 0.06 * energy.max())


def count_lines(grey: np.ndarray) -> int:
    """Count the lines that an image seems to show: rows of ink, about as high as the highest, with empty rows between.

    Characters have an edge or more in every stretch of a row as long as they are high; strokes of one line that
    nothing joins, as of 三, do not, and do not count.

    Args:
        grey: (height, width) uint8.

    Returns:
        At least 1.
    """
    edges = _edges(grey, 8 * HEIGHT)
    density = edges.mean(axis=1) / max(1, edges.max())  # edges a column
    heights = [
        end - start
        for start, end in true_runs(density > 0.03 * density.max())
        if density[start:end].max() * (end - start) > 1
    ]
    return max(1, sum(height >= 0.6 * max(heights) for height in heights))


def resize_to_height(grey: np.ndarray) -> np.ndarray:
    """Resize an image to 32 rows, its aspect ratio kept unless it has fewer than ``MIN_HEIGHT`` rows.

    Args:
        grey: (height, width) uint8, not empty.

    Returns:
        (32, round(width * 32 / height)) uint8, of 1 to ``MAX_COLUMNS`` columns.
    """
    height, width = grey.shape
    return resize(grey, min(MAX_COLUMNS, max(1, round(width * HEIGHT / max(MIN_HEIGHT, height)))))


def resize(grey: np.ndarray, width: int) -> np.ndarray:
    """Resize an image to 32 rows and ``width`` columns: averaging when it shrinks, bicubic when it grows.

    Args:
        grey: (height, any) uint8, not empty.
        width: columns.

    Returns:
        (32, width) uint8.
    """
    if grey.shape == (HEIGHT, width):
        return grey
    shrinks = grey.shape[0] > HEIGHT
    return cv2.resize(grey, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def pad_right(line: np.ndarray, columns: int = RIGHT_PADDING) -> np.ndarray:
    """Put columns of the median grey of the last column on the right of a line ("colour adding").

    Args:
        line: (height, width) uint8.
        columns: how many.

    Returns:
        (height, width + columns) uint8.
    """
    height, width = line.shape
    wider = np.empty((height, width + columns), line.dtype)
    wider[:, :width] = line
    wider[:, width:] = np.sort(line[:, -1])[[(height - 1) // 2, height // 2]].mean()  # np.median, only faster
    return wider


def true_runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Find where flags are set.

    Args:
        flags: (n,) bool.

    Returns:
        (first, last + 1) of each run, in order.

    >>> true_runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    steps = np.diff(np.concatenate(([0], flags, [0])).astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _edges(grey, rows):
    """Measure how much neighbouring columns differ, faint differences left out: (at most ``rows``, width) float32."""
    height, width = grey.shape
    if height > rows:
        grey = cv2.resize(grey, (max(1, round(width * rows / height)), rows), interpolation=cv2.INTER_AREA)
    if grey.shape[1] < 2:
        return np.zeros(grey.shape, np.float32)
    edges = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    strong = int(quantiles(edges, (0.995,))[0])
    edges[edges <= max(4, 0.3 * strong)] = 0
    return np.minimum(edges, max(strong, 1)).astype(np.float32)


@lru_cache(32)
def _shears(rows, columns, rises):
    """Return the maps for ``cv2.remap`` that shear (rows, columns) by each of ``rises``, one below the other."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    slopes = np.float32(rises)[:, None, None] / columns
    return np.tile(x, (len(rises), 1)), (y + slopes * (x - (columns - 1) / 2)).reshape(-1, columns)


def _shear(rise, width):
    """Return the map (2, 3) that moves the columns of an image vertically, so that a line rising so many rows is level.

    ``rise`` is from end to end.
    """
    slope = rise / width
    return np.float32([[1, 0, 0], [-slope, 1, slope * (width - 1) / 2]])
