"""Write the network for other programs: ``python -m crnn.tools.export FILE.onnx`` or ``FOLDER``.

``FILE.onnx`` is for ONNX Runtime and other programs that read ONNX; ``FOLDER`` is a SavedModel of TensorFlow. Both take
images (n, 32, width, 1) float32, grey values 0..255, any n and width, and give probabilities (n, time steps, classes).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.files import atomic_file
from crnn.inference.engines import Engine, Predict, load_engine, onnx_predict
from crnn.inference.onnx_graph import graph_from_weights
from crnn.model.weights_file import read_activation_ranges
from crnn.paths import ASSETS, DEFAULT_WEIGHTS

PROG = "python -m crnn.tools.export"
TOLERANCE = 1e-4  # of a probability, between an export and Keras


def export(path: str | Path, weights_file: str | Path, int8: bool = False) -> Predict:
    """Write an ONNX file or the folder of a SavedModel.

    Args:
        path: ``*.onnx``, or the folder.
        weights_file: weights of the network.
        int8: compute in 8-bit integers. Only an ONNX file can, and only ONNX Runtime has all of its operations.

    Returns:
        The exported network as a function, to be checked.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the weights do not fit the network; or, for ``int8``, have no activation ranges, or the file is no
            ONNX file.
    """
    path = Path(path)
    classes = Charset.for_weights(weights_file).classes
    if path.suffix == ".onnx":
        ranges = read_activation_ranges(weights_file) if int8 else None
        if int8 and not ranges:
            raise ValueError(
                f"{weights_file}: not prepared for integers; do it with python -m crnn.tools.calibrate_int8"
            )
        model = graph_from_weights(weights_file, classes, ranges)
        with atomic_file(path) as file:
            file.write(model)
        return onnx_predict(str(path))
    if int8:
        raise ValueError(f"{path}: only an ONNX file computes in 8-bit integers; name a file *.onnx")
    from crnn.model import backend
    from crnn.model.network import CRNN

    network = CRNN(classes)
    network.load_weights(weights_file)
    network.predict_core.export(str(path), verbose=False)
    return backend.exported(path)


def differences(
    predict: Predict, reference: Predict, images: Sequence[np.ndarray], charset: Charset
) -> tuple[float, int]:
    """Compare two networks on images.

    Args:
        predict: probabilities (n, time steps, classes) of images (n, 32, width, 1).
        reference: as ``predict``.
        images: (height, width) uint8 each, grey.
        charset: the table of their classes.

    Returns:
        The largest difference of a probability, and the number of images with another text.
    """
    from crnn.inference.recognizer import Recognizer
    from crnn.normalization import normalize_line

    worst = 0.0
    for image in images:
        line = normalize_line(image)[None, ..., None].astype(np.float32)
        worst = max(worst, float(np.abs(predict(line) - reference(line)).max()))
    texts = [
        [line.text for line in Recognizer(charset=charset, engine=Engine(one), decoding="greedy").read(images)]
        for one in (predict, reference)
    ]
    return worst, sum(a != b for a, b in zip(*texts, strict=True))


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Write the network for other programs.")
    parser.add_argument("path", type=Path, help="FILE.onnx, or the folder of a SavedModel")
    parser.add_argument("--int8", action="store_true", help="8-bit integers, for ONNX Runtime; texts may differ")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument(
        "--compare", type=Path, nargs="+", metavar="PATH", help="pictures to compare with Keras on (default: asset)"
    )
    return parser


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command; return its exit status: 1 if something went wrong, or the export differs from Keras."""
    options = build_parser(prog).parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.tools.assets import asset_images

    try:
        predict = export(options.path, options.weights, options.int8)
        if not find_spec("keras") or not (options.compare or ASSETS.exists()):
            print(f"{options.path}: written, and not compared with Keras, which takes Keras and pictures (--compare)")
            return 0
        images = asset_images(options.compare or [ASSETS])
        reference = load_engine(options.weights, engine="keras").predict
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    worst, others = differences(predict, reference, images, Charset.for_weights(options.weights))
    print(f"{options.path}: {len(images)} pictures, {others} read differently than by Keras")
    print(f"largest difference of a probability: {worst:.1e}")
    return int(not options.int8 and (others > 0 or worst > TOLERANCE))


if __name__ == "__main__":
    sys.exit(main())
