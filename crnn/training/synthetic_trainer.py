"""Train from random weights to a reader of lines, in stages, on lines drawn meanwhile.

The whole network does not learn from nothing with CTC in useful time: the LSTMs hide the convolutions from the loss.
But synthetic lines know where each character stands. So first the convolutions alone learn to name the character of
each frame, then the LSTMs learn the same on top of them, then all layers learn with CTC, with warm restarts: each time
the rate falls to nothing, fewer errors are left. The weights of the last two stages are averaged, which left fewer
still on most sets measured (Izmailov et al.: Averaging Weights Leads to Wider Optima and Better Generalization, UAI
2018).
"""

import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from crnn.charset import Charset
from crnn.evaluation.scoring import best_paths, score_paths
from crnn.files import write_text
from crnn.model import backend
from crnn.model.losses import framewise_loss, passthrough_loss
from crnn.model.network import CRNN
from crnn.model.weights_file import save_average
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.batch_stream import TIME_STEPS, BatchStream, LineBatch, make_batch
from crnn.synthesis.source import LineSource
from crnn.training.checkpoint import Checkpoint, variables_of
from crnn.training.muon import ConvolutionMuon
from crnn.training.recipe import CLIP_NORM, Stage, SyntheticRecipe
from crnn.training.run_log import print_samples, write_log

