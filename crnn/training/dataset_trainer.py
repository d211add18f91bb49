"""Training with CTC from batch folders: for a workstation with the whole data set."""

import json
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from crnn.charset import Charset
from crnn.dataset.label_file import LabelFile
from crnn.dataset.layout import batch_folders
from crnn.dataset.loader import Batches, BatchLoader, TrainingBatches, index_images, read_ahead
from crnn.dataset.validation import excluded_images
from crnn.evaluation.metrics import LineScores
from crnn.evaluation.scoring import best_paths, score_paths
from crnn.files import write_text
from crnn.model import backend
from crnn.model.losses import passthrough_loss
from crnn.model.network import CRNN
from crnn.training.checkpoint import Checkpoint, values_of, variables_of
from crnn.training.recipe import DatasetRecipe
from crnn.training.run_log import print_samples, write_log
from crnn.training.train_step import clip_norm, prefetch, train_step

SAMPLES = 3  # decoded lines shown after each epoch
PROGRESS = {"epoch": int, "step": int, "loss": float, "history": list}  # part of the state


def load_batch_folders(
    recipe: DatasetRecipe, charset: Charset, share: tuple[int, int]
) -> tuple[BatchLoader, BatchLoader]:
    """Return the loaders of the training and the test batches; print what they left out to stderr.

    Args:
        recipe: names the data set.
        charset: the table of the labels.
        share: of the training batches that this process loads, see ``BatchLoader``.
    """
    data = Path(recipe.data)
    *train_folders, test_folder = batch_folders(data / "img_batches")
    labels = {kind: LabelFile.from_file(data / "labels" / f"data_{kind}.txt") for kind in ("train", "test")}
    excluded = excluded_images(data)
    train_index = index_images(train_folders or [test_folder], labels["train"], len(charset), excluded)
    test_index = index_images([test_folder], labels["test"], len(charset), excluded)
    size, seed = recipe.batch_size, recipe.seed
    train = BatchLoader(train_index, size, seed=seed, whole_batches=True, share=share)
    test = BatchLoader(test_index, size, seed=seed, invert=False)
    for kind, index in (("training", train_index), ("test", test_index)):
        reasons = [f"{count} left out {reason}" for reason, count in index.left_out.items() if count]
        print(", ".join([f"{kind}: {len(index.lines)} images", *reasons]), file=sys.stderr)
    return train, test


# Gives the batches to train and to measure on, of a recipe, a table, and the share of this process (see BatchLoader).
Load = Callable[[DatasetRecipe, Charset, tuple[int, int]], tuple[TrainingBatches, Batches]]


