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
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import numpy as np
import py7zr
from py7zr.callbacks import ExtractCallback
from tqdm import tqdm

from crnn.dataset.label_file import DataError, Labels
from crnn.dataset.layout import batch_folders, image_names

GROWTH = 100  # an archive may hold so many times its own size, and no more: JPEGs hardly shrink
RESERVE = 2**28  # bytes of the disk that are left free
PROGRAMS = ("7zz", "7z", "7za")  # names of 7-Zip
POLL = 0.2  # seconds between two looks at the counters
_counters = None  # of the bytes and images written, archive by archive; set in each worker process


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
    sizes = {archive: _size_inside(archive) for archive in todo}
    needed, free = sum(sizes.values()) + RESERVE, shutil.disk_usage(folder).free
    if todo and needed > free:
        print(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free", file=sys.stderr)
        return False
    return not todo or _unpack_side_by_side(sizes, processes)


def _unpack_side_by_side(sizes, processes):
    """``unpack`` each of the archives ``sizes``; True if all went well."""
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


def target_of(archive):
    return archive.with_suffix("")


def unpack(archive, place=None):
    """Unpack one archive to the folder of its name.

    Args:
        place: of its counter, where ``unpack_all`` shows progress.

    Returns:
        The number of images in it.

    Raises:
        ArchiveError: it is broken, holds anything but files in a folder of its name, or grows
            beyond all reason. Nothing is left of it then.
    """
    target = target_of(archive)
    for left in target.parent.glob(f".{target.name}.*.partial"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(".partial", f".{target.name}.", target.parent))
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    counter = None if place is None else _Counter(place)
    try:
        with py7zr.SevenZipFile(archive, max_extract_size=_limit(archive)) as packed:
            sizes = _acceptable(archive, packed.list())
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


def _limit(archive):
    """Bytes that an archive may grow to."""
    return GROWTH * archive.stat().st_size + 2**20


def _acceptable(archive, members):
    """The sizes of the files in an archive, by name.

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


def _extract_with(program, archive, folder, sizes, counter):
    """Have 7-Zip extract an archive; it names each file on its standard output."""
    command = [program, "x", "-y", "-bb1", "-bd", f"-o{folder}", "--", str(archive)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    reason = "no reason given"
    with subprocess.Popen(command, **pipes) as job:
        for line in map(str.rstrip, job.stdout):
            name = line[2:].replace("\\", "/")
            if line.startswith("ERROR"):
                reason = line
            elif counter and line.startswith("- ") and name in sizes:
                counter.report_update(sizes[name])
                counter.report_end(name, sizes[name])
    if job.returncode:
        raise ArchiveError(f"{archive}: cannot be unpacked ({reason})")


class _Counter(ExtractCallback):
    """Adds up the bytes and images written; py7zr asks that nothing else be done here."""

    def __init__(self, place):
        self.bytes, self.images = 2 * place, 2 * place + 1

    def report_update(self, decompressed_bytes):
        _counters[self.bytes] += int(decompressed_bytes)

    def report_end(self, processing_file_path, wrote_bytes):
        _counters[self.images] += processing_file_path.endswith(".jpg")

    def report_start_preparation(self):
        pass

    def report_start(self, processing_file_path, processing_bytes):
        pass

    def report_postprocess(self):
        pass

    def report_warning(self, message):
        pass


def _start_worker(counters):
    """Take the counters, and end when the parent does: what it left half done must not go on."""
    global _counters
    _counters = counters
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent):
    parent.join()
    os._exit(1)


def _size_inside(archive):
    """Bytes that an archive will grow to; 0 if it is broken, which its job will say."""
    try:
        with py7zr.SevenZipFile(archive) as packed:
            return packed.archiveinfo().uncompressed
    except Exception:  # noqa: BLE001 - py7zr lets through whatever its decoders raise
        return 0


def _show_progress(jobs, sizes, counters):
    """Bars on stderr until all jobs are done: of each archive on a terminal, and of all together."""
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


def summary(folder):
    """What lies unpacked in ``img_batches``, and whether ``labels`` beside it knows it: lines of text."""
    folder = Path(folder)
    try:
        batches = batch_folders(folder)
        known = {kind: Labels.from_file(folder.parent / "labels" / f"data_{kind}.txt") for kind in ("train", "test")}
    except DataError as error:
        return [str(error)]
    images = unlabelled = 0
    labelled = {kind: np.zeros(len(labels), bool) for kind, labels in known.items()}
    for batch in batches:
        names = image_names(batch)
        kind = "test" if batch is batches[-1] else "train"
        numbers = known[kind].numbers(names)
        labelled[kind][numbers[numbers >= 0]] = True
        images, unlabelled = images + len(names), unlabelled + int((numbers < 0).sum())
    alone = sum(int((~found).sum()) for found in labelled.values())
    parts = len({batch.parent for batch in batches})
    return [
        f"{parts} parts, {len(batches)} batches, {images} images",
        f"{unlabelled} images without a label, {alone} labels without an image",
    ]
