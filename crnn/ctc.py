"""Connectionist temporal classification: which labels can be aligned, the best path of labels, and greedy decoding.

Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal Classification, ICML 2006. A path
gives each time step one class; merging repeats, then dropping blanks, gives its label
(``-s-t-aatte`` and ``-s-tta-tte`` are both ``state``). P(label) is the sum over all its paths.
The blank is the last class. The loss is in ``model.losses``: this module needs NumPy alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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


def forced_alignment(probabilities: np.ndarray, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Find the most likely path of given labels (Viterbi).

    Args:
        probabilities: (time steps, classes), the last class the blank.
        labels: that fit in the steps.

    Returns:
        (time steps,) int64, a class each.
    """
    blank = probabilities.shape[1] - 1
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)  # the blank between two different labels
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    with np.errstate(divide="ignore"):
        likely = np.log(probabilities[:, states])
    skip = np.where(may_skip, 0, -np.inf)
    scores = np.full((len(likely), len(states) + 2), -np.inf)  # of the best path to each state, two that are none first
    scores[0, 2:4] = likely[0, :2]
    for before, score, step in zip(scores, scores[1:], likely[1:], strict=False):
        best = np.maximum(before[2:], before[1:-1])
        np.add(np.maximum(best, before[:-2] + skip, out=best), step, out=score[2:])
    last = scores[-1]
    at = len(states) - 1 if len(states) == 1 or last[-1] > last[-2] else len(states) - 2
    path = [at]
    for before in scores[-2::-1]:
        ways = before[at + 2], before[at + 1], before[at] + skip[at]  # from the state itself, the last, the one before
        at -= ways.index(max(ways))
        path.append(at)
    return states[path[::-1]]