class DatasetTrainer:
    """Run a training that can be stopped at any moment and taken up where its last state stands.

    Args:
        recipe: what decides the weights.
        folder: for state, weights, log and table.
        load: gives the batches.
        frozen: names of layers that are not trained; batch normalization among them keeps its statistics.

    Attributes:
        on_step: called after each step; for tests.

    Raises:
        DataError: the data set breaks a rule.
        ValueError: state or weights do not fit.
    """

    def __init__(
        self,
        recipe: DatasetRecipe,
        folder: str | Path,
        load: Load = load_batch_folders,
        frozen: Collection[str] = (),
    ) -> None:
        self.recipe, self.folder = recipe, Path(folder)
        table = recipe.charset
        self.charset = Charset.from_file(table) if table else Charset.for_dataset(recipe.data)
        devices, process, processes = backend.distribute()
        self.leads = process == 0  # of several hosts, one writes and prints
        if recipe.batch_size % devices:
            raise ValueError(f"a batch of {recipe.batch_size} images cannot be shared by {devices} devices")
        keras.config.set_dtype_policy(recipe.precision)
        keras.utils.set_random_seed(recipe.seed)
        self.train, self.test = load(recipe, self.charset, (process, processes))
        self.network = CRNN(self.charset.classes)
        if recipe.start_from:
            before = Charset.for_weights(recipe.start_from)
            same = before.characters == self.charset.characters
            self.network.load_weights(recipe.start_from, None if same else self.charset.classes_in(before))
        for layer in self.network.predict_core.layers:
            layer.trainable = layer.name not in frozen
        self.model = self.network.train_core
        self.model.compile(keras.optimizers.Adam(global_clipnorm=clip_norm()), loss=passthrough_loss)
        self.model.optimizer.build(self.model.trainable_variables)
        self.take_step = train_step(self.model)
        self.predict = backend.traced(self.network.predict_core)
        self.checkpoint = Checkpoint(self.folder / "state.npz", asdict(recipe) | {"images": self.train.images})
        self.epoch, self.step, self.loss = 0, 0, 0.0
        self.history: list[dict[str, Any]] = []
        self.on_step: Callable[[], Any] = lambda: None

    # The loop

    def run(self, save_every: float = 300.0, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Train to the end: all epochs, or as many as bring a better test CER; or until it should stop.

        Args:
            save_every: seconds between two states within an epoch.
            should_stop: asked after each batch; if true, the state is saved and the run ends.

        Returns:
            True if the training is done.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        if self.leads:
            write_text(self.folder / "configuration.json", json.dumps(asdict(self.recipe), indent=1))
            self.charset.save(self.folder / "charset.txt")
        board = self._tensorboard() if self.leads else None
        while self.epoch < self.recipe.epochs and not self._has_stalled():
            evaluated = self._evaluate(should_stop) if self._train_epoch(save_every, should_stop) else None
            if evaluated is None:
                self._save_state()
                return False
            row, samples = evaluated
            self.history.append(row)
            if board:
                self._log(row, samples, board)
                self._save_if_best()
            self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0
            self._save_state()
        if self._has_stalled():
            print(f"no better test CER in {self.recipe.patience} epochs: done", file=sys.stderr)
        return True

    def _train_epoch(self, save_every, should_stop):
        """Train to the end of the epoch; return False if it should stop before."""
        loader, recipe = self.train, self.recipe
        loader.start_epoch(self.epoch)
        saved = time.perf_counter()
        size = recipe.batch_size
        with tqdm(
            desc=f"epoch {self.epoch + 1}/{recipe.epochs}",
            total=len(loader) * size,
            initial=self.step * size,
            unit=" images",
            mininterval=1.0,
            disable=not self.leads,
        ) as bar:
            for batch in prefetch(read_ahead(loader, self.step), self._put):
                if should_stop():
                    return False
                self.loss += float(self.take_step(self._learning_rate_at(self.step), batch))
                self.step += 1
                bar.set_postfix(loss=f"{self.loss / self.step:.4f}", refresh=False)
                bar.update(size)
                self.on_step()
                if time.perf_counter() - saved > save_every:
                    self._save_state()
                    saved = time.perf_counter()
        return not should_stop()

    def _learning_rate_at(self, step):
        """Return the learning rate at a step of the epoch at hand."""
        steps = len(self.train)
        return self.recipe.learning_rate_at(self.epoch * steps + step, self.recipe.epochs * steps)

    def _put(self, batch):
        inputs, targets = batch
        return self.take_step.put((list(inputs), targets))

    def _has_stalled(self):
        cers = [row["val_cer"] for row in self.history]
        return bool(cers) and len(cers) - 1 - int(np.argmin(cers)) >= self.recipe.patience

    # After each epoch

    def measure(
        self, should_stop: Callable[[], bool] = lambda: False
    ) -> tuple[LineScores, list[tuple[str, str]]] | None:
        """Return scores on the test batches, and samples (target, prediction); None if it should stop."""
        scores = LineScores()
        samples: list[tuple[str, str]] = []
        for inputs, _ in read_ahead(self.test, 0):
            if should_stop():
                return None
            images, labels, _, lengths = inputs
            texts = [self.charset.decode(row[: length[0]]) for row, length in zip(labels, lengths, strict=True)]
            _, pairs = score_paths(best_paths(self.predict, images), texts, self.charset)
            for target, prediction in pairs:
                scores.update(target, prediction)
            samples += pairs[: SAMPLES - len(samples)]
        return scores, samples

    def _evaluate(self, should_stop):
        """Return the row of the log for this epoch, and samples (target, prediction); None if it should stop."""
        self.take_step.sync()
        measured = self.measure(should_stop)
        if measured is None:
            return None
        scores, samples = measured
        row = {
            "epoch": self.epoch + 1,
            "loss": self.loss / max(1, self.step),
            "val_cer": scores.cer,
            "val_exact": scores.exact,
            "learning_rate": float(np.float32(self._learning_rate_at(self.step - 1))),
            "broken_images": len(self.train.broken),
        }
        return row, samples

    def _log(self, row, samples, board):
        write_log(self.folder / "log.csv", self.history)
        board.on_epoch_end(self.epoch, {name: value for name, value in row.items() if name != "epoch"})
        print(f"test batch: CER {row['val_cer']:.4f}, exactly right {row['val_exact']:.4f}", file=sys.stderr)
        print_samples(samples)
        for message in list(self.train.broken.values())[:SAMPLES]:
            print(f"left out: {message}", file=sys.stderr)

    def _save_if_best(self):
        if self.history[-1]["val_cer"] == min(row["val_cer"] for row in self.history):
            self.network.save_weights(self.folder / "CRNN.h5")

    def _tensorboard(self):
        board = keras.callbacks.TensorBoard(str(self.folder / "tensorboard"), write_graph=False)
        board.set_model(self.model)
        return board

    # State

    def _variables(self):
        return variables_of(network=self.network.predict_core, optimizer=self.model.optimizer)

    def _save_state(self):
        if not self.leads:
            return
        self.take_step.sync()
        progress = {name: getattr(self, name) for name in PROGRESS}
        self.checkpoint.write(values_of(self._variables()), progress)

    def _restore(self):
        progress = self.checkpoint.progress(PROGRESS)
        if progress:
            self.epoch, self.step, self.loss = progress["epoch"], progress["step"], progress["loss"]
            self.history = progress["history"]
            self.checkpoint.restore(self._variables())
