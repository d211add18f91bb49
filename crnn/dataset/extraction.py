"""Unpack one archive of batch folders.

It is unpacked into a temporary folder beside its target. That is moved into place when it is complete and on the disk,
so that a folder that is there is whole. A lock keeps two processes from unpacking one archive at once.

What an archive holds is looked at with py7zr before anything is written. The program 7-Zip extracts it where it is
installed, as it takes a third of the time; py7zr does where it is not, and what 7-Zip has no method for.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import py7zr
from py7zr.callbacks import ExtractCallback
from py7zr.exceptions import UnsupportedCompressionMethodError

from crnn.console import printable
from crnn.dataset.archives import ArchiveError, as_archive_error, inspect, target_of
from crnn.dataset.layout import is_image_name
from crnn.files import locked, remove_tree, synchronize

PROGRAMS = ("7zz", "7z", "7za")  # names of 7-Zip

Count = Callable[[int, int], None]  # takes bytes and images that have been written


def unpack(archive: Path, count: Count | None = None) -> tuple[int, int]:
    """Unpack one archive to the folder of its name, unless another process has just done it.

    Args:
        archive: ``part_K.7z``.
        count: called while files are written.

    Returns:
        The numbers of images and of other files in it.

    Raises:
        ArchiveError: see ``inspect``; or it is damaged, or cannot be written. No part of it is left then.
    """
    target = target_of(archive)
    try:
        with _alone(archive) as lock:
            sizes = inspect(archive)
            if not target.is_dir():
                partial = target.with_name(f".{target.name}.partial")
                partial.mkdir()
                _extract(archive, partial, sizes, count or (lambda size, images: None), lock)
                _verify(archive, partial, sizes)
                (partial / target.name).replace(target)
                synchronize(target.parent)
    except ArchiveError:
        raise
    except Exception as error:
        raise as_archive_error(archive, error) from error
    images = sum(map(is_image_name, sizes))
    return images, len(sizes) - images


def clean_up(archive: Path, wait: bool = True) -> None:
    """Remove what a process that was killed or crashed has left of an archive.

    Args:
        archive: ``part_K.7z``.
        wait: wait while another process unpacks it; else nothing is done then: that process cleans up.
    """
    try:
        with _alone(archive, wait):
            pass
    except OSError:
        pass


@contextmanager
def _alone(archive: Path, wait: bool = True) -> Iterator[int]:
    """Unpack an archive in this process alone; remove what is left half, before and after."""
    target = target_of(archive)
    lock = target.with_name(f".{target.name}.lock")
    with locked(lock, f"{printable(archive)}: another process unpacks it; waiting", wait) as descriptor:
        try:
            _remove_partial(target)
            yield descriptor
        finally:
            _remove_partial(target)
            lock.unlink(missing_ok=True)


def _remove_partial(target: Path) -> None:
    for partial in target.parent.glob(f".{target.name}.*partial"):
        remove_tree(partial)


def _extract(archive: Path, folder: Path, sizes: dict[str, int], count: Count, lock: int) -> None:
    """Extract an archive by 7-Zip if it is installed and has the method, else by py7zr."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program:
        reason = _extract_with(program, archive, folder, sizes, count, lock)
        if reason is None:
            return
        if "Unsupported Method" not in reason:
            raise ArchiveError(archive, f"cannot be unpacked ({reason})")
        remove_tree(folder)
        folder.mkdir()
    with py7zr.SevenZipFile(archive, max_extract_size=max(1, sum(sizes.values()))) as packed:
        if "PPMd" in packed.archiveinfo().method_names:  # of damaged data, its decoder reads and writes anywhere
            raise UnsupportedCompressionMethodError("PPMd", "PPMd")
        packed.extractall(folder, callback=_Callback(count))


def _extract_with(
    program: str, archive: Path, folder: Path, sizes: dict[str, int], count: Count, lock: int
) -> str | None:
    """Have 7-Zip extract an archive; it names each file on its standard output.

    Args:
        program: path of 7-Zip.
        archive: the archive.
        folder: gets the files.
        sizes: of the files in the archive, by name.
        count: called for each file.
        lock: descriptor that the process holds as long as it runs.

    Returns:
        None if it succeeded, else the reason that it gave.
    """
    # Without -p it would ask for a password; -o would replace a * in the folder's name.
    command = [program, "x", "-y", "-bb1", "-bd", "-p", "--", os.path.abspath(archive)]
    reason = "no reason given"
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        pass_fds=[lock] if os.name == "posix" else (),
    ) as job:
        try:
            for line in map(str.rstrip, job.stdout or ()):
                if line.startswith("ERROR") and reason == "no reason given":
                    reason = line
                name = line[2:].replace("\\", "/")
                if line.startswith("- ") and name in sizes:
                    count(sizes[name], is_image_name(name))
        except BaseException:  # else leaving the block would wait for it
            job.kill()
            raise
    return reason if job.returncode else None


class _Callback(ExtractCallback):
    """Count the bytes and images that py7zr has written; it asks that nothing else be done here."""

    def __init__(self, count: Count) -> None:
        self.count = count

    def report_update(self, decompressed_bytes: str) -> None:
        self.count(int(decompressed_bytes), 0)

    def report_end(self, processing_file_path: str, wrote_bytes: str) -> None:
        self.count(0, is_image_name(processing_file_path))

    def report_start_preparation(self) -> None:
        pass

    def report_start(self, processing_file_path: str, processing_bytes: str) -> None:
        pass

    def report_postprocess(self) -> None:
        pass

    def report_warning(self, message: str) -> None:
        pass


def _verify(archive: Path, folder: Path, sizes: dict[str, int]) -> None:
    """See that a folder holds exactly the files of an archive, readable and without special bits, on the disk."""
    found = {}
    waiting = [folder]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            status = entry.stat(follow_symlinks=False)
            is_folder = stat.S_ISDIR(status.st_mode)
            if not is_folder and not stat.S_ISREG(status.st_mode):
                raise ArchiveError(archive, f"{entry.name} came out neither as a file nor as a folder")
            mode = stat.S_IMODE(status.st_mode)
            plain = mode & 0o777 | (0o700 if is_folder else 0o600)
            if plain != mode:
                os.chmod(entry.path, plain)
            if is_folder:
                waiting.append(Path(entry.path))
            else:
                found[Path(entry.path).relative_to(folder).as_posix()] = status.st_size
    if found != sizes:
        wrong = sorted(name for name in found.keys() | sizes.keys() if found.get(name) != sizes.get(name))
        raise ArchiveError(archive, f"cannot be unpacked ({wrong[0]} did not come out as the archive says)")
    (folder / target_of(archive).name).mkdir(exist_ok=True)  # of an archive without any member
    if hasattr(os, "sync"):
        os.sync()  # many small files: one by one takes minutes
