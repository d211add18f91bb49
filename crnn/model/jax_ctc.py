"""The CTC loss for JAX, of the classes that occur in the labels alone.

Keras's loss for JAX multiplies all classes with one-hot labels: of 5,991 classes that takes more time and memory than
the recursion itself.
"""

import jax
import jax.numpy as jnp

IMPOSSIBLE = -1e30  # logarithm of the probability of a state that cannot be


def ctc_loss(
    log_probabilities: jax.Array, labels: jax.Array, input_length: jax.Array, label_length: jax.Array
) -> jax.Array:
    """Compute -log P(label) of each line of a batch (Graves et al. 2006, section 4.1, in logarithms).

    Args:
        log_probabilities: (batch, steps, classes) float32; the blank is the last class.
        labels: (batch, labels) int32, padded with any class.
        input_length: (batch,) int32.
        label_length: (batch,) int32.

    Returns:
        (batch,) float32.
    """
    batch, steps, classes = log_probabilities.shape
    emitted = jnp.take_along_axis(log_probabilities, labels[:, None, :], axis=2)
    blank = jnp.broadcast_to(log_probabilities[:, :, classes - 1 :], emitted.shape)
    # states: blank, label, blank, label, ..., blank
    states = jnp.stack([blank, emitted], axis=3).reshape(batch, steps, -1)
    states = jnp.concatenate([states, log_probabilities[:, :, classes - 1 :]], axis=2).transpose(1, 0, 2)
    other = jnp.pad(labels[:, 1:] != labels[:, :-1], ((0, 0), (1, 0)))  # a label may follow another one at once
    skips = jnp.stack([jnp.zeros_like(other), other], axis=2).reshape(batch, -1)
    skips = jnp.pad(skips, ((0, 0), (0, 1)))

    def later(alpha, by):
        return jnp.pad(alpha, ((0, 0), (by, 0)), constant_values=IMPOSSIBLE)[:, :-by]

    def step(alpha, given):
        emission, t = given
        reached = jnp.logaddexp(alpha, later(alpha, 1))
        reached = jnp.where(skips, jnp.logaddexp(reached, later(alpha, 2)), reached)
        return jnp.where((t < input_length)[:, None], reached + emission, alpha), None

    start = jnp.where(jnp.arange(states.shape[2]) < 2, states[0], IMPOSSIBLE)
    alpha, _ = jax.lax.scan(step, start, (states[1:], jnp.arange(1, steps)))
    last = 2 * label_length[:, None]
    at_blank = jnp.take_along_axis(alpha, last, axis=1)
    at_label = jnp.take_along_axis(alpha, jnp.maximum(last - 1, 0), axis=1)
    ends = jnp.where(last > 0, jnp.logaddexp(at_blank, at_label), at_blank)
    return -ends[:, 0]
