"""Ink on paper: dots of a printer, ink that spreads, comes off or never came.

Effects take and return a ``GlyphRun``.
"""

import cv2
import numpy as np

from crnn.synthesis import degradation
from crnn.synthesis.glyph_run import GlyphRun

_DOT = 6  # pixels of a printer's dot while it is drawn


def print_dots(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Print the line in rows of fine dots, as a dot-matrix printer of 24 needles does."""
    height, width = run.coverage.shape
    pitch = run.size / rng.uniform(16, 30)
    grid = (max(1, round(width / pitch)), max(1, round(height / pitch)))
    dots = cv2.resize(run.coverage, grid, interpolation=cv2.INTER_AREA)
    dots = (dots > rng.uniform(80, 150)).astype(np.uint8)
    coverage = np.kron(dots, _dot(rng.uniform(0.35, 0.6)))
    return run.with_coverage(cv2.resize(coverage, (width, height), interpolation=cv2.INTER_AREA))


def print_coarse_dots(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Print each pixel of a small line as a dot, as printers of receipts with few needles do; the run grows."""
    rows, columns = 6, int(rng.integers(4, 8))  # pixels of a dot
    dots = (run.coverage > 100).astype(np.float32)
    if rng.random() < 0.3:
        dots[rng.integers(len(dots), size=2)] *= np.float32(rng.uniform(0.2, 0.7))  # weak needles
    if rng.random() < 0.5:
        dots[degradation.noise_field(rng, dots.shape) > rng.uniform(1.8, 3)] = 0  # worn ribbon
    dot = cv2.resize(_dot(rng.uniform(0.42, 0.75)), (columns, rows), interpolation=cv2.INTER_AREA)
    coverage = np.kron(dots, dot.astype(np.float32)).astype(np.uint8)
    left, right = run.left * columns, run.right * columns
    return GlyphRun(coverage, left, right, run.baseline * rows, run.size * rows)


def print_thermally(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Print the line faintly, in streaks or rows, with frayed edges, as thermal receipts and worn ribbons have it."""
    height, width = run.coverage.shape
    cells = ((height, 2 * run.size), (3, width))[rng.integers(2)]  # streaks down or along the line
    coarse = degradation.noise_field(rng, (max(2, height // max(1, cells[0])), max(2, width // max(1, cells[1]))))
    streaks = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    grain = degradation.smooth_noise(rng, run.coverage.shape, 1.0, cell=max(1.0, run.size * rng.uniform(0.02, 0.06)))
    ink = rng.uniform(0.75, 1.3) + rng.uniform(0.05, 0.25) * streaks + rng.uniform(0.1, 0.45) * grain
    if rng.random() < 0.4:  # the rows of the print head stand apart
        pitch = run.size / rng.uniform(10, 20)
        between = np.arange(height, dtype=np.float32) / pitch % 1 > rng.uniform(0.5, 0.8)
        ink[between] -= np.float32(rng.uniform(0.2, 0.7))
    return run.with_coverage((run.coverage * np.clip(ink, 0.25, 1)).astype(np.uint8))


def spread_ink(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Let the ink run into the paper: thicker strokes, filled corners."""
    soft = cv2.GaussianBlur(run.coverage, (0, 0), max(0.4, run.size * rng.uniform(0.015, 0.04)))
    return run.with_coverage(cv2.convertScaleAbs(soft, alpha=rng.uniform(1.4, 2.6)))


def fade(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Take the ink off in spots."""
    cell = max(1.5, run.size * rng.uniform(0.03, 0.15))
    spots = degradation.smooth_noise(rng, run.coverage.shape, 1.0, cell=cell)
    remaining = np.clip((rng.uniform(0.8, 1.8) - spots) / rng.uniform(0.05, 0.6), 0, 1)
    return run.with_coverage((run.coverage * remaining).astype(np.uint8))


def _dot(radius):
    """Draw a dot of a radius given as a share of the pitch: (6, 6) uint8."""
    y, x = np.mgrid[:_DOT, :_DOT] - (_DOT - 1) / 2
    return np.where(np.hypot(x, y) < _DOT * radius, 255, 0).astype(np.uint8)
