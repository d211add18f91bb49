"""From pictures of lines to their text."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np

from crnn import ctc, image
from crnn.charset import SPACE, Charset
from crnn.geometry import HEIGHT, STRIDE, step_centre
from crnn.inference import beam_search as beam
from crnn.inference import spacing
from crnn.inference.ngram_lm import ngrams_of

DECODINGS = ("beam", "greedy")
LONGEST_PIECE = 1400  # columns at height 32: five times what the network learnt from; longer ones only cost memory
CONTEXT = 64  # columns of its neighbours that a piece is read with, so that it says the same as the whole line
SEEN_TWICE = 8  # columns beside a cut: a space there counts for both pieces, lest each takes it for the other's
BATCH_WIDTH_STEP = 32  # columns: pieces are widened to a multiple of this, to share batches
BATCH_COLUMNS = 16 * 320  # of all pieces of a batch together; more only costs memory
WINDOW_COLUMNS = (BATCH_COLUMNS, 4 * BATCH_COLUMNS)  # of the first pictures, of later ones that share batches


@dataclass(frozen=True)
class Character:
    """A character that was read.

    Attributes:
        text: one character. confidence: the highest probability of its class over its run of steps.
        x0, x1: columns of the source picture between which it stands.
    """

    text: str
    confidence: float
    x0: float
    x1: float


@dataclass(frozen=True)
class TextLine:
    """What a picture says.

    Attributes:
        characters: from left to right, spaces included.
        width, height: of the source picture, in pixels.
    """

    characters: tuple
    width: int
    height: int

    @property
    def text(self):
        return "".join(character.text for character in self.characters)

    @property
    def confidence(self):
        """Mean confidence of the characters that are no spaces; 0 for an empty line."""
        values = [character.confidence for character in self.characters if character.text != " "]
        return float(np.mean(values)) if values else 0.0


@dataclass
class _Piece:
    """A part of a line on its way through the network."""

    pixels: np.ndarray  # (32, width), context and colour added
    first: int  # column of the line that its pixels begin with
    last: int  # column of the line before which they end
    own: tuple[float, float]  # columns of the line: what stands between them is its own, the rest its neighbours'
    runs: list = None  # what the network saw, as ``ctc.greedy_runs`` gives it


@dataclass
class _Prepared:
    """A picture on its way through the network."""

    gaps: list
    pieces: list
    shape: tuple  # of the picture
    scale: float  # columns of the picture to a column of the line


class Recognizer:
    """Reads pictures of one line each.

    Args:
        predict: probabilities (batch, steps, classes) of float32 pictures (batch, 32, width, 1).
        charset: the table of labels.
        decode: runs of probabilities (steps, classes), and whether they are doubtful: as ``ctc.decode``.
        exact: as ``predict``, for what is doubtful after it; None if what it gives is final.
    """

    def __init__(self, predict, charset, decode=ctc.decode, exact=None):
        self.predict = predict
        self.exact = exact
        self.charset = charset
        self.decode = decode

    @classmethod
    def from_weights(cls, path, charset=None, engine=None, decoding=DECODINGS[0]):
        """A reader with the network and the weights of a file.

        Args:
            path, engine: see ``prediction.predictors``. charset: default: the table beside the file.
            decoding: ``beam``, with the n-grams that suit the weights if there are some, or ``greedy``.

        Raises:
            OSError, ValueError: the file cannot be read, or does not fit the network; no such engine.
        """
        from crnn.inference.engines import predictors

        charset = charset or Charset.for_weights(path)
        ngrams = ngrams_of(path) if decoding == "beam" else None
        decode = partial(beam.decode, gain=ngrams.gain) if ngrams else ctc.decode
        predict, exact = predictors(path, charset.classes, engine)
        return cls(predict, charset, decode, exact)

    def read(self, pictures):
        """Read pictures.

        Args:
            pictures: (height, width) uint8 each, grey.

        Returns:
            One ``TextLine`` a picture, in order.
        """
        return [line for lines in self.read_windows(pictures) for line in lines]

    def read_windows(self, pictures) -> Iterator[list[TextLine]]:
        """Read however many pictures in the memory of some dozens.

        Neighbours share batches, as many as make ``WINDOW_COLUMNS``: few at first, so that there is
        soon something to see. While they go through the network, another thread draws the next ones
        from ``pictures`` and prepares them, and a third decodes what the network has said.

        Args:
            pictures: iterable of (height, width) uint8, grey.

        Yields:
            The ``TextLine`` of some pictures, in order.
        """
        windows = _windows(map(_prepared, pictures))
        with ThreadPoolExecutor(2, "crnn") as pool:
            coming = pool.submit(next, windows, None)
            while window := coming.result():
                coming = pool.submit(next, windows, None)
                doubtful = self._read(self.predict, [piece for prepared in window for piece in prepared.pieces], pool)
                if self.exact:
                    self._read(self.exact, doubtful, pool)
                yield [self._assembled(prepared) for prepared in window]

    def _read(self, predict, pieces, pool):
        """Fill in ``runs``. While a batch is decoded, the next one is predicted.

        Returns:
            The pieces that are doubtful.
        """
        doubtful, decoding = [], None
        for batch in _batches(pieces):
            probabilities = predict(np.stack([piece.pixels for piece in batch])[..., None].astype(np.float32))
            if decoding:
                doubtful += decoding.result()
            decoding = pool.submit(self._decoded, batch, probabilities)
        return doubtful + decoding.result() if decoding else []

    def _decoded(self, batch, probabilities):
        doubtful = []
        for piece, steps in zip(batch, probabilities, strict=True):
            piece.runs, doubts = self.decode(steps)
            if doubts:
                doubtful.append(piece)
        return doubtful

    def _assembled(self, prepared):
        """The text of a line from its pieces, with the blanks that ``spacing`` wants."""
        height, width = prepared.shape
        scale = prepared.scale
        gaps = sorted(prepared.gaps, key=sum)
        middles = [(start + end) / 2 for start, end in gaps]
        read = []  # (Character with columns of the line, whether a space was seen before it)
        seen = False
        for piece in prepared.pieces:
            for character in self._characters(piece):
                if character.text == " ":
                    seen = True
                else:
                    read.append((character, seen))
                    seen = False
        characters = []
        blanks, others = [], []  # (place, characters beside it, gap); gaps within words
        for character, seen in read:
            if characters:
                left = characters[-1]
                between = slice(bisect_right(middles, left.x0), bisect_left(middles, character.x1))
                gap = max((end - start for start, end in gaps[between]), default=0)
                before = characters[-2].text if len(characters) > 1 else ""
                if spacing.space_between(left.text, character.text, gap, seen, before):
                    confidence = min(left.confidence, character.confidence)
                    blanks.append((len(characters), left.text, character.text, gap))
                    characters.append(Character(" ", confidence, left.x1, character.x0))
                elif left.text.isascii() and character.text.isascii():
                    others.append(gap)
            characters.append(character)
        if len(blanks) == 1:
            ((place, *beside),) = blanks
            if not spacing.is_blank(*beside, others):
                del characters[place]
        scaled = [Character(c.text, c.confidence, c.x0 * scale, min(c.x1 * scale, width)) for c in characters]
        return TextLine(tuple(scaled), width, height)

    def _characters(self, piece):
        """What was read in a piece, its context left out, with columns of the line at height 32."""
        runs = piece.runs
        if not runs:
            return
        middles = piece.first + step_centre(np.array([(run.first + run.last) / 2 for run in runs]))
        middles = np.minimum(middles, piece.last)  # what was seen in the added colour
        edges = (middles[1:] + middles[:-1]) / 2
        reach = HEIGHT / 2
        lefts = np.maximum(np.append(piece.first, edges), middles - reach)
        rights = np.minimum(np.append(edges, piece.last), middles + reach)
        low, high = piece.own
        for run, middle, left, right in zip(runs, middles, lefts, rights, strict=True):
            is_space = run.label == SPACE
            more = SEEN_TWICE if is_space else 0
            if low - more <= middle < high + more:
                text = " " if is_space else self.charset.characters[run.label]
                yield Character(text, run.confidence, float(left), float(right))


def _prepared(picture):
    line = image.normalize_line(picture)
    width = line.shape[1]
    gaps = image.find_gaps(line, 0)
    wide = [(start, end) for start, end in gaps if end - start > image.GAP_COLUMNS]
    pieces = []
    for start, end in image.split_at_gaps(line, wide, LONGEST_PIECE, LONGEST_PIECE):
        first, last = max(0, start - CONTEXT), min(width, end + CONTEXT)
        first -= first % STRIDE  # the steps of the whole line
        own = (start if start else -np.inf, end if end < width else np.inf)
        columns = image.RIGHT_PADDING + -(last - first) % BATCH_WIDTH_STEP
        pieces.append(_Piece(image.pad_right(line[:, first:last], columns), first, last, own))
    return _Prepared(gaps, pieces, picture.shape, picture.shape[1] / width)


def _windows(prepared):
    """Lists of neighbours."""
    window, columns = [], 0
    wanted, later = WINDOW_COLUMNS
    for one in prepared:
        window.append(one)
        columns += sum(map(_width, one.pieces))
        if columns >= wanted:
            yield window
            window, columns, wanted = [], 0, later
    if window:
        yield window


def _batches(pieces):
    """Lists of pieces of one width."""
    for width, same in groupby(sorted(pieces, key=_width), _width):
        same = list(same)
        size = max(1, BATCH_COLUMNS // width)
        for at in range(0, len(same), size):
            yield same[at : at + size]


def _width(piece):
    return piece.pixels.shape[1]
