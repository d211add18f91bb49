"""``python -m crnn.tools.benchmark_inference``: how fast reading is on this machine, in one run.

What was tried to make it fast, for one piece of 280 pixels on two cores of a Xeon at 2.8 GHz (Ice
Lake), whose floor is 23 ms (2026-11-23):

=============================================================  ============  =============  ==============
                                                               alone         in batches of  a piece
=============================================================  ============  =============  ==============
Keras on TensorFlow, one graph for all shapes                  99 ms         32             36 ms
the same, LSTMs in NumPy with the input projected beforehand   44 to 55 ms   32             26 ms
ONNX Runtime, batch norms folded, float32                      22 to 25 ms   8              18 to 23 ms
the same, conv2 to conv6 and the softmax's product in int8     14 to 16 ms   8              11 to 12 ms
=============================================================  ============  =============  ==============

On two cores of an EPYC (Zen 5), whose floor is 9.3 ms, in batches of 16 (2026-11-25), each with what is above it:

=============================================================  =======
float32                                                        8.9 ms
conv2 to conv6 and the softmax's product in int8               5.4 ms
conv1's pool in float32, where it takes a tenth of the time    4.3 ms
the softmax's product, its scale and bias in one operation     4.1 ms
LSTMs in int8                                                  3.3 ms
con7 in int8                                                   3.1 ms
=============================================================  =======

int8 alone changes the texts of 121 of 4,632 degraded pieces. What it leaves in doubt is read again in
float32: the second text of the beam search is close behind the first. That was 24 % of 1,024 degraded
pieces, where 36 % had a step with two close classes; 1 of 2,000 degraded lines kept another text than
that of float32 alone.

Winograd's convolutions F(4, 3) as matrix products in NumPy took 20 ms a piece on one core, for conv2 to
conv6 in batches of 8, and no less than the backend's alone: not worth a second engine.
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from crnn.ctc import greedy_runs
from crnn.geometry import HEIGHT, time_steps
from crnn.image import read_grayscale
from crnn.inference.engines import ENGINES, Engine, default_engine
from crnn.inference.line_splitting import MAX_PIECE, find_gaps, split_at_gaps
from crnn.inference.recognizer import Recognizer
from crnn.normalization import normalize_line, pad_right, resize_to_height
from crnn.paths import ASSETS, DEFAULT_WEIGHTS, ROOT
from crnn.tools.assets import asset_pictures

PIECE = 280  # columns
BATCHES = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = (280, 2_000, 20_000, 200_000)
COUNTS = (1, 16, 200, 2_000)
DRAWN, MEAN = 2_000, 510  # synthetic lines, and their columns on average
TIMED = 500  # of them


def timed(call, least=0.5, rounds=5):
    """Median seconds of a call, after one that warms up: of at least ``rounds`` and ``least`` seconds."""
    call()
    seconds = []
    while len(seconds) < rounds or sum(seconds) < least:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def operations(width):
    """Floating point operations of the network for a piece: two for each multiplication and addition."""
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


def matrix_rate(kind):
    """Operations a second of a product of large matrices, as TensorFlow computes it."""
    import tensorflow as tf

    size = 2048
    a, b = (tf.cast(tf.random.normal((size, size)), kind) for _ in range(2))
    product = tf.function(tf.matmul)
    return 2 * size**3 / timed(lambda: product(a, b).numpy())


def start_to_first_text(engine):
    """Seconds from the start of a process to its first line on stdout."""
    picture = sorted(ASSETS.glob("*.jpg"))[0]
    command = [sys.executable, ROOT / "demo_infer.py", "--format", "tsv", "--engine", engine, picture]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.readline()
        return time.perf_counter() - start


def print_machine():
    """What this machine is and can do; the least seconds a piece can take, None without TensorFlow."""
    names = {line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")}
    print(f"machine: {', '.join(names) or platform.processor()}, {os.cpu_count()} cores; {time.strftime('%Y-%m-%d')}")
    floor = None
    if find_spec("tensorflow"):
        rates = {kind: matrix_rate(kind) for kind in ("float32", "bfloat16")}
        print("matrix rate: " + ", ".join(f"{rate / 1e9:.0f} GFLOP/s {kind}" for kind, rate in rates.items()))
        floor = operations(PIECE) / rates["float32"]
    print(f"a piece of {PIECE} columns: {operations(PIECE) / 1e9:.2f} GFLOP", end="")
    print(f", so the floor is {1e3 * floor:.1f} ms in float32" if floor else "")
    return floor


def print_batches(recognizer, floor):
    """Pieces of the asset pictures, as they are split, each brought to the same width."""

    def read(batch, uncertain):
        recognizer.engine.fast(batch)
        if len(uncertain):
            recognizer.engine.exact(uncertain)

    pieces = [piece for picture in asset_pictures() for piece in _pieces(resize_to_height(picture))]
    for size in BATCHES:
        batches = [np.stack(pieces[at : at + size]) for at in range(0, len(pieces) - size + 1, size)]
        twice = [batch[_uncertain(recognizer, batch)] for batch in batches]
        seconds = timed(lambda both=(batches, twice): list(map(read, *both))) / (size * len(batches))
        print(
            f"batch of {size:2}: {1e3 * seconds:5.1f} ms a piece" + (f", {seconds / floor:.2f} floors" if floor else "")
        )


def _uncertain(recognizer, batch):
    """Which pieces are predicted twice."""
    again = recognizer.engine.exact is not None
    return np.array([again and recognizer.decode(steps)[1] for steps in recognizer.engine.fast(batch)])


def _pieces(line):
    for start, end in split_at_gaps(line, find_gaps(line), PIECE):
        if end - start <= PIECE:
            yield pad_right(line[:, start:end], PIECE - (end - start))[..., None].astype(np.float32)


def print_naive(weights, repeats=3):
    """Eager Keras, piece by piece, as the original does it."""
    from crnn.model.network import CRNN

    network = CRNN()
    network.load_weights(weights)
    piece = np.zeros((1, HEIGHT, PIECE, 1), np.float32)
    seconds = timed(lambda: network.predict_core(piece), 0, repeats)
    print(f"the naive way, eager Keras: {1e3 * seconds:.1f} ms a piece")


def print_lines(recognizer):
    pictures = asset_pictures()
    columns = sum(resize_to_height(picture).shape[1] for picture in pictures)
    whole = timed(lambda: recognizer.read(pictures)) / len(pictures)
    alone = timed(lambda: [recognizer.read([picture]) for picture in pictures]) / len(pictures)
    mean = columns / len(pictures)
    print(
        f"{len(pictures)} asset pictures, {mean:.0f} columns on average: {1e3 * whole:.1f} ms a line together,", end=""
    )
    print(f" {1 / whole:.1f} lines/s; {1e3 * alone:.1f} ms alone")

    def prepare():
        for picture in pictures:
            line = normalize_line(picture)
            split_at_gaps(line, find_gaps(line), MAX_PIECE)

    print(f"of that, preparation {1e3 * timed(prepare) / len(pictures):.2f} ms a line, ", end="")
    pieces = []

    def store(probabilities):
        pieces.append(probabilities)
        return [], False

    Recognizer(Engine(recognizer.engine.fast), recognizer.charset, store).read(pictures)
    for name, decode in (("greedy decoding", greedy_runs), ("beam search", recognizer.decode)):
        seconds = timed(lambda decode=decode: [decode(piece) for piece in pieces])
        print(f"{name} {1e3 * seconds / len(pictures):.2f} ms", end=", " if decode is greedy_runs else "\n")


def print_growth(recognizer):
    """How time and memory grow with the number of lines, and with the width of one, which takes more."""
    line = resize_to_height(read_grayscale(ASSETS / "economics.jpg"))
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


def _print_row(what, start):
    seconds = time.perf_counter() - start
    print(f"{what}: {seconds:.2f} s, peak memory so far {_peak():.0f} MB", flush=True)


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _lines(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def drawn_lines(fonts, charset, count):
    """Synthetic lines of all kinds, ``MEAN`` columns on average; none if no font is installed."""
    from crnn.synthesis.config import SynthesisConfig
    from crnn.synthesis.source import LineSource

    try:
        maker = LineSource(tuple(fonts), config=SynthesisConfig.evaluation(ten_characters=0.0)).generator(charset)
    except ValueError as error:
        print(f"no synthetic lines: {error}")
        return []
    maker.width = round(MEAN / 0.885)  # most lines are full, the others a bit more than half
    return [maker.line(number).image for number in range(count)]


def print_differences(recognizer, exact, what, pictures):
    """How many texts integers change."""
    texts = [[line.text for line in one.read(pictures)] for one in (recognizer, exact)]
    different = sum(a != b for a, b in zip(*texts, strict=True))
    print(f"{different} of {len(pictures)} {what} have another text than in float32 alone", flush=True)


def print_comparison(recognizer, what, pictures):
    """Reading here and where other recognisers are installed: the same pictures, two threads each."""
    columns = sum(resize_to_height(picture).shape[1] for picture in pictures) / len(pictures)
    print(f"{len(pictures)} {what}, {columns:.0f} columns on average, two threads each:")
    ours = timed(lambda: recognizer.read(pictures), 0, 2) / len(pictures)
    print(f"  CRNN {1e3 * ours:.1f} ms a line, all together", flush=True)
    if find_spec("rapidocr"):
        from rapidocr import RapidOCR

        reader = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error"})
        colour = [np.repeat(picture[..., None], 3, 2) for picture in pictures]
        seconds = timed(lambda: [reader(picture, use_det=False, use_cls=False) for picture in colour], 0, 2)
        print(f"  RapidOCR {1e3 * seconds / len(pictures):.1f} ms a line, one by one", flush=True)
    if shutil.which("tesseract"):
        print(f"  Tesseract {_tesseract(pictures)}", flush=True)


def _tesseract(pictures):
    """A process for each line: that is how it takes pictures."""
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "chi_sim+eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "2"}
    some = pictures[:20]
    start = time.perf_counter()
    for picture in some:
        png = cv2.imencode(".png", picture)[1].tobytes()
        result = subprocess.run(command, input=png, env=environment, capture_output=True)
        if result.returncode or b"Failed loading" in result.stderr:
            return f"not measured: {result.stderr.decode(errors='replace').strip().splitlines()[0]}"
    return f"{1e3 * (time.perf_counter() - start) / len(some):.0f} ms a line"


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.benchmark_inference", description="Measure how fast reading is here."
    )
    parser.add_argument("--engine", choices=ENGINES, default=default_engine())
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="for synthetic lines, beside the system's")
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    recognizer = Recognizer.from_weights(options.weights, engine=options.engine)
    print(f"engine {options.engine}: {start_to_first_text(options.engine):.2f} s from the start to the first text")
    print_growth(recognizer)  # first of all, for its memory
    print_lines(recognizer)
    floor = print_machine()
    print_batches(recognizer, floor)
    exact = recognizer.engine.exact and Recognizer.from_weights(options.weights, engine="onnx-float32")
    sets = {
        "asset pictures": asset_pictures(),
        "synthetic lines": drawn_lines(options.fonts, recognizer.charset, DRAWN),
    }
    for what, pictures in sets.items():
        if pictures:
            print_comparison(recognizer, what, pictures[:TIMED])
            if exact:
                print_differences(recognizer, exact, what, pictures)
    if find_spec("tensorflow"):
        print_naive(options.weights)


if __name__ == "__main__":
    sys.exit(main())
