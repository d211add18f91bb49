"""What --draw and --html write, from texts made here, and as a browser shows it."""

import json
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest

from crnn.inference.drawing import COLORS, Drawings, draw_page
from crnn.inference.html_report import HtmlReport
from crnn.inference.page.line_box import LineBox, crop_line
from crnn.inference.page.page_text import PageLine, PageText
from crnn.inference.text_line import Character, TextLine
from crnn.tools.render_in_browser import PROGRAMS

SVG = "{http://www.w3.org/2000/svg}"
BROWSER = next(filter(None, map(shutil.which, PROGRAMS)), None)


def page_of(*lines):
    """A page of lines, each a text and the confidence of its characters."""
    image = np.full((40 * len(lines), 300), 255, np.uint8)
    read = []
    for number, (text, confidence) in enumerate(lines):
        crop = crop_line(image, LineBox(20, 40 * number + 10, 220, 40 * number + 30))
        height, width = crop.pixels.shape
        characters = tuple(Character(c, confidence, 10.0 * k, 10.0 * k + 9) for k, c in enumerate(text))
        read.append(PageLine(TextLine(characters, width, height), crop))
    return PageText(tuple(read), image, False)


def test_a_drawing_has_the_image_its_lines_and_their_text():
    drawing = ElementTree.fromstring(draw_page(page_of(("a<b 字", 0.95), ("c", 0.3))))
    assert ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")] == ["a<b 字", "c"]
    (image,) = drawing.iter(f"{SVG}image")
    assert image.get("href").startswith("data:image/png;base64,") and image.get("width") == "300"
    fills = [rectangle.get("fill") for rectangle in drawing.iter(f"{SVG}rect")]
    assert fills.count("none") == 2 and fills.count(COLORS[0]) == 4 and fills.count(COLORS[2]) == 1
    for text in drawing.iter(f"{SVG}text"):
        assert int(text.get("x")) > 300 and int(text.get("y")) < 80


def test_drawings_are_named_as_their_images(tmp_path):
    drawings = Drawings(tmp_path / "new" / "folder")
    for path in ("a/x.png", "b/x.png", "https://example.org/y.png?z=1"):
        drawings.add(path, page_of(("a", 0.9)))
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["x.png-2.svg", "x.png.svg", "y.png_z_1.svg"]


@pytest.fixture
def report(tmp_path):
    """A report about three lines of two images."""
    report = HtmlReport(tmp_path / "report.html")
    report.add("sure.png", page_of(("sure & 明白", 0.99), ("half", 0.6)))
    report.add("doubt.png", page_of(("doubt", 0.25)))
    report.finish()
    return report


def test_the_report_begins_with_the_least_confident_line(report):
    page = report.file.read_text(encoding="utf-8")
    assert page.index("doubt.png") < page.index("0.600") < page.index("0.990")
    assert page.count("data:image/png;base64,") == 3 and "http" not in page.replace("https://www.w3.org", "")
    assert "&amp;" in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_filters_the_report_by_confidence(report):
    probe = """<script>
      const first = line => line.innerText.split("\\n")[0];
      const say = () => [...document.querySelectorAll("li")].filter(x => !x.hidden).map(first);
      const all = say(); limit.value = 0.7; limit.oninput();
      const loaded = [...document.images].every(x => x.complete && x.naturalWidth > 0);
      document.title = JSON.stringify({all, few: say(), shown: shown.value, loaded});</script>"""
    page = report.file.read_text(encoding="utf-8").replace("</body>", probe + "</body>")
    report.file.write_text(page, encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", report.file.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120).stdout
    seen = json.loads(dom.split("<title>")[1].split("</title>")[0].replace("&amp;", "&"))
    assert seen["all"] == ["doubt", "half", "sure & 明白"] and seen["few"] == ["doubt", "half"]
    assert seen["shown"] == "0.7: 2 lines" and seen["loaded"]
