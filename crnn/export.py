"""The network for other programs: ``python -m crnn.export FILE.onnx`` or ``FOLDER``.

``FILE.onnx`` is what ONNX Runtime and its like read; it is built from the weights file directly,
without Keras, and the reading of pictures makes use of that. ``FOLDER`` is a SavedModel of
TensorFlow. Both take pictures (n, 32, width, 1) float32, grey values 0..255, any n and width, and
give probabilities (n, steps, classes).
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from crnn import weights
from crnn.charset import Charset, table_of

INPUT, OUTPUT = "vgg_input", "blstm2_out"
OPSET, IR_VERSION = 18, 10  # of 2023: old enough for every runtime in use
UNITS = 256  # of an LSTM
EPSILON = 1e-3  # of Keras's batch normalisation
ASSETS = Path(__file__).resolve().parent.parent / "asset"
TOLERANCE = 1e-4  # of a probability, between an export and Keras
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
_NORMALISED = ("conv5", "conv6")
_GATES = np.r_[0:UNITS, 3 * UNITS : 4 * UNITS, UNITS : 3 * UNITS]  # Keras has i, f, c, o; ONNX i, o, f, c


def shapes(classes):
    """Shapes of all weights of the network, layer by layer, as the weights file has them."""
    of_lstm = [(512, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)]
    return (
        {name: [(k, k, before, after), (after,)] for name, (before, after, k) in _CONVOLUTIONS.items()}
        | {f"{name}_bn": [(_CONVOLUTIONS[name][1],)] * 4 for name in _NORMALISED}
        | dict.fromkeys(("blstm1", "blstm2"), 2 * of_lstm)
        | {OUTPUT: [(512, classes), (classes,)]}
    )


def graph_from_weights(path, classes):
    """The network of a weights file as an ONNX model.

    Args:
        classes: of the softmax.

    Returns:
        ``onnx.ModelProto``

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not fit; the message names the layer and the two shapes.
    """
    stored = weights.read(path)
    weights.check(stored, shapes(classes), path)
    graph = _Graph()
    x = graph.add("Reshape", INPUT, graph.constant("nchw", np.int64([0, 1, 32, -1])))  # (n, 1, 32, width)
    x = graph.add("Mul", x, graph.constant("scale", np.float32(1 / 127.5)))
    x = graph.add("Sub", x, graph.constant("offset", np.float32(1)))
    for name, (_, _, size) in _CONVOLUTIONS.items():
        kernel, bias = stored[name]
        if name in _NORMALISED:
            kernel, bias = _folded(kernel, bias, *stored[f"{name}_bn"])
        filters = graph.constant(f"{name}_kernel", kernel.transpose(3, 2, 0, 1))
        around = [1] * 4 if size == 3 else [0] * 4
        x = graph.add("Conv", x, filters, graph.constant(f"{name}_bias", bias), kernel_shape=[size, size], pads=around)
        x = graph.add("Relu", x)
        if name in _POOLS:
            x = graph.add("MaxPool", x, kernel_shape=_POOLS[name], strides=_POOLS[name])
    x = graph.add("Squeeze", x, graph.constant("height", np.int64([2])))  # (n, 512, steps)
    x = graph.add("Transpose", x, perm=[2, 0, 1])  # (steps, n, 512)
    together = graph.constant("both_directions", np.int64([0, 0, 2 * UNITS]))
    for name in ("blstm1", "blstm2"):
        kernels = [graph.constant(f"{name}_{part}", values) for part, values in _lstm(stored[name]).items()]
        x = graph.add("LSTM", x, *kernels, hidden_size=UNITS, direction="bidirectional")  # (steps, 2, n, 256)
        x = graph.add("Reshape", graph.add("Transpose", x, perm=[0, 2, 1, 3]), together)  # (steps, n, 512)
    x = graph.add("Transpose", x, perm=[1, 0, 2])  # (n, steps, 512)
    kernel, bias = (graph.constant(f"softmax_{k}", values) for k, values in enumerate(stored[OUTPUT]))
    x = graph.add("Add", graph.add("MatMul", x, kernel), bias)
    graph.add("Softmax", x, output=OUTPUT, axis=-1)  # (n, steps, classes)
    return graph.model(classes)


class _Graph:
    """Nodes and constants of an ONNX graph under construction."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind, *inputs, output=None, **attributes):
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def model(self, classes):
        pictures = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["pictures", 32, "width", 1])
        steps = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["pictures", "steps", classes])
        graph = helper.make_graph(self.nodes, "crnn", [pictures], [steps], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _folded(kernel, bias, gamma, beta, mean, variance):
    """Kernel and bias of a convolution that does its batch normalisation too."""
    scale = gamma / np.sqrt(variance + EPSILON)
    return kernel * scale, (bias - mean) * scale + beta


def _lstm(values):
    """The weights of a bidirectional LSTM as ONNX has them: both directions in one array."""
    kernels, recurrents, biases = values[::3], values[1::3], values[2::3]
    nothing = np.zeros(4 * UNITS, np.float32)  # ONNX has a second bias, for the recurrent product
    return {
        "kernel": np.stack([kernel[:, _GATES].T for kernel in kernels]),
        "recurrent": np.stack([kernel[:, _GATES].T for kernel in recurrents]),
        "bias": np.stack([np.concatenate([bias[_GATES], nothing]) for bias in biases]),
    }


# The command


def export(path, weights_file):
    """Write ``path``, an ONNX file or the folder of a SavedModel.

    Returns:
        Its predictor, to be checked.
    """
    path = Path(path)
    classes = Charset.from_file(table_of(weights_file)).classes
    if path.suffix == ".onnx":
        from crnn.prediction import onnx_predictor

        model = graph_from_weights(weights_file, classes).SerializeToString()
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(model)
        os.replace(partial, path)
        return onnx_predictor(str(path))
    from crnn import backend
    from crnn.network import CRNN

    network = CRNN(classes)
    network.load_weights(weights_file)
    network.predict_core.export(str(path), verbose=False)
    return backend.exported(path)


def differences(predict, reference, pictures):
    """How two predictors differ on pictures.

    Returns:
        The largest difference of a probability, and the number of pictures with another text.
    """
    from crnn.image import to_height
    from crnn.recognizer import Recognizer

    worst = 0.0
    for picture in pictures:
        line = to_height(picture)[None, ..., None].astype(np.float32)
        worst = max(worst, float(np.abs(predict(line) - reference(line)).max()))
    texts = [[line.text for line in Recognizer(one).read(pictures)] for one in (predict, reference)]
    return worst, sum(a != b for a, b in zip(*texts, strict=True))


def arguments():
    parser = argparse.ArgumentParser(prog="python -m crnn.export", description="Write the network for other programs.")
    parser.add_argument("path", type=Path, help="FILE.onnx, or the folder of a SavedModel")
    parser.add_argument("--weights", type=Path, default=ASSETS.parent / "weights" / "CRNN.h5")
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.demo import find_pictures
    from crnn.image import read_grey
    from crnn.prediction import predictor

    try:
        predict = export(options.path, options.weights)
        reference = predictor(options.weights, engine="keras")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    pictures = [read_grey(path) for path in find_pictures([ASSETS])[0]]
    worst, others = differences(predict, reference, pictures)
    print(f"{options.path}: {len(pictures)} asset pictures, {others} read differently than by Keras")
    print(f"largest difference of a probability: {worst:.1e}")
    return int(others > 0 or worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
