"""``python -m crnn.dataset``: unpack a data set, every ``part_K.7z`` of a folder, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crnn.console import run
from crnn.paths import SAMPLE_BATCHES


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Unpack the batches of a data set: every part_K.7z of a folder, side by side."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLE_BATCHES, help="default: data/img_batches")
    parser.add_argument("--processes", type=int, help="archives unpacked at once (default: one a core)")
    return parser


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command; return its exit status."""
    options = build_parser(prog).parse_args(argv)
    from crnn.dataset.unpacking import unpack_all
    from crnn.dataset.validation import summary

    complete = unpack_all(options.folder, options.processes)
    print("\n".join(summary(options.folder)))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(run(main))
