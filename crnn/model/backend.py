"""What one backend can do and ``keras.ops`` cannot; ``tf_lstm`` holds the LSTM for TensorFlow on CPUs.

Keras runs the network on TensorFlow, JAX or PyTorch (``KERAS_BACKEND``). These parts need to know which: the CTC loss,
where TensorFlow has one for sparse labels that costs a quarter of the dense one; the LSTMs; and the call of a model for
prediction, which must be traced once and not per shape.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

TENSORFLOW = keras.backend.backend() == "tensorflow"
JAX = keras.backend.backend() == "jax"

if TENSORFLOW:
    import tensorflow as tf

Predict = Callable[[np.ndarray], np.ndarray]


def ctc_loss(log_probabilities: Any, labels: Any, input_length: Any, label_length: Any) -> Any:
    """Compute -log P(label) of each line of a batch; the blank is the last class.

    Args:
        log_probabilities: (batch, steps, classes) float32; any logits do.
        labels: (batch, labels) int32.
        input_length: (batch,) int32.
        label_length: (batch,) int32.

    Returns:
        (batch,) float32.
    """
    if TENSORFLOW:
        sparse = _sparse(labels, label_length)
        if not _on_gpu():  # tf.nn.ctc_loss would copy all classes to put the blank where it is already
            return tf.compat.v1.nn.ctc_loss(sparse, log_probabilities, input_length, time_major=False)
        return tf.nn.ctc_loss(sparse, log_probabilities, None, input_length, logits_time_major=False, blank_index=-1)
    blank = log_probabilities.shape[-1] - 1
    return ops.ctc_loss(labels, log_probabilities, label_length, input_length, mask_index=blank)


def _sparse(labels, label_length):
    # RaggedTensor -> SparseTensor drops the padding and keeps label 0, which is the space
    return tf.RaggedTensor.from_tensor(labels, lengths=label_length).to_sparse()


def _on_gpu():
    return bool(tf.config.list_physical_devices("GPU"))


def has_faster_lstm() -> bool:
    """Say whether ``tf_lstm`` can be used, and is faster than Keras's layer: with TensorFlow on CPUs."""
    return TENSORFLOW and not _on_gpu()


def distribute() -> tuple[int, int, int]:
    """Share batches among all devices, where the backend can.

    JAX alone: with TensorFlow and PyTorch a training uses one device. Several hosts run one process each, which find
    each other by ``KERAS_DISTRIBUTION_JOB_ADDRESSES``, ``.._NUM_PROCESSES`` and ``.._PROCESS_ID``.

    Returns:
        The number of devices of all hosts, the number of this process, and how many processes there are.
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


def make_deterministic() -> None:
    """Make every run give the same results bit for bit, at some cost in speed."""
    if TENSORFLOW:
        tf.config.experimental.enable_op_determinism()


def traced(model: keras.Model) -> Predict:
    """Return a model of one input as a function of float32 arrays that compiles once for all shapes.

    It follows the weights of the model. JAX compiles per shape in any case: there, keep the number of widths small.
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


def frozen(model: keras.Model) -> Predict:
    """Return a model as ``traced`` does, with the weights that it has now: it need not follow them later.

    With TensorFlow they become constants of the graph, for which oneDNN arranges the filters once and not in every
    call.
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


def exported(folder: str | Path) -> Predict:
    """Return a SavedModel that ``keras.Model.export`` wrote as a function of float32 arrays.

    Raises:
        ValueError: the backend is not TensorFlow.
    """
    if not TENSORFLOW:
        raise ValueError("a SavedModel is TensorFlow's: set KERAS_BACKEND to tensorflow")
    served = tf.saved_model.load(str(folder))  # the function needs its object alive
    return lambda x: served.serve(tf.constant(x, tf.float32)).numpy()
