"""Read the pictures of many requests together, in threads of their own."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from queue import Empty, Queue

import numpy as np

from crnn.image import ImageError, decode_grayscale
from crnn.image_header import read_header
from crnn.inference.page.page_text import PageText
from crnn.server.limits import Limits
from crnn.server.metrics import Metrics

WORKERS = 2  # one decodes pictures and finds lines while the other one's lines go through the network
STOP_SECONDS = 10.0  # that a picture may still take when the server stops


class TooManyPixelsError(ImageError):
    """A picture has more pixels than the limit."""


class QueueFullError(Exception):
    """Too many pictures wait; ``seconds`` says when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Answer:
    """What was read.

    Attributes:
        page: the text of the picture.
        seconds: from the begin of its reading to its end; other pictures were read in this time too.
    """

    page: PageText
    seconds: float


@dataclass(eq=False)
class Job:
    """A picture that is to be read.

    Attributes:
        data: its file.
        answer: what becomes known of it; to cancel it takes the job out of the queue.
        started: seconds of ``time.perf_counter``.
        is_wanted: whether somebody still waits for the answer.
    """

    data: bytes
    answer: "Future[Answer]" = field(default_factory=Future)
    started: float = 0.0
    is_wanted: bool = True

    def give_up(self) -> None:
        """Stop to wait for the answer: a job in the queue is dropped, one that is being read ends soon."""
        self.is_wanted = False
        self.answer.cancel()


ReadPages = Callable[[Iterable[tuple[Job, np.ndarray]]], Iterator[list[tuple[Job, PageText]]]]


class Reading:
    """Reads pictures in the order in which they come; those that wait share batches.

    Args:
        read_pages: reads pictures, each with its key, as ``inference.page.reader.read_pages`` does.
        limits: of pictures and of the queue.
        metrics: count what is read.
    """

    def __init__(self, read_pages: ReadPages, limits: Limits, metrics: Metrics) -> None:
        self.limits = limits
        self.metrics = metrics
        self._read_pages = read_pages
        self._jobs: Queue[Job | None] = Queue()  # put() refuses beyond the limit, so that there is room for the ends
        self._threads = [threading.Thread(target=self._work, name="crnn-reading", daemon=True) for _ in range(WORKERS)]

    @property
    def waiting(self) -> int:
        """Pictures that wait."""
        return self._jobs.qsize()

    @property
    def is_running(self) -> bool:
        """Whether pictures are read."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Refuse the pictures that wait, and end after those that are being read."""
        try:
            while job := self._jobs.get_nowait():
                job.answer.cancel()
        except Empty:
            pass
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def check_room(self) -> None:
        """Raise ``QueueFullError`` if no further picture may wait."""
        if self.waiting >= self.limits.waiting:
            raise QueueFullError(max(1, math.ceil(self.waiting * self.metrics.mean_seconds / WORKERS)))

    def submit(self, data: bytes) -> Job:
        """Let a picture wait to be read.

        Args:
            data: its file.

        Returns:
            The job, whose ``answer`` raises ``ImageError`` if the picture cannot be read.

        Raises:
            QueueFullError: too many wait.
        """
        self.check_room()
        job = Job(data)
        self._jobs.put(job)
        return job

    def _work(self) -> None:
        while job := self._jobs.get():
            unread: set[Job] = set()
            try:
                self._read(self._images(job, unread), unread)
            except Exception:  # of one picture; nobody knows which
                pass
            for one in unread:
                self._read_alone(one)

    def _read(self, images: Iterable[tuple[Job, np.ndarray]], unread: set[Job]) -> None:
        """Read pictures and give their answers; take them out of ``unread``. End if nobody wants what is left."""
        for window in self._read_pages(images):
            self.metrics.count_window(len(window))
            for job, page in window:
                answer = Answer(page, time.perf_counter() - job.started)
                self.metrics.count_picture(len(page.lines), answer.seconds)
                unread.discard(job)
                job.answer.set_result(answer)
            if unread and not any(job.is_wanted for job in unread):
                break  # which closes the generator: the last reference to it goes

    def _read_alone(self, job: Job) -> None:
        try:
            if not job.is_wanted:
                raise CancelledError
            self._read([(job, self._decode(job.data))], {job})
        except Exception as error:
            job.answer.set_exception(error)

    def _images(self, job: Job | None, unread: set[Job]) -> Iterator[tuple[Job, np.ndarray]]:
        """Give pictures until none waits.

        Args:
            job: the first one.
            unread: to which those that are given are added.
        """
        while job:
            if job.answer.set_running_or_notify_cancel():
                job.started = time.perf_counter()
                try:
                    image = self._decode(job.data)
                except Exception as error:
                    job.answer.set_exception(error)
                else:
                    unread.add(job)
                    yield job, image
            job = self._next()

    def _next(self) -> Job | None:
        try:
            job = self._jobs.get_nowait()
        except Empty:
            return None
        if job is None:  # the end, which is for the loop of a thread
            self._jobs.put(None)
        return job

    def _decode(self, data: bytes) -> np.ndarray:
        """Decode a file to grey values (height, width), if its header does not claim too many pixels."""
        try:
            header = read_header(memoryview(data))
        except ValueError:  # decode_grayscale says why
            header = None
        if header and header.width * header.height > self.limits.pixels:
            limit = f"{self.limits.pixels / 1e6:g} million pixels"
            raise TooManyPixelsError(f"The picture has more than {limit}. Shrink it, or cut it up.")
        return decode_grayscale(np.frombuffer(data, np.uint8), "The picture")
