"""What a training says on its way: ``log.csv``, and samples on stderr."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from crnn.files import atomic_path


def write_log(path: Path, rows: Sequence[dict]) -> None:
    """Write the reports of a training so far as CSV: whole, or not at all.

    Args:
        path: file to write.
        rows: a dict of column -> value each, of the same columns.
    """
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def print_samples(pairs: Iterable[tuple[str, str]]) -> None:
    """Print (target, prediction) pairs to stderr, ``=`` before a prediction that is right, ``!`` before others."""
    for target, prediction in pairs:
        print(f"    {target}\n  {'=' if target == prediction else '!'} {prediction}", file=sys.stderr, flush=True)
