import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.line_store import LineStore, save
from crnn.synthesis.source import LineSource
from crnn.tools.render_in_browser import PROGRAMS, main

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def kept(tmp_path):
    """A file of two lines."""
    rng = np.random.default_rng(0)
    lines = []
    for text, width in (("ab", 40), ("的 1", 60)):
        edges = np.linspace(2, width - 2, len(text) + 1, dtype=np.float32)
        image = rng.integers(0, 256, (32, width), np.uint8)
        lines.append(LineSample(image, text, edges[:-1], edges[1:], "english"))
    save(lines, tmp_path / "lines.npz")
    return tmp_path / "lines.npz", lines


def test_kept_lines_come_back(kept):
    path, lines = kept
    rendered = LineStore(path)
    assert len(rendered) == 2
    for number, line in enumerate(lines):
        again = rendered.line(number)
        assert (again.text, again.kind) == (line.text, line.kind)
        for name in ("image", "left", "right"):
            np.testing.assert_array_equal(getattr(again, name), getattr(line, name))


def test_kept_lines_are_mixed_in(kept, font_folder):
    source = LineSource((font_folder,), seed=3, system_fonts=False, rendered=(kept[0],))
    half = replace(source, config=SynthesisConfig(rendered=0.5)).generator(Charset.from_file(DEFAULT_CHARSET))
    taken = sum(half.line(number).text in ("ab", "的 1") for number in range(60))
    assert 15 < taken < 45
    assert half.line(7).text == half.line(7).text


@pytest.mark.skipif(not any(map(shutil.which, PROGRAMS)), reason="no Chromium here")
def test_a_browser_shows_lines(run_main, font_folder, tmp_path):
    result = run_main(main, tmp_path / "lines.npz", "--pages", 1, "--fonts", font_folder)
    assert result.returncode == 0, result.stderr
    rendered = LineStore(tmp_path / "lines.npz")
    assert len(rendered) > 30
    charset = Charset.from_file(DEFAULT_CHARSET)
    for number in range(len(rendered)):
        line = rendered.line(number)
        assert line.image.shape[0] == 32 and 1 <= line.image.shape[1] <= 280 and charset.fold(line.text) == line.text
        assert len(line.left) == len(line.text) and np.all(line.left <= line.right)
        assert np.all(np.diff(line.left) >= 0) and line.right[-1] <= line.image.shape[1] + 2  # faces overhang
