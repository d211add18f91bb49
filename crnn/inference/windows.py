"""Read a stream of lines in windows: neighbours that share batches. Several batches are computed at the same time."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar

from crnn.inference.line_splitting import Piece
from crnn.inference.views import Views

BATCH_COLUMNS = 1600  # of all pieces of a batch together, or of the widest alone; more only costs memory
WINDOW_COLUMNS = 3 * BATCH_COLUMNS  # of the lines of a window

Key = TypeVar("Key", bound=Hashable)
Window = list[tuple[Key, Views]]
Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """Threads that do calls side by side, within a ``with`` block; what has not begun at its end is dropped.

    Args:
        count: of threads.
    """

    def __init__(self, count: int):
        self._pool = ThreadPoolExecutor(count, "crnn")
        self._unfinished = 0  # calls
        self._lock = Lock()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, call: Callable[[Item, bool], None], items: Sequence[Item]) -> None:
        """Do a call for each item, and return when all are done.

        Args:
            call: gets the item, and whether no other call is done or waits meanwhile.
            items: one a call.

        Raises:
            CancelledError, RuntimeError: the ``with`` block has ended.
        """
        with self._lock:
            self._unfinished += len(items)

        def do(item: Item) -> None:
            try:
                call(item, self._unfinished <= 1)
            finally:
                with self._lock:
                    self._unfinished -= 1

        for future in [self._pool.submit(do, item) for item in items]:
            future.result()


def read_in_order(windows: Iterator[Item], read: Callable[[Item, Workers], Result], threads: int) -> Iterator[Result]:
    """Read several windows at the same time, and give the results in their order, each as soon as it is there.

    Args:
        windows: taken by a thread of its own while others are read; an error that it raises comes in its turn.
        read: does the work of a window with ``Workers``, and returns the result.
        threads: of the ``Workers``. One window more than that is read at the same time, so that none has to wait while
            the others do what follows.
    """
    reading: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads + 2, "crnn") as pool, Workers(threads) as workers:
        coming, has_ended = pool.submit(next, windows, None), False
        while reading or not has_ended:
            takes_next = not has_ended and len(reading) <= threads
            done, _ = wait([*list(reading)[:1], *([coming] if takes_next else [])], return_when=FIRST_COMPLETED)
            if not takes_next or coming not in done:
                yield reading.popleft().result()
            elif coming.exception():
                reading.append(coming)
                has_ended = True
            elif (window := coming.result()) is None:
                has_ended = True
            else:
                reading.append(pool.submit(read, window, workers))
                coming = pool.submit(next, windows, None)


def group_lines(lines: Iterable[tuple[Key, Views]]) -> Iterator[Window]:
    """Give neighbours that are read together."""
    window: Window = []
    columns = 0
    for key, views in lines:
        window.append((key, views))
        columns += sum(piece.width for piece in views.usual.pieces)
        if columns >= WINDOW_COLUMNS:
            yield window
            window, columns = [], 0
    if window:
        yield window


def group_pieces(pieces: list[Piece]) -> list[list[Piece]]:
    """Group pieces of one width that go through the network together, the widest first: the last to end is short."""

    def width_of(piece: Piece) -> int:
        return piece.width

    batches = []
    for width, group in groupby(sorted(pieces, key=width_of, reverse=True), width_of):
        same = list(group)
        size = max(1, BATCH_COLUMNS // width)
        batches += [same[at : at + size] for at in range(0, len(same), size)]
    return batches
