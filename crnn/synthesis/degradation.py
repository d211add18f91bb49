"""What happens to a line on its way to an image file: light, paper, optics, sensor, compression.

Functions take and return a grey image (height, width) float32, 0..255, unless they say otherwise.
Lengths are in pixels of that image. ``rng`` is the source of all randomness.
"""

from statistics import NormalDist

import cv2
import numpy as np

# Normal random numbers cost more than all else: noise is cut out of one field that is drawn once.
_NOISE = np.random.default_rng(0).standard_normal((700, 4096)).astype(np.float32)

Rng = np.random.Generator


def noise_field(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """Return standard normal noise of a shape; beyond 700 x 4096 it repeats itself."""
    height, width = shape
    y, x = (rng.integers(max(0, have - size) + 1) for have, size in zip(_NOISE.shape, shape, strict=True))
    noise = _NOISE[y : y + height, x : x + width]
    missing = [(0, size - have) for size, have in zip(shape, noise.shape, strict=True)]
    return np.pad(noise, missing, mode="wrap") if noise.shape != tuple(shape) else noise


def gradient(rng: Rng, shape: tuple[int, int], strength: float) -> np.ndarray:
    """Return a ramp in a random direction, from -strength/2 to strength/2."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.cos(angle)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.sin(angle)
    return strength * (across[None] + down[:, None])


def smooth_noise(rng: Rng, shape: tuple[int, int], strength: float, cell: float) -> np.ndarray:
    """Return smooth noise with spots of about ``cell`` pixels: uneven light, stained paper."""
    height, width = shape
    coarse = noise_field(rng, (max(2, round(height / cell)), max(2, round(width / cell))))
    return strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def shadow(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """Return the share of light that a sharp or soft shadow over a part of the image leaves: (height, width)."""
    height, width = shape
    slant = rng.uniform(-1, 1)
    across = np.arange(width, dtype=np.float32)[None] + slant * np.arange(height, dtype=np.float32)[:, None]
    start = rng.uniform(-0.3, 0.9) * width
    soft = height * rng.uniform(0.02, 0.6)
    inside = np.clip((across - start) / soft, 0, 1) * np.clip(
        (start + rng.uniform(0.1, 0.9) * width - across) / soft, 0, 1
    )
    return 1 - rng.uniform(0.2, 0.7) * inside


def moire(rng: Rng, shape: tuple[int, int], strength: float) -> np.ndarray:
    """Return the stripes that the pixels of a screen and of a camera make together, from -strength to strength."""
    height, width = shape
    columns, rows = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    angle, period = rng.uniform(0, np.pi), height * rng.uniform(0.08, 0.6)
    turns = (columns * np.cos(angle) + rows * np.sin(angle)) / period
    bent = smooth_noise(rng, shape, rng.uniform(0, 0.4), cell=2 * height)  # in turns: lenses are not flat
    return strength * np.sin(2 * np.pi * (turns + bent))


def add_noise(rng: Rng, image: np.ndarray, strength: float) -> np.ndarray:
    """Add normal noise of a standard deviation of ``strength`` greys."""
    return image + strength * noise_field(rng, image.shape)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def motion_blur(rng: Rng, image: np.ndarray, length: float) -> np.ndarray:
    """Smear in a random direction over ``length`` pixels."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    angle, middle = rng.uniform(0, np.pi), size // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (middle - reach).round().astype(int), (middle + reach).round().astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def resample(rng: Rng, image: np.ndarray, factor: float) -> np.ndarray:
    """Shrink to ``factor`` of the size and enlarge again, which loses detail."""
    height, width = image.shape
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    methods = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
    down = cv2.resize(image, small, interpolation=methods[rng.choice(4, p=(0.5, 0.3, 0.15, 0.05))])
    return cv2.resize(down, (width, height), interpolation=methods[rng.choice((1, 2))])


def sharpen(image: np.ndarray, sigma: float, amount: float) -> np.ndarray:
    """Sharpen with an unsharp mask, which leaves the halo of cameras and scanners."""
    return image + amount * (image - blur(image, sigma))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress and decompress; uint8 in and out."""
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(quality)))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def recompress(rng: Rng, image: np.ndarray, min_factor: float) -> np.ndarray:
    """Compress, shrink, compress again and enlarge: an image that was saved more than once; uint8 in and out.

    Args:
        rng: decides sizes and qualities.
        image: (height, width) uint8.
        min_factor: how far it is shrunk at most.
    """
    height, width = image.shape
    if rng.random() < 0.5:
        image = jpeg(image, int(rng.integers(30, 90)))
    factor = rng.uniform(min(1, min_factor), 1)
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    methods = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST)
    image = cv2.resize(image, small, interpolation=methods[rng.choice(3, p=(0.6, 0.3, 0.1))])
    image = jpeg(image, int(rng.integers(25, 85)))
    return cv2.resize(image, (width, height), interpolation=methods[rng.choice(3, p=(0.1, 0.8, 0.1))])


def salt_and_pepper(rng: Rng, image: np.ndarray, share: float) -> np.ndarray:
    """Set about a ``share`` of the pixels to the lightest or darkest grey of the image."""
    noise = noise_field(rng, image.shape)
    return _set_extremes(image, noise, 3.0 - 0.7 * min(1.0, share / 0.02))


def specks(rng: Rng, image: np.ndarray, share: float, size: float) -> np.ndarray:
    """Set a ``share`` of the squares of ``size`` pixels to the lightest or darkest grey of the image: dust, fax."""
    height, width = image.shape
    noise = noise_field(rng, (max(1, round(height / size)), max(1, round(width / size))))
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_NEAREST)
    return _set_extremes(image, noise, NormalDist().inv_cdf(1 - share / 2))


def _set_extremes(image, noise, threshold):
    """Set the lightest grey where normal noise is above ``threshold``, the darkest where it is below -threshold."""
    return np.where(noise > threshold, image.max(), np.where(noise < -threshold, image.min(), image))


def binarise(rng: Rng, image: np.ndarray, height: int) -> np.ndarray:
    """Leave black and white only, as a fax: sampled at ``height`` rows, cut near Otsu's threshold."""
    shape = image.shape[::-1]
    small = cv2.resize(image, (max(1, round(shape[0] * height / shape[1])), height), interpolation=cv2.INTER_AREA)
    small = cv2.convertScaleAbs(np.maximum(small, 0))
    middle, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    black = small < middle + rng.uniform(-0.15, 0.15) * np.ptp(small)
    return cv2.resize(np.where(black, np.float32(0), np.float32(255)), shape, interpolation=cv2.INTER_LINEAR)


def tilt_matrix(rng: Rng, shape: tuple[int, int], rotation: float, shear: float, perspective: float) -> np.ndarray:
    """Return the 3 x 3 matrix that turns, shears and distorts an image about its middle.

    Args:
        rng: decides the corners.
        shape: of the image.
        rotation: degrees.
        shear: tangent.
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
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = corners + (rng.uniform(-1, 1, (4, 2)) * perspective * height).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(corners, moved) @ matrix
    return matrix


def elastic_map(rng: Rng, shape: tuple[int, int], reach: float, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where each pixel comes from when an image is stretched here and squeezed there.

    Args:
        rng: decides the moves.
        shape: of the image.
        reach: standard deviation of the moves.
        cell: over how many pixels they change.

    Returns:
        Columns and rows, (height, width) float32 each, for ``cv2.remap``.
    """
    height, width = shape
    columns = np.arange(width, dtype=np.float32) + smooth_noise(rng, shape, reach, cell)
    rows = np.arange(height, dtype=np.float32)[:, None] + smooth_noise(rng, shape, reach, cell)
    return columns, rows


def warp(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a matrix of ``tilt_matrix``; the edge is repeated outside of the image."""
    height, width = image.shape
    return cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def move_columns(matrix: np.ndarray, x: np.ndarray, y: float) -> np.ndarray:
    """Return the new x of the points (x, y) under ``matrix``."""
    points = matrix @ np.stack([x, np.broadcast_to(y, x.shape), np.ones_like(x)])
    return points[0] / points[2]
