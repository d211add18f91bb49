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
    """Print the line in eight to eleven rows of dots, some of them faint, as receipts of nine needles have it."""
    height, width = run.coverage.shape
    pitch = run.size / rng.uniform(11, 15)
    grid = (max(1, round(width / pitch * rng.uniform(1, 1.6))), max(1, round(height / pitch)))
    dots = cv2.resize(run.coverage, grid, interpolation=cv2.INTER_AREA)
    dots = np.where(dots > rng.uniform(70, 110), np.uint8(255), np.uint8(0))
    strength = rng.uniform(0.75, 1) * np.ones((grid[1], 1), np.float32)
    if rng.random() < 0.4:
        strength[rng.integers(grid[1], size=2)] *= np.float32(rng.uniform(0.2, 0.7))  # weak needles
    missing = degradation.noise_field(rng, dots.shape) > rng.uniform(1.6, 3)
    dots = np.where(missing, 0, dots * strength).astype(np.float32) / 255
    coverage = np.kron(dots, _dot(rng.uniform(0.45, 0.75)).astype(np.float32))
    return run.with_coverage(cv2.resize(coverage, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8))


def print_thermally(rng: np.random.Generator, run: GlyphRun) -> GlyphRun:
    """Print the line faintly in streaks, with edges that fray, as thermal receipts and worn ribbons have it."""
    height, width = run.coverage.shape
    cells = ((height, 2 * run.size), (3, width))[rng.integers(2)]  # streaks down or along the line
    coarse = degradation.noise_field(rng, (max(2, height // max(1, cells[0])), max(2, width // max(1, cells[1]))))
    streaks = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    grain = degradation.smooth_noise(rng, run.coverage.shape, 1.0, cell=max(1.0, run.size * rng.uniform(0.02, 0.06)))
    ink = rng.uniform(0.75, 1.3) + rng.uniform(0.05, 0.25) * streaks + rng.uniform(0.1, 0.45) * grain
    return run.with_coverage((run.coverage * np.clip(ink, 0.15, 1)).astype(np.uint8))


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
