"""What decides the weights that a training comes to: stages, their lengths, learning rates, batch sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

CLIP_NORM = 5.0  # global norm that gradients are clipped to
OBJECTIVES = ("frames", "ctc")
PHASES = ("frames_cnn", "frames_lstm", "ctc", "int8")
PARTS = ("cnn", "lstm", "all")
BASE_BATCH_SIZE = 32  # lines, of the batches that learning rates and least lengths are given for
MAX_SHARE = 1 / 3  # of what is left of the training, for a stage that asks for more than its share


@dataclass(frozen=True)
class Stage:
    """Describe one stage of the synthetic training.

    Attributes:
        name: of the stage in the log, and of its weights file.
        objective: ``frames`` (cross-entropy of each frame) or ``ctc``.
        trains: ``cnn`` (the convolutions, under a softmax of their own), ``lstm`` (the LSTMs and the softmax, on frozen
            convolutions) or ``all``.
        share: of the length of the training; the shares of the stages that run are scaled to make 1.
        learning_rate: at its height, for batches of 32 lines.
        decay_fraction: last share of the stage, in which the rate falls linearly to nothing.
        min_lines: lines it needs to learn anything, for batches of 32; it gets up to a third of the training for them.
        warm_up: steps in which the rate rises, but no more than a tenth of the stage.
        blank_weight: weight of a blank frame in the loss, where a character's is 1.
        quantized: whether kernels and values are rounded to 8 bits, as reading does it (``model.quantization``); batch
            normalisation then has the mean and variance that it came to before.
        frozen: layers that it does not train. Without the gradients of the first two convolutions, over the largest
            maps, a step takes a quarter less time.

    Raises:
        ValueError: a field has another value than these.
    """

    name: str
    objective: str
    trains: str
    share: float
    learning_rate: float
    decay_fraction: float
    min_lines: int = 0
    warm_up: int = 100
    blank_weight: float = 1.0
    quantized: bool = False
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"stage {self.name}: objective {self.objective!r} is none of {', '.join(OBJECTIVES)}")
        if self.trains not in PARTS:
            raise ValueError(f"stage {self.name}: trains {self.trains!r} is none of {', '.join(PARTS)}")
        if self.objective == "ctc" and self.trains == "cnn":
            raise ValueError(f"stage {self.name}: the convolutions alone are trained with the objective frames")

    @property
    def phase(self) -> str:
        """Return the phase it belongs to: ``frames_cnn``, ``frames_lstm``, ``ctc`` or ``int8``."""
        if self.quantized:
            return "int8"
        return "ctc" if self.objective == "ctc" else f"frames_{self.trains}"

    def learning_rate_at(self, done: float, step: int, batch_size: int) -> float:
        """Return the learning rate of a step.

        It grows with the square root of the batch size, which keeps the noise of adaptive optimizers the same (Malladi
        et al.: On the SDEs and Scaling Rules for Adaptive Gradient Algorithms, NeurIPS 2022).

        Args:
            done: how much of the stage is done, from 0 to 1.
            step: number of the step in the stage.
            batch_size: lines a step.
        """
        up = min(1.0, max((step + 1) / self.warm_up, 10 * done))
        down = min(1.0, (1 - done) / self.decay_fraction)
        return self.learning_rate * scale_of(batch_size) * max(0.0, min(up, down))


def scale_of(batch_size: int) -> float:
    """Return what learning rates and least lengths are multiplied by for a batch size."""
    return (batch_size / BASE_BATCH_SIZE) ** 0.5


_FIRST_TWO = ("conv1", "conv2")
# Shares and rates follow the stages of weights/log.csv, of which four with CTC are kept.
DEFAULT_STAGES = (
    Stage("frames_cnn", "frames", "cnn", 0.035, 2e-3, 0.7, min_lines=36_000, warm_up=200, blank_weight=0.2),
    Stage("frames_lstm", "frames", "lstm", 0.015, 2e-3, 0.5, min_lines=14_000, blank_weight=0.3),
    Stage("ctc_1", "ctc", "all", 0.11, 8e-4, 0.7),
    Stage("ctc_2", "ctc", "all", 0.20, 1e-3, 0.8),
    Stage("ctc_3", "ctc", "all", 0.30, 7e-4, 0.9, frozen=_FIRST_TWO),
    Stage("ctc_4", "ctc", "all", 0.30, 5e-4, 0.9, frozen=_FIRST_TWO),
    Stage("int8", "ctc", "all", 0.04, 1e-4, 1.0, quantized=True, frozen=_FIRST_TWO),
)


class Spent(NamedTuple):
    """Count what a training has spent so far.

    Attributes:
        lines: seen.
        hours: run, measuring and saving included.
    """

    lines: int
    hours: float


@dataclass(frozen=True)
class SyntheticRecipe:
    """Hold all that decides the weights of a synthetic training; saved as JSON beside them.

    Attributes:
        stages: in their order.
        lines: length of the training.
        hours: length of the training in hours, instead of ``lines``.
        batch_size: lines a step, of all devices together.
        cache_lines: lines that are drawn once and then used again in another order; 0 to draw all anew.
        previous_weight: share of the weights of the last stage but one in the average with the last.
        seed: of random weights and lines.
        start_from: weights file that the first stage starts from, and which counts as a stage before it; None for
            random weights.
        precision: of the arithmetic: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.

    Raises:
        ValueError: a length is not positive, or the cache holds less than a batch.
    """

    stages: tuple[Stage, ...] = DEFAULT_STAGES
    lines: int = 1_000_000
    hours: float | None = None
    batch_size: int = BASE_BATCH_SIZE
    cache_lines: int = 0
    previous_weight: float = 0.6
    seed: int = 1
    start_from: str | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("lines", "hours", "batch_size"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name.replace('_', ' ')} must be more than 0, not {value}")
        if 0 < self.cache_lines < self.batch_size:
            raise ValueError(f"a cache of {self.cache_lines} lines holds no batch of {self.batch_size}")

    def only(self, names: Sequence[str]) -> "SyntheticRecipe":
        """Return the recipe with some of its stages.

        Args:
            names: of phases or stages.

        Raises:
            ValueError: a name is unknown, or these stages cannot start from nothing, or from weights.
        """
        known = dict.fromkeys(name for stage in self.stages for name in (stage.phase, stage.name))
        unknown = sorted(set(names) - known.keys())
        if unknown:
            raise ValueError(f"the recipe has no phase {unknown[0]}: {', '.join(known)}")
        stages = tuple(stage for stage in self.stages if stage.name in names or stage.phase in names)
        first = stages[0]
        if first.objective == "frames" and self.start_from:
            raise ValueError(f"phase {first.phase} starts from random weights: give no --start-from with it")
        if first.objective == "ctc" and not self.start_from:
            raise ValueError(f"phase {first.phase} goes on from weights: name them with --start-from")
        return replace(self, stages=stages)

    def done(self, number: int, before: Spent, now: Spent) -> float:
        """Return how much of a stage is done: 0 at its start, 1 or more at its end.

        A stage gets its share of what the stages before it have left. One that needs a least number of lines goes on
        until it has seen them, for up to a third of what is left.

        Args:
            number: of the stage.
            before: what was spent when it started.
            now: what is spent now.
        """
        stage, following = self.stages[number], self.stages[number:]
        left = self._length - self._of(before)
        used = self._of(now) - self._of(before)
        if left <= 0:
            return 1.0
        planned = left * stage.share / sum(each.share for each in following)
        needed = stage.min_lines * scale_of(self.batch_size)
        seen = (now.lines - before.lines) / needed if needed else 1.0
        return max(min(used / planned, seen), used / max(planned, left * MAX_SHARE))

    @property
    def _length(self):
        return self.lines if self.hours is None else self.hours

    def _of(self, spent):
        return spent.lines if self.hours is None else spent.hours


@dataclass(frozen=True)
class DatasetRecipe:
    """Hold all that decides the weights of a training from batch folders; saved as JSON beside them.

    Attributes:
        data: folder with ``labels/`` and ``img_batches/``.
        start_from: weights file, or None for random weights.
        charset: file of the table of labels; None for that of the data set.
        epochs: at most so many.
        patience: epochs without a better test CER after which it ends.
        batch_size: images, of all devices together.
        learning_rate: at its height, after ``warm_up`` steps; from there a cosine falls to nothing.
        warm_up: steps in which the rate rises.
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

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Return the learning rate at ``step`` of ``steps``."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, steps - self.warm_up)
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * min(1.0, done))))
