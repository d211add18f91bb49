"""``predict_core`` as a fast function of arrays, by one of several engines.

``onnx``: ONNX Runtime on the CPU or another device, from the weights file alone. Neither Keras nor TensorFlow is
imported, whose start takes seconds and whose LSTMs are loops of some twenty operations a step. It computes with 8-bit
integers if the weights have activation ranges and the processor multiplies integers fast, else in float32.
``onnx-float32``: the same in float32 always.
``keras``: the Keras model on its backend, whatever that computes on.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.files import require_regular_file
from crnn.geometry import HEIGHT, MIN_WIDTH

ENGINES = ("onnx", "onnx-float32", "keras")
PROVIDERS = {  # of ONNX Runtime, by device: the fastest first
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "dml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
PACKAGES = {"cuda": "onnxruntime-gpu", "dml": "onnxruntime-directml"}  # that have the provider
DEFAULT_DEVICE = "cpu"
DEVICES = ("auto", "cpu", "cuda", "coreml", "dml")
_CPU_AVX512_VNNI, _CPU_NEON_DOTPROD = 23, 101  # in OpenCV's enumeration, which Python has no names for

Predict = Callable[[np.ndarray], np.ndarray]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class DeviceError(ValueError):
    """ONNX Runtime cannot compute on a device; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """The network as a function.

    Attributes:
        predict: from images (n, 32, width, 1) to probabilities (n, time steps, classes), all float32.
        predict_in_thread: the same without threads of its own; None if there is no such thing. Several callers at the
            same time wait for each other less than the threads of ``predict`` do.
        threads: how many callers at the same time make the most of the device.
        device: of ``PROVIDERS``, that it computes on.
        has_integers: whether it computes with 8-bit integers.
    """

    predict: Predict
    device: str = DEFAULT_DEVICE
    has_integers: bool = False
    predict_in_thread: Predict | None = None
    threads: int = 2  # one that computes, one that decodes


def default_engine() -> str:
    """Choose ``onnx`` if ONNX Runtime is installed, else ``keras``."""
    return "onnx" if find_spec("onnxruntime") else "keras"


