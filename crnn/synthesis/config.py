"""How likely each effect is in a synthetic line."""

from dataclasses import dataclass, replace
from typing import Any

# Kinds of text (``texts.Texts.of_kind``) and the share of each among the lines of free length. A table of 5990
# characters needs drawn ones, "uniform" and "frequent": all the texts together leave hundreds of its characters unseen.
KINDS = {
    "chinese": 0.13,
    "english": 0.17,
    "mixed": 0.08,
    "words": 0.05,
    "frequent": 0.05,
    "uniform": 0.09,
    "patterns": 0.03,
    "code": 0.03,
    "phrases": 0.14,
    "grammars": 0.19,
    "commands": 0.04,
}
EVALUATION_KINDS = {  # of the first published scores
    "chinese": 0.30,
    "english": 0.24,
    "mixed": 0.10,
    "words": 0.06,
    "frequent": 0.10,
    "uniform": 0.12,
    "patterns": 0.08,
    "code": 0.03,
}

# Effects that each line draws one number for, in the order of these numbers.
EFFECTS = (
    "cropped", "framed", "outlined", "shadowed", "moire", "stretched",
    "struck_through", "slanted", "perspective", "half_inverted", "embossed", "watermarked",
    "dot_matrix", "faded", "dusty", "binarised",
)  # fmt: skip
TEXT_EFFECTS = ("few_characters", "price_tags", "joined_words", "elastic")

# Effects of lines of free length alone. Of the first three groups a line has one at most.
LAYOUTS = (
    "raised_or_lowered", "two_sizes", "small_capitals", "emphasis",
    "spaced_characters", "wide_gaps", "full_width_forms", "marks_only", "hyphenated",
    "letter_spaced_capitals", "dashes", "wide_hyphens", "no_ascenders",
)  # fmt: skip
STYLES = ("small_screen_text", "large_print", "heavy", "condensed", "heavy_condensed", "letter_spaced", "tight")
BACKGROUNDS = ("scan", "picture_background")
DETAILS = (
    "icon", "boxed", "form_line", "cut_characters", "curved", "coarse_dots", "thermal", "spread_ink",
    "page_shadow", "crisp", "recompressed", "chinese_face", "interface",
    "bounded_tracking", "line_box", "clean", "edge_dirt", "subtitle", "latin_signs",
)  # fmt: skip
FREE_EFFECTS = (*LAYOUTS, *STYLES, *BACKGROUNDS, *DETAILS)


@dataclass(frozen=True)
class SynthesisConfig:
    """Probabilities of each effect in a synthetic line, between 0 and 1.

    The comment above each group says which lines its probabilities apply to.
    """

    # All lines
    plain: float = 0.5  # none of the effects that ``evaluation`` leaves out
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

    # Lines of free length, one layout at most
    raised_or_lowered: float = 0.08  # notes, powers, formulas with small characters above or below the line
    two_sizes: float = 0.05  # a label or a unit smaller than its value
    small_capitals: float = 0.02  # lower case as smaller capitals; of English
    emphasis: float = 0.05  # a part bold or in italics
    spaced_characters: float = 0.05  # single characters apart, labelled with spaces
    wide_gaps: float = 0.05  # some spaces as wide as between columns
    full_width_forms: float = 0.06  # ASCII in full-width forms; of Chinese
    marks_only: float = 0.01  # a mark or a run of one
    letter_spaced_capitals: float = 0.02  # capitals set apart, labelled without spaces; of English
    hyphenated: float = 0.02  # a word divided at the end; of English
    dashes: float = 0.04  # dashes in the place of commas, hyphens and spaces
    wide_hyphens: float = 0.08  # hyphens half an em wide, as many Chinese faces draw them
    no_ascenders: float = 0.02  # letters such as "vs" alone, or their capitals; of English

    # Lines of free length, one style at most
    small_screen_text: float = 0.04  # 9 to 14 pixels high
    large_print: float = 0.3  # 26 to 70 pixels high, as most images have it that are not of screens
    heavy: float = 0.04  # thick strokes
    condensed: float = 0.05  # narrow characters
    heavy_condensed: float = 0.03  # both
    letter_spaced: float = 0.04  # characters of words set apart, labelled without spaces
    tight: float = 0.04  # characters closer together

    # Lines of free length
    bounded_tracking: float = 1.0  # no tracking that looks like spaces
    chinese_face: float = 0.04  # English in a Chinese face
    latin_signs: float = 0.5  # in Chinese with Latin in a face of its own, its dots, dashes and quotes, as browsers do
    icon: float = 0.02  # a pictogram beside the text
    boxed: float = 0.04  # a box around the text
    form_line: float = 0.03  # a line to write on under the text
    edge_dirt: float = 0.03  # faint spots before or behind the text
    cut_characters: float = 0.03  # the rest of a cut character at an end
    curved: float = 0.04  # bent up or down
    coarse_dots: float = 0.03  # print in visible dots, as on receipts; not of Chinese
    subtitle: float = 0.03  # heavy, with an edge or a shadow, over anything
    recompressed: float = 0.06  # saved as JPEG twice, at two sizes
    line_box: float = 0.4  # margins as the line has them, also above and below marks and low characters

    # Lines of free length that would be degraded
    clean: float = 0.2  # no degradation either

    # Lines of free length without degradation
    interface: float = 0.4  # any two greys, panels behind some characters

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

    # Degraded lines of free length
    scan: float = 0.4  # dark ink on light, nearly even paper
    picture_background: float = 0.06  # over a picture or a texture
    thermal: float = 0.04  # faint, streaked print
    spread_ink: float = 0.05  # ink that ran into the paper
    page_shadow: float = 0.04  # darker towards one end
    crisp: float = 0.35  # neither tilted nor blurred nor noisy; recompressed lines neither

    # Kinds of text of the lines of free length and their shares
    kinds: tuple[tuple[str, float], ...] = tuple(KINDS.items())

    # Kinds of text of the lines of ten characters, each entry as likely as the next
    ten_kinds: tuple[str, ...] = ("chinese",) * 7 + ("frequent", "uniform", "mixed")

    @classmethod
    def evaluation(cls, **changes) -> "SynthesisConfig":
        """Return a configuration without effects and kinds of text that were added after the first published scores.

        Scores measured with it stay comparable. ``changes`` set single fields.
        """
        kinds = {"kinds": tuple(EVALUATION_KINDS.items())}
        return replace(cls().without_effects(), **kinds | changes)

    def without_effects(self) -> "SynthesisConfig":
        """Return the same configuration without the effects that were added after the first published scores."""
        without: dict[str, Any] = dict.fromkeys(("plain", *TEXT_EFFECTS, *EFFECTS, *FREE_EFFECTS), 0.0)
        return replace(self, **without)


ALL_KINDS = "all"  # of lines of free length, in the shares of the training
TEN_KINDS = {  # texts of lines in the data set's own format, 280 x 32, ten characters
    "ten": ("chinese",),  # running text cut anywhere, as the data set has it
    "ten-drawn": SynthesisConfig.ten_kinds,  # as training has them: three in ten of random characters, or with Latin
}
