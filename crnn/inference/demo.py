"""What ``demo_infer.py`` does: find pictures, read them, say what they say."""

import json
import os
import sys
import time
from collections import deque
from pathlib import Path

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".pbm", ".pgm", ".ppm"}
FEW = 50  # pictures that need no progress bar


def default_folder(folder):
    """``folder``, written from where the user stands if that is shorter."""
    relative = os.path.relpath(folder)
    return relative if len(relative) < len(str(folder)) else str(folder)


def find_pictures(paths):
    """Files as they are named, and the pictures of folders in the order of their names.

    Returns:
        The pictures, and the folders that hold none.
    """
    found, empty = [], []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            found += inside
            empty += [] if inside else [path]
        else:
            found.append(path)
    return found, empty


def run(paths, weights, form, engine, decoding):
    """Read pictures and write what they say to stdout.

    Args:
        form: one of ``WRITERS``. engine: see ``prediction.predictor``. decoding: see ``Recognizer.from_weights``.

    Returns:
        Exit status: 0, 1 if something could not be read, 2 if there is nothing to read with.
    """
    pictures, empty = find_pictures(paths)
    for folder in empty:
        print(f"{folder}: no picture in this folder", file=sys.stderr)
    if not pictures:
        return 1
    if not Path(weights).is_file():
        print(f"{weights}: no such file; name a weights file with --weights", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    try:
        recognizer = Recognizer.from_weights(weights, engine=engine, decoding=decoding)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8")
    unread = _read(pictures, recognizer, WRITERS[form])
    return int(bool(empty) or unread > 0)


def _read(paths, recognizer, write):
    """Read pictures, and write what they say as soon as it is known; how many could not be read."""
    from tqdm import tqdm

    from crnn.image import ImageError, count_lines, read_grayscale

    waiting, unread = deque(), 0

    def pictures():
        nonlocal unread
        for path in paths:
            try:
                picture = read_grayscale(path)
            except ImageError as error:
                tqdm.write(str(error), sys.stderr)
                unread += 1
                bar.update()
                continue
            if (lines := count_lines(picture)) > 1:
                message = f"{path}: seems to show {lines} lines of text; only one a picture is read well: cut it up"
                tqdm.write(message, sys.stderr)
            waiting.append((path, picture.shape[1] / picture.shape[0]))
            yield picture

    with tqdm(total=len(paths), unit=" pictures", disable=None if len(paths) > FEW else True) as bar:
        start = time.perf_counter()
        for lines in recognizer.read_windows(pictures()):
            elapsed = time.perf_counter() - start
            some = [waiting.popleft() for _ in lines]
            columns = sum(share for _, share in some)
            for (path, share), line in zip(some, lines, strict=True):
                with bar.external_write_mode(sys.stdout):
                    write(path, line, elapsed * share / columns)  # its part of what was done together
            bar.update(len(lines))
            start = time.perf_counter()
    return unread


def _write_text(path, line, seconds):
    print(f"=====\nfile_path is:{path}\nresult is:{line.text}\nelapsed time is:{seconds:.3f}s\n=====\n", flush=True)


def _write_tsv(path, line, seconds):
    print(path, line.text, f"{line.confidence:.4f}", f"{seconds:.4f}", sep="\t", flush=True)


def _write_json(path, line, seconds):
    characters = [
        {"text": c.text, "confidence": round(c.confidence, 4), "box": [round(c.x0, 1), 0, round(c.x1, 1), line.height]}
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


WRITERS = {"text": _write_text, "tsv": _write_tsv, "json": _write_json}
