"""The pictures of a user as training and measuring take them: read, prepared, split in two."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.ctc import steps_needed
from crnn.dataset.picture_labels import PictureLabel, read_picture_labels, read_pictures
from crnn.geometry import padded_width, time_steps
from crnn.image import ImageError
from crnn.normalization import deskew, resize_to_height, trim_margins
from crnn.synthesis.picture_effects import shrink

MIN_PICTURES = 10
MAX_PICTURES = 20_000  # which take some 2 GB of memory
MAX_COLUMNS = 1900  # of a line of 32 rows
HELDOUT_SHARE = 0.15  # of the pictures
SHOWN = 5  # pictures that are named among those left out


@dataclass(frozen=True)
class PictureLine:
    """A picture of one line.

    Attributes:
        image: (at most 64, width) uint8, level.
        text: what it says, in characters of the table.
        labels: of the text.
        width: columns of the image once it has 32 rows.
    """

    image: np.ndarray
    text: str
    labels: np.ndarray
    width: int


def load_pictures(paths: Iterable[str | Path], charset: Charset) -> tuple[list[PictureLine], list[str]]:
    """Read labels and pictures.

    Args:
        paths: see ``picture_labels.read_picture_labels``.
        charset: the table.

    Returns:
        The lines that can be learned from, and why each other picture was left out.

    Raises:
        OSError: a label file cannot be read.
        ValueError: it breaks a rule, or there are too many labels.
    """
    labels = read_picture_labels(paths)
    if len(labels) > MAX_PICTURES:
        raise ValueError(
            f"{len(labels)} pictures are more than the {MAX_PICTURES} that are kept in memory: make a data set of them "
            "with python -m crnn.dataset.writer, and train with --data"
        )
    lines, reasons = [], []
    for label, image in zip(labels, read_pictures(labels), strict=True):
        try:
            if isinstance(image, ImageError):
                raise image
            lines.append(_line(label, image, charset))
        except ValueError as error:
            reasons.append(str(error))
    return lines, reasons


def _line(label: PictureLabel, grey: np.ndarray, charset: Charset) -> PictureLine:
    unknown = Counter(c for c in label.text if not charset.fold_character(c))
    if unknown:
        raise ValueError(f"{label.path}: the table has no {' '.join(unknown)}, which stands in {label.text!r}")
    text = charset.fold(label.text)
    if not text:
        raise ValueError(f"{label.path}: its text is empty")
    image = shrink(deskew(grey))
    width = resize_to_height(trim_margins(image)).shape[1]
    if width > MAX_COLUMNS:
        raise ValueError(f"{label.path}: {width / 32:.0f} times as long as high, the limit is {MAX_COLUMNS / 32:.0f}")
    labels = np.array(charset.encode(text), np.int32)
    steps = time_steps(padded_width(width))
    if steps_needed(labels) > steps:
        raise ValueError(f"{label.path}: {len(labels)} characters are too many for a picture of this shape: {text!r}")
    return PictureLine(image, text, labels, width)


def report_left_out(reasons: Sequence[str]) -> None:
    """Print to stderr what was left out, and how many pictures that are."""
    for reason in reasons[:SHOWN]:
        print(f"left out: {reason}", file=sys.stderr)
    if len(reasons) > SHOWN:
        print(f"left out: {len(reasons) - SHOWN} more; all of them: train with --check", file=sys.stderr)


def split(lines: Sequence[PictureLine], seed: int) -> tuple[list[PictureLine], list[PictureLine]]:
    """Split lines into those to learn from and those to measure on; lines of one text stay together.

    Args:
        lines: all of them.
        seed: of the choice.

    Raises:
        ValueError: they are too few, or all have the same text.
    """
    if len(lines) < MIN_PICTURES:
        raise ValueError(f"{len(lines)} pictures can be learned from; label at least {MIN_PICTURES}, 200 are better")
    texts = sorted({line.text for line in lines})
    if len(texts) == 1:
        raise ValueError(f"every picture says {texts[0]!r}: there is nothing to measure on")
    chosen: set[str] = set()
    counts = Counter(line.text for line in lines)
    heldout = 0
    for place in np.random.default_rng(seed).permutation(len(texts))[: len(texts) - 1]:
        if heldout < HELDOUT_SHARE * len(lines):
            chosen.add(texts[place])
            heldout += counts[texts[place]]
    return [line for line in lines if line.text not in chosen], [line for line in lines if line.text in chosen]


def check_pictures(pictures: Sequence[Path], charset: Charset) -> int:
    """Read all pictures, print what cannot be learned from and how many can be; return how many cannot."""
    lines, reasons = load_pictures(pictures, charset)
    for reason in reasons:
        print(f"left out: {reason}")
    print(f"{len(lines)} pictures can be learned from, {len(reasons)} cannot")
    return len(reasons)
