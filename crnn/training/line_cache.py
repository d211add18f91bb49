"""Lines that are drawn once and used again: for a GPU that learns faster than the processors draw."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from crnn.geometry import HEIGHT, MIN_WIDTH
from crnn.synthesis.batch_stream import TIME_STEPS, LineBatch

RECORD = np.dtype(
    [
        ("image", np.uint8, (HEIGHT, MIN_WIDTH, 1)),
        ("labels", np.int32, TIME_STEPS),
        ("label_length", np.int32, 1),
        ("frame_labels", np.int32, TIME_STEPS),
    ]
)


def cached_batches(
    draw: Callable[[int], AbstractContextManager[Iterator[LineBatch]]],
    path: Path,
    lines: int,
    size: int,
    first: int = 0,
    seed: int = 0,
) -> Iterator[LineBatch]:
    """Yield batches without end: each line is drawn once, then they come in another order each time.

    The first batches come as they are drawn and are written to a file. So nothing waits for the cache to be full, and a
    training that is resumed need not draw them again.

    Args:
        draw: gives the series of drawn batches from a number on.
        path: file of the lines, about 9.5 kB each.
        lines: how many it holds.
        size: lines in a batch.
        first: number of the first batch, to resume.
        seed: of the orders.

    Raises:
        OSError: the file cannot be written.
        ValueError: the lines before ``first`` are not in the file.
    """
    epoch = lines // size
    exists = path.exists() and path.stat().st_size == epoch * size * RECORD.itemsize
    if first and not exists:
        raise ValueError(f"{path} does not hold the {lines} lines that the training began with: name another --folder")
    if not exists:
        _make_room(path, epoch * size * RECORD.itemsize)
    rows = np.memmap(path, RECORD, "r+", shape=(epoch * size,))
    if first < epoch:
        with draw(first) as stream:
            for number in range(first, epoch):
                batch = next(stream)
                some = rows[number * size : (number + 1) * size]
                some["image"], some["labels"] = batch.images, batch.labels
                some["label_length"], some["frame_labels"] = batch.label_length, batch.frame_labels
                yield batch
        rows.flush()
    number = max(first, epoch)
    while True:
        order = np.random.default_rng((seed, number // epoch)).permutation(len(rows))
        for place in range(number % epoch, epoch):
            some = rows[order[place * size : (place + 1) * size]]
            yield LineBatch(some["image"], some["labels"], some["label_length"], some["frame_labels"], ())
            number += 1


def _make_room(path, size):
    """Make a file of a size that is really on the disk: else a full disk would kill the process that writes it."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                path.unlink()
                raise OSError(error.errno, f"{error.strerror} for {size / 1e9:.1f} GB of lines", str(path)) from None
        file.truncate(size)
