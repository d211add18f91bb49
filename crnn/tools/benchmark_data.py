"""``python -m crnn.tools.benchmark_data``: how fast the way from archives to the training is on this machine.

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.dataset.archives import find_archives, unpack, unpack_all
from crnn.dataset.label_file import LabelFile
from crnn.dataset.layout import batch_folders, image_names, read_dataset_image
from crnn.dataset.writer import write_data_set
from crnn.paths import ROOT, SAMPLE_BATCHES

LABELS = 10  # of an image
THREADS = 2  # that the loader is measured with


def write_label_file(path, lines, rng):
    """A label file with names and labels drawn at random."""
    with path.open("w") as file:
        for first in range(0, lines, 100_000):
            count = min(100_000, lines - first)
            names = rng.integers(10**8, 10**10, count)
            labels = rng.integers(1, 5990, (count, LABELS))
            rows = zip(range(first, first + count), names, labels.tolist(), strict=True)
            file.writelines(f"{20_000_000 + k}_{name:010}.jpg {' '.join(map(str, row))}\n" for k, name, row in rows)


def write_images(folder, count, rng):
    """A data set in two archives: the images of the sample, each shifted, all with one label."""
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


def read_labels(path):
    """Seconds, and MB above what the process had before."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    lines = len(LabelFile.from_file(path))
    return lines, time.perf_counter() - start, _above(before)


def unpack_both_ways(folder):
    """Seconds of ``7z x`` and of ``unpack_all``, two archives at once; None without 7z."""
    archives = find_archives(folder)
    theirs = None
    if shutil.which("7z"):
        start = time.perf_counter()
        jobs = [
            subprocess.Popen(["7z", "x", "-y", f"-o{folder / 'theirs'}", str(archive)], stdout=subprocess.DEVNULL)
            for archive in archives
        ]
        if sum(job.wait() for job in jobs):
            raise OSError("7z failed")
        theirs = time.perf_counter() - start
        shutil.rmtree(folder / "theirs")
    start = time.perf_counter()
    unpack_all(folder, processes=len(archives))
    return theirs, time.perf_counter() - start


def load(folder, labels):
    """Images a second of the loader alone, second time over the files, and MB above what was there before."""
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


def train(folder, steps):
    """Images a second of the training, and of the same step on one batch held in memory."""
    from crnn.dataset.loader import read_ahead
    from crnn.training.dataset_trainer import DatasetTrainer
    from crnn.training.recipe import DatasetRecipe

    recipe = DatasetRecipe(str(folder))
    with tempfile.TemporaryDirectory() as run:
        trainer = DatasetTrainer(recipe, run)
        batches = read_ahead(trainer.train, 0)
        held = next(batches)
        rates = {"memory": [], "loader": []}
        for step in range(steps + 1):  # in turns, so that both meet the same machine; the first step compiles
            for kind in rates:
                start = time.perf_counter()
                inputs, targets = held if kind == "memory" else next(batches)
                trainer.model.train_on_batch(list(inputs), targets)
                if step:
                    rates[kind].append(time.perf_counter() - start)
    return [recipe.batch_size / float(np.median(seconds)) for seconds in (rates["loader"], rates["memory"])]


def draw(fonts, texts, lines):
    """Synthetic lines that one core draws in a second, of its own time; the first ones only open the faces."""
    from crnn.synthesis.batch_stream import make_batch
    from crnn.synthesis.source import LineSource

    cv2.setNumThreads(1)
    maker = LineSource(tuple(fonts), tuple(texts)).generator(Charset.for_dataset(ROOT / "data"))
    make_batch(maker, 0, lines)
    start = time.process_time()
    make_batch(maker, lines, lines)
    return lines / (time.process_time() - start)


def _above(before):
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _apart(function, *arguments):
    """Call a function in a process of its own, for its memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def arguments():
    parser = argparse.ArgumentParser(prog="python -m crnn.tools.benchmark_data", description="Measure the data path.")
    parser.add_argument("--images", type=int, default=40_000, help="in two archives")
    parser.add_argument("--label-lines", type=int, default=3_600_000)
    parser.add_argument("--steps", type=int, default=30, help="of training, to be measured")
    parser.add_argument("--lines", type=int, default=3000, help="synthetic ones, to be drawn")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    return parser.parse_args()


def main():
    options = arguments()
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
        theirs, ours = unpack_both_ways(pictures)
        compared = f"; 7z x {theirs:.1f} s, ours {ours / theirs:.2f} times that" if theirs else "; 7z is not installed"
        print(
            f"two archives, {size / 1e6:.0f} MB, {options.images} images, at once: {ours:.1f} s{compared}", flush=True
        )
        long = root / "long.txt"  # the labels of the images, and as many others as the data set has
        parts = [root / "labels" / f"data_{kind}.txt" for kind in ("train", "test")] + [root / "labels.txt"]
        long.write_bytes(b"".join(path.read_bytes() for path in parts))
        rate, memory = _apart(load, pictures, long)
        print(f"loader alone, {THREADS} threads: {rate:.0f} images/s, {memory:.0f} MB", flush=True)
        with_loader, in_memory = _apart(train, root, options.steps)
        share = with_loader / in_memory
        print(f"training: {with_loader:.1f} images/s, {share:.1%} of {in_memory:.1f} on one batch held in memory")


if __name__ == "__main__":
    sys.exit(main())
