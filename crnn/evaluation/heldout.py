"""Synthetic lines to measure on, of faces, texts and seeds that training has not seen."""

from itertools import chain, count, islice

import numpy as np

from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.fonts import FontSet, system_folders
from crnn.synthesis.line_generator import LineGenerator
from crnn.synthesis.source import LineSource

SHORT = 8  # characters that fit into a line, whatever their face
TEN = {  # texts of lines in the data set's own format, 280 x 32, ten characters
    "ten": ("chinese",),  # running text cut anywhere, as the data set has it
    "ten-drawn": SynthesisConfig.ten_kinds,  # as training has them: three in ten of random characters, or with Latin
}


def of_kind(fonts, texts, charset, seed, kind, lines):
    """Lines of one kind, degraded as in training, in faces as they are: ``LineSample`` each.

    Args:
        fonts: folders of the only faces; empty for those of the system.
        texts: files or folders.
        charset: the table of the labels.
        seed: of the series of lines.
        kind: one of ``texts.KINDS`` or of ``TEN``.
        lines: how many.
    """
    ten = kind in TEN
    config = SynthesisConfig.evaluation(ten_characters=float(ten), ten_kinds=TEN.get(kind, SynthesisConfig.ten_kinds))
    generator = LineSource(tuple(fonts), tuple(texts), seed, not fonts, config).generator(charset)
    return islice((line for line in map(generator.line, count()) if ten or line.kind == kind), lines)


def charset_in_each_font(fonts, charset, seed):
    """Each character of the table once in each Chinese face that draws it, clean, a few a line."""
    rng = np.random.default_rng(seed)
    for face in chain.from_iterable(FontSet(fonts or system_folders(), charset).chinese):
        characters = rng.permutation([c for c in charset.characters[1:] if c in face.drawable])
        texts = ["".join(characters[at : at + SHORT]) for at in range(0, len(characters), SHORT)]
        yield from _clean(face, texts, charset, seed)


def words_in_each_font(fonts, charset, seed, words):
    """Each word on its own line in each Latin face, clean."""
    for face in chain.from_iterable(FontSet(fonts or system_folders(), charset).latin):
        yield from _clean(face, words, charset, seed)


def _clean(face, texts, charset, seed):
    """Texts in one face, in all its sizes and ways of drawing."""
    config = SynthesisConfig.evaluation(ten_characters=0.0, fills_line=1.0, undegraded=1.0)
    for number, text in enumerate(texts):
        yield LineGenerator(_OneFace(face), _OneText(text), charset, seed, config=config).line(number)


class _OneFace:
    """``faces.FontSet`` of which every lot is the same."""

    def __init__(self, face):
        self.face = face

    def sample(self, rng, chinese):
        return self.face

    def sample_fixed(self, rng):
        return self.face


class _OneText:
    """``texts.Texts`` that always gives the same text."""

    def __init__(self, text):
        self.text = text

    def sample(self, rng):
        return "words", self.text
