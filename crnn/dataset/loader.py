"""The loader that feeds the training from batch folders and a label file.

All batches but the last are for training, the last is the test. The images of the data set are 280 x 32, with ten
characters each; others may be wider.
"""

import os
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from crnn.ctc import steps_needed
from crnn.dataset.label_file import DataError, LabelFile
from crnn.dataset.layout import image_names, read_dataset_image, relative_name
from crnn.geometry import padded_width, time_steps
from crnn.normalization import pad_right

Batch = tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Batches(Protocol):
    """Give the batches of an epoch by number; ``workers`` threads keep ``max_queue_size`` of them ready."""

    workers: int
    max_queue_size: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Batch: ...


class TrainingBatches(Batches, Protocol):
    """Give other batches in each epoch.

    Attributes:
        images: images of an epoch.
        broken: message of each image that could not be used, by its path.
    """

    images: int
    broken: dict[str, str]

    def start_epoch(self, epoch: int) -> None:
        """Take the order of an epoch."""


@dataclass(frozen=True)
class ImageIndex:
    """The images of batch folders that have a usable label.

    Attributes:
        folders: batch folders.
        labels: the label file.
        lines: (images,) uint32, the line of each image in the label file, folder by folder.
        ends: (folders,) where the images of each folder end in ``lines``.
        left_out: how many images were left out, by reason.
    """

    folders: list[str]
    labels: LabelFile
    lines: np.ndarray
    ends: np.ndarray
    left_out: Counter[str]


def index_images(
    folders: Sequence[str | Path], labels: LabelFile, classes: int, excluded: Collection[str] = ()
) -> ImageIndex:
    """Find the images of batch folders that have a usable label; open none of them.

    Args:
        folders: batch folders.
        labels: the label file that names the images.
        classes: entries of the table; labels from here on are unknown.
        excluded: images to leave out, see ``validation.excluded_images``.

    Raises:
        DataError: there are none.
    """
    names_of_folders = [str(folder) for folder in folders]
    is_known, has_labels = labels.largest() < classes, labels.lengths > 0
    excluded = frozenset(excluded)
    left_out: Counter[str] = Counter()
    lines, counts = [], []
    for folder in names_of_folders:
        names = image_names(folder)
        numbers = labels.line_numbers(names)
        labelled = numbers >= 0
        excluded_here = [
            bool(excluded) and not excluded.isdisjoint((name, relative_name(folder, name))) for name in names
        ]
        reasons = {
            "without a label": ~labelled,
            "with an unknown label": labelled & ~is_known[numbers] if len(labels) else labelled,
            "with an empty label": labelled & ~has_labels[numbers] if len(labels) else labelled,
            "found bad by --check": np.array(excluded_here, bool),
        }
        good = np.ones(len(names), bool)
        for reason, applies in reasons.items():
            left_out[reason] += int((good & applies).sum())
            good &= ~applies
        lines.append(numbers[good].astype(np.uint32))
        counts.append(int(good.sum()))
    labels.drop_name_index()
    if not sum(counts):
        raise DataError(f"{names_of_folders[0] if folders else 'no folder'}: no image here has a usable label")
    return ImageIndex(names_of_folders, labels, np.concatenate(lines), np.cumsum(counts), left_out)


