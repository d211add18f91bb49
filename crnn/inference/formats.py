"""Ways to write the text of pictures: for people, as tables, as JSON lines; ``page_formats`` has hOCR and ALTO."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn.console import escape_field, printable
from crnn.inference.page.page_text import PageText
from crnn.inference.page_formats import alto_page, alto_start, hocr_page, hocr_start

Name = Path | str  # of a picture: a path, a URL or - for stdin
COLUMNS = ("path", "text", "confidence", "seconds", "x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Format:
    """A way to write pictures one after the other.

    Attributes:
        page: gives what is written of a picture: its name, text, seconds that reading took, and number from 1.
        start: what stands before all pictures.
        end: what stands after all pictures.
    """

    page: Callable[[Name, PageText, float, int], str]
    start: str = ""
    end: str = ""


def text_page(path: Name, page: PageText, seconds: float, number: int) -> str:
    """Write a block of text: the path, the line, or the lines each on one of its own, and the time."""
    text = page.text if page.is_line or not page.lines else "\n" + page.text
    return f"=====\nfile_path is:{printable(path)}\nresult is:{text}\nelapsed time is:{seconds:.3f}s\n=====\n\n"


def tsv_page(path: Name, page: PageText, seconds: float, number: int) -> str:
    """Write a row a line: ``COLUMNS``; a line's share of the time is that of its width by its height."""
    ratios = [line.line.width / line.line.height for line in page.lines]
    rows = []
    for line, ratio in zip(page.lines, ratios, strict=True):
        share = seconds * ratio / sum(ratios)
        box = (f"{edge:.0f}" for edge in line.box)
        rows.append(
            "\t".join((escape_field(str(path)), line.line.text, f"{line.line.confidence:.4f}", f"{share:.4f}", *box))
        )
    return "".join(row + "\n" for row in rows)


def json_page(path: Name, page: PageText, seconds: float, number: int) -> str:
    """Write an object on one line: the text and its ``lines``; of a picture of one line what it has of them too."""
    lines = [line.to_dict() for line in page.lines]
    own = [key for key in ("characters", "alternatives") if page.is_line and key in lines[0]]
    record: dict[str, Any] = {
        "path": str(path),
        "text": page.text,
        "confidence": round(page.confidence, 4),
        "seconds": round(seconds, 4),
        **{key: lines[0][key] for key in own},
        "width": page.width,
        "height": page.height,
        "rotation": page.lines[0].line.rotation if page.is_line and page.lines else page.rotation,
        "lines": lines,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


FORMATS = {
    "text": Format(text_page),
    "tsv": Format(tsv_page),
    "json": Format(json_page),
    "hocr": Format(hocr_page, *hocr_start()),
    "alto": Format(alto_page, *alto_start()),
}
TSV_HEADER = "\t".join(COLUMNS) + "\n"
