"""Compare with other readers that are installed: ``python -m crnn.tools.comparison LABELS``.

It reads labelled images of one line each with this project, RapidOCR and Tesseract, two threads each, and prints error
rates and times. RapidOCR gets one image after another, without its detector; Tesseract is started for each.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from crnn.dataset.labelled_images import read_labelled_images
from crnn.evaluation.metrics import LineScores
from crnn.image import read_grayscale
from crnn.inference.recognizer import Recognizer
from crnn.normalization import resize_to_height
from crnn.paths import DEFAULT_WEIGHTS

ReadImages = Callable[[Sequence[np.ndarray]], list[str]]
ALIKE = str.maketrans("“”‘’—–·•…", "\"\"''--..~")  # what readers were taught to write in different ways
ROUNDS = 5  # in which the times of readers are measured


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


def readers(recognizer: Recognizer) -> dict[str, ReadImages]:
    """Return what reads grey images (height, width) uint8 of one line: this project, and what else is installed."""
    found: dict[str, ReadImages] = {"CRNN": lambda images: [line.text for line in recognizer.read(images)]}
    if find_spec("rapidocr"):
        found["RapidOCR"] = _rapidocr()
    if shutil.which("tesseract"):
        found["Tesseract"] = _tesseract
    return found


def _rapidocr() -> ReadImages:
    from rapidocr import RapidOCR

    params = {"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error", "Global.text_score": 0.0}
    reader = RapidOCR(params=params)

    def read(images: Sequence[np.ndarray]) -> list[str]:
        results = (reader(np.repeat(image[..., None], 3, 2), use_det=False, use_cls=False) for image in images)
        return ["".join(result.txts or ()) for result in results]

    return read


def _tesseract(images: Sequence[np.ndarray]) -> list[str]:
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "chi_sim+eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "2"}
    texts = []
    for image in images:
        png = cv2.imencode(".png", image)[1].tobytes()
        result = subprocess.run(command, input=png, env=environment, capture_output=True)
        if result.returncode or b"Failed loading" in result.stderr:
            raise ValueError(f"Tesseract: {result.stderr.decode(errors='replace').strip().splitlines()[0]}")
        texts.append(result.stdout.decode().strip())
    return texts


def print_times(recognizer: Recognizer, what: str, images: list[np.ndarray]) -> None:
    """Print how long each reader takes for the same images; Tesseract, which is slow, for the first twenty.

    The readers take turns, since the speed of a virtual machine may change from minute to minute.
    """
    columns = sum(resize_to_height(image).shape[1] for image in images) / len(images)
    print(f"{len(images)} {what}, {columns:.0f} columns on average, two threads each:")
    found = readers(recognizer)
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(1 + ROUNDS):  # the first one warms up
        for name, read in list(found.items()):
            some = images[:20] if name == "Tesseract" else images
            start = time.perf_counter()
            try:
                read(some)
            except ValueError as error:
                print(f"  not measured: {error}", flush=True)
                del found[name]
                continue
            times[name].append(1e3 * (time.perf_counter() - start) / len(some))
    for name in found:
        _, *measured = times[name]
        print(f"  {name} {np.median(measured):.1f} ms a line ({min(measured):.1f} to {max(measured):.1f})", flush=True)


def comparable(text: str) -> str:
    """Write a text without what readers were taught to write in different ways: width, quotes, dashes, spaces.

    >>> comparable("“A” — １，２")
    '"A"-1,2'
    """
    return "".join(unicodedata.normalize("NFKC", text).translate(ALIKE).split())


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.comparison", description="Compare with other readers that are installed."
    )
    parser.add_argument("labels", type=Path, help="labels.tsv: picture TAB text")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = build_parser().parse_args(argv)
    try:
        rows = read_labelled_images(options.labels)
        images = [read_grayscale(path) for path, _ in rows]
        print(f"| reader, {len(rows)} lines | CER | exactly right | time a line |\n|---|---|---|---|")
        for name, read in readers(Recognizer(options.weights)).items():
            read(images[:1])  # warms up
            start = time.perf_counter()
            texts = read(images)
            seconds = (time.perf_counter() - start) / len(rows)
            scores = LineScores()
            for (_, target), text in zip(rows, texts, strict=True):
                scores.update(comparable(target), comparable(text))
            print(f"| {name} | {scores.cer:.2%} | {scores.exact:.1%} | {1e3 * seconds:.0f} ms |", flush=True)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
