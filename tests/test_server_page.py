"""The page of ``crnn serve``, in a real browser."""

import base64
import shutil

import cv2
import numpy as np
import pytest

from crnn.image import read_grayscale
from crnn.paths import ASSETS
from tests.browser import PROGRAM, Browser
from tests.serving import LABELS, serving

pytestmark = pytest.mark.skipif(PROGRAM is None or shutil.which("bash") is None, reason="no Chromium here")
TEN = (
    "economics.jpg economics_1.jpg english.jpg etc.jpg finance.jpg kai.png pdf_abstract.png phone.png sohu.jpg "
    "title_bold.png"
).split()


@pytest.fixture(scope="module")
def address():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def page_of_ten_lines(tmp_path_factory):
    """Ten images of lines, one below the other."""
    path = tmp_path_factory.mktemp("page") / "page.png"
    images = [read_grayscale(ASSETS / name) for name in TEN]
    width = max(image.shape[1] for image in images) + 40
    rows = [np.pad(image, ((14, 14), (20, width - 20 - image.shape[1])), constant_values=255) for image in images]
    cv2.imwrite(str(path), np.concatenate(rows))
    return path


@pytest.fixture
def browser(address, tmp_path):
    with Browser(tmp_path / "profile") as browser:
        browser.open(address)
        yield browser
        assert browser.messages == []


def texts(browser):
    """The lines that the page shows."""
    return browser.run("[...document.querySelectorAll('li b')].map(line => line.textContent)")


def send(browser, event, path):
    """Have a picture dropped or pasted."""
    data = base64.b64encode(path.read_bytes()).decode()
    transfer = "clipboardData" if event == "ClipboardEvent" else "dataTransfer"
    name = "paste" if event == "ClipboardEvent" else "drop"
    browser.run(f"""{{
        const bytes = Uint8Array.from(atob("{data}"), c => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "{path.name}", {{type: "image/png"}}));
        dispatchEvent(new {event}("{name}", {{{transfer}: transfer, bubbles: true, cancelable: true}}));
    }}""")


def choose(browser, path):
    node = browser.call("DOM.getDocument")["root"]["nodeId"]
    node = browser.call("DOM.querySelector", nodeId=node, selector="#file")["nodeId"]
    browser.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)


def test_a_dropped_page_shows_its_lines_in_order_with_boxes(browser, page_of_ten_lines):
    send(browser, "DragEvent", page_of_ten_lines)
    browser.wait("document.getElementById('status').textContent == 'Done: 10 lines.'")
    shown = texts(browser)
    assert sum(text == LABELS[name] for text, name in zip(shown, TEN, strict=True)) >= 9
    boxes = browser.run("""[...document.querySelectorAll('rect')].map(box => {
        const place = box.getBoundingClientRect();
        const image = document.querySelector('.picture img').getBoundingClientRect();
        return [place.top - image.top, image.bottom - place.bottom, place.left - image.left, image.right - place.right];
    })""")
    assert len(boxes) == 10 and np.min(boxes) > -2  # within the picture
    assert np.all(np.diff([top for top, *_ in boxes]) > 0)
    confidences = browser.run("[...document.querySelectorAll('li em')].map(one => one.textContent)")
    assert all(0 < float(one.removesuffix(" %")) <= 100 for one in confidences)


def test_pictures_are_pasted_and_chosen(browser):
    send(browser, "ClipboardEvent", ASSETS / "kai.png")
    browser.wait("document.getElementById('status').textContent == 'Done: 1 line.'")
    assert texts(browser) == [LABELS["kai.png"]]
    choose(browser, ASSETS / "phone.png")
    browser.wait("document.querySelectorAll('li').length == 2")
    assert texts(browser) == [LABELS["phone.png"], LABELS["kai.png"]]  # the latest one first


def test_what_is_no_picture_is_said_to_be_none(browser, tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(b"no picture")
    choose(browser, path)
    browser.wait("document.querySelector('.error')")
    assert "not a picture" in browser.run("document.querySelector('.error').textContent")
    noted = [message["entry"]["text"] for message in browser.messages]
    assert all("422" in text for text in noted)
    browser.messages.clear()


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_telephone(address, tmp_path, page_of_ten_lines, dark):
    with Browser(tmp_path / "profile", width=390, dark=dark) as browser:
        browser.open(address)
        choose(browser, page_of_ten_lines)
        browser.wait("document.querySelectorAll('li').length == 10")
        assert browser.run("document.documentElement.scrollWidth") <= 390
        back = browser.run("getComputedStyle(document.body).backgroundColor").removeprefix("rgb(").split(",")[0]
        assert (int(back) < 128) == dark
        assert browser.run("Math.min(...[...document.querySelectorAll('button')].map(b => b.offsetHeight))") >= 36
