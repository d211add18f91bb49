"""Labels of pictures of lines, or of boxes in pages, as other programs write them.

==========================  ============================================================================================
``*.tsv``, ``*.txt``        ``picture TAB text``; PaddleOCR's ``rec_gt.txt`` is such a file
``Label.txt``               ``picture TAB boxes``, the boxes as JSON: PPOCRLabel's output, and PaddleOCR's for detection
folder of ``*.gt.txt``      tesstrain's pairs: ``NAME.gt.txt`` holds the text of ``NAME.png`` or another suffix
==========================  ============================================================================================
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from crnn.dataset.labelled_images import read_labelled_images
from crnn.files import read_text
from crnn.image import SUFFIXES, ImageError, read_grayscale

PAIR_SUFFIX = ".gt.txt"
LABEL_FILES = ("Label.txt", "rec_gt.txt", "labels.tsv")  # that a folder without pairs may have; the first one counts
UNLABELLED = ("", "###", "待识别")  # texts of boxes that nobody has read yet, or nobody can
TALL = 1.5  # height by width from which a box of several characters is a vertical line

Point = tuple[float, float]


@dataclass(frozen=True)
class PictureLabel:
    """The text of a picture, or of a box in it.

    Attributes:
        path: of the picture; it need not exist.
        text: what it says.
        box: corners of the line in the picture, clockwise from where its text begins; None for the whole picture.
    """

    path: Path
    text: str
    box: tuple[Point, ...] | None = None


def read_picture_labels(paths: Iterable[str | Path]) -> list[PictureLabel]:
    """Read the labels of pictures; open no picture.

    Args:
        paths: label files, and folders that hold one or tesstrain's pairs, in any format of this module.

    Raises:
        OSError: a file cannot be read, or is no regular file.
        ValueError: there is no label in a path, or a line of a file is none.
    """
    labels: list[PictureLabel] = []
    for path in map(Path, paths):
        found = list(_of_folder(path) if path.is_dir() else _of_file(path))
        if not found:
            raise ValueError(f"{path}: no label in it; a line is a picture, a tab and its text")
        labels += found
    return labels


def _of_folder(folder: Path) -> Iterator[PictureLabel]:
    pairs = sorted(folder.rglob("*" + PAIR_SUFFIX))
    if pairs:
        yield from map(_of_pair, pairs)
        return
    files = [folder / name for name in LABEL_FILES if (folder / name).is_file()]
    if not files:
        raise ValueError(f"{folder}: neither *{PAIR_SUFFIX} nor one of {', '.join(LABEL_FILES)} in this folder")
    yield from _of_file(files[0])


def _of_pair(path: Path) -> PictureLabel:
    """Read ``NAME.gt.txt``; its picture is the file of that name with a suffix of pictures."""
    text = " ".join(read_text(path).split())
    stem = path.with_name(path.name.removesuffix(PAIR_SUFFIX))
    candidates = (stem.with_name(stem.name + suffix) for suffix in sorted(SUFFIXES))
    return PictureLabel(next((picture for picture in candidates if picture.exists()), stem), text)


def _of_file(path: Path) -> Iterator[PictureLabel]:
    for picture, text in read_labelled_images(path):
        boxes = _boxes(text, path) if text.startswith("[{") or text == "[]" else None
        picture = _found(picture, path.parent)
        if boxes is None:
            yield PictureLabel(picture, text)
        else:
            yield from (PictureLabel(picture, words, box) for words, box in boxes)


def _boxes(text: str, path: Path) -> list[tuple[str, tuple[Point, ...]]] | None:
    """Parse the boxes of a page; return None if the text is no JSON, but text that begins like it."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        return [
            (entry["transcription"].strip(), tuple((float(x), float(y)) for x, y in entry["points"]))
            for entry in entries
            if not entry.get("difficult") and entry["transcription"].strip() not in UNLABELLED
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise ValueError(f"{path}: a box without transcription and points: {text[:100]}") from None


def _found(picture: Path, folder: Path) -> Path:
    """Look for a picture in the folder above too: PPOCRLabel names it with its own folder, as ``scans/a.jpg``."""
    if not picture.exists():
        above = folder.absolute().parent / picture.relative_to(folder)
        return above if above.exists() else picture
    return picture


def read_pictures(labels: Iterable[PictureLabel]) -> Iterator[np.ndarray | ImageError]:
    """Read the pictures of labels, or cut them out of their pages; a page with several boxes is read once.

    Yields:
        (height, width) uint8, grey, for each label; what is wrong where it cannot be read.
    """
    path: Path | None = None
    page: np.ndarray | ImageError
    for label in labels:
        if label.path != path:
            path = label.path
            try:
                page = read_grayscale(path)
            except ImageError as error:
                page = error
        try:
            yield page if label.box is None or isinstance(page, ImageError) else cut_box(page, label)
        except ImageError as error:
            yield error


def cut_box(page: np.ndarray, label: PictureLabel) -> np.ndarray:
    """Cut the box of a label out of its page, and make it level.

    Args:
        page: (height, width) uint8.
        label: with a box; one of more than four corners is taken as the smallest rectangle around them.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError: the box is no area within the page, or a vertical line.
    """
    corners = np.array(label.box, np.float32)
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise ImageError(f"{label.path}: the box of {label.text!r} has not three corners")
    if len(corners) != 4:
        corners = _from_top_left(cv2.boxPoints(cv2.minAreaRect(corners)))
    edges = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = round(max(edges[0], edges[2])), round(max(edges[1], edges[3]))
    inside = ((corners > -1) & (corners < np.array(page.shape[::-1]) + 1)).all()
    if min(width, height) < 2 or not inside:
        raise ImageError(f"{label.path}: the box of {label.text!r} has no area or leaves the picture")
    if height > TALL * width and len(label.text) > 1:
        raise ImageError(f"{label.path}: the box of {label.text!r} is a vertical line, which cannot be read")
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _from_top_left(corners: np.ndarray) -> np.ndarray:
    """Turn the corners of a rectangle, which come clockwise, so that the top left one is the first."""
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)
