import sys
from pathlib import Path

import numpy as np
import pytest

from crnn.evaluation import robustness
from crnn.evaluation.robustness import ALTERATIONS
from crnn.image import read_grayscale
from crnn.inference.recognizer import Recognizer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(ROOT / "weights" / "CRNN.h5")


@pytest.mark.parametrize("shape", [(21, 300), (90, 700)])
@pytest.mark.parametrize("name", ALTERATIONS)
def test_every_alteration_gives_another_picture(name, shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = picture.copy()
    altered = ALTERATIONS[name](picture)
    assert altered.dtype == np.uint8 and altered.ndim == 2 and min(altered.shape) > 10
    np.testing.assert_array_equal(picture, before)
    assert np.array_equal(altered, picture) == (name == "as they are")


@pytest.mark.parametrize(
    "name", ["margins of 100 % above and below", "turned by -2 degrees", "40 % of other lines above and below"]
)
def test_what_preparation_undoes_does_not_change_the_text(name, recognizer):
    picture = read_grayscale(ROOT / "asset" / "poem.png")
    (plain,), (altered,) = recognizer.read([picture]), recognizer.read([ALTERATIONS[name](picture)])
    assert plain.text == altered.text


def test_a_missing_label_file_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["robustness", "none.tsv"])
    assert robustness.main() == 1
    assert "none.tsv" in capsys.readouterr().err
