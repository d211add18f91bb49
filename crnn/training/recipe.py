"""What decides the weights that a training comes to: stages, learning rates, batch sizes."""

from dataclasses import dataclass, replace

import numpy as np

CLIP_NORM = 5.0  # global norm that gradients are clipped to
OBJECTIVES = ("frames", "ctc")
PARTS = ("cnn", "lstm", "all")


@dataclass(frozen=True)
class Stage:
    """Describe one stage of the synthetic training.

    Attributes:
        name: of the stage in the log, and of its weights file.
        objective: ``frames`` (cross-entropy of each frame) or ``ctc``.
        trains: ``cnn`` (the convolutions, under a softmax of their own), ``lstm`` (the LSTMs and the softmax, on frozen
            convolutions) or ``all``.
        samples: lines it sees.
        learning_rate: at its height, after ``warm_up`` steps.
        decay_fraction: last share of the stage, in which the rate falls linearly to nothing.
        warm_up: steps in which the rate rises.
        blank_weight: weight of a blank frame in the loss, where a character's is 1.
        batch_size: lines a step.
        frozen: layers that it does not train. Without the gradients of the first two convolutions, over the largest
            maps, a step takes a quarter less time.

    Raises:
        ValueError: a field has another value than these.
    """

    name: str
    objective: str
    trains: str
    samples: int
    learning_rate: float
    decay_fraction: float
    warm_up: int = 100
    blank_weight: float = 1.0
    batch_size: int = 32
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"stage {self.name}: objective {self.objective!r} is none of {', '.join(OBJECTIVES)}")
        if self.trains not in PARTS:
            raise ValueError(f"stage {self.name}: trains {self.trains!r} is none of {', '.join(PARTS)}")
        if self.objective == "ctc" and self.trains == "cnn":
            raise ValueError(f"stage {self.name}: the convolutions alone are trained with the objective frames")

    @property
    def steps(self) -> int:
        return self.samples // self.batch_size

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate at ``step`` of this stage."""
        up = min(1.0, (step + 1) / self.warm_up)
        down = min(1.0, (self.steps - step) / max(1.0, self.decay_fraction * self.steps))
        return self.learning_rate * max(0.0, min(up, down))


_FIRST_TWO = ("conv1", "conv2")
DEFAULT_STAGES = (
    Stage("frames_cnn", "frames", "cnn", 36_000, 2e-3, decay_fraction=0.7, warm_up=200, blank_weight=0.2),
    Stage("frames_lstm", "frames", "lstm", 14_000, 2e-3, decay_fraction=0.5, blank_weight=0.3),
    Stage("ctc_1", "ctc", "all", 26_000, 8e-4, decay_fraction=0.7),
    Stage("ctc_2", "ctc", "all", 58_000, 1e-3, decay_fraction=0.8),
    Stage("ctc_3", "ctc", "all", 56_000, 1e-3, decay_fraction=0.8),
    Stage("ctc_4", "ctc", "all", 42_000, 8e-4, decay_fraction=0.9, frozen=_FIRST_TWO),
    Stage("ctc_5", "ctc", "all", 280_000, 1e-3, decay_fraction=0.9, frozen=_FIRST_TWO),
    Stage("ctc_6", "ctc", "all", 89_600, 1.4e-3, decay_fraction=0.9, batch_size=64, frozen=_FIRST_TWO),
    Stage("ctc_7", "ctc", "all", 130_000, 1e-3, decay_fraction=0.9, batch_size=64, frozen=_FIRST_TWO),
    Stage("ctc_8", "ctc", "all", 130_000, 6e-4, decay_fraction=0.9, batch_size=64, frozen=_FIRST_TWO),
    Stage("ctc_9", "ctc", "all", 225_024, 7e-4, decay_fraction=0.9, batch_size=64, frozen=_FIRST_TWO),
)


@dataclass(frozen=True)
class SyntheticRecipe:
    """Hold all that decides the weights of a synthetic training; saved as JSON beside them.

    Attributes:
        stages: in their order.
        previous_weight: share of the weights of the last stage but one in the average with the last.
        seed: of random weights and lines.
        start_from: weights file that the first stage starts from, and which counts as a stage before it; None for
            random weights.
        precision: of the arithmetic: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
    """

    stages: tuple[Stage, ...] = DEFAULT_STAGES
    previous_weight: float = 0.6
    seed: int = 1
    start_from: str | None = None
    precision: str = "float32"

    def only(self, names: list[str]) -> "SyntheticRecipe":
        """Return the recipe with some of its stages.

        Raises:
            ValueError: a name is unknown, or these stages cannot start from nothing, or from weights.
        """
        unknown = set(names) - {stage.name for stage in self.stages}
        if unknown:
            raise ValueError(f"the recipe has no stage {sorted(unknown)[0]}: {[stage.name for stage in self.stages]}")
        stages = tuple(stage for stage in self.stages if stage.name in names)
        first = stages[0]
        if first.objective == "frames" and self.start_from:
            raise ValueError(f"stage {first.name} starts from random weights: give no --start-from with it")
        if first.objective == "ctc" and not self.start_from:
            raise ValueError(f"stage {first.name} goes on from weights: name them with --start-from")
        return replace(self, stages=stages)


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
