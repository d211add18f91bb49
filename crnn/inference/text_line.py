"""What reading gives: a line of text, its characters, where they stand, how sure they are."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class TextLine:
    """The text of an image.

    Attributes:
        characters: from left to right, spaces included.
        width, height: of the source image, in pixels.
        rotation: degrees counterclockwise by which the image was turned before it was read, 0, 90, 180 or 270; the
            characters' columns are those of the turned image.
    """

    characters: tuple[Character, ...]
    width: int
    height: int
    rotation: int = 0

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
