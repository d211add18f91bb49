"""From probabilities of all classes to the few that may be part of a text, and what is known of these beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from crnn.charset import Charset
from crnn.ctc import Run, best_of_steps, runs_of_path

ZERO_IN_CODES = 8.0  # factor of the odds of a zero against an O in a word of letters and digits
TWINS = {"│": "|", "╱": "/", "∶": ":", "﹑": "、", "﹒": ".", "．": ".", "﹐": ",", "﹔": ";", "﹖": "?"}
TWINS |= {"＋": "+", "Ⅰ": "I", "Ⅳ": "V", "О": "O", "Р": "P", "―": "—", "━": "—", "─": "—", "′": "'"}


@dataclass(frozen=True)
class Candidates:
    """The classes that may be part of a text; at no step is another one likely enough.

    Attributes:
        classes: (n,) ascending, the last one the blank.
        probabilities: (time steps, n) of these classes.
    """

    classes: np.ndarray
    probabilities: np.ndarray

    @property
    def blank(self) -> int:
        """The class of the blank."""
        return int(self.classes[-1])

    def best_path(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the best class of each time step, and its probability: (time steps,) each."""
        places, likely = best_of_steps(self.probabilities)
        return self.classes[places], likely


class CandidateFinder:
    """Finds the candidates of probabilities.

    Args:
        charset: the table of labels.
    """

    def __init__(self, charset: Charset):
        labels = charset.labels
        self._pairs = [(labels[twin], labels[meant]) for twin, meant in TWINS.items() if {twin, meant} <= labels.keys()]
        self._zero, self._capital_o = labels.get("0"), labels.get("O")
        digits = {label for character, label in labels.items() if character in "0123456789"}
        self.letters = frozenset(label for c, label in labels.items() if c.isascii() and c.isalpha())
        self.letters_and_digits = self.letters | digits

    def find(self, probabilities: np.ndarray, min_probability: float) -> Candidates:
        """Choose the classes that are likely enough somewhere; give signs and zeros their due.

        Args:
            probabilities: (time steps, classes), the last class the blank; they stay as they are.
            min_probability: of a class at a step, for it to be followed there.
        """
        best, likely = best_of_steps(probabilities)
        doubtful = probabilities[likely < 1 - min_probability]  # elsewhere all classes but the best are too rare
        followed = {*best.tolist(), *np.flatnonzero((doubtful >= min_probability).any(axis=0)).tolist()}
        followed |= {twin for twin, meant in self._pairs if meant in followed} | {probabilities.shape[1] - 1}
        classes = np.array(sorted(followed))
        found = Candidates(classes, probabilities[:, classes])
        self._merge_twins(found, min_probability)
        self._raise_zeros_in_codes(found, min_probability)
        return found

    def _merge_twins(self, found: Candidates, min_probability: float) -> None:
        """Give the probability of signs that look like others to these, where the network considers them too."""
        place_of = {label: place for place, label in enumerate(found.classes.tolist())}
        for twin, meant in self._pairs:
            if meant in place_of:
                steps = found.probabilities[:, place_of[meant]] >= min_probability
                found.probabilities[steps, place_of[meant]] += found.probabilities[steps, place_of[twin]]
                found.probabilities[steps, place_of[twin]] = 0

    def _raise_zeros_in_codes(self, found: Candidates, min_probability: float) -> None:
        """Raise the odds of zeros in words of letters and digits.

        The network has learnt from running text that an O follows letters. In serial numbers zeros do as often.
        """
        pair = np.flatnonzero((found.classes == self._zero) | (found.classes == self._capital_o))
        if len(pair) < 2:
            return
        both = (found.probabilities[:, pair] >= min_probability).all(axis=1)
        if not both.any():
            return
        path, likely = found.best_path()
        both &= np.array(self.codes(runs_of_path(path, likely, found.blank), len(path)))
        zero, capital = pair if found.classes[pair[0]] == self._zero else pair[::-1]
        odds = ZERO_IN_CODES * found.probabilities[both, zero] / found.probabilities[both, capital]
        share = odds / (1 + odds)
        total = found.probabilities[both, zero] + found.probabilities[both, capital]
        found.probabilities[both, zero], found.probabilities[both, capital] = share * total, (1 - share) * total

    def codes(self, runs: Iterable[Run], count: int) -> list[bool]:
        """Tell which of ``count`` time steps are within a word that mixes letters and digits."""
        codes = [False] * count
        for is_word, group in groupby(runs, lambda run: run.label in self.letters_and_digits):
            word = list(group)
            letters = sum(run.label in self.letters for run in word)
            if is_word and 0 < letters < len(word):
                first, last = max(0, word[0].first - 1), word[-1].last + 2
                codes[first:last] = [True] * len(codes[first:last])
        return codes
