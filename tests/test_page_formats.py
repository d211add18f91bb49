"""hOCR and ALTO against the rules of their standards, on pages made here."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from crnn.inference.formats import FORMATS
from crnn.inference.page.line_box import LineBox, crop_line
from crnn.inference.page.page_text import PageLine, PageText
from crnn.inference.text_line import Character, TextLine

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
XHTML = "{http://www.w3.org/1999/xhtml}"
BOX = {"HPOS", "VPOS", "WIDTH", "HEIGHT"}
CHILDREN = {  # of elements of ALTO 4.4 that are written: which children they may have, in this order
    "alto": ["Description", "Layout"],
    "Description": ["MeasurementUnit"],
    "MeasurementUnit": [],
    "Layout": ["Page"],
    "Page": ["PrintSpace"],
    "PrintSpace": ["TextBlock"],
    "TextBlock": ["TextLine"],
    "TextLine": ["String", "SP"],
    "String": [],
    "SP": [],
}
REQUIRED = {"Page": {"ID", "PHYSICAL_IMG_NR"}, "TextBlock": {"ID"}, "String": {"CONTENT"}}
ALLOWED = {
    "alto": {"SCHEMAVERSION", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"},
    "Page": {"ID", "PHYSICAL_IMG_NR", "WIDTH", "HEIGHT"},
    "PrintSpace": BOX,
    "TextBlock": BOX | {"ID"},
    "TextLine": BOX | {"ID"},
    "String": BOX | {"ID", "CONTENT", "WC"},
    "SP": BOX,
}


def page_of(*lines):
    """A page of lines at y = 10, 50, ...: each a text and the confidence of its characters."""
    image = np.full((40 * len(lines) + 10, 300), 255, np.uint8)
    read = []
    for number, (text, confidence) in enumerate(lines):
        crop = crop_line(image, LineBox(20, 40 * number + 10, 220, 40 * number + 30, 0.0))
        height, width = crop.pixels.shape
        characters = tuple(Character(c, confidence, 10.0 * k, 10.0 * k + 9) for k, c in enumerate(text))
        read.append(PageLine(TextLine(characters, width, height), crop))
    return PageText(tuple(read), image, False)


def document(name, pages):
    """Pages of names in a format, parsed."""
    form = FORMATS[name]
    parts = [form.page(path, page, 0.1, number) for number, (path, page) in enumerate(pages, 1)]
    return ElementTree.fromstring((form.start + "".join(parts) + form.end).encode())


@pytest.fixture
def pages():
    return [
        ('a "<b>" -- \x01.png', page_of(("one & <two> 三四", 0.87), ("", 0.0), (" x ", 1.0))),
        ("empty.png", page_of()),
        ("scan.pdf#page=2", page_of(('"', 0.5))),
    ]


def test_alto_keeps_the_rules_of_its_schema(pages):
    root = document("alto", pages)
    assert root.tag == f"{ALTO}alto"
    names = []
    for element in root.iter():
        kind = element.tag.removeprefix(ALTO)
        kinds = [child.tag.removeprefix(ALTO) for child in element]
        assert set(kinds) <= set(CHILDREN[kind])
        assert REQUIRED.get(kind, set()) <= set(element.attrib) <= ALLOWED.get(kind, set())
        assert all(float(element.get(side, 0)) >= 0 for side in BOX) and 0 <= float(element.get("WC", 0)) <= 1
        if kind == "TextLine":  # one or more strings, a space after each at most
            assert re.fullmatch("(String,(SP,)?)+", "".join(f"{child}," for child in kinds))
        elif kind != "Layout" and kind != "TextBlock":
            assert [child for child in CHILDREN[kind] if child in kinds] == kinds
        names += [element.get("ID")] if "ID" in element.attrib else []
    assert len(names) == len(set(names)) and all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in names)
    assert [child.text for child in root.iter(f"{ALTO}MeasurementUnit")] == ["pixel"]
    assert [float(page.get("PHYSICAL_IMG_NR")) for page in root.iter(f"{ALTO}Page")] == [1, 2, 3]
    contents = [string.get("CONTENT") for string in root.iter(f"{ALTO}String")]
    assert contents == ["one", "&", "<two>", "三四", "x", '"']


def test_boxes_of_alto_lie_in_those_around_them(pages):
    def edges(element):
        x, y, width, height = (float(element.get(name, 0)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        return np.array([x, y, -x - width, -y - height])

    root = document("alto", pages)
    for outer in root.iter():
        for inner in outer:
            if inner.get("WIDTH") and outer.get("WIDTH"):
                assert (edges(inner) >= edges(outer) - 2).all()


def test_hocr_has_pages_lines_and_words_with_boxes_and_confidences(pages):
    root = document("hocr", pages)
    assert root.tag == f"{XHTML}html" and len({e.get("id") for e in root.iter() if e.get("id")}) == 13
    metas = {meta.get("name"): meta.get("content") for meta in root.iter(f"{XHTML}meta")}
    assert metas["ocr-system"] and metas["ocr-capabilities"].split() == ["ocr_page", "ocr_line", "ocrx_word"]
    by_class = {name: [e for e in root.iter() if e.get("class") == name] for name in metas["ocr-capabilities"].split()}
    titles = [page.get("title") for page in by_class["ocr_page"]]
    assert titles[0] == r'image "a %22<b>%22 -- \x01.png"; bbox 0 0 300 130; ppageno 0'
    assert [re.search(r"ppageno (\d+)", title)[1] for title in titles] == ["0", "1", "2"]
    assert len(by_class["ocr_line"]) == 4
    assert ["".join(word.itertext()) for word in by_class["ocrx_word"]] == ["one", "&", "<two>", "三四", "x", '"']
    assert re.fullmatch(r"bbox \d+ \d+ \d+ \d+; x_wconf 87", by_class["ocrx_word"][0].get("title"))
