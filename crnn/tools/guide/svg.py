"""Write drawings as SVG: what the tools need of it."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from crnn.files import write_text
from crnn.inference.drawing import png_address

INK, SOFT, BLUE, RED, GREEN, PURPLE = "#1c2027", "#6b7482", "#2457c5", "#c02b2b", "#1a7f45", "#762a83"


class Drawing:
    """A drawing on white; every place and size is in pixels.

    Args:
        width, height: of the drawing.
        title: what it shows, for those who do not see it.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" font-family="sans-serif" font-size="13" role="img">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
        ]

    def text(self, x: float, y: float, text: str, color: str = INK, **style: object) -> None:
        """Write a text whose baseline begins at (x, y); ``style`` holds attributes, ``_`` for ``-``."""
        place = f'x="{x:.1f}" y="{y:.1f}" fill="{color}" xml:space="preserve"'
        self._parts.append(f"<text {place}{_attributes(style)}>{escape(text)}</text>")

    def rectangle(self, x: float, y: float, width: float, height: float, color: str, **style: object) -> None:
        """Fill a rectangle."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"'
        self._parts.append(f"<rect {place}{_attributes(style)}/>")

    def line(self, x0: float, y0: float, x1: float, y1: float, color: str = SOFT, **style: object) -> None:
        """Draw a line."""
        self.lines([(x0, y0, x1, y1)], color, **style)

    def lines(self, ends: Iterable[Sequence[float]], color: str, **style: object) -> None:
        """Draw lines, each from its first place to its second one: x0, y0, x1, y1."""
        places = "".join(f"M{x0:g} {y0:g}L{x1:g} {y1:g}" for x0, y0, x1, y1 in ends)
        self._parts.append(f'<path d="{places}" stroke="{color}" fill="none"{_attributes(style)}/>')

    def curve(self, points: np.ndarray, color: str, **style: object) -> None:
        """Join points (number, 2) by a line."""
        places = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self._parts.append(f'<path d="M{places}" stroke="{color}" fill="none"{_attributes(style)}/>')

    def circle(self, x: float, y: float, radius: float, color: str, **style: object) -> None:
        """Fill a circle."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{color}"{_attributes(style)}/>')

    def image(self, x: float, y: float, image: np.ndarray, scale: float = 1.0) -> None:
        """Put an image (height, width) uint8 there, with a thin edge; 16 grey levels of it are stored."""
        height, width = (side * scale for side in image.shape)
        self._parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" '
            f'href="{png_address(image // 17 * 17)}"/>'
        )
        self.rectangle(x, y, width, height, "none", stroke=SOFT, stroke_width=0.5)

    def save(self, path: Path) -> None:
        """Write the file."""
        write_text(path, "\n".join([*self._parts, "</svg>", ""]))


def _attributes(style: dict[str, object]) -> str:
    return "".join(f' {name.replace("_", "-")}="{escape(str(value))}"' for name, value in style.items())
