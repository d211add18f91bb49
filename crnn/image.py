"""From files to grey images: find them, read them, lay transparent ones on a background.

It knows nothing of lines: ``normalization`` brings what is read here to the form that the network reads.
"""

import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from crnn import image_file
from crnn.image_file import ImageError as ImageError
from crnn.image_file import Notify
from crnn.image_header import SIGNATURE_BYTES, format_of

SUFFIXES = frozenset(".bmp .gif .jpeg .jpg .png .tif .tiff .webp .avif .jp2 .pbm .pgm .ppm".split())
MIN_CONTRAST = 40  # grey levels between text and background; with less, the colours are looked at


def find_images(
    paths: Iterable[str | Path], recursive: bool = False, suffixes: Container[str] = SUFFIXES
) -> tuple[list[Path], list[str]]:
    """Collect files as they are named, and the images of folders in the order of their names.

    Args:
        paths: files and folders. A file counts whatever it is; a file in a folder if it begins as an image does, or has
            one of ``suffixes``, so that a damaged one is named too.
        recursive: look into the folders within these too.
        suffixes: in lower case.

    Returns:
        The files, and a message for each folder that holds no image or cannot be read.
    """
    found: list[Path] = []
    problems: list[str] = []
    for path in map(Path, paths):
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside: list[Path] = []
        unreadable: list[str] = []
        waiting = [path]
        for folder in waiting:  # which grows
            try:
                entries = [Path(entry) for entry in os.scandir(folder)]
            except OSError as error:
                unreadable.append(f"{folder}: {error.strerror}")
                continue
            inside += [entry for entry in entries if _is_image(entry, suffixes)]
            waiting += [entry for entry in entries if recursive and os.path.isdir(entry) and not entry.is_symlink()]
        found += sorted(inside)
        problems += unreadable if inside or unreadable else [f"{path}: no picture in this folder"]
    return found, problems


def _is_image(path: Path, suffixes: Container[str]) -> bool:
    """Tell whether a file in a folder begins as an image or has one of the suffixes."""
    if not os.path.isfile(path):  # a FIFO would never end
        return False
    if path.suffix.lower() in suffixes:
        return True
    try:
        with path.open("rb") as file:
            return bool(format_of(file.read(SIGNATURE_BYTES)))
    except OSError:
        return False


def read_grayscale(path: str | Path, notify: Notify | None = None) -> np.ndarray:
    """Read an image file as grey values.

    Args:
        path: of any format that OpenCV reads.
        notify: takes a line if the file has more images than the one that is read.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: no such file, not an image, damaged, or beyond the limits of ``image_file``.
    """
    return decode_grayscale(image_file.load(path), str(path), notify)


def decode_grayscale(data: np.ndarray, name: str, notify: Notify | None = None) -> np.ndarray:
    """Decode the bytes of an image file to grey values.

    Transparent images are laid on white, or on black if what is drawn on them is light.

    Args:
        data: (bytes,) uint8, of any format that OpenCV reads.
        name: of the image in messages.
        notify: as of ``read_grayscale``.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: not an image, damaged, or beyond the limits of ``image_file``.
    """
    pixels = image_file.decode(data, name, notify)
    try:
        return any_to_grayscale(pixels)
    except (cv2.error, MemoryError):
        raise ImageError(f"{name}: there is not enough memory to read it") from None


def any_to_grayscale(pixels: np.ndarray) -> np.ndarray:
    """Reduce an image of one to four channels to grey values.

    Args:
        pixels: (height, width) or (height, width, 1 to 4) uint8: grey, grey and alpha, BGR, or BGR and alpha.

    Returns:
        (height, width) uint8.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels == 1:
        return pixels.reshape(pixels.shape[:2])
    return to_grayscale(pixels) if channels == 3 else flatten_alpha(pixels)


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
    offset = 128 - sample.mean(axis=0) @ axes[0]
    component = cv2.transform(color, np.append(axes[0], offset)[None])  # rounds, and stays within 0 to 255
    return component if _contrast(component) > 2 * _contrast(grey) else grey


def flatten_alpha(pixels: np.ndarray) -> np.ndarray:
    """Lay a transparent image on white, or on black if its text is light.

    Args:
        pixels: (height, width, 2 or 4) uint8: grey and alpha, or blue, green, red and alpha.

    Returns:
        (height, width) uint8, grey.
    """
    alpha = pixels[..., -1]
    grey = pixels[..., 0] if pixels.shape[2] == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY)
    weighted = grey.astype(np.uint16) * alpha
    foreground = weighted.sum(dtype=np.int64) / max(1, alpha.sum(dtype=np.int64))
    if foreground < 128 or alpha.min() > 252:
        weighted += 255 * (255 - alpha.astype(np.uint16))
    return ((weighted + 127) // 255).astype(np.uint8)


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
