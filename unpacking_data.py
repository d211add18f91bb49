"""Unpack the batches of the data set: every ``part_K.7z`` in ``data/img_batches``, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crnn.console import run


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parent / "data" / "img_batches"
    parser.add_argument("folder", nargs="?", type=Path, default=default, help="default: data/img_batches")
    parser.add_argument("--processes", type=int, help="archives unpacked at once (default: one a core)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    from crnn.dataset.unpacking import unpack_all
    from crnn.dataset.validation import summary

    complete = unpack_all(options.folder, options.processes)
    print("\n".join(summary(options.folder)))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(run(main))
