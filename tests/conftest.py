import os
from dataclasses import dataclass

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BITS = 13  # enough for every label of the table


@dataclass(frozen=True)
class Result:
    """What a command returned and wrote, named as by ``subprocess.run``."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_main(capsys):
    """Run a command in this process: ``run_main(main, *arguments)``."""

    def run(main, *arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = error.code
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def font_folder(tmp_path_factory):
    """A folder with one font that draws every character of the table, each in a pattern of its own.

    Tests must not need what fonts a machine happens to have.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    from crnn.charset import Charset
    from crnn.paths import DEFAULT_CHARSET
    from crnn.synthesis.fonts import FULL_WIDTH, VARIANTS

    characters = {c for c in Charset.from_file(DEFAULT_CHARSET).characters[1:] if c.isprintable()} | set(
        FULL_WIDTH.values()
    )
    names, glyphs, advances = {}, {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (500, 0)}
    forms = sorted(set(VARIANTS) - characters)
    for number, character in enumerate((*sorted(characters), *forms)):
        half = character.isascii()
        name = f"g{number}"
        pen = TTGlyphPen(None)
        for bit in range(BITS):  # a grid of 4 x 4 cells, filled by the bits of the number
            if bit == 0 or number >> (bit - 1) & 1:
                x, y = 60 + (bit % 4) * (100 if half else 220), (bit // 4) * 200
                pen.moveTo((x, y)), pen.lineTo((x, y + 150)), pen.lineTo((x + (70 if half else 170), y + 150))
                pen.lineTo((x + (70 if half else 170), y)), pen.closePath()
        names[ord(character)], glyphs[name], advances[name] = name, pen.glyph(), (500 if half else 1000, 60)
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(advances)
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Grid", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    folder = tmp_path_factory.mktemp("fonts")
    builder.save(folder / "grid.ttf")
    return folder


@pytest.fixture(params=["7z", "py7zr"])
def way(request, monkeypatch):
    """Archives are unpacked by this; see that the tests run both ways where 7z is installed."""
    from crnn.dataset import extraction
    from tests.archive_files import PROGRAM

    if request.param == "py7zr":
        monkeypatch.setattr(extraction, "PROGRAMS", ())
    elif not PROGRAM:
        pytest.skip("7z is not installed")
    return request.param


@pytest.fixture
def parts(tmp_path):
    """Three archives, named so that the order of names is not the order of numbers."""
    from crnn.dataset.archives import pack

    for number in (1, 2, 10):
        batch = tmp_path / f"part_{number}" / f"batch_{number}"
        batch.mkdir(parents=True)
        for image in range(3):
            (batch / f"{image}.jpg").write_bytes(bytes([number, image]) * 500)
        pack(tmp_path / f"part_{number}", tmp_path / f"part_{number}.7z")
        for path in sorted((tmp_path / f"part_{number}").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (tmp_path / f"part_{number}").rmdir()
    return tmp_path


@pytest.fixture
def ink():
    """Strokes that look different however they are turned: 255 where there is ink."""
    from tests.image_data import strokes

    return strokes()
