"""Text on a background: how light each pixel of a line is, and what lies over it.

Images are (height, width) float32, 0..255.
"""

import cv2
import numpy as np

from crnn.geometry import HEIGHT
from crnn.synthesis import degradation
from crnn.synthesis.glyph_run import GlyphRun

MIN_CONTRAST = 45  # greys between text and background; with less, blur or noise makes a line illegible
_OPACITY = np.linspace(0, 1, 256, dtype=np.float32)  # of each coverage


def on_screen(rng: np.random.Generator, run: GlyphRun, inverted: float) -> np.ndarray:
    """Draw even text on an even background; rarely, some characters in other colours.

    Args:
        rng: decides the colours.
        run: the line.
        inverted: probability of light text on a dark background.
    """
    coverage, right = run.coverage, run.right
    inverse = rng.random() < inverted
    image = cv2.LUT(coverage, _screen_colours(rng, inverse))
    if rng.random() < 0.1:  # a link, a keyword, a selected word
        start, end = sorted(int(right[rng.integers(len(right))]) + 1 for _ in range(2))
        colours = _screen_colours(rng, inverse)
        if rng.random() < 0.7:  # on the same background
            colours += (1 - _OPACITY) * (image[0, 0] - colours[0])
        image[:, start:end] = colours[coverage[:, start:end]]
    return image


def on_paper(rng: np.random.Generator, run: GlyphRun, inverted: float) -> np.ndarray:
    """Draw text of any grey on a background of any other, which may be uneven.

    Args:
        rng: decides the greys.
        run: the line.
        inverted: probability of light text on a dark background.
    """
    coverage = run.coverage
    contrast = rng.uniform(MIN_CONTRAST, 255)
    foreground = rng.uniform(0, 255 - contrast)
    background = foreground + contrast
    if rng.random() < inverted:
        foreground, background = background, foreground
    image = np.full(coverage.shape, background, np.float32)
    p, strength = rng.random(), rng.random() * contrast
    if p < 0.2:
        image += degradation.gradient(rng, coverage.shape, 0.6 * strength)
    elif p < 0.35:
        image += degradation.smooth_noise(rng, coverage.shape, 0.12 * strength, cell=rng.uniform(8, 60))
    elif p < 0.42:
        image += degradation.smooth_noise(rng, coverage.shape, 0.15 * strength, cell=rng.uniform(1, 5))
    opacity = _OPACITY
    if rng.random() < 0.2:  # renderers differ in how dark half covered pixels are
        opacity = _OPACITY ** np.float32(rng.uniform(0.6, 1.6))
    return image + (foreground - image) * cv2.LUT(coverage, opacity)


def outlined(rng: np.random.Generator, run: GlyphRun) -> np.ndarray:
    """Draw bright or dark text with an edge or a shadow on any background: subtitles, titles of pictures."""
    coverage = run.coverage
    foreground, edge = rng.uniform(190, 256), rng.uniform(0, 60)
    if rng.random() < 0.2:
        foreground, edge = edge, foreground
    reach = max(1, round(run.size * rng.uniform(0.03, 0.1)))
    if rng.random() < 0.7:  # an edge all around lets the background have any brightness
        background = rng.uniform(0, 255)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        around = cv2.dilate(coverage, disc)
    else:
        background = edge + (foreground - edge) * rng.uniform(0, 0.7)
        around = _shifted(coverage, reach)
    if rng.random() < 0.5:
        around = cv2.GaussianBlur(around, (0, 0), reach / 2)
    image = degradation.smooth_noise(rng, coverage.shape, rng.uniform(0, 60), cell=rng.uniform(3, 80))
    image = np.clip(image + background, 0, 255)
    for layer, grey in ((around, edge), (coverage, foreground)):
        image += (np.float32(grey) - image) * _OPACITY[layer]
    return image


