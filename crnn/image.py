"""From a picture file to pieces that the network reads: grey, 32 high, split at gaps, colour added.

Training, synthesis and reading all prepare pictures here.
"""

from pathlib import Path

import cv2
import numpy as np

HEIGHT = 32  # pixels, fixed by the network's poolings
ADDED_COLUMNS = 32  # colour adding: columns put on the right of each piece
GAP_COLUMNS = 5  # a gap is a run of more than so many columns of background


class ImageError(ValueError):
    """A picture cannot be read; the message names the file and the reason."""


def read_grey(path):
    """Read a picture as grey values.

    Transparent pictures are laid on white, or on black if what is drawn on them is light.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: no such file, not a picture, or an empty one.
    """
    path = Path(path)
    try:
        data = np.fromfile(path, np.uint8)  # not imread: it cannot open every name on Windows
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from None
    if data.size == 0:
        raise ImageError(f"{path}: the file is empty")
    try:
        with_alpha = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if with_alpha is not None and with_alpha.ndim == 3 and with_alpha.shape[2] == 4:
            return composite(with_alpha)
        colour = cv2.imdecode(data, cv2.IMREAD_COLOR)  # turned as its EXIF tag says, unlike the above
    except cv2.error as error:
        raise ImageError(f"{path}: OpenCV cannot read it ({error.err})") from None
    if colour is None:
        raise ImageError(f"{path}: not a picture that OpenCV can read")
    return cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)


def composite(bgra):
    """Lay a picture with alpha (height, width, 4) on white, or on black under light ink: grey uint8."""
    scale = 255 / np.iinfo(bgra.dtype).max
    bgra = bgra.astype(np.float32) * scale
    grey = cv2.cvtColor(bgra[..., :3], cv2.COLOR_BGR2GRAY)
    alpha = bgra[..., 3] / 255
    ink = float((grey * alpha).sum() / max(alpha.sum(), 1e-6))
    ground = 255 if ink < 128 or alpha.min() > 0.99 else 0
    return np.rint(grey * alpha + ground * (1 - alpha)).astype(np.uint8)


def to_height(grey):
    """Resize a grey picture to 32 pixels high, its aspect ratio kept.

    Args:
        grey: (height, width) uint8, not empty.

    Returns:
        (32, max(1, round(width * 32 / height))) uint8.
    """
    height, width = grey.shape
    return resize(grey, max(1, round(width * HEIGHT / height)))


def resize(grey, width):
    """Resize to (32, width): averaging when it shrinks, bicubic when it grows."""
    if grey.shape == (HEIGHT, width):
        return grey
    shrinks = grey.shape[0] > HEIGHT
    return cv2.resize(grey, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def add_colour(line, columns=ADDED_COLUMNS):
    """Put ``columns`` on the right of a line, all of the median grey of its last column.

    Args:
        line: (height, width) uint8.

    Returns:
        (height, width + columns) uint8.
    """
    colour = np.median(line[:, -1]).astype(line.dtype)
    return np.pad(line, ((0, 0), (0, columns)), constant_values=colour)
