"""Unpack all archives of a folder, several side by side, with progress."""

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from crnn.console import children_ignore_interrupts, end_with_parent, printable
from crnn.dataset.archives import ArchiveError, find_archives, find_volumes, inspect, target_of
from crnn.dataset.extraction import clean_up, unpack

RESERVE = 2**28  # bytes of the disk that are left free
POLL = 0.2  # seconds between two looks at the counters
_counters: Any = None  # of the bytes and images written, archive by archive; set in each worker process


def unpack_all(folder: str | Path, processes: int | None = None) -> bool:
    """Unpack every ``part_K.7z`` of a folder to ``part_K`` beside it; print a line for each.

    Args:
        folder: the folder of the archives.
        processes: archives unpacked at once; default: one a core.

    Returns:
        True if all are there now; those that are not have a line on stderr.
    """
    archives = find_archives(folder)
    split = [volume for volume in find_volumes(folder) if volume.with_suffix("") not in archives]
    if not archives and not split:
        return _complain(f"{folder}: no part_K.7z to unpack here")
    for volume in split:
        whole = volume.stem
        _complain(f"{volume}: is one volume of several: join them first, cat {whole}.* > {whole}")
    workers = max(1, processes or multiprocessing.cpu_count())
    todo = [archive for archive in archives if not _is_there(target_of(archive))]
    found = _in_processes(_size, todo, workers)
    sizes = {archive: size for archive, size in found.items() if not isinstance(size, ArchiveError)}
    needed, free = sum(sizes.values()) + RESERVE, shutil.disk_usage(folder).free
    if sizes and needed > free:
        return _complain(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free")
    try:
        outcomes = found | _in_processes(_unpack_counted, list(sizes), workers, sizes)
    except BaseException:
        for archive in sizes:  # a worker may have been interrupted while it cleaned up
            clean_up(archive, wait=False)
        raise
    complete = [_report(archive, outcome) for archive, outcome in outcomes.items()]
    return all(complete) and not split


def _is_there(target: Path) -> bool:
    if target.is_dir():
        print(f"{printable(os.path.relpath(target))} is there already")
    return target.is_dir()


def _report(archive: Path, outcome: tuple[int, int] | ArchiveError) -> bool:
    """Print what became of an archive; return whether it is there."""
    if isinstance(outcome, ArchiveError):
        clean_up(archive)
        return _complain(outcome)
    images, others = outcome
    more = f", {others} other files" if others else ""
    print(f"{printable(os.path.relpath(target_of(archive)))}: {images} images{more}")
    return True


def _complain(message: object) -> bool:
    print(printable(message), file=sys.stderr)
    return False


def _in_processes(
    work: Callable[[Path, int], Any], archives: Sequence[Path], workers: int, sizes: dict[Path, int] | None = None
) -> dict[Path, Any]:
    """Do something with archives in other processes: decoders of odd archives may crash.

    Args:
        work: takes an archive and the place of its counters.
        archives: paths.
        workers: processes at once.
        sizes: bytes that each archive will grow to, where progress is to be shown.

    Returns:
        What ``work`` returned for each, or ``ArchiveError``.
    """
    outcomes = _in_pool(work, archives, workers, sizes)
    for archive, outcome in outcomes.items():
        if isinstance(outcome, BrokenProcessPool):  # one that crashes takes the others with it: alone once more
            outcomes[archive] = _in_pool(work, [archive], 1)[archive]
            if isinstance(outcomes[archive], BrokenProcessPool):
                reason = "the process that read it was killed or crashed: it is damaged, or the memory is too little"
                outcomes[archive] = ArchiveError(archive, reason)
    return outcomes


def _in_pool(
    work: Callable[[Path, int], Any], archives: Sequence[Path], workers: int, sizes: dict[Path, int] | None = None
) -> dict[Path, Any]:
    """As ``_in_processes``, but of archives whose process died, or would have come next, give ``BrokenProcessPool``."""
    if not archives:
        return {}
    context = multiprocessing.get_context("spawn")
    counters = context.Array("q", 2 * len(archives))
    pool = ProcessPoolExecutor(min(workers, len(archives)), context, _start_worker, (counters,))
    try:
        with children_ignore_interrupts():
            jobs = {archive: pool.submit(work, archive, place) for place, archive in enumerate(archives)}
        if sizes:
            _show_progress(jobs.values(), sizes, counters)
        outcomes = {archive: _outcome(job) for archive, job in jobs.items()}
        pool.shutdown()
        return outcomes
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        workers_left = multiprocessing.active_children()
        for worker in workers_left:  # SIGTERM: they clean up
            worker.terminate()
        for worker in workers_left:
            worker.join()
        raise


def _outcome(job: Future) -> Any:
    try:
        return job.result()
    except (ArchiveError, BrokenProcessPool) as error:
        return error


def _size(archive: Path, place: int) -> int:
    return sum(inspect(archive).values())


def _unpack_counted(archive: Path, place: int) -> tuple[int, int]:
    return unpack(archive, partial(_count, 2 * place))


def _count(place: int, size: int, images: int) -> None:
    _counters[place] += size
    _counters[place + 1] += images


def _start_worker(counters: Any) -> None:
    """Take the counters; end with the parent process; clean up at SIGTERM."""
    global _counters
    _counters = counters
    end_with_parent()
    signal.signal(signal.SIGTERM, _exit_once)


def _exit_once(number: int, frame: FrameType | None) -> None:
    """End the process; a second signal, as the pool sends when another worker has ended, must not stop the cleaning."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _show_progress(jobs: Iterable[Future], sizes: dict[Path, int], counters: Any) -> None:
    """Show bars on stderr until all jobs are done: of each archive on a terminal, and of all together."""
    with ExitStack() as stack:

        def bar(size, name, place, **more):
            style = {"unit": "B", "unit_scale": True, "desc": name, "position": place}
            return stack.enter_context(tqdm(total=size, **style, **more))

        together = bar(sum(sizes.values()), "all", 0)
        bars = [
            bar(size, archive.name, 1 + place, leave=False, disable=None)
            for place, (archive, size) in enumerate(sizes.items())
        ]
        running = set(jobs)
        while running:
            _, running = wait(running, timeout=POLL)
            written, files = counters[::2], counters[1::2]
            for one, size, images in zip(
                (together, *bars), (sum(written), *written), (sum(files), *files), strict=True
            ):
                one.set_postfix(images=images, refresh=False)
                one.update(size - one.n)
