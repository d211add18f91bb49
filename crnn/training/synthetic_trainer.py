"""From random weights to a reader of lines, in eleven stages.

The whole network does not learn from nothing with CTC in useful time: the LSTMs hide the
convolutions from the loss. But synthetic lines know where each character stands. So first the
convolutions alone learn to name the character of each column, then the LSTMs learn the same on top
of them, then all layers learn with CTC, nine times: each time the rate falls to nothing, fewer errors
are left. What the last two of these came to is averaged, which left fewer still on most sets measured
(``weights/README.md``; Izmailov et al.: Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018).
"""

import csv
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from crnn.charset import Charset
from crnn.evaluation.scoring import best_paths, score_paths
from crnn.model import backend
from crnn.model.losses import column_loss, given_loss
from crnn.model.network import CRNN
from crnn.model.weights_file import save_average
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.batch_stream import TIME_STEPS, BatchStream, make_batch
from crnn.training.checkpoint import Checkpoint, variables_of
from crnn.training.muon import ConvolutionMuon
from crnn.training.recipe import CLIP_NORM


class Trainer:
    """Runs a recipe, and can be stopped and taken up at any step.

    Args:
        recipe: ``Recipe``. source: ``LineSource`` of the lines to learn from.
        heldout: ``LineSource`` of the lines to measure on. folder: for state, log and weights.
        processes: how many draw lines. heldout_lines: how many to measure on.

    Attributes:
        on_step: called after each step; ``stop`` may be called from it.
    """

    def __init__(self, recipe, source, heldout, folder, processes=1, heldout_lines=256):
        self.recipe, self.source, self.folder = recipe, source, Path(folder)
        self.checkpoint = Checkpoint(self.folder / "state.npz", asdict(recipe))
        self.processes = processes
        before = recipe.start_from
        self.charset = Charset.for_weights(before) if before else Charset.from_file(DEFAULT_CHARSET)
        keras.config.set_dtype_policy(recipe.precision)
        keras.utils.set_random_seed(recipe.seed)
        self.network = CRNN(self.charset.classes)
        self.network.columns_core  # noqa: B018 - its softmax is part of the state
        self.heldout = make_batch(heldout.generator(self.charset), 0, heldout_lines)
        self.stage, self.step, self.hours = 0, 0, 0.0
        self.optimizer = None
        self.on_step = lambda: None
        self._stop = False

    # What is trained

    def model(self, stage):
        """The model of a stage, compiled."""
        network = self.network
        cores = {"columns": network.columns_core, "blstms": network.predict_core}
        core = cores.get(stage.name, network.train_core)
        for layer in network.predict_core.layers:
            rests = layer.name in stage.resting or (stage.name == "blstms" and not layer.name.startswith("blstm"))
            layer.trainable = not rests
        self.optimizer = ConvolutionMuon(
            learning_rate=stage.learning_rate,
            exclude_layers=["columns_out", "blstm2_out", "conv1"],
            global_clipnorm=CLIP_NORM,
            weight_decay=0.01,
            adam_weight_decay=0.0,
        )
        core.compile(self.optimizer, loss=given_loss if stage.with_ctc else column_loss)
        self.optimizer.build(core.trainable_variables)
        return core

    def inputs(self, stage, batch):
        """Arguments of ``train_on_batch`` for a batch of the stream."""
        images = batch.images.astype(np.float32)
        if stage.with_ctc:
            steps = np.full_like(batch.label_length, TIME_STEPS)
            return [images, batch.labels, steps, batch.label_length], np.zeros((len(images), 1), np.float32)
        weights = np.where(batch.frame_labels == self.charset.blank, stage.blank_weight, 1.0)
        return images, batch.frame_labels, (weights / weights.mean()).astype(np.float32)

    # The loop

    def run(self, report_every=120.0, save_every=240.0):
        """Train from where the state stands to the end of the recipe, or until SIGTERM or SIGINT.

        Returns:
            True if the recipe is done.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "recipe.json").write_text(json.dumps(asdict(self.recipe), indent=1))
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
            self._keep_or_average()
            if self.stage + 1 == len(self.recipe.stages):
                return True
            self.stage, self.step = self.stage + 1, 0
            model = self.model(self.recipe.stages[self.stage])

    def _kept(self, number):
        """File of the weights that a stage came to."""
        return self.folder / f"{self.recipe.stages[number].name}.h5"

    def _weights_before(self):
        """File of the weights that the stage at hand started from; None if these were random, or not kept."""
        if self.stage == 0:
            return self.recipe.start_from
        return self._kept(self.stage - 1) if self.recipe.stages[self.stage - 1].with_ctc else None

    @property
    def lines_seen(self):
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
                self.save()
                raise
            waited += time.perf_counter() - before
            self.optimizer.learning_rate = stage.rate(self.step)
            model.reset_metrics()  # else Keras gives the mean since the stage began
            losses.append(float(model.train_on_batch(*self.inputs(stage, batch))))
            self.step += 1
            self.on_step()
            now = time.perf_counter()
            self.hours += (now - last) / 3600
            last = now
            if now - reported > report_every or self.step == stage.steps:
                self.report(stage, losses, len(losses) * size / (now - reported), waited / (now - reported))
                waited, losses = 0.0, []
                last = reported = time.perf_counter()
            if now - saved > save_every:
                self.save()
                saved = last = time.perf_counter()
        self.save()

    def _keep_or_average(self):
        """Keep the weights of a stage that is done, or average the last with those it started from."""
        if not self.recipe.stages[self.stage].with_ctc:
            return
        if self.stage + 1 < len(self.recipe.stages):
            self.network.save_weights(self._kept(self.stage), "float32")
        elif before := self._weights_before():
            save_average(self.network.predict_core, before, self.recipe.earlier, self.folder / "CRNN.h5")

    def stop(self, *_):
        """End the run after the step at hand, its state saved; also the handler of signals."""
        self._stop = True

    # What is said on the way

    def report(self, stage, losses, rate, waiting):
        """Measure on the held-out lines; a line on stderr and one in ``log.csv``."""
        scores, glyphs, samples = self.evaluate(stage)
        row = {
            "stage": stage.name,
            "lines": self.step * stage.batch_size,
            "hours": round(self.hours, 3),
            "loss": round(float(np.mean(losses)), 4),
            "lines_per_second": round(rate, 1),
            "share_waiting_for_data": round(waiting, 4),
            "heldout_glyphs_right": round(glyphs, 4),
            "heldout_cer": round(scores.cer, 4),
            "heldout_exact": round(scores.exact, 4),
        }
        path = self.folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
        for truth, said in samples:
            print(
                f"    {truth}\n  = {said}" if truth == said else f"    {truth}\n  ! {said}", file=sys.stderr, flush=True
            )

    def evaluate(self, stage, samples=3):
        """Scores, share of character columns right, and samples (truth, prediction) of the held-out lines."""
        core = self.network.columns_core if stage.name == "columns" else self.network.predict_core
        predict = backend.traced(core)
        heldout = self.heldout
        paths = best_paths(predict, heldout.images)
        characters = heldout.frame_labels != self.charset.blank
        glyphs = float((paths == heldout.frame_labels)[characters].mean())
        scores, pairs = score_paths(paths, heldout.texts, self.charset)
        first = self.step % (len(pairs) - samples)
        return scores, glyphs, pairs[first : first + samples]

    # State

    def _variables(self):
        return variables_of(
            network=self.network.predict_core,
            columns=self.network.columns_core.get_layer("columns_out"),
            optimizer=self.optimizer,
        )

    def save(self):
        """Write the whole state and the weights, each whole or not at all."""
        self.checkpoint.save(self._variables(), stage=self.stage, step=self.step, hours=self.hours)
        self.network.save_weights(self.folder / "CRNN.h5")

    def restore(self):
        """The model of the stage to go on with, as the state in the folder has it, or at the start of the recipe.

        Raises:
            ValueError: the state belongs to another recipe.
        """
        progress = self.checkpoint.progress()
        if progress is None:
            if self.recipe.start_from:
                self.network.load_weights(self.recipe.start_from)
            return self.model(self.recipe.stages[0])
        self.stage, self.step, self.hours = progress["stage"], progress["step"], progress["hours"]
        model = self.model(self.recipe.stages[self.stage])
        self.checkpoint.restore(self._variables())
        return model
