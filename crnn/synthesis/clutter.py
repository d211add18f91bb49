"""What stands around the text of a line: margins, edges, rules, borders, bits of the lines next to it.

All work on ink coverage (height, width) uint8.
"""

import numpy as np


def place(rng, drawing, size, height, width):
    """Cut a drawing out as a person or a line finder would: one line high, margins uneven.

    Args:
        drawing: ``drawing.Drawing``. size: em size. height: rows wanted; a little more if the ink
            needs them. width: columns that text and margins may take.

    Returns:
        coverage (height, width), the baseline's row in it, the columns added on the left.
    """
    top, bottom = drawing.top, drawing.bottom
    ink = bottom - top
    if rng.random() < 0.12 and ink > 0.5 * size:  # cropped to the ink, as far as the width allows
        height = max(ink * rng.uniform(1, 1.2), height * drawing.coverage.shape[1] / width)
    height = int(round(max(height, 0.97 * ink, 8)))
    middle = drawing.baseline - 0.38 * size + float(rng.normal(0, 0.06)) * height
    low, high = sorted((bottom - height, top))
    first = min(max(round(middle - height / 2), low), high)
    room = max(0, int(width) - drawing.coverage.shape[1])
    left = min(int(rng.exponential(0.25) * size), room)
    right = min(int(rng.exponential(0.25) * size), room - left)
    canvas = np.zeros((height, left + drawing.coverage.shape[1] + right), np.uint8)
    above, below = max(first, 0), min(first + height, len(drawing.coverage))
    canvas[above - first : below - first, left : left + drawing.coverage.shape[1]] = drawing.coverage[above:below]
    return canvas, drawing.baseline - first, left


def crop(rng, coverage, baseline):
    """Without up to a tenth of the ink's height above, below, or both, and where the baseline is then."""
    inked = np.flatnonzero(coverage.any(axis=1))
    sides = ((1, 1), (1, 0), (0, 1))[rng.integers(3)]
    above, below = np.ceil(sides * rng.uniform(0, 0.1, 2) * len(inked)).astype(int)
    first = inked[0] + above if above else 0
    last = inked[-1] + 1 - below if below else len(coverage)
    return coverage[first:last], baseline - first


def add_frame(rng, coverage, left, right, size):
    """Upright rules as high as the picture, as of a table's cells, before the text, after it, or both."""
    thick = max(1, round(size * rng.uniform(0.02, 0.12)))
    gaps = np.rint(size * rng.uniform(0.1, 0.7, 2)).astype(int)
    outside = int(size * max(0, rng.uniform(-0.2, 0.3)))
    sides = ((1, 1), (1, 1), (1, 0), (0, 1))[rng.integers(4)]
    wider = [side * (gap + thick + outside) for side, gap in zip(sides, gaps.tolist(), strict=True)]
    coverage = np.pad(coverage, ((0, 0), wider))
    ink = rng.integers(90, 256)
    if sides[0]:
        coverage[:, outside : outside + thick] = ink
    if sides[1]:
        end = coverage.shape[1] - outside
        coverage[:, end - thick : end] = ink
    return coverage, left + wider[0], right + wider[0]


def strike(rng, coverage, baseline, size):
    """A thin rule through the text, or through a part; in place."""
    row = max(0, int(baseline - size * rng.uniform(0.25, 0.45)))
    thick = max(1, round(size * rng.uniform(0.02, 0.07)))
    start, end = (0, coverage.shape[1]) if rng.random() < 0.5 else np.sort(rng.integers(coverage.shape[1], size=2))
    _rule(coverage[row : row + thick, start:end], int(rng.integers(90, 256)), rng)


def add_rules_and_neighbours(rng, coverage, baseline, size):
    """Rules under and around the text, and bits of neighbouring lines, each rarely; in place."""
    height, width = coverage.shape
    thick = max(1, round(size * rng.uniform(0.03, 0.1)))
    lot = rng.random(4)
    ink = int(rng.integers(90, 256))
    if lot[0] < 0.08:
        row = int(baseline + size * rng.uniform(0.08, 0.22))
        _rule(coverage[row : row + thick], ink, rng)
    if lot[1] < 0.05:  # the upper or lower border of a box or table
        row = 0 if rng.random() < 0.5 else height - thick
        _rule(coverage[row : row + thick], ink, rng)
    if lot[2] < 0.03:  # the border on the left, right
        column = 0 if rng.random() < 0.5 else width - thick
        coverage[:, column : column + thick] = ink
    if lot[3] < 0.08:
        _neighbour(rng, coverage, size)


def _rule(rows, ink, rng):
    width = rows.shape[1]
    if rng.random() < 0.15:  # dotted or dashed
        period = int(rng.integers(3, 12))
        rows[:, np.arange(width) % period < period // 2 + 1] = ink
    else:
        np.maximum(rows, ink, out=rows)


def _neighbour(rng, coverage, size):
    """The feet of the line above, or the heads of the line below: the line's own, moved aside."""
    reach = max(1, round(size * rng.uniform(0.03, 0.15)))
    rows = np.flatnonzero(coverage.max(axis=1))
    if rows.size < 2 * reach:
        return
    aside = int(rng.integers(coverage.shape[1]))
    if rng.random() < 0.5:
        bits, into = coverage[rows[-1] + 1 - reach : rows[-1] + 1], coverage[:reach]
    else:
        bits, into = coverage[rows[0] : rows[0] + reach], coverage[-reach:]
    np.maximum(into, np.roll(bits, aside, axis=1), out=into)
