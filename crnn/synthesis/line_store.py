"""Lines stored in a file, for those that take long to make."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn.files import atomic_file
from crnn.synthesis.line_sample import LineSample


class LineStore:
    """The lines of a file.

    Args:
        path: ``*.npz`` that ``save`` wrote.
    """

    def __init__(self, path: Path):
        with np.load(path) as file:
            self.pixels, self.texts, self.kinds = file["pixels"], file["texts"], file["kinds"]
            self.columns, self.characters = file["columns"], file["characters"]
            self.left, self.right = file["left"], file["right"]

    def __len__(self) -> int:
        return len(self.texts)

    def line(self, number: int) -> LineSample:
        """Return one line."""
        columns, characters = (slice(*ends[number : number + 2]) for ends in (self.columns, self.characters))
        image = self.pixels[:, columns]
        return LineSample(
            image, str(self.texts[number]), self.left[characters], self.right[characters], str(self.kinds[number])
        )


def save(lines: Sequence[LineSample], path: Path) -> None:
    """Write lines to a file that ``LineStore`` reads: whole, or not at all."""
    with atomic_file(path) as file:
        np.savez_compressed(
            file,
            pixels=np.hstack([line.image for line in lines]),
            texts=np.array([line.text for line in lines]),
            kinds=np.array([line.kind for line in lines]),
            columns=np.cumsum([0] + [line.image.shape[1] for line in lines]),
            characters=np.cumsum([0] + [len(line.text) for line in lines]),
            left=np.concatenate([line.left for line in lines]).astype(np.float32),
            right=np.concatenate([line.right for line in lines]).astype(np.float32),
        )
