"""Images that are read in another way than the usual one; the networks are fakes that know what they look at."""

import cv2
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.inference import views
from crnn.inference.engines import Engine
from crnn.inference.recognizer import Recognizer
from crnn.inference.views import prepare_views

CHARSET = Charset(["blank", *"abcdefgh"])
UPPER = {c: 20 + 15 * label for c, label in CHARSET.labels.items()}  # the grey of a character's upper half
LOWER = 3  # of its lower half
WIDTH, GAP, MARGIN = 8, 4, 12


def picture(text, above=8, below=8):
    """Characters as blocks of sixteen rows, the upper eight in their own grey."""
    columns = [255] * MARGIN
    for character in text:
        columns += [UPPER[character]] * WIDTH + [255] * GAP
    upper = np.uint8(columns + [255] * MARGIN)
    lower = np.where(upper < 255, LOWER, 255).astype(np.uint8)
    white = np.full((1, len(upper)), 255, np.uint8)
    return np.vstack([*[white] * above, *[upper] * 8, *[lower] * 8, *[white] * below])


def knows_what_is_up(images):
    """Read characters by the grey of their upper halves; lower halves there could be two characters."""
    grey = images[:, 12, 4:-4:4, 0]
    probabilities = np.zeros((*grey.shape, CHARSET.classes), np.float32)
    for at in np.ndindex(grey.shape):
        if grey[at] < 15:
            probabilities[at][[1, 2]] = 0.55, 0.45
        else:
            probabilities[at][round((grey[at] - 20) / 15) if grey[at] < 160 else CHARSET.blank] = 1
    return probabilities


def recognizer(network, calls=None):
    def predict(images):
        if calls is not None:
            calls.append(images)
        return network(images)

    return Recognizer(charset=CHARSET, engine=Engine(predict), decoding="greedy")


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_image_is_read_upright_and_its_boxes_are_where_the_characters_are(quarters):
    text = "abcdefgh"
    upright = np.kron(picture(text), np.ones((2, 2), np.uint8))
    image = np.ascontiguousarray(np.rot90(upright, -quarters))
    (line,) = recognizer(knows_what_is_up).read([image])
    assert line.text == text and line.rotation == 90 * quarters
    assert (line.height, line.width) == image.shape
    for character in line.characters:
        left, top, right, bottom = line.box(character)
        rows, columns = np.where(image == UPPER[character.text])
        assert left <= columns.min() and columns.max() < right and top <= rows.min() and rows.max() < bottom


@pytest.mark.parametrize("text", ["abc", ""])
def test_what_is_too_short_to_be_sure_is_not_turned(text):
    image = np.ascontiguousarray(np.rot90(picture(text), 2))
    (line,) = recognizer(knows_what_is_up).read([image])
    assert line.rotation == 0


def test_a_convincing_line_is_read_once():
    calls = []
    (line,) = recognizer(knows_what_is_up, calls).read([picture("abcdefgh", 60, 60)])
    assert line.text == "abcdefgh" and sum(map(len, calls)) == 1


def knows_marks(images):
    """Take what fills the rows for an unsure ``a``, what is low for a ``b``."""
    dark = (images[:, :, 4:-4:4, 0] < 128).sum(axis=1)
    probabilities = np.zeros((*dark.shape, CHARSET.classes), np.float32)
    probabilities[dark == 0, CHARSET.blank] = 1
    probabilities[dark > 8] = np.eye(CHARSET.classes)[[1, 2]].T @ [0.6, 0.4]
    probabilities[(dark > 0) & (dark <= 8), 2] = 1
    return probabilities


