"""Ways to look at an image of a line: the usual one first, others only where its reading is not convincing.

A line of small marks, or of letters without ascenders, is enlarged too much when its margins are cut off: it is read
with them too. Ink may be broken to dots, as of a thermal printer: it is read smoothed too. An image may be upside down,
or on its side: it is read turned too. The more confident reading counts; a smoothed one and a turned one must be
clearly better.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from crnn.geometry import STRIDE
from crnn.inference.line_splitting import BATCH_WIDTH_STEP, Piece, PreparedLine, split_line
from crnn.inference.text_line import TextLine
from crnn.normalization import deskew, normalize_line, resize_to_height, trim_margins

CONVINCING = 0.97  # confidence from which a reading is not questioned
MAX_UPRIGHT = 0.9  # confidence of a reading below which the image may be turned
MIN_TURNED = 0.95  # confidence of the reading of a turned image
MIN_TURNED_PART = 0.8  # the same of a part of it, and of its best path, from which it is read on
MIN_TURNED_CHARACTERS = 5  # fewer may be other characters when turned: SOS, 96, MOM
SIZE_ALONE = frozenset("cosuvwxzCOSUVWXZ0")  # characters that differ from others of these in size alone
SMOOTHING = (1.3, 1.7)  # rows of a line of 32: standard deviations of blurs that join dots to strokes; short lines: 1.3
MAX_ROUGH = 0.9  # confidence of a reading below which its ink may be broken
MIN_ROUGH_CHARACTERS = 4  # fewer tell too little
MIN_SMOOTHED_GAIN = 0.08  # of confidence
MIN_SMOOTHED_GAIN_SHORT = 0.15  # the same of a line of at most ``SHORT`` characters
SHORT = 7
MIN_SMOOTHED = 0.65  # confidence of a part that is smoothed from which the whole is, if half the gain is there
PARTS = 6  # of a long line; one of them is looked at
MIN_PART, MAX_PART = 64, 320  # columns of a part
MAX_LOOKED = 2**16  # columns of a line from which it is read in the usual way alone
PART_MARGIN = 8  # columns at the ends of a part, in which characters may be cut
MIN_SIDEWAYS = 2.5  # height over width of an image that may be on its side


@dataclass
class Views:
    """An image of a line as it is usually read, and what other ways to look at it need.

    Attributes:
        usual: without its margins.
        with_margins: (32, width) uint8; None if there are none.
        sideways: (32, width) uint8, turned by 90 degrees; None if it is not high enough for a line on its side.
        may_be_turned: whether the image may be upside down or on its side.
    """

    usual: PreparedLine
    with_margins: np.ndarray | None
    sideways: np.ndarray | None
    may_be_turned: bool = True


def prepare_views(image: np.ndarray, may_be_turned: bool = True) -> Views:
    """Normalise an image of a line, and cut it into pieces.

    Args:
        image: (height, width) uint8, grey.
        may_be_turned: False for a line of a page whose orientation is known.
    """
    height, width = image.shape
    level = deskew(image)
    trimmed = trim_margins(level)
    with_margins = resize_to_height(level) if len(trimmed) < len(level) else None
    is_upright = not may_be_turned or height <= MIN_SIDEWAYS * width
    sideways = None if is_upright else normalize_line(np.rot90(image))
    return Views(split_line(resize_to_height(trimmed), image.shape), with_margins, sideways, may_be_turned)


def looks(views: Views) -> Generator[list[PreparedLine], list[TextLine], TextLine]:
    """Decide, from reading to reading, which ways to look at an image are worth reading.

    Noise, too, must not be read many times: of a line of ``2 * MIN_PART`` columns or more, a part is looked at in the
    other ways, and the most confident one of those that may help is read whole. A line of more than ``MAX_LOOKED``
    columns is read once.

    Args:
        views: of the image.

    Yields:
        What is to be read next; takes what it gave.

    Returns:
        The reading that counts.
    """
    (usual,) = yield [views.usual]
    others = other_views(views, usual) if views.usual.line.shape[1] <= MAX_LOOKED else []
    if not others:
        return usual
    parts = [view if _has_margins_alone(view, usual) else _part(view) for view in others]
    read = list(zip(others, parts, (yield parts), strict=True))
    looked = [(view, line) for view, part, line in read if part is view]
    promising = [
        (line.confidence, number)
        for number, (view, part, line) in enumerate(read)
        if part is not view and _is_promising(view, line, usual)
    ]
    if promising:
        view = others[max(promising)[1]]
        looked += zip([view], (yield [view]), strict=True)
    return most_convincing(usual, looked)


def other_views(views: Views, read: TextLine) -> list[PreparedLine]:
    """Prepare other ways to look at an image, none if its reading is convincing.

    Args:
        views: of the image.
        read: what the usual one gave.
    """
    others: list[PreparedLine] = []
    shape = views.usual.shape
    if views.with_margins is not None and (read.confidence < CONVINCING or _size_alone_tells(read)):
        others.append(split_line(views.with_margins, shape))
    if read.confidence < MAX_ROUGH and len(read.characters) >= MIN_ROUGH_CHARACTERS:
        is_long = _part(views.usual) is not views.usual
        others += [_smoothed(views, deviation) for deviation in (SMOOTHING if is_long else SMOOTHING[:1])]
    if views.sideways is not None and _may_be_turned(read, sideways=True):
        others += [split_line(views.sideways, shape, 90), split_line(views.sideways[::-1, ::-1], shape, 270)]
    elif views.may_be_turned and _may_be_turned(read):
        others.append(split_line(views.usual.line[::-1, ::-1], shape, 180))
    for piece in (piece for view in others if view.rotation for piece in view.pieces):
        piece.min_confidence = MIN_TURNED_PART
    return others


def _smoothed(views: Views, deviation: float) -> PreparedLine:
    line = cv2.GaussianBlur(views.usual.line, (0, 0), deviation)
    return replace(split_line(line, views.usual.shape), is_smoothed=True)


def _has_margins_alone(view: PreparedLine, usual: TextLine) -> bool:
    """Tell whether a view with margins is the only other one, but for those of a line on its side."""
    return not view.rotation and usual.confidence >= MAX_ROUGH


def _part(view: PreparedLine) -> PreparedLine:
    """Return the part of a view that has the most ink, to be read by its best path; the view itself if it is short."""
    width = view.line.shape[1]
    columns = min(max(MIN_PART, width // PARTS), MAX_PART) // BATCH_WIDTH_STEP * BATCH_WIDTH_STEP
    if width < 2 * columns:
        return view
    ink = np.cumsum(cv2.absdiff(view.line[:, 1:], view.line[:, :-1]).sum(axis=0, dtype=np.int64))
    first = int((ink[columns:] - ink[:-columns]).argmax()) // STRIDE * STRIDE
    last = first + columns
    pixels = np.ascontiguousarray(view.line[:, first:last])
    own = (first + PART_MARGIN, last - PART_MARGIN)
    return replace(view, pieces=[Piece(pixels, first, last, own, min_confidence=np.inf)])


def _is_promising(view: PreparedLine, read: TextLine, usual: TextLine) -> bool:
    """Tell by a part of a view whether the whole of it may be read better than the usual one."""
    if view.rotation:
        return read.confidence >= MIN_TURNED_PART
    if view.is_smoothed:
        return read.confidence >= max(MIN_SMOOTHED, usual.confidence + _smoothed_gain(usual) / 2)
    return read.confidence >= usual.confidence or _size_alone_tells(usual)


def most_convincing(usual: TextLine, others: list[tuple[PreparedLine, TextLine]]) -> TextLine:
    """Choose among the readings of an image.

    Args:
        usual: the reading of the usual view.
        others: the other views that were read whole, and what they gave.
    """
    with_margins = [line for view, line in others if not line.rotation and not view.is_smoothed]
    upright = max((usual, *with_margins), key=_confidence)
    if _size_alone_tells(usual) and any(line.confidence >= MAX_UPRIGHT for line in with_margins):
        (upright,) = with_margins
    smoothed = max((line for view, line in others if view.is_smoothed), key=_confidence, default=upright)
    if smoothed.confidence >= upright.confidence + _smoothed_gain(upright):
        upright = smoothed
    turned = [line for _, line in others if line.rotation and len(line.characters) >= MIN_TURNED_CHARACTERS]
    best = max(turned, key=_confidence, default=upright)
    may_be_turned = _may_be_turned(upright, sideways=best.rotation in (90, 270))
    return best if may_be_turned and best.confidence >= MIN_TURNED else upright


def _smoothed_gain(read: TextLine) -> float:
    """Return by how much more confident the reading of a smoothed line must be."""
    return MIN_SMOOTHED_GAIN_SHORT if len(read.characters) <= SHORT else MIN_SMOOTHED_GAIN


def _confidence(line: TextLine) -> float:
    return line.confidence


def _size_alone_tells(read: TextLine) -> bool:
    """Tell whether all letters and digits of a line are also others in another size."""
    characters = [character.text for character in read.characters if character.text.isalnum()]
    return bool(characters) and SIZE_ALONE.issuperset(characters)


def _may_be_turned(read: TextLine, sideways: bool = False) -> bool:
    """Tell whether a reading is so poor, or so short for an image that is high enough for a line on its side."""
    return read.confidence < MAX_UPRIGHT or (sideways and len(read.characters) < MIN_TURNED_CHARACTERS)
