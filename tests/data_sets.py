"""Data sets that tests make, in the format of ``data/``."""

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.dataset.writer import write_data_set

TILE = np.ones((8, 8), np.uint8)


def write_images(batch, images):
    """Write images (name -> array) to a batch folder."""
    batch.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        assert cv2.imwrite(str(batch / name), image)


def make_data_set(folder, images, batches, table="abcdefgh", length=4, seed=0, **options):
    """Write a data set of coarse noise with random labels; the last batch is the test.

    Args:
        folder: gets ``labels/``, with the table in ``charset.txt``, and ``img_batches/``.
        images: how many, shared evenly among the batches.
        batches: how many.
        table: characters of the table, without the space.
        length: labels of an image.
        seed: decides images and labels.
        options: see ``write_data_set``.

    Returns:
        ``folder``.
    """
    rng = np.random.default_rng(seed)
    lines = ((np.kron(rng.integers(0, 256, (4, 35), np.uint8), TILE), _text(rng, table, length)) for _ in range(images))
    options = {"parts": 1, "packed": False} | options
    write_data_set(lines, images, Charset(["blank", *table]), folder, batches=batches, **options)
    return folder


def _text(rng, table, length):
    return "".join(rng.choice(list(table), length))
