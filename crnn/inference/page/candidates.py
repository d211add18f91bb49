"""Lines that may be text, with what tells text from pictures."""

from dataclasses import dataclass, fields

import numpy as np

from crnn.inference.page.boxes import centres, heights, widths
from crnn.inference.page.components import Components

MIN_COUNT = 4  # components of a line from which its slope is measured
MIN_LENGTH = 4  # heights of a line from which its slope is measured


@dataclass(frozen=True)
class Candidates:
    """Lines that may be text: arrays of one length.

    Attributes:
        boxes: (n, 4) in pixels, level.
        slope: (n,) rows that each falls a column all the same.
        count: (n,) components.
        height: (n,) mean height of the components.
        variation: (n,) standard deviation of those heights, by their mean.
        frame: (n,) mean of ``Components.frame``, each from 0 to 1.
        contrast: (n,) mean contrast of the components.
        stroke: (n,) mean thickness of the strokes, by ``height``.
    """

    boxes: np.ndarray
    slope: np.ndarray
    count: np.ndarray
    height: np.ndarray
    variation: np.ndarray
    frame: np.ndarray
    contrast: np.ndarray
    stroke: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, index: np.ndarray) -> "Candidates":
        """Select lines by indices or by flags."""
        return Candidates(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def score(self) -> np.ndarray:
        """How much each looks like a line, (n,): many components, alike, on a ground of their own."""
        alike = (1 - self.frame) / (1 + self.variation)
        return self.count * self.height * alike * np.sqrt(heights(self.boxes))


def concatenate(parts: list[Candidates]) -> Candidates:
    """Put the lines of several sources into one."""
    return Candidates(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Candidates)))


def describe(lines: np.ndarray, components: Components, boxes: np.ndarray, labels: np.ndarray) -> Candidates:
    """Measure lines by their components.

    Args:
        lines: (n, 4) boxes, level.
        components: the components of all lines.
        boxes: (m, 4) theirs, level.
        labels: (m,) the line of each.
    """
    size = len(lines)
    count = np.bincount(labels, minlength=size)

    def mean(values):
        return np.bincount(labels, values, size) / np.maximum(count, 1)

    high = heights(boxes)
    height = mean(high)
    x, y = centres(boxes)
    x, y = x - mean(x)[labels], y - mean(y)[labels]
    slope = mean(x * y) / np.maximum(mean(x * x), 1e-6)
    long = (count >= MIN_COUNT) & (widths(lines) > MIN_LENGTH * heights(lines))
    return Candidates(
        boxes=lines,
        slope=np.where(long, slope, 0),
        count=count,
        height=height,
        variation=np.sqrt(np.maximum(mean(high**2) - height**2, 0)) / np.maximum(height, 1),
        frame=mean(np.clip(components.frame, 0, 1).mean(axis=1)),
        contrast=mean(components.contrast),
        stroke=mean(components.stroke) / np.maximum(height, 1),
    )
