"""Image files in memory, for tests."""

import io

import numpy as np
from PIL import Image

from crnn.image import decode_grayscale

SHAPE = (30, 70)


def strokes():
    """Strokes that look different however they are turned: 255 where there is ink."""
    ink = np.zeros(SHAPE, np.uint8)
    ink[4:26, 6:10] = ink[4:8, 6:60] = ink[12:16, 20:28] = 255
    return ink


def decode(data, notify=None):
    return decode_grayscale(np.frombuffer(data, np.uint8), "file", notify)


def save(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def with_alpha(ink, mode):
    """Ink on nothing: black everywhere, opaque where there is ink."""
    alpha = Image.fromarray(ink)
    return Image.merge(mode, [Image.new("L", alpha.size)] * (len(mode) - 1) + [alpha])
