"""Restrict what can be read to some characters of the table."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from crnn.charset import Charset
from crnn.ctc import Run
from crnn.inference.alternatives import ManyTexts

EPSILON = 1e-30  # instead of 0 below a fraction line

Decode = Callable[[np.ndarray], list[Run]]


def allowed_labels(charset: Charset, allow: str) -> list[int]:
    """Return the labels of characters, each folded to the table.

    Args:
        charset: the table of labels.
        allow: characters; a space among them allows spaces.

    Raises:
        ValueError: there is no character, or one is not in the table.
    """
    folded = {character: charset.fold_character(character) for character in allow}
    missing = [character for character, inside in folded.items() if not inside]
    if missing:
        raise ValueError(f"allow={allow!r}: the table of labels has no {missing[0]!r}")
    labels = sorted({label for inside in folded.values() for label in charset.encode(inside)})
    if not labels:
        raise ValueError("allow='': name at least one character")
    return labels


class RestrictedDecoder:
    """Decodes as if the network knew some labels alone.

    Confidences still say what the network thinks: that of a character is multiplied by the share of these labels in all
    that the network saw there, so that a letter read as a digit has a low one.

    Args:
        decode: decoder of probabilities.
        labels: that can come out.
    """

    def __init__(self, decode: Decode, labels: list[int]):
        self.decode = decode
        self.labels = labels

    def __call__(self, probabilities: np.ndarray) -> list[Run]:
        """Decode probabilities (time steps, classes), the last class the blank; return as ``ctc.greedy_runs``."""
        restricted, shares = self._restrict(probabilities)
        return [_weakened(run, probabilities, shares) for run in self.decode(restricted)]

    def most_likely(self, probabilities: np.ndarray, count: int) -> list[tuple[list[Run], float]]:
        """Decode to several texts, if the decoder finds several; return as ``BeamDecoder.most_likely``."""
        restricted, shares = self._restrict(probabilities)
        texts = cast(ManyTexts, self.decode).most_likely(restricted, count)
        return [([_weakened(run, probabilities, shares) for run in runs], total) for runs, total in texts]

    def _restrict(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities of the labels and the blank alone, and the labels' share of all that is no blank."""
        restricted = np.zeros_like(probabilities)
        restricted[:, self.labels] = probabilities[:, self.labels]
        shares = restricted.sum(axis=1) / np.maximum(probabilities[:, :-1].sum(axis=1), EPSILON)
        restricted[:, -1] = probabilities[:, -1]
        restricted /= np.maximum(restricted.sum(axis=1, keepdims=True), EPSILON)
        return restricted, shares


def _weakened(run: Run, probabilities: np.ndarray, shares: np.ndarray) -> Run:
    step = run.first + int(probabilities[run.first : run.last + 1, run.label].argmax())
    return replace(run, confidence=run.confidence * min(1.0, float(shares[step])))
