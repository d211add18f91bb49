"""Scores of words in capitals, from the n-grams of small letters.

Texts have few words in capitals, so their n-grams know little of a heading. In a run of capitals, what they say is
mixed half and half with what they say of the same text in small letters, as in linear interpolation (Jelinek, Mercer:
Interpolated estimation of Markov source parameters from sparse data, 1980).
"""

import math
from functools import lru_cache
from itertools import pairwise
from string import ascii_uppercase

from crnn.charset import Charset
from crnn.inference.ngram_lm import NGrams

SHARE = 0.5  # of the n-grams of small letters in the probability
STAYS = 0.95  # probability that a letter after capitals is a capital
MEMORY = 5  # characters back in which all letters must be capitals, two of them side by side


class CapitalsLM:
    """N-grams that know words in capitals as well as in small letters.

    Args:
        ngrams: of texts that tell capitals and small letters apart.
        charset: the table of labels.
    """

    def __init__(self, ngrams: NGrams, charset: Charset):
        labels = charset.labels
        self._ngrams = ngrams
        self._small = {labels[c]: labels[c.lower()] for c in ascii_uppercase if c in labels and c.lower() in labels}
        self._small_letters = frozenset(self._small.values())
        self._cached_small_history = lru_cache(2**15)(self._small_history)
        self._cached_score = lru_cache(2**17)(self._score)

    def lm_score(self, history: tuple[int, ...], label: int) -> float:
        """Compute log P(label | history) - log P(label), as ``NGrams.lm_score`` does."""
        return self._cached_score(history[-MEMORY:], label)

    def _score(self, history, label):
        score = self._ngrams.lm_score(history, label)
        small_history = self._cached_small_history(history)
        if small_history is None:
            return score
        if label in self._small_letters:
            return score + math.log(1 - SHARE)
        small = self._small.get(label, label)
        in_small_letters = self._ngrams.lm_score(small_history, small)
        if small != label:  # scores compare with how frequent a label is: here the capital, not the small letter
            in_small_letters += self._ngrams.max_score(label) - self._ngrams.max_score(small) + math.log(STAYS)
        return math.log((1 - SHARE) * math.exp(score) + SHARE * math.exp(in_small_letters))

    def _small_history(self, history):
        """Write a history of capitals in small letters; None for any other."""
        are_capitals = [label in self._small for label in history]
        if self._small_letters.isdisjoint(history) and any(left and right for left, right in pairwise(are_capitals)):
            return tuple(self._small.get(label, label) for label in history)
        return None
