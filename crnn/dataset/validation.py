"""Looking at every label and every image of a data set before a long training: ``train.py --check``."""

import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from crnn.dataset.label_file import DataError, Labels
from crnn.dataset.layout import batch_folders, image_names, read_image, short_path
from crnn.geometry import padded_width, time_steps

FINDINGS = "findings.tsv"  # beside labels/: file, rule, details
# No image is left out for these; the loader finds unknown labels itself, by the table of the training.
HARMLESS = ("label without an image", "the same label twice", "unknown label")


def check(data, charset, threads=None):
    """Look at a whole data set; write every finding to ``findings.tsv`` and a summary to stdout.

    Args:
        data: folder with ``labels/`` and ``img_batches/``.
        charset: the table that the training will use.
        threads: that read images.

    Returns:
        ``Counter`` of the findings by rule.

    Raises:
        DataError: there is no data set, or a label file cannot be parsed.
    """
    data = Path(data)
    *training, test = batch_folders(data / "img_batches")
    counts = Counter()
    partial = data / (FINDINGS + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        for kind, folders in (("train", training), ("test", [test])):
            path = data / "labels" / f"data_{kind}.txt"
            labels = Labels.from_file(path)
            images = 0
            for name, rule, detail in _findings(labels, path, folders, len(charset), threads):
                if rule:
                    counts[rule] += 1
                    file.write(f"{name}\t{rule}\t{detail}\n")
                else:
                    images += 1
            print(f"{path}: {len(labels)} labels; {images} images in {len(folders)} batches")
    partial.replace(data / FINDINGS)
    for rule, count in sorted(counts.items()):
        print(f"{count:8} {rule}")
    print(f"{data / FINDINGS} lists them; training leaves these images out" if counts else "nothing to object to")
    return counts


def unwanted_images(data):
    """The images, or names in the label files, that ``check`` has found bad; none if it was not run."""
    path = Path(data) / FINDINGS
    if not path.exists():
        return frozenset()
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(row[0] for row in rows if row[1] not in HARMLESS)


def _findings(labels, path, folders, table, threads):
    """(file, rule, detail) of every finding, and (file, None, None) of every image looked at."""
    for line in np.flatnonzero(labels.lengths == 0):
        yield labels.name(line), "empty label", f"line {line + 1} of {path}"
    for line in np.flatnonzero(labels.largest() >= table):
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
            numbers = labels.numbers(names)
            looks = pool.map(_look, (os.path.join(folder, name) for name in names))
            bar = tqdm(
                zip(names, numbers, looks, strict=True), str(folder), len(names), unit=" images", file=sys.stderr
            )
            for name, number, (width, fault) in bar:
                file = short_path(folder, name)
                yield file, None, None
                if fault:
                    yield file, "broken image", fault
                if number < 0:
                    yield file, "image without a label", f"not in {path}"
                    continue
                if seen[number]:
                    yield file, "image in two folders", name
                seen[number] = True
                room = time_steps(padded_width(width))
                if width and needed[number] > room:
                    yield file, "label too long", f"it needs {needed[number]} steps, the image has {room}"
    for line in np.flatnonzero(~seen):
        yield labels.name(line), "label without an image", f"line {line + 1} of {path}"


def _look(path):
    """Width of an image, or 0 and what is wrong with it."""
    try:
        return read_image(path).shape[1], None
    except DataError as error:
        return 0, str(error)
