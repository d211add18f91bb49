"""How much the lines of a whole picture rise or fall."""

import numpy as np

from crnn.inference.page.boxes import centres, heights

MAX_SLOPE = 0.24  # rows a column: 13.5 degrees
MIN_GAIN = 1.15  # how much clearer the rows of a levelled picture must be to believe that it is not level
MIN_COMPONENTS = 12


def find_slope(boxes: np.ndarray) -> float:
    """Find the slope at which the centres of components fall into the clearest rows; 0 unless it is clearly not 0.

    The sum of squares of their histogram over rows is greatest along the lines. (Postl: Detection of linear oblique
    structures and skew scan in digitized documents, ICPR 1986; on components as Baird: The skew angle of printed
    documents, 1987.)

    Args:
        boxes: (n, 4) of components that look like characters.

    Returns:
        Rows that lines fall a column.
    """
    if len(boxes) < MIN_COMPONENTS:
        return 0.0
    x, y = centres(boxes)
    unit = np.median(heights(boxes)) / 4

    def clearness(slope):
        rows = (y - slope * x) / unit
        return float((np.bincount((rows - rows.min()).astype(int)).astype(float) ** 2).sum())

    best = max(np.arange(-MAX_SLOPE, MAX_SLOPE + 1e-6, MAX_SLOPE / 30), key=clearness)
    best = max(best + np.linspace(-0.006, 0.006, 7), key=clearness)
    return float(best) if clearness(best) > MIN_GAIN * clearness(0.0) else 0.0


def level(boxes: np.ndarray, slope: float) -> np.ndarray:
    """Move boxes up or down so that lines of a slope become level; widths and heights stay."""
    shift = slope * centres(boxes)[0]
    return boxes - shift[:, None] * np.array([0, 1, 0, 1])
