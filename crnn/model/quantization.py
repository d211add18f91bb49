"""Rounding to 8-bit integers in the forward pass, so that a training sees what reading with integers does.

Jacob et al.: Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018,
arXiv:1712.05877, section 3. Gradients pass as if nothing were rounded (Bengio, Léonard, Courville: Estimating or
Propagating Gradients Through Stochastic Neurons, arXiv:1308.3432). Scales are those of ``inference.onnx_graph``; the
state of an LSTM between its steps, and biases, are not rounded here.
"""

from typing import Any

from keras import ops

INT8_MAX, UINT8_MAX = 127, 255


class Rounding:
    """Round kernels and values of a network, or leave them as they are.

    Layers ask when they are traced, so ``ranges`` must be set before a model is compiled.

    Attributes:
        ranges: the highest output of each layer, by name, for which 255 stands; while it is empty, nothing is rounded.
    """

    def __init__(self) -> None:
        self.ranges: dict[str, float] = {}

    def kernel(self, kernel: Any, dtype: str) -> Any:
        """Round a kernel to integers from -127 to 127, with a scale for each filter.

        Args:
            kernel: (..., filters) float32.
            dtype: of the result.
        """
        if self.ranges:
            highest = ops.max(ops.abs(kernel), axis=tuple(range(len(kernel.shape) - 1)), keepdims=True)
            kernel = _rounded(kernel, ops.stop_gradient(ops.where(highest > 0, highest, 1.0)) / INT8_MAX)
        return ops.cast(kernel, dtype)

    def outputs(self, name: str, x: Any) -> Any:
        """Round the outputs of a layer to integers from 0 to 255, and cut off what is below and above."""
        if name not in self.ranges:
            return x
        return _rounded(ops.clip(x, 0.0, self.ranges[name]), self.ranges[name] / UINT8_MAX)

    def states(self, x: Any) -> Any:
        """Round outputs of LSTMs, from -1 to 1, to integers from -127 to 127."""
        return _rounded(x, 1 / INT8_MAX) if self.ranges else x


def _rounded(x, scale):
    """Round to multiples of a scale; the gradient is that of ``x``."""
    return x + ops.stop_gradient(ops.round(x / scale) * scale - x)
