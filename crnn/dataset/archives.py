"""Archives of batch folders: pack one, look into one, unpack one.

An archive is unpacked into a temporary folder beside its target. That is moved into place when it is complete and on
the disk, so that a folder that is there is whole. A lock keeps two processes from unpacking one archive at once.

What an archive holds is looked at with py7zr before anything is written. The program 7-Zip extracts it where it is
installed, as it takes a third of the time; py7zr does where it is not, and what 7-Zip has no method for.
"""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import py7zr
from py7zr.callbacks import ExtractCallback
from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError

from crnn.console import printable
from crnn.dataset.layout import is_image_name
from crnn.files import atomic_path, locked, remove_tree, require_regular_file, synchronize

MAX_GROWTH = 100  # an archive may hold so many times its own size, and no more: JPEGs hardly shrink
MAX_MEMBERS = 1_000_000  # files and folders; a part of the data set has some 400,000
MAX_DEPTH = 8  # folders in folders; the data set has three
MAX_NAME = 255  # bytes of a file name, as file systems have it
PROGRAMS = ("7zz", "7z", "7za")  # names of 7-Zip

Count = Callable[[int, int], None]  # takes bytes and images that have been written


class ArchiveError(Exception):
    """An archive cannot be unpacked; the message names the file and the reason."""

    def __init__(self, archive: Path, reason: object) -> None:
        super().__init__(f"{printable(archive)}: {printable(reason)}")
        self.reason = archive, str(reason)

    def __reduce__(self) -> tuple:  # it comes from another process
        return ArchiveError, self.reason


def find_archives(folder: str | Path) -> list[Path]:
    """List the ``part_K.7z`` of a folder in the order of K."""
    return _numbered(folder, "7z")


def find_volumes(folder: str | Path) -> list[Path]:
    """List the first volumes ``part_K.7z.001`` of split archives in the order of K."""
    return _numbered(folder, "7z.001")


def _numbered(folder, suffix):
    paths = Path(folder).glob(f"part_*.{suffix}")
    numbered = [(re.fullmatch(rf"part_(\d+)\.{re.escape(suffix)}", path.name), path) for path in paths]
    return [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder, itself included, into ``archive``: whole, or not at all."""
    with atomic_path(archive) as partial, py7zr.SevenZipFile(partial, "w") as packed:
        packed.writeall(folder, folder.name)


def target_of(archive: Path) -> Path:
    """Return the folder that an archive is unpacked to."""
    return archive.with_suffix("")


def inspect(archive: Path) -> dict[str, int]:
    """Look what an archive holds; write nothing.

    Args:
        archive: ``part_K.7z``.

    Returns:
        Bytes of each file, by its path in the archive.

    Raises:
        ArchiveError: it cannot be read or is encrypted, holds anything but files and folders in a folder of its name,
            or claims more than the limits of this module.
    """
    try:
        require_regular_file(archive)
        if target_of(archive).exists() and not target_of(archive).is_dir():
            raise ArchiveError(archive, f"cannot be unpacked: {target_of(archive).name} is in the way, and no folder")
        with py7zr.SevenZipFile(archive) as packed:
            if packed.needs_password():
                raise PasswordRequired
            return _checked_sizes(archive, packed.list())
    except ArchiveError:
        raise
    except Exception as error:  # py7zr lets through whatever its decoders raise
        raise _as_archive_error(archive, error) from error


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
        raise _as_archive_error(archive, error) from error
    images = sum(map(is_image_name, sizes))
    return images, len(sizes) - images


def clean_up(archive: Path) -> None:
    """Remove what a process that was killed or crashed has left of an archive."""
    try:
        with _alone(archive):
            pass
    except OSError:
        pass


@contextmanager
def _alone(archive: Path) -> Iterator[int]:
    """Unpack an archive in this process alone; remove what is left half, before and after."""
    target = target_of(archive)
    lock = target.with_name(f".{target.name}.lock")
    with locked(lock, f"{printable(archive)}: another process unpacks it; waiting") as descriptor:
        try:
            _remove_partial(target)
            yield descriptor
        finally:
            _remove_partial(target)
            lock.unlink(missing_ok=True)


def _remove_partial(target: Path) -> None:
    for partial in target.parent.glob(f".{target.name}.*partial"):
        remove_tree(partial)


def _as_archive_error(archive: Path, error: Exception) -> ArchiveError:
    if isinstance(error, PasswordRequired):
        return ArchiveError(archive, "is encrypted: unpack it with its password, or pack it again without one")
    if isinstance(error, UnsupportedCompressionMethodError):
        programs = ", ".join(PROGRAMS) or "7-Zip"
        reason = (
            f"is packed by a method that py7zr does not unpack: install 7-Zip ({programs}), or pack it again with LZMA2"
        )
        return ArchiveError(archive, reason)
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename and str(error.filename) != str(archive) else ""
        return ArchiveError(archive, f"cannot be unpacked: {error.strerror}{where}")
    return ArchiveError(archive, f"cannot be unpacked ({error or type(error).__name__})")


def _checked_sizes(archive: Path, members: Iterable[py7zr.FileInfo]) -> dict[str, int]:
    """Check the members of an archive; return the sizes of its files, by name."""
    folder, limit = target_of(archive).name, MAX_GROWTH * archive.stat().st_size + 2**20
    sizes: dict[str, int] = {}
    seen = set()
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        name = str(path)
        if path.parts[:1] != (folder,) or ".." in path.parts:
            raise ArchiveError(archive, f"holds {member.filename}, which is not in a folder {folder}")
        if not member.is_directory and not member.is_file:
            raise ArchiveError(archive, f"holds {name}, which is neither file nor folder")
        if len(path.parts) > MAX_DEPTH:
            raise ArchiveError(archive, f"holds {name[:80]}..., in more than {MAX_DEPTH} folders")
        if max(len(part.encode("utf-8", "surrogateescape")) for part in path.parts) > MAX_NAME:
            raise ArchiveError(archive, f"holds {name[:80]}..., a name of more than {MAX_NAME} bytes")
        if name in seen:
            raise ArchiveError(archive, f"holds {name} twice")
        seen.add(name)
        if len(seen) > MAX_MEMBERS:
            raise ArchiveError(archive, f"holds more than {MAX_MEMBERS} files and folders")
        if member.is_file:
            sizes[name] = member.uncompressed
    if (size := sum(sizes.values())) > limit:
        raise ArchiveError(archive, f"would grow to {size} bytes, beyond the limit of {limit}")
    return sizes


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
