"""What ``demo_infer.py`` and ``crnn read`` do: find images, read them, write their texts."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crnn.console import printable
from crnn.paths import ASSETS, DEFAULT_WEIGHTS

if TYPE_CHECKING:
    import numpy as np
    from tqdm import tqdm

    from crnn.inference.drawing import Drawings
    from crnn.inference.formats import Format
    from crnn.inference.html_report import HtmlReport
    from crnn.inference.page.page_text import PageText
    from crnn.inference.recognizer import Recognizer

PROGRESS_BAR_FROM = 51  # images; fewer need no progress bar
STDIN = "-"
PATHS_HELP = "pictures, PDF files, folders of them, http(s) addresses, or - for stdin (default: asset)"
LINES = ("auto", "one", "many")
PAGES = ("first", "all")
FORMAT_NAMES = ("text", "tsv", "json", "hocr", "alto")
DEVICES = ("auto", "cpu", "cuda", "coreml", "dml")

Name = Path | str  # of an image: a path, a URL, STDIN or a page of a PDF


class _Source(NamedTuple):
    """Where an image comes from.

    Attributes:
        number: of the path, from 1.
        name: of the image.
        is_last: whether it is the only image of the path, or the last one.
    """

    number: int
    name: Name
    is_last: bool


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Read pictures of printed Chinese, English or both: lines and whole pages."
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help=PATHS_HELP)
    parser.add_argument("--recursive", action="store_true", help="look into the folders within folders too")
    parser.add_argument(
        "--lines", choices=LINES, default="auto", help="of a picture (default: whichever it looks like)"
    )
    parser.add_argument(
        "--pages",
        choices=PAGES,
        default=PAGES[0],
        help="of TIFF files and animations (default: first)",
    )
    parser.add_argument("--format", choices=FORMAT_NAMES, default="text")
    parser.add_argument("--header", action="store_true", help="name the columns of --format tsv")
    parser.add_argument("--draw", metavar="FOLDER", type=Path, help="write each picture with its lines: SVG")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page about all lines, the unsurest first")
    parser.add_argument("--allow", metavar="CHARACTERS", help="read these characters alone, as 0123456789.-")
    parser.add_argument("--alternatives", type=int, default=0, metavar="N", help="next texts of a line, with json")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, help="default: weights/CRNN.h5")
    parser.add_argument("--engine", choices=("onnx", "onnx-float32", "keras"), help="default: onnx if it is installed")
    parser.add_argument("--device", choices=DEVICES, help="that ONNX Runtime computes on (default: cpu)")
    parser.add_argument("--threads", type=int, metavar="N", help="of ONNX Runtime (default: one a core)")
    parser.add_argument("--decoding", choices=("beam", "greedy"), default="beam", help="greedy: the network alone")
    return parser


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command; return its exit status: 1 if something could not be read, 2 if there is nothing to read with."""
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    if options.header and options.format != "tsv":
        parser.error("--header names the columns of --format tsv")
    if not options.paths and not ASSETS.is_dir():
        parser.error("name pictures, folders of them, or - for stdin")
    return run(options.paths or [_default_folder(ASSETS)], options)


def _default_folder(folder: Path) -> str:
    """Write a folder relative to the working directory if that is shorter."""
    relative = os.path.relpath(folder)
    return relative if len(relative) < len(str(folder)) else str(folder)


