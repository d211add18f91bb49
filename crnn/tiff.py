"""Directories of TIFF files, and of EXIF data, which have the same form."""

import struct
from dataclasses import dataclass

MAX_ENTRIES = 4096  # of a directory; libtiff reads no more either
MAX_PAGES = 1000  # of a file
_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}  # bytes of the types of whole numbers
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}


@dataclass(frozen=True)
class Directory:
    """A directory of a TIFF file, or of EXIF data, which have the same form.

    Attributes:
        order: of the bytes in a number, as ``struct`` has it.
        places: of each tag: type, count, offset of its entry, offset of its values.
        following: offset of the next directory, 0 if there is none.
    """

    order: str
    places: dict[int, tuple[int, int, int, int]]
    following: int

    def value(self, data: memoryview, tag: int, default: int) -> int:
        """Return the first value of a tag, ``default`` if it is missing, cut off or no whole number."""
        kind, count, _, at = self.places.get(tag, (0, 0, 0, 0))
        if kind not in _CODES or not count or at + _SIZES[kind] > len(data):
            return default
        return number(data, self.order + _CODES[kind], at)


def directory(data: memoryview, at: int | None = None) -> Directory:
    """Read a directory of a TIFF file (TIFF 6.0, BigTIFF).

    Args:
        data: the bytes of the file.
        at: offset of the directory; default: of the first one.

    Raises:
        struct.error, OverflowError: it is cut off, or no directory.
    """
    order, is_big = form(data)
    word, count_code, size = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    if at is None:
        at = first_offset(data)
    entries = number(data, order + count_code, at)
    if entries > MAX_ENTRIES:
        raise struct.error
    at += struct.calcsize("<" + count_code)
    places = {}
    for entry in range(at, at + entries * size, size):
        tag, kind, count = struct.unpack_from(f"{order}HH{word}", data, entry)
        inline = entry + size - struct.calcsize("<" + word)
        fits = count * _SIZES.get(kind, 8) <= struct.calcsize("<" + word)
        places[tag] = kind, count, entry, inline if fits else number(data, order + word, inline)
    return Directory(order, places, number(data, order + word, at + entries * size))


def form(data: memoryview) -> tuple[str, bool]:
    """Return the order of the bytes in a number, as ``struct`` has it, and whether it is a BigTIFF."""
    order = "<" if data[:2] == b"II" else ">"
    return order, number(data, order + "H", 2) == 43


def first_offset(data: memoryview) -> int:
    """Return the offset of the first directory."""
    order, is_big = form(data)
    return number(data, order + ("Q" if is_big else "I"), 8 if is_big else 4)


def with_first_offset(data: memoryview, at: int) -> bytearray:
    """Return a copy of a file that begins with another directory."""
    order, is_big = form(data)
    copy = bytearray(data)
    struct.pack_into(order + ("Q" if is_big else "I"), copy, 8 if is_big else 4, at)
    return copy


def pages(data: memoryview) -> list[int]:
    """Return the offsets of the directories of a TIFF file that are pages: the first, and no smaller copies of one.

    One that is cut off is the last: whoever reads it will say so.

    Args:
        data: the bytes of the file.

    Raises:
        struct.error, OverflowError: the first is cut off.
    """
    at = first_offset(data)
    found, seen, page = [at], {at}, directory(data, at)
    while (at := page.following) and at not in seen and len(seen) < MAX_PAGES:
        seen.add(at)
        try:
            page = directory(data, at)
        except (struct.error, OverflowError):
            found.append(at)
            break
        if not page.value(data, 254, 0) & 1:
            found.append(at)
    return found


def number(data: bytes | memoryview, code: str, at: int) -> int:
    """Return the number at an offset; ``code`` is of ``struct``."""
    return struct.unpack_from(code, data, at)[0]
