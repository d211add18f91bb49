"""The next texts of a line, from those of its pieces."""

from typing import Protocol, runtime_checkable

import numpy as np

from crnn.ctc import Run

Option = tuple[list[Run], float]


@runtime_checkable
class ManyTexts(Protocol):
    """A decoder that finds several texts."""

    def most_likely(self, probabilities: np.ndarray, count: int) -> list[Option]:
        """See ``BeamDecoder.most_likely``."""


def best_combinations(options: list[list[Option]], count: int) -> list[list[list[Run]]]:
    """Choose one option for each piece of a line, in the likeliest ways.

    Args:
        options: for each piece, the runs and the log score of its texts.
        count: of ways; there may be fewer.

    Returns:
        For each way the runs of each piece, the likeliest way first.

    >>> a, b, c = ([Run(label, 0, 0, 1.0)] for label in range(3))
    >>> ways = best_combinations([[(a, 0.0), (b, -3.0)], [(c, -1.0), (b, -2.0)]], 3)
    >>> [[runs[0].label for runs in way] for way in ways]
    [[0, 2], [0, 1], [1, 2]]
    """
    ways: list[tuple[list[list[Run]], float]] = [([], 0.0)]
    for piece in options:
        longer = [([*way, runs], total + score) for way, total in ways for runs, score in piece]
        ways = sorted(longer, key=lambda way: way[1], reverse=True)[:count]
    return [way for way, _ in ways]
