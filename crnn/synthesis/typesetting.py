"""A text on a canvas: which glyph stands where, and how much of each pixel its ink covers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crnn.synthesis.fonts import Face, Style

SPACE_WIDTH = 0.27  # in em, of a usual space


@dataclass(frozen=True)
class Span:
    """A part of a text that is set in another style, above or below the baseline.

    Attributes:
        start: first character.
        end: the character behind the last.
        style: of the part.
        lift: pixels that it stands above the baseline of the line.
    """

    start: int
    end: int
    style: Style
    lift: int = 0


@dataclass(frozen=True)
class Typeset:
    """A typeset text.

    Attributes:
        coverage: (2 em, width) uint8, 255 where ink covers the pixel fully; cut to the ink on the left and right.
        text: the characters that have been set, as the font draws them.
        left: (len(text),) float, first column of each character's ink; for a space, of the pen's move.
        right: (len(text),) float, the column behind.
        top: first row with ink.
        bottom: the row behind the last with ink.
        baseline: row of the baseline.
    """

    coverage: np.ndarray
    text: str
    left: np.ndarray
    right: np.ndarray
    top: int
    bottom: int
    baseline: int


def typeset(
    text: str, face_of: Callable[[str], Face | None], style: Style, width: float, spans: Sequence[Span] = ()
) -> Typeset | None:
    """Set as many characters of a text as ``width`` columns hold.

    Args:
        text: any characters; those without a face or ink are left out.
        face_of: gives the face of a character, or None.
        style: of the text.
        width: columns.
        spans: parts in other styles, which do not overlap.

    Returns:
        The text set, or None if there is no ink.
    """
    rows = 2 * style.size
    baseline = round(1.4 * style.size)
    coverage = np.zeros((rows, int(width) + 2 * style.size), np.uint8)
    characters: list[str] = []
    left: list[float] = []
    right: list[float] = []
    highest, lowest = rows, 0
    pen = 0.5 * style.size
    limit = pen + width
    span_of = {place: span for span in spans for place in range(span.start, span.end)}
    for place, character in enumerate(text):
        span = span_of.get(place)
        if character == " ":
            own = span.style if span else style
            step = max(2.0, SPACE_WIDTH * own.size * own.width * own.space + own.tracking)
            if characters and characters[-1] != " ":
                characters.append(" ")
                left.append(pen)
                right.append(pen + step)
                pen += step
            continue
        face, own, lift = face_of(character), style, 0
        if span and face and not face.sizes:
            own, lift = span.style, span.lift
        glyph = face.glyph(character, own) if face else None
        if glyph is None:
            continue
        x, y = round(pen) + glyph.left, baseline - glyph.top - lift
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
        pen += glyph.advance + own.tracking
    while characters and characters[-1] == " ":
        characters.pop(), left.pop(), right.pop()
    if not characters:
        return None
    first, last = int(min(left)), int(np.ceil(max(right)))
    return Typeset(
        coverage[:, first:last],
        "".join(characters),
        np.array(left, float) - first,
        np.array(right, float) - first,
        highest,
        lowest,
        baseline,
    )