def embossed(rng: np.random.Generator, run: GlyphRun) -> np.ndarray:
    """Draw letters embossed in the background and lit from one side, or outlines of letters."""
    coverage = run.coverage
    reach = max(1, round(run.size * rng.uniform(0.02, 0.06)))
    background, contrast = rng.uniform(80, 175), rng.uniform(40, 80)
    if rng.random() < 0.5:
        outlines = cv2.morphologyEx(coverage, cv2.MORPH_GRADIENT, np.ones((reach + 1, reach + 1), np.uint8))
        sign = 1 if rng.random() < 0.5 else -1
        return background + sign * contrast * _OPACITY[outlines]
    lit, dark = _shifted(coverage, -reach), _shifted(coverage, reach)
    inside = np.float32(rng.uniform(-0.4, 0.4)) * _OPACITY[coverage]
    return background + contrast * (_OPACITY[lit] - _OPACITY[dark] + inside)


def add_watermark(rng: np.random.Generator, image: np.ndarray, run: GlyphRun) -> np.ndarray:
    """Add faint print: of the other side of the paper, or a watermark in larger letters."""
    coverage = run.coverage
    height, width = coverage.shape
    if rng.random() < 0.5:
        other = np.roll(coverage[:, ::-1], int(rng.normal(0, 0.3) * height), axis=0)
        other = cv2.GaussianBlur(other, (0, 0), height * rng.uniform(0.01, 0.05))
    else:
        zoom = rng.uniform(1.3, 4)
        x, y = rng.uniform(0, 1 - 1 / zoom, 2) * (width, height)
        other = cv2.warpAffine(
            coverage, np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * y]], np.float32), (width, height)
        )
    return image + np.ptp(image) * (np.float32(rng.choice((-1, 1)) * rng.uniform(0.05, 0.3)) * _OPACITY[other])


def add_shadow(rng: np.random.Generator, image: np.ndarray, _: GlyphRun) -> np.ndarray:
    """Darken a part of the line."""
    return (image * degradation.shadow(rng, image.shape)).astype(np.float32)


def add_moire(rng: np.random.Generator, image: np.ndarray, _: GlyphRun) -> np.ndarray:
    """Add the stripes of a photographed screen."""
    stripes = degradation.moire(rng, image.shape, np.ptp(image) * rng.uniform(0.05, 0.3))
    return (image + stripes).astype(np.float32)


def add_dust(rng: np.random.Generator, image: np.ndarray, _: GlyphRun) -> np.ndarray:
    """Add specks of one to two pixels of the final image."""
    return degradation.specks(rng, image, rng.uniform(0.005, 0.06), rng.uniform(1, 2) * len(image) / HEIGHT)


def add_page_shadow(rng: np.random.Generator, image: np.ndarray, _: GlyphRun) -> np.ndarray:
    """Darken the line towards one end, as a page towards the fold of a book."""
    height, width = image.shape
    distance = np.arange(width, dtype=np.float32) if rng.random() < 0.5 else np.arange(width, dtype=np.float32)[::-1]
    light = 1 - np.float32(rng.uniform(0.2, 0.7)) * np.exp(-distance / np.float32(height * rng.uniform(0.5, 5)))
    return image * light


def invert_part(rng: np.random.Generator, image: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Swap light and dark before or after a random character: the rest of a button, a selected part.

    Args:
        rng: decides the part.
        image: the line.
        right: (characters,) column behind each character.
    """
    at = max(1, int(right[rng.integers(len(right))]) + 1)
    columns = slice(at, None) if rng.random() < 0.5 else slice(None, at)
    low, high = image.min(), image.max()
    image = image.copy()
    image[:, columns] = high - (image[:, columns] - low) * np.float32(rng.uniform(0.5, 1))
    return image


def _shifted(coverage, reach):
    """Return a coverage moved ``reach`` pixels to the right and down."""
    return cv2.warpAffine(coverage, np.array([[1, 0, reach], [0, 1, reach]], np.float32), coverage.shape[::-1])


def _screen_colours(rng, inverted):
    """Return the grey of every coverage: (256,) float32."""
    foreground = (0, 0, 20, 51, 85, 120)[rng.integers(6)]
    background = (255, 255, 250, 240, 220)[rng.integers(5)]
    if inverted:
        foreground, background = 255 - foreground, 255 - background
    return background + (foreground - background) * _OPACITY
