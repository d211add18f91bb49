"""Which readings are text: noise, photographs and empty pages are read without confidence, or explain little ink."""

import numpy as np

from crnn.inference.text_line import TextLine

MIN_CONFIDENCE = 0.5  # of a line of a page
MIN_CONFIDENCE_SHORT = (0.9, 0.8, 0.7)  # of a line of one character, of two, of three
CLEAR = ((2, 0.97), (7, 0.9))  # characters up to which, and confidence from which, a line is clearly text
CLEAR_LONG = 0.7  # the same for longer lines, by their different characters
MIN_CLEAR = 3  # characters of clear lines of a page with text
MAX_DOUBT = 0.9  # confidence of a picture of one line from which it is not questioned
MIN_CONFIDENCE_ALONE = 0.35  # of a picture of one line
MIN_EDGE = 12  # grey levels between neighbouring pixels, somewhere in it
MAX_UNEXPLAINED = 0.05  # of the edges of a picture of one line, that no character stands near
MIN_GAIN = 0.1  # of confidence that reading a picture as a page must bring
MIN_LINES = 2  # of a page
MIN_CHARACTERS = 3  # of each of them


def text_lines(lines: list[TextLine]) -> list[bool]:
    """Tell which lines of a page are text: none, unless some are clearly text.

    Args:
        lines: all that were found on it, as they were read.
    """
    flags = [_is_likely(line) for line in lines]
    shown = sum(_clear_characters(line) for line in lines) >= MIN_CLEAR
    return [flag and shown for flag in flags]


def is_convincing(line: TextLine, rows: int) -> bool:
    """Tell whether the reading of a picture of one line is not questioned.

    Args:
        line: as it was read.
        rows: of text that were found in the picture.
    """
    return line.confidence >= MAX_DOUBT and (rows <= 1 or len(line.characters) >= MIN_CHARACTERS)


def is_text_alone(line: TextLine, grey: np.ndarray) -> bool:
    """Tell whether a picture of one line is text: it is read with confidence, or its ink is that of its characters.

    Args:
        line: as it was read.
        grey: (height, width) uint8.
    """
    if line.confidence >= MAX_DOUBT:
        return True
    edges = np.abs(np.diff(grey.astype(np.int16), axis=1))
    if line.confidence < MIN_CONFIDENCE_ALONE or edges.max(initial=0) < MIN_EDGE:
        return False
    elsewhere = np.ones(edges.shape, bool)
    reach = min(grey.shape)
    for character in line.characters:
        if character.text != " ":
            x0, y0, x1, y1 = (round(edge) for edge in line.box(character))
            elsewhere[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = False
    return bool(edges[elsewhere].sum() <= MAX_UNEXPLAINED * edges.sum())


def is_clearly_page(lines: list[TextLine], alone: TextLine) -> bool:
    """Tell whether a picture is read clearly better as a page than as one line.

    Args:
        lines: that were found in it, as they were read.
        alone: the picture as one line.
    """
    lines = [line for line in lines if _is_likely(line) and len(line.characters) >= MIN_CHARACTERS]
    values = [character.confidence for line in lines for character in line.characters]
    return len(lines) >= MIN_LINES and sum(values) / len(values) >= alone.confidence + MIN_GAIN


def _is_likely(line: TextLine) -> bool:
    """Tell whether a line may be text; the shorter it is, the surer it must be."""
    count = len("".join(line.text.split()))
    least = MIN_CONFIDENCE_SHORT[count - 1] if 0 < count <= len(MIN_CONFIDENCE_SHORT) else MIN_CONFIDENCE
    return count > 0 and line.confidence >= least


def _clear_characters(line: TextLine) -> int:
    """Count the letters and digits of a line that is clearly text, different ones of a long line; 0 of others."""
    characters = [character for character in line.text if character.isalnum()]
    for longest, least in CLEAR:
        if len(characters) <= longest:
            return len(characters) if line.confidence >= least else 0
    return len(set(characters)) if line.confidence >= CLEAR_LONG else 0
