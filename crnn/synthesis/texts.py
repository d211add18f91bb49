"""What stands in a line: running text from files, drawn characters, and made-up patterns."""

import re
from bisect import bisect
from pathlib import Path

import numpy as np

from crnn.synthesis import patterns
from crnn.synthesis.fonts import FULL_WIDTH

# Share of each kind of line. A table of 5990 characters needs drawn ones: all the texts together
# leave hundreds of its characters unseen.
KINDS = {
    "chinese": 0.30,
    "english": 0.24,
    "mixed": 0.10,
    "words": 0.06,
    "frequent": 0.10,
    "uniform": 0.12,
    "patterns": 0.08,
    "code": 0.03,
}

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
            list of words, by what stands in it.
    """

    def __init__(self, charset, files=()):
        self.charset = charset
        self.sources = {"chinese": [], "english": [], "mixed": [], "words": [], "code": []}
        for kind, text in _texts_of(files):
            self.sources[kind].append(text.split() if kind == "words" else text)
        if not self.sources["words"]:
            self.sources["words"] = [ENGLISH_WORDS]
        if not self.sources["english"]:
            self.sources["english"] = [" ".join(np.random.default_rng(0).choice(ENGLISH_WORDS, 20000))]
        # a source twenty times as long as another is not drawn from twenty times as often
        weights = {kind: np.sqrt([len(source) for source in sources]) for kind, sources in self.sources.items()}
        self._edges = {kind: (np.cumsum(w)[:-1] / w.sum()).tolist() for kind, w in weights.items()}
        drawable = [c for c in charset.characters[1:] if c.isprintable()]
        self.table = np.array(drawable)
        rank = np.arange(len(drawable))
        frequency = 1 / (rank + 300)  # flatter than text (Zipf's 1 / rank): the rare ones need more
        self.frequency = np.cumsum(frequency / frequency.sum())

    def sample(self, rng):
        """A kind of line and at least 90 characters of it, or a short line on its own."""
        kind = _KIND_NAMES[bisect(_KIND_EDGES, rng.random() * _KIND_EDGES[-1])]
        return kind, self.of_kind(kind, rng)

    def of_kind(self, kind, rng, length=90):
        """A text of one of ``KINDS``, as it is drawn; ``charset.fold`` gives its label."""
        if kind == "uniform":
            return "".join(self.table[rng.integers(len(self.table), size=length)])
        if kind == "frequent":
            return "".join(self.table[np.searchsorted(self.frequency, rng.random(length))])
        if kind == "patterns" or (kind == "code" and not self.sources["code"]):
            return patterns.line(rng)
        if kind == "words":
            return self._cased(self._some_words(rng), rng)
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
        start = int(rng.integers(max(1, len(source) - 2 * length)))
        text = source[start : start + 2 * length]
        if kind in ("english", "code") or rng.random() < 0.3:  # from the beginning of a word
            text = text[text.find(" ") + 1 :]
        return text[:length].strip()

    def _some_words(self, rng):
        source = self.sources["words"][rng.integers(len(self.sources["words"]))]
        return " ".join(source[i] for i in rng.integers(len(source), size=rng.integers(1, 8)))

    def _cased(self, text, rng):
        lot = rng.random()
        if lot < 0.12:
            return text.upper()
        if lot < 0.22:
            return text.title()
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
            latin = latin[: int(rng.integers(2, 16))].strip()
            text += gap + chinese + gap + _BRACKETS[rng.integers(len(_BRACKETS))].format(latin)
        return re.sub(r" *([，。、；：（）《》【】]) *", r"\1", text).strip()  # these have their own room


_BRACKETS = ("{}", "{}", "{}", "（{}）", "({})", "“{}”", "《{}》", "【{}】")
_KIND_NAMES = list(KINDS)
_KIND_EDGES = np.cumsum(list(KINDS.values())).tolist()


def kind_of(text):
    """``chinese``, ``english``, ``mixed``, ``code`` or ``words`` (one word a line), by a look at its start."""
    sample = text[:50000]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in sample)
    letters = sum(c.isascii() and c.isalpha() for c in sample)
    if sum(c in "(){}[]=_" for c in sample) > 0.05 * len(sample):
        return "code"
    if chinese < 0.02 * len(sample):
        lines = sample.split("\n")
        return "words" if sum(" " in line for line in lines) < 0.1 * len(lines) else "english"
    return "mixed" if letters > 0.12 * (letters + chinese) else "chinese"


def running_texts(files):
    """What stands in UTF-8 files, or folders of ``*.txt``, each as one line."""
    return (text for _, text in _texts_of(files))


def _texts_of(files):
    """The kind of each file, and what stands in it as one line."""
    for path in map(Path, files):
        for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8", errors="ignore")
            kind = kind_of(text)
            if kind == "chinese":
                yield kind, "".join(line.strip() for line in text.split("\n"))
            else:
                yield kind, " ".join(text.split())
