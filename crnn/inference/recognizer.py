"""From images of lines to their text."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TypedDict, Unpack, cast, overload

import numpy as np

from crnn.charset import SPACE, Charset
from crnn.ctc import greedy_runs
from crnn.inference.alternatives import ManyTexts, best_combinations
from crnn.inference.assembly import assemble
from crnn.inference.beam_search import BeamDecoder
from crnn.inference.capitals import CapitalsLM
from crnn.inference.engines import DEFAULT_DEVICE, Engine, load_engine, one_at_a_time
from crnn.inference.inputs import Channels, Source, is_single, load_grayscale
from crnn.inference.line_splitting import Piece, PreparedLine
from crnn.inference.ngram_lm import NGrams
from crnn.inference.restriction import Decode, RestrictedDecoder, allowed_labels
from crnn.inference.spacing import WordScore
from crnn.inference.text_line import TextLine
from crnn.inference.views import Views, looks, prepare_views
from crnn.inference.windows import Key, Window, Workers, group_lines, group_pieces, read_in_order
from crnn.paths import DEFAULT_WEIGHTS

DECODINGS = ("beam", "greedy")
OPTIONS = 4  # texts that are looked at for each alternative: some differ in spaces or in the context of a piece alone


class ReadOptions(TypedDict, total=False):
    """Options of ``Recognizer.read``, which says what they do."""

    channels: Channels
    allow: str | None
    alternatives: int


class Recognizer:
    """Reads images of one line each. It loads the network once; several threads may read with it at the same time.

    Args:
        weights: weights file, or an ONNX file of the network.
        charset: the table of labels; default: the table beside the weights.
        engine: one of ``engines.ENGINES``, or what computes probabilities; default: ONNX Runtime if it is installed.
        decoding: ``beam``, with the n-grams that suit the weights if there are some, or ``greedy``, or a function that
            makes runs of probabilities (steps, classes), as ``ctc.greedy_runs``.
        device, threads: see ``engines.load_engine``.

    Raises:
        OSError, ValueError: a file cannot be read, or does not fit the network; no such engine, device or number.

    >>> import crnn
    >>> crnn.Recognizer().read("asset/kai.png").text
    '外婆院子里的萝卜干和那一年冬天的第一场雪'
    """

    def __init__(
        self,
        weights: str | Path = DEFAULT_WEIGHTS,
        *,
        charset: Charset | None = None,
        engine: str | Engine | None = None,
        decoding: str | Decode = DECODINGS[0],
        device: str = DEFAULT_DEVICE,
        threads: int | None = None,
    ):
        self.charset = charset or Charset.for_weights(weights)
        with ThreadPoolExecutor(1, "crnn") as pool:  # both take long, and little of it is Python
            loading = pool.submit(NGrams.for_weights, weights) if decoding == "beam" else None
            if not isinstance(engine, Engine):
                engine = load_engine(weights, self.charset.classes, engine, device, threads)
        self.engine = engine
        self.word_score: WordScore | None = None
        if isinstance(decoding, str):
            ngrams = loading.result() if loading else None
            if ngrams:
                self.word_score = partial(_word_score, ngrams, self.charset)
                lm_score = CapitalsLM(ngrams, self.charset).lm_score
                decoding = BeamDecoder(self.charset, lm_score, max_lm_score=ngrams.max_score)
            else:
                decoding = greedy_runs
        self.decode = decoding
        self.best_path: Decode = greedy_runs
        self.allowed: frozenset[str] | None = None  # characters that can come out; None: all
        self.alternatives = 0

    def with_alternatives(self, count: int) -> "Recognizer":
        """Return a recognizer with the same network that gives the next texts too.

        Args:
            count: of them; a line whose characters are certain has fewer.

        Raises:
            ValueError: the count is negative, or the decoding finds one text only.
        """
        if count < 0 or (count and not isinstance(self.decode, ManyTexts)):
            raise ValueError(f"alternatives={count}: must be 0 or more, and more than 0 needs the decoding beam")
        reader = copy(self)
        reader.alternatives = count
        return reader

    def restricted(self, allow: str) -> "Recognizer":
        """Return a recognizer with the same network that reads some characters alone.

        Args:
            allow: these characters; a space among them allows spaces.

        Raises:
            ValueError: there is no character, or one is not in the table.
        """
        labels = allowed_labels(self.charset, allow)
        reader = copy(self)
        reader.decode = RestrictedDecoder(self.decode, labels)
        reader.best_path = RestrictedDecoder(self.best_path, labels)
        reader.allowed = frozenset(allow).union(self.charset.characters[label] for label in labels)
        return reader

    @overload  # a str is an iterable too: the first that fits counts
    def read(self, source: Source, **options: Unpack[ReadOptions]) -> TextLine: ...  # type: ignore[overload-overlap]

    @overload
    def read(self, source: Iterable[Source], **options: Unpack[ReadOptions]) -> list[TextLine]: ...

    def read(
        self,
        source: Source | Iterable[Source],
        *,
        channels: Channels = "bgr",
        allow: str | None = None,
        alternatives: int = 0,
    ) -> TextLine | list[TextLine]:
        """Read an image, or several, of one line each.

        Args:
            source: an image of any kind that ``inputs.load_grayscale`` takes, or an iterable of such images. Several
                images are read faster together.
            channels: order of the colours of arrays: ``bgr`` as OpenCV has them, or ``rgb``.
            allow: the only characters that can come out; default: the whole table.
            alternatives: how many next texts a line has in its ``alternatives``, if the network sees so many.

        Returns:
            The line of the image; of an iterable the line of each, in order.

        Raises:
            ImageError: an image cannot be read; the message says which and why.
            TypeError, ValueError: of no such kind; an option is wrong.
        """
        reader = self.with_alternatives(alternatives) if alternatives else self
        reader = reader.restricted(allow) if allow is not None else reader
        if is_single(source):
            return reader.read([source], channels=channels)[0]
        images = enumerate(load_grayscale(image, channels) for image in cast(Iterable[Source], source))
        return [line for window in reader.read_stream(images) for _, line in window]

    def read_stream(self, images: Iterable[tuple[Key, np.ndarray]]) -> Iterator[list[tuple[Key, TextLine]]]:
        """Read however many images in the memory of some dozens; see ``read_views``.

        Args:
            images: a key, which is given back, and an image (height, width) uint8, grey, each.

        Yields:
            Key and line of some images that were read together, in order.
        """
        return self.read_views((key, prepare_views(image)) for key, image in images)

    def read_views(self, lines: Iterable[tuple[Key, Views]]) -> Iterator[list[tuple[Key, TextLine]]]:
        """Read however many prepared images in the memory of some dozens.

        Neighbours share batches. While some are read, another thread takes the next ones from ``lines``, which prepares
        them; see ``windows.read_in_order``.

        Args:
            lines: a key, which is given back, and an image as ``views.prepare_views`` prepares it, each.

        Yields:
            Key and line of some images that were read together, in order.
        """

        def read(window: Window[Key], workers: Workers) -> list[tuple[Key, TextLine]]:
            found = self._look([views for _, views in window], workers)
            return [(key, line) for (key, _), line in zip(window, found, strict=True)]

        return read_in_order(group_lines(lines), read, self.engine.threads)

    def _look(self, images: list[Views], workers: Workers) -> list[TextLine]:
        """Read images as ``views.looks`` asks for: what it wants of all of them next is read together."""
        asking = {number: looks(views) for number, views in enumerate(images)}
        wanted = {number: next(look) for number, look in asking.items()}
        found: dict[int, TextLine] = {}
        while wanted:
            lines = iter(self._read_lines([line for some in wanted.values() for line in some], workers))
            for number, some in list(wanted.items()):
                try:
                    wanted[number] = asking[number].send([next(lines) for _ in some])
                except StopIteration as end:
                    found[number] = end.value
                    del wanted[number]
        return [found[number] for number in asking]

    def _read_lines(self, lines: list[PreparedLine], workers: Workers) -> list[TextLine]:
        workers.run(self._read_batch, group_pieces([piece for line in lines for piece in line.pieces]))
        return [self._assemble(line) for line in lines]

    def _read_batch(self, batch: list[Piece], is_alone: bool) -> None:
        images = np.stack([piece.pixels for piece in batch])[..., None].astype(np.float32)
        predict = self.engine.predict if is_alone else self.engine.predict_in_thread
        for piece, steps in zip(batch, (predict or self.engine.predict)(images), strict=True):
            piece.space_probabilities = steps[:, SPACE].copy()
            if piece.min_confidence:
                piece.runs = self.best_path(steps)
                piece.options = [(piece.runs, 0.0)]
                if sum(run.confidence - piece.min_confidence for run in piece.runs) < 0:
                    continue
            piece.runs = self.decode(steps)
            if self.alternatives:
                piece.options = cast(ManyTexts, self.decode).most_likely(steps, OPTIONS * self.alternatives)

    def _assemble(self, line: PreparedLine) -> TextLine:
        def text_of(line: PreparedLine) -> TextLine:
            return assemble(line, self.charset, self.allowed, self.word_score)

        first = text_of(line)
        if not self.alternatives:
            return first
        lines = {_ink(first): first}
        for way in best_combinations([piece.options for piece in line.pieces], OPTIONS * self.alternatives):
            pieces = [replace(piece, runs=runs) for piece, runs in zip(line.pieces, way, strict=True)]
            other = text_of(replace(line, pieces=pieces))
            lines.setdefault(_ink(other), other)
        return replace(first, alternatives=tuple(lines.values())[1 : 1 + self.alternatives])


default_recognizer = one_at_a_time(cache(Recognizer))  # with the shipped weights, loaded when it is first asked for


@overload
def read(source: Source, **options: Unpack[ReadOptions]) -> TextLine: ...  # type: ignore[overload-overlap]


@overload
def read(source: Iterable[Source], **options: Unpack[ReadOptions]) -> list[TextLine]: ...


def read(source: Source | Iterable[Source], **options: Unpack[ReadOptions]) -> TextLine | list[TextLine]:
    """Read an image, or several, of one line each, with the shipped weights; see ``Recognizer.read``."""
    return default_recognizer().read(cast(Source, source), **options)


def _word_score(ngrams: NGrams, charset: Charset, word: str) -> float:
    """Score the characters of a word; see ``NGrams.word_score``."""
    return ngrams.word_score(charset.encode(word))


def _ink(line: TextLine) -> str:
    """Return the text without spaces."""
    return "".join(line.text.split())
