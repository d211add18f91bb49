"""What ``demo_infer.py`` does: find images, read them, write their texts."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from crnn.inference.recognizer import Recognizer, TextLine

PROGRESS_BAR_FROM = 51  # images; fewer need no progress bar

Write = Callable[[Path, "TextLine", float], None]


def default_folder(folder: str | Path) -> str:
    """Write a folder relative to the working directory if that is shorter.

    Args:
        folder: an absolute path.
    """
    relative = os.path.relpath(folder)
    return relative if len(relative) < len(str(folder)) else str(folder)


def run(paths: Iterable[str | Path], weights: str | Path, form: str, engine: str | None, decoding: str) -> int:
    """Read images and write their texts to stdout.

    Args:
        paths: images, and folders of them.
        weights: weights file.
        form: one of ``WRITERS``.
        engine: see ``engines.load_engine``.
        decoding: see ``Recognizer``.

    Returns:
        Exit status: 0, 1 if something could not be read, 2 if there is nothing to read with.
    """
    from crnn.image import find_images

    images, empty = find_images(paths)
    for folder in empty:
        print(f"{folder}: no picture in this folder", file=sys.stderr)
    if not images:
        return 1
    if not Path(weights).is_file():
        print(f"{weights}: no such file; name a weights file with --weights", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    try:
        recognizer = Recognizer(weights, engine=engine, decoding=decoding)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    unread = _read(images, recognizer, WRITERS[form])
    return int(bool(empty) or unread > 0)


def _read(paths: list[Path], recognizer: "Recognizer", write: Write) -> int:
    """Read images, write each text as soon as it is known, and return how many could not be read."""
    from tqdm import tqdm

    unread = len(paths)
    with tqdm(total=len(paths), unit=" pictures", disable=None if len(paths) >= PROGRESS_BAR_FROM else True) as bar:
        start = time.perf_counter()
        for lines in recognizer.read_stream(_images(paths)):
            elapsed = time.perf_counter() - start
            ratios = [line.width / line.height for _, line in lines]
            for ((number, path), line), ratio in zip(lines, ratios, strict=True):
                with bar.external_write_mode(sys.stdout):
                    write(path, line, elapsed * ratio / sum(ratios))  # its part of what was done together
                bar.update(number - bar.n)
            unread -= len(lines)
            start = time.perf_counter()
        bar.update(len(paths) - bar.n)
    return unread


def _images(paths: list[Path]) -> Iterator[tuple[tuple[int, Path], "np.ndarray"]]:
    """Give the images that can be read, each with its number and path; what is wrong with the others goes to stderr."""
    from tqdm import tqdm

    from crnn.image import ImageError, read_grayscale
    from crnn.normalization import count_lines

    for number, path in enumerate(paths, 1):
        try:
            image = read_grayscale(path)
        except ImageError as error:
            tqdm.write(str(error), sys.stderr)
            continue
        if (lines := count_lines(image)) > 1:
            message = f"{path}: seems to show {lines} lines of text; only one a picture is read well: cut it up"
            tqdm.write(message, sys.stderr)
        yield (number, path), image


def _write_text(path: Path, line: "TextLine", seconds: float) -> None:
    print(f"=====\nfile_path is:{path}\nresult is:{line.text}\nelapsed time is:{seconds:.3f}s\n=====\n", flush=True)


def _write_tsv(path: Path, line: "TextLine", seconds: float) -> None:
    print(path, line.text, f"{line.confidence:.4f}", f"{seconds:.4f}", sep="\t", flush=True)


def _write_json(path: Path, line: "TextLine", seconds: float) -> None:
    characters = [
        {"text": c.text, "confidence": round(c.confidence, 4), "box": [round(edge, 1) for edge in line.box(c)]}
        for c in line.characters
    ]
    record = {
        "path": str(path),
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "seconds": round(seconds, 4),
        "characters": characters,
    }
    print(json.dumps(record, ensure_ascii=False), flush=True)


WRITERS: dict[str, Write] = {"text": _write_text, "tsv": _write_tsv, "json": _write_json}
