"""Parts of a line in another size, position, weight or distance: price tags, footnotes, columns, small capitals.

Each effect takes and returns a ``Layout``. One that finds nothing to work on returns it as it is.
"""

import re
import string
from dataclasses import dataclass, replace

import numpy as np

from crnn.synthesis.fonts import FULL_WIDTH_ASCII, Style
from crnn.synthesis.texts import title_case
from crnn.synthesis.typesetting import SPACE_WIDTH, Span

DIGIT_HEIGHT = 0.72  # in em
MIN_SMALL_SIZE = 8  # em size in pixels of small characters
_PRICE_PARTS = re.compile(r"(?<=\d)\.\d+|[￥¥$€]|(?<=\d) *([^\d., ][^\d.,]*)$")  # cents, signs of currencies, units
_BORDERS = re.compile(r"(?<=[:：] )|(?<=\d)(?=\D)|(?<=[^\d.,])(?=\d)|(?<= )\S")  # of label and value, value and unit
_SCRIPT = re.compile(r"([\^_]){([^}]*)}")
_NOTES = ("[{0}]", "[{0}]", "[{0},{1}]", "[{0}-{1}]", "{0}", "{0}", "{0}{1}", "({0})", "*", "a", "b")
_FORMULAS = (
    "m^{2}", "m^{3}", "km^{2}", "cm^{2}", "mm^{3}", "10^{N}", "10^{-N}", "5×10^{N}", "1.2×10^{-N}", "x^{2}", "y^{N}",
    "2^{N}", "x^{2} + y^{2}", "R^{2}", "E=mc^{2}", "a^{n}", "e^{x}", "σ^{2}", "4^{th}", "1^{st}", "2^{nd}", "3^{rd}",
    "21^{st}", "App^{TM}", "Pro^{TM}", "CO_{2}", "H_{2}O", "SO_{2}", "CH_{4}", "O_{2}", "NO_{x}", "N_{2}O", "NH_{3}",
    "H_{2}SO_{4}", "Fe_{2}O_{3}", "CaCO_{3}", "PM_{2.5}", "PM_{10}", "x_{N}", "a_{1}", "t_{0}", "log_{2}", "V_{max}",
)  # fmt: skip
_CHARACTERS = (  # to set apart; none: those of the text
    string.digits, string.digits, string.ascii_uppercase, string.ascii_lowercase, "一二三四五六七八九十", "",
)  # fmt: skip
_COMMAS = re.compile(r"(?<=\w)(?:, | - |; | |(?<=\d)-(?=\d))(?=\w)")  # and other places where a dash may stand
_CHINESE_COMMAS = re.compile(r"(?<=[\u4e00-\u9fff\d])(?:[，：；,-]|)(?=[\u4e00-\u9fff\d])")
_DASHES = ("—", "—", "—", "—", "—", "–", "–", "–", " — ", " – ")
_CHINESE_DASHES = ("——", "——", "——", "——", "—", "—", "—", "–", "-")
_HYPHENS = ("-", "-", "-", " -", " --", " - ")
_LOW_LETTERS = "cosuvwxzcosuvwxzaemnr"  # without ascenders; most of them look like their capitals
_LOW_WORDS = (
    "vs", "so", "no", "us", "we", "on", "see", "sum", "max", "www", "xx", "xxx", "zoo", "sos", "one", "new", "now",
    "run", "over", "source", "save", "zoom", "scan", "more", "error", "access", "cos x", "sec x", "x = o", "a vs. c",
)  # fmt: skip
_MARKS = "--——__..==**~·+/|:'\",。、<>#"


@dataclass(frozen=True)
class Layout:
    """A text and how its parts are set.

    Attributes:
        text: of the line.
        style: of all that no span covers.
        spans: parts in other styles.
    """

    text: str
    style: Style
    spans: tuple[Span, ...] = ()


def price_tag(rng: np.random.Generator, layout: Layout) -> Layout:
    """Set cents, signs and units of a price smaller, on the baseline or hanging from the tops of the digits."""
    style = layout.style
    small = _small(style, rng.uniform(0.45, 0.8))
    lift = round(DIGIT_HEIGHT * (style.size - small.size)) if rng.random() < 0.6 else 0
    parts = [part.span(part.lastindex or 0) for part in _PRICE_PARTS.finditer(layout.text)]
    return replace(layout, spans=tuple(Span(*part, small, lift) for part in parts))


