"""Shapes of typeset lines: characters warped, stretched or slanted, a line in perspective."""

from dataclasses import replace

import cv2
import numpy as np

from crnn.synthesis import degradation
from crnn.synthesis.glyph_run import GlyphRun

_STRETCH = np.log([0.6, 1.7])


def elastic_warp(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Stretch and squeeze the line here and there, as a similar face of other proportions would look.

    After Simard et al.: Best Practices for Convolutional Neural Networks, ICDAR 2003.
    """
    reach, cell = run.size * rng.uniform(0.01, 0.035), run.size * rng.uniform(0.3, 1.0)
    columns, rows = degradation.elastic_map(rng, run.coverage.shape, reach, cell)
    moves = columns.mean(axis=0) - np.arange(len(columns[0]))
    left, right = (x - np.interp(x, np.arange(len(moves)), moves) for x in (run.left, run.right))
    return replace(run, coverage=cv2.remap(run.coverage, columns, rows, cv2.INTER_LINEAR), left=left, right=right)


def stretch(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Make the line 0.6 to 1.7 times as wide."""
    factor = np.exp(rng.uniform(*_STRETCH))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    coverage = cv2.resize(run.coverage, None, fx=factor, fy=1, interpolation=method)
    return replace(run, coverage=coverage, left=run.left * factor, right=run.right * factor)


def slant(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Slant the line about its middle row to the right, as italics or more, or to the left."""
    height, width = run.coverage.shape
    tangent = rng.uniform(0.1, 0.4) if rng.random() < 0.7 else -rng.uniform(0.05, 0.3)
    room = int(abs(tangent) * height / 2) + 1
    matrix = np.array([[1, -tangent, room + tangent * height / 2], [0, 1, 0]], np.float32)
    return run.moved(cv2.warpAffine(run.coverage, matrix, (width + 2 * room, height)), room)


def add_perspective(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Make the line smaller towards one end, as seen from the other."""
    height, width = run.coverage.shape
    lost = height * rng.uniform(0.1, 0.5)
    above = lost * rng.random()
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    far = (1, 2) if rng.random() < 0.5 else (0, 3)
    seen = corners.copy()
    seen[far, 1] += np.array([above, above - lost], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    left, right = (degradation.move_columns(matrix, x, height / 2) for x in (run.left, run.right))
    return replace(run, coverage=cv2.warpPerspective(run.coverage, matrix, (width, height)), left=left, right=right)


def curve(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Bend the line up or down, as on a page of an open book or a round label."""
    height, width = run.coverage.shape
    x = np.linspace(-1, 1, width, dtype=np.float32) - np.float32(rng.uniform(-1, 1))
    bend = np.float32(run.size * rng.uniform(0.03, 0.15) * rng.choice((-1, 1))) * (x**2 - np.mean(x**2))
    room = int(np.ceil(np.abs(bend).max()))
    rows = np.arange(-room, height + room, dtype=np.float32)[:, None] + bend
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), rows.shape).copy()
    return replace(run, coverage=cv2.remap(run.coverage, columns, rows, cv2.INTER_LINEAR), baseline=run.baseline + room)
