"""Arithmetic of arrays of boxes: (n, 4) float, x0, y0, x1, y1."""

import numpy as np

MAX_CURVE = 0.08  # rows a column: how much a row of a levelled picture may rise or fall all the same


def heights(boxes: np.ndarray) -> np.ndarray:
    """Heights of boxes, (n,)."""
    return boxes[:, 3] - boxes[:, 1]


def widths(boxes: np.ndarray) -> np.ndarray:
    """Widths of boxes, (n,)."""
    return boxes[:, 2] - boxes[:, 0]


def areas(boxes: np.ndarray) -> np.ndarray:
    """Areas of boxes, (n,)."""
    return widths(boxes) * heights(boxes)


def centres(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of the centres of boxes, (n,) each."""
    return (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Areas that boxes share with others, (n, m)."""
    width = np.minimum(boxes[:, None, 2], others[:, 2]) - np.maximum(boxes[:, None, 0], others[:, 0])
    height = np.minimum(boxes[:, None, 3], others[:, 3]) - np.maximum(boxes[:, None, 1], others[:, 1])
    return np.maximum(width, 0) * np.maximum(height, 0)


def unions(boxes: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Enclose the boxes of each label, (count, 4); each label from 0 to count - 1 occurs."""
    enclosing = np.empty((count, 4))
    enclosing[:, :2], enclosing[:, 2:] = np.inf, -np.inf
    for side in range(4):
        (np.minimum if side < 2 else np.maximum).at(enclosing[:, side], labels, boxes[:, side])
    return enclosing


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The smallest value that at least a share of the weights does not exceed."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, share * sums[-1])])


def row_extent(boxes: np.ndarray) -> float:
    """Height of a row of boxes, its slope taken out: of one whose centres rise evenly, as on a curved page."""
    height = boxes[:, 3].max() - boxes[:, 1].min()
    x, y = centres(boxes)
    x = x - x.mean()
    if len(boxes) < 5 or np.ptp(x) < 3 * height:
        return float(height)
    slope = np.clip((x @ (y - y.mean())) / (x @ x), -MAX_CURVE, MAX_CURVE)
    level = (boxes[:, 3] - slope * x).max() - (boxes[:, 1] - slope * x).min()
    return float(min(height, level))
