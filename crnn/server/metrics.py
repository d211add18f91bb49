"""Counters of a server, as Prometheus reads them.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATM = Path("/proc/self/statm")  # Linux


class Metrics:
    """Counts what a server does; any thread may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[int] = Counter()
        self._pictures = self._lines = self._windows = 0
        self._times = [0] * len(BUCKETS)
        self._seconds = 0.0

    @property
    def mean_seconds(self) -> float:
        """Mean seconds that a picture was read for; 0 before the first one."""
        return self._seconds / self._pictures if self._pictures else 0.0

    def count_answer(self, status: int) -> None:
        """Count an answer to ``/read``.

        Args:
            status: of HTTP.
        """
        with self._lock:
            self._answers[status] += 1

    def count_window(self, pictures: int) -> None:
        """Count pictures completed together: fewer windows than pictures show that requests shared batches."""
        with self._lock:
            self._windows += pictures > 0

    def count_picture(self, lines: int, seconds: float) -> None:
        """Count a picture that was read.

        Args:
            lines: that were found in it.
            seconds: from the begin of its reading to its end.
        """
        with self._lock:
            self._pictures += 1
            self._lines += lines
            self._seconds += seconds
            for number, bound in enumerate(BUCKETS):
                self._times[number] += seconds <= bound

    def text(self, waiting: int, held_bytes: int) -> str:
        """Return all counters.

        Args:
            waiting: pictures that wait now.
            held_bytes: of files that arrive, wait or are read now.
        """
        with self._lock:
            return "".join(f"{row}\n" for row in self._rows(waiting, held_bytes))

    def _rows(self, waiting: int, held_bytes: int) -> Iterator[str]:
        yield "# TYPE crnn_answers_total counter"
        for status, count in sorted(self._answers.items()):
            yield f'crnn_answers_total{{status="{status}"}} {count}'
        values = {
            "crnn_lines_total": ("counter", self._lines),
            "crnn_windows_total": ("counter", self._windows),
            "crnn_waiting_pictures": ("gauge", waiting),
            "crnn_held_bytes": ("gauge", held_bytes),
        }
        if _STATM.exists():
            pages = int(_STATM.read_text().split()[1])
            values["process_resident_memory_bytes"] = ("gauge", pages * os.sysconf("SC_PAGE_SIZE"))
        for name, (kind, value) in values.items():
            yield f"# TYPE {name} {kind}"
            yield f"{name} {value}"
        yield "# TYPE crnn_read_seconds histogram"
        for bound, count in zip(BUCKETS, self._times, strict=True):
            yield f'crnn_read_seconds_bucket{{le="{bound}"}} {count}'
        yield f'crnn_read_seconds_bucket{{le="+Inf"}} {self._pictures}'
        yield f"crnn_read_seconds_sum {self._seconds:.6f}"
        yield f"crnn_read_seconds_count {self._pictures}"
