"""What the header of an image file says before anything of it is decoded: format, size, rotation, further pages.

It knows the formats that OpenCV reads, by their first bytes and not by the names of files.
"""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crnn import tiff
from crnn.tiff import number

MAX_PARTS = 100_000  # chunks, segments, boxes or directories that are looked at in a file
MAX_CHUNK = 2**28  # bytes of a chunk
SIGNATURE_BYTES = 16  # that tell the format
EXIF_ORIENTATION = 0x0112

_ROTATED_AVIF = {  # orientation by quarter turns counterclockwise and the axis that is mirrored then
    (0, None): 1, (0, 1): 2, (2, None): 3, (0, 0): 4, (1, 0): 5, (3, None): 6, (3, 0): 7, (1, None): 8,
    (2, 0): 2, (2, 1): 4, (3, 1): 5, (1, 1): 7,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What is known of an image file before it is decoded.

    Attributes:
        format: name of the format.
        width: columns of what is stored.
        height: rows of what is stored.
        orientation: how it is to be turned, 1 to 8 as in EXIF.
        has_more: there are pages or frames after the first.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    has_more: bool = False


def format_of(start: bytes) -> str:
    """Return the format of an image file, empty if it is none that OpenCV reads.

    Args:
        start: its first ``SIGNATURE_BYTES`` bytes.

    >>> format_of(b"GIF89a" + bytes(10)), format_of(b"plain text......")
    ('GIF', '')
    """
    return next((name for name, (signature, _) in _FORMATS.items() if signature.match(start)), "")


def read_header(data: memoryview) -> Header | None:
    """Read the header of an image file.

    Args:
        data: the bytes of the file.

    Returns:
        None if it is of no format that OpenCV reads.

    Raises:
        ValueError: it is damaged.
    """
    name = format_of(bytes(data[:SIGNATURE_BYTES]))
    if not name:
        return None
    try:
        width, height, *more = _FORMATS[name][1](data)
        header = Header(name, width, height, *more)
    except (struct.error, ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError):
        raise ValueError(f"the header of this {name} file is damaged or cut off") from None
    if header.width < 1 or header.height < 1:
        raise ValueError(f"the header of this {name} file gives it no size")
    return header if 1 <= header.orientation <= 8 else Header(name, width, height, 1, header.has_more)


def _exif_orientation(data: memoryview) -> int:
    """Return the orientation of EXIF data, 1 if they are damaged or have none."""
    try:
        start = 6 if data[:4] == b"Exif" else 0
        return tiff.directory(data[start:]).value(data[start:], EXIF_ORIENTATION, 1)
    except (struct.error, OverflowError):
        return 1


def _chunks(data: memoryview, at: int, order: str, padding: int, trailer: int) -> Iterator[tuple[bytes, memoryview]]:
    """Give name and content of each chunk of a PNG file (length first) or a RIFF file (name first)."""
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            return
        first, second = bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8])
        name, length = (second, first) if order == ">" else (first, second)
        size = number(length, order + "I", 0)
        if size > MAX_CHUNK:  # OpenCV would take the memory before it looks whether the file has it
            raise ValueError
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % padding + trailer


def _png(data):
    width, height = struct.unpack_from(">II", data, 16)
    orientation, frames = 1, 1
    for name, content in _chunks(data, 8, ">", 1, 4):
        if name == b"eXIf":
            orientation = _exif_orientation(content)
        elif name == b"acTL":
            frames = number(content, ">I", 0)
    return width, height, orientation, frames > 1


def _jpeg(data):
    size, orientation, at = None, 1, 2
    for _ in range(MAX_PARTS):
        marker = number(data, ">H", at)
        if marker == 0xFFFF:  # padding
            at += 1
            continue
        length = number(data, ">H", at + 2)
        if marker == 0xFFE1 and data[at + 4 : at + 8] == b"Exif":
            orientation = _exif_orientation(data[at + 4 : at + 2 + length])
        elif 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            size = struct.unpack_from(">HH", data, at + 5)[::-1]
        elif marker == 0xFFDA or marker < 0xFF00:  # what follows is coded
            break
        at += 2 + length
    return *size, orientation


