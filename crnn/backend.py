"""Everything that one backend can do and ``keras.ops`` cannot: nowhere else is TensorFlow named.

Keras runs the network on TensorFlow, JAX or PyTorch (``KERAS_BACKEND``). Two things need to know
which: the CTC loss, where TensorFlow has one for sparse labels that costs a quarter of the dense
one (33 ms against 144 ms for 8 lines of 69 steps on one core), and the call of a model for
prediction, which must be traced once and not per shape.
"""

import os

import keras
from keras import ops

TENSORFLOW = keras.backend.backend() == "tensorflow"
JAX = keras.backend.backend() == "jax"

if TENSORFLOW:
    import tensorflow as tf


def ctc_loss(log_probabilities, labels, input_length, label_length):
    """-log P(label), blank last.

    Args:
        log_probabilities: (batch, steps, classes); any logits do.
        labels: (batch, labels) int32.
        input_length, label_length: (batch,) int32.

    Returns:
        (batch,)
    """
    if TENSORFLOW:
        return tf.nn.ctc_loss(
            labels=_sparse(labels, label_length),
            logits=log_probabilities,
            label_length=None,
            logit_length=input_length,
            logits_time_major=False,
            blank_index=-1,
        )
    blank = log_probabilities.shape[-1] - 1
    return ops.ctc_loss(labels, log_probabilities, label_length, input_length, mask_index=blank)


def _sparse(labels, label_length):
    # RaggedTensor -> SparseTensor drops the padding and keeps label 0, which is the space
    return tf.RaggedTensor.from_tensor(labels, lengths=label_length).to_sparse()


def distribute():
    """Share batches among all devices, where the backend can.

    JAX alone: with TensorFlow and PyTorch a training uses one device. Several hosts run one process
    each, told of each other by ``KERAS_DISTRIBUTION_JOB_ADDRESSES``, ``.._NUM_PROCESSES`` and
    ``.._PROCESS_ID``.

    Returns:
        How many devices there are in all, which process this is, of how many.
    """
    if not JAX:
        return 1, 0, 1
    import jax

    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        keras.distribution.initialize()
    devices = keras.distribution.list_devices()
    if len(devices) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return len(devices), jax.process_index(), jax.process_count()


def make_deterministic():
    """Bit for bit the same results in every run, at some cost in speed."""
    if TENSORFLOW:
        tf.config.experimental.enable_op_determinism()


def traced(model):
    """``model``, of one input, as a function of float32 arrays that compiles once for all shapes.

    JAX compiles per shape whatever one does: there, keep the number of widths small.
    """
    if TENSORFLOW:
        return _tensorflow_function(model, lambda x: model(x, training=False))
    if JAX:
        import jax

        def stateless(trainable, non_trainable, x):
            return model.stateless_call(trainable, non_trainable, x, training=False)[0]

        compiled = jax.jit(stateless)

        def call(x):
            values = [[v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables)]
            return ops.convert_to_numpy(compiled(*values, x))

        return call
    import torch

    def call_torch(x):
        with torch.no_grad():
            return ops.convert_to_numpy(model(x, training=False))

    return call_torch


def frozen(model):
    """As ``traced``, with the weights that ``model`` has now: it need not follow them later.

    With TensorFlow they become constants of the graph, for which oneDNN arranges the filters once
    and not in every call.
    """
    if not TENSORFLOW:
        return traced(model)
    weights = [
        [tf.constant(variable.numpy()) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    return _tensorflow_function(model, lambda x: model.stateless_call(*weights, x, training=False)[0])


def _tensorflow_function(model, call):
    function = tf.function(call, input_signature=[tf.TensorSpec(model.input.shape, tf.float32)])
    return lambda x: function(tf.constant(x, tf.float32)).numpy()


def exported(folder):
    """What ``keras.Model.export`` wrote as a SavedModel, as a function of float32 arrays."""
    if not TENSORFLOW:
        raise ValueError("a SavedModel is TensorFlow's: set KERAS_BACKEND to tensorflow")
    served = tf.saved_model.load(str(folder))  # the function needs its object alive
    return lambda x: served.serve(tf.constant(x, tf.float32)).numpy()
