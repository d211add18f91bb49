"""Archives of batch folders: packing them, and unpacking several side by side.

An archive is unpacked into a temporary folder beside its target and moved into place when it is
complete, so that a folder that is there is whole, and what is there need not be unpacked again.
"""

import multiprocessing
import os
import re
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path

import py7zr
from py7zr.callbacks import ExtractCallback
from tqdm import tqdm

GROWTH = 100  # an archive may hold so many times its own size, and no more: JPEGs hardly shrink
POLL = 0.2  # seconds between two looks at the counters
_counters = None  # of the bytes written per archive; set in each worker process


class ArchiveError(Exception):
    """An archive cannot be unpacked; the message names the file and the reason."""


def find_archives(folder):
    """The ``part_K.7z`` of a folder in the order of K."""
    numbered = [(re.fullmatch(r"part_(\d+)\.7z", path.name), path) for path in Path(folder).glob("part_*.7z")]
    return [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]


def pack(folder, archive):
    """Pack a folder, itself included, into ``archive``: whole, or not at all."""
    partial = archive.with_name(archive.name + ".partial")
    with py7zr.SevenZipFile(partial, "w") as packed:
        packed.writeall(folder, folder.name)
    partial.replace(archive)


def unpack_all(folder, processes=None):
    """Unpack every ``part_K.7z`` of a folder to ``part_K`` beside it; a line on stdout for each.

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
    if not todo:
        return True
    context = multiprocessing.get_context("spawn")
    counters = context.Array("q", len(todo))
    complete = True
    workers = min(processes or multiprocessing.cpu_count(), len(todo))
    with ProcessPoolExecutor(workers, context, _keep_counters, (counters,)) as pool:
        jobs = {pool.submit(unpack, archive, place): archive for place, archive in enumerate(todo)}
        _show_progress(jobs, counters)
        for job, archive in jobs.items():
            try:
                print(f"{os.path.relpath(target_of(archive))}: {job.result()} images")
            except ArchiveError as error:
                print(error, file=sys.stderr)
                complete = False
    return complete


def target_of(archive):
    return archive.with_suffix("")


def unpack(archive, place=None):
    """Unpack one archive to the folder of its name.

    Args:
        place: of its counter, where ``unpack_all`` shows progress.

    Returns:
        The number of images in it.

    Raises:
        ArchiveError: it is broken, reaches outside its folder, holds another folder than its name
            says, or grows beyond all reason. Nothing is left of it then.
    """
    target = target_of(archive)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with py7zr.SevenZipFile(archive, max_extract_size=GROWTH * archive.stat().st_size + 2**20) as packed:
            packed.extractall(partial, callback=None if place is None else _Counter(place))
        inside = partial / target.name
        if not inside.is_dir():
            raise ArchiveError(f"{archive}: holds no folder {target.name}")
        images = sum(1 for path in inside.rglob("*.jpg"))
        inside.replace(target)
        return images
    except ArchiveError:
        raise
    except Exception as error:  # py7zr lets through whatever its decoders raise
        raise ArchiveError(f"{archive}: cannot be unpacked ({error or type(error).__name__})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class _Counter(ExtractCallback):
    """Adds up the bytes written; py7zr asks that nothing else be done here."""

    def __init__(self, place):
        self.place = place

    def report_update(self, decompressed_bytes):
        _counters[self.place] += int(decompressed_bytes)

    def report_start_preparation(self):
        pass

    def report_start(self, processing_file_path, processing_bytes):
        pass

    def report_end(self, processing_file_path, wrote_bytes):
        pass

    def report_postprocess(self):
        pass

    def report_warning(self, message):
        pass


def _keep_counters(counters):
    global _counters
    _counters = counters


def _show_progress(jobs, counters):
    """A bar of bytes on stderr until all jobs are done."""
    total = 0
    for archive in jobs.values():
        try:
            with py7zr.SevenZipFile(archive) as packed:
                total += packed.archiveinfo().uncompressed
        except Exception:  # noqa: BLE001 - its job says what is wrong with it
            continue
    with tqdm(total=total, unit="B", unit_scale=True, desc="unpacking") as bar:
        running = set(jobs)
        while running:
            _, running = wait(running, timeout=POLL)
            bar.update(sum(counters) - bar.n)
