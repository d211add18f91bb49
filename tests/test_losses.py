import keras
import numpy as np
import pytest

from crnn.model import backend


@pytest.fixture
def lines():
    """Log probabilities of five lines; labels with twins, of one character, of none, and with steps to leave out."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 24, 12)).astype(np.float32)
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    labels = rng.integers(0, 11, (5, 9)).astype(np.int32)
    labels[0, :5] = 3
    return log_probabilities, labels, np.array([24, 24, 24, 20, 24], np.int32), np.array([9, 1, 0, 9, 4], np.int32)


def by_hand(log_probabilities, labels, blank):
    """-log of the sum over all paths of a line, in float64 (Graves et al. 2006, equations 6 to 8)."""
    states = [blank]
    for label in labels:
        states += [label, blank]
    alpha = np.zeros(len(states))
    alpha[:2] = np.exp(log_probabilities[0, states[:2]].astype(float))
    for row in np.exp(log_probabilities[1:].astype(float)):
        before = alpha.copy()
        for s, state in enumerate(states):
            alpha[s] += before[s - 1] if s else 0
            alpha[s] += before[s - 2] if s > 1 and state != blank and state != states[s - 2] else 0
        alpha *= row[states]
    return -np.log(alpha[-2:].sum())


def test_the_loss_of_this_backend_is_that_of_the_equations(lines):
    log_probabilities, labels, steps, lengths = lines
    lengths = np.maximum(lengths, 1)  # TensorFlow's for CPUs takes no empty line
    expected = [by_hand(p[:t], row[:n], 11) for p, row, t, n in zip(*lines[:3], lengths, strict=True)]
    got = backend.ctc_loss(*map(keras.ops.convert_to_tensor, (log_probabilities, labels, steps, lengths)))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), expected, rtol=1e-4)


def test_the_loss_of_jax_and_its_gradient_are_those_of_tensorflow(lines):
    jax = pytest.importorskip("jax")
    tf = pytest.importorskip("tensorflow")
    from crnn.model.jax_ctc import ctc_loss

    log_probabilities, labels, steps, lengths = lines

    def jax_loss(logits):
        return ctc_loss(jax.nn.log_softmax(logits), labels, steps, lengths)

    loss, pull = jax.vjp(jax_loss, log_probabilities)
    (gradient,) = pull(np.ones(5, np.float32))
    logits = tf.constant(log_probabilities)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        expected = tf.nn.ctc_loss(labels, logits, lengths, steps, logits_time_major=False, blank_index=-1)
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    np.testing.assert_allclose(gradient, tape.gradient(expected, logits), atol=1e-4)
