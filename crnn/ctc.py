"""Connectionist temporal classification: which labels can be aligned, and greedy decoding.

Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal Classification, ICML 2006. A path
gives each time step one class; merging repeats, then dropping blanks, gives its label
(``-s-t-aatte`` and ``-s-tta-tte`` are both ``state``). P(label) is the sum over all its paths.
The blank is the last class. The loss is in ``model.losses``: this module needs NumPy alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_MARGIN = 0.6  # of probability between the two likeliest classes of a step; with less, the step is uncertain


def steps_needed(labels: Sequence[int] | np.ndarray) -> int:
    """Return the fewest time steps that labels fit in: one each, one more between two equal ones.

    Labels that need more steps than there are have no path: their loss trains on garbage.

    >>> steps_needed([7, 7, 5])
    4
    """
    labels = np.asarray(labels)
    return len(labels) + int(np.count_nonzero(labels[1:] == labels[:-1]))


@dataclass(frozen=True)
class Run:
    """A class that stands on neighbouring time steps.

    Attributes:
        label: the class.
        first, last: time steps, both included.
        confidence: the highest probability of the class within the run, unless the decoder knows better.
    """

    label: int
    first: int
    last: int
    confidence: float


def greedy_runs(probabilities: np.ndarray) -> list[Run]:
    """Find the runs of the best class of each time step, blanks left out: best path decoding.

    Args:
        probabilities: (time steps, classes), the last class the blank.
    """
    return runs_of_path(*best_of_steps(probabilities), probabilities.shape[-1] - 1)


def best_of_steps(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best class of each time step, and its probability: (time steps,) each.

    Args:
        probabilities: (time steps, classes).
    """
    best = probabilities.argmax(axis=-1)
    return best, probabilities[np.arange(len(best)), best]


def decode(probabilities: np.ndarray) -> tuple[list[Run], bool]:
    """Decode greedily.

    Args:
        probabilities: (time steps, classes), the last class the blank.

    Returns:
        As ``greedy_runs``; whether nearly the same probabilities might give others.
    """
    return greedy_runs(probabilities), is_uncertain(probabilities)


def labels_of_path(path: np.ndarray, blank: int) -> list[int]:
    """Return the labels of a path: repeats merged, then blanks dropped.

    Args:
        path: (time steps,) integers.
        blank: its class.

    >>> labels_of_path(np.array([9, 3, 3, 9, 3, 5]), blank=9)
    [3, 3, 5]
    """
    labels = path[np.flatnonzero(np.diff(path, prepend=-1))]
    return labels[labels != blank].tolist()


def runs_of_path(classes: np.ndarray, best: np.ndarray, blank: int) -> list[Run]:
    """Find the runs of a path, blanks left out.

    Args:
        classes: (time steps,) the class of each.
        best: (time steps,) that class's probability.
        blank: its class.
    """
    if len(classes) == 0:
        return []
    starts = np.flatnonzero(np.diff(classes, prepend=classes[0] - 1))
    ends = np.append(starts[1:], len(classes))
    return [
        Run(int(classes[start]), int(start), int(end) - 1, float(best[start:end].max()))
        for start, end in zip(starts, ends, strict=True)
        if classes[start] != blank
    ]


def is_uncertain(probabilities: np.ndarray, min_margin: float = MIN_MARGIN) -> bool:
    """Tell whether the best path's text hangs on steps at which two classes are almost equally likely.

    Args:
        probabilities: (time steps, classes), the last class the blank.
        min_margin: between the two likeliest classes of a step; with less, the step might go either way.

    Returns:
        True if some step might, or all steps of a run, and the text would be another then.
    """
    blank = probabilities.shape[-1] - 1
    best, likely = probabilities.argmax(axis=-1), probabilities.max(axis=-1, initial=0)
    rows = np.flatnonzero(likely < (1 + min_margin) / 2)  # of the others the second is at least the margin below
    if not rows.size:
        return False
    seconds = probabilities[rows]
    seconds[np.arange(rows.size), best[rows]] = -1
    close, other = np.zeros(len(best), bool), best.copy()
    other[rows] = seconds.argmax(axis=-1)
    close[rows] = likely[rows] - seconds.max(axis=-1) < min_margin
    around = np.pad(best, 1, constant_values=blank)
    before, after = around[:-2], around[2:]
    # one step alone does no harm if it only moves the edge of a run, or the border between two
    gives = (before == best) ^ (after == best)
    takes = (before == other) ^ (after == other)
    harmless = np.where(other == blank, gives, np.where(best == blank, takes, gives & takes))
    if (close & ~harmless).any():
        return True
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    labels = best[starts]
    counts = labels != blank
    counts[1:-1] |= labels[:-2] == labels[2:]  # the blank that keeps two equal ones apart
    return bool((np.logical_and.reduceat(close, starts) & counts).any())
