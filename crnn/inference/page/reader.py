"""Read whole pictures: find their lines, read those of many pictures together, put each picture together again."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from crnn.inference.page.finder import find_lines
from crnn.inference.page.line_box import LineCrop, crop_line
from crnn.inference.page.page_text import PageLine, PageText
from crnn.inference.page.single import is_single_line

if TYPE_CHECKING:
    from crnn.inference.recognizer import Recognizer

MODES = ("auto", "one", "many")
MIN_CONFIDENCE = 0.5  # of a line of a page: what is read with less is no text
BLANK = np.full((32, 32), 255, np.uint8)  # read in place of a page without lines, so that it comes back in its turn

Key = TypeVar("Key", bound=Hashable)


@dataclass(eq=False)
class _Page(Generic[Key]):
    """A picture whose lines are on their way."""

    key: Key
    image: np.ndarray
    is_line: bool
    crops: list[LineCrop]
    read: list[PageLine] = field(default_factory=list)


def read_pages(
    recognizer: "Recognizer", images: Iterable[tuple[Key, np.ndarray]], mode: str = "auto"
) -> Iterator[list[tuple[Key, PageText]]]:
    """Read however many pictures; lines of neighbours share batches, and the memory is that of some dozens of lines.

    Args:
        recognizer: reads the lines.
        images: a key, which is given back, and a picture (height, width) uint8, grey, each.
        mode: ``one``: each picture is a line, ``many``: a page, ``auto``: whichever it looks like.

    Yields:
        Key and text of the pictures that were completed together, in order.
    """

    def lines() -> Iterator[tuple[tuple[_Page[Key], int], np.ndarray]]:
        for key, grey in images:
            page = _prepare(key, grey, mode)
            for number, crop in enumerate(page.crops):
                yield (page, number), crop.pixels
            if not page.crops:
                yield (page, 0), BLANK

    for window in recognizer.read_stream(lines()):
        complete = []
        for (page, number), line in window:
            if page.crops:
                page.read.append(PageLine(line, page.crops[number]))
            if number >= len(page.crops) - 1:
                complete.append((page.key, _finish(page)))
        yield complete


def _prepare(key: Key, grey: np.ndarray, mode: str) -> _Page[Key]:
    boxes = [] if mode == "one" else find_lines(grey)
    is_line = mode == "one" or (mode == "auto" and is_single_line(grey, boxes))
    if is_line:
        crops = [LineCrop(grey, np.zeros(2), np.array([1.0, 0.0]))]
    else:
        crops = [crop_line(grey, box) for box in boxes]
    return _Page(key, grey, is_line, crops)


def _finish(page: _Page[Key]) -> PageText:
    lines = page.read if page.is_line else [x for x in page.read if x.line.confidence >= MIN_CONFIDENCE]
    return PageText(tuple(lines), page.image, page.is_line)
