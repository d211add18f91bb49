"""How a line is set: its faces, its size, its weight and its spacing."""

from bisect import bisect
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crnn.synthesis.fonts import Face, FontSet, Style

SHARED_SIGNS = frozenset("·—–…“”‘’")  # in Latin and Chinese faces, with other shapes and widths
_SIZES = ((10, 20), (14, 34), (20, 61))  # em in pixels: of screens, of most images, of large print
_TRACKING = ((-0.03, 0.05), (0.05, 0.4), (0.4, 0.9))  # usual, wide, and as tables and signs have it; in em
_SPACE = ((0.75, 1.3), (1.3, 3), (3, 12))  # likewise, in usual spaces
_CODE_SPACE = 2.2  # width of a space in a face for code, in usual spaces


def choose_style(
    rng: np.random.Generator,
    fonts: FontSet,
    chinese: bool,
    min_size: int = 0,
    fixed: bool = False,
    face: Face | None = None,
    sizes: tuple[int, int] | None = None,
    has_latin_signs: bool = False,
) -> tuple[Style, Callable[[str], Face | None]]:
    """Choose the style of a line, and the face of each character.

    Args:
        rng: decides everything.
        fonts: faces to choose from.
        chinese: whether the text is Chinese.
        min_size: em size in pixels that scalable faces have at least; if given, the text is upright.
        fixed: whether to take a face for code.
        face: the only face, instead of those of ``fonts``.
        sizes: smallest em size in pixels, and the first that is too large, instead of the usual sizes.
        has_latin_signs: whether the signs that both Latin and Chinese faces have come from the Latin one.

    Returns:
        The style, and a function from a character to its face, or to None if no face draws it.
    """
    if face:
        main = latin = spare = face
    else:
        main = fonts.sample_fixed(rng) if fixed else fonts.sample(rng, chinese)
        latin = fonts.sample(rng, False) if chinese and rng.random() < 0.35 else main
        spare = fonts.sample(rng, True)
    size = max(min_size, int(rng.integers(*(sizes or _SIZES[bisect((0.3, 0.75), rng.random())]))))
    if main.sizes or (main.strikes and rng.random() < 0.4):
        size = sorted(main.strikes)[rng.integers(len(main.strikes))]

    def face_of(character):
        is_latin = character.isascii() or (has_latin_signs and character in SHARED_SIGNS)
        for candidate in (latin, main, spare) if is_latin else (main, spare):
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


def special_sizes(effects: set[str], chinese: bool) -> tuple[int, int] | None:
    """Return the em sizes that some effects need, as ``choose_style`` takes them, or None for the usual ones."""
    if "coarse_dots" in effects:
        return 11, 17
    if "large_print" in effects:
        return 26, 71
    if "small_screen_text" in effects:
        return (12, 15) if chinese else (9, 14)
    return None


def bound_tracking(style: Style, text_is_words: bool) -> Style:
    """Bound the tracking, so that only spaces look like spaces.

    Args:
        style: of the line.
        text_is_words: whether its characters belong together even if they stand apart.
    """
    return replace(style, tracking=min(style.tracking, (0.6 if text_is_words else 0.1) * style.size))


def heavy(rng: np.random.Generator, style: Style, chinese: bool) -> Style:
    """Thicken the strokes, as of headlines and signs."""
    return replace(style, bold=rng.uniform(0.03, 0.06) if chinese else rng.uniform(0.04, 0.1))


def condensed(rng: np.random.Generator, style: Style, chinese: bool) -> Style:
    """Narrow the characters, as in condensed faces."""
    width = rng.uniform(0.7 if chinese else 0.55, 0.85)
    return replace(style, width=width, tracking=style.size * rng.uniform(-0.02, 0.03))


def heavy_condensed(rng: np.random.Generator, style: Style, chinese: bool) -> Style:
    """Thicken the strokes and narrow the characters, as of posters, subtitles and price tags."""
    return condensed(rng, heavy(rng, style, chinese), chinese)


def letter_spaced(rng: np.random.Generator, style: Style, chinese: bool) -> Style:
    """Set the characters of words apart, by less than their height; spaces between words grow with that."""
    return replace(style, tracking=style.size * rng.uniform(0.12, 0.55), space=rng.uniform(1.0, 2.5))


def tight(rng: np.random.Generator, style: Style, chinese: bool) -> Style:
    """Move the characters closer together than their face has them."""
    return replace(style, tracking=style.size * rng.uniform(-0.07, -0.03), space=rng.uniform(0.7, 1.0))
