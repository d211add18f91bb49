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
    """

    characters: tuple[Character, ...]
    width: int
    height: int

    @property
    def text(self) -> str:
        """All characters, joined."""
        return "".join(character.text for character in self.characters)

    @property
    def confidence(self) -> float:
        """Mean confidence of the characters that are no spaces; 0 for an empty line."""
        values = [character.confidence for character in self.characters if character.text != " "]
        return float(np.mean(values)) if values else 0.0