def run(paths: Iterable[str], options: argparse.Namespace) -> int:
    """Read images and write their texts to stdout.

    Args:
        paths: images, folders of them, URLs, ``-`` for stdin.
        options: of ``build_parser``.

    Returns:
        Exit status, as of ``main``.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong with a picture is said once
    images, problems = _find(paths, options.recursive)
    for problem in problems:
        print(printable(problem), file=sys.stderr)
    if not images:
        return 1
    if not Path(options.weights).is_file():
        print(f"{options.weights}: no such file; name a weights file with --weights", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.formats import FORMATS, TSV_HEADER
    from crnn.inference.recognizer import Recognizer

    try:
        device = {"device": options.device} if options.device else {}
        recognizer = Recognizer(
            options.weights, engine=options.engine, decoding=options.decoding, threads=options.threads, **device
        )
        recognizer = recognizer.with_alternatives(options.alternatives)
        if options.allow is not None:
            recognizer = recognizer.restricted(options.allow)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.device:
        print(f"device: {recognizer.engine.device}", file=sys.stderr)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    form = FORMATS[options.format]
    sys.stdout.write(TSV_HEADER if options.header else form.start)
    try:
        unread = _read(images, recognizer, form, options)
    except OSError as error:
        if not error.filename:  # of stdout
            raise
        print(printable(error), file=sys.stderr)  # of --draw and --html
        return 1
    sys.stdout.write(form.end)
    sys.stdout.flush()
    return int(bool(problems) or unread > 0)


def _find(paths: Iterable[str], recursive: bool) -> tuple[list[Name], list[str]]:
    """Collect what can be read, and what is wrong with folders."""
    from crnn.image import SUFFIXES, find_images
    from crnn.inference import pdf
    from crnn.inference.inputs import URL_SCHEMES

    suffixes = SUFFIXES | pdf.suffixes()
    images: list[Name] = []
    problems: list[str] = []
    for path in paths:
        if path == STDIN or path.lower().startswith(URL_SCHEMES):
            images.append(path)
        else:
            files, more = find_images([path], recursive, suffixes)
            images += files
            problems += more
    return images, problems


def _read(paths: list[Name], recognizer: "Recognizer", form: "Format", options: argparse.Namespace) -> int:
    """Read images, write the text of each as soon as it is known, and return how many could not be read."""
    unread = len(paths)
    numbers = count(1)
    views = _views(options)
    with _progress_bar(len(paths)) as bar:
        start = time.perf_counter()
        for pages in _pages(paths, recognizer, options):
            elapsed = time.perf_counter() - start
            shares = [page.columns for _, page in pages]
            for (source, page), share in zip(pages, shares, strict=True):
                with bar.external_write_mode(sys.stdout) if bar else nullcontext():
                    sys.stdout.write(form.page(source.name, page, elapsed * share / sum(shares), next(numbers)))
                    sys.stdout.flush()
                for view in views:
                    view.add(source.name, page)
                if bar:
                    bar.update(source.number - bar.n)
                unread -= source.is_last
            start = time.perf_counter() if pages else start
        if bar:
            bar.update(len(paths) - bar.n)
    for view in views:
        view.finish()
    return unread


def _progress_bar(count: int) -> "tqdm | nullcontext[None]":
    """Return a bar for many images, and nothing for a few: importing tqdm takes time."""
    if count < PROGRESS_BAR_FROM:
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=count, unit=" pictures", disable=None)


def _views(options: argparse.Namespace) -> list["Drawings | HtmlReport"]:
    """Return what --draw and --html ask for."""
    from crnn.inference.drawing import Drawings
    from crnn.inference.html_report import HtmlReport

    drawings = [Drawings(options.draw)] if options.draw else []
    return [*drawings, *([HtmlReport(options.html)] if options.html else [])]


def _pages(
    paths: list[Name], recognizer: "Recognizer", options: argparse.Namespace
) -> "Iterator[list[tuple[_Source, PageText]]]":
    """Read images; what is wrong with those that cannot be read goes to stderr."""
    from crnn.image_file import MAX_BYTES
    from crnn.inference.page.reader import read_each

    # stdin is read here and not in another thread, so that Ctrl-C ends it
    stdin = sys.stdin.buffer.read(MAX_BYTES + 1) if STDIN in paths and sys.stdin else b""
    for pages in read_each(recognizer, _images(paths, stdin, options.pages), options.lines):
        texts = []
        for source, page in pages:
            if isinstance(page, Exception):
                _say_unread(source.name, page)
            else:
                texts.append((source, page))
        yield texts


def _images(paths: list[Name], stdin: bytes, pages: str) -> Iterator[tuple[_Source, "np.ndarray"]]:
    """Give the images that can be read, each with its source; what is wrong with the others goes to stderr."""
    import numpy as np

    from crnn.image import decode_grayscale
    from crnn.image_pages import read_pages
    from crnn.inference import pdf
    from crnn.inference.inputs import URL_SCHEMES, load_grayscale

    for number, path in enumerate(paths, 1):
        try:
            if path == STDIN:
                yield _Source(number, path, True), decode_grayscale(np.frombuffer(stdin, np.uint8), "<stdin>", _say)
            elif pdf.is_pdf(path):
                for name, image, is_last in pdf.read_pdf(path):
                    yield _Source(number, name, is_last), image
            elif pages == "all" and not str(path).lower().startswith(URL_SCHEMES):
                for name, image, is_last in read_pages(path, _say):
                    yield _Source(number, name, is_last), image
            else:
                yield _Source(number, path, True), load_grayscale(path, notify=_say)
        except Exception as error:
            _say_unread(path, error)


def _say_unread(path: Name, error: Exception) -> None:
    from crnn.inference.inputs import reason_of

    _say(reason_of(error, path))


def _say(message: str) -> None:
    """Print a line to stderr, above the progress bar."""
    from tqdm import tqdm

    tqdm.write(printable(message), sys.stderr)
