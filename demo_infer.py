"""Read pictures of one printed line each; see ``python demo_infer.py --help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Read pictures of one printed line of Chinese, English or both.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures, or folders of them (default: asset)")
    parser.add_argument("--format", choices=("text", "tsv", "json"), default="text")
    parser.add_argument("--weights", default=HERE / "weights" / "CRNN.h5", help="default: weights/CRNN.h5")
    parser.add_argument("--engine", choices=("onnx", "onnx-float32", "keras"), help="default: onnx if it is installed")
    parser.add_argument("--decoding", choices=("beam", "greedy"), default="beam", help="greedy: the network alone")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    from crnn.inference import demo

    paths = options.paths or [demo.default_folder(HERE / "asset")]
    return demo.run(paths, options.weights, options.format, options.engine, options.decoding)


if __name__ == "__main__":
    sys.exit(main())
