"""What a run reads, cut into parts: the files of a folder or of a list, or the rows of Parquet files.

A part is read by one worker, and its results are one file, which appears whole or not at all. So a run that is started
again goes on with the parts that have no file yet.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crnn.files import read_text, write_text
from crnn.image import decode_grayscale, find_images, read_grayscale

PLAN = "_plan.json"  # readers of Parquet folders pass over names that begin so
ROWS_AT_ONCE = 64  # of a Parquet file, in memory

Load = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Part:
    """Pictures that are read together.

    Attributes:
        number: from 0.
        paths: of picture files, as the file system has them.
        parquet: path of a Parquet file instead, with the column, row group, first row within it and count of rows.
    """

    number: int
    paths: tuple[bytes, ...] = ()
    parquet: str = ""
    column: str = ""
    row_group: int = 0
    first: int = 0
    rows: int = 0

    @property
    def file_name(self) -> str:
        """Name of the file of its results."""
        return f"part-{self.number:06}.parquet"

    def pictures(self) -> Iterator[tuple[str, Load]]:
        """Give the name of each picture, and what loads it as grey values or raises ``ImageError``."""
        return self._rows() if self.parquet else self._files()

    def _files(self) -> Iterator[tuple[str, Load]]:
        for raw in self.paths:
            path = Path(os.fsdecode(raw))
            yield raw.decode("utf-8", "backslashreplace"), partial(read_grayscale, path)

    def _rows(self) -> Iterator[tuple[str, Load]]:
        with pq.ParquetFile(self.parquet) as file:
            columns = [name for name in (self.column, "path") if name in file.schema_arrow.names]
            row, last = 0, self.first + self.rows
            for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[self.row_group], columns=columns):
                for cells in batch.to_pylist() if row + len(batch) > self.first else [{}] * len(batch):
                    if self.first <= row < last:
                        picture = cells[self.column]
                        name = cells.get("path")
                        if isinstance(picture, dict):  # as the Hugging Face data sets have them
                            name, picture = name or picture.get("path"), picture["bytes"]
                        name = str(name or f"{self.parquet}#{self.row_group}.{row}")
                        yield name, partial(_decode, picture or b"", name)
                    row += 1
                if row >= last:
                    return


def _decode(data: bytes, name: str) -> np.ndarray:
    return decode_grayscale(np.frombuffer(data, np.uint8), name)


def parts_of(source: Path, size: int, column: str | None = None) -> list[Part]:
    """Cut what is to be read into parts.

    Args:
        source: a folder of pictures, searched with the folders within it; a Parquet file or a folder of such; or else a
            text file with a path a line, relative to its folder.
        size: pictures of a part at most.
        column: of the Parquet files that has the bytes of the pictures; default: the first that holds bytes.

    Raises:
        OSError, ValueError: it cannot be read, or there is no picture.
    """
    files = sorted(source.glob("*.parquet")) if source.is_dir() else [source] * (source.suffix == ".parquet")
    if files:
        parts = list(_parquet_parts(files, size, column))
    else:
        paths = _found(source) if source.is_dir() else _listed(source)
        starts = range(0, len(paths), size)
        parts = [Part(number, tuple(paths[at : at + size])) for number, at in enumerate(starts)]
    if not parts:
        raise ValueError(f"{source}: has no picture")
    return parts


def _found(folder: Path) -> list[bytes]:
    paths, _ = find_images([folder], recursive=True)
    return [os.fsencode(path.absolute()) for path in paths]


def _listed(manifest: Path) -> list[bytes]:
    lines = read_text(manifest).splitlines()
    return [os.fsencode(manifest.absolute().parent / line) for line in lines if line.strip()]


def _parquet_parts(files: list[Path], size: int, column: str | None) -> Iterator[Part]:
    number = 0
    for path in files:
        try:
            with pq.ParquetFile(path) as file:
                name = _picture_column(file.schema_arrow, column)
                rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        except (pa.ArrowException, ValueError) as error:
            raise ValueError(f"{path}: {error}") from None
        for group, count in enumerate(rows):
            for first in range(0, count, size):
                yield Part(number, (), str(path.absolute()), name, group, first, min(size, count - first))
                number += 1


def _picture_column(schema: pa.Schema, name: str | None) -> str:
    """Return the column that holds the bytes of pictures."""

    def holds_bytes(kind: pa.DataType) -> bool:
        if pa.types.is_struct(kind):
            return any(field.name == "bytes" and holds_bytes(field.type) for field in kind)
        return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

    found = [field.name for field in schema if holds_bytes(field.type) and name in (None, field.name)]
    if not found:
        raise ValueError(f"no column {name} that holds bytes" if name else "no column holds bytes")
    return found[0]


def begin(folder: Path, parts: list[Part], settings: dict[str, str | None]) -> list[Part]:
    """Write down what a run reads, or compare it with what is written there; return the parts that have no file yet.

    Args:
        folder: of the results, made if it is not there.
        parts: of ``parts_of``.
        settings: what the texts hang on.

    Raises:
        OSError, ValueError: the folder cannot be written, or holds the results of another run.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode())
    plan = {"parts": len(parts), "sha256": digest.hexdigest(), **settings}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN
    if path.exists():
        try:
            before = json.loads(read_text(path))
        except ValueError:
            before = None
        if before != plan:
            raise ValueError(
                f"{folder}: holds the results of other pictures, other weights or other options; name another folder"
            )
    else:
        write_text(path, json.dumps(plan, indent=1) + "\n")
    return [part for part in parts if not (folder / part.file_name).exists()]
