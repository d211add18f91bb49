"""The network alone, and words to show it."""

from pathlib import Path

import cv2
import numpy as np

from crnn import ctc
from crnn.charset import SPACE, Charset
from crnn.inference.engines import load_engine
from crnn.normalization import RIGHT_PADDING, normalize_line, pad_right


class Reader:
    """The network in float32 with greedy decoding: no beam search, no rules of spaces.

    Args:
        weights: weights file.
    """

    def __init__(self, weights: Path) -> None:
        self.charset = Charset.for_weights(weights)
        self._predict = load_engine(weights, self.charset.classes, "onnx-float32").predict

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Return (time steps, classes) of a piece (32, width) uint8."""
        return self._predict(pixels[None, ..., None].astype(np.float32))[0]

    def text(self, probabilities: np.ndarray) -> str:
        """Decode greedily."""
        return self.charset.decode([run.label for run in ctc.greedy_runs(probabilities)])

    def path(self, probabilities: np.ndarray) -> str:
        """Return the best class of each time step: ``-`` is the blank, ``_`` the space."""
        return "".join(map(self.sign, probabilities.argmax(axis=-1).tolist()))

    def sign(self, label: int) -> str:
        """Return what stands for a class in the figures."""
        return {self.charset.blank: "-", SPACE: "_"}.get(label) or self.charset.characters[label]


def padded(image: np.ndarray) -> np.ndarray:
    """Bring a picture of a word to the form that the network reads: (32, width) uint8."""
    return pad_right(normalize_line(image), RIGHT_PADDING)


def print_word(text: str, size: int = 40, spread: int = 0, gap: int = 0, at: int = 0) -> np.ndarray:
    """Draw a text with the font of OpenCV, black on white.

    Args:
        text: ASCII.
        size: of the font, in pixels.
        spread: pixels between letters, more than usual.
        gap: pixels more before the letter number ``at``.

    Returns:
        (height, width) uint8, with a small margin.
    """
    face = cv2.FontFace("sans")
    image = np.full((2 * size, (size + spread) * len(text) + gap + 2 * size, 3), 255, np.uint8)
    x = size // 2
    for number, part in enumerate(text if spread else filter(None, (text[:at], text[at:]))):
        x += gap if number == 1 else 0
        (x, _), _ = cv2.putText(image, part, (x, round(1.4 * size)), (0, 0, 0), face, size)
        x += spread
    ink = image[..., 0] < 200
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    margin = size // 6
    return image[rows[0] - margin : rows[-1] + margin + 1, columns[0] - margin : columns[-1] + margin + 1, 0].copy()
