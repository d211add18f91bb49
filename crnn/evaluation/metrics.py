"""How well lines are read: character error rate, whole lines, 1 - NED; and how well confidences say so."""

from dataclasses import dataclass, field
from difflib import SequenceMatcher


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


BINS = 10


@dataclass
class Calibration:
    """Whether of the characters with confidence p a share p is right.

    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, section 2.
    """

    seen: list = field(default_factory=lambda: [[0, 0.0, 0] for _ in range(BINS)])  # characters, confidences, right

    def update(self, truth, characters):
        """Count the characters of a line; right are those that match the truth where the two are laid side by side.

        Args:
            truth: text. characters: ``recognizer.Character`` each.
        """
        said = "".join(character.text for character in characters)
        right = [False] * len(said)
        for match in SequenceMatcher(None, truth, said, autojunk=False).get_matching_blocks():
            right[match.b : match.b + match.size] = [True] * match.size
        for character, is_right in zip(characters, right, strict=True):
            counts = self.seen[min(int(character.confidence * BINS), BINS - 1)]
            counts[0] += 1
            counts[1] += character.confidence
            counts[2] += is_right

    @property
    def bins(self):
        """(lowest confidence, highest, characters, mean confidence, share right) of each bin that has some."""
        return [
            (place / BINS, (place + 1) / BINS, count, confidence / count, right / count)
            for place, (count, confidence, right) in enumerate(self.seen)
            if count
        ]

    @property
    def error(self):
        """Expected calibration error: mean over characters of what the share right is off, bin by bin."""
        total = sum(count for count, _, _ in self.seen)
        return sum(count * abs(confidence - right) for _, _, count, confidence, right in self.bins) / max(1, total)
