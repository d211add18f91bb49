"""The network of a weights file as an ONNX graph, built with NumPy alone.

In float32, or with the 8-bit integers of Jacob et al.: Quantization and Training of Neural Networks
for Efficient Integer-Arithmetic-Only Inference, CVPR 2018, arXiv:1712.05877, section 2, in all but
conv1. Each filter of a convolution, and each column of another kernel, has a scale of its own; the
outputs of a convolution have one, by which the activation range of the weights file stands for 255.
The LSTMs find their inputs' scales in each batch, so that the other images of a batch change the last
digits. Some of the integer operations exist in ONNX Runtime alone.
"""

from pathlib import Path

import numpy as np

from crnn.inference import onnx_format
from crnn.model import weights_file as weights

INPUT, OUTPUT = "vgg_input", "blstm2_out"
OPSET, IR_VERSION = 18, 10  # of 2023: old enough for every runtime in use
MICROSOFT = "com.microsoft"  # domain of the operations that exist in ONNX Runtime alone
UNITS = 256  # of an LSTM
EPSILON = 1e-3  # of Keras's batch normalisation
_CONVOLUTIONS = {  # name: input channels, filters, kernel
    "conv1": (1, 64, 3),
    "conv2": (64, 128, 3),
    "conv3": (128, 256, 3),
    "conv4": (256, 256, 3),
    "conv5": (256, 512, 3),
    "conv6": (512, 512, 3),
    "con7": (512, 512, 2),
}
_POOLS = {"conv1": (2, 2), "conv2": (2, 2), "conv4": (2, 1), "conv6": (2, 1)}  # after which layer
_NORMALIZED = ("conv5", "conv6")
QUANTIZED_LAYERS = tuple(_CONVOLUTIONS)  # whose outputs need an activation range
_INT8_MAX, _UINT8_MAX = 127, 255
_LSTM = {"hidden_size": UNITS, "direction": "bidirectional"}
_GATES = np.r_[0:UNITS, 3 * UNITS : 4 * UNITS, UNITS : 3 * UNITS]  # Keras has i, f, c, o; ONNX i, o, f, c


def shapes(classes: int) -> dict[str, list[tuple[int, ...]]]:
    """Return the shapes of all weights of the network, layer by layer, as the weights file has them.

    Args:
        classes: of the softmax.
    """
    of_lstm = [(512, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)]
    return (
        {name: [(k, k, before, after), (after,)] for name, (before, after, k) in _CONVOLUTIONS.items()}
        | {f"{name}_bn": [(_CONVOLUTIONS[name][1],)] * 4 for name in _NORMALIZED}
        | dict.fromkeys(("blstm1", "blstm2"), 2 * of_lstm)
        | {OUTPUT: [(512, classes), (classes,)]}
    )


