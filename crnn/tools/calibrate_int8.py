"""``python -m crnn.tools.calibrate_int8 WEIGHTS``: measure what reading with 8-bit integers needs to know of weights.

The highest output of each convolution, over the pictures of ``asset/`` in both polarities, is stored
in the weights file. Weights without it are read in float32 alone.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.inference.onnx_graph import OUTPUT, QUANTIZED_LAYERS, graph_from_weights
from crnn.model import weights_file as weights
from crnn.normalization import normalize_line
from crnn.tools.assets import asset_pictures


def measured_peaks(path, pictures):
    """The highest output of each layer in ``onnx_graph.QUANTIZED_LAYERS``, over pictures and their inverses.

    Args:
        path: weights file. pictures: (height, width) uint8 each.

    Raises:
        OSError, ValueError: as of ``onnx_graph.graph_from_weights``.
    """
    import onnxruntime

    model = graph_from_weights(path, Charset.for_weights(path).classes, with_activations=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs() if output.name != OUTPUT]
    peaks = np.zeros(len(names))
    for picture in pictures:
        line = normalize_line(picture)[None, ..., None].astype(np.float32)
        for one in (line, 255 - line):
            outputs = session.run(names, {session.get_inputs()[0].name: one})
            peaks = np.maximum(peaks, [output.max() for output in outputs])
    return dict(zip(QUANTIZED_LAYERS, peaks.tolist(), strict=True))


def main():
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.calibrate_int8", description="Prepare weights for reading with 8-bit integers."
    )
    parser.add_argument("weights", type=Path, help="file to measure, and to write the result into")
    options = parser.parse_args()
    try:
        peaks = measured_peaks(options.weights, asset_pictures())
        weights.write_activation_ranges(options.weights, peaks)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.weights}: highest outputs", ", ".join(f"{name} {peak:.1f}" for name, peak in peaks.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
