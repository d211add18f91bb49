"""Read only what is a regular file, write files whole or not at all, hold them against other processes."""

import errno
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

try:
    import fcntl
except ImportError:  # Windows has no flock: there nothing guards against two writers of one file
    fcntl = None  # type: ignore[assignment]


_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
MAX_ARRAYS = 2**31  # bytes of all arrays in a file; the state of a training has some 150 MB


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


def read_at_most(path: str | Path, most: int) -> bytes:
    """Read a regular file, at most so many bytes of it; that takes the memory of the file and not of the limit.

    Raises:
        OSError: the file cannot be read, or is no regular file.
    """
    require_regular_file(path)
    with open(path, "rb") as file:
        return file.read(min(most, os.fstat(file.fileno()).st_size + 1))


def read_text(path: str | Path) -> str:
    """Read a UTF-8 text file; pass over a byte order mark.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is not UTF-8; the message names the file, the line and what encoding it may be.
    """
    require_regular_file(path)
    return decode_text(Path(path).read_bytes(), path)


def decode_text(data: bytes, path: str | Path) -> str:
    """Decode the bytes of a UTF-8 text file; see ``read_text``.

    >>> decode_text(chr(0xFEFF).encode() + b"a", "a.txt")
    'a'
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path}: is UTF-16 text; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: is not UTF-8 text{_guess(data)}; save it as UTF-8") from None


def _guess(data: bytes) -> str:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return ", perhaps GB18030 (GBK)"


def read_arrays(path: str | Path, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of an ``*.npz`` file; run no code that is in it, and take no more memory than it may.

    Args:
        path: the file.
        names: of the arrays; default: all.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is damaged or something else; the message has the reason alone.
    """
    require_regular_file(path)
    try:
        with open(path, "rb") as stream, zipfile.ZipFile(stream) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_ARRAYS:
                raise ValueError(f"its arrays would take {size} bytes, the limit is {MAX_ARRAYS}")
            names = names or tuple(member.removesuffix(".npy") for member in archive.namelist())
            return {name: _read_array(archive, name) for name in names}
    except ValueError:
        raise
    except Exception as error:  # zipfile, zlib, lzma and NumPy's parser of headers raise what they like
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    member = archive.getinfo(name + ".npy")
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)  # 3.0 has the names of fields, which no array here has
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[
            version
        ]
        shape, _, dtype = read_header(stream)
        if dtype.hasobject or int(np.prod(shape, dtype=object)) * dtype.itemsize > member.file_size:
            raise ValueError(f"{name} claims the shape {shape} of {dtype}, and has {member.file_size} bytes")
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


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
def locked(path: str | Path, notice: str | None = None, wait: bool = True) -> Iterator[int]:
    """Hold a file for this process alone, made if it is not there; wait while another process holds it.

    The block may replace or remove the file. When a process ends, however it ends, it no longer holds any.

    Args:
        path: the file.
        notice: printed to stderr before waiting.
        wait: wait while another process holds the file.

    Yields:
        The descriptor that holds the file. A child process that gets it holds the file too.

    Raises:
        BlockingIOError: another process holds the file, and ``wait`` is false.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, notice, wait)
            if _is_at(descriptor, path):  # else the process that held it has replaced or removed it
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, notice: str | None, wait: bool) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise
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
