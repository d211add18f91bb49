"""Text on the backgrounds of interfaces, scans, photographs and textures: (height, width) float32, 0..255."""

import cv2
import numpy as np

from crnn.synthesis import degradation
from crnn.synthesis.glyph_run import GlyphRun

MIN_SCREEN_CONTRAST = 75  # greys between text and an even background
MIN_PICTURE_CONTRAST = 70  # greys between text and the nearest grey of a picture
_OPACITY = np.linspace(0, 1, 256, dtype=np.float32)  # of each coverage


def on_interface(rng: np.random.Generator, run: GlyphRun) -> np.ndarray:
    """Draw text in any two greys, some of its characters on a panel of another colour: a button, a tag, a selection."""
    height, width = run.coverage.shape
    background, foreground = _two_greys(rng, MIN_SCREEN_CONTRAST)
    image = np.full((height, width), background, np.float32)
    greys = np.full((1, width), foreground, np.float32)
    if rng.random() < 0.15:
        image += degradation.gradient(rng, image.shape, rng.uniform(5, 40))
    if rng.random() < 0.6:
        start, end = np.sort(rng.integers(len(run.left), size=2))
        pad = round(run.size * rng.uniform(0.03, 0.3))
        first, last = max(0, int(run.left[start]) - pad), min(width, int(np.ceil(run.right[end])) + pad)
        if start:
            first = max(first, int(np.ceil(run.right[start - 1])))
        if end + 1 < len(run.left):
            last = min(last, int(run.left[end + 1]))
        above, below = (round(run.size * rng.uniform(0.05, 0.4)) for _ in range(2))
        top, bottom = run.baseline - round(0.85 * run.size) - above, run.baseline + round(0.2 * run.size) + below
        panel, inside = _two_greys(rng, MIN_SCREEN_CONTRAST)
        image[max(0, top) : max(0, bottom), first:last] = panel
        greys[:, first:last] = inside
    return image + (greys - image) * _OPACITY[run.coverage]


def _two_greys(rng, contrast):
    """Return two greys that differ at least by ``contrast``."""
    if rng.random() < 0.5:  # one of them near black or white
        dark, light = (0, 255) + rng.uniform(0, 60) * np.array((1, -1))
        if rng.random() < 0.7:
            dark = rng.uniform(0, light - contrast)
        else:
            light = rng.uniform(dark + contrast, 255)
    else:
        dark = rng.uniform(0, 255 - contrast)
        light = rng.uniform(dark + contrast, 255)
    return (light, dark) if rng.random() < 0.65 else (dark, light)


def on_scan(rng: np.random.Generator, run: GlyphRun) -> np.ndarray:
    """Draw dark ink on light paper, nearly even, with the tone curve of a scanner or a copier."""
    contrast = rng.uniform(100, 200) if rng.random() < 0.2 else rng.uniform(150, 250)
    image = np.float32(rng.uniform(205, 255)) - np.float32(contrast) * _OPACITY[run.coverage]
    sigma = run.size * rng.uniform(0.01, 0.045)
    image = degradation.blur(image, max(0.3, sigma))
    low, high = image.min(), image.max()
    middle, steepness = low + (high - low) * rng.uniform(0.35, 0.75), rng.uniform(1, 5)
    image = np.clip((image - middle) * steepness + middle, low, high)
    return degradation.add_noise(rng, image, rng.exponential(2))


def over_picture(rng: np.random.Generator, run: GlyphRun) -> np.ndarray:
    """Draw text over a picture or a texture, none of whose greys comes near that of the text."""
    shape = run.coverage.shape
    image = sum(
        degradation.smooth_noise(rng, shape, strength, cell=shape[0] * cell)
        for strength, cell in ((1, rng.uniform(0.8, 3)), (rng.uniform(0, 0.6), 0.25), (rng.uniform(0, 0.3), 0.06))
    )
    for _ in range(rng.integers(0, 5)):  # edges of things
        points = rng.uniform((-0.1, -0.5), (1.1, 1.5), (int(rng.integers(3, 5)), 2)) * shape[::-1]
        filled = cv2.fillPoly(np.zeros(shape, np.float32), [points.astype(np.int32)], 1)
        image = image + filled * np.float32(rng.normal(0, 1.2))
    if rng.random() < 0.25:  # stripes, weave
        image = image + degradation.moire(rng, shape, rng.uniform(0.3, 1.5))
    low, high = np.quantile(image, (0.02, 0.98))
    share = np.clip((image - low) / max(1e-3, high - low), 0, 1).astype(np.float32)
    span = rng.uniform(20, 140)
    darkest = rng.uniform(0, 255 - span)
    room = {"dark": darkest - MIN_PICTURE_CONTRAST, "light": 255 - darkest - span - MIN_PICTURE_CONTRAST}
    side = max(room, key=lambda name: room[name])
    if room[side] < 0:  # the picture is moved so that it leaves room
        darkest = 255 - span if side == "dark" else 0
    image = darkest + span * share
    if side == "dark":
        grey = rng.uniform(0, max(1, darkest - MIN_PICTURE_CONTRAST))
    else:
        grey = rng.uniform(min(254, darkest + span + MIN_PICTURE_CONTRAST), 255)
    return image + (np.float32(grey) - image) * _OPACITY[run.coverage]
