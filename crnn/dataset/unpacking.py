"""Unpack all archives of a folder, several side by side, with progress."""

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from crnn.console import children_ignore_interrupts, end_with_parent, printable
from crnn.dataset.archives import ArchiveError, find_archives, find_volumes, inspect, target_of, unpack

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
    archives, complete = find_archives(folder), True
    for volume in find_volumes(folder):
        if (whole := volume.with_suffix("")) not in archives:
            complete = _complain(
                f"{volume}: is one volume of several: join them first, cat {whole.name}.* > {whole.name}"
            )
    if not archives and complete:
        return _complain(f"{folder}: no part_K.7z to unpack here")
    sizes = {}
    for archive in archives:
        target = target_of(archive)
        if target.is_dir():
            print(f"{_shown(target)} is there already")
            continue
        try:
            if target.exists() or target.is_symlink():
                raise ArchiveError(
                    archive, f"cannot be unpacked: {target.name} is in the way, and no folder; remove it"
                )
            sizes[archive] = sum(inspect(archive).values())
        except ArchiveError as error:
            complete = _complain(error)
    needed, free = sum(sizes.values()) + RESERVE, shutil.disk_usage(folder).free
    if sizes and needed > free:
        return _complain(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free")
    return (not sizes or _unpack_side_by_side(sizes, processes)) and complete


def _complain(message: object) -> bool:
    print(printable(message), file=sys.stderr)
    return False


def _shown(path: Path) -> str:
    return printable(os.path.relpath(path))


def _unpack_side_by_side(sizes: dict[Path, int], processes: int | None) -> bool:
    """Unpack archives in processes of their own.

    Args:
        sizes: bytes that each archive will grow to, by its path.
        processes: archives unpacked at once.

    Returns:
        True if all went well.
    """
    context = multiprocessing.get_context("spawn")
    counters = context.Array("q", 2 * len(sizes))
    workers = max(1, min(processes or multiprocessing.cpu_count(), len(sizes)))
    pool = ProcessPoolExecutor(workers, context, _start_worker, (counters,))
    try:
        with children_ignore_interrupts():
            jobs = {pool.submit(_unpack_counted, archive, place): archive for place, archive in enumerate(sizes)}
        _show_progress(jobs, sizes, counters)
        outcomes = [_report(archive, job) for job, archive in jobs.items()]
        pool.shutdown()
        return all(outcomes)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():  # SIGTERM: they clean up
            worker.terminate()
        for worker in multiprocessing.active_children():
            worker.join()
        raise


def _report(archive: Path, job: Future) -> bool:
    """Print what became of an archive; return whether it is there."""
    try:
        images, others = job.result()
    except ArchiveError as error:
        return _complain(error)
    except BrokenProcessPool:
        return _complain(f"{archive}: not unpacked: a process was killed, perhaps for its memory; run this again")
    print(f"{_shown(target_of(archive))}: {images} images" + (f", {others} other files" if others else ""))
    return True


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
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


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
