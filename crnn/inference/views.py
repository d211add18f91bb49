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

from crnn.inference.line_splitting import PreparedLine, split_line
from crnn.inference.text_line import TextLine
from crnn.normalization import deskew, normalize_line, resize_to_height, trim_margins

CONVINCING = 0.97  # confidence from which a reading is not questioned
MAX_UPRIGHT = 0.9  # confidence of a reading below which the image may be turned
MIN_TURNED = 0.95  # confidence of the reading of a turned image
MIN_TURNED_PART = 0.8  # the same of a part of it, and of its best path, from which it is read on
MIN_TURNED_CHARACTERS = 5  # fewer may be other characters when turned: SOS, 96, MOM
SIZE_ALONE = frozenset("cosuvwxzCOSUVWXZ0")  # characters that differ from others of these in size alone
SMOOTHING = (1.3, 1.7)  # rows of a line of 32: standard deviations of blurs that join dots to strokes
MAX_ROUGH = 0.9  # confidence of a reading below which its ink may be broken
MIN_ROUGH_CHARACTERS = 4  # fewer tell too little
MIN_SMOOTHED_GAIN = 0.08  # of confidence
MIN_SMOOTHED_GAIN_SHORT = 0.15  # the same of a line of at most ``SHORT`` characters
SHORT = 7
MIN_SMOOTHED = 0.65  # confidence of a line smoothed a little from which it is smoothed more, if half the gain is there
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

    A long line is looked at in part first, and smoothed more only where a little of it helps: noise, too, is read three
    times at most.

    Args:
        views: of the image.

    Yields:
        What is to be read next; takes what it gave.

    Returns:
        The reading that counts.
    """
    (usual,) = yield [views.usual]
    others = other_views(views, usual)
    if not others:
        return usual
    parts = [_part(view) for view in others]
    read = yield parts
    looked = [(view, line) for view, part, line in zip(others, parts, read, strict=True) if part is view]
    further = [
        view
        for view, part, line in zip(others, parts, read, strict=True)
        if part is not view and _is_promising(view, line, usual)
    ]
    if any(view.is_smoothed and _is_promising(view, line, usual) for view, line in zip(others, read, strict=True)):
        further.append(_smoothed(views, SMOOTHING[1]))
    if further:
        looked += zip(further, (yield further), strict=True)
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
        others.append(_smoothed(views, SMOOTHING[0]))
    turned: list[PreparedLine] = []
    if views.sideways is not None and _may_be_turned(read, sideways=True):
        turned += [split_line(views.sideways, shape, 90), split_line(views.sideways[::-1, ::-1], shape, 270)]
    elif views.may_be_turned and _may_be_turned(read):
        turned.append(split_line(views.usual.line[::-1, ::-1], shape, 180))
    for piece in (piece for line in turned for piece in line.pieces):
        piece.min_confidence = MIN_TURNED_PART
    return others + turned


def _smoothed(views: Views, deviation: float) -> PreparedLine:
    line = cv2.GaussianBlur(views.usual.line, (0, 0), deviation)
    return replace(split_line(line, views.usual.shape), is_smoothed=True)


def _part(view: PreparedLine) -> PreparedLine:
    """Return a view with the piece in the middle alone; the same view if it has no other."""
    middle = len(view.pieces) // 2
    return view if len(view.pieces) == 1 else replace(view, pieces=view.pieces[middle : middle + 1])


def _is_promising(view: PreparedLine, read: TextLine, usual: TextLine) -> bool:
    """Tell whether the whole of a view, or one that is smoothed more, may be read better than the usual one."""
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
