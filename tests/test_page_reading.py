"""Whole pictures of lines of ``asset/``, turned or not, read with the shipped weights, and what is no text."""

from copy import copy
from dataclasses import replace

import cv2
import numpy as np
import pytest

from crnn.image import read_grayscale
from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import default_recognizer
from crnn.paths import ASSETS

NAMES = ("kai.png", "menu.png", "poem.png", "long.png", "title_bold.png", "english.jpg")


def read(image, mode="auto"):
    ((_, page),) = [page for pages in read_pages(default_recognizer(), [(0, image)], mode) for page in pages]
    return page


def lines_of_assets(names=NAMES):
    """Images of lines, each 40 rows high."""
    images = [read_grayscale(ASSETS / name) for name in names]
    return [cv2.resize(x, (round(40 * x.shape[1] / len(x)), 40), interpolation=cv2.INTER_AREA) for x in images]


def page_of(lines, gap=24, ground=255):
    """Lines one below the other."""
    picture = np.full((gap + sum(len(line) + gap for line in lines), 2 * gap + max(x.shape[1] for x in lines)), ground)
    top = gap
    for line in lines:
        picture[top : top + len(line), gap : gap + line.shape[1]] = line
        top += len(line) + gap
    return picture.astype(np.uint8)


@pytest.fixture(scope="module")
def upright():
    return read(page_of(lines_of_assets()))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_read_upright_and_its_lines_are_where_they_stand(upright, quarters):
    image = page_of(lines_of_assets())
    page = read(np.ascontiguousarray(np.rot90(image, -quarters)))
    assert upright.rotation == 0 and page.rotation == 90 * quarters
    assert page.text == upright.text and not page.is_line
    height, width = image.shape
    for line, same in zip(page.lines, upright.lines, strict=True):
        x0, y0, x1, y1 = same.box
        wanted = {
            1: (height - y1, x0, height - y0, x1),
            2: (width - x1, height - y1, width - x0, height - y0),
            3: (y0, width - x1, y1, width - x0),
        }[quarters]
        assert np.abs(np.subtract(line.box, wanted)).max() <= 3


def test_an_upright_strip_is_turned_before_its_rows_are_read():
    """Each character of it would be a line of its own."""
    strip = np.hstack([np.pad(line, ((4, 4), (0, 16)), "edge") for line in lines_of_assets(NAMES[:4])])
    columns = []
    reader = copy(default_recognizer())

    def counting(images):
        columns[-1] += len(images) * images.shape[2]
        return default_recognizer().engine.predict(images)

    reader.engine = replace(reader.engine, predict=counting, predict_in_thread=None)
    pages = []
    for image in (strip, np.ascontiguousarray(np.rot90(strip, -1))):
        columns.append(0)
        pages += [page for some in read_pages(reader, [(0, image)], "many") for _, page in some]
    assert [page.rotation for page in pages] == [0, 90]
    assert pages[0].text == pages[1].text
    assert columns[1] < 4 * columns[0]  # as it is, upside down, and turned in both ways


def test_what_is_no_text_gives_nothing():
    rng = np.random.default_rng(0)
    noise = rng.normal(128, 50, (400, 600)).clip(0, 255).astype(np.uint8)
    clouds = cv2.resize(rng.uniform(0, 255, (9, 13)).astype(np.uint8), (600, 400), interpolation=cv2.INTER_CUBIC)
    for image in (noise, clouds, np.full((400, 600), 255, np.uint8), noise[:60, :420], clouds[:60], clouds[:, :90]):
        for mode in ("auto", "many"):
            assert read(np.ascontiguousarray(image), mode).text == ""


def test_a_line_is_read_as_by_itself_and_two_are_a_page():
    kai, menu = lines_of_assets(NAMES[:2])
    assert read(kai).is_line and read(kai).text == read(kai, "one").text
    page = read(page_of([kai, menu], 20))
    assert not page.is_line and page.text.startswith(read(kai).text.replace(" ", "")[:8])


def test_a_picture_taken_for_a_line_is_a_page_where_that_is_read_clearly_better(monkeypatch):
    monkeypatch.setattr("crnn.inference.page.reader.is_single_line", lambda grey, lines: True)
    kai, menu = lines_of_assets(NAMES[:2])
    assert not read(page_of([kai, menu], 20)).is_line
    assert read(kai).is_line
