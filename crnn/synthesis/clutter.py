"""What stands around the text of a line: margins, cut edges, rules, borders, parts of the lines next to it.

It works on ink coverage, before the line becomes an image.
"""

from dataclasses import replace

import numpy as np

from crnn.synthesis.glyph_run import GlyphRun
from crnn.synthesis.typesetting import Typeset


def place(rng: np.random.Generator, typeset: Typeset, size: int, height: float, width: float) -> GlyphRun:
    """Cut a typeset line out as a person or a line detector would: one line high, with uneven margins.

    Args:
        rng: decides the margins.
        typeset: the line.
        size: em size in pixels.
        height: rows wanted; a few more if the ink needs them.
        width: columns that text and margins may take.
    """
    top, bottom = typeset.top, typeset.bottom
    ink, columns = bottom - top, typeset.coverage.shape[1]
    if rng.random() < 0.12 and ink > 0.5 * size:  # cropped to the ink, as far as the width allows
        height = max(ink * rng.uniform(1, 1.2), height * columns / width)
    height = int(round(max(height, 0.97 * ink, 8)))
    middle = typeset.baseline - 0.38 * size + float(rng.normal(0, 0.06)) * height
    low, high = sorted((bottom - height, top))
    first = min(max(round(middle - height / 2), low), high)
    room = max(0, int(width) - columns)
    left = min(int(rng.exponential(0.25) * size), room)
    right = min(int(rng.exponential(0.25) * size), room - left)
    coverage = np.zeros((height, left + columns + right), np.uint8)
    above, below = max(first, 0), min(first + height, len(typeset.coverage))
    coverage[above - first : below - first, left : left + columns] = typeset.coverage[above:below]
    return GlyphRun(coverage, typeset.left + left, typeset.right + left, typeset.baseline - first, size)


def crop(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Cut up to 10 % of the ink height off the top, the bottom or both, if something is left."""
    inked = np.flatnonzero(run.coverage.any(axis=1))
    sides = ((1, 1), (1, 0), (0, 1))[rng.integers(3)]
    above, below = np.ceil(sides * rng.uniform(0, 0.1, 2) * len(inked)).astype(int)
    if above + below >= len(inked):  # a dash
        return run
    first = inked[0] + above if above else 0
    last = inked[-1] + 1 - below if below else len(run.coverage)
    return replace(run, coverage=run.coverage[first:last], baseline=run.baseline - first)


def add_frame(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Add vertical rules over the whole height, as of table cells, before the text, after it, or both."""
    size = run.size
    thick = max(1, round(size * rng.uniform(0.02, 0.12)))
    gaps = np.rint(size * rng.uniform(0.1, 0.7, 2)).astype(int)
    outside = int(size * max(0, rng.uniform(-0.2, 0.3)))
    sides = ((1, 1), (1, 1), (1, 0), (0, 1))[rng.integers(4)]
    wider = [side * (gap + thick + outside) for side, gap in zip(sides, gaps.tolist(), strict=True)]
    coverage = np.pad(run.coverage, ((0, 0), wider))
    ink = rng.integers(90, 256)
    if sides[0]:
        coverage[:, outside : outside + thick] = ink
    if sides[1]:
        end = coverage.shape[1] - outside
        coverage[:, end - thick : end] = ink
    return run.moved(coverage, wider[0])


def strike_through(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Draw a thin rule through the text, or through three characters or more: one through a space is a dash."""
    coverage, size = run.coverage.copy(), run.size
    row = max(0, int(run.baseline - size * rng.uniform(0.25, 0.45)))
    thick = max(1, round(size * rng.uniform(0.02, 0.07)))
    start, end = 0, coverage.shape[1]
    if rng.random() < 0.5 and len(run.left) > 3:
        first = rng.integers(len(run.left) - 2)
        last = rng.integers(first + 2, len(run.left))
        start, end = int(run.left[first]), int(run.right[last])
    _rule(coverage[row : row + thick, start:end], int(rng.integers(90, 256)), rng)
    return run.with_coverage(coverage)


def add_rules_and_neighbours(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Draw rules under and around the text and parts of neighbouring lines, each with a low probability."""
    coverage, size = run.coverage.copy(), run.size
    height, width = coverage.shape
    thick = max(1, round(size * rng.uniform(0.03, 0.1)))
    underline, horizontal, vertical, neighbour = rng.random(4)
    ink = int(rng.integers(90, 256))
    if underline < 0.08:
        row = int(run.baseline + size * rng.uniform(0.08, 0.22))
        _rule(coverage[row : row + thick], ink, rng)
    if horizontal < 0.05:  # the upper or lower border of a box or table
        row = 0 if rng.random() < 0.5 else height - thick
        _rule(coverage[row : row + thick], ink, rng)
    if vertical < 0.03:  # the left or right border
        column = 0 if rng.random() < 0.5 else width - thick
        coverage[:, column : column + thick] = ink
    if neighbour < 0.08:
        _add_neighbour(rng, coverage, size)
    return run.with_coverage(coverage)


def _rule(rows, ink, rng):
    """Draw a rule over ``rows``, in place: solid, or rarely dotted or dashed."""
    width = rows.shape[1]
    if rng.random() < 0.15:
        period = int(rng.integers(3, 12))
        rows[:, np.arange(width) % period < period // 2 + 1] = ink
    else:
        np.maximum(rows, ink, out=rows)


def _add_neighbour(rng, coverage, size):
    """Draw the descenders of a line above or the ascenders of a line below, in place: the line's own, shifted."""
    reach = max(1, round(size * rng.uniform(0.03, 0.15)))
    rows = np.flatnonzero(coverage.max(axis=1))
    if rows.size < 2 * reach:
        return
    shift = int(rng.integers(coverage.shape[1]))
    if rng.random() < 0.5:
        part, target = coverage[rows[-1] + 1 - reach : rows[-1] + 1], coverage[:reach]
    else:
        part, target = coverage[rows[0] : rows[0] + reach], coverage[-reach:]
    np.maximum(target, np.roll(part, shift, axis=1), out=target)
