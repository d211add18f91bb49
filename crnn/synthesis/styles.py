"""How a line is set: its faces, its size, its weight, and parts of it in another size."""

import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crnn.synthesis.fonts import Face, FontSet
from crnn.synthesis.typesetting import Span, Style

_SIZES = ((10, 20), (14, 34), (20, 61))  # em in pixels: of screens, of most images, of large print
_TRACKING = ((-0.03, 0.05), (0.05, 0.4), (0.4, 0.9))  # usual, wide, and as tables and signs have it; in em
_SPACE = ((0.75, 1.3), (1.3, 3), (3, 12))  # likewise, in usual spaces
_CODE_SPACE = 2.2  # width of a space in a face for code, in usual spaces
_DIGIT_HEIGHT = 0.72  # in em
_PRICE_PARTS = re.compile(r"(?<=\d)\.\d+|[￥¥$€]|(?<=\d)[^\d.,]+$")  # cents, signs of currencies, units


def choose_style(
    rng: np.random.Generator,
    fonts: FontSet,
    chinese: bool,
    min_size: int = 0,
    fixed: bool = False,
    face: Face | None = None,
) -> tuple[Style, Callable[[str], Face | None]]:
    """Choose the style of a line, and the face of each character.

    Args:
        rng: decides everything.
        fonts: faces to choose from.
        chinese: whether the text is Chinese.
        min_size: em size in pixels that scalable faces have at least; if given, the text is upright.
        fixed: whether to take a face for code.
        face: the only face, instead of those of ``fonts``.

    Returns:
        The style, and a function from a character to its face, or to None if no face draws it.
    """
    if face:
        main = latin = spare = face
    else:
        main = fonts.sample_fixed(rng) if fixed else fonts.sample(rng, chinese)
        latin = fonts.sample(rng, False) if chinese and rng.random() < 0.35 else main
        spare = fonts.sample(rng, True)
    size = max(min_size, int(rng.integers(*_SIZES[bisect((0.3, 0.75), rng.random())])))
    if main.sizes or (main.strikes and rng.random() < 0.4):
        size = sorted(main.strikes)[rng.integers(len(main.strikes))]

    def face_of(character):
        for candidate in (latin, main, spare) if character.isascii() else (main, spare):
            if character in candidate.drawable and (not candidate.sizes or size in candidate.sizes):
                return candidate
        return None

    hinting, bold, slant, tracking, space = rng.random(5)
    style = Style(
        size,
        ("none", "light", "full", "strike" if size < 18 else "none", "mono")[bisect((0.35, 0.55, 0.82, 0.96), hinting)],
        bold=rng.uniform(0.01, 0.06) if bold < 0.1 else 0.0,
        slant=rng.uniform(0.08, 0.3) if slant < 0.05 and not min_size else 0.0,
        tracking=size * rng.uniform(*_TRACKING[bisect((0.82, 0.96), tracking)]),
        space=_CODE_SPACE if main.fixed else rng.uniform(*_SPACE[bisect((0.82, 0.96), space)]),
    )
    return style, face_of


def price_spans(rng: np.random.Generator, text: str, style: Style) -> list[Span]:
    """Set cents, signs and units of a price smaller, on the baseline or hanging from the tops of the digits."""
    small = replace(style, size=max(8, round(rng.uniform(0.45, 0.8) * style.size)))
    lift = round(_DIGIT_HEIGHT * (style.size - small.size)) if rng.random() < 0.6 else 0
    return [Span(*part.span(), small, lift) for part in _PRICE_PARTS.finditer(text)]
