"""PDF files, read page by page where pypdfium2 is installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crnn.image import ImageError, read_grayscale
from crnn.inference import pdf
from crnn.paths import ASSETS

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = importlib.util.find_spec("pypdfium2") is not None
needs_pdfium = pytest.mark.skipif(not INSTALLED, reason="pypdfium2 is not installed")


@pytest.fixture
def document(tmp_path):
    """A PDF of two pages: images of ``asset/``, 200 dots an inch."""
    from PIL import Image

    first, second = (Image.open(ASSETS / name).convert("L") for name in ("kai.png", "menu.png"))
    first.save(tmp_path / "two.pdf", save_all=True, append_images=[second], resolution=200)
    return tmp_path / "two.pdf"


@needs_pdfium
def test_pages_come_one_by_one_as_they_look(document):
    pages = list(pdf.read_pdf(document))
    assert [(name, is_last) for name, _, is_last in pages] == [
        (f"{document}#page=1", False),
        (f"{document}#page=2", True),
    ]
    for (_, image, _), name in zip(pages, ("kai.png", "menu.png"), strict=True):
        wanted = read_grayscale(ASSETS / name)
        assert image.dtype == np.uint8 and np.abs(np.subtract(image.shape, wanted.shape)).max() <= 1
        assert abs(float(image.mean()) - float(wanted.mean())) < 5


@needs_pdfium
def test_a_large_page_is_drawn_at_a_lower_resolution(document, monkeypatch):
    monkeypatch.setattr(pdf, "MAX_PIXELS", 2_000)
    assert all(image.size < 2_500 for _, image, _ in pdf.read_pdf(document))


@needs_pdfium
def test_the_command_reads_each_page_and_says_what_is_damaged(document, tmp_path):
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing")
    command = [sys.executable, str(ROOT / "demo_infer.py"), "--format", "json", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["path"] for record in records] == [f"{document}#page=1", f"{document}#page=2"]
    assert records[0]["text"].replace(" ", "") == "外婆院子里的萝卜干和那一年冬天的第一场雪"
    assert result.returncode == 1 and "damaged.pdf: not a PDF" in result.stderr


def test_without_the_package_the_message_says_what_is_missing(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(ImageError, match=r"a\.pdf: a PDF needs pypdfium2"):
        next(pdf.read_pdf(tmp_path / "a.pdf"))


def test_a_pdf_is_known_by_its_first_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"\n%PDF-1.4")
    (tmp_path / "b.pdf").write_bytes(b"text")
    assert [pdf.is_pdf(tmp_path / name) for name in ("a", "b.pdf", "missing", ".")] == [True, False, False, False]
