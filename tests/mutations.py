"""Damaged copies of files, for ``tests/fuzz.py``: bytes, lengths and parts changed, sometimes with mended checksums."""

import struct
import zlib

import numpy as np

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def mutate(rng, content, other):
    """Change a file in one to four ways.

    Args:
        rng: decides how.
        content: bytes of the file.
        other: bytes of another one, of which parts may be taken.
    """
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        _CHANGES[rng.integers(len(_CHANGES))](rng, data, other)
    if rng.random() < 0.5:
        mend = next((mend for signature, mend in _MENDS.items() if data.startswith(signature)), None)
        if mend:
            mend(data)
    return bytes(data)


def _flip(rng, data, other):
    for place in rng.integers(max(1, len(data)), size=rng.integers(1, 9)):
        data[place : place + 1] = bytes([rng.integers(256)])


def _cut(rng, data, other):
    del data[rng.integers(len(data) + 1) :]


def _remove(rng, data, other):
    start = rng.integers(len(data) + 1)
    del data[start : start + _length(rng)]


def _repeat(rng, data, other):
    start = rng.integers(len(data) + 1)
    data[start:start] = data[start : start + _length(rng)] * int(rng.integers(1, 20))


def _splice(rng, data, other):
    start, source = rng.integers(len(data) + 1), rng.integers(len(other) + 1)
    length = _length(rng)
    data[start : start + length] = other[source : source + length]


def _number(rng, data, other):
    """Put a number where a length or an offset may stand, in either order of bytes; most near the beginning or end."""
    size = int(2 ** rng.integers(4))
    value = INTERESTING[rng.integers(len(INTERESTING))] % 256**size
    span = max(1, min(len(data), 200) if rng.random() < 0.5 else len(data))
    place = int(rng.integers(span))
    if rng.random() < 0.3:
        place = max(0, len(data) - 1 - place)
    data[place : place + size] = value.to_bytes(size, "big" if rng.random() < 0.5 else "little")


def _text(rng, data, other):
    """Put control characters, digits or bytes of no encoding where text may stand."""
    words = (b"\0", b"\n", b"\t", b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"-1", b"9" * 30, b"1e999", b"../" * 5, b"nan")
    place = rng.integers(len(data) + 1)
    data[place : place + rng.integers(3)] = words[rng.integers(len(words))]


def _length(rng):
    return int(2 ** rng.uniform(0, 10))


_CHANGES = (_flip, _cut, _remove, _repeat, _splice, _number, _number, _text)


def _mend_png(data):
    """Make the checksum of each chunk right again."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length


def _mend_7z(data):
    """Make the checksums of both headers right again."""
    if len(data) < 32:
        return
    offset, size = struct.unpack_from("<QQ", data, 12)
    struct.pack_into("<I", data, 28, zlib.crc32(data[32 + offset : 32 + offset + size]))
    struct.pack_into("<I", data, 8, zlib.crc32(data[12:32]))


_MENDS = {b"\x89PNG": _mend_png, b"7z\xbc\xaf": _mend_7z}


def random_bytes(rng, count):
    return rng.integers(0, 256, count, np.uint8).tobytes()
