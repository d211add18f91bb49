"""How sure each character of a text is: the share of all texts that were followed which have it there too."""

import math
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from crnn.ctc import Run, forced_alignment, runs_of_path
from crnn.inference.candidate_classes import Candidates

MIN_SHARE = 0.001  # of a text's probability in that of all that are followed; rarer ones do not lower a confidence

Labels = tuple[int, ...]


def runs_of_text(found: Candidates, texts: list[tuple[Labels, float]], number: int, best_runs: list[Run]) -> list[Run]:
    """Return the runs of one of several texts, with the confidence of each.

    Args:
        found: the classes that were followed.
        texts: labels and log score of each, the most likely first.
        number: of the text.
        best_runs: those of the best path.
    """
    labels, runs = texts[number][0], best_runs
    if labels != tuple(run.label for run in runs):
        path = forced_alignment(found.probabilities, np.searchsorted(found.classes, labels))
        runs = runs_of_path(found.classes[path], found.probabilities[np.arange(len(path)), path], found.blank)
    doubts = _doubts(texts, number)
    return [replace(run, confidence=1 - doubt) if doubt else run for run, doubt in zip(runs, doubts, strict=True)]


def _doubts(texts: list[tuple[Labels, float]], number: int) -> list[float]:
    """Add up, for each label of a text, the share of the texts that have another there, or more before it."""
    first, best = texts[number][0], texts[0][1]
    likely = [math.exp(total - best) for _, total in texts]
    doubts = [0.0] * (len(first) + 1)
    for (labels, _), share in zip(texts, np.divide(likely, sum(likely)).tolist(), strict=True):
        if share >= MIN_SHARE:
            for start, end in _differences(first, labels):
                for at in range(start, max(end, start + 1)):
                    doubts[at] += share
    if first:
        doubts[-2] = max(doubts[-2:])  # what is left out behind the last one
    return doubts[:-1]


def _differences(first: Labels, other: Labels) -> list[tuple[int, int]]:
    """Align two texts; give what ``other`` replaces or leaves out of ``first``, and empty ranges where it has more."""
    shorter = min(len(first), len(other))
    start = 0
    while start < shorter and first[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == other[-1 - end]:
        end += 1
    matcher = SequenceMatcher(None, first[start : len(first) - end], other[start : len(other) - end], autojunk=False)
    return [(start + a, start + b) for kind, a, b, _, _ in matcher.get_opcodes() if kind != "equal"]
