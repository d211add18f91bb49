from itertools import product

import numpy as np
import pytest

from crnn.ctc import Run, greedy_runs, steps_needed
from crnn.model.losses import CTCLoss


def decoded(path, blank):
    merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
    return [c for c in merged if c != blank]


def loss_of_all_paths(probabilities, label):
    steps, classes = probabilities.shape
    total = sum(
        np.prod([probabilities[t, c] for t, c in enumerate(path)])
        for path in product(range(classes), repeat=steps)
        if decoded(path, classes - 1) == list(label)
    )
    return -np.log(total)


@pytest.mark.parametrize("label", [[0], [0, 1], [1, 1], [0, 0, 1], [2, 0]])
def test_loss_sums_all_paths_that_decode_to_the_label(label):
    rng = np.random.default_rng(len(label))
    logits = rng.normal(size=(1, 6, 4))
    probabilities = (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(np.float32)
    padded = np.array([label + [3] * (4 - len(label))])
    loss = CTCLoss()(probabilities, padded, np.array([[5]]), np.array([[len(label)]]))
    assert np.asarray(loss).shape == (1, 1)
    np.testing.assert_allclose(np.asarray(loss)[0, 0], loss_of_all_paths(probabilities[0, :5], label), rtol=1e-4)


@pytest.mark.parametrize("path", ["-s-t-aatte", "-s-tta-tte"])
def test_greedy_merges_repeats_then_drops_blanks(path):
    alphabet = "aest-"
    probabilities = np.eye(5)[[alphabet.index(c) for c in path]]
    assert "".join(alphabet[run.label] for run in greedy_runs(probabilities)) == "state"


def test_a_blank_between_keeps_doubles():
    assert [run.label for run in greedy_runs(np.eye(3)[[0, 2, 0, 0]])] == [0, 0]


def test_runs_say_where_and_how_sure():
    probabilities = np.array([[0.1, 0.9], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    assert greedy_runs(probabilities) == [Run(label=0, first=1, last=2, confidence=0.8)]


def test_no_steps_no_runs():
    assert greedy_runs(np.zeros((0, 3))) == []


@pytest.mark.parametrize(("labels", "needed"), [([], 0), ([5], 1), ([5, 6], 2), ([5, 5], 3), ([0, 0, 0], 5)])
def test_steps_needed(labels, needed):
    assert steps_needed(labels) == needed
