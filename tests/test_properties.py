"""What holds for every text and every line, on examples that hypothesis chooses; the same ones each time."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn.charset import Charset
from crnn.evaluation.metrics import edit_distance
from crnn.image import read_grayscale
from crnn.inference.engines import Engine
from crnn.inference.line_splitting import MAX_PIECE, find_gaps, split_at_gaps, split_line
from crnn.inference.recognizer import Recognizer
from crnn.paths import ASSETS, DEFAULT_CHARSET
from tests.test_recognizer import CHARSET, fake, picture

ALIKE = 23  # of the 24 images of asset/, whose text an alteration keeps
TABLE = Charset.from_file(DEFAULT_CHARSET)
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")

texts_of_the_table = st.text(st.sampled_from(TABLE.characters[1:]), max_size=60)
short_texts = st.text(st.sampled_from("abcde的重，"), min_size=1, max_size=12)


@cache
def images():
    return [read_grayscale(path) for path in sorted(ASSETS.glob("*.[jp]*g"))]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture(scope="module")
def texts(recognizer):
    return [line.text for line in recognizer.read(images())]


@given(texts_of_the_table)
def test_what_is_encoded_is_decoded_to_the_same(text):
    assert TABLE.decode(TABLE.encode(text)) == text


@given(st.text(max_size=60))
def test_a_folded_text_can_be_encoded_and_is_folded_once(text):
    folded = TABLE.fold(text)
    assert TABLE.fold(folded) == folded


@given(texts_of_the_table, texts_of_the_table, texts_of_the_table)
@settings(max_examples=50)
def test_the_edit_distance_is_a_distance(a, b, c):
    assert edit_distance(a, b) == edit_distance(b, a) <= max(len(a), len(b))
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@given(st.integers(1, 4000), st.integers(0, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_pieces_joined_are_the_line(width, words, seed):
    rng = np.random.default_rng(seed)
    line = np.full((32, width), 255, np.uint8)
    for start in rng.integers(width, size=words):
        line[6:26, start : start + rng.integers(1, 200)] = rng.integers(0, 200)
    for ranges in (split_at_gaps(line), split_at_gaps(line, find_gaps(line), MAX_PIECE, MAX_PIECE)):
        np.testing.assert_array_equal(np.hstack([line[:, start:end] for start, end in ranges]), line)
    pieces = split_line(line, line.shape).pieces
    assert all(len(piece.pixels) == 32 and piece.width > piece.last - piece.first for piece in pieces)
    for piece in pieces:
        np.testing.assert_array_equal(piece.pixels[:, : piece.last - piece.first], line[:, piece.first : piece.last])
    assert pieces[0].own[0] == -np.inf and pieces[-1].own[1] == np.inf
    assert all(left.own[1] == right.own[0] for left, right in zip(pieces[:-1], pieces[1:], strict=True))


@given(st.lists(short_texts, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_lines_read_alone_together_and_shuffled_are_the_same(texts, random):
    reader = Recognizer(charset=CHARSET, engine=Engine(fake), decoding="greedy")
    order = random.sample(range(len(texts)), len(texts))
    lines = [picture(text) for text in texts]
    assert [reader.read(line).text for line in lines] == texts
    assert [line.text for line in reader.read(lines)] == texts
    assert [line.text for line in reader.read([lines[at] for at in order])] == [texts[at] for at in order]


@given(st.permutations(range(24)), st.integers(1, 4))
@settings(max_examples=4)
def test_images_read_alone_together_and_shuffled_are_the_same(recognizer, texts, order, count):
    some = order[:count]
    assert [recognizer.read(images()[at]).text for at in some] == [texts[at] for at in some]
    assert [line.text for line in recognizer.read([images()[at] for at in some])] == [texts[at] for at in some]


def enlarged(factor):
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "alter",
    [lambda image: 255 - image, enlarged(2), enlarged(3), enlarged(4)],
    ids=["inverted", "2 times", "3 times", "4 times"],
)
def test_inverted_and_enlarged_images_have_the_same_text(recognizer, texts, alter):
    after = [line.text for line in recognizer.read([alter(image) for image in images()])]
    assert sum(a == b for a, b in zip(texts, after, strict=True)) >= ALIKE