def graph_from_weights(
    path: str | Path, classes: int, activation_ranges: dict[str, float] | None = None, with_activations: bool = False
) -> bytes:
    """Build the network of a weights file as the bytes of an ONNX model.

    Args:
        path: weights file.
        classes: of the softmax.
        activation_ranges: the highest output of each of ``QUANTIZED_LAYERS``; with them the model computes in 8-bit
            integers, without them in float32.
        with_activations: give the outputs of these layers too, so that their ranges can be measured.

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not fit; the message names the layer and the two shapes.
    """
    stored = weights.read(path)
    weights.check(stored, shapes(classes), path)
    graph = _Graph()
    x = graph.add("Reshape", INPUT, graph.constant("nchw", np.array([0, 1, 32, -1], np.int64)))  # (n, 1, 32, width)
    x = graph.add("Mul", x, graph.constant("scale", np.float32(1 / 127.5)))
    x = graph.add("Sub", x, graph.constant("offset", np.float32(1)))
    scales = activation_ranges and _activation_scales(graph, activation_ranges)
    for name, (_, _, size) in _CONVOLUTIONS.items():
        kernel, bias = stored[name]
        if name in _NORMALIZED:
            kernel, bias = _folded(kernel, bias, *stored[f"{name}_bn"])
        kernel = kernel.transpose(3, 2, 0, 1)
        window = {"kernel_shape": [size, size], "pads": [1] * 4 if size == 3 else [0] * 4}
        if scales and name in QUANTIZED_LAYERS[1:]:
            before = QUANTIZED_LAYERS[QUANTIZED_LAYERS.index(name) - 1]
            filters = _integer_filters(graph, name, kernel, bias, scales[before])
            # no ReLU: nothing below the zero point 0 can be written
            x = graph.add("QLinearConv", x, *filters, f"{name}_scale", "zero", f"{name}_bias", **window)
        else:
            filters = graph.constant(f"{name}_kernel", kernel), graph.constant(f"{name}_bias", bias)
            x = graph.add("Relu", graph.add("Conv", x, *filters, **window), output=f"{name}_relu")
        if name in _POOLS:
            x = graph.add("MaxPool", x, kernel_shape=_POOLS[name], strides=_POOLS[name])
        if scales and name == QUANTIZED_LAYERS[0]:  # after the pool, which is ten times as fast in float32
            x = graph.add("QuantizeLinear", x, f"{name}_scale", "zero")
        if scales and name == QUANTIZED_LAYERS[-1]:
            x = graph.add("DequantizeLinear", x, f"{name}_scale", "zero")
    x = graph.add("Squeeze", x, graph.constant("height", np.array([2], np.int64)))  # (n, 512, steps)
    x = graph.add("Transpose", x, perm=[2, 0, 1])  # (steps, n, 512)
    together = graph.constant("both_directions", np.array([0, 0, 2 * UNITS], np.int64))
    for name in ("blstm1", "blstm2"):
        x = (_integer_lstm if scales else _lstm)(graph, x, name, stored[name])  # (steps, 2, n, 256)
        x = graph.add("Reshape", graph.add("Transpose", x, perm=[0, 2, 1, 3]), together)  # (steps, n, 512)
    x = graph.add("Transpose", x, perm=[1, 0, 2])  # (n, steps, 512)
    kernel, bias = stored[OUTPUT]
    graph.constant("softmax_bias", bias)
    if scales:
        x = _integer_product(graph, x, kernel, "softmax_bias")
    else:
        x = graph.add("Add", graph.add("MatMul", x, graph.constant("softmax", kernel)), "softmax_bias")
    graph.add("Softmax", x, output=OUTPUT, axis=-1)  # (n, steps, classes)
    return graph.model(classes, [f"{name}_relu" for name in QUANTIZED_LAYERS] if with_activations else [])


def _activation_scales(graph, activation_ranges):
    """Compute what a unit of 8 bits is worth at the output of each layer; 0 is always 0."""
    graph.operations[MICROSOFT] = 1
    graph.constant("zero", np.uint8(0))
    scales = {name: np.float32(activation_ranges[name] / _UINT8_MAX) for name in QUANTIZED_LAYERS}
    for name, scale in scales.items():
        graph.constant(f"{name}_scale", scale)
    return scales


def _integer_filters(graph, name, kernel, bias, scale_before):
    """Add the constants of a QLinearConv; return those from its input's scale to its kernel's zero point."""
    rounded, scale = _rounded(kernel, (1, 2, 3))
    graph.constant(f"{name}_bias", np.rint(bias / (scale_before * scale)).astype(np.int32))
    return (
        f"{QUANTIZED_LAYERS[QUANTIZED_LAYERS.index(name) - 1]}_scale",
        "zero",
        graph.constant(f"{name}_kernel", rounded),
        graph.constant(f"{name}_kernel_scale", scale),
        graph.constant(f"{name}_kernel_zero", np.zeros(len(scale), np.int8)),
    )


