"""The images that tools measure on: those of ``asset/`` or others."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from crnn.image import find_images, read_grayscale
from crnn.paths import ASSETS


def asset_images(paths: Iterable[str | Path] = (ASSETS,)) -> list[np.ndarray]:
    """Read images: (height, width) uint8 each, grey.

    Args:
        paths: files, and folders of them.

    Raises:
        ValueError: there is no image, as without ``asset/``, which a wheel does not have; or one cannot be read.
    """
    found = [path for path in find_images(paths)[0] if path != ASSETS]  # which counts as a file if it is not there
    if not found:
        raise ValueError("no pictures to measure on: name some, or work in a checkout, which has asset/")
    return [read_grayscale(path) for path in found]