def raised_or_lowered(rng: np.random.Generator, layout: Layout) -> Layout:
    """Insert a note behind a word, or a formula, with small characters above or below the line."""
    text, style = layout.text, layout.style
    if style.size * 0.6 < MIN_SMALL_SIZE:
        return layout
    ends = [match.end() for match in re.finditer(r"[A-Za-z]+|[\u4e00-\u9fff。]", text[:14])]
    at = ends[rng.integers(len(ends))] if ends else 0
    if rng.random() < 0.5 and ends:
        note = _NOTES[rng.integers(len(_NOTES))].format(*rng.integers(1, (10, 99)[rng.integers(2)], 2))
        script = "^{" + note + "}"
    else:
        script = _FORMULAS[rng.integers(len(_FORMULAS))].replace("N", str(rng.integers(2, 20)))
        gap = "" if at == 0 or text[at - 1] > "\u2e80" else " "
        script = f"{gap}{rng.integers(1, 1000)} {script}" if script[0] in "mck" else gap + script
        if at < len(text) and text[at].isalnum():
            script += gap
    small = _small(style, rng.uniform(0.55, 0.72))
    lift = {"^": round(rng.uniform(0.28, 0.45) * style.size), "_": -round(rng.uniform(0.08, 0.2) * style.size)}
    spans, plain, last = [], text[:at], 0
    for part in _SCRIPT.finditer(script):
        plain += script[last : part.start()]
        spans.append(Span(len(plain), len(plain) + len(part[2]), small, lift[part[1]]))
        plain += part[2]
        last = part.end()
    return Layout(plain + script[last:] + text[at:], style, tuple(spans))


def two_sizes(rng: np.random.Generator, layout: Layout) -> Layout:
    """Set a label or a unit smaller than the value beside it."""
    text, style = layout.text, layout.style
    borders = [match.start() for match in _BORDERS.finditer(text[:14]) if match.start()]
    if not borders:
        return layout
    at = borders[rng.integers(len(borders))]
    small = _small(style, rng.uniform(0.5, 0.85))
    lift = round((0, 0, 0, 0.36, DIGIT_HEIGHT)[rng.integers(5)] * (style.size - small.size))
    part = (0, at) if rng.random() < 0.5 else (at, len(text))
    return replace(layout, spans=(Span(*part, small, lift),))


def small_capitals(rng: np.random.Generator, layout: Layout) -> Layout:
    """Set lower-case letters as smaller capitals."""
    text, style = title_case(layout.text), layout.style
    small = _small(style, rng.uniform(0.7, 0.88))
    spans = [Span(*part.span(), small) for part in re.finditer(r"[a-z]+", text)]
    return Layout(text.upper(), style, tuple(spans)) if len(text) == len(text.upper()) else layout


