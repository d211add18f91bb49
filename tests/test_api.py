"""``crnn.read`` and ``crnn.Recognizer``, with the shipped weights."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import crnn
from crnn.inference import recognizer as module
from crnn.inference.engines import load_engine, one_at_a_time

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "asset"
LABELS = dict(row.split("\t") for row in (ASSETS / "labels.tsv").read_text(encoding="utf-8").splitlines())
IMPORT_SECONDS = 0.1


@pytest.fixture(scope="module")
def reader():
    return crnn.Recognizer()


def test_read_loads_the_network_once(monkeypatch):
    loaded = []
    monkeypatch.setattr(module, "load_engine", lambda *given: loaded.append(given) or load_engine(*given))
    monkeypatch.setattr(module, "default_recognizer", one_at_a_time(cache(crnn.Recognizer)))  # not loaded yet
    with ThreadPoolExecutor(3) as pool:
        lines = list(pool.map(crnn.read, 3 * [str(ASSETS / "price.png")]))
    assert [line.text for line in lines] == 3 * [LABELS["price.png"]]
    assert len(loaded) == 1


def test_one_image_gives_a_line_and_several_a_list(reader):
    path = ASSETS / "kai.png"
    line = reader.read(path)
    assert isinstance(line, crnn.TextLine) and line.text == LABELS["kai.png"]
    several = [path, path.read_bytes(), cv2.imread(str(path))]
    assert reader.read(several) == reader.read(image for image in several) == 3 * [line]
    assert reader.read([path]) == [line] and reader.read([]) == []


def test_an_image_that_cannot_be_read_raises(reader):
    with pytest.raises(crnn.ImageError, match=r"missing\.png: No such file"):
        reader.read([ASSETS / "kai.png", "missing.png"])


def test_threads_share_a_recognizer(reader):
    paths = sorted(ASSETS.glob("*.jpg"))[:4]
    alone = [reader.read(path).text for path in paths]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: reader.read(paths[number % 4]).text, range(12)))
    assert together == 3 * alone


def test_results_are_small_and_frozen(reader):
    line = reader.read(ASSETS / "long.png")
    character = line.characters[0]
    assert len(repr(line)) < 100 and line.text.startswith(repr(line)[len("TextLine('") :][:20])
    assert len(repr(character)) < 100 and repr(character).startswith(f"Character({character.text!r}, confidence=")
    for frozen in (line, character):
        with pytest.raises(FrozenInstanceError):
            frozen.text = ""


def test_a_result_becomes_json(reader):
    line = reader.read(ASSETS / "kai.png")
    record = json.loads(json.dumps(line.to_dict()))
    assert record["text"] == line.text and record["confidence"] == pytest.approx(line.confidence, abs=1e-4)
    assert [character["text"] for character in record["characters"]] == list(line.text)
    for box, character in zip((c["box"] for c in record["characters"]), line.characters, strict=True):
        assert box == [pytest.approx(character.x0, abs=0.1), 0, pytest.approx(character.x1, abs=0.1), line.height]


def drawn(text):
    image = np.full((60, 40 + 28 * len(text)), 255, np.uint8)
    return cv2.putText(image, text, (20, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 2, cv2.LINE_AA)


def test_allow_restricts_what_comes_out(reader):
    image = drawn("O12S-B")
    assert not set(reader.read(image).text) <= set("0123456789")
    line = reader.read(image, allow="0123456789")
    assert set(line.text) <= set("0123456789") and "12" in line.text
    assert min(character.confidence for character in line.characters) < 0.5  # the network saw something else


def test_allow_leaves_what_it_allows_as_it_is(reader):
    line = reader.read(ASSETS / "price.png")
    assert reader.read(ASSETS / "price.png", allow=line.text).text == line.text
    (whole,) = reader.read([ASSETS / "price.png"], allow="".join(reader.charset.characters))
    assert whole.text == line.text and whole.confidence == pytest.approx(line.confidence, abs=1e-5)
    assert " " not in reader.read(ASSETS / "english.jpg", allow="abcdefghijklmnopqrstuvwxyz").text
    assert reader.read(ASSETS / "price.png") == line


@pytest.mark.parametrize(("allow", "message"), [("", "name at least one"), ("0₿", "the table of labels has no '₿'")])
def test_what_cannot_be_allowed_is_refused(reader, allow, message):
    with pytest.raises(ValueError, match=message):
        reader.read(ASSETS / "kai.png", allow=allow)


def test_allow_takes_other_forms_of_characters(reader):
    assert reader.read(drawn("12:34"), allow="0123456789：").text == "12:34"  # full-width; the table has the other


def test_alternatives_are_the_next_texts(reader):
    plain = reader.read(ASSETS / "economics.jpg")  # of several pieces
    line = reader.read(ASSETS / "economics.jpg", alternatives=3)
    assert replace(line, alternatives=()) == plain and plain.alternatives == ()
    texts = [line.text, *(other.text for other in line.alternatives)]
    assert len({"".join(text.split()) for text in texts}) == 4
    for other in line.alternatives:
        assert other.confidence < line.confidence and (other.width, other.height) == (line.width, line.height)
        assert SequenceMatcher(None, other.text, line.text).ratio() > 0.95
    assert len(line.to_dict()["alternatives"]) == 3


def test_alternatives_are_of_what_is_allowed(reader):
    line = reader.read(drawn("10.5"), allow="0123456789", alternatives=4)
    assert line.alternatives and set("".join(other.text for other in line.alternatives)) <= set("0123456789")
    assert len({other.text for other in line.alternatives} | {line.text}) == len(line.alternatives) + 1


def test_only_a_beam_has_alternatives():
    greedy = crnn.Recognizer(decoding="greedy")
    with pytest.raises(ValueError, match="alternatives=2: .* needs the decoding beam"):
        greedy.read(ASSETS / "kai.png", alternatives=2)
    with pytest.raises(ValueError, match="alternatives=-1: must be 0 or more"):
        greedy.read(ASSETS / "kai.png", alternatives=-1)


def test_import_takes_no_time():
    code = "import time; start = time.perf_counter(); import crnn; print(time.perf_counter() - start); dir(crnn)"
    command = [sys.executable, "-c", code]
    seconds = [float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout) for _ in range(3)]
    assert min(seconds) < IMPORT_SECONDS


def test_every_public_name_is_there():
    assert set(crnn.__all__) <= set(dir(crnn))
    assert all(getattr(crnn, name) is not None for name in crnn.__all__)
    with pytest.raises(AttributeError, match="module 'crnn' has no attribute 'write'"):
        crnn.write  # noqa: B018
