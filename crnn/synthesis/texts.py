"""What stands in a line: text of files, drawn characters, and made-up lines."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

import numpy as np

from crnn.charset import TWINS, Charset
from crnn.files import require_regular_file
from crnn.synthesis import grammars, patterns
from crnn.synthesis.config import KINDS
from crnn.synthesis.fonts import FULL_WIDTH, FULL_WIDTH_ASCII

# A source is drawn from as the square root of its length says, times its weight here: text of one kind that there is
# far more of, or that few pictures show, must not outweigh the rest.
SOURCE_WEIGHTS = {"places": 0.1, "poetry": 0.2, "news": 0.6, "faq": 0.6, "computing": 0.6, "interface_en": 0.6}
PHRASES = ".lines"  # suffix of the stem of a file whose lines stand alone: NAME.lines.txt

# What stands between two phrases in one line, and how often, relative to the others
JOINTS = {
    " ": 50, " | ": 8, "|": 3, " / ": 6, "/": 3, " > ": 6, " · ": 6, "·": 4, "、": 3, ", ": 4, " - ": 3,
    " — ": 1, "；": 1, " + ": 2,
}  # fmt: skip
JOINED = 0.35  # of the phrases: another one follows in the same line
UPPER_CASE = 0.06  # of the phrases
CURLY = 0.3  # of the phrases: straight quotation marks become curly ones
LIGATURES = 0.06  # of the phrases: fi and fl become one character

_FIRST_LETTERS = re.compile(r"(?<![\w'’])[a-z]")  # of words

# Enough to draw lines without any file; --texts brings better ones.
ENGLISH_WORDS = (
    "the of and to in is that it for was on are as with his they at be this from have or by one had not but "
    "what all were when we there can an your which their said if do will each about how up out them then she "
    "many some so these would other into has more her two like him see time could no make than first been its "
    "who now people my made over did down only way find use may water long little very after words called just "
    "where most know street Monday March London station letter million system program question number government "
    "William illness bookkeeping accommodation parallel successfully Mississippi fulfill committee"
).split()


class Texts:
    """Source of texts.

    Args:
        charset: the table; only its characters are kept.
        files: UTF-8 text files, or folders of ``*.txt``. Each is Chinese, English, mixed, code or a
            list of words, by what stands in it, or one phrase a line, by its name.
        kinds: share of each kind of line.
    """

    def __init__(self, charset: Charset, files: Iterable[str | Path] = (), kinds: Mapping[str, float] | None = None):
        self.charset = charset
        kinds = KINDS if kinds is None else kinds
        self._kinds, self._kind_edges = list(kinds), np.cumsum(list(kinds.values())).tolist()
        self.sources: dict[str, list] = {
            kind: [] for kind in ("chinese", "english", "mixed", "words", "code", "phrases")
        }
        names: dict[str, list[str]] = {kind: [] for kind in self.sources}
        for name, kind, text in _texts_of(files):
            self.sources[kind].append(text.split() if kind == "words" else text)
            names[kind].append(name)
        if not self.sources["words"]:
            self.sources["words"] = [ENGLISH_WORDS]
        if not self.sources["english"]:
            self.sources["english"] = [" ".join(np.random.default_rng(0).choice(ENGLISH_WORDS, 20000))]
        self._edges = {kind: _edges(sources, names[kind]) for kind, sources in self.sources.items()}
        drawable = [c for c in charset.characters[1:] if c.isprintable() and c not in TWINS]
        self.table = np.array(drawable)
        rank = np.arange(len(drawable))
        frequency = 1 / (rank + 300)  # flatter than text (Zipf's 1 / rank): the rare ones need more
        self.frequency = np.cumsum(frequency / frequency.sum())

    def sample(self, rng: np.random.Generator) -> tuple[str, str]:
        """Draw a kind of line, and at least 90 characters of it or a short line on its own."""
        kind = self._kinds[bisect(self._kind_edges, rng.random() * self._kind_edges[-1])]
        return kind, self.of_kind(kind, rng)

    def of_kind(self, kind: str, rng: np.random.Generator, length: int = 90) -> str:
        """Draw a text of one of ``KINDS``, as it is set; ``charset.fold`` gives its label."""
        if kind == "uniform":
            return "".join(self.table[rng.integers(len(self.table), size=length)])
        if kind == "frequent":
            return "".join(self.table[np.searchsorted(self.frequency, rng.random(length))])
        if kind == "patterns" or (kind == "code" and not self.sources["code"]):
            return patterns.line(rng)
        if kind == "words":
            return self._cased(self._some_words(rng), rng)
        if kind == "commands":
            return grammars.line(rng, grammars.TECHNICAL)
        if kind == "grammars" or (kind == "phrases" and not self.sources["phrases"]):
            return _typeset(_joined(lambda: grammars.line(rng, grammars.EVERYDAY), rng, length), rng)
        if kind == "phrases":
            return _typeset(self._running("phrases", rng, length), rng)
        if kind == "mixed" and (not self.sources["mixed"] or rng.random() < 0.5):
            return self._spliced(rng, length)
        if kind == "english":
            return self._cased(self._running("english", rng, 2 * length), rng)
        text = self._running(kind, rng, length)
        if kind != "code" and rng.random() < 0.7:
            text = "".join(FULL_WIDTH.get(c, c) for c in text)
        return text

    def _running(self, kind, rng, length):
        sources = self.sources[kind]
        if not sources:
            return self.of_kind("frequent", rng, length)
        source = sources[bisect(self._edges[kind], rng.random())]
        if isinstance(source, list):
            return _phrases(source, rng, length)
        start = int(rng.integers(max(1, len(source) - 2 * length)))
        text = source[start : start + 2 * length]
        if kind in ("english", "code") or rng.random() < 0.3:  # from the beginning of a word
            text = text[text.find(" ") + 1 :]
        return text[:length].strip()

    def _some_words(self, rng):
        source = self.sources["words"][rng.integers(len(self.sources["words"]))]
        return " ".join(source[i] for i in rng.integers(len(source), size=rng.integers(1, 8)))

    def _cased(self, text, rng):
        u = rng.random()
        if u < 0.12:
            return text.upper()
        if u < 0.22:
            return title_case(text)
        return text

    def _spliced(self, rng, length):
        """Chinese with words, numbers and brackets in it, with and without blanks between."""
        gap = " " if rng.random() < 0.5 else ""
        text = ""
        while len(text) < length:
            chinese = self._running("chinese", rng, int(rng.integers(2, 14)))
            if rng.random() < 0.3:  # a word before a comma
                chinese = "，，，，。、；："[rng.integers(8)] + chinese.lstrip("，。、；：")
            latin = self._some_words(rng) if rng.random() < 0.5 else patterns.line(rng)
            latin = _whole_words(latin, int(rng.integers(2, 16)))
            text += gap + chinese + gap + _BRACKETS[rng.integers(len(_BRACKETS))].format(latin)
        return re.sub(r" *([，。、；：（）《》【】]) *", r"\1", text).strip()  # these have their own room


def _whole_words(text, length):
    """Cut a text to at most ``length`` characters between words, or within its first word if that is longer."""
    cut = text[:length]
    if text[length : length + 1].strip() and " " in cut.strip():
        cut = cut[: cut.rindex(" ")]
    return cut.strip()


_BRACKETS = ("{}", "{}", "{}", "（{}）", "({})", "“{}”", "《{}》", "【{}】")
_JOINTS, _JOINT_EDGES = list(JOINTS), np.cumsum(list(JOINTS.values())).tolist()


def _edges(sources, names):
    """Where, of 0 to 1, each source but the first begins: each gets what its length and name say."""
    lengths = [sum(map(len, source)) if isinstance(source, list) else len(source) for source in sources]
    names = names + [""] * (len(sources) - len(names))
    weights = np.sqrt(lengths) * [SOURCE_WEIGHTS.get(name, 1.0) for name in names]
    return (np.cumsum(weights)[:-1] / weights.sum()).tolist() if len(weights) else []


def _joined(draw, rng, length):
    """One part that ``draw`` makes, or several with one sign between."""
    text = draw()
    joint = _JOINTS[bisect(_JOINT_EDGES, rng.random() * _JOINT_EDGES[-1])]
    while len(text) < length and rng.random() < JOINED:
        text += joint + draw()
    return text


def _phrases(lines, rng, length):
    """A line of a source, or several that follow each other there; the end of a long one, from the start of a word."""
    following = (lines[at % len(lines)] for at in count(int(rng.integers(len(lines)))))
    text = _joined(lambda: next(following), rng, length)
    if len(text) > length and rng.random() < 0.5:
        start = int(rng.integers(len(text) - length // 2))
        return text[start + text[start:].find(" ") + 1 :][:length]
    return text[:length]


def title_case(text: str) -> str:
    """Begin each word with a capital letter; other capitals stay.

    >>> title_case("the user's DNS e-mail")
    "The User's DNS E-Mail"
    """
    return _FIRST_LETTERS.sub(lambda match: match[0].upper(), text)


def _typeset(text, rng):
    """``text`` as books and web pages set it."""
    u = rng.random(3)
    if u[0] < UPPER_CASE:
        text = text.upper()
    if u[1] < CURLY:
        text = re.sub(r"(?<!\w)[\"“](?=\S)", "“", text).replace('"', "”")
        text = re.sub(r"(?<!\w)'(?=\w)", "‘", text).replace("'", "’")
    if u[2] < LIGATURES:
        text = text.replace("fi", "ﬁ").replace("fl", "ﬂ")
    return text


def kind_of(text: str) -> str:
    """Tell ``chinese``, ``english``, ``mixed``, ``code`` or ``words`` (one word a line), by the start of a text."""
    sample = text[:50000]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in sample)
    letters = sum(c.isascii() and c.isalpha() for c in sample)
    if sum(c in "(){}[]=_" for c in sample) > 0.05 * len(sample):
        return "code"
    if chinese < 0.02 * len(sample):
        lines = sample.split("\n")
        return "words" if sum(" " in line for line in lines) < 0.1 * len(lines) else "english"
    return "mixed" if letters > 0.12 * (letters + chinese) else "chinese"


def running_texts(files: Iterable[str | Path]) -> Iterator[str]:
    """Read UTF-8 files, or folders of ``*.txt``: the text of each as one line, with usual signs for twins.

    Lists of words are left out: what follows in them follows nowhere else.
    """
    found = (text for _, kind, text in _texts_of(files) if kind != "words")
    return (" ".join(text) if isinstance(text, list) else text for text in found)


def _texts_of(files):
    """The name of each file, its kind, and what stands in it: as one line, or as a list of phrases."""
    for path in map(Path, files):
        for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
            require_regular_file(file)
            text = file.read_text(encoding="utf-8", errors="ignore").translate(_USUAL)
            kind, name = kind_of(text), file.stem
            if name.endswith(PHRASES):
                lines = [line.strip() for line in text.split("\n") if line.strip()]
                yield name.removesuffix(PHRASES), "code" if kind == "code" else "phrases", lines
            elif kind == "chinese":
                yield name, kind, "".join(line.strip() for line in text.split("\n"))
            else:
                yield name, kind, " ".join(text.split())


# Texts of files are set with the usual signs, letters and digits: full-width ones are an effect and have rules.
_USUAL = str.maketrans({full: c for c, full in FULL_WIDTH_ASCII.items() if c.isalnum()} | TWINS)