def _webp(data):
    width = height = 0
    orientation, frames = 1, 0
    for name, content in _chunks(data, 12, "<", 2, 0):
        if name == b"VP8X":
            width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (4, 7))
        elif name == b"VP8 " and not width:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 6))
        elif name == b"VP8L" and not width:
            bits = number(content, "<I", 1)
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif name == b"EXIF":
            orientation = _exif_orientation(content)
        frames += name == b"ANMF"
    return width, height, orientation, frames > 1


def _tiff(data):
    first = tiff.directory(data)
    width, height, orientation = (first.value(data, tag, default) for tag, default in ((256, 0), (257, 0), (274, 1)))
    return width, height, orientation, len(tiff.pages(data)) > 1


def _boxes(data: memoryview, start: int = 0) -> Iterator[tuple[bytes, memoryview]]:
    """Give type and content of each box of an ISO base media file."""
    for _ in range(MAX_PARTS):
        if start + 8 > len(data):
            return
        size, kind, header = number(data, ">I", start), bytes(data[start + 4 : start + 8]), 8
        if size == 1:
            size, header = number(data, ">Q", start + 8), 16
        end = len(data) if size == 0 else start + max(size, header)
        yield kind, data[start + header : end]
        start = end


def _avif(data):
    """Take the largest size and the only rotation of all items: a file has one image, and its alpha channel."""
    sizes, turns, mirror = [], 0, None
    meta = next(content for kind, content in _boxes(data) if kind == b"meta")
    properties = next(content for kind, content in _boxes(meta, 4) if kind == b"iprp")
    for kind, content in _boxes(next(content for kind, content in _boxes(properties) if kind == b"ipco")):
        if kind == b"ispe":
            sizes.append(struct.unpack_from(">II", content, 4))
        elif kind == b"irot":
            turns = content[0] & 3
        elif kind == b"imir":
            mirror = content[0] & 1
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height, _ROTATED_AVIF[turns, mirror], data[8:12] == b"avis"


def _gif(data):
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, frames = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0), 0
    for _ in range(MAX_PARTS):
        if frames > 1 or at + 2 > len(data) or data[at] == 0x3B:
            break
        if data[at] == 0x2C:  # an image, and its colours
            frames += 1
            flags = data[at + 9] if at + 9 < len(data) else 0
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:  # an extension
            at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return width, height, 1, frames > 1


def _bmp(data):
    form = "<HH" if number(data, "<I", 14) == 12 else "<ii"
    return tuple(map(abs, struct.unpack_from(form, data, 18)))


def _jpeg_2000(data):
    at = bytes(data[:65536]).index(b"\xff\x4f\xff\x51")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return right - left, bottom - top


def _netpbm(data):
    text = re.sub(rb"#[^\n]*", b"", bytes(data[:4096]))
    if text[:2] == b"P7":
        return tuple(int(re.search(key + rb"\s+(\d{1,9})", text)[1]) for key in (b"WIDTH", b"HEIGHT"))
    return tuple(map(int, re.match(rb"P[1-6fF]\s+(\d{1,9})\s+(\d{1,9})", text).groups()))


def _radiance(data):
    return tuple(map(int, re.search(rb"-Y (\d{1,9}) \+X (\d{1,9})\n", bytes(data[:4096])).groups()))[::-1]


_FORMATS: dict[str, tuple[re.Pattern[bytes], Callable[[memoryview], tuple]]] = {
    name: (re.compile(signature, re.DOTALL), read)
    for name, signature, read in (
        ("PNG", rb"\x89PNG\r\n\x1a\n", _png),
        ("JPEG", rb"\xff\xd8\xff", _jpeg),
        ("GIF", rb"GIF8[79]a", _gif),
        ("WebP", rb"RIFF....WEBP", _webp),
        ("TIFF", rb"II[*+]\0|MM\0[*+]", _tiff),
        ("AVIF", rb"....ftyp(avi[fs]|mi[fa][1f])", _avif),
        ("BMP", rb"BM.{12}[\x0c-\x7c]\0", _bmp),
        ("JPEG 2000", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", _jpeg_2000),
        ("Netpbm", rb"P[1-7fF][\s#]", _netpbm),
        ("Radiance", rb"#\?R", _radiance),
        ("Sun raster", rb"\x59\xa6\x6a\x95", lambda data: struct.unpack_from(">II", data, 4)),
    )
}
