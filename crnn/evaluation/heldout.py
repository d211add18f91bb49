"""Synthetic lines to measure on, of faces, texts and seeds that training has not seen."""

from itertools import chain, count, islice

import numpy as np

from crnn.synthesis.batch_stream import Source
from crnn.synthesis.fonts import Faces, system_folders
from crnn.synthesis.line_generator import LineMaker, Look

SHORT = 8  # characters that fit into a line, whatever their face
TEN = {  # texts of lines in the data set's own format, 280 x 32, ten characters
    "ten": ("chinese",),  # running text cut anywhere, as the data set has it
    "ten-drawn": Look.ten_kinds,  # as training has them: three in ten of characters drawn by lot, or with Latin
}


def of_kind(fonts, texts, charset, seed, kind, lines):
    """Lines of one kind, degraded as in training, in faces as they are: ``Line`` each.

    Args:
        fonts: folders of the only faces; empty for those of the system.
        texts: files or folders.
        charset: the table of the labels.
        seed: of the series of lines.
        kind: one of ``texts.KINDS`` or of ``TEN``.
        lines: how many.
    """
    ten = kind in TEN
    look = Look.basic(ten_characters=float(ten), ten_kinds=TEN.get(kind, Look.ten_kinds))
    maker = Source(tuple(fonts), tuple(texts), seed, not fonts, look).maker(charset)
    return islice((line for line in map(maker.line, count()) if ten or line.kind == kind), lines)


def table_in_each_face(fonts, charset, seed):
    """Each character of the table once in each Chinese face that draws it, clean, a few a line."""
    rng = np.random.default_rng(seed)
    for face in chain.from_iterable(Faces(fonts or system_folders(), charset).chinese):
        characters = rng.permutation([c for c in charset.characters[1:] if c in face.drawable])
        texts = ["".join(characters[at : at + SHORT]) for at in range(0, len(characters), SHORT)]
        yield from _clean(face, texts, charset, seed)


def words_in_each_face(fonts, charset, seed, words):
    """Each word on its own line in each Latin face, clean."""
    for face in chain.from_iterable(Faces(fonts or system_folders(), charset).latin):
        yield from _clean(face, words, charset, seed)


def _clean(face, texts, charset, seed):
    """Texts in one face, in all its sizes and ways of drawing."""
    look = Look.basic(ten_characters=0.0, full=1.0, plain=1.0)
    for number, text in enumerate(texts):
        yield LineMaker(_OneFace(face), _OneText(text), charset, seed, look=look).line(number)


class _OneFace:
    """``faces.Faces`` of which every lot is the same."""

    def __init__(self, face):
        self.face = face

    def draw_lot(self, rng, chinese):
        return self.face

    def draw_fixed(self, rng):
        return self.face


class _OneText:
    """``texts.Texts`` of which every lot is the same."""

    def __init__(self, text):
        self.text = text

    def draw_lot(self, rng):
        return "words", self.text
