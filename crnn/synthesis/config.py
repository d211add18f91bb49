"""How likely each effect is in a synthetic line."""

from dataclasses import dataclass

# Effects that each line draws one number for, in the order of these numbers.
EFFECTS = (
    "cropped", "framed", "outlined", "shadowed", "moire", "stretched",
    "struck_through", "slanted", "perspective", "half_inverted", "embossed", "watermarked",
    "dot_matrix", "faded", "dusty", "binarised",
)  # fmt: skip
TEXT_EFFECTS = ("few_characters", "price_tags", "joined_words", "elastic")


@dataclass(frozen=True)
class SynthesisConfig:
    """Probabilities of each effect in a synthetic line, between 0 and 1.

    Which lines a probability applies to is said by the comment above its group.
    """

    # All lines
    rendered: float = 0.16  # taken from a file of lines that a browser rendered, if there is one

    # Lines that are not taken from a file
    ten_characters: float = 0.25  # format of the data set: 280 x 32 pixels, ten characters
    elastic: float = 0.25  # shapes of characters warped a little, which gives faces that no file has
    inverted: float = 0.4  # light text on a dark background
    cropped: float = 0.05  # image edges that cut into the characters at the top, the bottom or both
    framed: float = 0.05  # vertical rules before or after the text
    struck_through: float = 0.04  # a rule through the text
    slanted: float = 0.05  # text slanted to either side
    perspective: float = 0.05  # text that gets smaller towards one end
    half_inverted: float = 0.03  # one part light on dark, the other dark on light

    # Lines of free length: all but those of ten characters
    fills_line: float = 0.85  # text as long as the width allows
    few_characters: float = 0.06  # one to four characters, as on signs and labels
    price_tags: float = 0.04  # prices with smaller cents, signs and units
    undegraded: float = 0.3  # no degradation and an even background: a screenshot
    stretched: float = 0.2  # characters wider or narrower than in their face

    # Lines of free length that are lists of words
    joined_words: float = 0.3  # some words written together

    # Degraded lines
    outlined: float = 0.15  # text with an edge or a shadow, as over photographs
    shadowed: float = 0.08  # a shadow over a part of the line
    moire: float = 0.08  # stripes of a photographed screen
    embossed: float = 0.05  # letters in the colour of the background, or outlines of letters
    watermarked: float = 0.05  # a watermark, or print that shows through from the other side of the paper
    dot_matrix: float = 0.03  # print of a dot-matrix printer
    faded: float = 0.05  # spots without ink
    dusty: float = 0.04  # specks of dust
    binarised: float = 0.06  # black and white only

    # Kinds of text of the lines of ten characters, each entry as likely as the next
    ten_kinds: tuple[str, ...] = ("chinese",) * 7 + ("frequent", "uniform", "mixed")

    @classmethod
    def evaluation(cls, **changes):
        """Return a configuration without the effects that were added after the first published scores.

        Scores measured with it stay comparable. ``changes`` set single fields.
        """
        return cls(**dict.fromkeys((*TEXT_EFFECTS, *EFFECTS), 0.0) | changes)
