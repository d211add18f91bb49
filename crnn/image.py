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
    return resize(grey, natural_width(grey))


def natural_width(grey):
    """Columns of a picture at height 32, its aspect ratio kept."""
    height, width = grey.shape
    return max(1, round(width * HEIGHT / height))


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
    height, width = line.shape
    wider = np.empty((height, width + columns), line.dtype)
    wider[:, :width] = line
    wider[:, width:] = np.sort(line[:, -1])[[(height - 1) // 2, height // 2]].mean()  # np.median, only faster
    return wider


def gaps(line):
    """The gaps between the words of a line: runs of more than 5 columns of nothing but background.

    The line and its inverse are binarised (Gaussian blur 3 x 3, Otsu's threshold), so that it does
    not matter which of ink and ground is the darker. Runs that touch the left or right edge are
    margins and no gaps.

    Args:
        line: (32, width) uint8.

    Returns:
        List of (first column, last column + 1), from left to right.
    """
    found = []
    for picture in (line, 255 - line):
        smooth = cv2.GaussianBlur(picture, (3, 3), 0)
        _, binary = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        empty = np.concatenate(([0], ~binary.any(axis=0), [0])).astype(np.int8)
        starts, ends = np.flatnonzero(np.diff(empty) == 1), np.flatnonzero(np.diff(empty) == -1)
        found += [
            (int(start), int(end))
            for start, end in zip(starts, ends, strict=True)
            if end - start > GAP_COLUMNS and start > 0 and end < line.shape[1]
        ]
    return sorted(found)


def split(line, found=None, longest=0, most=None):
    """Cut a line in the middle of its gaps.

    Args:
        line: (32, width) uint8. found: its ``gaps``, if they are known.
        longest: a cut is left out where the pieces beside it are no longer than this together, the
            narrowest gaps first; 0 cuts at every gap. The network reads short gaps itself, and it
            reads a word better with its neighbours than alone.
        most: a piece longer than this is cut though it has no gap, where it is emptiest.

    Returns:
        List of (first column, last column + 1) of the pieces: together they are the whole line.
    """
    found = gaps(line) if found is None else found
    cuts = [0, *((start + end) // 2 for start, end in found), line.shape[1]]
    for start, end in sorted(found, key=lambda gap: gap[1] - gap[0]):
        at = cuts.index((start + end) // 2)
        if cuts[at + 1] - cuts[at - 1] <= longest:
            del cuts[at]
    if most:
        cuts = [
            0,
            *(cut for start, end in zip(cuts[:-1], cuts[1:], strict=True) for cut in _forced(line, start, end, most)),
        ]
    return list(zip(cuts[:-1], cuts[1:], strict=True))


def _forced(line, start, end, most):
    """Cuts after ``start``, the last of them ``end``, at most ``most`` columns apart."""
    while end - start > most:
        first = start + most // 2
        part = line[:, first : start + most]
        contrast = (part.max(axis=0) - part.min(axis=0)).astype(np.float32)[None]
        start = first + int(cv2.blur(contrast, (GAP_COLUMNS, 1))[0].argmin())
        yield start
    yield end
