"""Lines stored in a file, for those that take long to make."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn.files import atomic_file, read_arrays
from crnn.geometry import HEIGHT
from crnn.synthesis.line_sample import LineSample


class LineStore:
    """The lines of a file.

    Args:
        path: ``*.npz`` that ``save`` wrote.

    Raises:
        OSError, ValueError: the file cannot be read, or is something else.
    """

    def __init__(self, path: Path):
        try:
            file = read_arrays(path, ("pixels", "texts", "kinds", "columns", "characters", "left", "right"))
            _check(**file)
        except ValueError as error:
            raise ValueError(
                f"{path} is no file of lines ({error}): python -m crnn.tools.render_in_browser writes one"
            ) from None
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


def _check(pixels, texts, kinds, columns, characters, left, right):
    """See that arrays fit each other."""
    count = len(texts) if texts.ndim == 1 else -1
    if texts.dtype.kind != "U" or kinds.dtype.kind != "U" or kinds.shape != (count,):
        raise ValueError("its texts are none")
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[0] != HEIGHT:
        raise ValueError(f"its pixels are no lines of {HEIGHT} rows")
    for ends, last in ((columns, pixels.shape[1]), (characters, len(left))):
        if ends.dtype.kind not in "iu" or ends.shape != (count + 1,) or ends[0] != 0 or ends[-1] != last:
            raise ValueError("its lines do not end where its pixels and characters do")
    if left.shape != right.shape or left.ndim != 1 or not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise ValueError("its characters have no places")
    if (np.diff(columns.astype(np.int64)) < 1).any() or np.diff(characters.astype(np.int64)).tolist() != [
        *map(len, texts)
    ]:
        raise ValueError("its lines and texts are of other lengths")


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
