"""Batches of synthetic lines, drawn in other processes ahead of the trainer."""

import multiprocessing
import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.console import children_ignore_interrupts, end_with_parent
from crnn.ctc import steps_needed
from crnn.geometry import HEIGHT, MIN_WIDTH, step_centre, time_steps
from crnn.normalization import pad_right
from crnn.synthesis.line_generator import LineGenerator
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.source import LineSource

TIME_STEPS = time_steps(MIN_WIDTH)
AHEAD = 6  # batches that each process keeps ready
_STEP_CENTRES = step_centre(np.arange(TIME_STEPS, dtype=np.float32))


@dataclass(frozen=True)
class LineBatch:
    """A batch of lines for training.

    Attributes:
        images: (lines, 32, 280, 1) uint8.
        labels: (lines, 69) int32, padded with 0.
        label_length: (lines, 1) int32.
        frame_labels: (lines, 69) int32, the class that each time step shows.
        texts: what each line says.
    """

    images: np.ndarray
    labels: np.ndarray
    label_length: np.ndarray
    frame_labels: np.ndarray
    texts: tuple[str, ...]


def frame_labels(line: LineSample, encoded: list[int], blank: int) -> np.ndarray:
    """Return what each time step shows: the class of a character around its middle, else the blank.

    The centre of step t is column 4 t + 4. A character owns the steps within 0.2 of its width of its
    middle, but at least 2 pixels to either side, so that each owns one.

    Args:
        line: the line.
        encoded: labels of its text.
        blank: class of the CTC blank.

    Returns:
        (69,) int32.
    """
    middle = (line.left + line.right) / 2
    reach = np.maximum(2, 0.2 * (line.right - line.left))
    nearest = np.searchsorted((middle[1:] + middle[:-1]) / 2, _STEP_CENTRES)
    owned = np.abs(_STEP_CENTRES - middle[nearest]) <= reach[nearest]
    return np.where(owned, np.array(encoded, np.int32)[nearest], blank)


def pad_to(image: np.ndarray, width: int = MIN_WIDTH) -> np.ndarray:
    """Bring a line to ``width`` columns: pad it on the right with its own colour, or cut it."""
    missing = width - image.shape[1]
    return pad_right(image, missing) if missing > 0 else image[:, :width]


def write_preview(images: Iterable[np.ndarray], path: Path, columns: int = 4) -> None:
    """Write lines side by side in one image, to compare them with real ones."""
    tiles = [np.pad(pad_to(image), 2, constant_values=128) for image in images]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[at : at + columns]) for at in range(0, len(tiles), columns)]
    cv2.imwrite(str(path), np.vstack(rows))


def make_batch(generator: LineGenerator, first: int, size: int) -> LineBatch:
    """Draw lines ``first`` to ``first + size - 1`` of a series.

    A line that cannot be aligned in 69 steps is replaced by one of the same series with a number
    from 2**32 on.
    """
    charset = generator.charset
    images = np.empty((size, HEIGHT, MIN_WIDTH, 1), np.uint8)
    labels = np.zeros((size, TIME_STEPS), np.int32)
    frames = np.empty((size, TIME_STEPS), np.int32)
    texts = []
    for row in range(size):
        line = generator.line(first + row)
        encoded = charset.encode(line.text)
        while steps_needed(encoded) > TIME_STEPS or not encoded:
            line = generator.line(2**32 + int(np.random.default_rng((first, row, len(encoded))).integers(2**32)))
            encoded = charset.encode(line.text)
        images[row, ..., 0] = pad_to(line.image)
        labels[row, : len(encoded)] = encoded
        frames[row] = frame_labels(line, encoded, charset.blank)
        texts.append(line.text)
    lengths = np.array([[len(text)] for text in texts], np.int32)
    return LineBatch(images, labels, lengths, frames, tuple(texts))


class BatchStream:
    """An endless series of batches, drawn by other processes; the same for any number of them.

    Use as a context manager; ``next(stream)`` waits for the next batch.

    Args:
        source: of the lines.
        charset: table of the labels.
        size: lines in a batch.
        first: number of the first batch, to resume.
        processes: how many draw lines.
    """

    def __init__(self, source: LineSource, charset: Charset, size: int, first: int = 0, processes: int = 1):
        context = multiprocessing.get_context("spawn")  # a fork would copy TensorFlow's threads
        self.number = self._first = first
        self._stop = context.Event()
        self._queues = [context.Queue(AHEAD) for _ in range(processes)]
        self._workers = [
            context.Process(
                target=_work,
                args=(
                    source,
                    charset,
                    size,
                    first + place,
                    processes,
                    self._queues[(first + place) % processes],
                    self._stop,
                ),
                daemon=True,
            )
            for place in range(processes)
        ]

    def __enter__(self):
        with children_ignore_interrupts():
            for worker in self._workers:
                worker.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for worker in self._workers:
            worker.terminate()
            worker.join()

    def __iter__(self):
        return self

    def __next__(self) -> LineBatch:
        """Return the next batch.

        Raises:
            ChildProcessError: the process that draws it has failed.
        """
        place = self.number % len(self._queues)
        while True:
            try:
                batch = self._queues[place].get(timeout=5)
                break
            except queue.Empty:
                if not self._workers[(self.number - self._first) % len(self._workers)].is_alive():
                    raise ChildProcessError("a process that draws lines has died; was the memory too little?") from None
        if isinstance(batch, Exception):
            raise ChildProcessError(f"drawing batch {self.number} failed: {batch}") from batch
        self.number += 1
        return batch


def _work(source, charset, size, number, stride, batches, stop):
    end_with_parent()
    cv2.setNumThreads(1)
    try:
        generator = source.generator(charset)
        while not stop.is_set():
            batches.put(make_batch(generator, number * size, size))
            number += stride
    except Exception as error:  # noqa: BLE001 - it must reach the trainer, whatever it is
        batches.put(error)


def generate_parallel(
    source: LineSource, charset: Charset, count: int, processes: int
) -> Iterator[tuple[np.ndarray, str]]:
    """Draw the first ``count`` lines of a source in several processes; yield image and text of each, in order."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _keep_generator, (source, charset)) as pool:
        yield from pool.map(_image_and_text, range(count), chunksize=64)


def _keep_generator(source, charset):
    global _generator
    cv2.setNumThreads(1)
    _generator = source.generator(charset)


def _image_and_text(number):
    line = _generator.line(number)
    return line.image, line.text
