"""All pages of a TIFF file, all frames of an animation."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from crnn import image_file, tiff
from crnn.image import any_to_grayscale, decode_grayscale
from crnn.image_file import MAX_PIXELS, ImageError, Notify
from crnn.image_header import Header, read_header

MAX_FRAMES = 1000


def read_pages(path: str | Path, notify: Notify | None = None) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Read the pages or frames of an image file, one after the other.

    Args:
        path: of any format that OpenCV reads.
        notify: takes a line if there are more than can be read.

    Yields:
        The name of a page, such as ``a.tif#page=1``, or the path if there is no other; its image (height, width) uint8,
        grey; and whether it is the last.

    Raises:
        ImageError: the file or a page cannot be read.
    """
    data = image_file.load(path)
    first = decode_grayscale(data, str(path))
    header = read_header(data.data)
    if header is None or not header.has_more:
        yield str(path), first, True
    elif header.format == "TIFF":
        offsets = tiff.pages(data.data)
        for number, at in enumerate(offsets, 1):
            name = f"{path}#page={number}"
            page = np.frombuffer(tiff.with_first_offset(data.data, at), np.uint8)
            yield name, decode_grayscale(page, name), number == len(offsets)
    else:
        frames = _frames(data, str(path), header, first.size, notify)
        for number, frame in enumerate(frames, 1):
            yield f"{path}#page={number}", frame, number == len(frames)


def _frames(data: np.ndarray, name: str, header: Header, size: int, notify: Notify | None) -> list[np.ndarray]:
    """Decode the frames of an animation, as many as have ``MAX_PIXELS`` together."""
    most = min(MAX_FRAMES, max(1, MAX_PIXELS // size))
    try:
        _, frames = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(0, most + 1))
        if len(frames) > most and notify:
            notify(f"{name}: has more than {most} frames; these are read")
        turned = [image_file.turn(frame, header.orientation) for frame in frames[:most]]
        return [any_to_grayscale(image_file.to_8_bits(frame)) for frame in turned]
    except (cv2.error, MemoryError):
        raise ImageError(f"{name}: OpenCV cannot read its frames; read the first alone") from None
