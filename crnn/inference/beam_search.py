"""Prefix beam search: the text that sums to most over all its paths, weighed by what usually follows what.

Hannun, Maas, Jurafsky, Ng: First-Pass Large Vocabulary Continuous Speech Recognition using
Bi-Directional Recurrent DNNs, arXiv:1408.2873, algorithm 1, with two changes. Classes less likely
than ``LEAST`` at a step are not followed: most steps have one class left and most lines no choice
at all, and these are decoded greedily, to the same result. And what follows what is weighed by how
much more likely the history makes a character than it is anyway, so that a rare one is not
punished for being rare.
"""

import math

import numpy as np

from crnn.ctc import best_of_steps, runs_of_path

LEAST = 0.01  # probability
WIDTH = 8  # texts followed at once
WEIGHT = 0.25  # of the n-grams, against the network's 1
LEAD = 1.0  # of the logarithm of the likeliest text's score over the next: with less, it is doubtful


def decode(probabilities, gain=None, weight=WEIGHT, least=LEAST, width=WIDTH):
    """The runs of the most likely text.

    Args:
        probabilities: (steps, classes), the last class the blank.
        gain: ``NGrams.gain``; without it the network alone decides.

    Returns:
        Runs, as ``ctc.greedy_runs``; those of a text that greedy decoding does not find are those of its best path.
        Whether the second text is close, so that nearly the same probabilities might make it the first.
    """
    blank = probabilities.shape[1] - 1
    best, likely = best_of_steps(probabilities)
    runs = runs_of_path(best, likely, blank)
    if (likely >= 1 - least).all():
        return runs, False
    labels, lead = most_likely(followed(probabilities, best, likely, least), blank, gain, weight, width)
    if labels != tuple(run.label for run in runs):
        path = best_path(probabilities, labels)
        runs = runs_of_path(path, probabilities[np.arange(len(path)), path], blank)
    return runs, lead < LEAD


def followed(probabilities, best, likely, least):
    """Of each step the classes that are at least as likely as ``least``, or the best one, and their probabilities."""
    for step, label, probability in zip(probabilities, best.tolist(), likely.tolist(), strict=True):
        if least <= probability < 1 - least:
            classes = np.flatnonzero(step >= least)
            yield classes.tolist(), step[classes].tolist()
        else:
            yield [label], [probability]


def most_likely(steps, blank, gain=None, weight=WEIGHT, width=WIDTH):
    """The most likely text.

    Args:
        steps: as of ``followed``. blank: its class. gain, weight, width: as of ``decode``.

    Returns:
        Its labels, a tuple; by how much the logarithm of its score is ahead of the next one's.
    """
    beams = {(): (1.0, 0.0, 0.0)}  # labels: P(they, a blank last), P(they, the last one last), weight * gains
    for classes, probabilities in steps:
        if classes == [blank]:  # as at most steps: all texts get the same factor, left out here
            beams = {labels: (b + n, 0.0, gains) for labels, (b, n, gains) in beams.items()}
            continue
        found = {}
        for labels, (blank_last, label_last, gains) in beams.items():
            last = labels[-1] if labels else blank
            for label, probability in zip(classes, probabilities, strict=True):
                if label == blank:
                    _add(found, labels, (blank_last + label_last) * probability, 0.0, gains)
                    continue
                if label == last:
                    _add(found, labels, 0.0, label_last * probability, gains)
                before = blank_last if label == last else blank_last + label_last
                if before > 0:
                    longer = (*labels, label)
                    gained = 0.0 if longer in found or gain is None else weight * gain(labels, label)
                    _add(found, longer, 0.0, before * probability, gains + gained)
        beams = dict(sorted(found.items(), key=_score, reverse=True)[:width])
        likeliest = max(blank_last + label_last for blank_last, label_last, _ in beams.values())
        if likeliest < 1e-100:  # long before it is too small for a float
            beams = {labels: (b / likeliest, n / likeliest, gains) for labels, (b, n, gains) in beams.items()}
    first, *others = sorted(beams.items(), key=_score, reverse=True)
    return first[0], _score(first) - _score(others[0]) if others else math.inf


def _add(found, labels, blank_last, label_last, gains):
    if labels in found:
        before = found[labels]
        found[labels] = (before[0] + blank_last, before[1] + label_last, before[2])
    else:
        found[labels] = (blank_last, label_last, gains)


def _score(beam):
    blank_last, label_last, gains = beam[1]
    return math.log(blank_last + label_last + 1e-300) + gains


def best_path(probabilities, labels):
    """The most likely path of labels: one class a step (Viterbi).

    Args:
        probabilities: (steps, classes), the last class the blank. labels: that fit in the steps.

    Returns:
        (steps,) int64.
    """
    blank = probabilities.shape[1] - 1
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)  # the blank between two different labels
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    with np.errstate(divide="ignore"):
        likely = np.log(probabilities[:, states])
    score = np.full(len(states), -np.inf)
    score[:2] = likely[0, :2]
    came = np.zeros(likely.shape, np.int64)  # from how many states back
    for step in range(1, len(likely)):
        ways = np.full((3, len(states)), -np.inf)
        ways[0], ways[1, 1:] = score, score[:-1]
        ways[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        came[step] = ways.argmax(axis=0)
        score = ways.max(axis=0) + likely[step]
    at = len(states) - 1 if len(states) == 1 or score[-1] > score[-2] else len(states) - 2
    path = []
    for back in came[::-1]:
        path.append(states[at])
        at -= back[at]
    return np.array(path[::-1])
