"""Training with CTC from batch folders: for a workstation with the whole data set."""

import csv
import json
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from crnn.charset import Charset
from crnn.dataset.label_file import Labels
from crnn.dataset.layout import batch_folders
from crnn.dataset.loader import BatchFolders
from crnn.dataset.validation import unwanted_images
from crnn.evaluation.metrics import LineScores
from crnn.evaluation.scoring import best_paths, score_paths
from crnn.model import backend
from crnn.model.losses import given_loss
from crnn.model.network import CRNN
from crnn.training.checkpoint import Checkpoint, variables_of
from crnn.training.recipe import CLIP_NORM

SAMPLES = 3  # decoded lines shown after each epoch


@dataclass(frozen=True)
class Configuration:
    """All that decides what weights come out, saved as JSON beside them.

    Attributes:
        data: folder with ``labels/`` and ``img_batches/``.
        start_from: weights file, or None for random weights.
        charset: file of the table of labels; None for that of the data set.
        epochs: at most so many. patience: epochs without a better test CER after which it ends.
        batch_size: images, of all devices together.
        learning_rate: at its height, after ``warm_up`` steps; from there a cosine falls to nothing.
        precision: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
        seed: of random weights, inversions and order.
    """

    data: str
    start_from: str | None = None
    charset: str | None = None
    epochs: int = 10
    patience: int = 3
    batch_size: int = 32
    learning_rate: float = 4e-4
    warm_up: int = 200
    precision: str = "float32"
    seed: int = 1

    def rate(self, step, steps):
        """Learning rate at ``step`` of ``steps``."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, steps - self.warm_up)
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * min(1.0, done))))


class Fitting:
    """A training that can be stopped at any moment and taken up where its last state stands.

    Args:
        configuration: ``Configuration``. folder: for state, weights, log and table.

    Attributes:
        on_step: called after each step; for tests.

    Raises:
        DataError: the data set breaks a rule. ValueError: state or weights do not fit.
    """

    def __init__(self, configuration, folder):
        self.configuration, self.folder = configuration, Path(folder)
        table = configuration.charset
        self.charset = Charset.from_file(table) if table else Charset.for_dataset(configuration.data)
        devices, process, processes = backend.distribute()
        self.leads = process == 0  # of several hosts, one writes and speaks
        if configuration.batch_size % devices:
            raise ValueError(f"a batch of {configuration.batch_size} images cannot be shared by {devices} devices")
        keras.config.set_dtype_policy(configuration.precision)
        keras.utils.set_random_seed(configuration.seed)
        self.train, self.test = _loaders(configuration, self.charset, (process, processes))
        self.network = CRNN(self.charset.classes)
        if configuration.start_from:
            before = Charset.for_weights(configuration.start_from)
            same = before.characters == self.charset.characters
            self.network.load_weights(configuration.start_from, None if same else self.charset.classes_in(before))
        self.model = self.network.train_core
        self.model.compile(keras.optimizers.Adam(global_clipnorm=CLIP_NORM), loss=given_loss)
        self.model.optimizer.build(self.model.trainable_variables)
        self.predict = backend.traced(self.network.predict_core)
        self.checkpoint = Checkpoint(self.folder / "state.npz", asdict(configuration) | {"images": self.train.images})
        self.epoch, self.step, self.loss, self.history = 0, 0, 0.0, []
        self.on_step = lambda: None

    # The loop

    def run(self, save_every=300.0):
        """Train to the end: all epochs, or as many as bring a better test CER.

        Args:
            save_every: seconds between two states within an epoch.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        if self.leads:
            (self.folder / "configuration.json").write_text(json.dumps(asdict(self.configuration), indent=1))
            self.charset.save(self.folder / "charset.txt")
        board = self._tensorboard() if self.leads else None
        while self.epoch < self.configuration.epochs and not self._has_stalled():
            self._train_epoch(save_every)
            row = self._row()
            self.history.append(row)
            if self.leads:
                self._report(row, board)
            self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0
            self._save()
        if self._has_stalled():
            print(f"no better test CER in {self.configuration.patience} epochs: done", file=sys.stderr)

    def _train_epoch(self, save_every):
        loader, configuration = self.train, self.configuration
        loader.start_epoch(self.epoch)
        steps = configuration.epochs * len(loader)
        saved = time.perf_counter()
        size = configuration.batch_size
        with tqdm(
            desc=f"epoch {self.epoch + 1}/{configuration.epochs}",
            total=len(loader) * size,
            initial=self.step * size,
            unit=" images",
            mininterval=1.0,
            disable=not self.leads,
        ) as bar:
            for inputs, targets in read_ahead(loader, self.step):
                rate = configuration.rate(self.epoch * len(loader) + self.step, steps)
                self.model.optimizer.learning_rate = rate
                self.model.reset_metrics()  # else Keras gives the mean since the beginning
                loss = float(self.model.train_on_batch(list(inputs), targets))
                self.loss += loss
                self.step += 1
                bar.set_postfix(loss=f"{self.loss / self.step:.4f}", refresh=False)
                bar.update(size)
                self.on_step()
                if time.perf_counter() - saved > save_every:
                    self._save()
                    saved = time.perf_counter()

    def _has_stalled(self):
        cers = [row["val_cer"] for row in self.history]
        return bool(cers) and len(cers) - 1 - int(np.argmin(cers)) >= self.configuration.patience

    # What is said after each epoch

    def _row(self):
        scores, self.samples = self._measure()
        return {
            "epoch": self.epoch + 1,
            "loss": self.loss / max(1, self.step),
            "val_cer": scores.cer,
            "val_exact": scores.exact,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "broken_images": len(self.train.broken),
        }

    def _measure(self):
        """``LineScores`` of the test batch, and samples (truth, prediction)."""
        scores, samples = LineScores(), []
        for inputs, _ in read_ahead(self.test, 0):
            images, labels, _, lengths = inputs
            texts = [self.charset.decode(row[: length[0]]) for row, length in zip(labels, lengths, strict=True)]
            _, pairs = score_paths(best_paths(self.predict, images), texts, self.charset)
            for truth, said in pairs:
                scores.update(truth, said)
            samples += pairs[: SAMPLES - len(samples)]
        return scores, samples

    def _report(self, row, board):
        """The weights, if they are the best; the log; a line and samples on stderr."""
        if row["val_cer"] == min(before["val_cer"] for before in self.history):
            self.network.save_weights(self.folder / "CRNN.h5")
        with (self.folder / "log.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerows(self.history)
        board.on_epoch_end(self.epoch, {name: value for name, value in row.items() if name != "epoch"})
        print(f"test batch: CER {row['val_cer']:.4f}, exactly right {row['val_exact']:.4f}", file=sys.stderr)
        for truth, said in self.samples:
            print(f"    {truth}\n  {'=' if truth == said else '!'} {said}", file=sys.stderr)
        for message in list(self.train.broken.values())[:SAMPLES]:
            print(f"left out: {message}", file=sys.stderr)

    def _tensorboard(self):
        board = keras.callbacks.TensorBoard(str(self.folder / "tensorboard"), write_graph=False)
        board.set_model(self.model)
        return board

    # State

    def _variables(self):
        return variables_of(network=self.network.predict_core, optimizer=self.model.optimizer)

    def _save(self):
        if not self.leads:
            return
        self.checkpoint.save(self._variables(), epoch=self.epoch, step=self.step, loss=self.loss, history=self.history)

    def _restore(self):
        progress = self.checkpoint.progress()
        if progress:
            self.epoch, self.step, self.loss = progress["epoch"], progress["step"], progress["loss"]
            self.history = progress["history"]
            self.checkpoint.restore(self._variables())


def read_ahead(loader, first):
    """The batches of a loader from number ``first`` on, read by its threads before they are asked for."""
    with ThreadPoolExecutor(loader.workers) as pool:
        waiting = deque()
        for number in range(first, len(loader) + loader.max_queue_size):
            if number < len(loader):
                waiting.append(pool.submit(loader.__getitem__, number))
            if len(waiting) > loader.max_queue_size or (number >= len(loader) and waiting):
                yield waiting.popleft().result()


def _loaders(configuration, charset, share):
    """The loaders of the training and the test batches; what they left out is said on stderr.

    Args:
        share: of the training batches that this process loads, see ``BatchFolders``.
    """
    data = Path(configuration.data)
    *train_folders, test_folder = batch_folders(data / "img_batches")
    labels = {kind: Labels.from_file(data / "labels" / f"data_{kind}.txt") for kind in ("train", "test")}
    common = {
        "batch_size": configuration.batch_size,
        "seed": configuration.seed,
        "unwanted": unwanted_images(data),
        "classes": len(charset),
    }
    train = BatchFolders(train_folders or [test_folder], labels["train"], whole_batches=True, share=share, **common)
    test = BatchFolders([test_folder], labels["test"], invert=False, **common)
    for kind, loader in (("training", train), ("test", test)):
        reasons = [f"{count} left out {reason}" for reason, count in loader.left_out.items() if count]
        print(", ".join([f"{kind}: {loader.images} images", *reasons]), file=sys.stderr)
    return train, test
