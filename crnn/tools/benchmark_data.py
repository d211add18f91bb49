"""Measure how fast data come from archives to the training on this machine: ``python -m crnn.tools.benchmark_data``.

Everything is made in a temporary folder: a label file as long as the whole data set's, and images
like those in ``data/img_batches``, each shifted and encoded anew, so that no two are the same.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.dataset.archives import find_archives
from crnn.dataset.extraction import unpack
from crnn.dataset.label_file import LabelFile
from crnn.dataset.layout import batch_folders, image_names, read_dataset_image
from crnn.dataset.unpacking import unpack_all
from crnn.dataset.writer import write_data_set
from crnn.paths import ROOT, SAMPLE_BATCHES

LABELS = 10  # labels of an image
THREADS = 2  # threads that the loader is measured with


def write_label_file(path: Path, lines: int, rng: np.random.Generator) -> None:
    """Write a label file with random names and labels."""
    with path.open("w") as file:
        for first in range(0, lines, 100_000):
            count = min(100_000, lines - first)
            names = rng.integers(10**8, 10**10, count)
            labels = rng.integers(1, 5990, (count, LABELS))
            rows = zip(range(first, first + count), names, labels.tolist(), strict=True)
            file.writelines(f"{20_000_000 + k}_{name:010}.jpg {' '.join(map(str, row))}\n" for k, name, row in rows)


def write_images(folder: Path, count: int, rng: np.random.Generator) -> None:
    """Write a data set in two archives: the images of the sample, each shifted, all with one label."""
    charset = Charset.for_dataset(ROOT / "data")
    with tempfile.TemporaryDirectory() as unpacked:
        for archive in find_archives(SAMPLE_BATCHES):
            shutil.copy(archive, unpacked)
            unpack(Path(unpacked) / archive.name)
        images = [read_dataset_image(batch / name) for batch in batch_folders(unpacked) for name in image_names(batch)]
    text = "".join(charset.characters[1 : 1 + LABELS])
    shifted = (
        (np.roll(images[k % len(images)], int(rng.integers(280)), axis=1) + rng.integers(-3, 4, (32, 1), np.int8), text)
        for k in range(count)
    )
    lines = ((np.clip(image, 0, 255).astype(np.uint8), text) for image, text in shifted)
    write_data_set(lines, count, charset, folder, parts=2, batches=4)


def read_labels(path: Path) -> tuple[int, float, float]:
    """Read a label file; return its lines, the seconds, and the MB above what the process had before."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    lines = len(LabelFile.from_file(path))
    return lines, time.perf_counter() - start, _above(before)


def unpack_both_ways(folder: Path) -> tuple[float | None, float]:
    """Return the seconds of ``7z x`` (None without 7z) and of ``unpack_all``, two archives at once."""
    archives = find_archives(folder)
    seconds_of_7z = None
    if shutil.which("7z"):
        start = time.perf_counter()
        jobs = [
            subprocess.Popen(["7z", "x", "-y", f"-o{folder / '7z'}", str(archive)], stdout=subprocess.DEVNULL)
            for archive in archives
        ]
        if sum(job.wait() for job in jobs):
            raise OSError("7z failed")
        seconds_of_7z = time.perf_counter() - start
        shutil.rmtree(folder / "7z")
    start = time.perf_counter()
    unpack_all(folder, processes=len(archives))
    return seconds_of_7z, time.perf_counter() - start


def load(folder: Path, labels: Path) -> tuple[float, float]:
    """Return the images a second of the loader alone, the second time over the files, and the MB it took."""
    from crnn.dataset.loader import BatchLoader, index_images

    cv2.setNumThreads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    classes = len(Charset.for_dataset(ROOT / "data"))
    loader = BatchLoader(index_images(batch_folders(folder), LabelFile.from_file(labels), classes))
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(2):
            start = time.perf_counter()
            images = sum(len(targets) for _, targets in pool.map(loader.__getitem__, range(len(loader))))
            rate = images / (time.perf_counter() - start)
    return rate, _above(before)


