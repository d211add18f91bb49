"""The loader that feeds the training from batch folders and a label file.

All batches but the last are for training, the last is the test. The images of the data set are
280 x 32, with ten characters each; others may be wider.
"""

import os
from collections import Counter

import keras
import numpy as np

from crnn.ctc import steps_needed
from crnn.dataset.label_file import DataError
from crnn.dataset.layout import image_names, read_image, short_path
from crnn.geometry import padded_width, time_steps
from crnn.normalization import pad_right


class BatchFolders(keras.utils.Sequence):
    """Batches of the data set for ``train_core``.

    Each image is inverted with probability one half, so that the network learns light text too.
    Images without a usable label are left out beforehand. An image that turns out to be broken, or
    too narrow for its label, is counted, and the image before it in the batch takes its place.

    Args:
        folders: batch folders. labels: ``labels.Labels``.
        classes: entries of the table; labels from here on are unknown.
        batch_size: images a batch.
        invert: False for measuring: every image as it is, in order of folder and name.
        seed: decides inversions and order, together with the epoch.
        unwanted: images to leave out, as ``checking.unwanted_images`` gives them.
        whole_batches: leave out the last images of an epoch that make no whole batch; others in each epoch.
        share: (k, n) takes of each batch the images k, k + n, ...: for the k-th of n hosts.
        workers: threads that read ahead.

    Attributes:
        left_out: why how many images were left out, a ``Counter``.
        broken: path and message of each image that could not be used on the way.
    """

    def __init__(
        self,
        folders,
        labels,
        classes,
        batch_size=32,
        invert=True,
        seed=0,
        unwanted=(),
        whole_batches=False,
        share=(0, 1),
        workers=1,
        max_queue_size=16,
    ):
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=max_queue_size)
        self.folders, self.labels, self.batch_size = [str(folder) for folder in folders], labels, batch_size
        self.invert, self.seed, self.epoch, self.whole_batches, self.share = invert, seed, 0, whole_batches, share
        self.left_out, self.broken = Counter(), {}
        known = labels.largest() < classes
        some = labels.lengths > 0
        unwanted = frozenset(unwanted)
        lines, counts = [], []
        for folder in self.folders:
            names = image_names(folder)
            numbers = labels.numbers(names)
            wanted = [not unwanted or not unwanted & {name, short_path(folder, name)} for name in names]
            reasons = {
                "without a label": numbers < 0,
                "with an unknown label": (numbers >= 0) & ~known[numbers] if len(labels) else numbers >= 0,
                "with an empty label": (numbers >= 0) & ~some[numbers] if len(labels) else numbers >= 0,
                "found bad by --check": ~np.array(wanted, bool),
            }
            good = np.ones(len(names), bool)
            for reason, is_so in reasons.items():
                self.left_out[reason] += int((good & is_so).sum())
                good &= ~is_so
            lines.append(numbers[good].astype(np.uint32))
            counts.append(int(good.sum()))
        labels.forget_names()
        self._ends = np.cumsum(counts)
        self._lines = np.concatenate(lines) if lines else np.zeros(0, np.uint32)
        if not len(self._lines):
            raise DataError(f"{self.folders[0] if folders else 'no folder'}: no image here has a usable label")
        self.longest = int(labels.lengths[self._lines].max())
        self._shuffle()

    @property
    def images(self):
        """How many images an epoch has."""
        return len(self._lines)

    def _shuffle(self):
        """Folders in random order, and images within each: neighbours on the disk stay near each other."""
        self._key = (self.seed, self.epoch)
        if not self.invert:
            self._order = np.arange(self.images, dtype=np.uint32)
            return
        rng = np.random.default_rng(self._key)
        self._order = np.empty(self.images, np.uint32)
        at = 0
        for folder in rng.permutation(len(self._ends)):
            first = self._ends[folder - 1] if folder else 0
            some = np.arange(first, self._ends[folder], dtype=np.uint32)
            rng.shuffle(some)
            self._order[at : at + len(some)] = some
            at += len(some)

    def start_epoch(self, epoch):
        """Order and inversions of any epoch."""
        self.epoch = epoch
        self._shuffle()

    def on_epoch_end(self):
        self.start_epoch(self.epoch + 1)

    def __len__(self):
        if self.whole_batches and self.images >= self.batch_size:
            return self.images // self.batch_size
        return -(-self.images // self.batch_size)

    def __getitem__(self, index):
        """([images (n, 32, width, 1), labels (n, longest), input_length (n, 1), label_length (n, 1)], zeros (n, 1)).

        The width is 280, or more if an image of the batch needs it; colour is added to the others.

        Raises:
            DataError: no image of the batch can be used.
        """
        first, step = self.share
        places = self._order[index * self.batch_size : (index + 1) * self.batch_size][first::step]
        read = [self._read(place) for place in places]
        usable = next((pair for pair in read if pair), None)
        if usable is None:
            raise DataError(
                f"batch {index} holds no image that can be read; the last: {list(self.broken.values())[-1]}"
            )
        for row, pair in enumerate(read):
            usable = read[row] = pair or usable
        width = padded_width(max(image.shape[1] for image, _ in read))
        images = np.stack([pad_right(image, width - image.shape[1]) for image, _ in read])
        if self.invert:
            turned = np.random.default_rng((*self._key, index)).random(self.batch_size) < 0.5
            turned = turned[first::step][: len(images)]
            images[turned] = 255 - images[turned]
        labels = np.zeros((len(read), self.longest), np.int32)
        for row, (_, known) in zip(labels, read, strict=True):
            row[: len(known)] = known
        lengths = np.array([[len(known)] for _, known in read], np.int32)
        inputs = images[..., None].astype(np.float32), labels, np.full_like(lengths, time_steps(width)), lengths
        return inputs, np.zeros((len(read), 1), np.float32)

    def _read(self, place):
        """An image and its labels, or None, and then its message is in ``broken``."""
        line = int(self._lines[place])
        folder = self.folders[np.searchsorted(self._ends, place, side="right")]
        path = os.path.join(folder, self.labels.name(line))
        known = self.labels[line]
        try:
            image = read_image(path)
            room = time_steps(padded_width(image.shape[1]))
            if steps_needed(known) > room:
                raise DataError(f"{path}: its {len(known)} labels need more than the {room} steps of its width")
        except DataError as error:
            self.broken[path] = str(error)
            return None
        return image, known
