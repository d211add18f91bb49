"""A typeset line before it becomes an image: what all effects on its shape take and return."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class GlyphRun:
    """Ink coverage of a line, and where its characters stand.

    Attributes:
        coverage: (height, width) uint8, 255 where ink covers the pixel fully.
        left: (characters,) float, first column of each character.
        right: (characters,) float, the column behind each character.
        baseline: row of the baseline.
        size: em size in pixels.
    """

    coverage: np.ndarray
    left: np.ndarray
    right: np.ndarray
    baseline: int
    size: int

    def with_coverage(self, coverage: np.ndarray) -> "GlyphRun":
        """Return the run with another coverage of the same size."""
        return replace(self, coverage=coverage)

    def moved(self, coverage: np.ndarray, columns: float) -> "GlyphRun":
        """Return the run with a coverage that has so many more columns on the left."""
        return replace(self, coverage=coverage, left=self.left + columns, right=self.right + columns)
