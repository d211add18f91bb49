"""The device that ONNX Runtime computes on, and what the processor can do."""

import os
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from crnn.inference import engines
from crnn.inference.engines import DeviceError, load_engine
from crnn.paths import DEFAULT_WEIGHTS

IMAGES = np.full((1, 32, 64, 1), 255, np.float32)


@pytest.fixture
def providers(monkeypatch):
    """What ONNX Runtime says it is built for; the test fills it."""
    names = ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    return names


class Session:
    """A session that computes on the device it is asked for, if that works."""

    works = True

    def __init__(self, model, options, providers, **_):
        self.asked = providers if self.works else ["CPUExecutionProvider"]
        self.real = REAL(model, options, providers=["CPUExecutionProvider"])
        self.get_inputs, self.get_outputs, self.run = self.real.get_inputs, self.real.get_outputs, self.real.run

    def get_providers(self):
        return self.asked


REAL = onnxruntime.InferenceSession


def test_the_processor_is_the_default(providers):
    providers[:0] = ["CUDAExecutionProvider"]
    assert load_engine(DEFAULT_WEIGHTS).device == "cpu"


@pytest.mark.parametrize(
    ("device", "provider"),
    [("cuda", "CUDAExecutionProvider"), ("coreml", "CoreMLExecutionProvider"), ("dml", "DmlExecutionProvider")],
)
def test_a_device_computes_in_float32(providers, monkeypatch, device, provider):
    providers[:0] = [provider]
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    expected = load_engine(DEFAULT_WEIGHTS, engine="onnx-float32").predict(IMAGES)
    for asked in (device, "auto"):
        engine = load_engine(DEFAULT_WEIGHTS, device=asked)
        assert engine.device == device and not engine.has_integers
        np.testing.assert_array_equal(engine.predict(IMAGES), expected)


def test_auto_passes_over_a_device_that_does_not_work(providers, monkeypatch):
    providers[:0] = ["CUDAExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(Session, "works", False)
    assert load_engine(DEFAULT_WEIGHTS, device="auto").device == "cpu"
    with pytest.raises(DeviceError, match="ONNX Runtime cannot compute on cuda"):
        load_engine(DEFAULT_WEIGHTS, device="cuda")


def test_a_device_that_is_not_there_is_refused(providers):
    with pytest.raises(DeviceError, match="not built for cuda, but for cpu; for cuda, install onnxruntime-gpu"):
        load_engine(DEFAULT_WEIGHTS, device="cuda")
    with pytest.raises(DeviceError, match="tpu: no such device; there are auto, cpu, cuda, coreml, dml"):
        load_engine(DEFAULT_WEIGHTS, device="tpu")
    with pytest.raises(ValueError, match="the engine keras takes no device cuda"):
        load_engine(DEFAULT_WEIGHTS, engine="keras", device="cuda")


def test_threads_are_set_and_checked(monkeypatch):
    asked = []

    def session(model, options, **named):
        asked.append(options.intra_op_num_threads)
        return REAL(model, options, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    monkeypatch.setattr(engines, "available_cores", lambda: 2)
    for threads in (None, 1, 3):
        engine = load_engine(DEFAULT_WEIGHTS, threads=threads)
        assert engine.predict(IMAGES).shape[:2] == (1, 15) and engine.threads == (threads or 2)
        np.testing.assert_array_equal(engine.predict_in_thread(IMAGES), engine.predict(IMAGES))
    assert asked == [2, 1, 1, 3, 1]
    with pytest.raises(ValueError, match="threads=0: must be 1 or more"):
        load_engine(DEFAULT_WEIGHTS, threads=0)
    with pytest.raises(ValueError, match="the engine keras takes no threads"):
        load_engine(DEFAULT_WEIGHTS, engine="keras", threads=2)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux")
@pytest.mark.parametrize(("siblings", "cores"), [(["0,4", "1,5", "0,4", "1,5"], 2), (["0", "1", "2", "3"], 4)])
def test_threads_of_one_core_count_once(monkeypatch, siblings, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 4, 5})
    told = dict(zip(("cpu0", "cpu1", "cpu4", "cpu5"), siblings, strict=True))
    monkeypatch.setattr(Path, "read_text", lambda path: told[path.parts[-3]])
    assert engines.available_cores() == cores


def test_cores_count_where_nothing_tells_of_threads(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 7}, raising=False)

    def unreadable(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert engines.available_cores() == 2


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni amx_int8", True),
        ("flags\t\t: fpu avx2 avx_vnni", True),
        ("Features\t: fp asimd asimddp", True),
        ("flags\t\t: fpu avx2 avx512f", False),
    ],
)
def test_linux_lists_the_instructions(monkeypatch, flags, fast):
    monkeypatch.setattr(Path, "read_text", lambda path: f"processor\t: 0\n{flags}\n")
    assert engines.multiplies_integers_fast() is fast


@pytest.mark.parametrize(("supported", "fast"), [({23}, True), ({101}, True), ({13, 22}, False)])
def test_opencv_knows_the_instructions_elsewhere(monkeypatch, supported, fast):
    def missing(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(cv2, "checkHardwareSupport", supported.__contains__)
    assert engines.multiplies_integers_fast() is fast
