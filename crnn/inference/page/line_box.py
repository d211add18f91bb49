"""Where a line stands in a picture, and how it is cut out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 0.18  # of the height of a line: what is added above and below it
SIDE_MARGIN = 0.3  # of the height of a line: what is added on its left and right
MIN_RISE = 0.2  # of the height of a line, from end to end: then it is turned level
MIN_HEIGHT = 0.3  # of its box: a line that rises is at least so high


@dataclass(frozen=True)
class LineBox:
    """Where a line stands.

    Attributes:
        x0, y0, x1, y1: the upright box around it, in pixels of the picture.
        slope: rows that the line falls a column; negative if it rises.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    slope: float = 0.0


@dataclass(frozen=True, eq=False)
class LineCrop:
    """A line cut out of its picture.

    Attributes:
        pixels: (height, width) uint8, level.
        corner: (2,) column and row of the picture where its upper left corner lies.
        along: (2,) columns and rows of the picture that one of its columns takes.
    """

    pixels: np.ndarray
    corner: np.ndarray
    along: np.ndarray

    def place(self, box: Sequence[float]) -> tuple[float, float, float, float]:
        """Return the upright box in the picture around a box in the crop; both left, top, right, bottom."""
        x0, y0, x1, y1 = box
        down = np.array([-self.along[1], self.along[0]])
        corners = np.array([self.corner + x * self.along + y * down for x in (x0, x1) for y in (y0, y1)])
        left, top, right, bottom = np.concatenate([corners.min(axis=0), corners.max(axis=0)]).tolist()
        return left, top, right, bottom

    def turned_back(self, quarters: int, shape: tuple[int, ...]) -> "LineCrop":
        """Return the crop with its place in the picture before that was turned.

        Args:
            quarters: by which the picture was turned counterclockwise.
            shape: (height, width) of the picture before.
        """
        height, width = shape
        origin = {0: (0, 0), 1: (width, 0), 2: (width, height), 3: (0, height)}[quarters % 4]
        turn = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), quarters % 4)
        return LineCrop(self.pixels, turn @ self.corner + np.array(origin), turn @ self.along)


def whole_image(grey: np.ndarray) -> LineCrop:
    """Take a whole picture as a line.

    Args:
        grey: (height, width) uint8.
    """
    return LineCrop(grey, np.zeros(2), np.array([1.0, 0.0]))


def crop_line(grey: np.ndarray, line: LineBox) -> LineCrop:
    """Cut a line out of its picture, turned level, with some margin.

    Args:
        grey: (height, width) uint8.
        line: a box that is at least partly in the picture.
    """
    high, rise = line.y1 - line.y0, abs(line.slope) * (line.x1 - line.x0)
    if rise > MIN_RISE * (high - rise):
        return _crop_turned(grey, line, max(high - rise, MIN_HEIGHT * high))
    above, beside = MARGIN * high + 1, SIDE_MARGIN * high + 1
    top, left = max(0, int(line.y0 - above)), max(0, int(line.x0 - beside))
    pixels = grey[top : int(np.ceil(line.y1 + above)), left : int(np.ceil(line.x1 + beside))]
    return LineCrop(pixels, np.array([left, top], float), np.array([1.0, 0.0]))


def _crop_turned(grey: np.ndarray, line: LineBox, high: float) -> LineCrop:
    """Cut out a line that is ``high`` pixels high, measured upright, along its slope."""
    along = np.array([1.0, line.slope]) / np.hypot(1, line.slope)
    down = np.array([-along[1], along[0]])
    width = (line.x1 - line.x0) / along[0] + 2 * (SIDE_MARGIN * high + 1)
    height = high * along[0] + 2 * (MARGIN * high + 1)
    corner = np.array([line.x0 + line.x1, line.y0 + line.y1]) / 2 - along * width / 2 - down * height / 2
    source = np.array([corner, corner + along * width, corner + down * height], np.float32)
    turn = cv2.getAffineTransform(source, np.array([[0, 0], [width, 0], [0, height]], np.float32))
    size = (max(1, round(width)), max(1, round(height)))
    pixels = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return LineCrop(pixels, corner, along)
