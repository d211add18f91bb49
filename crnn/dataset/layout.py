"""Where the data set lies on disk: ``img_batches/part_K/batch_N/*.jpg``, some 36,000 images a batch."""

import os
import re
from pathlib import Path

import cv2
import numpy as np

from crnn.dataset.label_file import DataError
from crnn.files import require_regular_file
from crnn.geometry import HEIGHT

MAX_BYTES = 2**24  # of an image file


def batch_folders(folder: str | Path) -> list[Path]:
    """List the ``part_K/batch_N`` of a folder in the order of N.

    Raises:
        DataError: there are none.
    """
    numbered = [(re.fullmatch(r"batch_(\d+)", path.name), path) for path in Path(folder).glob("part_*/batch_*")]
    found = [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]
    if not found:
        raise DataError(f"{folder}: no part_K/batch_N here; run python unpacking_data.py first")
    return found


def image_names(folder: str | Path) -> list[str]:
    """List the names of the images of a batch folder, sorted; open no file."""
    return sorted(filter(is_image_name, os.listdir(folder)))


def is_image_name(name: str) -> bool:
    """Tell whether a file name is that of an image of a data set.

    >>> is_image_name("a.jpg"), is_image_name("a.JPG"), is_image_name("a.png")
    (True, True, False)
    """
    return name.lower().endswith((".jpg", ".jpeg"))


def relative_name(folder: str | Path, name: str) -> str:
    """Return ``part_K/batch_N/name``, which names an image of a data set wherever that lies.

    >>> relative_name("data/img_batches/part_1/batch_2", "a.jpg")
    'part_1/batch_2/a.jpg'
    """
    return "/".join((*Path(folder).parts[-2:], name))


def read_dataset_image(path: str | Path) -> np.ndarray:
    """Read an image of the data set: (32, width) uint8, grey.

    Raises:
        DataError: it cannot be read, or has another height.
    """
    try:
        require_regular_file(path)
        data = np.fromfile(path, np.uint8, MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    if data.size > MAX_BYTES:
        raise DataError(f"{path}: more than {MAX_BYTES} bytes, images of a data set have some 10,000")
    try:
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    except (cv2.error, MemoryError):
        grey = None
    if grey is None:
        raise DataError(f"{path}: not an image that OpenCV can read")
    if grey.shape[0] != HEIGHT:
        raise DataError(f"{path}: {grey.shape[0]} pixels high, images of a data set are {HEIGHT} high")
    return grey
