"""Formats of pages with the places of lines and words: hOCR 1.2 and ALTO 4.

hOCR: https://kba.github.io/hocr-spec/1.2/; ALTO: https://www.loc.gov/standards/alto/
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from crnn.console import printable
from crnn.inference.page.page_text import Box, PageLine, PageText
from crnn.inference.text_line import Character

Name = Path | str
NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # characters that XML 1.0 cannot have
ALTO_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def words(line: PageLine) -> Iterator[tuple[list[Character], Box]]:
    """Split a line at its spaces: the characters of each word, and the box around them in the picture."""
    for is_space, group in groupby(line.line.characters, lambda character: character.text == " "):
        if not is_space:
            characters = list(group)
            boxes = [line.character_box(character) for character in characters]
            yield characters, _around(boxes)


def hocr_start() -> tuple[str, str]:
    """Return what stands before the first page of an hOCR document, and after the last."""
    start = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<title>crnn</title>\n'
        '<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        '<meta name="ocr-system" content="crnn"/>\n'
        '<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word"/>\n</head>\n<body>\n'
    )
    return start, "</body>\n</html>\n"


def hocr_page(path: Name, page: PageText, seconds: float, number: int) -> str:
    """Write a page with its lines and words."""
    image = printable(path).replace('"', "%22")
    title = f'image "{image}"; bbox 0 0 {page.width} {page.height}; ppageno {number - 1}'
    parts = [f"<div class='ocr_page' id='page_{number}' title='{_escaped(title)}'>\n"]
    for line_number, line in enumerate(page.lines, 1):
        name = f"{number}_{line_number}"
        parts.append(f"<span class='ocr_line' id='line_{name}' title='{_hocr_box(line.box)}'>")
        parts.append(
            " ".join(
                f"<span class='ocrx_word' id='word_{name}_{word_number}' title='{_hocr_box(box)}; "
                f"x_wconf {100 * _confidence(characters):.0f}'>{_escaped(_text(characters))}</span>"
                for word_number, (characters, box) in enumerate(words(line), 1)
            )
        )
        parts.append("</span><br/>\n")
    return "".join((*parts, "</div>\n"))


def alto_start() -> tuple[str, str]:
    """Return what stands before the first page of an ALTO document, and after the last."""
    start = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<alto xmlns="{ALTO_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{ALTO_NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-4.xsd">\n'
        "<Description><MeasurementUnit>pixel</MeasurementUnit></Description>\n<Layout>\n"
    )
    return start, "</Layout>\n</alto>\n"


def alto_page(path: Name, page: PageText, seconds: float, number: int) -> str:
    """Write a page: one block of lines of strings and spaces, after a comment with the name of the picture."""
    size = f'WIDTH="{page.width}" HEIGHT="{page.height}"'
    parts = [
        f"<!-- {_escaped(printable(path)).replace('--', '- -')} -->\n",
        f'<Page ID="page_{number}" PHYSICAL_IMG_NR="{number}" {size}>\n',
        f'<PrintSpace HPOS="0" VPOS="0" {size}>\n',
    ]
    if page.lines:
        around = _around([line.box for line in page.lines])
        parts.append(f'<TextBlock ID="block_{number}" {_alto_box(around)}>\n')
        parts += [_alto_line(line, f"{number}_{at}") for at, line in enumerate(page.lines, 1)]
        parts.append("</TextBlock>\n")
    return "".join((*parts, "</PrintSpace>\n</Page>\n"))


def _alto_line(line: PageLine, name: str) -> str:
    parts: list[str] = []
    before: Box | None = None
    for number, (characters, box) in enumerate(words(line), 1):
        if before:
            left, right = sorted((before[2], box[0]))
            parts.append(f"<SP {_alto_box((left, box[1], right, box[3]))}/>")
        content = _escaped(_text(characters))
        confidence = f"{min(1.0, _confidence(characters)):.3f}"
        parts.append(f'<String ID="word_{name}_{number}" {_alto_box(box)} CONTENT="{content}" WC="{confidence}"/>')
        before = box
    return f'<TextLine ID="line_{name}" {_alto_box(line.box)}>{"".join(parts)}</TextLine>\n' if parts else ""


def _escaped(text: str) -> str:
    return escape(NOT_XML.sub("?", text))


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _text(characters: list[Character]) -> str:
    return "".join(character.text for character in characters)


def _confidence(characters: list[Character]) -> float:
    return sum(character.confidence for character in characters) / len(characters)


def _hocr_box(box: Box) -> str:
    return "bbox " + " ".join(f"{max(0.0, edge):.0f}" for edge in box)


def _alto_box(box: Box) -> str:
    left, top, right, bottom = (max(0.0, edge) for edge in box)
    return f'HPOS="{left:.0f}" VPOS="{top:.0f}" WIDTH="{right - left:.0f}" HEIGHT="{bottom - top:.0f}"'
