"""Measure how long reading takes, here and in other recognizers that are installed."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec

import cv2
import numpy as np

from crnn.inference.recognizer import Recognizer
from crnn.normalization import resize_to_height


def seconds_of(call: Callable[[], object], min_seconds: float = 0.5, min_calls: int = 5) -> float:
    """Return the median seconds of a call, after one call that warms up.

    Args:
        call: what to measure.
        min_seconds: it is called until all calls together took so long.
        min_calls: and at least so often.
    """
    call()
    seconds: list[float] = []
    while len(seconds) < min_calls or sum(seconds) < min_seconds:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def print_comparison(recognizer: Recognizer, what: str, images: list[np.ndarray]) -> None:
    """Print how long the same images take here and in other recognizers that are installed, two threads each."""
    columns = sum(resize_to_height(image).shape[1] for image in images) / len(images)
    print(f"{len(images)} {what}, {columns:.0f} columns on average, two threads each:")
    seconds = seconds_of(lambda: recognizer.read(images), 0, 2) / len(images)
    print(f"  CRNN {1e3 * seconds:.1f} ms a line, all together", flush=True)
    if find_spec("rapidocr"):
        from rapidocr import RapidOCR

        reader = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error"})
        color = [np.repeat(image[..., None], 3, 2) for image in images]
        seconds = seconds_of(lambda: [reader(image, use_det=False, use_cls=False) for image in color], 0, 2)
        print(f"  RapidOCR {1e3 * seconds / len(images):.1f} ms a line, one by one", flush=True)
    if shutil.which("tesseract"):
        print(f"  Tesseract {_tesseract(images[:20])}", flush=True)


def _tesseract(images: list[np.ndarray]) -> str:
    """Time Tesseract, which takes images in a process each."""
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "chi_sim+eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "2"}
    start = time.perf_counter()
    for image in images:
        png = cv2.imencode(".png", image)[1].tobytes()
        result = subprocess.run(command, input=png, env=environment, capture_output=True)
        if result.returncode or b"Failed loading" in result.stderr:
            return f"not measured: {result.stderr.decode(errors='replace').strip().splitlines()[0]}"
    return f"{1e3 * (time.perf_counter() - start) / len(images):.0f} ms a line"
