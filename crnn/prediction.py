"""``predict_core`` as a fast function of arrays.

On a CPU, Keras runs each of the four LSTM directions as a loop of some twenty operations a step,
and for one line alone these loops cost more than all convolutions. Here they run in NumPy: per
step one product with the recurrent kernel, which stays in the core's cache, and the gates in
place; the two directions in two threads. The convolutions and the softmax remain the backend's.
With an accelerator, all of it does.
"""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from threadpoolctl import ThreadpoolController

from crnn import backend


def predictor(network):
    """Probabilities (batch, steps, classes) of float32 pictures (batch, 32, width, 1).

    Args:
        network: ``network.CRNN`` with the weights that it is to predict with; they are copied.
    """
    if backend.accelerated():
        return backend.frozen(network.predict_core)
    core = network.predict_core
    convolve = backend.frozen(keras.Model(core.input, network.columns))
    blstms = [BLSTM(core.get_layer(name)) for name in ("blstm1", "blstm2")]
    softmax = core.get_layer("blstm2_out")
    sequence = keras.Input((None, softmax.kernel.shape[0]))
    classify = backend.frozen(keras.Model(sequence, softmax(sequence)))

    threads = ThreadPoolExecutor(2, "lstm")
    libraries = ThreadpoolController()

    def predict(pictures):
        x = convolve(pictures)
        # OpenBLAS's own threads gain nothing here, and go on spinning while the backend computes
        with libraries.limit(limits=1, user_api="blas"):
            for blstm in blstms:
                x = blstm(x, threads.map)
        return classify(x)

    return predict


class BLSTM:
    """A Keras ``Bidirectional(LSTM(return_sequences=True))``, computed in NumPy.

    Hochreiter, Schmidhuber: Long Short-Term Memory, 1997, with the forget gate of Gers et al. 2000.

    Args:
        layer: the layer; its weights are copied.
    """

    def __init__(self, layer):
        self.directions = [_kernels(layer.forward_layer), _kernels(layer.backward_layer)]

    def __call__(self, x, run_both=map):
        """(batch, steps, features) -> (batch, steps, 2 * units), float32.

        Args:
            run_both: ``map``, or that of an executor, to run the two directions at once.
        """
        forward, backward = run_both(_run, (x, x[:, ::-1]), self.directions)
        return np.concatenate([forward, backward[::-1]], axis=-1).transpose(1, 0, 2)


def _kernels(lstm):
    """Kernel, recurrent kernel and bias with the gates in the order input, forget, output, cell.

    The sigmoid gates are halved: sigmoid(z) = tanh(z / 2) / 2 + 1 / 2, so that one tanh does all.
    """
    kernel, recurrent, bias = lstm.get_weights()
    units = len(recurrent)
    order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # Keras has i, f, c, o
    scale = np.repeat(np.float32([0.5, 0.5, 0.5, 1]), units)
    return [np.ascontiguousarray(weight[..., order] * scale) for weight in (kernel, recurrent, bias)]


def _run(x, kernels):
    """One direction: (batch, steps, features) -> (steps, batch, units)."""
    kernel, recurrent, bias = kernels
    batch, steps, features = x.shape
    units = len(recurrent)
    # one product of matrices: on a stack of matrices NumPy makes a slow one for each
    from_input = np.dot(x.transpose(1, 0, 2).reshape(-1, features), kernel)
    from_input += bias
    from_input = from_input.reshape(steps, batch, 4 * units)
    outputs = np.empty((steps, batch, units), np.float32)
    hidden, cell, shown = (np.zeros((batch, units), np.float32) for _ in range(3))
    z = np.empty((batch, 4 * units), np.float32)
    gates = z[:, : 3 * units]
    entered, kept, opened, candidate = (z[:, k * units : (k + 1) * units] for k in range(4))
    for step in range(steps):
        np.dot(hidden, recurrent, out=z)
        z += from_input[step]
        np.tanh(z, out=z)
        gates *= 0.5
        gates += 0.5
        cell *= kept
        entered *= candidate
        cell += entered
        np.tanh(cell, out=shown)
        hidden = np.multiply(opened, shown, out=outputs[step])
    return outputs
