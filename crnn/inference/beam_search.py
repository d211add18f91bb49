"""Prefix beam search: the text that sums to most over all its paths, weighed by what usually follows what.

Hannun, Maas, Jurafsky, Ng: First-Pass Large Vocabulary Continuous Speech Recognition using
Bi-Directional Recurrent DNNs, arXiv:1408.2873, algorithm 1, with these changes:

- Classes less likely than ``MIN_PROBABILITY`` at a step are not followed: most steps have one class left and most
  lines no choice at all, and these are decoded greedily, to the same result.
- What follows what is weighed by how much more likely the history makes a character than it is anyway, so that a
  rare one is not punished for being rare. Scores below ``UNLIKELY`` count for ``UNLIKELY_SHARE`` of what they are below
  it: what the texts never had may stand there all the same. A line begins as if after a space.
- Where the network sees a character, n-grams choose which: neither the blank nor the space is followed there.
- Words that mix letters and digits are codes, of which the n-grams of prose know nothing: they are silent there.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from heapq import heappush, heappushpop
from typing import cast

import numpy as np

from crnn.charset import SPACE, Charset
from crnn.ctc import Run, runs_of_path
from crnn.inference.candidate_classes import CandidateFinder, Candidates
from crnn.inference.confidence import Labels, runs_of_text

MIN_PROBABILITY = 0.002
MIN_RARE_PROBABILITY = 1e-5  # instead, where several texts are asked for
MIN_INK = 0.5  # of all characters but the space together: a step with more is a character
BEAM_WIDTH = 8  # texts followed at once
MAX_CLASSES = 16  # followed at a step, the likeliest: in noise many are as likely
LM_WEIGHT = 0.28  # of the n-grams, against the network's 1
UNLIKELY = -5.0  # score of the n-grams, before it is weighted
UNLIKELY_SHARE = 0.2

Beam = tuple[float, float]  # P(text, a blank last), P(text, its last label last)
LMScore = Callable[[Labels, int], float]
Step = tuple[list[int], list[float], frozenset[int]]  # classes, their probabilities, those that n-grams do not weigh


class _Text:
    """A text that is followed; there is one object for each, so that no labels need to be compared.

    Attributes:
        labels: of the text.
        last: of them.
        history: those before it.
        score_before: sum of the n-grams' scores of these.
        score: sum of all scores; None if that of the last label is not asked for yet.

    Args:
        is_weighed: whether the n-grams weigh the last label.
    """

    __slots__ = ("_longer", "history", "labels", "last", "score", "score_before")

    def __init__(self, history: Labels, last: int, score_before: float, is_weighed: bool):
        self.history, self.last, self.labels = history, last, (*history, last)
        self.score_before = score_before
        self.score = None if is_weighed else score_before
        self._longer: dict[int, _Text] | None = None

    def extended(self, label: int, is_weighed: bool) -> "_Text":
        """Return the text, whose score is known, with one more label."""
        if self._longer is None:
            self._longer = {}
        longer = self._longer.get(label)
        if longer is None:
            longer = self._longer[label] = _Text(self.labels, label, cast(float, self.score), is_weighed)
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
        self._finder = CandidateFinder(charset)

    def __call__(self, probabilities: np.ndarray) -> list[Run]:
        """Decode.

        Args:
            probabilities: (time steps, classes), the last class the blank.

        Returns:
            Runs, as ``ctc.greedy_runs``; those of a text that greedy decoding does not find are those of its best path.
            Where other texts were followed too, the confidence of a run is the share that texts with this character
            there, and none before it that is left out here, have of the probability of all.
        """
        found = self._finder.find(probabilities, self.min_probability)
        best, likely = found.best_path()
        runs = runs_of_path(best, likely, found.blank)
        if (likely >= 1 - self.min_probability).all():
            return runs
        texts = self.search(self._steps(found, best, likely, runs), found.blank)
        return runs_of_text(found, texts, 0, runs)

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
        found = self._finder.find(probabilities, MIN_RARE_PROBABILITY)
        best, likely = found.best_path()
        runs = runs_of_path(best, likely, found.blank)
        texts = decoder.search(decoder._steps(found, best, likely, runs), found.blank)
        numbers = range(min(count, len(texts)))
        return [(runs_of_text(found, texts, number, runs), texts[number][1]) for number in numbers]

    def _steps(self, found: Candidates, best: np.ndarray, likely: np.ndarray, runs: list[Run]) -> Iterator[Step]:
        """Give the classes of each step that are followed, one of several steps with the same class alone."""
        codes = self._finder.codes(runs, len(best))
        alphanumeric, nothing = self._finder.letters_and_digits, frozenset[int]()
        alone = (likely < self.min_probability) | (likely >= 1 - self.min_probability)
        repeats = np.zeros(len(alone), bool)  # which give all texts the same factor
        repeats[1:] = alone[1:] & alone[:-1] & (best[1:] == best[:-1])
        for at in np.flatnonzero(~repeats).tolist():
            unweighed = alphanumeric if codes[at] else nothing
            if alone[at]:
                yield [int(best[at])], [float(likely[at])], unweighed
                continue
            step = found.probabilities[at]
            places = np.flatnonzero(step >= self.min_probability)
            if len(places) > self.max_classes:
                places = np.sort(np.argpartition(step, -self.max_classes)[-self.max_classes :])
            classes, probabilities = found.classes[places].tolist(), step[places].tolist()
            ink = [(c, p) for c, p in zip(classes, probabilities, strict=True) if c not in (SPACE, found.blank)]
            if sum(p for _, p in ink) > MIN_INK:
                classes, probabilities = map(list, zip(*ink, strict=True))
            yield classes, probabilities, unweighed

    def search(self, steps: Iterable[Step], blank: int) -> list[tuple[Labels, float]]:
        """Find the most likely texts.

        Args:
            steps: the classes that are followed.
            blank: its class.

        Returns:
            Labels and log score of each, the most likely first.
        """
        beams: dict[_Text, Beam] = {_Text((), SPACE, 0.0, is_weighed=False): (1.0, 0.0)}  # all begin with a space
        is_after_blank = True
        for classes, probabilities, unweighed in steps:
            if classes == [blank]:  # as at most steps: all texts get the same factor, left out here
                beams = {text: (blank_last + label_last, 0.0) for text, (blank_last, label_last) in beams.items()}
                is_after_blank = True
                continue
            if is_after_blank and len(classes) == 1:  # all get the same label
                is_weighed = classes[0] not in unweighed
                beams = {text.extended(classes[0], is_weighed): (0.0, total) for text, (total, _) in beams.items()}
                beams, is_after_blank = self._likeliest(beams), False
                continue
            is_after_blank = False
            found: dict[_Text, Beam] = {}
            followed = list(zip(classes, probabilities, strict=True))
            for text, (blank_last, label_last) in beams.items():
                last, before = text.last, blank_last + label_last
                for label, probability in followed:
                    if label == blank:
                        _add(found, text, before * probability, 0.0)
                    elif label != last:
                        _add(found, text.extended(label, label not in unweighed), 0.0, before * probability)
                    else:
                        _add(found, text, 0.0, label_last * probability)
                        if blank_last:
                            _add(found, text.extended(label, label not in unweighed), 0.0, blank_last * probability)
            beams = self._likeliest(found)
            likeliest = max(map(sum, beams.values()))
            if likeliest < 1e-100:  # long before it is too small for a float
                beams = {text: (b / likeliest, n / likeliest) for text, (b, n) in beams.items()}
        totals = [(text.labels[1:], _log(beam) + self._score(text)) for text, beam in beams.items()]
        return sorted(totals, key=lambda one: one[1], reverse=True)

    def _likeliest(self, found: dict[_Text, Beam]) -> dict[_Text, Beam]:
        """Give the likeliest texts, weighed; ask the n-grams only of those that may be among them."""
        if len(found) <= self.beam_width:
            for text in found:
                self._score(text)
            return found
        candidates = []  # the most that each may come to, and its place among all
        for place, (text, beam) in enumerate(found.items()):
            candidates.append((_log(beam) + self._max_score(text), place, text))
        best: list[float] = []  # the highest totals, a heap
        chosen: list[tuple[float, int, _Text]] = []
        for highest, place, text in sorted(candidates, reverse=True):
            if len(best) == self.beam_width and highest < best[0]:
                break
            total = _log(found[text]) + self._score(text)
            chosen.append((-total, place, text))
            (heappush if len(best) < self.beam_width else heappushpop)(best, total)
        return {text: found[text] for _, _, text in sorted(chosen)[: self.beam_width]}

    def _score(self, text: _Text) -> float:
        """Return the sum of the n-grams' scores of a text."""
        if text.score is None:
            text.score = text.score_before
            if self.lm_score:
                text.score += self._weighted(self.lm_score(text.history, text.last))
        return text.score

    def _max_score(self, text: _Text) -> float:
        """Return what ``_score`` gives at most."""
        if text.score is None and self.lm_score:
            return text.score_before + self._weighted(self.max_lm_score(text.last))
        return self._score(text)

    def _weighted(self, score: float) -> float:
        """Weigh a score that the n-grams give a label."""
        return self.lm_weight * (score if score >= UNLIKELY else UNLIKELY + UNLIKELY_SHARE * (score - UNLIKELY))


def _add(found: dict[_Text, Beam], text: _Text, blank_last: float, label_last: float) -> None:
    before = found.get(text)
    found[text] = (before[0] + blank_last, before[1] + label_last) if before else (blank_last, label_last)


def _log(beam: Beam) -> float:
    return math.log(beam[0] + beam[1] + 1e-300)
