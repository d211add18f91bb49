"""Prepare weights for reading with 8-bit integers: ``python -m crnn.tools.calibrate_int8 WEIGHTS``.

It stores in the weights file the highest output of each quantized layer over the images of ``asset/`` in both
polarities. Weights without these values are read in float32. Those of the training phase ``int8`` have them; other
weights give slightly other texts with integers, as they did not learn with the rounding.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.inference.onnx_graph import OUTPUT, QUANTIZED_LAYERS, graph_from_weights
from crnn.model.weights_file import write_activation_ranges
from crnn.normalization import normalize_line
from crnn.tools.assets import asset_images


def measure_activation_ranges(path: Path, images: Sequence[np.ndarray]) -> dict[str, float]:
    """Measure the highest output of each layer in ``onnx_graph.QUANTIZED_LAYERS`` over images and their inverses.

    Args:
        path: weights file.
        images: (height, width) uint8 each, grey.

    Raises:
        OSError, ValueError: as of ``onnx_graph.graph_from_weights``.
    """
    import onnxruntime

    model = graph_from_weights(path, Charset.for_weights(path).classes, with_activations=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs() if output.name != OUTPUT]
    highest = np.zeros(len(names))
    for image in images:
        line = normalize_line(image)[None, ..., None].astype(np.float32)
        for batch in (line, 255 - line):
            outputs = session.run(names, {session.get_inputs()[0].name: batch})
            highest = np.maximum(highest, [output.max() for output in outputs])
    return dict(zip(QUANTIZED_LAYERS, highest.tolist(), strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.calibrate_int8", description="Prepare weights for reading with 8-bit integers."
    )
    parser.add_argument("weights", type=Path, help="file to measure, and to write the result into")
    options = parser.parse_args(argv)
    try:
        ranges = measure_activation_ranges(options.weights, asset_images())
        write_activation_ranges(options.weights, ranges)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.weights}: highest outputs", ", ".join(f"{name} {value:.1f}" for name, value in ranges.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
