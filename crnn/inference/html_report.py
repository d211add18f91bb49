"""One self-contained HTML page about all images of a run: each line beside its text, the least confident first."""

from html import escape
from pathlib import Path

from crnn.console import printable
from crnn.files import write_text
from crnn.inference.drawing import color_of, png_address
from crnn.inference.page.page_text import PageLine, PageText

STYLE = """
:root { color-scheme: light dark; font-family: sans-serif }
header { position: sticky; top: 0; padding: .6em; background: Canvas; border-bottom: 1px solid GrayText }
li { margin: .8em 0; overflow-x: auto } li[hidden] { display: none }
img { display: block; height: 2.5em; max-width: none; border: 1px solid GrayText }
p { margin: .2em 0; font-size: 1.3em; white-space: pre } small { color: GrayText }
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


class HtmlReport:
    """Collects lines and writes the page about them.

    Args:
        file: what the page is written to.
    """

    def __init__(self, file: Path):
        self.file = file
        self._lines: list[tuple[float, str]] = []

    def add(self, path: Path | str, page: PageText) -> None:
        """Add the lines of an image."""
        self._lines += [(line.line.confidence, _item(path, line)) for line in page.lines]

    def finish(self) -> None:
        """Write the page."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.file, self.html())

    def html(self) -> str:
        """Return the page."""
        items = [item for _, item in sorted(self._lines, key=lambda line: line[0])]
        return (
            '<!doctype html>\n<html><head><meta charset="utf-8"><title>crnn</title>'
            f"<style>{STYLE}</style></head>\n<body><header><label>confidence up to "
            '<input type="range" min="0" max="1" step="0.01" value="1"> <output></output></label></header>\n<ol>\n'
            + "\n".join(items)
            + f"\n</ol>\n<script>{SCRIPT}</script></body></html>\n"
        )


def _item(path: Path | str, line: PageLine) -> str:
    text = "".join(
        f'<u style="text-decoration-color: {color_of(c.confidence)}" title="{c.confidence:.3f}">{escape(c.text)}</u>'
        for c in line.line.characters
    )
    name = escape(printable(path))
    place = ", ".join(f"{edge:.0f}" for edge in line.box)
    return (
        f'<li data-confidence="{line.line.confidence:.4f}"><img alt="" src="{png_address(line.crop.pixels)}">'
        f"<p>{text}</p><small>{line.line.confidence:.3f} &middot; {name} &middot; {place}</small></li>"
    )
