"""Components that stand side by side in a row: words, or whole lines where words stand close."""

import cv2
import numpy as np

from crnn.inference.page.boxes import centres, heights, row_extent, weighted_quantile, widths

BAND = 2.3  # characters of one row differ in height by no more than this factor
BAND_STEP = 1.5  # from one band of heights to the next
REACH = 0.8  # of its height: how far to the right a component looks for its neighbour
CORE = 0.22  # of its height above and below its middle: where it looks
MAX_EXTENT = 1.9  # height of a row, of the typical height of its components
TALL = 0.55  # of the highest component of an incoherent row: what is higher is taken out of it
OUTLIER = 2.0  # of the typical height: what is higher is no character of the row
MAX_DEPTH = 8
TYPICAL = 0.6  # of the weight of the components of a row is no higher than its typical height


def group_rows(boxes: np.ndarray, depth: int = MAX_DEPTH) -> np.ndarray:
    """Label components by the rows that they stand in.

    Components of similar height whose middles look at each other make a row, bottom up as O'Gorman, The document
    spectrum for page layout analysis, 1993, does by nearest neighbours. A group that is much higher than its
    components is more than one row, joined by something tall such as a frame, an icon or characters that touch:
    the tall ones and the others are grouped anew, apart.

    Args:
        boxes: (n, 4), level.

    Returns:
        Labels from 0, (n,) int.
    """
    labels = _smear_bands(boxes)
    if depth == 0:
        return labels
    mixed, tall = _incoherent(boxes, labels)
    for part in (mixed[~tall], mixed[tall]):
        if 0 < len(part) < len(mixed):
            labels[part] = labels.max() + 1 + group_rows(boxes[part], depth - 1)
    return np.unique(labels, return_inverse=True)[1]


def typical_height(boxes: np.ndarray) -> float:
    """Height of the characters of a row: dots and dashes hardly count, one frame does not decide."""
    high = heights(boxes)
    return weighted_quantile(high, np.minimum(high, widths(boxes)), TYPICAL)


def members(labels: np.ndarray) -> list[np.ndarray]:
    """Indices of the components of each label."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(labels) else []


def outliers(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Flag components that are too high for their row, (n,) bool."""
    flags = np.zeros(len(boxes), bool)
    high = heights(boxes)
    for row in members(labels):
        if len(row) > 3:
            flags[row] = high[row] > OUTLIER * typical_height(boxes[row])
    return flags


def _incoherent(boxes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The components of all rows that are too high for one, (m,), and which of them are the tall ones, (m,) bool."""
    mixed, tall = [np.zeros(0, int)], [np.zeros(0, bool)]
    high = heights(boxes)
    for row in members(labels):
        if len(row) > 1 and row_extent(boxes[row]) > MAX_EXTENT * typical_height(boxes[row]):
            mixed.append(row)
            tall.append(high[row] > TALL * high[row].max())
    return np.concatenate(mixed), np.concatenate(tall)


def _smear_bands(boxes: np.ndarray) -> np.ndarray:
    """Join what ``_smear`` joins in any band of heights: labels from 0, (n,) int."""
    high = heights(boxes)
    labels = np.arange(len(boxes))
    bands = []
    least = max(1.0, float(high.min()))
    while least <= high.max():
        band = np.flatnonzero((high >= least) & (high <= BAND * least))
        if len(band) > 1:
            bands.append((band, _smear(boxes[band])))
        least *= BAND_STEP
    while True:
        before = labels.copy()
        for band, joined in bands:
            lowest = np.full(joined.max() + 1, len(boxes))
            np.minimum.at(lowest, joined, labels[band])
            labels[band] = lowest[joined]
        if (labels == before).all():
            return np.unique(labels, return_inverse=True)[1]


def _smear(boxes: np.ndarray) -> np.ndarray:
    """Draw the middle of each component, as far to the right as it looks: what touches has one label, (n,) int.

    (Wong, Casey, Wahl: Document analysis system, 1982, smear runs of pixels by one length; here it is by the size of
    each component, for headings and small print in one picture.)
    """
    high = heights(boxes)
    scale = 0.5 if np.median(high) > 8 else 1.0
    left, top = boxes[:, 0].min(), boxes[:, 1].min()
    y = centres(boxes)[1] - top
    x0 = np.floor((boxes[:, 0] - left) * scale).astype(int)
    x1 = np.ceil((boxes[:, 2] - left + REACH * high) * scale).astype(int)
    y0 = np.floor((y - CORE * high) * scale).astype(int)
    y1 = np.ceil((y + CORE * high) * scale).astype(int)
    canvas = np.zeros((y1.max() + 1, x1.max() + 1), np.uint8)
    for a, b, c, d in zip(x0.tolist(), y0.tolist(), x1.tolist(), y1.tolist(), strict=True):
        canvas[b : d + 1, a : c + 1] = 1
    return cv2.connectedComponents(canvas, connectivity=4)[1][(y0 + y1) // 2, x0]
