"""What reading gives: a line of text, its characters, where they stand, how sure they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

REPR_CHARACTERS = 30  # of a text in a ``repr``: with Chinese ones, twice as wide, it still fits a line


@dataclass(frozen=True, repr=False)
class Character:
    """A character that was read.

    Attributes:
        text: one character.
        confidence: where several texts were followed, the share of their probability that those with this character
            here have; else the highest probability of its class over its run of time steps.
        x0, x1: columns between which it stands: of the source image in a ``TextLine``.
    """

    text: str
    confidence: float
    x0: float
    x1: float

    def __repr__(self) -> str:
        return f"Character({self.text!r}, confidence={self.confidence:.3f}, x0={self.x0:.1f}, x1={self.x1:.1f})"

    def to_dict(self, box: Sequence[float]) -> dict[str, Any]:
        """Return the character as JSON takes it.

        Args:
            box: left, top, right and bottom, as of ``TextLine.box``.
        """
        return {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "box": [round(edge, 1) for edge in box],
        }


@dataclass(frozen=True, repr=False)
class TextLine:
    """The text of an image.

    Attributes:
        characters: from left to right, spaces included.
        width, height: of the source image, in pixels.
        rotation: degrees counterclockwise by which the image was turned before it was read, 0, 90, 180 or 270; the
            characters' columns are those of the turned image.
        alternatives: the next texts, the likeliest first, if they were asked for.
    """

    characters: tuple[Character, ...]
    width: int
    height: int
    rotation: int = 0
    alternatives: tuple["TextLine", ...] = ()

    @property
    def text(self) -> str:
        """All characters, joined."""
        return "".join(character.text for character in self.characters)

    @property
    def confidence(self) -> float:
        """Mean confidence of the characters that are no spaces; 0 for an empty line."""
        values = [character.confidence for character in self.characters if character.text != " "]
        return float(np.mean(values)) if values else 0.0

    def box(self, character: Character) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of a character in the source image."""
        x0, x1 = character.x0, character.x1
        return {
            0: (x0, 0, x1, self.height),
            90: (0, x0, self.width, x1),
            180: (self.width - x1, 0, self.width - x0, self.height),
            270: (0, self.height - x1, self.width, self.height - x0),
        }[self.rotation]

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= REPR_CHARACTERS else self.text[: REPR_CHARACTERS - 1] + "…"
        return f"TextLine({text!r}, confidence={self.confidence:.3f}, characters={len(self.characters)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON takes it: text, confidence, characters with boxes (x0, y0, x1, y1), alternatives."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "characters": [character.to_dict(self.box(character)) for character in self.characters],
            "alternatives": [{"text": a.text, "confidence": round(a.confidence, 4)} for a in self.alternatives],
        }
