"""Scores of read lines: character error rate, exact lines, 1 - NED; and how well confidences predict errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crnn.inference.text_line import Character

BINS = 10  # of confidences, equally wide


def edit_distance(a: str, b: str) -> int:
    """Count the fewest insertions, deletions and substitutions that turn ``a`` into ``b`` (Levenshtein).

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
    """Count over lines: ``update`` with each, then read the rates.

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

    def update(self, target: str, prediction: str) -> None:
        """Count a line."""
        errors = edit_distance(target, prediction)
        self.lines += 1
        self.right += target == prediction
        self.errors += errors
        self.characters += len(target)
        self.similarity += 1 - errors / max(len(target), len(prediction), 1)

    @property
    def cer(self) -> float:
        """Return the character error rate: edit distances over characters of the targets."""
        return self.errors / max(1, self.characters)

    @property
    def exact(self) -> float:
        """Return the share of lines without any error."""
        return self.right / max(1, self.lines)

    @property
    def one_minus_ned(self) -> float:
        """Return the mean over lines of 1 - distance / longer length (ICDAR 2019 ReCTS, ArT)."""
        return self.similarity / max(1, self.lines)


@dataclass
class Calibration:
    """Compare confidences with the share of characters that is right.

    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, section 2.

    Attributes:
        seen: of each bin, how many characters it has, the sum of their confidences, and how many are right.
    """

    seen: list[list] = field(
        default_factory=lambda: [[0, 0.0, 0] for _ in range(BINS)]
    )  # characters, confidences, right

    def update(self, target: str, characters: Sequence["Character"]) -> None:
        """Count the characters of a line; right are those that an alignment with the target matches.

        Args:
            target: text of the line.
            characters: what was read.
        """
        prediction = "".join(character.text for character in characters)
        right = [False] * len(prediction)
        for match in SequenceMatcher(None, target, prediction, autojunk=False).get_matching_blocks():
            right[match.b : match.b + match.size] = [True] * match.size
        for character, is_right in zip(characters, right, strict=True):
            counts = self.seen[min(int(character.confidence * BINS), BINS - 1)]
            counts[0] += 1
            counts[1] += character.confidence
            counts[2] += is_right

    @property
    def bins(self) -> list[tuple[float, float, int, float, float]]:
        """Return (lowest confidence, highest, characters, mean confidence, share right) of each bin that has some."""
        return [
            (place / BINS, (place + 1) / BINS, count, confidence / count, right / count)
            for place, (count, confidence, right) in enumerate(self.seen)
            if count
        ]

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean over characters of |confidence - share right| of its bin."""
        total = sum(count for count, _, _ in self.seen)
        return sum(count * abs(confidence - right) for _, _, count, confidence, right in self.bins) / max(1, total)
