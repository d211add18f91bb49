"""Archives of batch folders: packing them, and unpacking several side by side.

An archive is unpacked into a temporary folder beside its target and moved into place when it is
complete, so that a folder that is there is whole, and what is there need not be unpacked again.

What an archive holds is looked at with py7zr before anything is written. The program 7z writes it,
where it is installed: on 40,000 small files py7zr took 2.9 times as long. It does the same where there is
no 7z.
"""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path, PurePosixPath
from typing import Any

import py7zr
from py7zr.callbacks import ExtractCallback
from tqdm import tqdm

from crnn.files import atomic_path

GROWTH = 100  # an archive may hold so many times its own size, and no more: JPEGs hardly shrink
RESERVE = 2**28  # bytes of the disk that are left free
PROGRAMS = ("7zz", "7z", "7za")  # names of 7-Zip
POLL = 0.2  # seconds between two looks at the counters
_counters: Any = None  # of the bytes and images written, archive by archive; set in each worker process


class ArchiveError(Exception):
    """An archive cannot be unpacked; the message names the file and the reason."""


def find_archives(folder: str | Path) -> list[Path]:
    """List the ``part_K.7z`` of a folder in the order of K."""
    numbered = [(re.fullmatch(r"part_(\d+)\.7z", path.name), path) for path in Path(folder).glob("part_*.7z")]
    return [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder, itself included, into ``archive``: whole, or not at all."""
    with atomic_path(archive) as partial, py7zr.SevenZipFile(partial, "w") as packed:
        packed.writeall(folder, folder.name)


def unpack_all(folder: str | Path, processes: int | None = None) -> bool:
    """Unpack every ``part_K.7z`` of a folder to ``part_K`` beside it; print a line for each.

    Args:
        folder: the folder of the archives.
        processes: archives unpacked at once; default: one a core.

    Returns:
        True if all are there now; those that are not have a line on stderr.
    """
    archives = find_archives(folder)
    if not archives:
        print(f"{folder}: no part_K.7z to unpack here", file=sys.stderr)
        return False
    todo = [archive for archive in archives if not target_of(archive).exists()]
    for archive in archives:
        if archive not in todo:
            print(f"{os.path.relpath(target_of(archive))} is there already")
    sizes = {archive: _size_inside(archive) for archive in todo}
    needed, free = sum(sizes.values()) + RESERVE, shutil.disk_usage(folder).free
    if todo and needed > free:
        print(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free", file=sys.stderr)
        return False
    return not todo or _unpack_side_by_side(sizes, processes)


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
    complete = True
    workers = min(processes or multiprocessing.cpu_count(), len(sizes))
    with ProcessPoolExecutor(workers, context, _start_worker, (counters,)) as pool:
        jobs = {pool.submit(unpack, archive, place): archive for place, archive in enumerate(sizes)}
        _show_progress(jobs, sizes, counters)
        for job, archive in jobs.items():
            try:
                print(f"{os.path.relpath(target_of(archive))}: {job.result()} images")
            except ArchiveError as error:
                print(error, file=sys.stderr)
                complete = False
    return complete


def target_of(archive: Path) -> Path:
    """Return the folder that an archive is unpacked to."""
    return archive.with_suffix("")


def unpack(archive: Path, place: int | None = None) -> int:
    """Unpack one archive to the folder of its name.

    Args:
        archive: ``part_K.7z``.
        place: of its counters, where ``unpack_all`` shows progress.

    Returns:
        The number of images in it.

    Raises:
        ArchiveError: it is broken, holds anything but files in a folder of its name, or claims to be more than 100
            times as large as it is. No part of it is left then.
    """
    target = target_of(archive)
    for left in target.parent.glob(f".{target.name}.*.partial"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(".partial", f".{target.name}.", target.parent))
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    counter = None if place is None else _Counter(place)
    try:
        with py7zr.SevenZipFile(archive, max_extract_size=_limit(archive)) as packed:
            sizes = _checked_sizes(archive, packed.list())
            if program:
                _extract_with(program, archive, partial, sizes, counter)
            else:
                packed.extractall(partial, callback=counter)
        (partial / target.name).replace(target)
        return sum(name.endswith(".jpg") for name in sizes)
    except ArchiveError:
        raise
    except Exception as error:  # py7zr lets through whatever its decoders raise
        raise ArchiveError(f"{archive}: cannot be unpacked ({error or type(error).__name__})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _limit(archive: Path) -> int:
    """Return how many bytes an archive may grow to."""
    return GROWTH * archive.stat().st_size + 2**20


def _checked_sizes(archive: Path, members: Iterable[py7zr.FileInfo]) -> dict[str, int]:
    """Check the members of an archive; return the sizes of its files, by name.

    Raises:
        ArchiveError: see ``unpack``.
    """
    folder = target_of(archive).name
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.parts[:1] != (folder,) or ".." in path.parts:
            raise ArchiveError(f"{archive}: holds {member.filename}, which is not in a folder {folder}")
        if not member.is_directory and not member.is_file:
            raise ArchiveError(f"{archive}: holds {member.filename}, which is neither file nor folder")
    size = sum(member.uncompressed for member in members)
    if size > _limit(archive):
        raise ArchiveError(f"{archive}: would grow to {size} bytes, beyond the limit of {_limit(archive)}")
    return {member.filename: member.uncompressed for member in members if member.is_file}


def _extract_with(program: str, archive: Path, folder: Path, sizes: dict[str, int], counter: "_Counter | None") -> None:
    """Have 7-Zip extract an archive; it names each file on its standard output.

    Args:
        program: path of 7-Zip.
        archive: the archive.
        folder: gets the files.
        sizes: of the files in the archive, by name.
        counter: counts them.

    Raises:
        ArchiveError: 7-Zip failed; the message has the reason it gave.
    """
    command = [program, "x", "-y", "-bb1", "-bd", f"-o{folder}", "--", str(archive)]
    reason = "no reason given"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as job:
        for line in map(str.rstrip, job.stdout or ()):
            name = line[2:].replace("\\", "/")
            if line.startswith("ERROR"):
                reason = line
            elif counter and line.startswith("- ") and name in sizes:
                counter.add_bytes(sizes[name])
                counter.add_file(name)
    if job.returncode:
        raise ArchiveError(f"{archive}: cannot be unpacked ({reason})")


class _Counter(ExtractCallback):
    """Add up the bytes and images written; py7zr asks that nothing else be done here."""

    def __init__(self, place: int) -> None:
        self.bytes, self.images = 2 * place, 2 * place + 1

    def add_bytes(self, count: int) -> None:
        _counters[self.bytes] += count

    def add_file(self, name: str) -> None:
        _counters[self.images] += name.endswith(".jpg")

    def report_update(self, decompressed_bytes: str) -> None:
        self.add_bytes(int(decompressed_bytes))

    def report_end(self, processing_file_path: str, wrote_bytes: str) -> None:
        self.add_file(processing_file_path)

    def report_start_preparation(self) -> None:
        pass

    def report_start(self, processing_file_path: str, processing_bytes: str) -> None:
        pass

    def report_postprocess(self) -> None:
        pass

    def report_warning(self, message: str) -> None:
        pass


def _start_worker(counters: Any) -> None:
    """Take the counters, and end when the parent process does."""
    global _counters
    _counters = counters
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _size_inside(archive: Path) -> int:
    """Return how many bytes an archive will grow to; 0 if it is broken, which ``unpack`` reports."""
    try:
        with py7zr.SevenZipFile(archive) as packed:
            return packed.archiveinfo().uncompressed
    except Exception:  # noqa: BLE001 - py7zr lets through whatever its decoders raise
        return 0


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
