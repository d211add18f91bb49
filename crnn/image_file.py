"""Decode image files within stated limits, as people see them: turned as they say, in 8 bits.

OpenCV decodes. What it leaves out is done here: the rotation of images with an alpha channel and of AVIF, grey of 9 to
16 bits, the alpha channel of grey TIFF files.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from crnn import tiff
from crnn.files import read_at_most, require_regular_file
from crnn.geometry import HEIGHT, MAX_COLUMNS
from crnn.image_header import EXIF_ORIENTATION, Header, read_header

MAX_BYTES = 2**28  # of an image file
MAX_PIXELS = 2**26
MAX_STRAY = 16  # pixels, and at most a 10,000th of all, that are left out at each end of a range of more than 8 bits
MIN_RANGE = 256  # of 65,536 levels; what differs less is noise

_TOO_LARGE = f"larger than {MAX_BYTES} bytes, the limit for an image file; scale it down"

Notify = Callable[[str], None]


class ImageError(ValueError):
    """An image cannot be read; the message names the file and the reason."""


def load(path: str | Path) -> np.ndarray:
    """Read the bytes of an image file: (bytes,) uint8.

    Raises:
        ImageError: no such file, no regular file, or one larger than ``MAX_BYTES``.
    """
    try:
        require_regular_file(path)
        if os.path.getsize(path) > MAX_BYTES:
            raise ValueError(_TOO_LARGE)
        return np.frombuffer(read_at_most(path, MAX_BYTES + 1), np.uint8)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name too
        raise ImageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def decode(data: np.ndarray, name: str, notify: Notify | None = None) -> np.ndarray:
    """Decode the bytes of an image file.

    Args:
        data: (bytes,) uint8, of any format that OpenCV reads.
        name: of the image in messages.
        notify: takes a line if there are pages or frames after the first, which is decoded.

    Returns:
        (height, width) or (height, width, 2 to 4) uint8: grey, grey and alpha, BGR, or BGR and alpha.

    Raises:
        ImageError: not an image, damaged, or beyond the limits.
    """
    if data.size == 0:
        raise ImageError(f"{name}: the file is empty")
    if data.size > MAX_BYTES:
        raise ImageError(f"{name}: {_TOO_LARGE}")
    try:
        header = read_header(data.data)
    except ValueError as error:
        raise ImageError(f"{name}: {error}") from None
    if header is None:
        raise ImageError(f"{name}: not a picture that OpenCV can read; save it as PNG or JPEG")
    require_size((header.height, header.width), name)
    try:
        pixels = _decode(data, header)
        if pixels is None:
            reason = f"a {header.format} file that is damaged, or of a rare kind"
            raise ImageError(f"{name}: not a picture that OpenCV can read: {reason}")
        require_size(pixels.shape, name)
        pixels = to_8_bits(pixels)
    except (cv2.error, MemoryError) as error:
        reason = getattr(error, "err", "") or "there is not enough memory"
        raise ImageError(f"{name}: OpenCV cannot read it ({reason})") from None
    if notify and header.has_more:
        notify(f"{name}: has more than one page or frame; the first is read")
    return pixels


def require_size(shape: tuple[int, ...], name: str) -> None:
    """Raise ImageError if an image (height, width, ...) has too many pixels, or is too long for a line."""
    height, width = shape[:2]
    longest = MAX_COLUMNS // HEIGHT
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name}: has {width} x {height} pixels, the limit is {MAX_PIXELS}: scale it down")
    if max(width, height) > longest * min(width, height):
        raise ImageError(f"{name}: has {width} x {height} pixels, more than {longest} times as long as high: cut it up")


def to_8_bits(pixels: np.ndarray) -> np.ndarray:
    """Bring an image to 8 bits.

    What has more bits, or is no whole number, is spread from its smallest to its largest value: cameras and scanners
    use 9 to 16 bits. Images of 16 bits that use a quarter of their range or more lose their lower bits alone.

    Args:
        pixels: (height, width) or (height, width, channels); of 2 or 4 channels the last is alpha.

    Returns:
        uint8 of the same shape.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        color, alpha = pixels[..., :-1], pixels[..., -1]
        full = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
        return np.dstack([to_8_bits(np.ascontiguousarray(color)), _spread(alpha, 0.0, full)])
    if pixels.dtype != np.uint16:
        finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        return _spread(pixels, low, high if high > low else low + 1)
    counts = cv2.calcHist([pixels.reshape(-1, 1)], [0], None, [2**16], [0, 2**16]).ravel().cumsum(dtype=np.float64)
    stray = min(MAX_STRAY, pixels.size // 10_000)
    low, high = np.searchsorted(counts, (stray, pixels.size - 1 - stray), side="right").tolist()
    if high - low < MIN_RANGE or high - low >= 2**14:
        return (pixels >> 8).astype(np.uint8)
    return np.rint((np.arange(2**16) - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)[pixels]


def _spread(values, low, high):
    """Map the values from ``low`` to ``high`` to 0 to 255, those beyond to the ends, row by row to save memory."""
    spread = np.empty(values.shape, np.uint8)
    for row, source in zip(spread, values, strict=True):
        with np.errstate(all="ignore"):  # NaN of the signalling kind warns when it is converted
            scaled = (source.astype(np.float64) - low) * (255 / (high - low))
        row[:] = np.rint(np.nan_to_num(scaled, nan=0.0, posinf=255, neginf=0).clip(0, 255))
    return spread


def _decode(data: np.ndarray, header: Header) -> np.ndarray | None:
    if header.format == "TIFF":  # OpenCV turns it
        directory = tiff.directory(data.data)
        if _is_grey_alpha(data, directory):
            return _decode_grey_alpha(data, directory, header.orientation)
        return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    return None if pixels is None else turn(pixels, header.orientation)


def turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image as EXIF says."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


_WIDTH, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _PREDICTOR, _TILE_WIDTH, _EXTRA_SAMPLES, _SAMPLE_FORMAT = (
    256, 258, 262, 277, 284, 317, 322, 338, 339,
)  # fmt: skip
_PRIVATE_TAG = 65_000  # that no program looks at


def _is_grey_alpha(data: np.ndarray, directory: tiff.Directory) -> bool:
    """Tell whether a TIFF file has grey, black zero, and alpha side by side, in whole numbers."""
    wanted = {_SAMPLES: 2, _PHOTOMETRIC: 1, _PLANES: 1, _SAMPLE_FORMAT: 1}
    is_tiled = _TILE_WIDTH in directory.places
    return all(directory.value(data.data, tag, 1) == value for tag, value in wanted.items()) and not (
        is_tiled and directory.value(data.data, _PREDICTOR, 1) != 1
    )


def _decode_grey_alpha(data: np.ndarray, directory: tiff.Directory, orientation: int) -> np.ndarray | None:
    """Decode a TIFF file of grey and alpha, of which OpenCV drops the alpha channel.

    To OpenCV it is shown as an image of twice the width without alpha, which has the same bytes.
    """
    view = data.data
    width, predictor = directory.value(view, _WIDTH, 0), directory.value(view, _PREDICTOR, 1)
    changed = {_WIDTH: 2 * width, _TILE_WIDTH: 2 * directory.value(view, _TILE_WIDTH, 0), _SAMPLES: 1}
    changed |= {tag: directory.value(view, tag, 1) for tag in (_BITS, _SAMPLE_FORMAT)}  # one value instead of two
    changed |= {_PREDICTOR: 1, EXIF_ORIENTATION: 1, _EXTRA_SAMPLES: 0}
    patched = bytearray(data)
    is_big = struct.unpack_from(directory.order + "H", view, 2)[0] == 43
    for tag in changed.keys() & directory.places.keys():
        number = _PRIVATE_TAG if tag == _EXTRA_SAMPLES else tag
        entry = (number, 16, 1, changed[tag]) if is_big else (number, 4, 1, changed[tag])
        struct.pack_into(directory.order + ("HHQQ" if is_big else "HHII"), patched, directory.places[tag][2], *entry)
    pixels = cv2.imdecode(np.frombuffer(patched, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 2 or pixels.shape[1] != 2 * width:
        return None
    pixels = pixels.reshape(len(pixels), width, 2)
    if predictor == 2:  # each value is stored as its difference to the one on its left
        pixels = np.add.accumulate(pixels, axis=1, dtype=pixels.dtype)
    return turn(pixels, orientation)
