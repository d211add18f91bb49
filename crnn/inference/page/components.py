"""Strokes of text in a whole picture and their connected components, dark on light and light on dark alike."""

from dataclasses import dataclass, fields

import cv2
import numpy as np

MAX_STROKE = 19  # pixels: what is thicker both ways is ground, not a stroke
MIN_CONTRAST = 18  # grey levels between a stroke and the ground around it
NOISE_FACTOR = 2.5  # a stroke is so many times stronger than the median response around it
NEARBY_SHARE = 0.5  # of the strongest strokes nearby that a stroke must reach
NEARBY = 9  # quarter pixels: the side of the window that is nearby
RULE_LENGTH = 161  # pixels: straight runs as long belong to rules and frames
FINE_HEIGHT = 64  # pixels: higher components are looked for at a quarter of the resolution
COARSE = 4
MAX_SHORT_LABELS = 2**16 - 1


@dataclass(frozen=True)
class Components:
    """Connected components of the strokes of one polarity: arrays of one length.

    Attributes:
        boxes: (n, 4) float, x0, y0, x1, y1 in pixels.
        area: (n,) pixels of ink.
        stroke: (n,) mean thickness of the strokes in pixels.
        contrast: (n,) grey levels between ink and ground.
        frame: (n, 4) grey just above, below, left and right of the box: 0 as the ground, 1 as the ink.
    """

    boxes: np.ndarray
    area: np.ndarray
    stroke: np.ndarray
    contrast: np.ndarray
    frame: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, index: np.ndarray) -> "Components":
        """Select components by indices or by flags."""
        return Components(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def widths(self) -> np.ndarray:
        """Widths of the boxes in pixels, (n,)."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def heights(self) -> np.ndarray:
        """Heights of the boxes in pixels, (n,)."""
        return self.boxes[:, 3] - self.boxes[:, 1]


def find_components(grey: np.ndarray, dark: bool) -> Components:
    """Find the components of strokes that are darker, or lighter, than the ground around them.

    Characters up to ``FINE_HEIGHT`` come from the picture itself, higher ones from the picture at a quarter of its
    size, so that thick strokes count as strokes too.

    Args:
        grey: (height, width) uint8.
        dark: True for ink darker than its ground, False for lighter ink.
    """
    fine = _components_of(grey, dark)
    fine = fine.take(fine.heights <= FINE_HEIGHT)
    if min(grey.shape) < 2 * FINE_HEIGHT:
        return fine
    small = cv2.resize(grey, None, fx=1 / COARSE, fy=1 / COARSE, interpolation=cv2.INTER_AREA)
    coarse = _components_of(small, dark)
    coarse = Components(
        COARSE * coarse.boxes, COARSE**2 * coarse.area, COARSE * coarse.stroke, coarse.contrast, coarse.frame
    )
    coarse = coarse.take((coarse.heights > FINE_HEIGHT) & (coarse.heights < 0.9 * len(grey)))
    return Components(
        *(np.concatenate([getattr(fine, field.name), getattr(coarse, field.name)]) for field in fields(Components))
    )


def _components_of(grey: np.ndarray, dark: bool) -> Components:
    ground, mask = _strokes(grey, dark)
    starts = _run_starts(mask, 1)
    # each component and each part of one that is found on the way begins with a run; 16 bits are three times as fast
    kind = cv2.CV_16U if np.count_nonzero(starts) < MAX_SHORT_LABELS else cv2.CV_32S
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=kind)
    x, y, width, height, area = stats[1:].T
    boxes = np.stack([x, y, x + width, y + height], axis=1)
    labels = labels.ravel()
    ink = _bincount(labels, mask, count, grey) / area
    light = _bincount(labels, mask, count, ground) / area
    rows, columns = (_bincount(labels, first, count) for first in (starts, _run_starts(mask, 0)))
    difference = np.where(np.abs(ink - light) < 1, 1, ink - light)
    frame = (_frame_means(grey, boxes) - light[:, None]) / difference[:, None]
    return Components(boxes.astype(float), area, area / np.maximum(rows, columns), np.abs(difference), frame)


def _strokes(grey: np.ndarray, dark: bool) -> tuple[np.ndarray, np.ndarray]:
    """Separate strokes from their ground by a morphological top-hat, which no neighbouring box or picture disturbs.

    Its threshold follows the strength of the strokes nearby and the noise around them. (Meyer: Contrast feature
    extraction, 1979; Serra: Image analysis and mathematical morphology, 1982.)

    Returns:
        The ground (height, width) uint8, and the mask of strokes (height, width) uint8 of 0 and 1, without long rules.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (MAX_STROKE, MAX_STROKE))
    ground = cv2.morphologyEx(grey, cv2.MORPH_CLOSE if dark else cv2.MORPH_OPEN, kernel)
    response = cv2.absdiff(ground, grey)
    quarter = cv2.resize(response, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    nearby = cv2.blur(cv2.dilate(quarter, np.ones((NEARBY, NEARBY), np.uint8)), (NEARBY, NEARBY))
    noise = cv2.medianBlur(np.ascontiguousarray(quarter[::4, ::4]), NEARBY)
    noise = cv2.resize(noise, quarter.shape[::-1], interpolation=cv2.INTER_LINEAR)
    threshold = np.maximum(NEARBY_SHARE * nearby, np.maximum(NOISE_FACTOR * noise, MIN_CONTRAST))
    threshold = np.minimum(threshold, 255).astype(np.uint8)
    threshold = cv2.resize(threshold, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    mask = (response > threshold).astype(np.uint8)
    for rule in (np.ones((1, RULE_LENGTH), np.uint8), np.ones((RULE_LENGTH, 1), np.uint8)):
        middles = cv2.erode(mask, rule)
        if middles.any():
            mask = cv2.subtract(mask, cv2.dilate(middles, rule))
    return ground, mask


def _run_starts(mask: np.ndarray, axis: int) -> np.ndarray:
    """Mark the first pixel of each run of ink along an axis: area by runs is the mean length of a run."""
    starts = mask.copy()
    if axis:
        starts[:, 1:] &= mask[:, :-1] ^ 1
    else:
        starts[1:] &= mask[:-1] ^ 1
    return starts


def _bincount(labels: np.ndarray, mask: np.ndarray, count: int, values: np.ndarray | None = None) -> np.ndarray:
    """Count the marked pixels of each component, or sum their values: (count - 1,) float, without the ground."""
    where = np.flatnonzero(mask.view(bool))
    weights = None if values is None else values.ravel()[where]
    return np.bincount(labels[where], weights, count)[1:].astype(float)


def _frame_means(grey: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Mean grey of a line of pixels one pixel off each side of each box: (n, 4), above, below, left, right."""
    height, width = grey.shape
    integral = cv2.integral(grey)
    x0, y0, x1, y1 = boxes.T

    def mean(left, top, right, bottom):
        left, top = np.clip(left, 0, width - 1), np.clip(top, 0, height - 1)
        right, bottom = np.clip(right, left + 1, width), np.clip(bottom, top + 1, height)
        total = integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
        return total / ((right - left) * (bottom - top))

    above, below = mean(x0, y0 - 2, x1, y0 - 1), mean(x0, y1 + 1, x1, y1 + 2)
    return np.stack([above, below, mean(x0 - 2, y0, x0 - 1, y1), mean(x1 + 1, y0, x1 + 2, y1)], axis=1)
