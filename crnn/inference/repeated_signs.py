"""Which signs a run of one sign has, by the strokes of the ink.

CTC needs a time step of blank between two equal characters, and a time step is four columns wide: of ``III`` or ``!!!``
whose strokes are less than eight columns apart, the network leaves some out. And it takes wide hyphens, as many Chinese
faces draw them, for the pair of dashes that is Chinese punctuation.
"""

from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from crnn.geometry import HEIGHT
from crnn.inference.line_splitting import Gap
from crnn.inference.neighbours import is_chinese
from crnn.inference.text_line import Character

DASH, HYPHEN = "—", "-"
NARROW = frozenset("I1|!.-:")  # signs of one stroke, or of strokes above each other
MAX_PITCH = HEIGHT / 2  # columns from stroke to stroke
TOLERANCE = 2  # columns by which the widths and the distances of strokes that are alike differ at most
SAME_INK = 1.2  # the most over the least ink of strokes that are alike
FAINT = 0.15  # of the most ink that a column of a stroke has; the columns beside the stroke have less

Stroke = tuple[int, int]  # first column, last column + 1


class RepeatedSign(NamedTuple):
    """Characters of a line that follow each other and are the same, and those beside them.

    Attributes:
        signs: the same characters.
        before, after: the character on either side; none at an end of the line.
    """

    signs: list[Character]
    before: list[Character]
    after: list[Character]


def without_pairs_of_dashes(characters: list[Character], line: np.ndarray, gaps: list[Gap]) -> list[Character]:
    """Write runs of dashes in lines without Chinese as hyphens, or as one dash if they are one stroke.

    Args:
        characters: as for ``complete_runs``.
        line: (32, width) uint8.
        gaps: all gaps of the line.
    """
    texts = {character.text for character in characters}
    if DASH not in texts or any(map(is_chinese, texts)) or not any(map(str.isalnum, texts)):
        return characters
    centres = [(start + end) / 2 for start, end in _strokes(line, gaps)]
    written: list[Character] = []
    for signs, _, _ in _runs(characters):
        first, last = signs[0], signs[-1]
        if first.text == DASH and len(signs) > 1:
            strokes = bisect(centres, last.x1) - bisect_left(centres, first.x0)
            confidence = min(sign.confidence for sign in signs)
            one = [replace(first, confidence=confidence, x1=last.x1)]
            signs = one if strokes == 1 else [replace(sign, text=HYPHEN) for sign in signs]
        written += signs
    return written


def complete_runs(characters: list[Character], line: np.ndarray, gaps: list[Gap]) -> list[Character]:
    """Add the signs that are missing in runs of one narrow sign, beside Latin letters and digits.

    Args:
        characters: of the line, from left to right, with the spaces that the decoder gave; in columns of the line.
        line: (32, width) uint8.
        gaps: all gaps of the line.
    """
    if NARROW.isdisjoint(character.text for character in characters):
        return characters
    strokes = _strokes(line, gaps)
    centres = [(start + end) / 2 for start, end in strokes]
    completed: list[Character] = []
    for signs, before, after in _runs(characters):
        if signs[0].text in NARROW and not any(is_chinese(character.text) for character in (*before, *after)):
            left, right = (_room(neighbour, end) for neighbour, end in ((before, signs[0]), (after, signs[-1])))
            found = strokes[bisect_left(centres, left.x0) : bisect(centres, right.x1)]
            if len(found) > len(signs) and _are_alike(line, found):
                signs = _one_for_each(signs, found)
        completed += signs
    return completed


def _runs(characters: list[Character]) -> Iterator[RepeatedSign]:
    at = 0
    for _, group in groupby(characters, lambda character: character.text):
        signs = list(group)
        end = at + len(signs)
        yield RepeatedSign(signs, characters[max(0, at - 1) : at], characters[end : end + 1])
        at = end


def _strokes(line: np.ndarray, gaps: list[Gap]) -> list[Stroke]:
    """Return what stands between the gaps of a line, its margins left out."""
    edges = [0, *(edge for gap in gaps for edge in gap), line.shape[1]]
    strokes = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    for at in {0, len(strokes) - 1}:
        strokes[at], _ = _inked(line, strokes[at], _background(line, *strokes[at]))
    return strokes


def _background(line: np.ndarray, start: int, end: int) -> float:
    """Return the median grey in and around some columns."""
    return float(np.median(line[:, max(0, start - HEIGHT) : end + HEIGHT]))


def _inked(line: np.ndarray, stroke: Stroke, background: float) -> tuple[Stroke, float]:
    """Return the columns of a stroke that have ink, and how much: the sum of the differences from the background."""
    start, end = stroke
    ink = np.abs(line[:, start:end] - background).sum(axis=0)
    columns = np.flatnonzero(ink >= FAINT * ink.max())
    return (start + int(columns[0]), start + int(columns[-1]) + 1), float(ink[columns].sum())


def _room(neighbour: list[Character], end: Character) -> Character:
    """Return what strokes of a run may reach into: a space beside it, whose place the network guesses, or its end."""
    return neighbour[0] if neighbour and neighbour[0].text == " " else end


def _are_alike(line: np.ndarray, strokes: list[Stroke]) -> bool:
    """Tell whether strokes are as wide, as dark and as far from each other."""
    background = _background(line, strokes[0][0], strokes[-1][1])
    inked = [_inked(line, stroke, background) for stroke in strokes]
    widths = [end - start for (start, end), _ in inked]
    pitches = [(right - left) / 2 for left, right in pairwise(start + end for (start, end), _ in inked)]
    amounts = [amount for _, amount in inked]
    return (
        max(widths) - min(widths) <= TOLERANCE
        and max(pitches) - min(pitches) <= TOLERANCE
        and max(pitches) <= MAX_PITCH
        and 0 < max(amounts) <= SAME_INK * min(amounts)
    )


def _one_for_each(run: list[Character], strokes: list[Stroke]) -> list[Character]:
    """Write the sign of a run once for each stroke, no surer than the least sure one that was read."""
    confidence = min(character.confidence for character in run)
    borders = [(left + right) / 2 for (_, left), (right, _) in pairwise(strokes)]
    edges = [float(strokes[0][0]), *borders, float(strokes[-1][1])]
    return [replace(run[0], confidence=confidence, x0=x0, x1=x1) for x0, x1 in pairwise(edges)]
