"""``python -m crnn.tools.guide FOLDER``: draw the figures of the guide from what the network gives today."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from crnn.paths import DEFAULT_WEIGHTS
from crnn.tools.guide import alignments, reading
from crnn.tools.guide.reader import Reader

FIGURES: dict[str, Callable[[Reader, Path], None]] = {
    "network": reading.draw_network,
    "division": reading.draw_division,
    "colour_adding": reading.draw_colour_adding,
    "alignments": alignments.draw_alignments,
    "doubled": alignments.draw_doubled,
    "lattice": alignments.draw_lattice,
    "spaces": alignments.draw_spaces,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m crnn.tools.guide", description="Draw the figures of the guide.")
    parser.add_argument("folder", type=Path, help="gets the figures, as docs/guide/figures has them")
    parser.add_argument("--only", choices=tuple(FIGURES), nargs="+", default=tuple(FIGURES), metavar="NAME")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: weights/CRNN.h5")
    options = parser.parse_args(argv)
    try:
        reader = Reader(options.weights)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        FIGURES[name](reader, options.folder / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