def emphasis(rng: np.random.Generator, layout: Layout) -> Layout:
    """Set a part bold or in italics."""
    text, style = layout.text, layout.style
    start = int(rng.integers(0, min(8, len(text))))
    end = start + int(rng.integers(1, 12))
    if rng.random() < 0.7:
        other = replace(style, bold=rng.uniform(0.03, 0.07))
    else:
        other = replace(style, slant=rng.uniform(0.15, 0.3))
    words = [match.span() for match in re.finditer(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+", text)]
    spans = [Span(*word, other) for word in words if start <= word[0] < end]
    if rng.random() < 0.3:  # all but the part
        spans = [Span(*word, other) for word in words if not start <= word[0] < end]
    return replace(layout, spans=tuple(spans))


def spaced_characters(rng: np.random.Generator, layout: Layout) -> Layout:
    """Set single characters apart by spaces: names of fields such as ``地 址``, digits, letters, answers."""
    style = replace(layout.style, tracking=layout.style.size * rng.uniform(-0.02, 0.03))
    if rng.random() < 0.5:
        count = int(rng.integers(2, 5))
        start = 0 if rng.random() < 0.6 else int(rng.integers(0, 5))
        head, tail = layout.text[start : start + count], layout.text[start + count :]
        if all("\u4e00" <= character <= "\u9fff" for character in head) and head:
            gap = _wide(style, rng.uniform(0.35, 1.6))
            before = layout.text[:start]
            spaces = [Span(start + place, start + place + 1, gap) for place in range(1, 2 * len(head) - 1, 2)]
            return Layout(before + " ".join(head) + tail, style, tuple(spaces))
    characters = _CHARACTERS[rng.integers(len(_CHARACTERS))] or re.sub(r"\W", "", layout.text) or "12345"
    start = int(rng.integers(len(characters)))
    chosen = (characters * 10)[start : start + rng.integers(2, 9)]
    if rng.random() < 0.7:
        chosen = "".join(rng.permutation(list(chosen)))
    low, high = ((0.27, 0.5), (0.5, 1.2), (1.2, 3))[rng.integers(3)]
    if not characters.isascii():  # closer, they would be words in wide tracking
        low, high = max(low, 0.8), max(high, 1.6)
    return Layout(" ".join(chosen), _wide(style, rng.uniform(low, high)))


def wide_gaps(rng: np.random.Generator, layout: Layout) -> Layout:
    """Widen one to three spaces, as between columns, or between a label and its value."""
    text, style = layout.text, layout.style
    places = [place for place, character in enumerate(text[:16]) if character == " "]
    words = [match.start() for match in re.finditer(r"(?<=\w)(?=\w)", text[:10])]
    if not places and words and ord(text[0]) > 0x2E80:
        at = words[rng.integers(len(words))]
        text, places = f"{text[:at]} {text[at:]}", [at]
    chosen = rng.permutation(places)[: rng.integers(1, 4)].tolist()
    gap = rng.uniform(0.8, 5)
    spans = [Span(place, place + 1, _wide(style, gap * rng.uniform(0.7, 1.3))) for place in chosen]
    return Layout(text, style, tuple(spans))


def full_width_forms(rng: np.random.Generator, layout: Layout) -> Layout:
    """Write the ASCII of a Chinese text in full-width forms."""
    text = layout.text
    if not any(character.isascii() and character.isalnum() for character in text[:8]):
        at = int(rng.integers(0, 6))
        number = rng.integers(1, (10, 100, 10000)[rng.integers(3)])
        text = f"{text[:at]}{number}{text[at:]}"
    signs = rng.random() < 0.4
    forms = (FULL_WIDTH_ASCII.get(c, c) if c.isalnum() or signs else c for c in text)
    return replace(layout, text="".join(forms))


def marks_only(rng: np.random.Generator, layout: Layout) -> Layout:
    """Replace the text by a mark or a run of one, as in empty cells, rules of characters and lines to fill in."""
    mark = _MARKS[rng.integers(len(_MARKS))]
    most = 3 if mark == "—" else 13  # longer rules are one stroke
    return replace(layout, text=mark * (1 if rng.random() < 0.4 else int(rng.integers(2, most))))


def no_ascenders(rng: np.random.Generator, layout: Layout) -> Layout:
    """Replace the text by letters without ascenders, as in ``vs`` and ``cos x``, or by their capitals."""
    if rng.random() < 0.5:
        text = "".join(rng.choice(list(_LOW_LETTERS), rng.integers(1, 4)))
    else:
        text = _LOW_WORDS[rng.integers(len(_LOW_WORDS))]
    return replace(layout, text=text.upper() if rng.random() < 0.4 else text)


def hyphenated(rng: np.random.Generator, layout: Layout) -> Layout:
    """End the line in a divided word."""
    inside = re.finditer(r"(?<=[a-z]{2})(?=[a-z]{2})", layout.text[:22])
    places = [match.start() for match in inside if match.start() > 4]
    if not places:
        return layout
    return replace(layout, text=layout.text[: places[rng.integers(len(places))]] + "-")


def dashes(rng: np.random.Generator, layout: Layout) -> Layout:
    """Write one or two dashes for commas or spaces, or between digits or Chinese characters, mostly without spaces."""
    chinese = any("\u4e00" <= character <= "\u9fff" for character in layout.text[:10])
    places, signs = (_CHINESE_COMMAS, _CHINESE_DASHES) if chinese else (_COMMAS, _DASHES)
    found = [match.span() for match in places.finditer(layout.text[:30])]
    chosen = sorted(rng.permutation(len(found))[: rng.integers(1, 3)])
    text = layout.text
    for place in reversed(chosen):
        start, end = found[place]
        text = text[:start] + signs[rng.integers(len(signs))] + text[end:]
    if found and rng.random() < 0.1:  # a sentence that is broken off
        text = text[: found[-1][0]] + signs[0]
    return replace(layout, text=text)


def wide_hyphens(rng: np.random.Generator, layout: Layout) -> Layout:
    """Stretch hyphens, as many Chinese faces draw them; where there is none, put one between two words."""
    text, style = layout.text, layout.style
    gaps = [match.start() for match in re.finditer(r"(?<=[A-Za-z]) (?=[A-Za-z])", text[:20])]
    if "-" not in text[:20] and gaps:
        at = gaps[rng.integers(len(gaps))]
        text = text[:at] + _HYPHENS[rng.integers(len(_HYPHENS))] + text[at + 1 :]
    wide = replace(style, width=style.width * rng.uniform(1.3, 2.2))
    return Layout(text, style, tuple(Span(*match.span(), wide) for match in re.finditer("-", text)))


def letter_spaced_capitals(rng: np.random.Generator, layout: Layout) -> Layout:
    """Write capitals, set apart by less than their height, as on title pages, logos and buttons."""
    size = layout.style.size
    style = replace(layout.style, tracking=size * rng.uniform(0.08, 0.45), space=rng.uniform(1.0, 2.5))
    return Layout(layout.text.upper(), style)


def _small(style, factor):
    """Return a style in another size."""
    return replace(style, size=max(MIN_SMALL_SIZE, round(factor * style.size)))


def _wide(style, width):
    """Return a style with spaces of a width given in em."""
    return replace(style, space=width / SPACE_WIDTH)
