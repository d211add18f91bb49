"""What can be read: paths, URLs, bytes, file objects, arrays and Pillow images, each brought to grey values."""

import os
from collections.abc import Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, Literal, Protocol, TypeGuard, get_args

import numpy as np

from crnn.image import ImageError, any_to_grayscale, decode_grayscale, read_grayscale
from crnn.image_file import MAX_BYTES, Notify, require_size, to_8_bits

MAX_URL_BYTES = 20_000_000  # of an image behind a URL
MAX_URL_SECONDS = 10.0  # that loading it may take
URL_SCHEMES = ("http://", "https://")
_EXIF_ORIENTATION = 0x0112

Channels = Literal["bgr", "rgb"]


class PillowImage(Protocol):
    """What is needed of ``PIL.Image.Image``; Pillow itself need not be installed."""

    @property
    def mode(self) -> str: ...

    def convert(self, mode: str) -> Any: ...

    def getexif(self) -> Any: ...


Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray | PillowImage


def is_single(source: Source | Iterable[Source]) -> TypeGuard[Source]:
    """Tell whether something is one image and no iterable of images."""
    single = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview | np.ndarray)
    return single or _is_pillow(source) or hasattr(source, "read")


def load_grayscale(source: Source, channels: Channels = "bgr", notify: Notify | None = None) -> np.ndarray:
    """Bring an image of any kind to grey values.

    Args:
        source: a path; a URL of http or https, of at most ``MAX_URL_BYTES`` bytes that come within ``MAX_URL_SECONDS``
            seconds; the bytes of an image file; a file object opened for reading bytes; an array of one of the types
            uint8, uint16 and bool, (height, width) grey, (height, width, 1) grey, (height, width, 3) in colours, or
            (height, width, 4) with an alpha channel last; an image of Pillow. It has at most the size that
            ``image_file`` allows.
        channels: order of the colours of an array: ``bgr`` as OpenCV has them, or ``rgb``.
        notify: takes a line if a file has more images than the one that is read.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: it cannot be read, or is no image; the message says which and why.
        TypeError: it is none of these kinds.
    """
    if isinstance(source, str) and source.lower().startswith(URL_SCHEMES):
        return decode_grayscale(_download(source), source, notify)
    if isinstance(source, str | os.PathLike):
        return read_grayscale(Path(source), notify)
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_grayscale(np.frombuffer(source, np.uint8), "bytes of an image", notify)
    if isinstance(source, np.ndarray):
        return _from_array(source, channels)
    if _is_pillow(source):
        return _from_pillow(source)
    if hasattr(source, "read"):
        return _from_file(source, notify)
    raise TypeError(
        f"{type(source).__name__}: an image is a path, a URL, bytes, a file object, an array or from Pillow"
    )


def reason_of(error: Exception, name: object) -> str:
    """Say for people why an image cannot be read.

    Args:
        error: what reading it raised.
        name: of the image.
    """
    reason = "there is not enough memory to read it" if isinstance(error, MemoryError) else repr(error)
    return str(error) if isinstance(error, ImageError) else f"{name}: cannot be read: {reason}"


def _from_file(file: Any, notify: Notify | None) -> np.ndarray:
    name = str(getattr(file, "name", "a file object"))
    data = file.read(MAX_BYTES + 1)
    if isinstance(data, str):
        raise ImageError(f"{name}: the file is opened as text; open it with mode 'rb'")
    return decode_grayscale(np.frombuffer(data, np.uint8), name, notify)


def _from_array(array: np.ndarray, channels: Channels) -> np.ndarray:
    if channels not in get_args(Channels):
        raise ValueError(f"channels={channels!r}: must be one of {', '.join(get_args(Channels))}")
    name = f"array of shape {array.shape} and type {array.dtype}"
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        array = to_8_bits(array)
    if array.dtype != np.uint8:
        raise ImageError(f"{name}: must have the type uint8, with values from 0 to 255")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.size == 0 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"{name}: must be (height, width), (height, width, 3) or (height, width, 4), and not empty")
    if array.ndim == 3 and channels == "rgb":
        array = np.concatenate([array[..., 2::-1], array[..., 3:]], axis=-1)
    require_size(array.shape, name)
    return any_to_grayscale(np.ascontiguousarray(array))


def _is_pillow(source: object) -> TypeGuard[PillowImage]:
    return all(hasattr(source, name) for name in ("mode", "convert", "getexif"))


def _from_pillow(image: Any) -> np.ndarray:
    """Convert an image of Pillow, turned as its EXIF tag says, like a file that is read."""
    if image.getexif().get(_EXIF_ORIENTATION, 1) != 1:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        return _from_array(np.asarray(image).astype(np.uint16), "rgb")
    if image.mode in ("I", "F"):  # whose white is anybody's guess
        raise ImageError(f"image of Pillow of mode {image.mode}: convert it to L or RGB")
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
    return _from_array(np.asarray(image.convert(mode)), "rgb")


def _download(url: str) -> np.ndarray:
    """Load what is behind a URL: (bytes,) uint8."""
    results: SimpleQueue[bytearray | ImageError] = SimpleQueue()
    # a thread, since the time limit of a socket begins again with every byte that comes
    Thread(target=lambda: results.put(_contents(url)), daemon=True).start()
    try:
        result = results.get(timeout=MAX_URL_SECONDS)
    except Empty:
        result = ImageError(f"{url}: not loaded within {MAX_URL_SECONDS:g} s; save it and read the file")
    if isinstance(result, ImageError):
        raise result
    return np.frombuffer(result, np.uint8)


def _contents(url: str) -> bytearray | ImageError:
    from http.client import HTTPException  # here: their imports take time that few readers need
    from urllib.request import Request, urlopen

    data = bytearray()
    try:
        with urlopen(Request(url, headers={"User-Agent": "crnn"}), timeout=MAX_URL_SECONDS) as answer:  # noqa: S310
            while chunk := answer.read1():
                data += chunk
                if len(data) > MAX_URL_BYTES:
                    return ImageError(f"{url}: larger than {MAX_URL_BYTES / 1e6:g} MB; save it and read the file")
    except (OSError, ValueError, HTTPException) as error:
        return ImageError(f"{url}: {error}")
    return data
