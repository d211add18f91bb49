"""Read HDF5 files as h5py writes them by default, with NumPy alone: reading text needs no HDF5 library.

Of the format (The HDF Group: HDF5 File Format Specification, version 3.0) this knows what Keras and ``weights_file``
use: superblock 0, groups with symbol tables, object headers 1, contiguous arrays of floats, and attributes of floats or
strings. Anything else is refused, and the message says what. ``weights_file`` writes with h5py.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crnn.files import read_at_most, require_regular_file

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ROOT = 56  # where superblock 0 has the symbol table entry of the root group
_ENTRY_BYTES = 40  # of a symbol table entry
_DATASPACE, _DATATYPE, _LAYOUT, _ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE = 0x01, 0x03, 0x08, 0x0C, 0x10, 0x11
_FLOAT, _STRING, _VARIABLE_LENGTH = 1, 3, 9  # classes of a datatype
_MAX_LEVEL = 32  # of the B-tree of a group: more than any file has
_MAX_MEMBERS = 100_000  # of a group, and strings of an attribute
_MAX_NAME = 4096  # bytes
_MAX_RANK = 32  # axes of an array
MAX_BYTES = 2**30  # of a file; weights in float32 have 47 MB
_CONTIGUOUS = 1  # class of a layout
_STRING_KIND = 1  # of a datatype of variable length


def is_hdf5(path: str | Path) -> bool:
    """Tell whether a file begins as HDF5 does.

    Raises:
        OSError: the file cannot be read, or is no regular file.
    """
    require_regular_file(path)
    with Path(path).open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


@dataclass(frozen=True)
class Node:
    """A group or a data set.

    Attributes:
        attributes: of floats or strings, by name.
        children: addresses of what a group holds, by name.
        values: of a data set; None for a group.
    """

    attributes: dict[str, np.ndarray]
    children: dict[str, int]
    values: np.ndarray | None
    file: "_File" = field(repr=False)

    def __getitem__(self, path: str) -> "Node":
        """Return what stands at a path below the group, as ``a/b``.

        Raises:
            ValueError: there is no such thing, or it cannot be read.
        """
        name, _, rest = path.partition("/")
        if name not in self.children:
            raise ValueError(f"{self.file.path}: it has no {path}")
        child = self.file.node(self.children[name])
        return child[rest] if rest else child


def open_root(path: str | Path) -> Node:
    """Open the root group of a file.

    Raises:
        OSError: the file cannot be read, or is no regular file.
        ValueError: it is no HDF5, damaged, too large, or uses a part of the format that is not known here.
    """
    file = _File(path)
    if not file.data.startswith(SIGNATURE):
        raise ValueError(f"{path}: not an HDF5 file")
    version, offset_bytes, length_bytes = file.unpack("<B4xBB", len(SIGNATURE))
    if (version, offset_bytes, length_bytes) != (0, 8, 8):
        raise file.unknown("a superblock of another version than 0")
    return file.node(file.unpack("<8xQ", _ROOT)[0])


class _File:
    """The bytes of a file, and what stands at their addresses."""

    def __init__(self, path: str | Path):
        self.path = path
        self.data = read_at_most(path, MAX_BYTES + 1)
        if len(self.data) > MAX_BYTES:
            raise ValueError(f"{path}: has more than {MAX_BYTES} bytes, which no weights have")
        self._heaps: dict[int, dict[int, int]] = {}

    def damaged(self) -> ValueError:
        return ValueError(f"{self.path}: the file is damaged or not complete")

    def unknown(self, what: str) -> ValueError:
        return ValueError(
            f"{self.path}: {what} is a part of HDF5 that is not read here; with h5py, copy the file to one of "
            'h5py.File(name, "w", libver="earliest")'
        )

    def unpack(self, form: str, address: int) -> tuple:
        try:
            return struct.unpack_from(form, self.data, address)
        except (struct.error, OverflowError):
            raise self.damaged() from None

    def node(self, address: int) -> Node:
        """Read the object header at an address."""
        attributes: dict[str, np.ndarray] = {}
        children: dict[str, int] = {}
        found: dict[int, int] = {}
        for kind, start in self._messages(address):
            if kind == _ATTRIBUTE:
                name, value = self._attribute(start)
                attributes[name] = value
            elif kind == _SYMBOL_TABLE:
                tree, heap = self.unpack("<QQ", start)
                children = dict(self._limited(self._group(tree, heap, _MAX_LEVEL)))
            else:
                found[kind] = start
        values = self._data_set(found) if _LAYOUT in found else None
        return Node(attributes, children, values, self)

    def _messages(self, address: int) -> Iterator[tuple[int, int]]:
        """Give the kind and the address of each message of an object header."""
        version, count, size = self.unpack("<BxH4xI", address)
        if version != 1:
            raise self.unknown("an object header of another version than 1")
        blocks = [(address + 16, size)]
        while blocks and count > 0:
            at, left = blocks.pop(0)
            while left >= 8 and count > 0:
                kind, length = self.unpack("<HH", at)
                if kind == _CONTINUATION:
                    blocks.append(self.unpack("<QQ", at + 8))
                else:
                    yield kind, at + 8
                at, left, count = at + 8 + length, left - 8 - length, count - 1

    def _limited(self, members: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        for number, member in enumerate(members):
            if number == _MAX_MEMBERS:
                raise self.damaged()
            yield member

    def _group(self, tree: int, heap: int, below: int) -> Iterator[tuple[str, int]]:
        """Give the name and the address of each member of a group: of its B-tree, with names in a local heap."""
        names = self.unpack("<4s20xQ", heap)[1]
        signature, kind, level, used = self.unpack("<4sBBH", tree)
        if signature != b"TREE" or kind != 0 or level >= below:
            raise self.damaged()
        for child in (self.unpack("<Q", tree + 32 + 16 * entry)[0] for entry in range(used)):
            if level:
                yield from self._group(child, heap, level)
                continue
            for entry in range(self.unpack("<6xH", child)[0]):
                name, address = self.unpack("<QQ", child + 8 + _ENTRY_BYTES * entry)
                yield self._text_at(names + name), address

    def _text_at(self, address: int) -> str:
        end = self.data.find(b"\0", address, address + _MAX_NAME)
        if end < 0:
            raise self.damaged()
        return self.data[address:end].decode(errors="replace")

    def _data_set(self, found: dict[int, int]) -> np.ndarray:
        if not {_DATATYPE, _DATASPACE} <= found.keys():
            raise self.damaged()
        version, kind, address = self.unpack("<BBQ", found[_LAYOUT])
        if version != 3 or kind != _CONTIGUOUS:
            raise self.unknown("a data set in chunks")
        return self._array(self._dtype(found[_DATATYPE]), self._shape(found[_DATASPACE]), address)

    def _attribute(self, at: int) -> tuple[str, np.ndarray]:
        version, *sizes = self.unpack("<Bx3H", at)
        start = at + (9 if version == 3 else 8)
        if version == 1:
            sizes = [size + -size % 8 for size in sizes]
        datatype = start + sizes[0]
        dataspace = datatype + sizes[1]
        return self._text_at(start), self._array(self._dtype(datatype), self._shape(dataspace), dataspace + sizes[2])

    def _shape(self, at: int) -> tuple[int, ...]:
        version, rank = self.unpack("<BB", at)
        shape = self.unpack(f"<{rank}Q", at + (8 if version == 1 else 4))
        if rank > _MAX_RANK or max(shape, default=0) > len(self.data):
            raise self.damaged()
        return shape

    def _dtype(self, at: int) -> np.dtype:
        """Return the NumPy type of a datatype; ``object`` for strings of variable length."""
        kind, bits, size = self.unpack("<BB2xI", at)
        if kind & 15 == _FLOAT and size in (2, 4, 8):
            return np.dtype(f"{'>' if bits & 1 else '<'}f{size}")
        if kind & 15 == _STRING and 0 < size <= len(self.data):
            return np.dtype(f"S{size}")
        if kind & 15 == _VARIABLE_LENGTH and bits & 15 == _STRING_KIND:
            return np.dtype(object)
        raise self.unknown(f"datatype {kind & 15}")

    def _array(self, dtype: np.dtype, shape: tuple[int, ...], address: int) -> np.ndarray:
        count = int(np.prod(shape, dtype=object))
        if dtype.hasobject:
            if count > _MAX_MEMBERS:
                raise self.damaged()
            strings = [self._global_text(address + 16 * number) for number in range(count)]
            return np.array(strings, object).reshape(shape)
        if address + count * dtype.itemsize > len(self.data):
            raise self.damaged()
        return np.frombuffer(self.data, dtype, count, address).reshape(shape)

    def _global_text(self, at: int) -> str:
        """Return a string of variable length, which stands in a global heap."""
        length, heap, index = self.unpack("<IQI", at)
        if heap not in self._heaps:
            self._heaps[heap] = dict(self._objects(heap))
        start = self._heaps[heap].get(index)
        if start is None or length > _MAX_NAME:
            raise self.damaged()
        return self.data[start : start + length].decode(errors="replace")

    def _objects(self, heap: int) -> Iterator[tuple[int, int]]:
        """Give the number and the address of each object in a global heap."""
        end = heap + self.unpack("<8xQ", heap)[0]
        start = heap + 16
        while start < end:
            number, size = self.unpack("<H6xQ", start)
            if number:  # 0 is what is left free
                yield number, start + 16
            start += 16 + size + -size % 8
