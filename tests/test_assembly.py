import numpy as np
import pytest

from crnn.charset import Charset
from crnn.ctc import Run
from crnn.inference.assembly import assemble, with_euro_signs
from crnn.inference.line_splitting import split_line
from crnn.inference.recognizer import Recognizer
from crnn.inference.text_line import Character
from crnn.paths import DEFAULT_CHARSET

CHARSET = Charset.from_file(DEFAULT_CHARSET)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ("∈ 717,97", "€ 717,97"),
        ("Total ∈3.50 of ∈ 9", "Total €3.50 of € 9"),
        ("12,50 ∈", "12,50 €"),
        ("12∈", "12€"),
        ("x∈A", "x∈A"),  # of set theory
        ("3 ∈ S", "3 ∈ S"),
        ("", ""),
    ],
)
def test_an_element_sign_beside_a_number_is_a_euro_sign(read, said):
    characters = [Character(c, 0.9, 4.0 * at, 4.0 * at + 4) for at, c in enumerate(read)]
    written = with_euro_signs(characters)
    assert "".join(c.text for c in written) == said
    assert [(c.x0, c.confidence) for c in written] == [(c.x0, c.confidence) for c in characters]


@pytest.mark.parametrize(
    ("seen", "allowed", "said"),
    [
        ("∈12", None, "€12"),
        ("∈12", "0123456789€", "€12"),
        ("∈12", "0123456789∈", "∈12"),
        ("——A", None, "--A"),
        ("——A", "A-—", "--A"),
        ("——A", "A—", "——A"),
    ],
)
def test_no_correction_writes_what_is_not_allowed(seen, allowed, said):
    pixels = np.full((32, 120), 255, np.uint8)
    pixels[15:18, 4:16] = pixels[15:18, 20:32] = pixels[4:28, 40:60] = 0
    prepared = split_line(pixels, pixels.shape)
    (piece,) = prepared.pieces
    piece.runs = [Run(CHARSET.labels[c], 2 + 4 * at, 3 + 4 * at, 0.9) for at, c in enumerate(seen)]
    assert assemble(prepared, CHARSET, allowed and frozenset(allowed)).text == said


def test_a_restricted_recognizer_allows_what_was_named_and_what_stands_for_it():
    assert Recognizer().restricted("1€\u3000").allowed == {"1", "€", "∈", "\u3000", " "}
