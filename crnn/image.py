"""From a picture file to pieces that the network reads: grey, level, 32 high, split at gaps, colour added.

Training, synthesis and reading all prepare pictures here.
"""

from pathlib import Path

import cv2
import numpy as np

from crnn.geometry import HEIGHT

RIGHT_PADDING = 32  # colour adding: columns put on the right of each piece
GAP_COLUMNS = 5  # a gap is a run of more than so many columns of background
MIN_CONTRAST = 40  # greys between ink and ground, below which colours are looked at
MAX_MARGIN = 0.5  # rows above and below the ink, of its height: so it fills at least half of the picture
MIN_RISE = 1 / 16  # of a line from end to end, of its height; less does not hurt
MAX_RISE = 5 / 8
MIN_IMPROVEMENT = 1.05  # how much more the rows of a levelled line must differ to believe that it was not level
_MAX_SHEARED = 2**15  # columns that OpenCV can shear; a line as long rises slowly anyway
_SEGMENTS = 24  # of a line, whose rows are compared to see whether it rises


class ImageError(ValueError):
    """A picture cannot be read; the message names the file and the reason."""


def read_grayscale(path):
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
            return flatten_alpha(with_alpha)
        colour = cv2.imdecode(data, cv2.IMREAD_COLOR)  # turned as its EXIF tag says, unlike the above
    except cv2.error as error:
        raise ImageError(f"{path}: OpenCV cannot read it ({error.err})") from None
    if colour is None:
        raise ImageError(f"{path}: not a picture that OpenCV can read")
    return to_grey(colour)


