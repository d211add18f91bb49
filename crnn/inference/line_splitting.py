"""From a normalised line to the pieces that the network reads: cut at wide gaps, read with some of their neighbours."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from crnn.ctc import Run
from crnn.geometry import STRIDE
from crnn.normalization import RIGHT_PADDING, pad_right, true_runs

GAP_COLUMNS = 5  # a gap between words is a run of more than so many columns of background
MAX_PIECE = 1400  # columns: five times what the network learnt from; longer ones only cost memory
CONTEXT = 64  # columns of its neighbours that a piece is read with, so that it gives the same text as the whole line
BATCH_WIDTH_STEP = 8  # columns: pieces are padded to a multiple of this, to share batches

Gap = tuple[int, int]


@dataclass
class Piece:
    """A part of a line on its way through the network.

    Attributes:
        pixels: (32, width) uint8, context and padding included.
        first: column of the line that ``pixels`` begins with.
        last: column of the line before which they end, padding left out.
        own: columns of the line between which characters are this piece's own; the others are its neighbours'.
        min_confidence: of the best path; with less, no other text is looked for.
        runs: what the decoder found.
        space_probabilities: (time steps,) of the space.
        options: runs and log score of the likeliest texts, if they were asked for.
    """

    pixels: np.ndarray
    first: int
    last: int
    own: tuple[float, float]
    min_confidence: float = 0.0
    runs: list[Run] = field(default_factory=list)
    space_probabilities: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    options: list[tuple[list[Run], float]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Columns of ``pixels``."""
        return self.pixels.shape[1]


@dataclass
class PreparedLine:
    """An image of a line on its way through the network.

    Attributes:
        line: (32, width) uint8, normalised.
        gaps: all gaps of the line, those within words too; the network does not see them, ``spacing`` needs them.
        pieces: from left to right.
        shape: (height, width) of the source image.
        rotation: degrees counterclockwise by which the source image was turned, 0, 90, 180 or 270.
        is_smoothed: whether the line was blurred, so that dots join to strokes.
    """

    line: np.ndarray
    gaps: list[Gap]
    pieces: list[Piece]
    shape: tuple[int, int]
    rotation: int = 0
    is_smoothed: bool = False

    @property
    def scale(self) -> float:
        """Columns of the turned source image to a column of the line."""
        return self.shape[1 if self.rotation % 180 == 0 else 0] / self.line.shape[1]


def split_line(line: np.ndarray, shape: tuple[int, int], rotation: int = 0) -> PreparedLine:
    """Cut a line into the pieces that the network reads.

    Args:
        line: (32, width) uint8, normalised.
        shape: (height, width) of its source image.
        rotation: see ``PreparedLine``.
    """
    width = line.shape[1]
    gaps = find_gaps(line, 0)
    wide = [(start, end) for start, end in gaps if end - start > GAP_COLUMNS]
    pieces = []
    for start, end in split_at_gaps(line, wide, MAX_PIECE, MAX_PIECE):
        first, last = max(0, start - CONTEXT), min(width, end + CONTEXT)
        first -= first % STRIDE  # the time steps of the whole line
        own = (start if start else -np.inf, end if end < width else np.inf)
        padding = RIGHT_PADDING + -(last - first) % BATCH_WIDTH_STEP
        pieces.append(Piece(pad_right(line[:, first:last], padding), first, last, own))
    return PreparedLine(line, gaps, pieces, shape, rotation)


def find_gaps(line: np.ndarray, more_than: int = GAP_COLUMNS) -> list[Gap]:
    """Find the gaps between the words of a line: runs of more than 5 columns of nothing but background.

    The line and its inverse are binarised (Gaussian blur 3 x 3, Otsu's threshold), so that it does not matter which of
    text and background is the darker. Runs that touch the left or right edge are margins and no gaps.

    Args:
        line: (32, width) uint8.
        more_than: columns; 0 for the gaps between letters too.

    Returns:
        (first column, last column + 1) of each, in order.
    """
    found = []
    for image in (line, 255 - line):
        smooth = cv2.GaussianBlur(image, (3, 3), 0)
        _, binary = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        found += [
            (start, end)
            for start, end in true_runs(binary.max(axis=0) == 0)
            if end - start > more_than and start > 0 and end < line.shape[1]
        ]
    return sorted(found)


def split_at_gaps(
    line: np.ndarray, gaps: list[Gap] | None = None, keep_together: int = 0, max_width: int | None = None
) -> list[tuple[int, int]]:
    """Cut a line in the middle of its gaps.

    Args:
        line: (32, width) uint8.
        gaps: its gaps, if they are known.
        keep_together: columns; a cut is left out where the pieces beside it are no wider than this together, the
            narrowest gaps first; 0 cuts at every gap. The network reads short gaps itself, and it reads a word
            better with its neighbours than alone.
        max_width: columns; a piece wider than this is cut though it has no gap, where it is emptiest.

    Returns:
        (first column, last column + 1) of each piece; together they are the whole line.
    """
    gaps = find_gaps(line) if gaps is None else gaps
    cuts = [0, *((start + end) // 2 for start, end in gaps), line.shape[1]]
    for start, end in sorted(gaps, key=lambda gap: gap[1] - gap[0]):
        at = cuts.index((start + end) // 2)
        if cuts[at + 1] - cuts[at - 1] <= keep_together:
            del cuts[at]
    if max_width:
        pieces = list(zip(cuts[:-1], cuts[1:], strict=True))
        cuts = [0, *(cut for start, end in pieces for cut in _cuts_without_gap(line, start, end, max_width))]
    return list(zip(cuts[:-1], cuts[1:], strict=True))


def _cuts_without_gap(line: np.ndarray, start: int, end: int, max_width: int) -> Iterator[int]:
    """Give cuts after ``start``, the last of them ``end``, at most ``max_width`` columns apart."""
    while end - start > max_width:
        first = start + max_width // 2
        part = line[:, first : start + max_width]
        contrast = (part.max(axis=0) - part.min(axis=0)).astype(np.float32)[None]
        start = first + int(cv2.blur(contrast, (GAP_COLUMNS, 1))[0].argmin())
        yield start
    yield end