SAMPLES = 3  # decoded lines shown with each report


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
        on_step: called after each step; ``stop`` may be called from it.
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
        before = recipe.start_from
        self.charset = Charset.for_weights(before) if before else Charset.from_file(DEFAULT_CHARSET)
        keras.config.set_dtype_policy(recipe.precision)
        keras.utils.set_random_seed(recipe.seed)
        self.network = CRNN(self.charset.classes)
        self.frame_core = self.network.frame_core  # made here: its softmax is part of the state
        self.heldout = make_batch(heldout.generator(self.charset), 0, heldout_lines)
        self.stage, self.step, self.hours = 0, 0, 0.0
        self.reports: list[dict[str, Any]] = []
        self.optimizer: keras.optimizers.Optimizer | None = None
        self.on_step: Callable[[], Any] = lambda: None
        self._stop = False

    # What is trained

    def model(self, stage: Stage) -> keras.Model:
        """Return the model of a stage, compiled."""
        network = self.network
        with_frames = self.frame_core if stage.trains == "cnn" else network.predict_core
        core = network.train_core if stage.objective == "ctc" else with_frames
        for layer in network.predict_core.layers:
            left_out = stage.trains == "lstm" and not layer.name.startswith("blstm")
            layer.trainable = not (left_out or layer.name in stage.frozen)
        self.optimizer = ConvolutionMuon(
            learning_rate=stage.learning_rate,
            exclude_layers=["frame_out", "blstm2_out", "conv1"],
            global_clipnorm=CLIP_NORM,
            weight_decay=0.01,
            adam_weight_decay=0.0,
        )
        core.compile(self.optimizer, loss=passthrough_loss if stage.objective == "ctc" else framewise_loss)
        self.optimizer.build(core.trainable_variables)
        return core

    def inputs(self, stage: Stage, batch: LineBatch) -> tuple:
        """Return the arguments of ``train_on_batch`` for a batch of the stream."""
        images = batch.images.astype(np.float32)
        if stage.objective == "ctc":
            time_steps = np.full_like(batch.label_length, TIME_STEPS)
            return [images, batch.labels, time_steps, batch.label_length], np.zeros((len(images), 1), np.float32)
        weights = np.where(batch.frame_labels == self.charset.blank, stage.blank_weight, 1.0)
        return images, batch.frame_labels, (weights / weights.mean()).astype(np.float32)

    # The loop

    def run(self, report_every: float = 120.0, save_every: float = 240.0) -> bool:
        """Train from where the state stands to the end of the recipe, or until SIGTERM or SIGINT.

        Args:
            report_every: seconds between two measurements.
            save_every: seconds between two states.

        Returns:
            True if the recipe is done.

        Raises:
            ValueError: the state in the folder belongs to another recipe.
            RuntimeError: the processes that draw lines have failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / "recipe.json", json.dumps(asdict(self.recipe), indent=1))
        model = self.restore()
        before = [(sign, signal.signal(sign, self.stop)) for sign in (signal.SIGTERM, signal.SIGINT)]
        try:
            return self._run_stages(model, report_every, save_every)
        finally:
            for sign, handler in before:
                signal.signal(sign, handler)

    def _run_stages(self, model, report_every, save_every):
        while True:
            stage = self.recipe.stages[self.stage]
            first = self.lines_seen // stage.batch_size
            with BatchStream(self.source, self.charset, stage.batch_size, first, self.processes) as stream:
                self._run_stage(stage, model, stream, report_every, save_every)
            if self._stop:
                return False
            if self.stage + 1 == len(self.recipe.stages):
                self._average_last_stages()
                return True
            self._save_stage_weights()
            self.stage, self.step = self.stage + 1, 0
            model = self.model(self.recipe.stages[self.stage])

    @property
    def lines_seen(self) -> int:
        stages = self.recipe.stages
        before = sum(stage.steps * stage.batch_size for stage in stages[: self.stage])
        return before + self.step * stages[self.stage].batch_size

    def _run_stage(self, stage, model, stream, report_every, save_every):
        size = stage.batch_size
        saved = reported = last = time.perf_counter()
        waited, losses = 0.0, []
        while self.step < stage.steps and not self._stop:
            before = time.perf_counter()
            try:
                batch = next(stream)
            except RuntimeError:
                self._save_state()
                self._save_weights()
                raise
            waited += time.perf_counter() - before
            self.optimizer.learning_rate = stage.learning_rate_at(self.step)
            model.reset_metrics()  # else Keras gives the mean since the stage began
            losses.append(float(model.train_on_batch(*self.inputs(stage, batch))))
            self.step += 1
            self.on_step()
            now = time.perf_counter()
            self.hours += (now - last) / 3600
            last = now
            if now - reported > report_every or self.step == stage.steps:
                seconds = now - reported
                row, samples = self.evaluate(stage, losses, len(losses) * size / seconds, waited / seconds)
                self._log(row, samples)
                waited, losses = 0.0, []
                last = reported = time.perf_counter()
            if now - saved > save_every:
                self._save_state()
                self._save_weights()
                saved = last = time.perf_counter()
        self._save_state()
        self._save_weights()

    def stop(self, *_: Any) -> None:
        """End the run after the step at hand, its state saved; also the handler of signals."""
        self._stop = True

    # Reports

    def evaluate(
        self, stage: Stage, losses: list[float], lines_per_second: float, share_waiting: float
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Measure on the held-out lines.

        Args:
            stage: the one at hand.
            losses: of the steps since the last report.
            lines_per_second: speed since then.
            share_waiting: share of the time since then that the trainer waited for lines.

        Returns:
            The row of the log, and samples (target, prediction).
        """
        core = self.frame_core if stage.trains == "cnn" else self.network.predict_core
        paths = best_paths(backend.traced(core), self.heldout.images)
        targets = self.heldout.frame_labels
        characters = targets != self.charset.blank
        scores, pairs = score_paths(paths, self.heldout.texts, self.charset)
        row = {
            "stage": stage.name,
            "lines": self.step * stage.batch_size,
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

    # Weights

    def _save_weights(self):
        self.network.save_weights(self.folder / "CRNN.h5")

    def _stage_weights_path(self, number):
        """Return the file of the weights that a stage came to."""
        return self.folder / f"{self.recipe.stages[number].name}.h5"

    def _save_stage_weights(self):
        """Save the weights of a stage that is done, for the average; those of the frames are not part of it."""
        if self.recipe.stages[self.stage].objective == "ctc":
            self.network.save_weights(self._stage_weights_path(self.stage), "float32")

    def _initial_weights_path(self):
        """Return the file of the weights that this stage started from; None if these were random, or not saved."""
        if self.stage == 0:
            return self.recipe.start_from
        before = self.stage - 1
        return self._stage_weights_path(before) if self.recipe.stages[before].objective == "ctc" else None

    def _average_last_stages(self):
        """Make ``CRNN.h5`` the average of the weights of the last stage and of those it started from."""
        before = self._initial_weights_path()
        if before and self.recipe.stages[self.stage].objective == "ctc":
            share = self.recipe.previous_weight
            save_average(self.network.predict_core, before, share, self.folder / "CRNN.h5")

    # State

    def _variables(self):
        return variables_of(
            network=self.network.predict_core,
            frame_out=self.frame_core.get_layer("frame_out"),
            optimizer=self.optimizer,
        )

    def _save_state(self):
        progress = {"stage": self.stage, "step": self.step, "hours": self.hours, "reports": self.reports}
        self.checkpoint.save(self._variables(), **progress)

    def restore(self) -> keras.Model:
        """Return the model of the stage to go on with, as the state in the folder has it, or of the first stage.

        Raises:
            ValueError: the state belongs to another recipe.
        """
        progress = self.checkpoint.progress()
        if progress is None:
            if self.recipe.start_from:
                self.network.load_weights(self.recipe.start_from)
            return self.model(self.recipe.stages[0])
        self.stage, self.step, self.hours = progress["stage"], progress["step"], progress["hours"]
        self.reports = progress["reports"]
        model = self.model(self.recipe.stages[self.stage])
        self.checkpoint.restore(self._variables())
        return model