@pytest.mark.parametrize(("rows", "said"), [(4, "bbb"), (24, "aaa")], ids=["marks", "letters"])
def test_small_marks_are_read_with_their_margins(rows, said):
    image = np.full((52, 100), 255, np.uint8)
    for start in (20, 40, 60):
        image[26 - rows // 2 : 26 + rows // 2, start : start + 12] = 0
    (line,) = recognizer(knows_marks).read([image])
    assert line.text == said


@pytest.mark.parametrize(("count", "said"), [(10, "b"), (3, "a")])
def test_broken_ink_is_read_smoothed_where_there_is_enough_of_it(count, said):
    def knows_strokes(images):
        rows = images[:, 8:24, 4:-4:4, 0]
        dark, broken = rows.mean(axis=1) < 200, np.ptp(rows, axis=1) > 100
        probabilities = np.zeros((*dark.shape, CHARSET.classes), np.float32)
        probabilities[~dark, CHARSET.blank] = 1
        probabilities[dark & broken] = np.eye(CHARSET.classes)[[1, 3]].T @ [0.6, 0.4]
        probabilities[dark & ~broken, 2] = 1
        return probabilities

    image = np.full((32, 20 + 12 * count), 255, np.uint8)
    for k in range(count):
        image[::2, 10 + 12 * k : 18 + 12 * k] = 0
    (line,) = recognizer(knows_strokes).read([image])
    assert line.text == said * count


@pytest.mark.parametrize(("large", "small", "said"), [("X", "x", "xxx"), ("A", "a", "AAA")])
def test_letters_that_are_others_in_another_size_are_read_with_their_margins(large, small, said):
    charset = Charset(["blank", large, small])

    def knows_sizes(images):
        dark = (images[:, :, 4:-4:4, 0] < 128).sum(axis=1)
        classes = np.where(dark > 8, 1, np.where(dark > 0, 2, charset.blank))
        return np.eye(charset.classes, dtype=np.float32)[classes]

    image = np.full((52, 100), 255, np.uint8)
    for start in (20, 40, 60):
        image[21:31, start : start + 12] = 0
    (line,) = Recognizer(charset=charset, engine=Engine(knows_sizes), decoding="greedy").read([image])
    assert line.text.replace(" ", "") == said


def noise_of(kind, width):
    rng = np.random.default_rng(0)
    return {
        "pixels": lambda: rng.integers(0, 256, (32, width), np.uint8),
        "blocks": lambda: np.kron(rng.integers(0, 2, (16, width // 2), np.uint8) * 200, np.ones((2, 2), np.uint8)),
        "blurred": lambda: cv2.GaussianBlur(rng.integers(0, 256, (32, width), np.uint8), (0, 0), 3),
        "stripes": lambda: np.repeat(rng.integers(0, 256, (1, width), np.uint8), 32, axis=0),
        "with margins": lambda: np.pad(rng.integers(0, 256, (32, width), np.uint8), ((24, 24), (0, 0)), "maximum"),
    }[kind]()


@pytest.mark.parametrize("width", [100, 200, 400, 1000, 2000, 12_000])
@pytest.mark.parametrize("kind", ["pixels", "blocks", "blurred", "stripes", "with margins"])
@pytest.mark.parametrize("promise", [0.4, 6.0], ids=["poor", "promising"])
def test_noise_is_read_three_times_at_most(kind, width, promise):
    """Of a longer line a part is looked at in other ways, and one of them read whole, however promising they are."""
    image, columns = noise_of(kind, width), 0

    def sees_much_in_noise(images):
        nonlocal columns
        columns += len(images) * images.shape[2]
        seen = images[:, 8:24, 4:-4:4, 0].astype(int).sum(axis=1)
        likely = np.random.default_rng(seen.sum()).dirichlet(np.full(CHARSET.classes, 0.4), seen.shape)
        if columns > usual:  # one of the other views
            likely = likely**promise
        return (likely / likely.sum(axis=-1, keepdims=True)).astype(np.float32)

    prepared = prepare_views(image)
    usual = sum(piece.width for piece in prepared.usual.pieces)
    recognizer(sees_much_in_noise).read(image)
    is_short = prepared.usual.line.shape[1] < 2 * views.MIN_PART
    limit = 3 if prepared.with_margins is None else 4 if is_short else 3.11
    assert usual < columns <= limit * usual


def test_a_line_beyond_a_limit_is_read_once(monkeypatch):
    monkeypatch.setattr(views, "MAX_LOOKED", 1000)
    calls = []
    image = noise_of("blocks", 1200)
    recognizer(knows_what_is_up, calls).read(image)
    assert sum(len(images) * images.shape[2] for images in calls) == sum(
        piece.width for piece in prepare_views(image).usual.pieces
    )


@pytest.mark.parametrize("rotation", [0, 180])
def test_a_long_line_that_is_turned_is_read_whole(rotation):
    text = "abcdefgh" * 40
    image = np.ascontiguousarray(np.rot90(np.kron(picture(text), np.ones((2, 2), np.uint8)), rotation // 90))
    calls = []
    line = recognizer(knows_what_is_up, calls).read(image)
    assert line.text == text and line.rotation == rotation
    pieces = len(prepare_views(image).usual.pieces)
    assert pieces > 2 and (sum(map(len, calls)) == pieces) == (rotation == 0)
