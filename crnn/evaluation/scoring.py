"""Score what a network says of the images of a batch, by greedy decoding."""

from collections.abc import Callable, Sequence

import numpy as np

from crnn.charset import Charset
from crnn.ctc import labels_of_path
from crnn.evaluation.metrics import LineScores

CHUNK = 32  # images predicted at once


def best_paths(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the best class of each time step: (n, steps) int64.

    Args:
        predict: probabilities (n, steps, classes) of images (n, 32, width, 1) float32.
        images: (n, 32, width, 1), any numbers.
    """
    chunks = (images[at : at + CHUNK] for at in range(0, len(images), CHUNK))
    return np.concatenate([predict(np.asarray(chunk, np.float32)).argmax(-1) for chunk in chunks])


def score_paths(paths: np.ndarray, texts: Sequence[str], charset: Charset) -> tuple[LineScores, list[tuple[str, str]]]:
    """Score paths, and return the pairs (target, prediction) that they come from.

    Args:
        paths: (n, steps) of ``best_paths``.
        texts: n targets.
        charset: the table of the classes.
    """
    scores, pairs = LineScores(), []
    for path, target in zip(paths, texts, strict=True):
        prediction = charset.decode(labels_of_path(path, charset.blank))
        pairs.append((target, prediction))
        scores.update(target, prediction)
    return scores, pairs
