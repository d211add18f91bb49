"""Look at every label and every image of a data set before a long training: ``train.py --check``, ``crnn check``."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from crnn.charset import Charset
from crnn.console import escape_field, unescape_field
from crnn.dataset.label_file import DataError, LabelFile
from crnn.dataset.layout import batch_folders, image_names, read_dataset_image, relative_name
from crnn.files import atomic_path, read_text
from crnn.geometry import padded_width, time_steps
from crnn.paths import SAMPLE_DATA

PROG = "python -m crnn.dataset.validation"
FINDINGS = "findings.tsv"  # beside labels/: file, rule, details
# An image is not excluded for these; the loader finds unknown labels itself, by the table of the training.
KEEP_RULES = ("label without an image", "the same label twice", "unknown label")


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Look at every label and every image of a data set.")
    parser.add_argument(
        "data", nargs="?", type=Path, default=SAMPLE_DATA, help="of labels/ and img_batches/ (default: data)"
    )
    parser.add_argument("--charset", type=Path, help="table of labels: one character a line, line 0 for the space")
    return parser


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command; return its exit status: 1 if there are findings, or nothing to look at."""
    options = build_parser(prog).parse_args(argv)
    try:
        charset = Charset.from_file(options.charset) if options.charset else Charset.for_dataset(options.data)
        return int(bool(validate(options.data, charset)))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def validate(data: str | Path, charset: Charset, threads: int | None = None) -> Counter[str]:
    """Look at a whole data set; write every finding to ``findings.tsv`` and a summary to stdout.

    Args:
        data: folder with ``labels/`` and ``img_batches/``.
        charset: the table that the training will use.
        threads: that read images; default: one a core.

    Returns:
        How many findings there are, by rule.

    Raises:
        DataError: there is no data set, or a label file cannot be parsed.
    """
    data = Path(data)
    *training, test = batch_folders(data / "img_batches")
    counts: Counter[str] = Counter()
    with atomic_path(data / FINDINGS) as partial, partial.open("w", encoding="utf-8") as file:
        for kind, folders in (("train", training), ("test", [test])):
            path = data / "labels" / f"data_{kind}.txt"
            labels = LabelFile.from_file(path)
            images = 0
            for name, rule, detail in _findings(labels, path, folders, len(charset), threads):
                if rule:
                    counts[rule] += 1
                    file.write("\t".join(map(escape_field, (name, rule, detail or ""))) + "\n")
                else:
                    images += 1
            print(f"{path}: {len(labels)} labels; {images} images in {len(folders)} batches")
    for rule, count in sorted(counts.items()):
        print(f"{count:8} {rule}")
    print(f"{data / FINDINGS} lists them; training leaves these images out" if counts else "nothing to object to")
    return counts


def excluded_images(data: str | Path) -> frozenset[str]:
    """Read which images, or names in the label files, ``validate`` has found bad; none if it was not run.

    Raises:
        DataError: the file of findings is damaged.
    """
    path = Path(data) / FINDINGS
    if not path.exists():
        return frozenset()
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != 3:
            raise DataError(f"{path}, line {number}: is no file, rule and detail; run train.py --check again")
    return frozenset(unescape_field(name) for name, rule, _ in rows if rule not in KEEP_RULES)


def summary(folder: str | Path) -> list[str]:
    """Count what lies unpacked in ``img_batches``, and whether ``labels`` beside it names it.

    Returns:
        Lines of text; one with the reason if there is nothing to count.
    """
    folder = Path(folder)
    try:
        batches = batch_folders(folder)
        kinds = ("train", "test")
        labels = {kind: LabelFile.from_file(folder.parent / "labels" / f"data_{kind}.txt") for kind in kinds}
    except DataError as error:
        return [str(error)]
    images = unlabelled = 0
    has_image = {kind: np.zeros(len(file), bool) for kind, file in labels.items()}
    for batch in batches:
        names = image_names(batch)
        kind = "test" if batch is batches[-1] else "train"
        numbers = labels[kind].line_numbers(names)
        has_image[kind][numbers[numbers >= 0]] = True
        images, unlabelled = images + len(names), unlabelled + int((numbers < 0).sum())
    missing = sum(int((~found).sum()) for found in has_image.values())
    parts = len({batch.parent for batch in batches})
    return [
        f"{parts} parts, {len(batches)} batches, {images} images",
        f"{unlabelled} images without a label, {missing} labels without an image",
    ]


def _findings(
    labels: LabelFile, path: Path, folders: Sequence[Path], table: int, threads: int | None
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (file, rule, detail) of every finding, and (file, None, None) of every image looked at."""
    for line in np.flatnonzero(labels.lengths == 0).tolist():
        yield labels.name(line), "empty label", f"line {line + 1} of {path}"
    for line in np.flatnonzero(labels.largest() >= table).tolist():
        yield labels.name(line), "unknown label", f"{labels[line].max()} in a table of {table}"
    seen = np.zeros(len(labels), bool)
    for line, before in labels.repeated():
        seen[before] = True
        same = np.array_equal(labels[line], labels[before])
        rule = "the same label twice" if same else "two different labels"
        yield labels.name(line), rule, f"lines {before + 1} and {line + 1} of {path}"
    needed = labels.steps_needed()
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for folder in folders:
            names = image_names(folder)
            numbers = labels.line_numbers(names)
            widths = pool.map(_width_or_fault, (os.path.join(folder, name) for name in names))
            rows = zip(names, numbers, widths, strict=True)
            for name, number, (width, fault) in tqdm(rows, str(folder), len(names), unit=" images", file=sys.stderr):
                file = relative_name(folder, name)
                yield file, None, None
                if fault:
                    yield file, "broken image", fault
                if number < 0:
                    yield file, "image without a label", f"not in {path}"
                    continue
                if seen[number]:
                    yield file, "image in two folders", name
                seen[number] = True
                steps = time_steps(padded_width(width))
                if width and needed[number] > steps:
                    yield file, "label too long", f"it needs {needed[number]} steps, the image has {steps}"
    for line in np.flatnonzero(~seen).tolist():
        yield labels.name(line), "label without an image", f"line {line + 1} of {path}"


def _width_or_fault(path: str) -> tuple[int, str | None]:
    """Return the width of an image and None, or 0 and what is wrong with it."""
    try:
        return read_dataset_image(path).shape[1], None
    except DataError as error:
        return 0, str(error)


if __name__ == "__main__":
    sys.exit(main())
