"""The effects of a line: which field of the configuration stands for which function, and which a line gets."""

import numpy as np

from crnn.synthesis import clutter, compositing, decorations, layouts, printing, styles, warping
from crnn.synthesis.config import BACKGROUNDS, DETAILS, EFFECTS, LAYOUTS, STYLES, SynthesisConfig

# Fields of the configuration and their effects, in the order in which they are applied.
SHAPE_EFFECTS = (
    ("stretched", warping.stretch),
    ("slanted", warping.slant),
    ("cropped", clutter.crop),
    ("framed", clutter.add_frame),
    ("struck_through", clutter.strike_through),
)
FREE_SHAPE_EFFECTS = (
    ("icon", decorations.add_icon),
    ("boxed", decorations.add_box),
    ("form_line", decorations.add_form_line),
    ("edge_dirt", decorations.add_edge_dirt),
    ("cut_characters", decorations.add_cut_characters),
    ("curved", warping.curve),
    ("coarse_dots", printing.print_coarse_dots),
)
INK_EFFECTS = (
    ("dot_matrix", printing.print_dots),
    ("faded", printing.fade),
)
FREE_INK_EFFECTS = (
    ("thermal", printing.print_thermally),
    ("spread_ink", printing.spread_ink),
)
IMAGE_EFFECTS = (
    ("watermarked", compositing.add_watermark),
    ("shadowed", compositing.add_shadow),
    ("moire", compositing.add_moire),
    ("dusty", compositing.add_dust),
)
LAYOUT_EFFECTS = (
    ("raised_or_lowered", layouts.raised_or_lowered),
    ("two_sizes", layouts.two_sizes),
    ("small_capitals", layouts.small_capitals),
    ("emphasis", layouts.emphasis),
    ("spaced_characters", layouts.spaced_characters),
    ("wide_gaps", layouts.wide_gaps),
    ("full_width_forms", layouts.full_width_forms),
    ("marks_only", layouts.marks_only),
    ("hyphenated", layouts.hyphenated),
    ("letter_spaced_capitals", layouts.letter_spaced_capitals),
    ("dashes", layouts.dashes),
    ("wide_hyphens", layouts.wide_hyphens),
    ("no_ascenders", layouts.no_ascenders),
)
STYLE_EFFECTS = (
    ("heavy", styles.heavy),
    ("condensed", styles.condensed),
    ("heavy_condensed", styles.heavy_condensed),
    ("letter_spaced", styles.letter_spaced),
    ("tight", styles.tight),
)
# Effects that a text does not take, if it is English, if it is Chinese.
NOT_FOR_KIND = (
    {"full_width_forms", "latin_signs"},
    {"small_capitals", "hyphenated", "letter_spaced_capitals", "no_ascenders", "coarse_dots", "chinese_face"},
)


def choose_effects(rng: np.random.Generator, config: SynthesisConfig) -> set[str]:
    """Choose among the effects that all lines may have."""
    return _happening(rng, config, EFFECTS)


def choose_free_effects(rng: np.random.Generator, config: SynthesisConfig, chinese: bool) -> set[str]:
    """Choose among the effects of lines of free length.

    Args:
        rng: decides.
        config: probabilities.
        chinese: whether the text is Chinese.
    """
    chosen = _happening(rng, config, DETAILS)
    for group in (LAYOUTS, STYLES, BACKGROUNDS):
        edges = np.cumsum([getattr(config, name) for name in group])
        place = np.searchsorted(edges, rng.random(), side="right")
        chosen |= set(group[place : place + 1])
    chosen -= NOT_FOR_KIND[chinese]
    if "subtitle" in chosen and not chosen & set(STYLES):
        chosen.add(("heavy", "heavy_condensed")[rng.integers(2)])
    if chosen & {"spaced_characters", "marks_only"}:  # whose gaps are spaces
        chosen -= {"letter_spaced"}
    return chosen


def _happening(rng, config, names):
    """Draw a number for each effect, and return those that happen."""
    return {name for name, p in zip(names, rng.random(len(names)), strict=True) if p < getattr(config, name)}
