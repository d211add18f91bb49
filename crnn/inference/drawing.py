"""Pictures of what was read: an image with its lines, the pieces they were read in, and their text beside it, as SVG.

Whatever shows the SVG takes the text from fonts that have its characters.
"""

import base64
import re
from collections import Counter
from html import escape
from pathlib import Path
from unicodedata import east_asian_width

import cv2
import numpy as np

from crnn.files import write_text
from crnn.geometry import HEIGHT
from crnn.inference.page.page_text import Box, PageLine, PageText
from crnn.inference.views import prepare_views

SURE, LIKELY = 0.9, 0.6  # confidences from which a character is green, and amber; red below
COLORS = ("#1a9850", "#e08a00", "#d73027")
MIN_TEXT, MAX_TEXT = 9, 40  # pixels: sizes of the text beside the image
MAX_NAME = 60  # characters of the name of an image that the name of its drawing has
FONTS = "sans-serif, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, WenQuanYi Zen Hei"  # the last ones have Chinese
GAP = 16  # pixels between the image and its text


def color_of(confidence: float) -> str:
    """Return the colour that stands for a confidence: green, amber or red."""
    return COLORS[0] if confidence >= SURE else COLORS[1] if confidence >= LIKELY else COLORS[2]


def png_address(image: np.ndarray) -> str:
    """Return an image (height, width) uint8 as a data address of a PNG."""
    data = cv2.imencode(".png", image)[1].tobytes()
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


class Drawings:
    """Writes a drawing of each image into a folder, named as the image.

    Args:
        folder: made if there is none.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._names: Counter[str] = Counter()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, path: Path | str, page: PageText) -> None:
        """Write the drawing of an image; the second one of a name gets a number."""
        name = re.sub(r"[^\w.-]+", "_", Path(path).name)[:MAX_NAME] or "image"
        self._names[name] += 1
        number = f"-{self._names[name]}" if self._names[name] > 1 else ""
        write_text(self.folder / f"{name}{number}.svg", draw_page(page))

    def finish(self) -> None:
        """Do nothing: each drawing is written when its image is read."""


def draw_page(page: PageText) -> str:
    """Draw an image with its lines, the cuts between their pieces, its characters by confidence, and its text: SVG."""
    parts = [f'<image width="{page.width}" height="{page.height}" href="{png_address(page.image)}"/>']
    end = float(page.width)
    for line in page.lines:
        left, top, right, bottom = line.box
        high = bottom - top
        parts.append(_rectangle(line.box, 'fill="none" stroke="#2166ac"'))
        visible = [c for c in line.line.characters if c.text != " "]
        parts += [_rectangle(_foot(line.character_box(c)), f'fill="{color_of(c.confidence)}"') for c in visible]
        parts += [_rectangle(box, 'fill="#762a83"') for box in _cuts(line)]
        size, at = min(MAX_TEXT, max(MIN_TEXT, 0.6 * high)), page.width + GAP + left
        spans = "".join(
            f'<tspan fill="{color_of(c.confidence)}">{escape(c.text)}</tspan>' for c in line.line.characters
        )
        parts.append(f'<text x="{at:.0f}" y="{bottom - 0.3 * high:.0f}" font-size="{size:.1f}">{spans}</text>')
        end = max(end, at + size * sum(map(_ems, line.line.text)))
    width = round(end + GAP)
    style = f'font-family="{FONTS}" xml:space="preserve"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{page.height}" {style}>\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _ems(character: str) -> float:
    """Estimate the width of a character in any font, in em."""
    return 1.0 if east_asian_width(character) in "WFA" else 0.65


def _foot(box: Box) -> Box:
    """The lowest part of a box, at least two pixels high."""
    x0, y0, x1, y1 = box
    return x0, y1 - max(2.0, 0.08 * (y1 - y0)), x1, y1


def _rectangle(box: Box, style: str) -> str:
    x0, y0, x1, y1 = box
    return f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" {style}/>'


def _cuts(line: PageLine) -> list[Box]:
    """Thin boxes where a line was cut into pieces."""
    if line.line.rotation:
        return []
    prepared = prepare_views(line.crop.pixels).usual
    height = len(line.crop.pixels)
    cuts = [piece.own[0] * prepared.scale for piece in prepared.pieces[1:]]
    half = max(0.5, height / HEIGHT / 2)
    return [line.crop.place((cut - half, 0, cut + half, height)) for cut in cuts]
