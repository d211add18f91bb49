"""From the pieces of a line, decoded, to its text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from crnn.charset import SPACE, Charset
from crnn.geometry import HEIGHT, step_centre
from crnn.inference.line_splitting import Piece, PreparedLine
from crnn.inference.repeated_signs import HYPHEN, complete_runs, without_pairs_of_dashes
from crnn.inference.spacing import SpaceEvidence, WordScore, insert_spaces
from crnn.inference.text_line import Character, TextLine
from crnn.normalization import ink_height

EURO, ELEMENT_OF = "€", "∈"
_EURO_PLACES = re.compile(rf"{ELEMENT_OF}(?= ?\d)|(?<=\d){ELEMENT_OF}$|(?<=\d ){ELEMENT_OF}$")
SEEN_TWICE = 8  # columns beside a cut: a space there counts for both pieces, so that neither leaves it to the other


def assemble(
    line: PreparedLine,
    charset: Charset,
    allowed: frozenset[str] | None = None,
    word_score: WordScore | None = None,
) -> TextLine:
    """Put together the text of a line.

    Args:
        line: whose pieces have their runs.
        charset: the table of labels.
        allowed: the only characters that may stand in it; None: all of the table, and the euro sign.
        word_score: as for ``spacing.insert_spaces``.

    Returns:
        The line with columns of the source image.
    """
    height, width = line.shape
    end = width if line.rotation % 180 == 0 else height
    characters = merge_pieces(line.pieces, charset)
    if _may_write(HYPHEN, allowed):
        characters = without_pairs_of_dashes(characters, line.line, line.gaps)
    characters = complete_runs(characters, line.line, line.gaps)
    if _may_write(" ", allowed):
        characters = insert_spaces(characters, _space_evidence(line), word_score)
    if EURO not in charset and _may_write(EURO, allowed):
        characters = with_euro_signs(characters)
    scale = line.scale
    scaled = [Character(c.text, c.confidence, c.x0 * scale, min(c.x1 * scale, end)) for c in characters]
    return TextLine(tuple(scaled), width, height, line.rotation)


def _may_write(character: str, allowed: frozenset[str] | None) -> bool:
    return allowed is None or character in allowed


def with_euro_signs(characters: Sequence[Character]) -> list[Character]:
    """Write the euro sign, which the table lacks, for the sign of set theory that looks like it.

    Args:
        characters: of a line. The sign is meant right before a number, and at the end of a line that ends with one.
    """
    text = "".join(character.text for character in characters)
    euros = {match.start() for match in _EURO_PLACES.finditer(text)}
    return [replace(c, text=EURO) if at in euros else c for at, c in enumerate(characters)]


def merge_pieces(pieces: list[Piece], charset: Charset) -> list[Character]:
    """Put together what was read in the pieces of a line, each one's context left out.

    Args:
        pieces: from left to right, with their runs.
        charset: the table of labels.

    Returns:
        The characters with columns of the line at height 32, the spaces that the network saw included.
    """
    return [character for piece in pieces for character in _own_characters(piece, charset)]


def _own_characters(piece: Piece, charset: Charset) -> Iterator[Character]:
    runs = piece.runs
    if not runs:
        return
    centres = piece.first + step_centre(np.array([(run.first + run.last) / 2 for run in runs]))
    centres = np.minimum(centres, piece.last)  # what was seen in the padding
    edges = (centres[1:] + centres[:-1]) / 2
    reach = HEIGHT / 2
    lefts = np.maximum(np.append(piece.first, edges), centres - reach)
    rights = np.minimum(np.append(edges, piece.last), centres + reach)
    low, high = piece.own
    for run, centre, left, right in zip(runs, centres, lefts, rights, strict=True):
        is_space = run.label == SPACE
        more = SEEN_TWICE if is_space else 0
        if low - more <= centre < high + more:
            text = " " if is_space else charset.characters[run.label]
            yield Character(text, run.confidence, float(left), float(right))


def _space_evidence(line: PreparedLine) -> SpaceEvidence:
    """Gather what the network and the gaps say of the spaces of a line, in columns of the line at height 32."""
    columns, probabilities = [], []
    for piece in line.pieces:
        looked_at = piece.first + step_centre(np.arange(len(piece.space_probabilities)))
        own = (piece.own[0] <= looked_at) & (looked_at < piece.own[1])
        columns.append(looked_at[own])
        probabilities.append(piece.space_probabilities[own])
    return SpaceEvidence(line.gaps, np.concatenate(columns), np.concatenate(probabilities), ink_height(line.line))
