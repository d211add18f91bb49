"""What tests of synthesis draw from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crnn.synthesis.source import LineSource


def generators() -> Iterator[np.random.Generator]:
    """Give random generators of sixty seeds."""
    return (np.random.default_rng(seed) for seed in range(60))


def line_source(font_folder: Path, folder: Path) -> LineSource:
    """Return a source of lines of the fonts of ``font_folder`` and of two texts, which it writes to ``folder``."""
    (folder / "zh.txt").write_text("他说：现在开始！我们看一看，好不好？" * 40, encoding="utf-8")
    (folder / "en.txt").write_text("The quick brown fox jumps over the lazy dog, all day. " * 40, encoding="utf-8")
    return LineSource((font_folder,), (folder,), seed=3, system_fonts=False)
