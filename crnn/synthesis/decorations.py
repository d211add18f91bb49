"""What interfaces, forms and tight crops put beside a text: icons, boxes, lines to write on, parts of characters.

Nothing of it is labelled. Each effect takes and returns a ``GlyphRun``.
"""

from dataclasses import replace

import cv2
import numpy as np

from crnn.synthesis.glyph_run import GlyphRun

MIN_CUT_HEIGHT = 0.5  # rows with ink of a part of a character, in em
_SUBPIXEL_BITS = 4  # of OpenCV's coordinates


def add_icon(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Draw a pictogram before the text or, rarely, behind it."""
    size = max(6, round(run.size * rng.uniform(0.7, 1.15)))
    icon = _icon(rng, size)
    gap = max(2, round(run.size * rng.uniform(0.15, 0.7)))
    behind = rng.random() < 0.2
    coverage = np.pad(run.coverage, ((0, 0), (0, size + gap) if behind else (size + gap, 0)))
    middle = run.baseline - 0.36 * run.size + rng.normal(0, 0.04) * run.size
    top = int(round(middle - size / 2))
    first, last = max(0, top), min(len(coverage), top + size)
    if last > first:
        left = coverage.shape[1] - size if behind else 0
        coverage[first:last, left : left + size] = icon[first - top : last - top]
    return run.with_coverage(coverage) if behind else run.moved(coverage, size + gap)


def _icon(rng, size):
    """Draw a pictogram that is no character: (size, size) uint8."""
    scale = 8
    canvas = np.zeros((16 * scale, 16 * scale), np.uint8)  # as if drawn on a grid of 16 x 16

    def at(x, y):
        return int(x * scale), int(y * scale)

    kind, line = rng.integers(7), int(scale * rng.uniform(1, 2))
    if kind in (0, 1):  # a tile or a disc with a sign in it
        if kind == 0:
            canvas[scale:-scale, scale:-scale] = 255
        else:
            cv2.circle(canvas, at(8, 8), 7 * scale, 255, -1)
        corner = rng.uniform(4, 6, 2)
        points = np.array([corner, [rng.uniform(9, 12), 4], [12, rng.uniform(9, 12)], [corner[0], 11]]) * scale
        cv2.fillPoly(canvas, [points[: rng.integers(3, 5)].astype(np.int32)], 0)
    elif kind == 2:  # a document
        cv2.rectangle(canvas, at(2, 0.5), at(14, 15), 255, line)
        for y in (5, 8, 11):
            cv2.rectangle(canvas, at(5, y - 0.5), at(rng.uniform(7, 11), y + 0.3), 255, -1)
    elif kind == 3:  # a magnifier
        cv2.circle(canvas, at(5.5, 5.5), int(4 * scale), 255, line)
        cv2.line(canvas, at(8.5, 8.5), at(15, 15), 255, int(1.5 * line))
    elif kind == 4:  # a person
        cv2.circle(canvas, at(8, 5), int(3.5 * scale), 255, -1)
        cv2.ellipse(canvas, at(8, 15), (6 * scale, 5 * scale), 0, 180, 360, 255, -1)
    elif kind == 5:  # an arrow, a play button in a ring
        cv2.circle(canvas, at(8, 8), 7 * scale, 255, line)
        turned = np.array([[6, 4.5], [12, 8], [6, 11.5]])[:, :: rng.choice((-1, 1))]
        cv2.fillPoly(canvas, [(turned * scale).astype(np.int32)], 255)
    else:  # a house, an envelope, a picture
        points = np.array([[1, 8], [8, 1], [15, 8], [15, 15], [1, 15]]) * scale
        cv2.polylines(canvas, [points.astype(np.int32)], True, 255, line)
        cv2.circle(canvas, at(rng.uniform(5, 11), 10), 2 * scale, 255, -1)
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)


def add_box(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Draw a box around the text, as of a button, an input or a table cell; its lines may touch the text."""
    size = run.size
    inked = np.flatnonzero(run.coverage.any(axis=1))
    thick = max(1, round(size * rng.uniform(0.02, 0.08)))
    above, below = (max(-1, round(size * rng.uniform(-0.05, 0.35))) + thick for _ in range(2))
    before, behind = (max(2, round(size * rng.uniform(0.1, 0.8))) + thick for _ in range(2))
    top, bottom = inked[0] - above, inked[-1] + 1 + below
    more = max(0, -top)  # rows added at the top
    coverage = np.pad(run.coverage, ((more, max(0, bottom - len(run.coverage))), (before, behind)))
    box = np.zeros_like(coverage)
    radius = round(size * rng.choice((0, 0, 0.15, 0.5)))
    _rounded_rectangle(box[top + more : bottom + more], int(rng.integers(90, 256)), thick, radius)
    coverage = np.maximum(coverage, box)
    if rng.random() < 0.5:  # the image ends at the box
        coverage, more = coverage[top + more : bottom + more], -top
    return replace(run.moved(coverage, before), baseline=run.baseline + more)


def _rounded_rectangle(canvas, ink, thick, radius):
    """Draw the outline of a rectangle as large as the canvas, its corners rounded, in place."""
    height, width = canvas.shape
    radius = min(radius, (height - 1) // 2, (width - 1) // 2)
    canvas[:thick, radius : width - radius] = ink
    canvas[height - thick :, radius : width - radius] = ink
    canvas[radius : height - radius, :thick] = ink
    canvas[radius : height - radius, width - thick :] = ink
    if radius:
        half = (thick - 1) / 2
        shift = 1 << _SUBPIXEL_BITS
        axes = (round((radius - half) * shift), round((radius - half) * shift))
        for x, y, start in (
            (radius, radius, 180),
            (width - 1 - radius, radius, 270),
            (width - 1 - radius, height - 1 - radius, 0),
            (radius, height - 1 - radius, 90),
        ):
            centre = (x * shift, y * shift)
            cv2.ellipse(canvas, centre, axes, 0, start, start + 90, ink, thick, cv2.LINE_AA, _SUBPIXEL_BITS)


def add_form_line(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Draw a line to write on under the text, which touches it or crosses its descenders, longer than the text."""
    size = run.size
    before, behind = (round(size * max(0, rng.uniform(-0.5, 1.5))) for _ in range(2))
    thick = max(1, round(size * rng.uniform(0.02, 0.07)))
    row = run.baseline + round(size * rng.uniform(0.0, 0.16))
    below = max(0, row + thick - len(run.coverage))
    coverage = np.pad(run.coverage, ((0, below), (before, behind)))
    start = 0 if rng.random() < 0.7 else int(run.left[rng.integers(len(run.left))]) + before
    line = coverage[row : row + thick, start:]
    np.maximum(line, int(rng.integers(90, 256)), out=line)
    return run.moved(coverage, before)


def add_edge_dirt(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Put one to three faint spots before or behind the text, away from it."""
    size = run.size
    room = max(4, round(size * rng.uniform(0.3, 1.2)))
    behind = rng.random() < 0.5
    coverage = np.pad(run.coverage, ((0, 0), (0, room) if behind else (room, 0)))
    free = coverage[:, -room:] if behind else coverage[:, :room]
    far = free[:, room // 3 :] if behind else free[:, : room - room // 3]  # a third of it keeps the spots from the text
    for _ in range(rng.integers(1, 4)):
        axes = np.maximum(1, np.rint(size * rng.uniform(0.02, 0.1, 2))).astype(int).tolist()
        centre = (int(rng.integers(far.shape[1])), int(rng.integers(far.shape[0])))
        spot = cv2.ellipse(
            np.zeros_like(far), centre, axes, rng.uniform(0, 180), 0, 360, int(rng.integers(40, 150)), -1
        )
        np.maximum(far, spot, out=far)
    return run.with_coverage(coverage) if behind else run.moved(coverage, room)


def add_cut_characters(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Add the rest of a cut character before the text, behind it, or both: less than half of one of its own.

    Parts that are low are left out, since they look like marks.
    """
    for before in ((True,), (False,), (True, False))[rng.integers(3)]:
        wide = np.flatnonzero(run.right - run.left > 0.35 * run.size)
        if not wide.size:
            break
        place = wide[rng.integers(wide.size)]
        first, last = int(run.left[place]), int(np.ceil(run.right[place]))
        columns = max(1, round((last - first) * rng.uniform(0.1, 0.4)))
        part = run.coverage[:, last - columns : last] if before else run.coverage[:, first : first + columns]
        if np.count_nonzero(part.any(axis=1)) < MIN_CUT_HEIGHT * run.size:
            continue
        gap = np.zeros((len(part), max(1, round(run.size * rng.uniform(0.05, 0.25)))), np.uint8)
        inked = np.flatnonzero(run.coverage.any(axis=0))
        text = run.coverage[:, inked[0] : inked[-1] + 1]
        coverage = np.hstack([part, gap, text] if before else [text, gap, part])
        run = run.moved(coverage, (columns + gap.shape[1] if before else 0) - inked[0])
    return run
