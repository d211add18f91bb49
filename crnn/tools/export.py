"""Write the network for other programs: ``python -m crnn.tools.export FILE.onnx`` or ``FOLDER``.

``FILE.onnx`` is for ONNX Runtime and other programs that read ONNX; ``FOLDER`` is a SavedModel of TensorFlow. Both take
images (n, 32, width, 1) float32, grey values 0..255, any n and width, and give probabilities (n, time steps, classes).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.files import atomic_file
from crnn.inference.engines import Engine, Predict, load_engine, onnx_predict
from crnn.paths import DEFAULT_WEIGHTS

TOLERANCE = 1e-4  # of a probability, between an export and Keras


def export(path: str | Path, weights_file: str | Path) -> Predict:
    """Write an ONNX file or the folder of a SavedModel.

    Args:
        path: ``*.onnx``, or the folder.
        weights_file: weights of the network.

    Returns:
        The exported network as a function, to be checked.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the weights do not fit the network.
    """
    path = Path(path)
    classes = Charset.for_weights(weights_file).classes
    if path.suffix == ".onnx":
        from crnn.inference.onnx_graph import graph_from_weights

        model = graph_from_weights(weights_file, classes)
        with atomic_file(path) as file:
            file.write(model)
        return onnx_predict(str(path))
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


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.export", description="Write the network for other programs."
    )
    parser.add_argument("path", type=Path, help="FILE.onnx, or the folder of a SavedModel")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.tools.assets import asset_images

    try:
        predict = export(options.path, options.weights)
        reference = load_engine(options.weights, engine="keras").fast
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    images = asset_images()
    worst, others = differences(predict, reference, images, Charset.for_weights(options.weights))
    print(f"{options.path}: {len(images)} asset pictures, {others} read differently than by Keras")
    print(f"largest difference of a probability: {worst:.1e}")
    return int(others > 0 or worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
