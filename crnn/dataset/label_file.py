"""Label files: which image shows which characters.

A line is ``20455828_2605100732.jpg 263 82 29 56 35 435 890 293 126 129``: the image's file name and its labels. The
whole data set has 3.6 million lines. So NumPy reads a file in blocks, and a line takes the bytes of its name, two
bytes a label and eight bytes for where they begin.
"""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from crnn.files import require_regular_file

BLOCK = 2**20  # bytes of a label file read at once
MAX_LINE = 2**20  # bytes
MAX_LABEL = 2**16 - 1  # labels are stored in 16 bits
MAX_LABELS = 2**16 - 1  # of a line
MAX_NAME = 255  # bytes of an image's name, as file systems have it
MAX_DIGITS = 18  # of a number, leading zeros included
MAX_SHOWN = 200  # characters of a bad line in its message
_SPACES = bytes.maketrans(b"\t\r", b"  ")
_LINE_END, _SPACE = 10, 32
# A name's hash is the sum of its bytes times powers of an odd number, modulo 2**64.
_POWERS = np.cumprod(np.full(1024, 0x9E3779B97F4A7C15, np.uint64))


class DataError(ValueError):
    """The data set breaks a rule; the message names file and rule."""


class LabelFile:
    """Hold the lines of a label file, by number.

    >>> labels = LabelFile(b"a.jpg 3 1 2\\nb.jpg 9\\n")
    >>> len(labels), labels.name(1), labels[0].tolist()
    (2, 'b.jpg', [3, 1, 2])
    >>> labels.line_numbers(["b.jpg", "c.jpg"]).tolist()
    [1, -1]

    Args:
        text: bytes of a label file, whole lines, or an iterable of such blocks.
        path: named in error messages.

    Attributes:
        lengths: (lines,) uint16, number of labels of each line.

    Raises:
        DataError: a line is not a name followed by numbers up to 65535, or is too long; the text is not UTF-8.
    """

    def __init__(self, text: bytes | Iterable[bytes], path: str | Path = "labels") -> None:
        names, values, name_lengths, lengths = bytearray(), bytearray(), bytearray(), bytearray()
        lines = 0
        for block in (text,) if isinstance(text, bytes) else text:
            parsed = _parse(block, path, lines)
            for store, array in zip((names, values, name_lengths, lengths), parsed, strict=True):
                store.extend(array.tobytes())
            lines += block.count(b"\n")
        self._names = np.frombuffer(names, np.uint8)
        self._values = np.frombuffer(values, np.uint16)
        self._name_ends = np.cumsum(np.frombuffer(name_lengths, np.uint16), dtype=np.uint32)
        self.lengths = np.frombuffer(lengths, np.uint16)
        self._ends = np.cumsum(self.lengths, dtype=np.uint32)
        self._index: NameIndex | None = None

    @classmethod
    def from_file(cls, path: str | Path) -> "LabelFile":
        """Read a label file.

        Raises:
            DataError: it cannot be read or is no regular file, or a line is not a name followed by numbers.
        """
        try:
            require_regular_file(path)
            with Path(path).open("rb") as file:
                return cls(_blocks(file, path), path)
        except FileNotFoundError:
            raise DataError(f"{path}: no such label file") from None
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from None

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> np.ndarray:
        """Return the labels of a line: (length,) int32."""
        end = int(self._ends[number])
        return self._values[end - int(self.lengths[number]) : end].astype(np.int32)

    def name(self, number: int) -> str:
        """Return the file name of a line's image."""
        start = self._name_ends[number - 1] if number else 0
        return self._names[start : self._name_ends[number]].tobytes().decode("utf-8", "surrogateescape")

    def line_numbers(self, names: Sequence[str]) -> np.ndarray:
        """Find the line of each image.

        Args:
            names: file names.

        Returns:
            (names,) int64: the number of the line, the last of several; -1 where there is none.
        """
        if not len(names) or not len(self):
            return np.full(len(names), -1)
        found = self._name_index().find(names)
        for place in np.flatnonzero(found >= 0).tolist():
            if self.name(found[place]) != names[place]:  # two names with one hash
                found[place] = next((n for n in range(len(self)) if self.name(n) == names[place]), -1)
        return found

    def repeated(self) -> list[tuple[int, int]]:
        """Find names that stand in several lines: (line, an earlier line of the same name), by line."""
        pairs = self._name_index().neighbours()
        return sorted((line, before) for line, before in pairs if self.name(line) == self.name(before))

    def drop_name_index(self) -> None:
        """Free the index of names that the two methods above build: 12 bytes a line."""
        self._index = None

    def _name_index(self) -> "NameIndex":
        if self._index is None:
            self._index = NameIndex(self._names, np.diff(self._name_ends, prepend=np.uint32(0)))
        return self._index

    def steps_needed(self) -> np.ndarray:
        """Return ``ctc.steps_needed`` of every line: (lines,)."""
        repeats = np.empty(len(self._values) + 1, np.uint32)
        repeats[0] = 0
        if len(self._values):
            repeats[1] = 0
            np.cumsum(self._values[1:] == self._values[:-1], out=repeats[2:])
        # of a line's labels, the first has no neighbour within the line
        first = np.minimum(self._ends - self.lengths + 1, self._ends)
        return self.lengths + (repeats[self._ends] - repeats[first]).astype(np.int64)

    def largest(self) -> np.ndarray:
        """Return the largest label of every line, 0 where there is none: (lines,)."""
        largest = np.zeros(len(self), np.int64)
        some = np.flatnonzero(self.lengths)
        if len(some):
            largest[some] = np.maximum.reduceat(self._values, (self._ends - self.lengths)[some])
        return largest


