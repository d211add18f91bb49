"""Read whole pictures: find their lines, read those of many pictures together, put each picture together again."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from crnn.inference.page.finder import find_lines
from crnn.inference.page.line_box import LineBox, LineCrop, crop_line, whole_image
from crnn.inference.page.orientation import find_turn, may_be_turned
from crnn.inference.page.page_text import PageLine, PageText
from crnn.inference.page.single import count_rows, is_on_its_side, is_single_line
from crnn.inference.page.trust import is_clearly_page, is_convincing, is_text_alone, text_lines
from crnn.inference.text_line import TextLine
from crnn.inference.views import Views, prepare_views

if TYPE_CHECKING:
    from crnn.inference.recognizer import Recognizer

MODES = ("auto", "one", "many")
BLANK = np.full((32, 32), 255, np.uint8)  # read in place of a page without lines, so that it comes back in its turn

Key = TypeVar("Key", bound=Hashable)


@dataclass(eq=False)
class _Page(Generic[Key]):
    """A picture whose lines are on their way."""

    key: Key
    image: np.ndarray
    is_line: bool
    boxes: list[LineBox]
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

    def lines() -> Iterator[tuple[tuple[_Page[Key], int], Views]]:
        for key, grey in images:
            page = _prepare(key, grey, mode)
            for number, crop in enumerate(page.crops):
                yield (page, number), prepare_views(crop.pixels, may_be_turned=page.is_line)
            if not page.crops:
                yield (page, 0), prepare_views(BLANK)

    for window in recognizer.read_views(lines()):
        complete = []
        for (page, number), line in window:
            if page.crops:
                page.read.append(PageLine(line, page.crops[number]))
            if number >= len(page.crops) - 1:
                complete.append((page.key, _finish(page, recognizer, mode)))
        yield complete


def read_each(
    recognizer: "Recognizer", images: Iterable[tuple[Key, np.ndarray]], mode: str = "auto"
) -> Iterator[list[tuple[Key, PageText | Exception]]]:
    """Read pictures together; where that fails, each alone, so that only those are lost that cannot be read.

    Args:
        recognizer, images, mode: as of ``read_pages``.

    Yields:
        Key and text of pictures that were completed together, in order, or what was raised in place of the text.
    """
    coming = iter(images)
    begun: dict[Key, np.ndarray] = {}

    def begin() -> Iterator[tuple[Key, np.ndarray]]:
        for key, image in coming:
            begun[key] = image
            yield key, image

    while True:
        try:
            for pages in read_pages(recognizer, begin(), mode):
                for key, _ in pages:
                    del begun[key]
                yield [*pages]
            return
        except Exception:  # of one of those that are begun; nobody knows which
            for key, image in begun.items():
                try:
                    for pages in read_pages(recognizer, [(key, image)], mode):
                        yield [*pages]
                except Exception as error:
                    yield [(key, error)]
            begun.clear()


def _prepare(key: Key, grey: np.ndarray, mode: str) -> _Page[Key]:
    boxes = [] if mode == "one" else find_lines(grey)
    is_line = mode == "one" or (mode == "auto" and is_single_line(grey, boxes))
    crops = [whole_image(grey)] if is_line else [crop_line(grey, box) for box in boxes]
    if not is_line and is_on_its_side(grey, boxes):
        crops = []  # read only once it is known how the page is turned
    return _Page(key, grey, is_line, boxes, crops)


def _finish(page: _Page[Key], recognizer: "Recognizer", mode: str) -> PageText:
    """Decide what was read in a picture is its text; read it anew where it may be a page, or turned."""
    as_line = PageText(tuple(page.read), page.image, True)
    if mode == "one":
        return as_line
    if page.is_line:
        (alone,) = as_line.lines
        rows = count_rows(page.boxes)
        if is_convincing(alone.line, rows):
            return as_line
        if not is_text_alone(alone.line, page.image):
            as_line = PageText((), page.image, False)
        if rows == 1:
            return as_line
    read = [line.line for line in page.read]
    if may_be_turned(read):
        quarters = find_turn(page.image, read, lambda images: _read_upright(recognizer, images))
        if quarters:
            return _read_turned(recognizer, page.image, quarters)
    if page.is_line:
        lines = _read_boxes(recognizer, page.image, page.boxes)
        if not is_clearly_page([line.line for line in lines], read[0]):
            return as_line
        return _page_text(lines, page.image)
    if not page.crops:
        page.read = _read_boxes(recognizer, page.image, page.boxes)
    return _page_text(page.read, page.image)


def _page_text(lines: list[PageLine], image: np.ndarray, rotation: int = 0) -> PageText:
    """Leave out what is no text."""
    flags = text_lines([line.line for line in lines])
    return PageText(tuple(line for line, flag in zip(lines, flags, strict=True) if flag), image, False, rotation)


def _read_turned(recognizer: "Recognizer", image: np.ndarray, quarters: int) -> PageText:
    """Read a page that must be turned counterclockwise; its lines stand where they are in the page as it is."""
    turned = np.ascontiguousarray(np.rot90(image, quarters))
    lines = _read_boxes(recognizer, turned, find_lines(turned))
    lines = [replace(line, crop=line.crop.turned_back(quarters, image.shape)) for line in lines]
    return _page_text(lines, image, 90 * quarters)


def _read_boxes(recognizer: "Recognizer", grey: np.ndarray, boxes: list[LineBox]) -> list[PageLine]:
    crops = [crop_line(grey, box) for box in boxes]
    lines = _read_upright(recognizer, [crop.pixels for crop in crops])
    return [PageLine(line, crop) for line, crop in zip(lines, crops, strict=True)]


def _read_upright(recognizer: "Recognizer", images: list[np.ndarray]) -> list[TextLine]:
    views = ((number, prepare_views(image, may_be_turned=False)) for number, image in enumerate(images))
    return [line for window in recognizer.read_views(views) for _, line in window]
