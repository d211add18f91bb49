"""Readers of texts in packages: each takes a path and returns the text of that file."""

import gzip
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

PER_FILE = 30_000  # characters of one file of notes or code: a long change log would outweigh the rest
CHINESE_NOTES, ENGLISH_NOTES = 0.2, 0.01  # least and most share of Chinese among the letters
COMMENTED = 0.08  # least share of Chinese among the letters of code

# Placeholders of translated messages, and what a user sees in their place: one after the other
_PLACEHOLDER = re.compile(
    r"%(?:\d+\$)?[-+ 0#]*\d*(?:\.\d+)?(?:l{0,2}|h|z|j)[sSdiufgxcpeEGX@](?![A-Za-z])|%\([\w.]+\)[sdif]|%L?\d+|%n|"
    r"\$\{[\w.]+\}|\{\{\s*[\w.]+\s*\}\}|\{ ?\$?[\w.:-]*,? ?\}|\$\d|\$\([\w ]+\)|__\w+__"
)
_NUMBER = re.compile(r"[diuf]$|%n|%L?\d|\{\d|count|num|total")
_NUMBERS = ("3", "12", "1", "2026", "5", "100", "20")
_NAMES = ("report.pdf", "admin", "index.html", "IMG_2041.jpg", "v2.1", "README.md", "config.json", "localhost:8080")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&nbsp;", " "), ("&amp;", "&"))
_BOILERPLATE = re.compile(
    r"WITHOUT WARRANTY|WITHOUT ANY WARRANTY|MERCHANTABILITY|Permission is hereby|Redistribution and use|"
    r"all copies or substantial|LIABLE FOR ANY|img\.shields\.io|badge\.svg"
)
_MARKUP = tuple(
    (re.compile(pattern, re.MULTILINE | re.DOTALL), replacement)
    for pattern, replacement in (
        (r"\A---\n.*?\n---\n", ""),  # front matter
        (r"<!--.*?-->", ""),
        (r"^ *(?:```|~~~|:::).*?$", ""),  # fences of code, which itself stays
        (r"!\[[^\]]*\]\([^)]*\)", ""),  # images
        (r"\[([^\]\n]*)\]\([^)\n]*\)", r"\1"),  # links
        (r"\[([^\]\n]+)\]\[[^\]\n]*\]", r"\1"),
        (r"^\[[^\]\n]+\]: .*?$", ""),
        (r"</?[a-zA-Z][^<>]{0,300}>", ""),  # HTML
        (r"^[ \t]*\|?[ \t:|-]*-{2,}[ \t:|-]*\|?[ \t]*$", ""),  # rules of tables
        (r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", ""),  # their edges
        (r"^[ \t]*#{1,6}[ \t]+", ""),  # headings
        (r"^[ \t]*(?:[-*+]|>)[ \t]+(?:\[[ xX]\][ \t]+)?", ""),  # items and quotations
        (r"\*\*|`+|~~", ""),  # emphasis and code
        (r"(?<![\w*])\*(?=\w)|(?<=\w)\*(?![\w*])", ""),
        (r"\\([_*#\[\]()|<>~{}.!-])", r"\1"),  # escapes
    )
)


class _Text(HTMLParser):
    """The text of a page, a line for each of its blocks."""

    BLOCKS = frozenset("p div li h1 h2 h3 h4 h5 h6 br tr td th pre title dt dd".split())

    def __init__(self):
        super().__init__()
        self.parts, self._silent = [], 0

    def handle_starttag(self, tag, _):
        self._silent += tag in ("script", "style")
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style")
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data):
        if not self._silent:
            self.parts.append(data)


def page(path: Path) -> str:
    """Read what a browser shows of an HTML file."""
    parser = _Text()
    parser.feed(plain(path))
    return "".join(parser.parts)


def plain(path: Path) -> str:
    """Read a file as it is."""
    return path.read_text(encoding="utf-8", errors="ignore")


def tagged(path: Path) -> str:
    """Read a newspaper whose every word has its part of speech behind a slash, and its number before each line."""
    words = (line.split() for line in plain(path).split("\n"))
    return "\n".join("".join(re.sub("/.*", "", word).lstrip("[") for word in line[1:]) for line in words)


def zipped(path: Path) -> str:
    """Read all files of an archive."""
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())


def unzipped(path: Path) -> str:
    """Read a gzip file."""
    with gzip.open(path, "rt", encoding="utf-8", errors="ignore") as file:
        return file.read()


def dictionary(path: Path) -> str:
    """Read a dictionary without the braces that mark its links."""
    return re.sub("[{}]", "", unzipped(path))


def entries(path: Path) -> str:
    """Read the first column of the tables of an archive."""
    return re.sub(r"(?m)\t.*$", "", zipped(path))


def manual(path: Path) -> str:
    """Read a manual page without the requests of its formatter."""
    return re.sub(r"\\f.|\\", "", re.sub(r"(?m)^[.'].*$", "", unzipped(path)))


def verses(path: Path) -> str:
    """Read classical poems, in simplified characters."""
    from zhconv import convert

    poems = json.loads(plain(path))
    return convert("\n".join(chain.from_iterable(poem.get("paragraphs", ()) for poem in poems)), "zh-hans")