class BatchLoader(keras.utils.Sequence):
    """Load batches of the data set for ``train_core``.

    Each image is inverted with probability one half, so that the network learns light text too. An image that turns
    out to be broken, or too narrow for its label, is counted, and the image before it in the batch takes its place.

    Args:
        index: the images, see ``index_images``.
        batch_size: images a batch.
        invert: False for measuring: every image as it is, in the order of folder and name.
        seed: decides inversions and order, together with the epoch.
        whole_batches: leave out the last images of an epoch that fill no batch; others in each epoch.
        share: (k, n) takes of each batch the images k, k + n, ...: for the k-th of n hosts.

    Attributes:
        broken: message of each image that could not be used, by its path.
        epoch: number of the epoch, which decides the order.
        images: images of an epoch.
        longest: most labels of an image.
    """

    def __init__(
        self,
        index: ImageIndex,
        batch_size: int = 32,
        invert: bool = True,
        seed: int = 0,
        whole_batches: bool = False,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=16)
        self.index, self.batch_size, self.invert, self.seed = index, batch_size, invert, seed
        self.whole_batches, self.share = whole_batches, share
        self.images = len(index.lines)
        self.longest = int(index.labels.lengths[index.lines].max())
        self.broken: dict[str, str] = {}
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Take the order and the inversions of an epoch.

        The folders come in random order, and the images within each: neighbours on the disk stay near each other.
        """
        self.epoch = epoch
        self._key = (self.seed, epoch)
        if not self.invert:
            self._order = np.arange(self.images, dtype=np.uint32)
            return
        rng = np.random.default_rng(self._key)
        self._order = np.empty(self.images, np.uint32)
        ends = self.index.ends
        at = 0
        for folder in rng.permutation(len(ends)):
            first = ends[folder - 1] if folder else 0
            some = np.arange(first, ends[folder], dtype=np.uint32)
            rng.shuffle(some)
            self._order[at : at + len(some)] = some
            at += len(some)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, as Keras asks for."""
        self.start_epoch(self.epoch + 1)

    def __len__(self) -> int:
        if self.whole_batches and self.images >= self.batch_size:
            return self.images // self.batch_size
        return -(-self.images // self.batch_size)

    def __getitem__(self, index: int) -> Batch:
        """Load a batch.

        Args:
            index: number of the batch in the epoch.

        Returns:
            The inputs of ``train_core``: images (n, 32, width, 1) float32, labels (n, longest), input_length (n, 1)
            and label_length (n, 1); and targets (n, 1), all zero. The width is 280, or more if an image of the batch
            needs it; the others are padded to it.

        Raises:
            DataError: no image of the batch can be used.
        """
        first, step = self.share
        places = self._order[index * self.batch_size : (index + 1) * self.batch_size][first::step]
        read = self._read_all(places, index)
        width = padded_width(max(image.shape[1] for image, _ in read))
        images = np.stack([pad_right(image, width - image.shape[1]) for image, _ in read])
        if self.invert:
            inverted = np.random.default_rng((*self._key, index)).random(self.batch_size) < 0.5
            inverted = inverted[first::step][: len(images)]
            images[inverted] = 255 - images[inverted]
        labels = np.zeros((len(read), self.longest), np.int32)
        for row, (_, label) in zip(labels, read, strict=True):
            row[: len(label)] = label
        lengths = np.array([[len(label)] for _, label in read], np.int32)
        inputs = images[..., None].astype(np.float32), labels, np.full_like(lengths, time_steps(width)), lengths
        return inputs, np.zeros((len(read), 1), np.float32)

    def _read_all(self, places: np.ndarray, batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Read the images and labels of a batch; a usable one takes the place of each that is not."""
        read = [self._read(place) for place in places]
        usable = next((pair for pair in read if pair), None)
        if usable is None:
            reason = list(self.broken.values())[-1]
            raise DataError(f"batch {batch} holds no image that can be read; the last: {reason}")
        filled = []
        for pair in read:
            usable = pair or usable
            filled.append(usable)
        return filled

    def _read(self, place: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Read an image and its labels; on failure note the message in ``broken`` and return None."""
        line = int(self.index.lines[place])
        folder = self.index.folders[np.searchsorted(self.index.ends, place, side="right")]
        path = os.path.join(folder, self.index.labels.name(line))
        label = self.index.labels[line]
        try:
            image = read_dataset_image(path)
            steps = time_steps(padded_width(image.shape[1]))
            if steps_needed(label) > steps:
                raise DataError(f"{path}: its {len(label)} labels need more than the {steps} steps of its width")
        except DataError as error:
            self.broken[path] = str(error)
            return None
        return image, label


def read_ahead(loader: Batches, first: int) -> Iterator[Batch]:
    """Yield the batches of a loader from number ``first`` on, read by its threads before they are asked for.

    Args:
        loader: its ``workers`` threads keep ``max_queue_size`` batches ready.
        first: number of the first batch.
    """
    with ThreadPoolExecutor(loader.workers) as pool:
        waiting: deque = deque()
        for number in range(first, len(loader) + loader.max_queue_size):
            if number < len(loader):
                waiting.append(pool.submit(loader.__getitem__, number))
            if len(waiting) > loader.max_queue_size or (number >= len(loader) and waiting):
                yield waiting.popleft().result()
