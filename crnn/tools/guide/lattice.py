"""The lattice of CTC: how likely each alignment of a label is, given the probabilities of the network.

Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal Classification, ICML 2006, section 4.1. For drawings and
tests; the trainings compute their loss in ``model.losses``.
"""

from collections.abc import Sequence

import numpy as np


def states_of(labels: Sequence[int], blank: int) -> list[int]:
    """Return the classes of the rows of the lattice: a blank before, between and after the labels.

    >>> states_of([7, 3], blank=9)
    [9, 7, 9, 3, 9]
    """
    return [blank, *(state for label in labels for state in (label, blank))]


def entries_of(states: Sequence[int], blank: int) -> list[list[int]]:
    """Return for each row the rows that a path may come from.

    A path stays, goes one row down, or skips a blank between two different labels.
    """
    return [
        [row, *([row - 1] if row else []), *([row - 2] if row > 1 and state not in (blank, states[row - 2]) else [])]
        for row, state in enumerate(states)
    ]


def forward(probabilities: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Sum up the paths that reach each place of the lattice.

    Args:
        probabilities: (time steps, classes), the last class the blank.
        labels: of the text.

    Returns:
        (time steps, rows): the sum of the probabilities of all paths up to the step that end in the row. The
        probability of the text is the sum of the last two rows of the last step.
    """
    blank = probabilities.shape[-1] - 1
    states = states_of(labels, blank)
    entries = entries_of(states, blank)
    seen = probabilities[:, states].astype(np.float64)
    alpha = np.zeros_like(seen)
    alpha[0, :2] = seen[0, :2]
    for step in range(1, len(seen)):
        alpha[step] = [alpha[step - 1, rows].sum() for rows in entries] * seen[step]
    return alpha


def text_probability(probabilities: np.ndarray, labels: Sequence[int]) -> float:
    """Return the probability of a text: that of all its paths together; the CTC loss is minus its logarithm."""
    return float(forward(probabilities, labels)[-1, -2:].sum())


def posteriors(probabilities: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Return the share of the text's probability that goes through each place: (time steps, rows)."""
    before = forward(probabilities, labels)
    after = forward(probabilities[::-1], labels[::-1])[::-1, ::-1]
    seen = probabilities[:, states_of(labels, probabilities.shape[-1] - 1)].astype(np.float64)
    return before * after / np.maximum(seen, 1e-300) / before[-1, -2:].sum()


def count_paths(steps: int, labels: Sequence[int], blank: int) -> int:
    """Count the paths that give a text.

    >>> count_paths(3, [1], blank=9)
    6
    """
    entries = entries_of(states_of(labels, blank), blank)
    ways = [1, 1] + [0] * (len(entries) - 2)
    for _ in range(steps - 1):
        ways = [sum(ways[row] for row in rows) for rows in entries]
    return sum(ways[-2:])
