"""What one backend can do and ``keras.ops`` cannot; ``tf_lstm`` and ``jax_ctc`` hold the longer parts.

Keras runs the network on TensorFlow, JAX or PyTorch (``KERAS_BACKEND``). These parts need to know which: the CTC loss,
where Keras's takes all classes; the LSTMs; how several devices share a batch; and the call of a model for prediction,
which must be traced once and not per shape.
"""

import os
import sys
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
    if JAX:
        from crnn.model.jax_ctc import ctc_loss as jax_ctc_loss

        return jax_ctc_loss(log_probabilities, labels, input_length, label_length)
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


def lstm_dtype() -> str | None:
    """Return the dtype that LSTM layers must have; None for that of the policy.

    With JAX on GPUs Keras calls cuDNN's LSTM, which JAX has for float32 alone, and does not check the dtype.
    """
    if JAX:
        import jax

        return "float32" if jax.default_backend() == "gpu" else None
    return None


def distribute() -> tuple[int, int, int]:
    """Share batches among all devices, with TensorFlow and JAX; say on stderr how many these are.

    Call it before a model is made. With JAX several hosts can run one process each, which find each other by
    ``KERAS_DISTRIBUTION_JOB_ADDRESSES``, ``.._NUM_PROCESSES`` and ``.._PROCESS_ID``. PyTorch uses one device.

    Returns:
        The number of devices of all hosts, the number of this process, and how many processes there are.
    """
    devices, process, processes = 1, 0, 1
    if TENSORFLOW:
        names = [device.name for device in tf.config.list_logical_devices("GPU" if _on_gpu() else "CPU")]
        if len(names) > 1:
            tf.distribute.experimental_set_strategy(tf.distribute.MirroredStrategy(names))
        devices = len(names)
    elif JAX:
        import jax

        if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
            keras.distribution.initialize()
        found = keras.distribution.list_devices()
        if len(found) > 1:
            keras.distribution.set_distribution(keras.distribution.DataParallel(devices=found))
        devices, process, processes = len(found), jax.process_index(), jax.process_count()
    if process == 0:
        print(f"training on {devices} device{'s' * (devices > 1)} with {keras.backend.backend()}", file=sys.stderr)
    return devices, process, processes


def replicas() -> int:
    """Return how many devices a TensorFlow model is mirrored on; 1 with other backends."""
    return tf.distribute.get_strategy().num_replicas_in_sync if TENSORFLOW else 1


def batch_sharding() -> Any:
    """Return the ``jax.sharding.NamedSharding`` of a batch; None for one device."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    import jax

    mesh = distribution.device_mesh.backend_mesh
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(distribution.batch_dim_name))


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
