"""Batches for learning from the pictures of a user: degraded anew each time, beside drawn lines."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from crnn.charset import Charset
from crnn.ctc import steps_needed
from crnn.dataset.loader import Batch
from crnn.geometry import MIN_WIDTH, padded_width, time_steps
from crnn.normalization import pad_right, resize, resize_to_height, trim_margins
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.line_generator import LineGenerator
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.picture_effects import degrade
from crnn.synthesis.source import LineSource
from crnn.training.pictures import PictureLine

WIDTHS = (280, 400, 560, 800, 1120, 1600, 1920)  # columns of a batch: few, since each is compiled with JAX
MIN_STEPS = 50  # of an epoch, about; it has the pictures as often as that takes


class DrawnLines:
    """Draw lines of any width with fonts and texts that are loaded once; for one thread.

    Args:
        source: of the lines.
        charset: the table.

    Raises:
        ValueError: no font can write Chinese, or none can write English.
    """

    def __init__(self, source: LineSource, charset: Charset) -> None:
        self.charset = charset
        self._first = source.generator(charset)
        self._generators = {MIN_WIDTH: self._first}

    def lines(self, width: int, number: int) -> Iterator[LineSample]:
        """Draw the lines from a number on that can be aligned in ``width`` columns."""
        if width not in self._generators:
            first = self._first
            self._generators[width] = LineGenerator(
                first.fonts, first.texts, self.charset, first.seed, width, first.config
            )
        while True:
            line = self._generators[width].line(number)
            if line.text and steps_needed(self.charset.encode(line.text)) <= time_steps(width):
                yield line
            number += 1


class PictureLoader:
    """Load batches of pictures and drawn lines for ``train_core``.

    Args:
        lines: the pictures.
        drawn: what stands beside them; None for nothing.
        config: probabilities of the degradations of pictures.
        batch_size: lines of a batch of 280 columns; wider ones have fewer, so that a step takes the same time.
        drawn_share: of the lines of a batch.
        seed: decides order, degradations and drawn lines, together with the epoch.

    Attributes:
        broken: messages of pictures that could not be used; none, since all are read before.
        images: pictures of an epoch.
        epoch: number of the epoch.
    """

    workers, max_queue_size = 1, 8

    def __init__(
        self,
        lines: Sequence[PictureLine],
        drawn: DrawnLines | None,
        config: SynthesisConfig,
        batch_size: int = 32,
        drawn_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.lines, self.drawn, self.config, self.seed = lines, drawn, config, seed
        self.batch_size, self.drawn_share = batch_size, drawn_share if drawn else 0.0
        self.images, self.broken = len(lines), dict[str, str]()
        self._groups = _by_width([line.width for line in lines])
        steps = sum(-(-len(places) // self._sizes(width)[0]) for width, places in self._groups.items())
        self.passes = -(-MIN_STEPS // steps)
        self.start_epoch(0)

    def _sizes(self, width: int) -> tuple[int, int]:
        """Return how many pictures and how many drawn lines a batch has."""
        size = max(2, 2 ** int(np.log2(self.batch_size * MIN_WIDTH / width)))
        drawn = min(size - 1, round(self.drawn_share * size))
        return size - drawn, drawn

    def start_epoch(self, epoch: int) -> None:
        """Take the order of an epoch: batches of one width each."""
        self.epoch = epoch
        rng = np.random.default_rng((self.seed, epoch))
        batches = []
        for width, places in self._groups.items():
            order = np.concatenate([rng.permutation(places) for _ in range(self.passes)])
            own, _ = self._sizes(width)
            missing = -len(order) % own
            order = np.concatenate([order, rng.choice(places, missing)])
            batches += [(width, some) for some in order.reshape(-1, own)]
        self._batches = [batches[place] for place in rng.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        """Load a batch, as ``dataset.loader.BatchLoader`` gives them."""
        width, places = self._batches[index]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        rows = []
        for place in places:
            line = self.lines[place]
            image = degrade(rng, line.image, self.config)
            rows.append((resize(image, min(width, image.shape[1])), line.labels))
        if self.drawn:
            number = int(rng.integers(2**40))
            following = self.drawn.lines(width, number)
            for _, line in zip(range(self._sizes(width)[1]), following, strict=False):
                rows.append((line.image, np.array(self.drawn.charset.encode(line.text), np.int32)))
        return to_batch(rows, width)


class FixedLoader:
    """Give the same batches in every epoch, for measuring.

    Args:
        rows: image (32, width) uint8 and labels of each line.
        batch_size: lines of a batch of 280 columns; wider ones have fewer.
    """

    workers, max_queue_size = 1, 8

    def __init__(self, rows: Sequence[tuple[np.ndarray, np.ndarray]], batch_size: int = 32) -> None:
        self._batches = []
        for width, places in _by_width([image.shape[1] for image, _ in rows]).items():
            size = max(1, batch_size * MIN_WIDTH // width)
            parts = (places[at : at + size] for at in range(0, len(places), size))
            self._batches += [(width, [rows[place] for place in part]) for part in parts]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        """Return a batch, as ``dataset.loader.BatchLoader`` gives them."""
        width, rows = self._batches[index]
        return to_batch(rows, width)


def to_batch(rows: Iterable[tuple[np.ndarray, np.ndarray]], width: int) -> Batch:
    """Pad lines to one width, and put them into arrays as ``train_core`` takes them.

    Args:
        rows: image (32, at most ``width``) uint8 and labels of each line.
        width: columns.
    """
    images, labels = zip(*rows, strict=True)
    steps = time_steps(width)
    padded = np.stack([pad_right(image, width - image.shape[1]) for image in images])
    table = np.zeros((len(labels), steps), np.int32)
    for row, label in zip(table, labels, strict=True):
        row[: len(label)] = label
    lengths = np.array([[len(label)] for label in labels], np.int32)
    inputs = padded[..., None].astype(np.float32), table, np.full_like(lengths, steps), lengths
    return inputs, np.zeros((len(labels), 1), np.float32)


def prepared(line: PictureLine) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture as it is read, and its labels."""
    return resize_to_height(trim_margins(line.image)), line.labels


def _by_width(widths: Sequence[int]) -> dict[int, np.ndarray]:
    """Return the places of the lines for each width of a batch that some need."""
    edges = np.searchsorted(WIDTHS, [padded_width(width) for width in widths])
    return {WIDTHS[edge]: np.flatnonzero(edges == edge) for edge in np.unique(edges)}
