"""Degradations of pictures that exist already: those of drawn lines that need no glyphs, as likely as there."""

import cv2
import numpy as np

from crnn.geometry import HEIGHT
from crnn.normalization import resize_to_height, trim_margins
from crnn.synthesis import degradation
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.optics import apply_optics

MAX_HEIGHT = 2 * HEIGHT  # rows that a picture keeps; more would be lost at the end
MAX_WIDTH = 4000  # columns of it that the noise of ``degradation`` suffices for
WARP = ((0.01, 0.03), (0.3, 1.0))  # reach and cell of an elastic warp, in heights
STRETCH = 0.12  # of the width, shorter or longer
CROP = 0.06  # of the height at most that is cut off or added above and below


def shrink(grey: np.ndarray) -> np.ndarray:
    """Bring a picture to at most ``MAX_HEIGHT`` rows, its aspect ratio kept.

    Args:
        grey: (height, width) uint8.
    """
    height, width = grey.shape
    if height <= MAX_HEIGHT:
        return grey
    return cv2.resize(grey, (max(1, round(width * MAX_HEIGHT / height)), MAX_HEIGHT), interpolation=cv2.INTER_AREA)


def degrade(rng: np.random.Generator, grey: np.ndarray, config: SynthesisConfig) -> np.ndarray:
    """Make another picture of the same line, and bring it to the form that the network reads.

    Args:
        rng: decides everything.
        grey: (at most 64, at most 3800) uint8; what is higher gets ``shrink`` before.
        config: probabilities; a picture stays as it is, but for its margins and polarity, as often as a drawn line is
            not degraded.

    Returns:
        (32, width) uint8.
    """
    image = _other_margins(rng, grey)
    if rng.random() >= config.undegraded:
        image = _degraded(rng, image, config)
    if rng.random() < config.inverted:
        image = 255 - image
    return resize_to_height(trim_margins(image))


def _degraded(rng, grey, config):
    image = grey.astype(np.float32)
    height, width = grey.shape
    happens = dict(zip(_EFFECTS, rng.random(len(_EFFECTS)), strict=True))
    if happens["elastic"] < config.elastic:
        reach, cell = (height * rng.uniform(*bounds) for bounds in WARP)
        columns, rows = degradation.elastic_map(rng, image.shape, reach, cell)
        image = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if happens["stretched"] < config.stretched:
        width = max(8, min(MAX_WIDTH, round(width * (1 + rng.uniform(-STRETCH, STRETCH)))))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    if happens["shadowed"] < config.shadowed:
        image = image * degradation.shadow(rng, image.shape)
    if happens["moire"] < config.moire:
        image = image + degradation.moire(rng, image.shape, np.ptp(image) * rng.uniform(0.05, 0.3))
    if happens["dusty"] < config.dusty:
        image = degradation.specks(rng, image, rng.uniform(0.005, 0.06), rng.uniform(1, 2) * height / HEIGHT)
    if happens["crisp"] >= config.crisp:
        nowhere = np.zeros(1)
        image, _, _ = apply_optics(rng, image.astype(np.float32), nowhere, nowhere, ten=False)
    if happens["binarised"] < config.binarised:
        image = degradation.binarise(rng, image, int(rng.integers(24, 64)))
    image = cv2.convertScaleAbs(np.maximum(image, 0))
    if happens["recompressed"] < config.recompressed:
        return degradation.recompress(rng, image, 0.6)
    return degradation.jpeg(image, int(rng.integers(25, 96))) if rng.random() < 0.35 else image


_EFFECTS = ("elastic", "stretched", "shadowed", "moire", "dusty", "crisp", "binarised", "recompressed")


def _other_margins(rng, grey):
    """Move the edges a little, as another hand would have cut the picture out; at the ends no character is cut."""
    height = len(grey)
    top, bottom = (round(height * rng.uniform(-CROP, CROP)) for _ in range(2))
    left, right = (round(height * rng.uniform(0, 2 * CROP)) for _ in range(2))
    cut = grey[max(0, -top) : height - max(0, -bottom)]
    return cv2.copyMakeBorder(cut, max(0, top), max(0, bottom), left, right, cv2.BORDER_REPLICATE)