def to_grey(colour):
    """The luminance of a picture; of one whose ink and ground are as bright as each other, what tells them apart.

    That is the colours' first principal component: red on a green as dark, for instance, is nothing in grey.

    Args:
        colour: (height, width, 3) uint8, blue, green, red.

    Returns:
        (height, width) uint8.
    """
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    if _contrast(grey) >= MIN_CONTRAST:
        return grey
    pixels = colour.reshape(-1, 3)
    some = pixels[:: max(1, len(pixels) // 10_000)].astype(np.float32)
    _, axes = cv2.PCACompute(some, mean=None, maxComponents=1)
    component = (pixels - some.mean(axis=0)) @ axes[0]
    component = np.rint(np.clip(128 + component, 0, 255)).astype(np.uint8).reshape(grey.shape)
    return component if _contrast(component) > 2 * _contrast(grey) else grey


def _contrast(grey):
    """Between the darkest and the brightest of its pixels, but for the most extreme 1 %."""
    darkest, brightest = _quantiles(grey, (0.005, 0.995))
    return int(brightest - darkest)


def _quantiles(values, shares):
    """The smallest values that at least these shares of ``values`` (uint8) do not exceed: (shares,)."""
    counts = cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().cumsum()
    return np.searchsorted(counts, np.multiply(shares, counts[-1]))


def flatten_alpha(bgra):
    """Lay a picture with alpha (height, width, 4) on white, or on black under light ink: grey uint8."""
    scale = 255 / np.iinfo(bgra.dtype).max
    bgra = bgra.astype(np.float32) * scale
    grey = cv2.cvtColor(bgra[..., :3], cv2.COLOR_BGR2GRAY)
    alpha = bgra[..., 3] / 255
    ink = float((grey * alpha).sum() / max(alpha.sum(), 1e-6))
    ground = 255 if ink < 128 or alpha.min() > 0.99 else 0
    return np.rint(grey * alpha + ground * (1 - alpha)).astype(np.uint8)


def normalize_line(grey):
    """A picture of a line as the network knows lines: level, without loose margins above and below, 32 pixels high.

    Its columns stay what they were, but for their scale.

    Args:
        grey: (height, width) uint8, not empty.

    Returns:
        (32, width) uint8, as wide as the ratio of what is left of the picture makes it.
    """
    return resize_to_height(trim_margins(deskew(grey)))


def _edges(grey, rows):
    """How much neighbouring columns differ, what is faint left out: (at most ``rows``, width) float32."""
    height, width = grey.shape
    if height > rows:
        grey = cv2.resize(grey, (max(1, round(width * rows / height)), rows), interpolation=cv2.INTER_AREA)
    if grey.shape[1] < 2:
        return np.zeros(grey.shape, np.float32)
    edges = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    strong = int(_quantiles(edges, (0.995,))[0])
    edges[edges <= max(4, 0.3 * strong)] = 0
    return np.minimum(edges, max(strong, 1)).astype(np.float32)


def trim_margins(grey):
    """Take from a picture of a line parts of lines above and below, and more margin than its ink's height allows.

    What is left has the same columns. Of other lines, only what the edge of the picture has cut off and a gap keeps
    apart is taken. Noise as strong as the ink counts as ink: then nothing is taken.
    """
    height = len(grey)
    energy = _edges(grey, 2 * HEIGHT).mean(axis=1)
    if not energy.any():
        return grey
    blocks = _true_runs(energy > 0.03 * energy.max())
    main = max(blocks, key=lambda block: energy[block[0] : block[1]].sum())

    def is_other(block):
        """Whether it is as much ink as letters have, not some dots, and no more of it."""
        strong = energy[block[0] : block[1]].max() > 0.1 * energy[main[0] : main[1]].max()
        return strong and block[1] - block[0] <= main[1] - main[0] and block != main

    first, last = 0, len(energy)
    if blocks[0][0] == 0 and is_other(blocks[0]):
        first = (blocks[0][1] + blocks[1][0]) // 2
    if blocks[-1][1] == len(energy) and is_other(blocks[-1]):
        last = (blocks[-2][1] + blocks[-1][0] + 1) // 2
    inked = first + np.flatnonzero(energy[first:last] > 0.06 * energy[first:last].max())
    margin = MAX_MARGIN * (inked[-1] + 1 - inked[0])
    scale = height / len(energy)
    top = int(max(first, inked[0] - margin) * scale)
    bottom = int(np.ceil(min(last, inked[-1] + 1 + margin) * scale))
    return grey[top:bottom] if bottom - top < 0.97 * height else grey


def count_lines(grey):
    """How many lines a picture seems to show: rows of ink with empty rows between, about as high as the highest.

    Characters have an edge or more in every stretch of a row as long as they are high; strokes of one line that
    nothing joins, as of 三, do not, and do not count.
    """
    edges = _edges(grey, 8 * HEIGHT)
    density = edges.mean(axis=1) / max(1, edges.max())  # edges a column
    heights = [
        end - start
        for start, end in _true_runs(density > 0.03 * density.max())
        if density[start:end].max() * (end - start) > 1
    ]
    return max(1, sum(height >= 0.6 * max(heights) for height in heights))


def _true_runs(flags):
    """Where flags are set: [first, last + 1] of each run."""
    steps = np.diff(np.concatenate(([0], flags, [0])).astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def deskew(grey):
    """Shear a line that rises or falls from end to end, as one photographed aslant, so that it does not.

    The rows of a level line differ the most: some are full of ink, others empty. (Postl: Detection of linear
    oblique structures and skew scan in digitized documents, ICPR 1986.)
    """
    height, width = grey.shape
    if width < 3 * height or width >= _MAX_SHEARED:
        return grey
    edges = _edges(grey, HEIGHT)
    rows, columns = edges.shape
    segments = min(_SEGMENTS, max(6, columns // _SEGMENTS))
    profiles = cv2.resize(edges, (segments, rows), interpolation=cv2.INTER_AREA)
    room = int(MAX_RISE * rows)
    profiles = cv2.copyMakeBorder(profiles, room, room, 0, 0, cv2.BORDER_CONSTANT, value=0)

    def contrast_of_rows(rise):
        """How much rows differ, were the line sheared by ``rise`` of them from end to end."""
        level_rows = cv2.warpAffine(profiles, _shear(rise, segments), profiles.shape[::-1], flags=cv2.INTER_LINEAR)
        return float((cv2.reduce(level_rows, 1, cv2.REDUCE_SUM) ** 2).sum())

    rise = max(range(-room, room + 1, 2), key=contrast_of_rows)
    rise = max(np.arange(rise - 1.5, rise + 2, 0.5), key=contrast_of_rows)
    if abs(rise) < MIN_RISE * rows or contrast_of_rows(rise) < MIN_IMPROVEMENT * contrast_of_rows(0):
        return grey
    shear = _shear(rise * height / rows, width)
    return cv2.warpAffine(grey, shear, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _shear(rise, width):
    """The map that moves the columns of a picture vertically, so that what falls ``rise`` rows does not: (2, 3)."""
    slope = rise / width
    return np.float32([[1, 0, 0], [-slope, 1, slope * (width - 1) / 2]])


def resize_to_height(grey):
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


def pad_right(line, columns=RIGHT_PADDING):
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


def find_gaps(line, more_than=GAP_COLUMNS):
    """The gaps between the words of a line: runs of more than 5 columns of nothing but background.

    The line and its inverse are binarised (Gaussian blur 3 x 3, Otsu's threshold), so that it does
    not matter which of ink and ground is the darker. Runs that touch the left or right edge are
    margins and no gaps.

    Args:
        line: (32, width) uint8. more_than: columns; 0 for the gaps between letters too.

    Returns:
        List of (first column, last column + 1), from left to right.
    """
    found = []
    for picture in (line, 255 - line):
        smooth = cv2.GaussianBlur(picture, (3, 3), 0)
        _, binary = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        found += [
            (start, end)
            for start, end in _true_runs(~binary.any(axis=0))
            if end - start > more_than and start > 0 and end < line.shape[1]
        ]
    return sorted(found)


def split_at_gaps(line, found=None, longest=0, most=None):
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
    found = find_gaps(line) if found is None else found
    cuts = [0, *((start + end) // 2 for start, end in found), line.shape[1]]
    for start, end in sorted(found, key=lambda gap: gap[1] - gap[0]):
        at = cuts.index((start + end) // 2)
        if cuts[at + 1] - cuts[at - 1] <= longest:
            del cuts[at]
    if most:
        cuts = [
            0,
            *(
                cut
                for start, end in zip(cuts[:-1], cuts[1:], strict=True)
                for cut in _cuts_without_gap(line, start, end, most)
            ),
        ]
    return list(zip(cuts[:-1], cuts[1:], strict=True))


def _cuts_without_gap(line, start, end, most):
    """Cuts after ``start``, the last of them ``end``, at most ``most`` columns apart."""
    while end - start > most:
        first = start + most // 2
        part = line[:, first : start + most]
        contrast = (part.max(axis=0) - part.min(axis=0)).astype(np.float32)[None]
        start = first + int(cv2.blur(contrast, (GAP_COLUMNS, 1))[0].argmin())
        yield start
    yield end
