"""``predict_core`` as a fast function of arrays, by one of two engines.

``onnx``: ONNX Runtime on the CPU, from the weights file alone. Neither Keras nor TensorFlow is
imported: a process has its first text within a second or two, and one piece of 280 pixels takes
half of the time of TensorFlow, whose LSTMs are loops of some twenty operations a step. Where the
processor multiplies 8-bit integers fast, all is read with these first, in a third to a half of the time,
and what is doubtful then is read again in float32: the texts are those of float32.
``onnx-float32``: the same without the integers.
``keras``: the Keras model on its backend, whatever that computes on.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from crnn.charset import Charset

ENGINES = ("onnx", "onnx-float32", "keras")


def default_engine(path=""):
    """``onnx`` if what it needs for a file is installed: for an ONNX file ONNX Runtime, for a weights file onnx too."""
    needed = ("onnxruntime",) if _is_onnx(path) else ("onnxruntime", "onnx")
    return "onnx" if all(map(find_spec, needed)) else "keras"


def _is_onnx(path):
    return str(path).endswith(".onnx")


def predictors(path, classes=None, engine=None):
    """Two functions from float32 pictures (batch, 32, width, 1) to probabilities (batch, steps, classes).

    Args:
        path: weights file; for the engine ``onnx`` also an ONNX file.
        classes: of the softmax; default: as the table beside the file has them.
        engine: one of ``ENGINES``; default: see ``default_engine``.

    Returns:
        The first for all pictures. The second, for those whose text the first leaves in doubt, as it only comes
        close to the probabilities; None if it gives the very probabilities.

    Raises:
        OSError, ValueError: the file cannot be read, or does not fit the network; no such engine.
    """
    engine = engine or default_engine(path)
    classes = classes or Charset.for_weights(path).classes
    if engine == "keras":
        return _keras_predictor(path, classes), None
    if engine not in ENGINES:
        raise ValueError(f"{engine}: no such engine; there are {', '.join(ENGINES)}")
    if default_engine(path) != "onnx":
        raise ValueError(f"the engine {engine} is not installed: pip install onnx onnxruntime")
    if _is_onnx(path):
        return onnx_predictor(str(path), classes), None
    from crnn.inference.onnx_graph import MEASURED
    from crnn.model.weights_file import read_peaks

    peaks = read_peaks(path)
    if engine == "onnx" and multiplies_integers_fast() and peaks.keys() >= set(MEASURED):
        exact = cache(lambda: _from_weights(path, classes, alone=False))  # not before it is needed
        return _from_weights(path, classes, peaks, alone=False), lambda pictures: exact()(pictures)
    return _from_weights(path, classes), None


def multiplies_integers_fast():
    """Whether the processor has instructions for dot products of 8-bit integers, as far as Linux says."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return bool(re.search(r"^(flags|Features)\b.*\b(avx512_vnni|avx_vnni|asimddp)\b", flags, re.MULTILINE))


def onnx_predictor(model, classes=None, alone=True):
    """As the first of ``predictors``, of an ONNX file or of its bytes.

    Args:
        alone: threads wait busily for their next task. Those of two sessions that work in turns would take the
            cores from each other: a piece took 41 ms in the second one and not 28.
    """
    import onnxruntime

    name = model if isinstance(model, str) else "the network"
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(alone)))
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # it moves a pool behind the integers
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
        raise ValueError(f"{name}: ONNX Runtime cannot read it ({error})") from None
    (pictures,), (steps,) = session.get_inputs(), session.get_outputs()
    if classes not in (None, steps.shape[-1]):
        raise ValueError(f"{name}: has {steps.shape[-1]} classes, the table of labels has {classes} with the blank")
    return lambda x: session.run([steps.name], {pictures.name: np.asarray(x, np.float32)})[0]


def _from_weights(path, classes, peaks=None, alone=True):
    from crnn.inference.onnx_graph import graph_from_weights

    return onnx_predictor(graph_from_weights(path, classes, peaks).SerializeToString(), classes, alone)


def _keras_predictor(path, classes):
    from crnn.model import backend
    from crnn.model.network import CRNN

    network = CRNN(classes)
    network.load_weights(path)
    return backend.frozen(network.predict_core)
