"""A synthetic line: an image, what it says, and where each character stands."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class LineSample:
    """An image of a line and what it says.

    Attributes:
        image: (32, width) uint8.
        text: characters of the table.
        left: (len(text),) float32, first column of each character.
        right: (len(text),) float32, the column behind each character.
        kind: one of ``config.KINDS``, or ``ten``; for error analysis.
    """

    image: np.ndarray
    text: str
    left: np.ndarray
    right: np.ndarray
    kind: str

    def resized(self, image: np.ndarray) -> "LineSample":
        """Return the line with its image brought to another size."""
        scale = image.shape[1] / self.image.shape[1]
        return replace(self, image=image, left=self.left * scale, right=self.right * scale)

    def cut(self, width: int) -> "LineSample | None":
        """Cut the line behind the last character that ends within ``width`` columns; return None if none does."""
        if self.image.shape[1] <= width:
            return self
        beyond = np.flatnonzero(self.right > width)
        first = beyond[0] if beyond.size else len(self.text)
        text = self.text[:first].rstrip()
        if not text:
            return None
        end = min(width, int(self.left[first])) if beyond.size else width  # the next character must not show
        left, right = self.left[: len(text)], self.right[: len(text)]
        return replace(self, image=self.image[:, :end], text=text, left=left, right=right)
