"""``predict_core`` as a fast function of arrays, by one of two engines.

``onnx``: ONNX Runtime on the CPU, from the weights file alone. Neither Keras nor TensorFlow is
imported: a process has its first text within a second or two, and one piece of 280 pixels takes a
quarter of the time of TensorFlow, whose LSTMs are loops of some twenty operations a step.
``keras``: the Keras model on its backend, whatever that computes on.
"""

from importlib.util import find_spec

import numpy as np

from crnn.charset import Charset, table_of

ENGINES = ("onnx", "keras")


def default_engine(path=""):
    """``onnx`` if what it needs for a file is installed: for an ONNX file ONNX Runtime, for a weights file onnx too."""
    needed = ("onnxruntime",) if _is_onnx(path) else ("onnxruntime", "onnx")
    return "onnx" if all(map(find_spec, needed)) else "keras"


def _is_onnx(path):
    return str(path).endswith(".onnx")


def predictor(path, classes=None, engine=None):
    """Probabilities (batch, steps, classes) of float32 pictures (batch, 32, width, 1).

    Args:
        path: weights file; for the engine ``onnx`` also an ONNX file.
        classes: of the softmax; default: as the table beside the file has them.
        engine: one of ``ENGINES``; default: see ``default_engine``.

    Raises:
        OSError, ValueError: the file cannot be read, or does not fit the network; no such engine.
    """
    engine = engine or default_engine(path)
    classes = classes or Charset.from_file(table_of(path)).classes
    if engine == "keras":
        return _keras_predictor(path, classes)
    if engine != "onnx":
        raise ValueError(f"{engine}: no such engine; there are {', '.join(ENGINES)}")
    if default_engine(path) != "onnx":
        raise ValueError("the engine onnx is not installed: pip install onnx onnxruntime")
    if _is_onnx(path):
        return onnx_predictor(str(path), classes)
    from crnn.export import graph_from_weights

    return onnx_predictor(graph_from_weights(path, classes).SerializeToString(), classes)


def onnx_predictor(model, classes=None):
    """As ``predictor``, of an ONNX file or of its bytes."""
    import onnxruntime

    name = model if isinstance(model, str) else "the network"
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
        raise ValueError(f"{name}: ONNX Runtime cannot read it ({error})") from None
    (pictures,), (steps,) = session.get_inputs(), session.get_outputs()
    if classes not in (None, steps.shape[-1]):
        raise ValueError(f"{name}: has {steps.shape[-1]} classes, the table of labels has {classes} with the blank")
    return lambda x: session.run([steps.name], {pictures.name: np.asarray(x, np.float32)})[0]


def _keras_predictor(path, classes):
    from crnn import backend
    from crnn.network import CRNN

    network = CRNN(classes)
    network.load_weights(path)
    return backend.frozen(network.predict_core)
