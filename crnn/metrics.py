"""How well lines are read: character error rate, whole lines, 1 - NED."""

from dataclasses import dataclass


def edit_distance(a, b):
    """Fewest insertions, deletions and substitutions that turn ``a`` into ``b`` (Levenshtein).

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


@dataclass
class LineScores:
    """Counts over lines; ``update`` with each, then read the rates.

    >>> scores = LineScores()
    >>> scores.update("state", "stale")
    >>> scores.cer, scores.exact
    (0.2, 0.0)
    """

    lines: int = 0
    right: int = 0
    errors: int = 0
    characters: int = 0
    similarity: float = 0.0

    def update(self, truth, prediction):
        errors = edit_distance(truth, prediction)
        self.lines += 1
        self.right += truth == prediction
        self.errors += errors
        self.characters += len(truth)
        self.similarity += 1 - errors / max(len(truth), len(prediction), 1)

    def reset(self):
        self.__init__()

    @property
    def cer(self):
        """Character error rate: edit distances over characters of the truth."""
        return self.errors / max(1, self.characters)

    @property
    def exact(self):
        """Share of lines without any error."""
        return self.right / max(1, self.lines)

    @property
    def one_minus_ned(self):
        """Mean over lines of 1 - distance / longer length (ICDAR 2019 ReCTS, ArT)."""
        return self.similarity / max(1, self.lines)
