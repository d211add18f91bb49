import pytest

from crnn.inference.assembly import with_euro_signs
from crnn.inference.recognizer import Recognizer
from crnn.inference.text_line import Character


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


def test_what_is_restricted_to_the_table_has_no_euro_signs():
    reader = Recognizer()
    assert reader.has_euros and not reader.restricted("0123456789∈").has_euros
    assert reader.restricted("0123456789€").has_euros
