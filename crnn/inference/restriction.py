"""Restrict what can be read to some characters of the table."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crnn.charset import Charset
from crnn.ctc import Run

Decode = Callable[[np.ndarray], tuple[list[Run], bool]]


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

    Confidences say what the network thinks: that of a character is at most the probability that it gives without the
    restriction, so that a letter read as a digit has a low one.

    Args:
        decode: decoder of probabilities.
        labels: that can come out.
    """

    def __init__(self, decode: Decode, labels: list[int]):
        self.decode = decode
        self.labels = labels

    def __call__(self, probabilities: np.ndarray) -> tuple[list[Run], bool]:
        """Decode probabilities (time steps, classes), the last class the blank; return as ``ctc.decode``."""
        classes = [*self.labels, probabilities.shape[1] - 1]
        restricted = np.zeros_like(probabilities)
        restricted[:, classes] = probabilities[:, classes]
        restricted /= np.maximum(restricted.sum(axis=1, keepdims=True), np.finfo(restricted.dtype).tiny)
        runs, uncertain = self.decode(restricted)
        highest = [float(probabilities[run.first : run.last + 1, run.label].max()) for run in runs]
        return [
            replace(run, confidence=min(run.confidence, limit)) for run, limit in zip(runs, highest, strict=True)
        ], uncertain
