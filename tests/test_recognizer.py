import numpy as np
import pytest

from crnn.charset import SPACE, Charset
from crnn.inference import line_splitting
from crnn.inference.engines import Engine
from crnn.inference.recognizer import Recognizer
from crnn.inference.windows import BATCH_COLUMNS, WINDOW_COLUMNS
from crnn.normalization import RIGHT_PADDING

CHARSET = Charset(["blank", *"abcde的重，"])
LETTER = {c: 10 * label for c, label in CHARSET.labels.items()}  # the grey by which the fake knows it
BETWEEN_WORDS = 230  # likewise: lighter than all ink


def fake(images):
    """A network that knows a character by its grey, sure of it by 0.95."""
    grey = images[:, 16, 4:-4:4, 0]
    classes = np.where(grey < 150, np.rint(grey / 10).astype(int), CHARSET.blank)
    classes[np.abs(grey - BETWEEN_WORDS) < 10] = SPACE
    probabilities = np.full((*classes.shape, CHARSET.classes), 0.05 / CHARSET.blank)
    np.put_along_axis(probabilities, classes[..., None], 0.95, -1)
    return probabilities


def picture(text, gap=4, width=8, margin=10):
    """Characters as blocks of their grey, ``gap`` columns apart; a space is 12 columns wide."""
    columns = [255] * margin
    for character in text:
        columns += [BETWEEN_WORDS] * 12 if character == " " else [LETTER[character]] * width + [255] * gap
    return np.tile(np.uint8(columns + [255] * margin), (32, 1))


@pytest.fixture
def recognizer():
    return Recognizer(charset=CHARSET, engine=Engine(fake), decoding="greedy")


@pytest.mark.parametrize("text", ["abc", "aa", "的重", "a"])
def test_reads_in_order(recognizer, text):
    assert recognizer.read([picture(text)])[0].text == text


def test_company_changes_nothing(recognizer):
    pictures = [picture(text) for text in ("abc", "的重，a", "edcba" * 12, "b")]
    alone = [recognizer.read([p])[0] for p in pictures]
    assert recognizer.read(pictures) == alone


@pytest.mark.parametrize("longest", [80, 150, 400])
@pytest.mark.parametrize("text", ["abcd " * 11 + "e", "的重" * 30, "ab的 c，" * 9 + "d"])
def test_a_line_says_in_pieces_what_it_says_whole(recognizer, monkeypatch, text, longest):
    (whole,) = recognizer.read([picture(text)])
    monkeypatch.setattr(line_splitting, "MAX_PIECE", longest)
    (in_pieces,) = recognizer.read([picture(text)])
    assert in_pieces == whole
    assert whole.text == text


def test_a_piece_is_read_with_what_is_beside_it(monkeypatch):
    def blind_at_the_edges(images):
        probabilities = fake(images)
        for edge in (slice(0, 12), slice(-12 - RIGHT_PADDING // 4, None)):
            probabilities[:, edge] = np.eye(CHARSET.classes)[CHARSET.blank]
        return probabilities

    monkeypatch.setattr(line_splitting, "MAX_PIECE", 160)
    text = "abcde" * 16
    assert (
        Recognizer(charset=CHARSET, engine=Engine(blind_at_the_edges), decoding="greedy")
        .read([picture(text, margin=80)])[0]
        .text
        == text
    )


def test_a_space_is_seen_between_words(recognizer):
    for text, gap, said in (("aa bb", 4, "aa bb"), ("的的 重重", 4, "的的 重重"), ("的的重重", 16, "的的重重")):
        assert recognizer.read([picture(text, gap)])[0].text == said


@pytest.mark.parametrize(("places", "said"), [([2], "abcdea"), ([0, 2], "a bc dea")], ids=["one", "two"])
def test_a_blank_no_wider_than_the_gaps_between_letters_is_none(recognizer, places, said):
    gap, width, margin = 8, 8, 10
    line = picture("abcdea", gap, width, margin)
    for place in places:
        start = margin + place * (width + gap) + width
        line[:, start : start + gap] = BETWEEN_WORDS
    assert recognizer.read([line])[0].text == said


def test_positions_are_those_of_the_source_picture(recognizer):
    small = picture("abc")
    large = np.kron(small, np.ones((3, 3), np.uint8))
    line = recognizer.read([large])[0]
    assert (line.width, line.height) == (large.shape[1], 96)
    for number, character in enumerate(line.characters):
        middle = 3 * (10 + 12 * number + 4)
        assert character.x0 < middle < character.x1
        assert character.confidence == pytest.approx(0.95)
    assert line.confidence == pytest.approx(0.95)


def test_an_empty_line_has_no_text_and_no_confidence(recognizer):
    line = recognizer.read([np.full((32, 100), 255, np.uint8)])[0]
    assert line.text == "" and line.confidence == 0 and line.characters == ()


def test_no_pictures(recognizer):
    assert recognizer.read([]) == []


def test_a_picture_of_one_pixel(recognizer):
    assert recognizer.read([np.zeros((1, 1), np.uint8)])[0].text is not None


def test_many_pictures_are_drawn_as_they_are_needed_and_come_out_in_order(recognizer):
    texts = ["abcde"[k % 5] * (1 + k % 7) for k in range(1200)]
    drawn = []

    def pictures():
        for text in texts:
            drawn.append(text)
            yield picture(text)

    said = []
    for lines in recognizer.read_stream(enumerate(pictures())):
        said += [line.text for _, line in lines]
        # no more windows of the narrowest than are read at the same time, with the next one and the one after it
        assert len(drawn) - len(said) <= (recognizer.engine.threads + 3) * WINDOW_COLUMNS // 64
    assert said == texts


def test_a_very_long_line_goes_through_in_small_batches():
    sizes = []

    def watching(images):
        sizes.append(images.shape[0] * images.shape[2])
        return fake(images)

    text = "abcde" * 3400
    long = picture(text)
    long[:4] = 255  # else the blocks, as high as the line, count as gaps between light letters
    assert long.shape[1] > 200_000
    (line,) = Recognizer(charset=CHARSET, engine=Engine(watching), decoding="greedy").read([long])
    assert line.text == text
    assert max(sizes) <= BATCH_COLUMNS and line.characters[-1].x1 > 200_000