def _integer_product(graph, x, kernel, bias):
    """Multiply ``x`` (n, steps, 512), from -1 to 1 as LSTMs give it, by a kernel, and add a bias."""
    rounded, scale = _rounded(kernel, (0,))
    x_scale = graph.constant("lstm_scale", np.float32(1 / _INT8_MAX))
    middle = graph.constant("middle", np.uint8(_INT8_MAX + 1))
    x = graph.add("QuantizeLinear", x, x_scale, middle)
    constants = graph.constant("softmax", rounded), x_scale, graph.constant("softmax_scale", scale)
    return graph.add("MatMulIntegerToFloat", x, *constants, middle, "", bias, domain=MICROSOFT)


def _rounded(kernel, axes):
    """Round a kernel to int8; return also what a unit is worth in each filter: anything in one of zeros alone."""
    highest = np.maximum(kernel.max(axes, keepdims=True), -kernel.min(axes, keepdims=True))
    scale = np.where(highest > 0, highest, 1) / np.float32(_INT8_MAX)
    units = kernel / scale
    return np.rint(units, out=units).astype(np.int8), scale.squeeze(axes)


class _Graph:
    """Collects the nodes and constants of an ONNX graph."""

    def __init__(self):
        self.nodes, self.constants = [], []
        self.operations = {"": OPSET}

    def constant(self, name, values):
        self.constants.append(onnx_format.tensor(name, values))
        return name

    def add(self, kind, *inputs, output=None, domain="", **attributes):
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(onnx_format.node(kind, inputs, output, attributes, domain))
        return output

    def model(self, classes, others):
        """Return the bytes of the model, with the outputs ``others`` (float32) beside its own."""
        images = onnx_format.value(INPUT, ["pictures", 32, "width", 1])
        steps = onnx_format.value(OUTPUT, ["pictures", "steps", classes])
        outputs = [steps, *map(onnx_format.value, others)]
        return onnx_format.model(self.nodes, self.constants, [images], outputs, self.operations, IR_VERSION)


def _folded(kernel, bias, gamma, beta, mean, variance):
    """Return kernel and bias of a convolution that does its batch normalisation too."""
    scale = gamma / np.sqrt(variance + EPSILON)
    return kernel * scale, (bias - mean) * scale + beta


def _lstm(graph, x, name, values):
    """Add a bidirectional LSTM over ``x`` (steps, n, 512), both directions in one array."""
    kernel, recurrent, bias = _gates(values)
    parts = {"kernel": kernel.transpose(0, 2, 1), "recurrent": recurrent.transpose(0, 2, 1), "bias": bias}
    constants = [graph.constant(f"{name}_{part}", array) for part, array in parts.items()]
    return graph.add("LSTM", x, *constants, **_LSTM)


def _integer_lstm(graph, x, name, values):
    """Add the same with 8-bit kernels."""
    *kernels, bias = _gates(values)
    rounded, scales = [], []
    for part, kernel in zip(("kernel", "recurrent"), kernels, strict=True):
        integers, scale = _rounded(kernel, (1,))
        rounded.append(graph.constant(f"{name}_{part}", integers))
        scales.append(graph.constant(f"{name}_{part}_scale", scale))
        scales.append(graph.constant(f"{name}_{part}_zero", np.zeros(scale.shape, np.int8)))
    others = graph.constant(f"{name}_bias", bias), "", "", "", ""  # lengths, first states, peepholes
    return graph.add("DynamicQuantizeLSTM", x, *rounded, *others, *scales, **_LSTM, domain=MICROSOFT)


def _gates(values):
    """Return kernel (2, 512, 1024), recurrent kernel (2, 256, 1024) and bias (2, 2048), the gates in ONNX's order."""
    nothing = np.zeros(4 * UNITS, np.float32)  # ONNX has a second bias, for the recurrent product
    return (
        np.stack([kernel[:, _GATES] for kernel in values[::3]]),
        np.stack([kernel[:, _GATES] for kernel in values[1::3]]),
        np.stack([np.concatenate([bias[_GATES], nothing]) for bias in values[2::3]]),
    )
