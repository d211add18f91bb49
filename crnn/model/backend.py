"""Everything that one backend can do and ``keras.ops`` cannot: nowhere else is TensorFlow named.

Keras runs the network on TensorFlow, JAX or PyTorch (``KERAS_BACKEND``). Three things need to know
which: the CTC loss, where TensorFlow has one for sparse labels that costs a quarter of the dense
one (33 ms against 144 ms for 8 lines of 69 steps on one core); the LSTMs, which TensorFlow fuses on
GPUs alone: elsewhere Keras loops over a cell that casts and multiplies in every step what can be cast
and multiplied at once; and the call of a model for prediction, which must be traced once and not per
shape.
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


def has_faster_lstm():
    """Whether ``lstm`` can be called, and is faster than Keras's: with TensorFlow on CPUs."""
    return TENSORFLOW and not _on_gpu()


def lstm(x, kernel, recurrent_kernel, bias, backwards=False, training=False):
    """A layer of LSTMs as ``keras.layers.LSTM`` computes it, for TensorFlow on CPUs.

    All steps' inputs are multiplied at once; the loop forward keeps only the products with the state,
    the loop backward only what runs from step to step, and the gradients of kernels are one product
    each (Graves: Supervised Sequence Labelling with Recurrent Neural Networks, 2012, section 4.6).
    Forward and backward take half the processor time of Keras's loop in bfloat16, three quarters in
    float32. Cells are kept in float32 in any case.

    Args:
        x: (batch, steps, features), in the dtype of the products.
        kernel: (features, 4 units), recurrent_kernel: (units, 4 units), bias: (4 units,); input gate,
            forget gate, cell, output gate.
        backwards: whether to go from the last step to the first.
        training: whether gradients are wanted fast; without, they are TensorFlow's own, and a SavedModel
            can be made, which cannot hold ours.

    Returns:
        (batch, steps, units), in the order of the steps taken.
    """
    kernel, recurrent_kernel = tf.cast(kernel, x.dtype), tf.cast(recurrent_kernel, x.dtype)
    x = tf.transpose(x, (1, 0, 2))
    if backwards:
        x = tf.reverse(x, [0])
    shape = tf.shape(x)
    projected = tf.reshape(tf.matmul(_rows(x), kernel), (shape[0], shape[1], kernel.shape[-1]))
    recurrence = tf.custom_gradient(_recurrence) if training else lambda *given: _recurrence(*given)[0]
    return tf.transpose(recurrence(projected, recurrent_kernel, tf.cast(bias, tf.float32)), (1, 0, 2))


def _rows(x):
    return tf.reshape(x, (-1, x.shape[-1]))


def _one_later(x):
    return tf.concat([tf.zeros_like(x[:1]), x[:-1]], 0)


def _recurrence(projected, kernel, bias):
    """Outputs (steps, batch, units) of inputs that the kernel has met, (steps, batch, 4 units); their gradient."""
    steps, dtype, units = tf.shape(projected)[0], kernel.dtype, kernel.shape[0]
    zeros = tf.zeros((tf.shape(projected)[1], units))
    given = tf.TensorArray(dtype, steps).unstack(projected + tf.cast(bias, dtype))

    def array(dtype, size):
        return tf.TensorArray(dtype, steps, element_shape=(None, size))

    def step(t, h, c, outputs, cells, sums):
        z = given.read(t) + tf.matmul(h, kernel)
        i, f, g, o = tf.split(tf.cast(z, tf.float32), 4, -1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.cast(tf.sigmoid(o) * tf.tanh(c), dtype)
        return t + 1, h, c, outputs.write(t, h), cells.write(t, c), sums.write(t, z)

    arrays = array(dtype, units), array(tf.float32, units), array(dtype, 4 * units)
    start = 0, tf.cast(zeros, dtype), zeros, *arrays
    *_, outputs, cells, sums = tf.while_loop(lambda t, *_: t < steps, step, start)
    outputs = outputs.stack()

    def gradient(upstream):
        c = cells.stack()
        i, f, g, o = tf.split(tf.cast(sums.stack(), tf.float32), 4, -1)
        i, f, g, o, squashed = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o), tf.tanh(c)
        factors = (
            tf.cast(upstream, tf.float32),
            o * (1 - squashed * squashed),  # d h / d c
            f,  # d c / d c of the step before
            tf.stack([g * i * (1 - i), _one_later(c) * f * (1 - f), i * (1 - g * g)], 2),  # d c / d z of i, f, g
            squashed * o * (1 - o),  # d h / d z of o
        )
        factors = [tf.TensorArray(tf.float32, steps).unstack(factor) for factor in factors]
        cell_kernel, output_kernel = tf.split(kernel, (3 * units, units), -1)

        def step_back(t, dh, dc, of_cells, of_outputs):
            dy, h_by_c, forget, c_by_z, h_by_z = (factor.read(t) for factor in factors)
            dh = dy + dh
            dc = dc + dh * h_by_c
            of_cell = tf.reshape(tf.cast(dc[:, None] * c_by_z, dtype), (-1, 3 * units))
            of_output = tf.cast(dh * h_by_z, dtype)
            dh = tf.matmul(of_cell, cell_kernel, transpose_b=True)
            dh += tf.matmul(of_output, output_kernel, transpose_b=True)
            written = of_cells.write(t, of_cell), of_outputs.write(t, of_output)
            return t - 1, tf.cast(dh, tf.float32), dc * forget, *written

        start = steps - 1, zeros, zeros, array(dtype, 3 * units), array(dtype, units)
        *_, of_cells, of_outputs = tf.while_loop(lambda t, *_: t >= 0, step_back, start)
        dz = tf.concat([of_cells.stack(), of_outputs.stack()], -1)
        of_kernel = tf.matmul(_rows(_one_later(outputs)), _rows(dz), transpose_a=True)
        return dz, of_kernel, tf.reduce_sum(tf.cast(_rows(dz), tf.float32), 0)

    return outputs, gradient


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
