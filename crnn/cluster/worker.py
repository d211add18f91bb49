"""What a worker does: read the pictures of a part, and write their texts as a Parquet file."""

import pickle
import time
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crnn.cluster.parts import Load, Part
from crnn.files import atomic_path
from crnn.inference.engines import load_engine
from crnn.inference.inputs import reason_of
from crnn.inference.page.page_text import PageText
from crnn.inference.page.reader import read_each
from crnn.inference.recognizer import Recognizer

_LINE = [(name, pa.float32()) for name in ("confidence", "x0", "y0", "x1", "y1")]
SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("seconds", pa.float32()),
        ("error", pa.string()),  # null where the picture was read
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("rotation", pa.int16()),
        ("lines", pa.list_(pa.struct([("text", pa.string()), *_LINE]))),
    ]
)
UNREAD, SECONDS = b"unread", b"processor_seconds"  # in the metadata of a file of results


class Summary(NamedTuple):
    """What a file of results says of its pictures: how many, how many of them could not be read, processor seconds."""

    pictures: int
    unread: int
    seconds: float


class PartReader:
    """A recogniser that stays loaded, and reads part after part.

    Args:
        folder: of the results.
        weights, engine, decoding, allow, lines: as the options of ``crnn read``.
    """

    def __init__(self, folder: str, weights: str, engine: str | None, decoding: str, allow: str | None, lines: str):
        cv2.setNumThreads(1)  # there is a worker for each core
        loaded = load_engine(weights, engine=engine, threads=1)
        recognizer = Recognizer(weights, engine=loaded, decoding=decoding)
        self.recognizer = recognizer if allow is None else recognizer.restricted(allow)
        self.folder, self.mode = Path(folder), lines

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Read a part that has no file yet, and write it.

        Args:
            row: ``part``, pickled.

        Returns:
            The fields of ``Summary``.
        """
        part: Part = pickle.loads(row["part"])  # noqa: S301 - made by the process that started this one
        path = self.folder / part.file_name
        if not path.exists():  # a worker may have been killed after it wrote it
            table = read_part(self.recognizer, part, self.mode)
            with atomic_path(path) as partial:
                pq.write_table(table, partial, compression="zstd")
        return summary(path)._asdict()


def summary(path: Path) -> Summary:
    """Look up what a file of results says of itself."""
    metadata = pq.read_metadata(path)
    return Summary(metadata.num_rows, int(metadata.metadata[UNREAD]), float(metadata.metadata[SECONDS]))


def read_part(recognizer: Recognizer, part: Part, mode: str) -> pa.Table:
    """Read the pictures of a part; return a row of ``SCHEMA`` for each, in order."""
    names: list[str] = []
    rows: dict[int, dict[str, Any]] = {}

    def images():
        for number, (name, load) in enumerate(part.pictures()):
            names.append(name)
            image = _loaded(load, name, rows, number)
            if image is not None:
                yield number, image

    used = time.process_time()
    start = time.perf_counter()
    for pages in read_each(recognizer, images(), mode):
        elapsed = time.perf_counter() - start
        read = [(number, page) for number, page in pages if isinstance(page, PageText)]
        columns = sum(page.columns for _, page in read)
        for number, page in read:
            rows[number] = _row(names[number], page, elapsed * page.columns / columns)
        for number, error in pages:
            if isinstance(error, Exception):
                rows[number] = _failed(names[number], error)
        start = time.perf_counter() if pages else start
    unread = sum(row.get("error") is not None for row in rows.values())
    table = pa.Table.from_pylist([rows[number] for number in sorted(rows)], SCHEMA)
    used = time.process_time() - used
    return table.replace_schema_metadata({UNREAD: str(unread), SECONDS: f"{used:.3f}"})


def _loaded(load: Load, name: str, rows: dict[int, dict[str, Any]], number: int) -> np.ndarray | None:
    try:
        return load()
    except Exception as error:
        rows[number] = _failed(name, error)
        return None


def _failed(name: str, error: Exception) -> dict[str, Any]:
    reason = reason_of(error, name).encode("utf-8", "backslashreplace").decode()
    return {"path": name, "error": reason}


def _row(name: str, page: PageText, seconds: float) -> dict[str, Any]:
    lines = [
        {"text": line.line.text, "confidence": line.line.confidence}
        | dict(zip(("x0", "y0", "x1", "y1"), line.box, strict=True))
        for line in page.lines
    ]
    own = page.lines[0].line.rotation if page.is_line and page.lines else page.rotation
    return {
        "path": name,
        "text": page.text,
        "confidence": page.confidence,
        "seconds": seconds,
        "width": page.width,
        "height": page.height,
        "rotation": own,
        "lines": lines,
    }
