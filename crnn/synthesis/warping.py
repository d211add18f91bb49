"""The shape of a drawn line: characters rippled, stretched or slanted, a line that narrows towards one end.

All take ink coverage (height, width) uint8 and the columns between which its characters stand, and give both as
they are then.
"""

import cv2
import numpy as np

from crnn.synthesis import degradation

_STRETCH = np.log([0.6, 1.7])


def elastic_warp(rng, coverage, left, right, size):
    """As in a face like theirs, but of other proportions. ``size``: em, in pixels."""
    reach, cell = size * rng.uniform(0.01, 0.035), size * rng.uniform(0.3, 1.0)
    columns, rows = degradation.ripples(rng, coverage.shape, reach, cell)
    moves = columns.mean(axis=0) - np.arange(len(columns[0]))
    left, right = (x - np.interp(x, np.arange(len(moves)), moves) for x in (left, right))
    return cv2.remap(coverage, columns, rows, cv2.INTER_LINEAR), left, right


def stretch(rng, coverage, left, right):
    """Wider or narrower than the face has them."""
    factor = np.exp(rng.uniform(*_STRETCH))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(coverage, None, fx=factor, fy=1, interpolation=way), left * factor, right * factor


def slant(rng, coverage, left, right):
    """As far as italics, more, or backwards; about the middle row, so that the boxes stay where they are there."""
    height, width = coverage.shape
    tangent = rng.uniform(0.1, 0.4) if rng.random() < 0.7 else -rng.uniform(0.05, 0.3)
    room = int(abs(tangent) * height / 2) + 1
    matrix = np.float32([[1, -tangent, room + tangent * height / 2], [0, 1, 0]])
    return cv2.warpAffine(coverage, matrix, (width + 2 * room, height)), left + room, right + room


def narrow(rng, coverage, left, right):
    """As seen from one end: there it is further away."""
    height, width = coverage.shape
    lost = height * rng.uniform(0.1, 0.5)
    above = lost * rng.random()
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    far = (1, 2) if rng.random() < 0.5 else (0, 3)
    seen = corners.copy()
    seen[far, 1] += np.float32([above, above - lost])
    matrix = cv2.getPerspectiveTransform(corners, seen)
    left, right = (degradation.moved(matrix, x, height / 2) for x in (left, right))
    return cv2.warpPerspective(coverage, matrix, (width, height)), left, right
