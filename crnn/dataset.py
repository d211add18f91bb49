"""The data set on disk: label files, batch folders, and the loader that feeds ``fit``.

``data/labels/data_train.txt`` holds lines ``20455828_2605100732.jpg 263 82 29 ...``;
``data/img_batches/part_K/batch_N/*.jpg`` the images, 280 x 32, in folders of some 36,000. All
batches but the last are for training, the last is the test.
"""

import re
from pathlib import Path

import cv2
import keras
import numpy as np

from crnn.ctc import steps_needed
from crnn.image import HEIGHT
from crnn.network import steps

WIDTH = 280


class DataError(ValueError):
    """The data set breaks a rule; the message names file and rule."""


class Labels:
    """A label file in memory: some 50 bytes a line, however many there are.

    >>> labels = Labels.from_lines(["a.jpg 3 1 2", "b.jpg 9"])
    >>> labels["a.jpg"].tolist(), len(labels), "c.jpg" in labels
    ([3, 1, 2], 2, False)
    """

    def __init__(self, names, values, ends):
        order = np.argsort(names, kind="stable")
        self._names, self._order = names[order], order
        self._values, self._ends = values, ends

    @classmethod
    def from_file(cls, path):
        """Read a label file.

        Raises:
            DataError: no such file, or a line is no name followed by labels.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataError(f"{path}: no such label file") from None
        return cls.from_lines(text.splitlines(), path)

    @classmethod
    def from_lines(cls, lines, path="labels"):
        names, counts, parts = [], [], []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            name, _, rest = line.strip().partition(" ")
            try:
                labels = np.array(rest.split(), dtype=np.int32)
            except ValueError:
                raise DataError(f"{path}, line {number}: {line!r} is no name followed by numbers") from None
            names.append(name)
            counts.append(len(labels))
            parts.append(labels)
        values = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        return cls(np.array([name.encode() for name in names]), values, np.cumsum(counts, dtype=np.int64))

    def __len__(self):
        return len(self._names)

    def _find(self, name):
        name = name.encode()
        at = np.searchsorted(self._names, name) if len(self._names) else 0
        return self._order[at] if at < len(self._names) and self._names[at] == name else None

    def __contains__(self, name):
        return self._find(name) is not None

    def __getitem__(self, name):
        """Labels of an image: (length,) int32."""
        at = self._find(name)
        if at is None:
            raise KeyError(f"{name} has no label")
        return self._values[self._ends[at - 1] if at else 0 : self._ends[at]]


def batch_folders(folder):
    """The ``part_K/batch_N`` of a folder in the order of N.

    Raises:
        DataError: there are none.
    """
    numbered = [(re.fullmatch(r"batch_(\d+)", path.name), path) for path in Path(folder).glob("part_*/batch_*")]
    found = [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]
    if not found:
        raise DataError(f"{folder}: no part_K/batch_N here; run python unpacking_data.py first")
    return found


def read_image(path):
    """An image of the data set: (32, 280) uint8.

    Raises:
        DataError: it cannot be read, or has another size.
    """
    data = np.fromfile(path, np.uint8)
    grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if grey is None:
        raise DataError(f"{path}: not an image that OpenCV can read")
    if grey.shape != (HEIGHT, WIDTH):
        raise DataError(
            f"{path}: {grey.shape[1]} x {grey.shape[0]} pixels, the data set's images have {WIDTH} x {HEIGHT}"
        )
    return grey


class BatchFolders(keras.utils.Sequence):
    """Batches of the data set for ``train_core``.

    Each image is inverted with probability one half, so that the network learns light text too.
    Images without a label, and labels that cannot be aligned, are left out and counted.

    Args:
        folders: batch folders. labels: ``Labels``. batch_size: images a batch.
        invert: False for measuring. seed: decides inversions and order, together with the epoch.
        workers: threads that read ahead.

    Attributes:
        left_out: how many images have no label, or one that cannot be aligned.
    """

    def __init__(self, folders, labels, batch_size=32, invert=True, seed=0, workers=2, max_queue_size=16):
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=max_queue_size)
        self.labels, self.batch_size, self.invert, self.seed, self.epoch = labels, batch_size, invert, seed, 0
        paths = [path for folder in folders for path in sorted(Path(folder).iterdir()) if path.suffix == ".jpg"]
        good = [path for path in paths if path.name in labels and 0 < steps_needed(labels[path.name]) <= steps(WIDTH)]
        self.left_out = len(paths) - len(good)
        if not good:
            raise DataError(f"{folders[0]}: no image here has a label")
        self.paths = np.array([str(path) for path in good])
        self.longest = max(len(labels[path.name]) for path in good)
        self._shuffle()

    def _shuffle(self):
        self._rng_key = (self.seed, self.epoch)
        if self.invert:
            np.random.default_rng(self._rng_key).shuffle(self.paths)

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()

    def __len__(self):
        return -(-len(self.paths) // self.batch_size)

    def __getitem__(self, index):
        """([images (n, 32, 280, 1), labels (n, longest), input_length (n, 1), label_length (n, 1)], zeros (n, 1))."""
        paths = self.paths[index * self.batch_size : (index + 1) * self.batch_size]
        images = np.stack([read_image(path) for path in paths]).astype(np.float32)[..., None]
        if self.invert:
            turned = np.random.default_rng((*self._rng_key, index)).random(len(paths)) < 0.5
            images[turned] = 255 - images[turned]
        labels = np.zeros((len(paths), self.longest), np.int32)
        lengths = np.zeros((len(paths), 1), np.int32)
        for row, path in enumerate(paths):
            known = self.labels[Path(path).name]
            labels[row, : len(known)] = known
            lengths[row] = len(known)
        input_length = np.full_like(lengths, steps(WIDTH))
        return (images, labels, input_length, lengths), np.zeros((len(paths), 1), np.float32)
