"""A text on a canvas: which glyph stands where, and how much of each pixel its ink covers."""

import re
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Style:
    """How a line is set. Lengths in pixels of the canvas.

    Attributes:
        size: em size. hinting: one of ``faces.HINTINGS``. bold: stroke added, in em.
        slant: tangent of the slant. tracking: added to each advance. space: factor of the width
            of a space.
        small: size of what price tags set smaller (pence, signs, units), as a part of ``size``.
        raised: whether that hangs from the tops of digits, and does not stand on the baseline.
    """

    size: int
    hinting: str = "full"
    bold: float = 0.0
    slant: float = 0.0
    tracking: float = 0.0
    space: float = 1.0
    small: float = 1.0
    raised: bool = False


_SMALL = re.compile(r"(?<=\d)\.\d+|[￥¥$€]|(?<=\d)[^\d.,]+$")
_DIGITS = 0.72  # their height, in em


@dataclass(frozen=True)
class Drawing:
    """A drawn text.

    Attributes:
        coverage: (height, width) uint8, 255 where ink covers the pixel fully.
        text: the characters drawn, as the font draws them.
        left, right: (len(text),) float, the columns between which the ink of each character
            stands; for a space, between which the pen moved.
        top, bottom: the rows between which there is ink.
        baseline: row of the baseline.
    """

    coverage: np.ndarray
    text: str
    left: np.ndarray
    right: np.ndarray
    top: int
    bottom: int
    baseline: int


def draw(text, face_of, style, width):
    """Draw as many characters of a text as ``width`` columns hold.

    Args:
        text: any characters; those without a face or ink are left out.
        face_of: character -> Face or None.

    Returns:
        Drawing, its canvas cut to the ink on the left and right and 2 em high; None if no ink.
    """
    rows = 2 * style.size
    baseline = round(1.4 * style.size)
    coverage = np.zeros((rows, int(width) + 2 * style.size), np.uint8)
    characters, left, right = [], [], []
    highest, lowest = rows, 0
    pen = 0.5 * style.size
    limit = pen + width
    small = replace(style, size=max(8, round(style.small * style.size)))
    parts = _SMALL.finditer(text) if style.small < 1 else ()
    smaller = {place for part in parts for place in range(*part.span())}
    lift = round(_DIGITS * (style.size - small.size)) if style.raised else 0
    for place, character in enumerate(text):
        if character == " ":
            step = max(2.0, 0.27 * style.size * style.space + style.tracking)
            if characters and characters[-1] != " ":
                characters.append(" ")
                left.append(pen)
                right.append(pen + step)
                pen += step
            continue
        face = face_of(character)
        own = small if place in smaller and face and not face.sizes else style
        glyph = face and face.glyph(character, own)
        if glyph is None:
            continue
        x, y = round(pen) + glyph.left, baseline - glyph.top - (lift if own is small else 0)
        height, breadth = glyph.coverage.shape
        if x + breadth > limit or x < 0:
            break
        top, bottom = max(0, y), min(rows, y + height)
        if bottom <= top:
            continue
        patch = coverage[top:bottom, x : x + breadth]
        np.maximum(patch, glyph.coverage[top - y : bottom - y], out=patch)
        highest, lowest = min(highest, top), max(lowest, bottom)
        characters.append(character)
        left.append(x)
        right.append(x + breadth)
        pen += glyph.advance + style.tracking
    while characters and characters[-1] == " ":
        characters.pop(), left.pop(), right.pop()
    if not characters:
        return None
    first, last = int(min(left)), int(np.ceil(max(right)))
    return Drawing(
        coverage[:, first:last],
        "".join(characters),
        np.array(left, float) - first,
        np.array(right, float) - first,
        highest,
        lowest,
        baseline,
    )
