from itertools import product

import numpy as np
import pytest

from crnn.ctc import best_of_steps, greedy_runs, runs_of_path
from crnn.inference import beam_search as beam
from crnn.inference.beam_search import forced_alignment

A, B, BLANK = 0, 1, 2


def most_likely(probabilities, least=beam.MIN_PROBABILITY, width=beam.BEAM_WIDTH):
    steps = beam.candidate_classes(probabilities, *best_of_steps(probabilities), least)
    return beam.search(steps, probabilities.shape[1] - 1, beam_width=width)


def beam_runs(probabilities, lm_score=None):
    return beam.decode(probabilities, lm_score)[0]


def merged(path, blank):
    return tuple(c for i, c in enumerate(path) if c != blank and (i == 0 or c != path[i - 1]))


def random_probabilities(seed, steps=5, classes=4):
    logits = np.random.default_rng(seed).normal(size=(steps, classes))
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


def paths_of(probabilities):
    """Each path, its text and probability."""
    steps, classes = probabilities.shape
    for path in product(range(classes), repeat=steps):
        yield path, merged(path, classes - 1), float(np.prod(probabilities[np.arange(steps), list(path)]))


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_the_text_whose_paths_sum_to_most(seed):
    probabilities = random_probabilities(seed)
    sums = {}
    for _, text, likely in paths_of(probabilities):
        sums[text] = sums.get(text, 0) + likely
    second, first = sorted(sums.values())[-2:]
    text, lead = most_likely(probabilities, least=0, width=1000)
    assert text == max(sums, key=sums.get)
    assert lead == pytest.approx(np.log(first / second))


@pytest.mark.parametrize("seed", range(8))
def test_the_best_path_of_a_text_is_found(seed):
    probabilities = random_probabilities(seed)
    for text in ((), (0,), (1, 1), (0, 1, 2), (2, 2, 0)):
        likeliest = max((likely, path) for path, said, likely in paths_of(probabilities) if said == text)[1]
        assert tuple(forced_alignment(probabilities, text)) == likeliest


def test_it_reads_what_greedy_decoding_misses():
    probabilities = np.array([[0.4, 0.0, 0.6], [0.4, 0.0, 0.6]])  # all blank 0.36, a 0.64
    assert greedy_runs(probabilities) == []
    (run,) = beam_runs(probabilities)
    assert run.label == A and 0 <= run.first <= run.last <= 1 and run.confidence == 0.4


def test_the_history_tips_the_scale_where_the_network_doubts_and_there_alone():
    def follows(history, label):
        return 3.0 if (history, label) == ((A,), B) else 0.0

    uncertain = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0.35, 0.65, 0]])  # a, then b or c
    assert [run.label for run in beam_runs(uncertain)] == [0, 2]
    assert [run.label for run in beam_runs(uncertain, follows)] == [0, 1]
    certain = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0.009, 0.991, 0]])
    assert beam_runs(certain, follows) == greedy_runs(certain)


@pytest.mark.parametrize(("a", "uncertain"), [(0.5, True), (0.7, True), (0.8, False), (0.995, False)])
def test_a_close_second_leaves_doubt(a, uncertain):
    assert beam.decode(np.array([[a, 1 - a, 0.0]]))[1] is uncertain


def test_two_paths_to_one_text_leave_no_doubt():
    probabilities = np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])  # a run that ends here or there
    assert beam.decode(probabilities)[1] is False


def test_long_doubt_does_not_end_in_nothing():
    probabilities = np.tile([0.3, 0.3, 0.4], (3000, 1))
    assert np.all(np.isfinite([run.confidence for run in beam_runs(probabilities)]))
    assert most_likely(probabilities)[0] != ()


def test_doubles_keep_their_blank():
    probabilities = np.array([[0.9, 0.0, 0.1], [0.3, 0.0, 0.7], [0.9, 0.0, 0.1]])
    assert most_likely(probabilities)[0] == (A, A)
    path = forced_alignment(probabilities, (A, A))
    assert [run.label for run in runs_of_path(path, np.ones(3), BLANK)] == [A, A]


def test_no_steps_no_runs():
    assert beam_runs(np.zeros((0, 3))) == []