def words(path: Path) -> str:
    """Read a list of words, mixed: neighbours in the dictionary look alike."""
    found = [word for word in plain(path).split() if "'" not in word]
    return "\n".join(word for start in range(997) for word in found[start::997])


def translations(path: Path) -> str:
    """Read the translations of a GNU .mo file, as users see them."""
    return "\n".join(_shown(part) for _, translation in _catalogue(path) for part in re.split("[\0\n]", translation))


def originals(path: Path) -> str:
    """Read the English messages of a GNU .mo file, as users see them."""
    return "\n".join(_shown(part) for message, _ in _catalogue(path) for part in re.split("[\0\n]", message))


def _catalogue(path: Path) -> Iterator[tuple[str, str]]:
    """Each message and its translation."""
    content = path.read_bytes()
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, *tables = struct.unpack_from(f"{order}3I", content, 8)
    for number in range(count):
        pair = []
        for table in tables:
            length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
            pair.append(content[start : start + length].decode("utf-8", "ignore"))
        if pair[0]:  # the empty message is translated with the head of the file
            yield pair[0].rpartition("\x04")[2], pair[1]


def literals(path: Path) -> str:
    """Read the strings of a JavaScript or JSON file that hold Chinese, as users see them."""
    found = re.findall(r'"((?:[^"\\\n]|\\.){1,300})"|\'((?:[^\'\\\n]|\\.){1,300})\'', plain(path))
    strings = (
        re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), one or other) for one, other in found
    )
    strings = (re.sub(r"\\([\"'])", r"\1", re.sub(r"\\[rnt]", "\n", text)).replace("**", "") for text in strings)
    return "\n".join(_shown(text) for text in strings if re.search("[\u4e00-\u9fff]", text))


def language_pack(path: Path) -> str:
    """Read the strings of a browser's language pack: Fluent files and Java properties."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".ftl", ".properties")):
                text = archive.read(name).decode("utf-8", "ignore")
                found += re.findall(r"(?m)^\s*[.\w-]+\s*=[ \t]*(\S.*)$", text)
                found += re.findall(r"(?m)^ {4}([^\s.\[*{}].*)$", text)
    return "\n".join(_shown(text) for text in found if not re.search(r"\\u|\{ ?[A-Z]", text))


def chinese_notes(path: Path) -> str:
    """Read Markdown, or the description of a Python package, if it is Chinese."""
    text = _notes(path)
    return text if chinese_share(text) > CHINESE_NOTES else ""


def english_notes(path: Path) -> str:
    """Read Markdown, or the description of a Python package, if it holds no Chinese."""
    text = _notes(path)
    return text if chinese_share(text) < ENGLISH_NOTES else ""


def _notes(path: Path) -> str:
    text = plain(path)
    return without_markup(text.partition("\n\n")[2] if path.name == "METADATA" else text)[:PER_FILE]


def without_markup(text: str) -> str:
    """Write Markdown as it is shown."""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return _without_entities(text)


def commented(path: Path) -> str:
    """Read code whose comments are Chinese."""
    text = plain(path)
    return text[:PER_FILE] if chinese_share(text) > COMMENTED else ""


def strings(path: Path) -> str:
    """Read all strings of a JSON file, or of one that has a JSON object in each line."""
    text = plain(path)
    values = text.splitlines() if re.search(r"\}\n+\{", text) else [text]
    found = chain.from_iterable(_strings(json.loads(value)) for value in values if value)
    return without_markup("\n".join(found))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def chinese_share(text: str) -> float:
    """Measure the share of Chinese characters among the letters of a text."""
    letters = [character for character in text if character.isalpha()]
    return sum("\u4e00" <= character <= "\u9fff" for character in letters) / max(1, len(letters))


def _shown(text: str) -> str:
    """A message as a user sees it: placeholders filled, marks of access keys and tags left out."""
    text = re.sub(r"<[^<>]{1,80}>", "", re.sub(r"\{ ?-brand[\w-]* ?\}", "Firefox", text))
    turn = len(text)

    def value(match):
        nonlocal turn
        turn += 1
        options = _NUMBERS if _NUMBER.search(match.group()) else _NAMES
        return options[turn % len(options)]

    text = _PLACEHOLDER.sub(value, text).replace("%%", "%")
    text = re.sub(r"\([&_~](\w)\)", r"(\1)", text)
    text = re.sub(r"&(?=[a-z]|(?<!\w.)\w)(?!\w+;)|(?<![/.])~(?=\w)|\b([A-Z][a-z]*)_(?=[a-z])", r"\1", text)
    if text.count("_") == 1:  # more of them stand in names
        text = re.sub(r"(?<![\w/.:-])_(?=[A-Za-z])", "", text)
    return _without_entities(text)


def _without_entities(text: str) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def tidy(lines, shown) -> Iterator[str]:
    """Choose the lines that can be set, each once.

    Args:
        lines: strings.
        shown: tells whether a character can be; the others are left out.
    """
    seen = set()
    for line in lines:
        line = " ".join("".join(c for c in line if c.isspace() or shown(c)).split())
        if 2 <= len(line) <= 400 and line not in seen and any(map(str.isalnum, line)):
            seen.add(line)
            if not _BOILERPLATE.search(line) and not _PLACEHOLDER.search(line):
                yield line
