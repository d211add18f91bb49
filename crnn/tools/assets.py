"""The images of ``asset/``, for tools that measure on them."""

import numpy as np

from crnn.image import find_images, read_grayscale
from crnn.paths import ASSETS


def asset_images() -> list[np.ndarray]:
    """Read the images of ``asset/``: (height, width) uint8 each, grey."""
    return [read_grayscale(path) for path in find_images([ASSETS])[0]]
