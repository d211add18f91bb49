"""Archives of batch folders: find them, pack one, look into one. ``extraction`` unpacks one."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import py7zr
from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError

from crnn.console import printable
from crnn.files import atomic_path, require_regular_file

MAX_GROWTH = 100  # an archive may hold so many times its own size, and no more: JPEGs hardly shrink
MAX_MEMBERS = 1_000_000  # files and folders; a part of the data set has some 400,000
MAX_DEPTH = 8  # folders in folders; the data set has three
MAX_NAME = 255  # bytes of a file name, as file systems have it


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
        raise as_archive_error(archive, error) from error


def as_archive_error(archive: Path, error: Exception) -> ArchiveError:
    if isinstance(error, PasswordRequired):
        return ArchiveError(archive, "is encrypted: unpack it with its password, or pack it again without one")
    if isinstance(error, UnsupportedCompressionMethodError):
        programs = "7-Zip (7zz, 7z or 7za)"
        reason = f"is packed by a method that py7zr does not unpack: install {programs}, or pack it again with LZMA2"
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