def load_engine(
    path: str | Path,
    classes: int | None = None,
    engine: str | None = None,
    device: str = DEFAULT_DEVICE,
    threads: int | None = None,
) -> Engine:
    """Load a network.

    Args:
        path: weights file; for the engine ``onnx`` also an ONNX file.
        classes: of the softmax; default: as the table beside the file has them.
        engine: one of ``ENGINES``; default: see ``default_engine``.
        device: one of ``DEVICES``; ``auto`` takes the first that works. Keras computes on what its backend finds, so
            its engine takes ``cpu`` alone.
        threads: that compute; default: one a core. Keras takes what its backend does.

    Raises:
        OSError, ValueError: the file cannot be read, or does not fit the network; no such engine, device or number.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads={threads}: must be 1 or more")
    engine = engine or default_engine()
    classes = classes or Charset.for_weights(path).classes
    if engine == "keras":
        if device != DEFAULT_DEVICE or threads:
            what = f"device {device}" if device != DEFAULT_DEVICE else "threads"
            raise ValueError(f"the engine keras takes no {what}: it computes on what its backend finds")
        return Engine(_keras_predict(path, classes))
    if engine not in ENGINES:
        raise ValueError(f"{engine}: no such engine; there are {', '.join(ENGINES)}")
    if default_engine() != "onnx":
        raise ValueError(f"the engine {engine} is not installed: pip install onnxruntime")
    if device == "auto":
        for accelerator in available_devices()[:-1]:
            with suppress(DeviceError):
                return load_engine(path, classes, engine, accelerator, threads)
        device = DEFAULT_DEVICE
    if _is_onnx(path):
        return _onnx_engine(str(path), classes, device, threads)
    from crnn.inference.onnx_graph import QUANTIZED_LAYERS, graph_from_weights
    from crnn.model.weights_file import read_activation_ranges

    ranges = read_activation_ranges(path)
    has_ranges = ranges.keys() >= set(QUANTIZED_LAYERS)
    has_integers = engine == "onnx" and device == "cpu" and has_ranges and multiplies_integers_fast()
    graph = graph_from_weights(path, classes, ranges if has_integers else None)
    return _onnx_engine(graph, classes, device, threads, has_integers)


def _onnx_engine(
    model: str | bytes, classes: int, device: str, threads: int | None, has_integers: bool = False
) -> Engine:
    if device != DEFAULT_DEVICE:
        return Engine(onnx_predict(model, classes, device, threads), device, has_integers)
    predict = onnx_predict(model, classes, device, threads)
    if threads == 1:
        return Engine(predict, device, has_integers, predict, 1)
    in_thread = one_at_a_time(cache(partial(onnx_predict, model, classes, device, 1)))  # a single line does without
    return Engine(predict, device, has_integers, lambda images: in_thread()(images), threads or available_cores())


def available_cores() -> int:
    """Count the cores that this process may use; threads of the same core count once where Linux tells."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = set()
    for number in os.sched_getaffinity(0):
        try:
            cores.add(Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list").read_text())
        except OSError:
            cores.add(str(number))
    return len(cores)


def available_devices() -> list[str]:
    """List the devices that the installed ONNX Runtime is built for, the fastest first, ``cpu`` last."""
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    return [device for device, provider in PROVIDERS.items() if provider in providers]


def multiplies_integers_fast() -> bool:
    """Tell whether the processor has instructions for dot products of 8-bit integers.

    Linux lists all instructions. Elsewhere OpenCV is asked, which does not know AVX-VNNI.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return any(map(cv2.checkHardwareSupport, (_CPU_AVX512_VNNI, _CPU_NEON_DOTPROD)))
    return bool(re.search(r"^(flags|Features)\b.*\b(avx512_vnni|avx_vnni|asimddp)\b", flags, re.MULTILINE))


def onnx_predict(
    model: str | bytes, classes: int | None = None, device: str = DEFAULT_DEVICE, threads: int | None = None
) -> Predict:
    """Load an ONNX network into ONNX Runtime.

    Args:
        model: path of a file, or its bytes.
        classes: that it must have; default: any number.
        device: one of ``PROVIDERS``.
        threads: for one batch; default: one a core.

    Raises:
        DeviceError: ONNX Runtime cannot compute on the device.
        ValueError: it cannot read the network, or that has another number of classes, or a file no sound weights.
    """
    import onnxruntime

    if device not in PROVIDERS:
        raise DeviceError(f"{device}: no such device; there are {', '.join(DEVICES)}")
    if device not in available_devices():
        package = PACKAGES.get(device, "onnxruntime")
        message = f"the installed ONNX Runtime is not built for {device}, but for {', '.join(available_devices())}"
        raise DeviceError(f"{message}; for {device}, install {package} in its place")
    is_file = isinstance(model, str)
    name = model if isinstance(model, str) else "the network"
    if isinstance(model, str):  # read here: of bytes ONNX Runtime reads no further file
        require_regular_file(model)
        model = Path(model).read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()  # without a number it would bind them to cores
    options.add_session_config_entry("session.force_spinning_stop", "1")  # its threads spin during a call only
    if device == DEFAULT_DEVICE:
        options.log_severity_level = 4  # what fails is raised, and need not be printed too
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # it moves a pool behind the integers
    options.enable_mem_pattern = device != "dml"  # which does not work with it
    provider, fallback = PROVIDERS[device], PROVIDERS[DEFAULT_DEVICE]
    try:
        session = onnxruntime.InferenceSession(
            model, options, providers=list(dict.fromkeys((provider, fallback))), enable_fallback=0
        )
        inputs, outputs = session.get_inputs(), session.get_outputs()
        ends = [(end.name, end.shape) for end in (*inputs, *outputs)]  # which may be no UTF-8
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
        raise ValueError(f"{name}: ONNX Runtime cannot read it ({error})") from None
    if session.get_providers()[0] != provider:  # which ONNX Runtime has only logged
        raise DeviceError(f"ONNX Runtime cannot compute on {device}: see above, and install its drivers and libraries")
    if [len(shape) for _, shape in ends] != [4, 3] or inputs[0].type != "tensor(float)":
        raise ValueError(
            f"{name}: takes no images or gives no probabilities; python -m crnn.tools.export writes one that does"
        )
    (images, _), (steps, (*_, found)) = ends
    if classes not in (None, found):
        raise ValueError(f"{name}: has {found} classes, the table of labels has {classes} with the blank")

    def predict(x: np.ndarray) -> np.ndarray:
        return session.run([steps], {images: np.asarray(x, np.float32)})[0]

    if is_file:
        _require_probabilities(predict, str(name))
    return one_at_a_time(predict) if device == "dml" else predict  # DirectML runs a session in one thread only


def _require_probabilities(predict: Predict, name: str) -> None:
    """Raise ValueError if the weights of an ONNX file are not finite, or all zero."""
    image = np.linspace(0, 255, HEIGHT * MIN_WIDTH, dtype=np.float32).reshape(1, HEIGHT, MIN_WIDTH, 1)
    try:
        probabilities = predict(image)
    except Exception as error:  # noqa: BLE001 - as above
        raise ValueError(f"{name}: ONNX Runtime cannot compute it ({error})") from None
    if not np.isfinite(probabilities).all() or np.ptp(probabilities) == 0:
        raise ValueError(f"{name}: gives no probabilities: its weights are not finite, or all zero")


def one_at_a_time(call: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let threads that call the same function wait for each other."""
    lock = Lock()

    def locked(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with lock:
            return call(*arguments, **named)

    return locked


def _is_onnx(path: str | Path) -> bool:
    return str(path).endswith(".onnx")


def _keras_predict(path: str | Path, classes: int) -> Predict:
    from crnn.model import backend
    from crnn.model.network import CRNN

    network = CRNN(classes)
    network.load_weights(path)
    return backend.frozen(network.predict_core)
