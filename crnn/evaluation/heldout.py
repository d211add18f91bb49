"""Synthetic lines to measure on, with faces, texts and seeds that training has not seen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.synthesis.config import ALL_KINDS, TEN_KINDS, SynthesisConfig
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.source import LineSource

SHORT = 8  # characters that fit into a line in any face


def of_kind(
    fonts: Sequence[Path],
    texts: Sequence[Path],
    charset: Charset,
    seed: int,
    kind: str,
    lines: int,
    effects: Sequence[str] = (),
) -> Iterator[LineSample]:
    """Draw lines of one kind, as ``SynthesisConfig.evaluation`` has them.

    Args:
        fonts: folders of the only faces; empty for those of the system.
        texts: files or folders.
        charset: table of the labels.
        seed: of the series of lines.
        kind: one of ``config.KINDS`` or of ``config.TEN_KINDS``, or ``ALL_KINDS``.
        lines: how many.
        effects: fields of ``SynthesisConfig`` that are 1: effects that each line has, if its text allows.
    """
    ten = kind in TEN_KINDS
    config = SynthesisConfig.evaluation(
        ten_characters=float(ten),
        ten_kinds=TEN_KINDS.get(kind, SynthesisConfig.ten_kinds),
        **dict.fromkeys(effects, 1.0),
    )
    if kind == ALL_KINDS:
        config = replace(config, kinds=SynthesisConfig.kinds)
    elif not ten and kind not in dict(config.kinds):
        config = replace(config, kinds=((kind, 1.0),))
    generator = LineSource(tuple(fonts), tuple(texts), seed, not fonts, config).generator(charset)
    every = ten or kind == ALL_KINDS
    return islice((line for line in map(generator.line, count()) if every or line.kind == kind), lines)


def charset_in_each_font(fonts: Sequence[Path], charset: Charset, seed: int) -> Iterator[LineSample]:
    """Draw each character of the table once in each Chinese face that has it, clean, a few in a line."""
    rng = np.random.default_rng(seed)
    generator = _clean_generator(fonts, charset, seed)
    for face in chain.from_iterable(generator.fonts.chinese):
        characters = rng.permutation([c for c in charset.characters[1:] if c in face.drawable])
        texts = ["".join(characters[at : at + SHORT]) for at in range(0, len(characters), SHORT)]
        yield from (generator.line(number, face, text) for number, text in enumerate(texts))


def words_in_each_font(
    fonts: Sequence[Path], charset: Charset, seed: int, words: Sequence[str]
) -> Iterator[LineSample]:
    """Draw each word on a line of its own in each Latin face, clean."""
    generator = _clean_generator(fonts, charset, seed)
    for face in chain.from_iterable(generator.fonts.latin):
        yield from (generator.line(number, face, word) for number, word in enumerate(words))


def _clean_generator(fonts, charset, seed):
    """Return a generator of lines without degradation, in all sizes and ways of rendering."""
    config = SynthesisConfig.evaluation(ten_characters=0.0, fills_line=1.0, undegraded=1.0)
    return LineSource(tuple(fonts), (), seed, not fonts, config).generator(charset)
