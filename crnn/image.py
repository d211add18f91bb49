"""From files to grey images: find them, read them, lay transparent ones on a background.

It knows nothing of lines: ``normalization`` brings what is read here to the form that the network reads.
"""

from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".pbm", ".pgm", ".ppm"}
MIN_CONTRAST = 40  # grey levels between text and background; with less, the colours are looked at


class ImageError(ValueError):
    """An image cannot be read; the message names the file and the reason."""


def find_images(
    paths: Iterable[str | Path], recursive: bool = False, suffixes: Container[str] = SUFFIXES
) -> tuple[list[Path], list[Path]]:
    """Collect files as they are named, and the images of folders in the order of their names.

    Args:
        paths: files and folders. A file counts whatever its suffix, a file in a folder if it has one of ``suffixes``.
        recursive: look into the folders within these too.
        suffixes: in lower case.

    Returns:
        The files, and the folders that hold no image.
    """
    found, empty = [], []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(
                p for p in path.glob("**/*" if recursive else "*") if p.suffix.lower() in suffixes and p.is_file()
            )
            found += inside
            empty += [] if inside else [path]
        else:
            found.append(path)
    return found, empty


def read_grayscale(path: str | Path) -> np.ndarray:
    """Read an image file as grey values.

    Args:
        path: of any format that OpenCV reads.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: no such file, not an image, or an empty one.
    """
    path = Path(path)
    try:
        data = np.fromfile(path, np.uint8)  # not imread: it cannot open every name on Windows
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from None
    return decode_grayscale(data, str(path))


def decode_grayscale(data: np.ndarray, name: str) -> np.ndarray:
    """Decode the bytes of an image file to grey values.

    Transparent images are laid on white, or on black if what is drawn on them is light.

    Args:
        data: (bytes,) uint8, of any format that OpenCV reads.
        name: of the image in error messages.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: not an image, or an empty one.
    """
    if data.size == 0:
        raise ImageError(f"{name}: the file is empty")
    try:
        with_alpha = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if with_alpha is not None and with_alpha.ndim == 3 and with_alpha.shape[2] == 4:
            return flatten_alpha(with_alpha)
        color = cv2.imdecode(data, cv2.IMREAD_COLOR)  # turned as its EXIF tag says, unlike the above
    except cv2.error as error:
        raise ImageError(f"{name}: OpenCV cannot read it ({error.err})") from None
    if color is None:
        raise ImageError(f"{name}: not a picture that OpenCV can read")
    return to_grayscale(color)


def to_grayscale(color: np.ndarray) -> np.ndarray:
    """Reduce an image to its luminance, or to its first principal component where the luminance shows nothing.

    Red on a green as bright, for instance, is nothing in luminance.

    Args:
        color: (height, width, 3) uint8, blue, green, red.

    Returns:
        (height, width) uint8.
    """
    grey = cv2.cvtColor(color, cv2.COLOR_BGR2GRAY)
    if _contrast(grey) >= MIN_CONTRAST:
        return grey
    pixels = color.reshape(-1, 3)
    sample = pixels[:: max(1, len(pixels) // 10_000)].astype(np.float32)
    _, axes = cv2.PCACompute(sample, mean=None, maxComponents=1)  # type: ignore[call-overload]
    component = (pixels - sample.mean(axis=0)) @ axes[0]
    component = np.rint(np.clip(128 + component, 0, 255)).astype(np.uint8).reshape(grey.shape)
    return component if _contrast(component) > 2 * _contrast(grey) else grey


def flatten_alpha(bgra: np.ndarray) -> np.ndarray:
    """Lay a transparent image on white, or on black if its text is light.

    Args:
        bgra: (height, width, 4), unsigned integers: blue, green, red, alpha.

    Returns:
        (height, width) uint8, grey.
    """
    scale = 255 / np.iinfo(bgra.dtype).max
    bgra = bgra.astype(np.float32) * scale
    grey = cv2.cvtColor(bgra[..., :3], cv2.COLOR_BGR2GRAY)
    alpha = bgra[..., 3] / 255
    foreground = float((grey * alpha).sum() / max(alpha.sum(), 1e-6))
    background = 255 if foreground < 128 or alpha.min() > 0.99 else 0
    return np.rint(grey * alpha + background * (1 - alpha)).astype(np.uint8)


def quantiles(values: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Find the smallest values that at least these shares of all values do not exceed.

    Args:
        values: uint8, any shape.
        shares: from 0 to 1.

    Returns:
        (shares,) int64.
    """
    counts = cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().cumsum()
    return np.searchsorted(counts, np.multiply(shares, counts[-1]))


def _contrast(grey: np.ndarray) -> int:
    """Return the difference between the darkest and the brightest pixels, the most extreme 1 % left out."""
    darkest, brightest = quantiles(grey, (0.005, 0.995))
    return int(brightest - darkest)
