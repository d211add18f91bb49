import math
import string

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.inference.beam_search import BeamDecoder
from crnn.inference.capitals import CapitalsLM
from crnn.inference.ngram_lm import NGrams
from crnn.inference.recognizer import Recognizer

TABLE = Charset(["blank", *string.ascii_letters, *"0123456789."])
TEXT = "the water is warm. The water was cold in 2020. " * 20 + "A B " * 5


@pytest.fixture(scope="module")
def ngrams():
    return NGrams.from_texts([TEXT, string.ascii_letters], TABLE, min_counts=(1,) * 6)


@pytest.fixture(scope="module")
def capitals(ngrams):
    return CapitalsLM(ngrams, TABLE)


def score(lm, text):
    *history, last = TABLE.encode(text)
    return lm.lm_score(tuple(history), last)


def test_a_word_in_capitals_is_as_likely_as_in_small_letters(ngrams, capitals):
    assert score(ngrams, "WATER") < 1 < score(capitals, "WATER")
    assert score(capitals, "WATER") > score(capitals, "WATEX")
    assert score(capitals, "THE W") > score(ngrams, "THE W")


@pytest.mark.parametrize("text", ["water", "Water", "Wa", "W", "A B", "water W", "20", "in 2", "WAt e"])
def test_all_else_is_scored_as_by_the_ngrams(ngrams, capitals, text):
    assert score(capitals, text) == score(ngrams, text)


def test_a_small_letter_after_capitals_loses_what_they_share(ngrams, capitals):
    assert score(capitals, "WATe") == pytest.approx(score(ngrams, "WATe") - math.log(2))


def test_probabilities_after_capitals_sum_to_one_at_most(ngrams, capitals):
    history = tuple(TABLE.encode("WATE"))
    alone = [math.exp(-ngrams.max_score(label)) for label in range(len(TABLE))]
    after = [math.exp(capitals.lm_score(history, label)) * p for label, p in enumerate(alone)]
    assert 0.9 < sum(after) <= 1 + 1e-9


def test_no_score_is_above_the_greatest(ngrams, capitals):
    for history in ("WATE", "TH", "THE "):
        labels = tuple(TABLE.encode(history))
        assert all(capitals.lm_score(labels, label) <= ngrams.max_score(label) for label in range(len(TABLE)))


def test_a_table_without_small_letters_has_nothing_to_mix(ngrams):
    table = Charset(["blank", *"ABC"])
    counted = NGrams.from_texts(["ABCABC"], table, min_counts=(1, 1))
    assert CapitalsLM(counted, table).lm_score((1, 2), 3) == counted.lm_score((1, 2), 3)


def test_the_beam_reads_a_heading_by_its_words(ngrams, capitals):
    steps = [{c: 1.0} for c in "THE WAT"] + [{"E": 0.45, "F": 0.55}] + [{"R": 1.0}]
    probabilities = np.full((2 * len(steps), TABLE.classes), 1e-9, np.float32)  # the blank is the last class
    for at, step in enumerate(steps):
        for character, likely in step.items():
            probabilities[2 * at, TABLE.labels[character]] = likely
        probabilities[2 * at + 1, -1] = 1
    read = {
        lm: TABLE.decode([run.label for run in BeamDecoder(TABLE, lm.lm_score)(probabilities)])
        for lm in (ngrams, capitals)
    }
    assert read == {ngrams: "THE WATFR", capitals: "THE WATER"}


def test_the_recognizer_reads_with_it():
    assert isinstance(Recognizer().decode.lm_score.__self__, CapitalsLM)