def train(folder: Path, steps: int) -> tuple[float, float]:
    """Return the images a second of the training, and of the same step on one batch held in memory."""
    from crnn.dataset.loader import read_ahead
    from crnn.training.dataset_trainer import DatasetTrainer
    from crnn.training.recipe import DatasetRecipe

    recipe = DatasetRecipe(str(folder))
    with tempfile.TemporaryDirectory() as run:
        trainer = DatasetTrainer(recipe, run)
        batches = read_ahead(trainer.train, 0)
        held = next(batches)
        seconds: dict[str, list[float]] = {"memory": [], "loader": []}
        for step in range(steps + 1):  # in turns, so that both meet the same machine; the first step compiles
            for kind in seconds:
                start = time.perf_counter()
                inputs, targets = held if kind == "memory" else next(batches)
                trainer.model.train_on_batch(list(inputs), targets)
                if step:
                    seconds[kind].append(time.perf_counter() - start)
    loader, memory = (recipe.batch_size / float(np.median(seconds[kind])) for kind in ("loader", "memory"))
    return loader, memory


def draw(fonts: Sequence[Path], texts: Sequence[Path], lines: int) -> float:
    """Return the synthetic lines that one core draws in a second of its time; the first ones only open the fonts."""
    from crnn.synthesis.batch_stream import make_batch
    from crnn.synthesis.source import LineSource

    cv2.setNumThreads(1)
    generator = LineSource(tuple(fonts), tuple(texts)).generator(Charset.for_dataset(ROOT / "data"))
    make_batch(generator, 0, lines)
    start = time.process_time()
    make_batch(generator, lines, lines)
    return lines / (time.process_time() - start)


def _above(before: int) -> float:
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own, for its memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m crnn.tools.benchmark_data", description="Measure the data path.")
    parser.add_argument("--images", type=int, default=40_000, help="in two archives")
    parser.add_argument("--label-lines", type=int, default=3_600_000)
    parser.add_argument("--steps", type=int, default=30, help="of training, to be measured")
    parser.add_argument("--lines", type=int, default=3000, help="synthetic ones, to be drawn")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rng = np.random.default_rng(0)
    drawn = _apart(draw, options.fonts, options.texts, options.lines)
    print(f"synthetic lines: {drawn:.0f} a second of one core", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_label_file(root / "labels.txt", options.label_lines, rng)
        lines, seconds, memory = _apart(read_labels, root / "labels.txt")
        print(f"label file of {lines} lines: {seconds:.1f} s, {memory:.0f} MB", flush=True)
        write_images(root, options.images, rng)
        pictures = root / "img_batches"
        size = sum(archive.stat().st_size for archive in find_archives(pictures))
        seconds_of_7z, seconds = unpack_both_ways(pictures)
        ratio = (
            f"7z x {seconds_of_7z:.1f} s, ours {seconds / seconds_of_7z:.2f} times that" if seconds_of_7z else "no 7z"
        )
        print(
            f"two archives, {size / 1e6:.0f} MB, {options.images} images, at once: {seconds:.1f} s; {ratio}", flush=True
        )
        long = root / "long.txt"  # the labels of the images, and as many others as the data set has
        parts = [root / "labels" / f"data_{kind}.txt" for kind in ("train", "test")] + [root / "labels.txt"]
        long.write_bytes(b"".join(path.read_bytes() for path in parts))
        rate, memory = _apart(load, pictures, long)
        print(f"loader alone, {THREADS} threads: {rate:.0f} images/s, {memory:.0f} MB", flush=True)
        with_loader, in_memory = _apart(train, root, options.steps)
        share = with_loader / in_memory
        print(f"training: {with_loader:.1f} images/s, {share:.1%} of {in_memory:.1f} on one batch held in memory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
