"""``predict_core`` as a fast function of arrays, by one of several engines.

``onnx``: ONNX Runtime on the CPU, from the weights file alone. Neither Keras nor TensorFlow is imported, whose start
takes seconds and whose LSTMs are loops of some twenty operations a step. Where the processor multiplies 8-bit integers
fast, all is read with these first, and what is uncertain then is read again in float32: the texts are those of float32.
``onnx-float32``: the same without the integers.
``keras``: the Keras model on its backend, whatever that computes on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.files import require_regular_file

ENGINES = ("onnx", "onnx-float32", "keras")

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Engine:
    """The network as functions from images (n, 32, width, 1) to probabilities (n, time steps, classes), all float32.

    Attributes:
        fast: for all images.
        exact: for those whose text ``fast`` leaves uncertain, as it only comes close to the probabilities; None if it
            gives the very probabilities.
    """

    fast: Predict
    exact: Predict | None = None


def default_engine() -> str:
    """Choose ``onnx`` if ONNX Runtime is installed, else ``keras``."""
    return "onnx" if find_spec("onnxruntime") else "keras"


def load_engine(path: str | Path, classes: int | None = None, engine: str | None = None) -> Engine:
    """Load a network.

    Args:
        path: weights file; for the engine ``onnx`` also an ONNX file.
        classes: of the softmax; default: as the table beside the file has them.
        engine: one of ``ENGINES``; default: see ``default_engine``.

    Raises:
        OSError, ValueError: the file cannot be read, or does not fit the network; no such engine.
    """
    engine = engine or default_engine()
    classes = classes or Charset.for_weights(path).classes
    if engine == "keras":
        return Engine(_keras_predict(path, classes))
    if engine not in ENGINES:
        raise ValueError(f"{engine}: no such engine; there are {', '.join(ENGINES)}")
    if default_engine() != "onnx":
        raise ValueError(f"the engine {engine} is not installed: pip install onnxruntime")
    if _is_onnx(path):
        return Engine(onnx_predict(str(path), classes))
    from crnn.inference.onnx_graph import QUANTIZED_LAYERS
    from crnn.model.weights_file import read_activation_ranges

    ranges = read_activation_ranges(path)
    if engine == "onnx" and multiplies_integers_fast() and ranges.keys() >= set(QUANTIZED_LAYERS):
        exact = cache(lambda: _predict_from_weights(path, classes, alone=False))  # not before it is needed
        return Engine(_predict_from_weights(path, classes, ranges, alone=False), lambda images: exact()(images))
    return Engine(_predict_from_weights(path, classes))


def multiplies_integers_fast() -> bool:
    """Tell whether the processor has instructions for dot products of 8-bit integers, as far as Linux says."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return bool(re.search(r"^(flags|Features)\b.*\b(avx512_vnni|avx_vnni|asimddp)\b", flags, re.MULTILINE))


def onnx_predict(model: str | bytes, classes: int | None = None, alone: bool = True) -> Predict:
    """Load an ONNX network into ONNX Runtime.

    Args:
        model: path of a file, or its bytes.
        classes: that it must have; default: any number.
        alone: let threads wait busily for their next task. Those of two sessions that work in turns would take the
            cores from each other.

    Raises:
        ValueError: ONNX Runtime cannot read it, or it has another number of classes.
    """
    import onnxruntime

    name = model if isinstance(model, str) else "the network"
    if isinstance(model, str):  # read here: of bytes ONNX Runtime reads no further file
        require_regular_file(model)
        model = Path(model).read_bytes()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(alone)))
    options.log_severity_level = 4  # what fails is raised, and need not be printed too
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # it moves a pool behind the integers
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
        raise ValueError(f"{name}: ONNX Runtime cannot read it ({error})") from None
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [len(end.shape) for end in (*inputs, *outputs)] != [4, 3] or inputs[0].type != "tensor(float)":
        raise ValueError(
            f"{name}: takes no images or gives no probabilities; python -m crnn.tools.export writes one that does"
        )
    (images,), (steps,) = inputs, outputs
    if classes not in (None, steps.shape[-1]):
        raise ValueError(f"{name}: has {steps.shape[-1]} classes, the table of labels has {classes} with the blank")
    return lambda x: session.run([steps.name], {images.name: np.asarray(x, np.float32)})[0]


def _is_onnx(path: str | Path) -> bool:
    return str(path).endswith(".onnx")


def _predict_from_weights(
    path: str | Path, classes: int, activation_ranges: dict[str, float] | None = None, alone: bool = True
) -> Predict:
    from crnn.inference.onnx_graph import graph_from_weights

    return onnx_predict(graph_from_weights(path, classes, activation_ranges), classes, alone)


def _keras_predict(path: str | Path, classes: int) -> Predict:
    from crnn.model import backend
    from crnn.model.network import CRNN

    network = CRNN(classes)
    network.load_weights(path)
    return backend.frozen(network.predict_core)
