"""One self-contained HTML page about all images of a run: each line beside its text, the least confident first."""

from html import escape
from pathlib import Path
from tempfile import TemporaryFile

from crnn.console import printable
from crnn.files import atomic_file
from crnn.inference.drawing import color_of, png_address
from crnn.inference.page.page_text import PageLine, PageText

STYLE = """
:root { color-scheme: light dark; font-family: sans-serif }
header { position: sticky; top: 0; padding: .6em; background: Canvas; border-bottom: 1px solid GrayText }
li { margin: 1em 0; overflow-wrap: anywhere } li[hidden] { display: none }
div { display: flex; flex-wrap: wrap; gap: .3em 1.5em; align-items: center }
img { height: 2.5em; max-width: 100%; object-fit: contain; border: 1px solid GrayText }
p { margin: 0; font-size: 1.3em; white-space: pre-wrap } small { color: GrayText }
u { text-decoration: underline .12em } input { width: 20em; vertical-align: middle }
"""
SCRIPT = """
const limit = document.querySelector("input"), shown = document.querySelector("output");
limit.oninput = () => {
  let count = 0;
  for (const line of document.querySelectorAll("li"))
    count += !(line.hidden = Number(line.dataset.confidence) > Number(limit.value));
  shown.value = limit.value + ": " + count + " lines";
};
limit.oninput();
"""
START = (
    '<!doctype html>\n<html><head><meta charset="utf-8"><title>crnn</title>'
    f"<style>{STYLE}</style></head>\n<body><header><label>confidence up to "
    '<input type="range" min="0" max="1" step="0.01" value="1"> <output></output></label></header>\n<ol>\n'
)
END = f"</ol>\n<script>{SCRIPT}</script></body></html>\n"


class HtmlReport:
    """Collects lines in a temporary file, and writes the page about them when all are there.

    Args:
        file: what the page is written to; its folder is made if there is none.

    Raises:
        OSError: there can be no such folder.
    """

    def __init__(self, file: Path):
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._items = TemporaryFile()
        self._places: list[tuple[float, int, int]] = []  # confidence, first byte, bytes

    def add(self, path: Path | str, page: PageText) -> None:
        """Add the lines of an image."""
        for line in page.lines:
            item = _item(path, line).encode("utf-8", "replace")
            self._places.append((line.line.confidence, self._items.tell(), len(item)))
            self._items.write(item)

    def finish(self) -> None:
        """Write the page."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._items, atomic_file(self.file) as page:
            page.write(START.encode())
            for _, first, size in sorted(self._places):
                self._items.seek(first)
                page.write(self._items.read(size))
            page.write(END.encode())


def _item(path: Path | str, line: PageLine) -> str:
    text = "".join(
        f'<u style="text-decoration-color: {color_of(c.confidence)}" title="{c.confidence:.3f}">{escape(c.text)}</u>'
        for c in line.line.characters
    )
    name = escape(printable(path))
    place = ", ".join(f"{edge:.0f}" for edge in line.box)
    return (
        f'<li data-confidence="{line.line.confidence:.4f}"><div><img alt="" src="{png_address(line.crop.pixels)}">'
        f"<p>{text}</p></div><small>{line.line.confidence:.3f} &middot; {name} &middot; {place}</small>\n"
    )