class NameIndex:
    """Find lines by the hash of their names.

    Args:
        names: bytes of all names, one after another.
        lengths: (lines,) bytes of each name, none 0 or longer than 1023.
    """

    def __init__(self, names: np.ndarray, lengths: np.ndarray) -> None:
        hashes = _hashes(names, lengths)
        self._order = hashes.argsort(kind="stable").astype(np.uint32)
        self._hashes = hashes[self._order]

    def find(self, names: Sequence[str]) -> np.ndarray:
        """Return the last line whose name has the hash of each name: (names,) int64, -1 where there is none."""
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        hashes = _hashes(np.frombuffer(b"".join(encoded), np.uint8), np.array([len(name) for name in encoded]))
        place = np.searchsorted(self._hashes, hashes, side="right") - 1
        return np.where((place >= 0) & (self._hashes[place] == hashes), self._order[place].astype(np.int64), -1)

    def neighbours(self) -> list[tuple[int, int]]:
        """Return pairs (line, next earlier line) of lines whose names have the same hash."""
        same = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        return [(int(self._order[place + 1]), int(self._order[place])) for place in same]


def _blocks(file: BinaryIO, path: str | Path) -> Iterator[bytes]:
    """Read a file in blocks of whole lines, the last ended by a line end; pass over a byte order mark."""
    rest = file.read(len(codecs.BOM_UTF8))
    if rest.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path}: is UTF-16 text; save it as UTF-8")
    rest = rest.removeprefix(codecs.BOM_UTF8)
    while block := file.read(BLOCK):
        whole, end, rest = (rest + block).rpartition(b"\n")
        if end:
            yield whole + end
        if len(rest) > MAX_LINE:
            raise DataError(f"{path}: has a line of more than {MAX_LINE} bytes; is it a label file?")
    if rest:
        yield rest + b"\n"


def _parse(block: bytes, path: str | Path, lines_before: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return bytes of the names, labels, lengths of the names, numbers of labels."""
    data = np.frombuffer(block.translate(_SPACES), np.uint8)
    ink = (data != _SPACE) & (data != _LINE_END)
    edges = np.flatnonzero(np.diff(ink.view(np.int8), prepend=np.int8(0), append=np.int8(0)))
    starts, ends = edges[::2], edges[1::2]
    line = np.searchsorted(np.flatnonzero(data == _LINE_END), starts)
    is_name = np.diff(line, prepend=-1) > 0
    at = _positions(starts[is_name], ends[is_name])
    rest = data.copy()
    rest[at] = _SPACE
    is_digit = (rest >= ord("0")) & (rest <= ord("9"))
    bad = np.flatnonzero(~is_digit & (rest != _SPACE) & (rest != _LINE_END))
    values = np.fromstring(rest.tobytes(), np.int64, sep=" ") if not bad.size and is_digit.any() else np.zeros(0, int)
    too_long = (ends - starts > MAX_DIGITS) & ~is_name  # NumPy's parser would wrap such a number
    if not bad.size and too_long.any():
        bad = starts[too_long]
    if not bad.size and (values > MAX_LABEL).any():
        bad = starts[~is_name][np.flatnonzero(values > MAX_LABEL)[:1]]
    if bad.size:
        number = int((data[: bad[0]] == _LINE_END).sum())
        text = block.split(b"\n")[number].decode("utf-8", "replace")
        shown = repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "...")
        raise DataError(
            f"{path}, line {lines_before + number + 1}: {shown} is no name followed by numbers below {MAX_LABEL + 1}"
        )
    counts = np.diff(np.flatnonzero(is_name), append=len(starts)) - 1
    lengths = (ends - starts)[is_name]
    for what, sizes, limit in (("labels", counts, MAX_LABELS), ("bytes of the name", lengths, MAX_NAME)):
        if (sizes > limit).any():
            first = np.flatnonzero(is_name)[np.argmax(sizes > limit)]
            raise DataError(f"{path}, line {lines_before + line[first] + 1}: more than {limit} {what}")
    return data[at], values.astype(np.uint16), lengths.astype(np.uint16), counts.astype(np.uint16)


def _positions(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return all positions from each start to before its end, one after another."""
    lengths = ends - starts
    first = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - first, lengths)


def _hashes(names: np.ndarray, lengths: np.ndarray, at_once: int = 20_000) -> np.ndarray:
    """Return a 64-bit hash of every name: (lengths,) uint64; see ``NameIndex``."""
    hashes = np.empty(len(lengths), np.uint64)
    end = 0
    for first in range(0, len(lengths), at_once):
        some = lengths[first : first + at_once].astype(np.int64)
        starts = np.cumsum(some) - some
        within = np.arange(some.sum()) - np.repeat(starts, some)
        weighted = (names[end : end + len(within)].astype(np.uint64) + np.uint64(1)) * _POWERS[within]
        hashes[first : first + at_once] = np.add.reduceat(weighted, starts)
        end += len(within)
    return hashes
