"""Which readings are text, by their confidence: noise and photographs are read without any."""

from crnn.inference.text_line import TextLine

MIN_CONFIDENCE = 0.5  # of a line of a page
MIN_CONFIDENCE_SHORT = (0.9, 0.8, 0.7)  # of a line of one character, of two, of three
MAX_DOUBT = 0.9  # confidence of a picture of one line from which it is not questioned
MIN_CONFIDENCE_ALONE = 0.45  # of a picture of one line in which no line was found
MIN_CONFIDENCE_LONG = 0.6  # of such a one, if it has more than ``SHORT`` characters
SHORT = 4
MIN_GAIN = 0.1  # of confidence that reading a picture as a page must bring
MIN_LINES = 2  # of a page
MIN_CHARACTERS = 3  # of each of them


def is_text(line: TextLine) -> bool:
    """Tell whether a line of a page is text; the shorter it is, the surer it must be."""
    count = len("".join(line.text.split()))
    least = MIN_CONFIDENCE_SHORT[count - 1] if 0 < count <= len(MIN_CONFIDENCE_SHORT) else MIN_CONFIDENCE
    return count > 0 and line.confidence >= least


def is_text_alone(line: TextLine) -> bool:
    """Tell whether a picture of one line is text although no line was found in it, as of one sign."""
    return line.confidence >= (MIN_CONFIDENCE_LONG if len(line.characters) > SHORT else MIN_CONFIDENCE_ALONE)


def is_clearly_page(lines: list[TextLine], alone: TextLine) -> bool:
    """Tell whether a picture is read clearly better as a page than as one line.

    Args:
        lines: that were found in it, as they were read.
        alone: the picture as one line.
    """
    lines = [line for line in lines if is_text(line) and len(line.characters) >= MIN_CHARACTERS]
    values = [character.confidence for line in lines for character in line.characters]
    return len(lines) >= MIN_LINES and sum(values) / len(values) >= alone.confidence + MIN_GAIN
