"""Prefix beam search: the text that sums to most over all its paths, weighed by what usually follows what.

Hannun, Maas, Jurafsky, Ng: First-Pass Large Vocabulary Continuous Speech Recognition using
Bi-Directional Recurrent DNNs, arXiv:1408.2873, algorithm 1, with these changes:

- Classes less likely than ``MIN_PROBABILITY`` at a step are not followed: most steps have one class left and most
  lines no choice at all, and these are decoded greedily, to the same result.
- What follows what is weighed by how much more likely the history makes a character than it is anyway, so that a
  rare one is not punished for being rare. What the texts never had is at most ``MIN_LM_SCORE``. A line begins as if
  after a space.
- Where the network sees a character, n-grams choose which: neither the blank nor the space is followed there.
- Words that mix letters and digits are codes, of which the n-grams of prose know nothing: they are silent there.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from heapq import heappush, heappushpop
from itertools import groupby
from typing import cast

import numpy as np

from crnn.charset import SPACE, Charset
from crnn.ctc import Run, best_of_steps, runs_of_path
from crnn.inference.confidence import Labels, runs_of_text

MIN_PROBABILITY = 0.01
MIN_RARE_PROBABILITY = 1e-5  # instead, where several texts are asked for
MIN_INK = 0.5  # of all characters but the space together: a step with more is a character
BEAM_WIDTH = 8  # texts followed at once
MAX_CLASSES = 16  # followed at a step, the likeliest: in noise many are as likely
LM_WEIGHT = 0.25  # of the n-grams, against the network's 1
MIN_LM_SCORE = -5.0  # of the n-grams, before they are weighted
ZERO_IN_CODES = 8.0  # factor of the odds of a zero against an O in a word of letters and digits
TWINS = {"│": "|", "╱": "/", "∶": ":", "﹑": "、", "﹒": ".", "．": ".", "﹐": ",", "﹔": ";", "﹖": "?"}
TWINS |= {"＋": "+", "Ⅰ": "I", "Ⅳ": "V", "О": "O", "Р": "P", "―": "—", "━": "—", "─": "—", "′": "'"}

Beam = tuple[float, float, float]  # P(text, a blank last), P(text, its last label last), sum of the n-grams' scores
LMScore = Callable[[Labels, int], float]
Step = tuple[list[int], list[float], frozenset[int]]  # classes, their probabilities, those that n-grams do not weigh


class _Text:
    """A text that is followed; there is one object for each, so that no labels need to be compared."""

    __slots__ = ("_longer", "labels", "last")

    def __init__(self, labels: Labels):
        self.labels, self.last = labels, labels[-1]
        self._longer: dict[int, _Text] = {}

    def extended(self, label: int) -> "_Text":
        """Return the text with one more label."""
        longer = self._longer.get(label)
        if longer is None:
            longer = self._longer[label] = _Text((*self.labels, label))
        return longer


class BeamDecoder:
    """Finds the most likely text of probabilities.

    Args:
        charset: the table of labels.
        lm_score: ``NGrams.lm_score``; without it the network alone decides.
        lm_weight: of ``lm_score``.
        min_probability: of the classes that are followed at a step.
        beam_width: texts followed at once.
        max_lm_score: ``NGrams.max_score``: texts that cannot become likely enough are not weighed.
    """

    def __init__(
        self,
        charset: Charset,
        lm_score: LMScore | None = None,
        lm_weight: float = LM_WEIGHT,
        min_probability: float = MIN_PROBABILITY,
        beam_width: int = BEAM_WIDTH,
        max_lm_score: Callable[[int], float] = lambda label: math.inf,
    ):
        self.lm_score = lm_score
        self.max_lm_score = max_lm_score
        self.lm_weight = lm_weight
        self.min_probability = min_probability
        self.beam_width = beam_width
        self.max_classes = MAX_CLASSES
        labels = charset.labels
        pairs = [(labels[twin], labels[meant]) for twin, meant in TWINS.items() if {twin, meant} <= labels.keys()]
        self._twins, self._meant = np.array(pairs, int).reshape(-1, 2).T
        self._zero, self._capital_o = labels.get("0"), labels.get("O")
        self._digits = frozenset(label for character, label in labels.items() if character in "0123456789")
        self._letters = frozenset(label for c, label in labels.items() if c.isascii() and c.isalpha())

    def __call__(self, probabilities: np.ndarray) -> list[Run]:
        """Decode.

        Args:
            probabilities: (time steps, classes), the last class the blank.

        Returns:
            Runs, as ``ctc.greedy_runs``; those of a text that greedy decoding does not find are those of its best path.
            Where other texts were followed too, the confidence of a run is the share that texts with this character
            there, and none before it that is left out here, have of the probability of all.
        """
        blank = probabilities.shape[1] - 1
        probabilities = self._with_zeros_in_codes(self._without_twins(probabilities))
        best, likely = best_of_steps(probabilities)
        runs = runs_of_path(best, likely, blank)
        if (likely >= 1 - self.min_probability).all():
            return runs
        texts = self.search(self._steps(probabilities, best, likely, runs), blank)
        return runs_of_text(probabilities, texts, 0, runs)

    def most_likely(self, probabilities: np.ndarray, count: int) -> list[tuple[list[Run], float]]:
        """Decode to several texts, also such as hang on classes that are too rare for a single one.

        Args:
            probabilities: (time steps, classes), the last class the blank.
            count: of texts; there may be fewer.

        Returns:
            Runs and log score of each, the most likely first. The confidence of a run is as for a single text.
        """
        decoder = copy(self)
        decoder.min_probability, decoder.beam_width = MIN_RARE_PROBABILITY, max(self.beam_width, 2 * count)
        decoder.max_classes = max(self.max_classes, decoder.beam_width)
        probabilities = decoder._with_zeros_in_codes(decoder._without_twins(probabilities))
        best, likely = best_of_steps(probabilities)
        blank = probabilities.shape[1] - 1
        runs = runs_of_path(best, likely, blank)
        texts = decoder.search(decoder._steps(probabilities, best, likely, runs), blank)
        numbers = range(min(count, len(texts)))
        return [(runs_of_text(probabilities, texts, number, runs), texts[number][1]) for number in numbers]

    def _without_twins(self, probabilities: np.ndarray) -> np.ndarray:
        """Give the probability of signs that look like others to these, where the network considers them too."""
        steps, pairs = np.nonzero(probabilities[:, self._meant] >= self.min_probability)
        if not steps.size:
            return probabilities
        merged = probabilities.copy()
        np.add.at(merged, (steps, self._meant[pairs]), merged[steps, self._twins[pairs]])
        merged[steps, self._twins[pairs]] = 0
        return merged

    def _with_zeros_in_codes(self, probabilities: np.ndarray) -> np.ndarray:
        """Raise the odds of zeros in words of letters and digits.

        The network has learnt from running text that an O follows letters. In serial numbers zeros do as often.
        """
        zero, capital = self._zero, self._capital_o
        if zero is None or capital is None:
            return probabilities
        both = (probabilities[:, [zero, capital]] >= self.min_probability).all(axis=1)
        if not both.any():
            return probabilities
        best, likely = best_of_steps(probabilities)
        both &= np.array(self._codes(runs_of_path(best, likely, probabilities.shape[1] - 1), len(best)))
        changed = probabilities.copy()
        odds = ZERO_IN_CODES * probabilities[both, zero] / probabilities[both, capital]
        share = odds / (1 + odds)
        total = probabilities[both, zero] + probabilities[both, capital]
        changed[both, zero], changed[both, capital] = share * total, (1 - share) * total
        return changed

    def _steps(
        self, probabilities: np.ndarray, best: np.ndarray, likely: np.ndarray, runs: list[Run]
    ) -> Iterator[Step]:
        """Give the classes of each step that are followed, one of several steps with the same class alone."""
        blank = probabilities.shape[1] - 1
        codes = self._codes(runs, len(probabilities))
        alphanumeric, nothing = self._letters | self._digits, frozenset[int]()
        alone = (likely < self.min_probability) | (likely >= 1 - self.min_probability)
        repeats = np.zeros(len(alone), bool)  # which give all texts the same factor
        repeats[1:] = alone[1:] & alone[:-1] & (best[1:] == best[:-1])
        for at in np.flatnonzero(~repeats).tolist():
            unweighed = alphanumeric if codes[at] else nothing
            if alone[at]:
                yield [int(best[at])], [float(likely[at])], unweighed
                continue
            step = probabilities[at]
            classes = np.flatnonzero(step >= self.min_probability)
            if len(classes) > self.max_classes:
                classes = np.sort(np.argpartition(step, -self.max_classes)[-self.max_classes :])
            ink = classes[(classes != blank) & (classes != SPACE)]
            if step[ink].sum() > MIN_INK:
                classes = ink
            yield classes.tolist(), step[classes].tolist(), unweighed

    def _codes(self, runs: list[Run], count: int) -> list[bool]:
        """Tell which of ``count`` time steps are within a word that mixes letters and digits."""
        codes = [False] * count
        for is_word, group in groupby(runs, lambda run: run.label in self._letters or run.label in self._digits):
            word = list(group)
            letters = sum(run.label in self._letters for run in word)
            if is_word and 0 < letters < len(word):
                first, last = max(0, word[0].first - 1), word[-1].last + 2
                codes[first:last] = [True] * len(codes[first:last])
        return codes

    def search(self, steps: Iterable[Step], blank: int) -> list[tuple[Labels, float]]:
        """Find the most likely texts.

        Args:
            steps: the classes that are followed.
            blank: its class.

        Returns:
            Labels and log score of each, the most likely first.
        """
        beams: dict[_Text, Beam] = {_Text((SPACE,)): (1.0, 0.0, 0.0)}  # all begin with a space
        for classes, probabilities, unweighed in steps:
            if classes == [blank]:  # as at most steps: all texts get the same factor, left out here
                beams = {text: (b + n, 0.0, score) for text, (b, n, score) in beams.items()}
                continue
            found: dict[_Text, Beam] = {}
            unscored: set[_Text] = set()  # those whose last label the n-grams have not weighed
            for text, (blank_last, label_last, score) in beams.items():
                for label, probability in zip(classes, probabilities, strict=True):
                    if label == blank:
                        _add(found, text, (blank_last + label_last) * probability, 0.0, score)
                        continue
                    before = blank_last + label_last
                    if label == text.last:
                        _add(found, text, 0.0, label_last * probability, score)
                        before = blank_last
                    if before > 0:
                        longer = text.extended(label)
                        if self.lm_score and longer not in found and label not in unweighed:
                            unscored.add(longer)
                        _add(found, longer, 0.0, before * probability, score)
            beams = self._likeliest(found, unscored)
            likeliest = max([blank_last + label_last for blank_last, label_last, _ in beams.values()])
            if likeliest < 1e-100:  # long before it is too small for a float
                beams = {text: (b / likeliest, n / likeliest, score) for text, (b, n, score) in beams.items()}
        totals = [(text.labels[1:], _total(beam)) for text, beam in beams.items()]
        return sorted(totals, key=lambda one: one[1], reverse=True)

    def _likeliest(self, found: dict[_Text, Beam], unscored: set[_Text]) -> dict[_Text, Beam]:
        """Give the likeliest texts; ask the n-grams only of those that may be among them.

        Args:
            found: the texts of a step.
            unscored: those of them that have no score of their last label yet.
        """
        if len(found) <= self.beam_width:
            return {text: self._weighed(text, beam) if text in unscored else beam for text, beam in found.items()}
        candidates = []  # the most that each may come to, and its place among all
        for place, (text, beam) in enumerate(found.items()):
            more = self._weighted(self.max_lm_score(text.last)) if text in unscored else 0.0
            candidates.append((_total(beam) + more, place, text))
        best: list[float] = []  # the highest totals, a heap
        chosen: list[tuple[float, int, _Text, Beam]] = []
        for highest, place, text in sorted(candidates, reverse=True):
            if len(best) == self.beam_width and highest < best[0]:
                break
            beam = self._weighed(text, found[text]) if text in unscored else found[text]
            total = _total(beam)
            chosen.append((-total, place, text, beam))
            (heappush if len(best) < self.beam_width else heappushpop)(best, total)
        return {text: beam for _, _, text, beam in sorted(chosen)[: self.beam_width]}

    def _weighed(self, text: _Text, beam: Beam) -> Beam:
        """Add the score of the last label of a text after those before it."""
        score = cast(LMScore, self.lm_score)(text.labels[:-1], text.last)
        return beam[0], beam[1], beam[2] + self._weighted(score)

    def _weighted(self, score: float) -> float:
        """Weigh a score that the n-grams give a label."""
        return self.lm_weight * max(MIN_LM_SCORE, score)


def _add(found: dict[_Text, Beam], text: _Text, blank_last: float, label_last: float, score: float) -> None:
    if text in found:
        before = found[text]
        found[text] = (before[0] + blank_last, before[1] + label_last, before[2])
    else:
        found[text] = (blank_last, label_last, score)


def _total(beam: Beam) -> float:
    return math.log(beam[0] + beam[1] + 1e-300) + beam[2]
