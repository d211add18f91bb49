"""Train from random weights to a reader of lines, in stages, on lines drawn meanwhile.

The whole network does not learn from nothing with CTC in useful time: the LSTMs hide the convolutions from the loss.
But synthetic lines know where each character stands. So first the convolutions alone learn to name the character of
each frame, then the LSTMs learn the same on top of them, then all layers learn with CTC, with warm restarts: each time
the rate falls to nothing, fewer errors are left (Loshchilov, Hutter: SGDR, ICLR 2017). The weights of the last two of
these stages are averaged, which left fewer still (Izmailov et al.: Averaging Weights Leads to Wider Optima and Better
Generalization, UAI 2018). At last the network learns to be read with 8-bit integers.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from crnn.charset import Charset
from crnn.evaluation.scoring import best_paths, score_paths
from crnn.files import write_text
from crnn.model import backend, weights_file
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.batch_stream import BatchStream, make_batch
from crnn.synthesis.source import LineSource
from crnn.training.checkpoint import BackgroundWriter, Checkpoint, values_of
from crnn.training.line_cache import cached_batches
from crnn.training.recipe import Spent, Stage, SyntheticRecipe
from crnn.training.run_log import print_samples, write_log
from crnn.training.stage_model import StageModel
from crnn.training.train_step import prefetch

SAMPLES = 3  # decoded lines shown with each report
PROGRESS = {"number": int, "step": int, "steps_before": int, "hours": float, "hours_before": float, "reports": list}
UNFINISHED = 2  # steps that may still be computed when the next is begun


class SyntheticTrainer:
    """Run a recipe that can be stopped and taken up at any step.

    Args:
        recipe: what decides the weights.
        source: of the lines to learn from.
        heldout: of the lines to measure on.
        folder: for state, log and weights.
        processes: how many draw lines.
        heldout_lines: how many to measure on.

    Attributes:
        on_step: called after each step; for tests.
        clock: gives seconds; for tests.

    Raises:
        ValueError: the devices cannot share a batch, or weights do not fit.
    """

    def __init__(
        self,
        recipe: SyntheticRecipe,
        source: LineSource,
        heldout: LineSource,
        folder: str | Path,
        processes: int = 1,
        heldout_lines: int = 256,
    ) -> None:
        self.recipe, self.source, self.folder = recipe, source, Path(folder)
        self.checkpoint = Checkpoint(self.folder / "state.npz", asdict(recipe))
        self.processes = processes
        devices, _, hosts = backend.distribute()
        if hosts > 1 or recipe.batch_size % devices:
            raise ValueError(
                f"a batch of {recipe.batch_size} lines cannot be shared by {devices} devices, {hosts} hosts"
            )
        before = recipe.start_from
        self.charset = Charset.for_weights(before) if before else Charset.from_file(DEFAULT_CHARSET)
        keras.config.set_dtype_policy(recipe.precision)
        keras.utils.set_random_seed(recipe.seed)
        self.model = StageModel(self.charset)
        self.network = self.model.network
        self.heldout = make_batch(heldout.generator(self.charset), 0, heldout_lines)
        self.number, self.step, self.steps_before = 0, 0, 0  # of the stage, in it, in those before it
        self.hours, self.hours_before = 0.0, 0.0
        self.reports: list[dict[str, Any]] = []
        self.on_step: Callable[[], Any] = lambda: None
        self.clock: Callable[[], float] = time.perf_counter

    @property
    def stage(self) -> Stage:
        """Return the stage at hand."""
        return self.recipe.stages[self.number]

    # The loop

    def run(
        self,
        report_every: float = 120.0,
        save_every: float = 240.0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train from where the state stands to the end of the recipe, or until it should stop.

        Args:
            report_every: seconds between two measurements.
            save_every: seconds between two states.
            should_stop: asked after each step; if true, the state is saved and the run ends.

        Returns:
            True if the recipe is done.

        Raises:
            ValueError: the state in the folder belongs to another recipe.
            ChildProcessError: the processes that draw lines have failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / "recipe.json", json.dumps(asdict(self.recipe), indent=1))
        self.charset.save(self.folder / "charset.txt")
        self.restore()
        self._started = self.clock() - 3600 * self.hours
        with BackgroundWriter() as self.writer, closing(self._batches()) as batches:
            return self._run_stages(batches, report_every, save_every, should_stop)

    def _run_stages(self, batches, report_every, save_every, should_stop):
        while True:
            if not self._run_stage(batches, report_every, save_every, should_stop):
                return False
            self.writer.wait()
            self._save_stage_weights()
            following = self.recipe.stages[self.number + 1 :]
            if self.stage.phase == "ctc" and (not following or following[0].phase != "ctc"):
                self._average_last_stages()
            if not following:
                return True
            self.steps_before, self.hours_before = self.steps_before + self.step, self.hours
            self.number, self.step = self.number + 1, 0
            self._start_stage()

    def _batches(self):
        """Yield each batch from the step at hand on, and its images on the devices."""
        recipe, size, first = self.recipe, self.recipe.batch_size, self.steps_before + self.step

        def draw(number):
            return BatchStream(self.source, self.charset, size, number, self.processes)

        with ExitStack() as stack:
            if recipe.cache_lines:
                path = self.folder / "lines.bin"
                batches = cached_batches(draw, path, recipe.cache_lines, size, first, recipe.seed)
                stack.enter_context(closing(batches))
            else:
                batches = stack.enter_context(draw(first))
            ahead = prefetch(batches, self.model.put)
            yield from stack.enter_context(closing(ahead))

    @property
    def spent(self) -> Spent:
        """Return the lines and hours of the training so far."""
        return Spent((self.steps_before + self.step) * self.recipe.batch_size, self.hours)

    def _done(self):
        """Return how much of the stage at hand is done, from 0 to 1."""
        self.hours = (self.clock() - self._started) / 3600
        before = Spent(self.steps_before * self.recipe.batch_size, self.hours_before)
        return self.recipe.done(self.number, before, self.spent)

    def _run_stage(self, batches, report_every, save_every, should_stop):
        """Train to the end of the stage; return False if it should stop before."""
        stage, size = self.stage, self.recipe.batch_size
        saved = reported = self.clock()
        waited, losses, unfinished = 0.0, [], deque()
        while (done := self._done()) < 1 and not should_stop():
            before = self.clock()
            try:
                batch, images = next(batches)
            except ChildProcessError:
                self._save()
                raise
            waited += self.clock() - before
            rate = stage.learning_rate_at(done, self.step, size)
            unfinished.append(self.model.step(rate, self.model.inputs(batch, images)))
            if len(unfinished) > UNFINISHED:
                losses.append(float(unfinished.popleft()))
            self.step += 1
            self.on_step()
            now = self.clock()
            if now - reported > report_every or self._done() >= 1:
                losses += map(float, unfinished)
                unfinished.clear()
                seconds = self.clock() - reported
                self._log(*self.evaluate(losses, len(losses) * size / seconds, waited / seconds))
                waited, losses, reported = 0.0, [], self.clock()
            if now - saved > save_every:
                self._save()
                saved = self.clock()
        self._save()
        return done >= 1

    # Reports

    def evaluate(
        self, losses: Sequence[float], lines_per_second: float, share_waiting: float
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Measure on the held-out lines.

        Args:
            losses: of the steps since the last report.
            lines_per_second: speed since then.
            share_waiting: share of the time since then that the trainer waited for lines.

        Returns:
            The row of the log, and samples (target, prediction).
        """
        self.model.step.sync()
        paths = best_paths(self.model.predict, self.heldout.images)
        targets = self.heldout.frame_labels
        characters = targets != self.charset.blank
        scores, pairs = score_paths(paths, self.heldout.texts, self.charset)
        row = {
            "stage": self.stage.name,
            "lines": self.step * self.recipe.batch_size,
            "hours": round(self.hours, 3),
            "loss": round(float(np.mean(losses)), 4),
            "lines_per_second": round(lines_per_second, 1),
            "share_waiting_for_data": round(share_waiting, 4),
            "heldout_frame_accuracy": round(float((paths == targets)[characters].mean()), 4),
            "heldout_cer": round(scores.cer, 4),
            "heldout_exact": round(scores.exact, 4),
        }
        first = self.step % (len(pairs) - SAMPLES)
        return row, pairs[first : first + SAMPLES]

    def _log(self, row, samples):
        self.reports.append(row)
        write_log(self.folder / "log.csv", self.reports)
        print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
        print_samples(samples)

    # State and weights

    def _save(self):
        """Write the state and ``CRNN.h5`` beside the training, from a copy of their values."""
        core, ranges = self.network.predict_core, self.network.rounding.ranges
        state, weights = values_of(self.model.variables()), weights_file.values_of(core)
        progress = {name: getattr(self, name) for name in PROGRESS} | {"reports": list(self.reports), "ranges": ranges}

        def write():
            self.checkpoint.write(state, progress)
            weights_file.write(core, weights, self.folder / "CRNN.h5")
            weights_file.write_activation_ranges(self.folder / "CRNN.h5", ranges)

        self.writer.submit(write)

    def restore(self) -> None:
        """Prepare the stage to go on with, as the state in the folder has it, or the first stage.

        Raises:
            ValueError: the state belongs to another recipe.
        """
        progress = self.checkpoint.progress(PROGRESS | {"ranges": dict})
        if progress is None:
            if self.recipe.start_from:
                self.network.load_weights(self.recipe.start_from)
            self._start_stage()
            return
        self.network.rounding.ranges = progress.pop("ranges")
        for name, value in progress.items():
            setattr(self, name, value)
        self.model.prepare(self.stage)
        self.checkpoint.restore(self.model.variables())

    def _start_stage(self):
        if self.stage.quantized:
            self.network.round_like(self.heldout.images)
        self.model.prepare(self.stage)

    def _stage_weights_path(self, number):
        return self.folder / f"{self.recipe.stages[number].name}.h5"

    def _save_stage_weights(self):
        """Save the weights of a stage that is done, for the average."""
        if self.stage.phase == "ctc":
            self.network.save_weights(self._stage_weights_path(self.number), "float32")

    def _initial_weights_path(self):
        """Return the file of the weights that this stage started from; None if these were random."""
        if self.number == 0:
            return self.recipe.start_from
        before = self.number - 1
        return self._stage_weights_path(before) if self.recipe.stages[before].phase == "ctc" else None

    def _average_last_stages(self):
        """Make ``CRNN.h5`` the average of the weights of the last stage and of those it started from; go on with it."""
        path = self.folder / "CRNN.h5"
        if before := self._initial_weights_path():
            weights_file.save_average(self.network.predict_core, before, self.recipe.previous_weight, path)
            self.network.load_weights(path)
