"""What decides the weights of the synthetic training: its stages and their learning rates."""

from dataclasses import dataclass, replace

CLIP_NORM = 5.0


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: ``columns`` and ``blstms`` train these alone; a stage of any other name trains all with CTC.
        lines: how many it sees. learning_rate: at its height, after ``warm_up`` steps.
        decay: the last share of the stage, in which the rate falls linearly to nothing.
        blank_weight: weight of a blank column in the loss, where a character's is 1.
        batch_size: lines a step.
        resting: layers that it leaves as they are. What the first two have learned serves by then, and
            without their gradients, over the largest maps, a step takes a quarter less time.
    """

    name: str
    lines: int
    learning_rate: float
    decay: float
    warm_up: int = 100
    blank_weight: float = 1.0
    batch_size: int = 32
    resting: tuple[str, ...] = ()

    @property
    def with_ctc(self):
        return self.name not in ("columns", "blstms")

    @property
    def steps(self):
        return self.lines // self.batch_size

    def rate(self, step):
        """Learning rate at ``step`` of this stage."""
        up = min(1.0, (step + 1) / self.warm_up)
        down = min(1.0, (self.steps - step) / max(1.0, self.decay * self.steps))
        return self.learning_rate * max(0.0, min(up, down))


@dataclass(frozen=True)
class Recipe:
    """All that decides what weights come out, saved as JSON beside them."""

    stages: tuple[Stage, ...] = (
        Stage("columns", 36_000, 2e-3, decay=0.7, warm_up=200, blank_weight=0.2),
        Stage("blstms", 14_000, 2e-3, decay=0.5, blank_weight=0.3),
        Stage("ctc", 26_000, 8e-4, decay=0.7),
        Stage("polish", 58_000, 1e-3, decay=0.8),
        Stage("again", 56_000, 1e-3, decay=0.8),
        Stage("hard", 42_000, 8e-4, decay=0.9, resting=("conv1", "conv2")),
        Stage("long", 280_000, 1e-3, decay=0.9, resting=("conv1", "conv2")),
        Stage("longer", 89_600, 1.4e-3, decay=0.9, batch_size=64, resting=("conv1", "conv2")),
        Stage("longest", 130_000, 1e-3, decay=0.9, batch_size=64, resting=("conv1", "conv2")),
        Stage("steady", 130_000, 6e-4, decay=0.9, batch_size=64, resting=("conv1", "conv2")),
        Stage("swift", 225_024, 7e-4, decay=0.9, batch_size=64, resting=("conv1", "conv2")),
    )
    earlier: float = 0.6  # share of the weights of the last stage but one in the average with the last
    seed: int = 1
    start_from: str | None = None  # weights file that the first stage starts from, and counts as a stage before it
    precision: str = "float32"  # of the arithmetic: float32, mixed_bfloat16 or mixed_float16

    def only(self, names):
        """The recipe with some of its stages.

        Raises:
            ValueError: a name is unknown, or these stages cannot start from nothing, or from weights.
        """
        unknown = set(names) - {stage.name for stage in self.stages}
        if unknown:
            raise ValueError(f"the recipe has no stage {sorted(unknown)[0]}: {[stage.name for stage in self.stages]}")
        stages = tuple(stage for stage in self.stages if stage.name in names)
        if not stages[0].with_ctc and self.start_from:
            raise ValueError(f"stage {stages[0].name} starts from random weights: give no --start-from with it")
        if stages[0].with_ctc and not self.start_from:
            raise ValueError(f"stage {stages[0].name} goes on from weights: name them with --start-from")
        return replace(self, stages=stages)
