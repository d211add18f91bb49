"""What reading a picture gives: its lines in reading order, with their places in it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crnn.inference.page.line_box import LineCrop
from crnn.inference.text_line import Character, TextLine

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the picture


@dataclass(frozen=True, eq=False)
class PageLine:
    """A line of a picture.

    Attributes:
        line: its text.
        crop: what was cut out of the picture to be read.
    """

    line: TextLine
    crop: LineCrop

    @property
    def box(self) -> Box:
        """The upright box around the line in the picture, some margin included."""
        height, width = self.crop.pixels.shape
        return self.crop.place((0, 0, width, height))

    def character_box(self, character: Character) -> Box:
        """Return the upright box around a character in the picture."""
        return self.crop.place(self.line.box(character))

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON takes it: text, confidence, box, characters with boxes, alternatives if any."""
        own = self.line.to_dict()
        return {
            "text": own["text"],
            "confidence": own["confidence"],
            "box": [round(edge, 1) for edge in self.box],
            "characters": [c.to_dict(self.character_box(c)) for c in self.line.characters],
            **({"alternatives": own["alternatives"]} if self.line.alternatives else {}),
        }


@dataclass(frozen=True, eq=False)
class PageText:
    """The text of a picture.

    Attributes:
        lines: in reading order.
        image: the picture, (height, width) uint8, grey.
        is_line: whether the whole picture was read as one line.
        rotation: degrees counterclockwise by which a page was turned before it was read, 0, 90, 180 or 270.
    """

    lines: tuple[PageLine, ...]
    image: np.ndarray
    is_line: bool
    rotation: int = 0

    @property
    def width(self) -> int:
        """Width of the picture in pixels."""
        return self.image.shape[1]

    @property
    def height(self) -> int:
        """Height of the picture in pixels."""
        return self.image.shape[0]

    @property
    def columns(self) -> float:
        """How long the lines are together, by their heights: the picture's part of what was done together."""
        return sum(line.line.width / line.line.height for line in self.lines) or 1.0

    @property
    def text(self) -> str:
        """The text of all lines, each on a line of its own."""
        return "\n".join(line.line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Mean confidence of the characters of all lines that are no spaces; 0 without any."""
        values = [c.confidence for line in self.lines for c in line.line.characters if c.text != " "]
        return float(np.mean(values)) if values else 0.0
