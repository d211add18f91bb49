"""What becomes of a line on its way to a picture file: light, paper, optics, sensor, compression.

Every function takes and gives a grey picture (height, width) float32, 0..255, unless it says
otherwise. Lengths are in pixels of the picture at hand.
"""

from statistics import NormalDist

import cv2
import numpy as np

# Random numbers cost more than all else: noise is cut out of one field, drawn once.
_NOISE = np.random.default_rng(0).standard_normal((700, 4096)).astype(np.float32)


def noise_field(rng, shape):
    """(height, width) of standard normal noise, at most 600 x 4000."""
    height, width = shape
    y, x = rng.integers(_NOISE.shape[0] - height + 1), rng.integers(_NOISE.shape[1] - width + 1)
    return _NOISE[y : y + height, x : x + width]


def gradient(rng, shape, strength):
    """A ramp over the picture in a random direction, from -strength/2 to strength/2."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.cos(angle)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.sin(angle)
    return strength * (across[None] + down[:, None])


def clouds(rng, shape, strength, cell):
    """Uneven light or stained paper: smooth noise with spots of about ``cell`` pixels."""
    height, width = shape
    coarse = noise_field(rng, (max(2, round(height / cell)), max(2, round(width / cell))))
    return strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def shadow(rng, shape):
    """What the shadow of something, sharp or soft, leaves of the light: factors (height, width), 1 and less."""
    height, width = shape
    slant = rng.uniform(-1, 1)
    across = np.arange(width, dtype=np.float32)[None] + slant * np.arange(height, dtype=np.float32)[:, None]
    start = rng.uniform(-0.3, 0.9) * width
    soft = height * rng.uniform(0.02, 0.6)
    inside = np.clip((across - start) / soft, 0, 1) * np.clip(
        (start + rng.uniform(0.1, 0.9) * width - across) / soft, 0, 1
    )
    return 1 - rng.uniform(0.2, 0.7) * inside


def moire(rng, shape, strength):
    """Stripes that the pixels of a screen and those of a camera make together, from -strength to strength."""
    height, width = shape
    columns, rows = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    angle, period = rng.uniform(0, np.pi), height * rng.uniform(0.08, 0.6)
    turns = (columns * np.cos(angle) + rows * np.sin(angle)) / period
    bent = clouds(rng, shape, rng.uniform(0, 0.4), cell=2 * height)  # in turns: lenses are not flat
    return strength * np.sin(2 * np.pi * (turns + bent))


def grain(rng, picture, strength):
    return picture + strength * noise_field(rng, picture.shape)


def blur(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def motion_blur(rng, picture, length):
    """Smear along a random direction over ``length`` pixels."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    angle, middle = rng.uniform(0, np.pi), size // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (middle - reach).round().astype(int), (middle + reach).round().astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def shrink_and_grow(rng, picture, factor):
    """To ``factor`` of its size and back: detail that the sampling lost."""
    height, width = picture.shape
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    ways = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
    down = cv2.resize(picture, small, interpolation=ways[rng.choice(4, p=(0.5, 0.3, 0.15, 0.05))])
    return cv2.resize(down, (width, height), interpolation=ways[rng.choice((1, 2))])


def sharpen(picture, sigma, amount):
    """Unsharp masking: the halo that cameras and scanners add."""
    return picture + amount * (picture - blur(picture, sigma))


def jpeg(picture, quality):
    """Compress and decompress; uint8 in and out."""
    _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, int(quality)))
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def salt_and_pepper(rng, picture, share):
    """Set about a ``share`` of the pixels to the lightest or darkest grey of the picture."""
    lot = noise_field(rng, picture.shape)
    return _with_extremes(picture, lot, 3.0 - 0.7 * min(1.0, share / 0.02))


def specks(rng, picture, share, size):
    """Set a ``share`` of its squares of ``size`` pixels to the lightest or darkest grey of the picture: dust, fax."""
    height, width = picture.shape
    lot = noise_field(rng, (max(1, round(height / size)), max(1, round(width / size))))
    lot = cv2.resize(lot, (width, height), interpolation=cv2.INTER_NEAREST)
    return _with_extremes(picture, lot, NormalDist().inv_cdf(1 - share / 2))


def _with_extremes(picture, lot, edge):
    """Its lightest grey where a normally distributed ``lot`` is above ``edge``, its darkest where it is below -edge."""
    return np.where(lot > edge, picture.max(), np.where(lot < -edge, picture.min(), picture))


def binarised(rng, picture, height):
    """Black and white alone, as a fax or a scan of few bytes: sampled at ``height`` rows, cut near Otsu's threshold."""
    shape = picture.shape[::-1]
    small = cv2.resize(picture, (max(1, round(shape[0] * height / shape[1])), height), interpolation=cv2.INTER_AREA)
    small = cv2.convertScaleAbs(np.maximum(small, 0))
    middle, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    black = small < middle + rng.uniform(-0.15, 0.15) * np.ptp(small)
    return cv2.resize(np.where(black, np.float32(0), np.float32(255)), shape, interpolation=cv2.INTER_LINEAR)


def tilt(rng, shape, rotation, shear, perspective):
    """A 3 x 3 matrix that turns (degrees), shears and distorts a picture about its middle.

    Args:
        perspective: how far the corners move, as a share of the height.
    """
    height, width = shape
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    back = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    slant = np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1]])
    matrix = back @ turn @ slant @ middle
    if perspective:
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        moved = corners + (rng.uniform(-1, 1, (4, 2)) * perspective * height).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(corners, moved) @ matrix
    return matrix


def ripples(rng, shape, reach, cell):
    """Where each pixel comes from when a picture is stretched here and squeezed there.

    Args:
        reach: standard deviation of the moves. cell: over how many pixels they change.

    Returns:
        Columns and rows, (height, width) float32 each, for ``cv2.remap``.
    """
    height, width = shape
    columns = np.arange(width, dtype=np.float32) + clouds(rng, shape, reach, cell)
    rows = np.arange(height, dtype=np.float32)[:, None] + clouds(rng, shape, reach, cell)
    return columns, rows


def warp(picture, matrix):
    """Apply a matrix of ``tilt``; what comes in from outside has the colour of the edge."""
    height, width = picture.shape
    return cv2.warpPerspective(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def moved(matrix, x, y):
    """Where the points (x, y) go under ``matrix``: their new x."""
    points = matrix @ np.stack([x, np.broadcast_to(y, x.shape), np.ones_like(x)])
    return points[0] / points[2]
