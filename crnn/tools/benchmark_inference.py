"""Measure how fast reading is on this machine: ``crnn benchmark``.

``docs/benchmarks.md`` has what it printed on some machines, ``docs/experiments.md`` what was tried to make it fast.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.ctc import Run, greedy_runs
from crnn.geometry import HEIGHT, time_steps
from crnn.image import find_images
from crnn.inference.engines import ENGINES, Engine, default_engine
from crnn.inference.line_splitting import MAX_PIECE, find_gaps, split_at_gaps
from crnn.inference.recognizer import Recognizer
from crnn.normalization import normalize_line, pad_right, resize_to_height
from crnn.paths import ASSETS, DEFAULT_WEIGHTS
from crnn.tools.assets import asset_images
from crnn.tools.comparison import print_times, seconds_of

PROG = "python -m crnn.tools.benchmark_inference"
PIECE = 280  # columns
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = (280, 2_000, 20_000, 200_000)  # columns of a line
COUNTS = (1, 16, 200, 2_000)  # lines
SYNTHETIC_LINES = 2_000
SYNTHETIC_WIDTH = 576  # columns that a synthetic line may fill; then it has 510 on average
COMPARED = 500  # lines that other recognizers read too


def operations(width: int) -> int:
    """Count the floating point operations of the network for ``width`` columns, two for each multiply-add."""
    from crnn.inference.onnx_graph import shapes

    steps = time_steps(width)
    places = {"conv1": 32 * width, "conv2": 8 * width, "conv3": 2 * width, "conv4": 2 * width}
    places |= {"conv5": width, "conv6": width, "con7": steps}
    total = 0
    for name, (kernel, *others) in shapes(5991).items():
        if name.endswith("_bn"):
            continue
        weights = [kernel, *(shape for shape in others if len(shape) > 1)]  # biases aside
        total += sum(2 * int(np.prod(shape)) for shape in weights) * places.get(name, steps)
    return total


def matrix_rate(dtype: str) -> float:
    """Measure the operations a second of a product of large matrices in TensorFlow."""
    import tensorflow as tf

    size = 2048
    a, b = (tf.cast(tf.random.normal((size, size)), dtype) for _ in range(2))
    product = tf.function(tf.matmul)
    return 2 * size**3 / seconds_of(lambda: product(a, b).numpy())


def start_to_first_text(engine: str, path: Path) -> float:
    """Measure the seconds from the start of a process to its first line on stdout.

    Args:
        engine: see ``engines.load_engine``.
        path: image that it reads.
    """
    command = [sys.executable, "-m", "crnn", "read", "--format", "tsv", "--engine", engine, str(path)]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.readline()  # type: ignore[union-attr]
        return time.perf_counter() - start


def print_machine() -> float | None:
    """Print what this machine is and can do.

    Returns:
        The least seconds that a piece can take in float32 by its operations; None without TensorFlow.
    """
    cpuinfo = Path("/proc/cpuinfo")
    names = set(re.findall(r"^model name\s*: (.*)", cpuinfo.read_text() if cpuinfo.exists() else "", re.MULTILINE))
    print(f"machine: {', '.join(names) or platform.processor()}, {os.cpu_count()} cores; {time.strftime('%Y-%m-%d')}")
    floor = None
    if find_spec("tensorflow"):
        rates = {dtype: matrix_rate(dtype) for dtype in ("float32", "bfloat16")}
        print("matrix rate: " + ", ".join(f"{rate / 1e9:.0f} GFLOP/s {dtype}" for dtype, rate in rates.items()))
        floor = operations(PIECE) / rates["float32"]
    print(f"a piece of {PIECE} columns: {operations(PIECE) / 1e9:.2f} GFLOP", end="")
    print(f", so the floor is {1e3 * floor:.1f} ms in float32" if floor else "")
    return floor


def print_batches(recognizer: Recognizer, images: list[np.ndarray], floor: float | None) -> None:
    """Print the milliseconds of a piece in batches of several sizes, beside the ``floor`` of ``print_machine``."""

    pieces = [piece for image in images for piece in _pieces(resize_to_height(image))]
    for size in BATCH_SIZES:
        batches = [np.stack(pieces[first : first + size]) for first in range(0, len(pieces) - size + 1, size)]
        seconds = seconds_of(partial(_predict, recognizer.engine, batches)) / (size * len(batches))
        times = f", {seconds / floor:.2f} floors" if floor else ""
        print(f"batch of {size:2}: {1e3 * seconds:5.1f} ms a piece{times}")


def _predict(engine: Engine, batches: list[np.ndarray]) -> None:
    for batch in batches:
        engine.predict(batch)


def _pieces(line: np.ndarray) -> Iterator[np.ndarray]:
    for start, end in split_at_gaps(line, find_gaps(line), PIECE):
        if end - start <= PIECE:
            yield pad_right(line[:, start:end], PIECE - (end - start))[..., None].astype(np.float32)


def print_naive(weights: Path, min_calls: int = 3) -> None:
    """Print the milliseconds of a piece in eager Keras, one by one."""
    from crnn.model.network import CRNN

    network = CRNN()
    network.load_weights(weights)
    piece = np.zeros((1, HEIGHT, PIECE, 1), np.float32)
    seconds = seconds_of(lambda: network.predict_core(piece), 0, min_calls)
    print(f"the naive way, eager Keras: {1e3 * seconds:.1f} ms a piece")


def print_lines(recognizer: Recognizer, images: list[np.ndarray]) -> None:
    """Print how long images take, together and alone, and what preparation and decoding take of it."""
    count = len(images)
    columns = sum(resize_to_height(image).shape[1] for image in images) / count
    together = seconds_of(lambda: recognizer.read(images)) / count
    alone = seconds_of(lambda: [recognizer.read([image]) for image in images]) / count
    print(f"{count} pictures, {columns:.0f} columns on average: {1e3 * together:.1f} ms a line together,", end="")
    print(f" {1 / together:.1f} lines/s; {1e3 * alone:.1f} ms alone")

    def prepare() -> None:
        for image in images:
            line = normalize_line(image)
            split_at_gaps(line, find_gaps(line), MAX_PIECE)

    print(f"of that, preparation {1e3 * seconds_of(prepare) / count:.2f} ms a line, ", end="")
    predicted: list[np.ndarray] = []

    def record(probabilities: np.ndarray) -> list[Run]:
        predicted.append(probabilities)
        return greedy_runs(probabilities)  # of nothing, a line would be looked at in other ways too

    Recognizer(charset=recognizer.charset, engine=recognizer.engine, decoding=record).read(images)
    greedy = seconds_of(lambda: [greedy_runs(frames) for frames in predicted]) / count
    beam = seconds_of(lambda: [recognizer.decode(frames) for frames in predicted]) / count
    print(f"greedy decoding {1e3 * greedy:.2f} ms, beam search {1e3 * beam:.2f} ms")


def print_growth(recognizer: Recognizer, images: list[np.ndarray]) -> None:
    """Print how time and memory grow with the number of lines, and with the width of one, which takes more."""
    line = max(map(resize_to_height, images), key=np.size)
    for count in COUNTS:
        start = time.perf_counter()
        for _ in recognizer.read_stream((number, line[:, :510]) for number in range(count)):
            pass
        _print_row(f"{count} lines of 510 columns", start)
    for width in WIDTHS:
        wide = np.tile(line, -(-width // line.shape[1]))[:, :width]
        start = time.perf_counter()
        recognizer.read([wide])
        _print_row(f"a line of {width} columns", start)


def _print_row(what: str, start: float) -> None:
    print(f"{what}: {time.perf_counter() - start:.2f} s{_peak_memory()}", flush=True)


def _peak_memory() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS, else in units of 1024 bytes
    return f", peak memory so far {peak / (1024**2 if sys.platform == 'darwin' else 1024):.0f} MB"


def synthetic_images(fonts: Sequence[Path], charset: Charset, count: int) -> list[np.ndarray]:
    """Draw synthetic lines of all kinds, 510 columns on average; none if no font is installed."""
    try:
        from crnn.synthesis.config import SynthesisConfig
        from crnn.synthesis.source import LineSource

        source = LineSource(tuple(fonts), config=SynthesisConfig.evaluation(ten_characters=0.0))
        generator = source.generator(charset, SYNTHETIC_WIDTH)
    except (ImportError, ValueError) as error:  # no FreeType, no font
        print(f"no synthetic lines: {error}")
        return []
    return [generator.line(number).image for number in range(count)]


def print_differences(recognizer: Recognizer, exact: Recognizer, what: str, images: list[np.ndarray]) -> None:
    """Print how many texts reading with integers changes."""
    texts = [[line.text for line in one.read(images)] for one in (recognizer, exact)]
    different = sum(a != b for a, b in zip(*texts, strict=True))
    print(f"{different} of {len(images)} {what} have another text than in float32 alone", flush=True)


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Measure how fast reading is here.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="pictures, or folders (default: asset)")
    parser.add_argument("--engine", choices=ENGINES, default=default_engine())
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="for synthetic lines, beside the system's")
    return parser


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command; return its exit status."""
    options = build_parser(prog).parse_args(argv)
    paths = options.paths or [ASSETS]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        images = asset_images(paths)
        recognizer = Recognizer(options.weights, engine=options.engine)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    seconds = start_to_first_text(options.engine, find_images(paths)[0][0])
    print(f"engine {options.engine}: {seconds:.2f} s from the start to the first text")
    print_growth(recognizer, images)  # first of all, for its memory
    print_lines(recognizer, images)
    floor = print_machine()
    print_batches(recognizer, images, floor)
    exact = Recognizer(options.weights, engine="onnx-float32") if recognizer.engine.has_integers else None
    sets = {
        "pictures": images,
        "synthetic lines": synthetic_images(options.fonts, recognizer.charset, SYNTHETIC_LINES),
    }
    for what, images in sets.items():
        if images:
            print_times(recognizer, what, images[:COMPARED])
            if exact:
                print_differences(recognizer, exact, what, images)
    if find_spec("tensorflow"):
        print_naive(options.weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())
