"""The network for other programs: ``python -m crnn.tools.export FILE.onnx`` or ``FOLDER``.

``FILE.onnx`` is what ONNX Runtime and its like read; ``FOLDER`` is a SavedModel of TensorFlow. Both
take pictures (n, 32, width, 1) float32, grey values 0..255, any n and width, and give probabilities
(n, steps, classes).
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.paths import DEFAULT_WEIGHTS

TOLERANCE = 1e-4  # of a probability, between an export and Keras


def export(path, weights_file):
    """Write ``path``, an ONNX file or the folder of a SavedModel.

    Returns:
        Its predictor, to be checked.
    """
    path = Path(path)
    classes = Charset.for_weights(weights_file).classes
    if path.suffix == ".onnx":
        from crnn.inference.engines import onnx_predict
        from crnn.inference.onnx_graph import graph_from_weights

        model = graph_from_weights(weights_file, classes).SerializeToString()
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(model)
        os.replace(partial, path)
        return onnx_predict(str(path))
    from crnn.model import backend
    from crnn.model.network import CRNN

    network = CRNN(classes)
    network.load_weights(weights_file)
    network.predict_core.export(str(path), verbose=False)
    return backend.exported(path)


def differences(predict, reference, pictures, charset):
    """Compare two predictors on pictures.

    Args:
        predict: probabilities (n, steps, classes) of pictures (n, 32, width, 1).
        reference: as ``predict``.
        pictures: (height, width) uint8 each, grey.
        charset: the table of their classes.

    Returns:
        The largest difference of a probability, and the number of pictures with another text.
    """
    from crnn.inference.engines import Engine
    from crnn.inference.recognizer import Recognizer
    from crnn.normalization import normalize_line

    worst = 0.0
    for picture in pictures:
        line = normalize_line(picture)[None, ..., None].astype(np.float32)
        worst = max(worst, float(np.abs(predict(line) - reference(line)).max()))
    texts = [[line.text for line in Recognizer(Engine(one), charset).read(pictures)] for one in (predict, reference)]
    return worst, sum(a != b for a, b in zip(*texts, strict=True))


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.export", description="Write the network for other programs."
    )
    parser.add_argument("path", type=Path, help="FILE.onnx, or the folder of a SavedModel")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.engines import load_engine
    from crnn.tools.assets import asset_pictures

    try:
        predict = export(options.path, options.weights)
        reference = load_engine(options.weights, engine="keras").fast
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    pictures = asset_pictures()
    worst, others = differences(predict, reference, pictures, Charset.for_weights(options.weights))
    print(f"{options.path}: {len(pictures)} asset pictures, {others} read differently than by Keras")
    print(f"largest difference of a probability: {worst:.1e}")
    return int(others > 0 or worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
