"""The scripts as a user runs them, on the pictures of ``asset/`` with the shipped weights."""

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

import demo_infer
import train
import unpacking_data
from crnn.charset import Charset
from crnn.evaluation.metrics import LineScores
from crnn.paths import DEFAULT_CHARSET

ROOT = Path(__file__).resolve().parent.parent
WORST_CER = 0.015  # the shipped weights have 0.0105
LABELS = dict(row.split("\t") for row in (ROOT / "asset" / "labels.tsv").read_text(encoding="utf-8").splitlines())


@pytest.fixture
def demo(run_main):
    """Run ``demo_infer.py`` in this process."""
    return partial(run_main, demo_infer.main)


@pytest.fixture(scope="module")
def records():
    """What ``--format json`` says of every asset picture."""
    command = [sys.executable, str(ROOT / "demo_infer.py"), "--format", "json", "asset"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_asset_picture_is_read_in_the_order_of_names(records):
    assert [Path(record["path"]).name for record in records] == sorted(LABELS)


def test_the_asset_pictures_are_read_right(records):
    fold = Charset.from_file(DEFAULT_CHARSET).fold
    scores = LineScores()
    for record in records:
        scores.update(fold(LABELS[Path(record["path"]).name]).replace(" ", ""), record["text"].replace(" ", ""))
    assert scores.cer <= WORST_CER


def test_characters_spell_the_text_and_have_boxes_in_order(records):
    for record in records:
        characters = record["characters"]
        assert "".join(c["text"] for c in characters) == record["text"]
        middles = [c["box"][0] + c["box"][2] for c in characters]
        assert middles == sorted(middles)
        assert all(0 < c["confidence"] <= 1.0001 and c["box"][0] <= c["box"][2] for c in characters)


def test_text_is_as_the_document_shows_it(demo, tmp_path, monkeypatch):
    shutil.copy(ROOT / "asset" / "kai.png", tmp_path / "kai.png")
    monkeypatch.chdir(tmp_path)
    result = demo("kai.png")
    lines = result.stdout.splitlines()
    assert lines[0] == lines[4] == "=====" and lines[1] == "file_path is:kai.png"
    assert lines[2].startswith("result is:") and len(lines[2]) > 15
    assert lines[3].startswith("elapsed time is:") and float(lines[3][16:-1]) > 0 and lines[3].endswith("s")


def test_what_cannot_be_read_is_named_and_the_others_are_read(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    shutil.copy(ROOT / "asset" / "menu.png", tmp_path / "menu.png")
    result = demo("--format", "tsv", "broken.jpg", "menu.png", "missing.png")
    assert result.returncode == 1
    (row,) = result.stdout.splitlines()
    path, text, confidence, seconds, *_ = row.split("\t")
    assert path == "menu.png" and text and 0 < float(confidence) <= 1 and float(seconds) > 0
    assert "broken.jpg: not a picture" in result.stderr and "missing.png: No such file" in result.stderr


@pytest.fixture
def two_lines(tmp_path, monkeypatch):
    """A picture of two lines, ``two.png`` in the working folder."""
    monkeypatch.chdir(tmp_path)
    picture = cv2.imread(str(ROOT / "asset" / "kai.png"))
    cv2.imwrite(str(tmp_path / "two.png"), np.vstack([picture, picture]))


def test_a_picture_of_two_lines_gives_both(demo, two_lines):
    result = demo("two.png")
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and lines[2] == "result is:"
    assert [line.replace(" ", "") for line in lines[3:5]] == [LABELS["kai.png"]] * 2
    (alone,) = [row for row in demo("--lines", "one", "two.png").stdout.splitlines() if row.startswith("result is:")]
    assert LABELS["kai.png"] not in alone


def test_all_pages_of_a_file_are_read_where_that_is_asked_for(demo, tmp_path):
    pages = [cv2.imread(str(ROOT / "asset" / name), cv2.IMREAD_GRAYSCALE) for name in ("kai.png", "menu.png")]
    path = tmp_path / "two.tif"
    cv2.imwritemulti(str(path), pages)
    rows = [row.split("\t") for row in demo("--format", "tsv", "--pages", "all", path).stdout.splitlines()]
    assert [row[0] for row in rows] == [f"{path}#page=1", f"{path}#page=2"]
    first = demo("--format", "tsv", path)
    assert [row.split("\t")[:2] for row in first.stdout.splitlines()] == [[str(path), rows[0][1]]]
    assert "has more than one page or frame" in first.stderr


def test_a_row_a_line_tells_where_it_stands(demo, two_lines):
    result = demo("--format", "tsv", "--header", "two.png")
    header, *rows = (row.split("\t") for row in result.stdout.splitlines())
    assert header == ["path", "text", "confidence", "seconds", "x0", "y0", "x1", "y1"]
    assert [(row[0], row[1].replace(" ", "")) for row in rows] == [("two.png", LABELS["kai.png"])] * 2
    height, width = cv2.imread("two.png").shape[:2]
    first, second = ([int(edge) for edge in row[4:]] for row in rows)
    assert 0 <= first[0] < first[2] <= width and 0 <= first[1] < first[3] <= second[3] <= height
    assert first[3] - height / 2 < 10 and height / 2 - second[1] < 10


def test_json_tells_the_places_of_lines_and_characters(demo, two_lines):
    record = json.loads(demo("--format", "json", "two.png").stdout)
    assert record["text"] == "\n".join(line["text"] for line in record["lines"]) and "characters" not in record
    for line in record["lines"]:
        assert "".join(c["text"] for c in line["characters"]) == line["text"]
        for c in line["characters"]:
            assert line["box"][0] <= c["box"][0] + 1 and c["box"][2] <= line["box"][2] + 1
            assert line["box"][1] <= c["box"][1] + 1 and c["box"][3] <= line["box"][3] + 1


def test_hocr_and_alto_are_xml_with_the_lines_of_all_pictures(demo, two_lines):
    kai = ROOT / "asset" / "kai.png"
    page = ElementTree.fromstring(demo("--format", "hocr", "two.png", kai).stdout)
    by_class = {kind: page.findall(f".//*[@class='{kind}']") for kind in ("ocr_page", "ocr_line", "ocrx_word")}
    assert len(by_class["ocr_page"]) == 2 and len(by_class["ocrx_word"]) >= 3
    texts = ["".join(line.itertext()).replace(" ", "") for line in by_class["ocr_line"]]
    assert texts == [LABELS["kai.png"]] * 3
    assert all(re.match(r"bbox( \d+){4}; x_wconf \d+$", word.get("title")) for word in by_class["ocrx_word"])
    layout = ElementTree.fromstring(demo("--format", "alto", "two.png", kai).stdout)
    name = "{http://www.loc.gov/standards/alto/ns-v4#}"
    assert len(layout.findall(f".//{name}Page")) == 2 and len(layout.findall(f".//{name}TextLine")) == 3
    assert "".join(s.get("CONTENT") for s in layout.iter(f"{name}String")) == LABELS["kai.png"] * 3


def test_a_picture_without_text_gives_none(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("blank.png", np.full((400, 500), 255, np.uint8))
    assert demo("blank.png").stdout.splitlines()[2] == "result is:"
    assert demo("--format", "tsv", "blank.png").stdout == ""
    assert json.loads(demo("--format", "json", "blank.png").stdout)["lines"] == []


def test_wrong_arguments(demo):
    assert demo("--format", "xml").returncode == demo("--header").returncode == 2
    result = demo("--weights", "nowhere.h5")
    assert result.returncode == 2 and "nowhere.h5: no such file" in result.stderr


def test_a_weights_file_that_is_none_is_refused(demo, tmp_path):
    (tmp_path / "other.h5").write_bytes(b"no weights")
    result = demo("--weights", tmp_path / "other.h5")
    assert result.returncode == 2 and "other.h5: not an HDF5 file" in result.stderr and "Traceback" not in result.stderr


def test_help_needs_no_tensorflow():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", str(ROOT / "demo_infer.py"), "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0 and "tensorflow" not in result.stderr and "cv2" not in result.stderr


@pytest.mark.training
def test_the_shipped_archives_unpack_and_train(run_main, tmp_path):
    shutil.copytree(ROOT / "data" / "labels", tmp_path / "labels")
    (tmp_path / "img_batches").mkdir()
    for archive in (ROOT / "data" / "img_batches").glob("part_*.7z"):
        shutil.copy(archive, tmp_path / "img_batches")
    assert run_main(unpacking_data.main, tmp_path / "img_batches").returncode == 0
    shutil.rmtree(next((tmp_path / "img_batches").glob("part_1/batch_1")))  # two batches are enough here
    result = run_main(train.main, "--data", tmp_path, "--folder", tmp_path / "run", "--epochs", "1")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "CRNN.h5").exists() and "test batch: CER" in result.stderr
