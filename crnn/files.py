"""Read only what is a regular file, write files whole or not at all, hold them against other processes."""

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows has no flock: there nothing guards against two writers of one file
    fcntl = None  # type: ignore[assignment]


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give the path of a temporary file; move what the block writes there to ``path`` when the block is done.

    The contents are on the disk before the old file goes. If the block raises, the old file stays and the temporary
    one is removed. Of two processes that write one path, the second waits for the first.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("all of it")
    ...     (Path(folder) / "a.txt").read_text(), os.listdir(folder)
    ('all of it', ['a.txt'])

    Args:
        path: file to write or to replace.

    Yields:
        The path to write: ``path`` with ``.partial`` at its end.

    Raises:
        OSError: the file cannot be written; the message names it.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    with locked(partial):
        try:
            yield partial
            synchronize(partial)
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    synchronize(path.parent)  # the new name too


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """Give a file to write bytes to; see ``atomic_path``."""
    with atomic_path(path) as partial, partial.open("wb") as file:
        yield file


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file: whole, or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def synchronize(path: str | Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    if os.name != "posix" and os.path.isdir(path):
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_regular_file(path: str | Path) -> None:
    """Raise OSError if a path is no regular file: to read a FIFO or a device may never end.

    Raises:
        OSError: there is no such file, or it is something else; the message names it.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        reason = "a folder, not a file" if stat.S_ISDIR(mode) else "not a regular file"
        raise OSError(errno.EINVAL, reason, str(path))


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, however deep; do nothing if it is not there."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except RecursionError:  # bring every folder up to the first level, and remove it there when it is empty
        number = 0
        while folders := [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]:
            for outer in folders:
                for inner in os.scandir(outer.path):
                    if inner.is_dir(follow_symlinks=False):
                        number += 1
                        os.rename(inner.path, folder / f"raised{number}")
                    else:
                        os.unlink(inner.path)
                os.rmdir(outer.path)
        shutil.rmtree(folder)


@contextmanager
def locked(path: str | Path, notice: str | None = None) -> Iterator[int]:
    """Hold a file for this process alone, made if it is not there; wait while another process holds it.

    The block may replace or remove the file. When a process ends, however it ends, it no longer holds any.

    Args:
        path: the file.
        notice: printed to stderr before waiting.

    Yields:
        The descriptor that holds the file. A child process that gets it holds the file too.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, notice)
            if _is_at(descriptor, path):  # else the process that held it has replaced or removed it
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, notice: str | None) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if notice:
            print(notice, file=sys.stderr)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # the file system has no locks
        pass


def _is_at(descriptor: int, path: str | Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
