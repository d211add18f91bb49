"""A layer of LSTMs for TensorFlow on CPUs, faster than Keras's own.

Keras fuses LSTMs on GPUs alone. Elsewhere it loops over a cell that casts and multiplies in every step what can be cast
and multiplied at once.
"""

import tensorflow as tf


def lstm(
    x: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    backwards: bool = False,
    training: bool = False,
) -> tf.Tensor:
    """Compute a layer of LSTMs as ``keras.layers.LSTM`` does.

    The inputs of all time steps are multiplied at once. The loop forward keeps only the products with the state, the
    loop backward only what runs from step to step, and the gradients of the kernels are one product each
    (Graves: Supervised Sequence Labelling with Recurrent Neural Networks, 2012, section 4.6). Cells are kept in
    float32 in any case.

    Args:
        x: (batch, steps, features), in the dtype of the products.
        kernel: (features, 4 units): input gate, forget gate, cell, output gate.
        recurrent_kernel: (units, 4 units), in the same order.
        bias: (4 units,), in the same order.
        backwards: go from the last step to the first.
        training: use the gradient written here. Without it, the gradient is TensorFlow's own, and a SavedModel can be
            made, which cannot hold a custom gradient.

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
    """Return the outputs of inputs that the kernel has met, and the function that computes their gradient.

    Args:
        projected: (steps, batch, 4 units).
        kernel: (units, 4 units).
        bias: (4 units,).

    Returns:
        (steps, batch, units), and a function of a gradient of that shape.
    """
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
