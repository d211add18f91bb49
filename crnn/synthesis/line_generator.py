"""Synthetic lines: what each says, how it is set, and what happens to its image.

``LineGenerator.line(index)`` is a pure function of seed and index: it does not matter which
process asks, or what was asked before.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from crnn.charset import Charset
from crnn.geometry import HEIGHT, MIN_WIDTH
from crnn.normalization import resize, resize_to_height, trim_margins
from crnn.synthesis import backgrounds, clutter, compositing, degradation, layouts, patterns, warping
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.effects import (
    FREE_INK_EFFECTS,
    FREE_SHAPE_EFFECTS,
    IMAGE_EFFECTS,
    INK_EFFECTS,
    LAYOUT_EFFECTS,
    SHAPE_EFFECTS,
    STYLE_EFFECTS,
    choose_effects,
    choose_free_effects,
)
from crnn.synthesis.fonts import Face, FontSet
from crnn.synthesis.layouts import Layout
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.optics import apply_optics
from crnn.synthesis.styles import bound_tracking, choose_style, special_sizes
from crnn.synthesis.texts import Texts
from crnn.synthesis.typesetting import typeset

TEN = 10  # characters of a line in the data set's format
CHINESE_KINDS = ("chinese", "mixed", "uniform", "frequent")
EITHER_KINDS = ("phrases", "grammars", "commands")  # Chinese if they hold Chinese
FIXED_KINDS = ("code", "commands")  # most are set in faces whose characters are equally wide
SINGLE_CHARACTER_KINDS = ("patterns", "code", "grammars", "commands")  # their characters may stand for themselves
MIN_RESAMPLED_SIZE = 11  # em size in pixels that characters keep when an image is saved smaller


class LineGenerator:
    """Draws lines.

    Args:
        fonts: faces to choose from.
        texts: what lines say.
        charset: table of the labels.
        seed: each seed gives another endless series of lines.
        width: columns, at height 32, that a line may fill.
        config: probabilities of the effects (default: ``SynthesisConfig()``).
        rendered: stores of lines that are mixed in: any with ``len`` and ``line(number)``.
    """

    def __init__(
        self,
        fonts: FontSet,
        texts: Texts,
        charset: Charset,
        seed: int = 0,
        width: int = MIN_WIDTH,
        config: SynthesisConfig | None = None,
        rendered: Sequence = (),
    ):
        self.fonts, self.texts, self.charset = fonts, texts, charset
        self.seed, self.width, self.config = seed, width, config or SynthesisConfig()
        self.rendered = rendered
        self._plain = self
        if self.config.plain:
            self._plain = LineGenerator(fonts, texts, charset, seed, width, self.config.without_effects(), rendered)

    def line(self, index: int, face: Face | None = None, text: str | None = None) -> LineSample:
        """Draw line ``index`` of the series.

        Args:
            index: number of the line.
            face: the only face to draw with, instead of those of ``fonts``.
            text: what the line says, instead of a text of ``texts``.

        Raises:
            RuntimeError: a hundred texts in a row hold nothing that the faces can draw.
        """
        is_plain = np.random.default_rng((self.seed, index)).random() < self.config.plain
        return (self._plain if is_plain else self)._line(index, face, text)

    def _line(self, index, face, text):
        for attempt in range(100):
            rng = np.random.default_rng((self.seed, index, attempt))
            if self.rendered and rng.random() < self.config.rendered:
                line = self._stored_line(rng)
            elif rng.random() < self.config.ten_characters:
                line = self._ten_character_line(rng)
            else:
                line = self._free_line(rng, face, text)
            if line is not None:
                return line
        raise RuntimeError(f"line {index} of seed {self.seed}: the faces can draw none of 100 texts")

    def _free_line(self, rng, face, text):
        """Draw a line of free length, or return None if it has no text or no ink."""
        config = self.config
        kind, text = ("words", text) if text else self.texts.sample(rng)
        chinese = is_chinese(kind, text)
        text_rng = rng.spawn(1)[0]  # its own: without these effects all else is drawn as with them
        free_rng = text_rng.spawn(1)[0]
        chosen = choose_free_effects(free_rng, config, chinese)
        receipt = bool(chosen & {"coarse_dots", "thermal"})
        style, face_of = choose_style(
            rng,
            self.fonts,
            chinese or "chinese_face" in chosen,
            fixed=(kind in FIXED_KINDS and rng.random() < 0.7) or (receipt and free_rng.random() < 0.6),
            face=face,
            sizes=special_sizes(chosen, chinese),
            has_latin_signs="latin_signs" in chosen,
        )
        text = self._drawable(text, face_of)
        if not text:
            return None
        if "coarse_dots" in chosen:
            style = replace(style, hinting="mono", bold=0.0, slant=0.0)
        if "bounded_tracking" in chosen:
            style = bound_tracking(style, text_is_words=kind not in SINGLE_CHARACTER_KINDS)
        for name, style_effect in STYLE_EFFECTS:
            if name in chosen:
                style = style_effect(free_rng, style, chinese)
        height = style.size / rng.triangular(0.46, 0.76, 1.0)  # from loose to tight line boxes
        room = int(self.width * height / HEIGHT)
        few = text[: text_rng.integers(1, 5)]
        if text_rng.random() < config.few_characters and any(map(str.isalnum, few)):
            text = few
        if text_rng.random() < config.price_tags:
            kind = "patterns"
            layout = layouts.price_tag(text_rng, Layout(patterns.price(text_rng), style))
        else:
            if kind == "words" and text_rng.random() < config.joined_words:
                text = patterns.joined(text_rng, text)
            layout = Layout(text, style)
            for name, layout_effect in LAYOUT_EFFECTS:
                if name in chosen:
                    layout = layout_effect(free_rng, layout)
            if "full_width_forms" in chosen:
                layout = replace(layout, text=self._drawable(layout.text, face_of))
        filled = 1 if rng.random() < config.fills_line else rng.uniform(0.15, 1)
        width = filled * room - rng.uniform(0, 0.5) * style.size
        line = typeset(layout.text, face_of, layout.style, width, layout.spans)
        return line and self._finish(rng, line, style, height, room, kind, free_rng, chosen)

    def _drawable(self, text, face_of):
        """Fold the characters that no face draws, such as full-width forms."""
        return "".join(c if c == " " or face_of(c) else self.charset.fold_character(c) for c in text)

    def _ten_character_line(self, rng):
        """Draw a line in the format of the data set, or return None if it has less than ten characters."""
        kind = self.config.ten_kinds[rng.integers(len(self.config.ten_kinds))]
        style, face_of = choose_style(rng, self.fonts, chinese=True, min_size=20)
        text = self.texts.of_kind(kind, rng).replace(" ", "")
        text = "".join(character for character in text if face_of(character))[:TEN]
        room = TEN * 2 * style.size
        line = typeset(text, face_of, style, room)
        if line is None or len(line.text) != TEN:
            return None
        return self._finish(rng, line, style, style.size * rng.uniform(1.05, 1.5), room, "ten")

    def _stored_line(self, rng):
        """Return a line of a store, sometimes resampled or compressed again."""
        store = self.rendered[rng.integers(len(self.rendered))]
        line = store.line(rng.integers(len(store)))
        image = line.image
        if rng.random() < 0.15:
            image = degradation.resample(rng, image, rng.uniform(0.6, 1))
        if rng.random() < 0.35:
            image = degradation.jpeg(image, rng.integers(40, 96))
        return self._fit_width(replace(line, image=image))

    def _finish(self, rng, line, style, height, room, kind, free_rng=None, chosen=frozenset()):
        """Place a typeset line, apply the effects, bring it to 32 rows and label it.

        Args:
            rng: decides all that ``free_rng`` does not.
            line: the typeset line.
            style: of the line.
            height: rows wanted.
            room: columns that text and margins may take.
            kind: of the text.
            free_rng: decides the effects of lines of free length.
            chosen: names of these effects.

        Returns:
            The line, or None if no character of it fits the width.
        """
        config, ten = self.config, kind == "ten"
        run = clutter.place(rng, line, style.size, height, room)
        elastic_rng, effect_rng = rng.spawn(2)  # their own: without these effects all else is drawn as with them
        if elastic_rng.random() < config.elastic:
            run = warping.elastic_warp(elastic_rng, run)
        effects = choose_effects(effect_rng, config) - ({"stretched"} if ten else set())
        if "small_screen_text" in chosen:  # of which nothing is left to cut off
            effects -= {"cropped"}
        if "subtitle" in chosen:
            effects |= {"outlined"}
        for name, effect in SHAPE_EFFECTS:
            if name in effects:
                run = effect(effect_rng, run)
        for name, effect in FREE_SHAPE_EFFECTS:
            if name in chosen:
                run = effect(free_rng, run)
        undegraded = not ten and (rng.random() < config.undegraded or "clean" in chosen) and "subtitle" not in chosen
        if not ten or rng.random() < 0.1:
            run = clutter.add_rules_and_neighbours(rng, run)
        if "perspective" in effects:
            run = warping.add_perspective(effect_rng, run)
        if undegraded and "interface" in chosen:
            image = backgrounds.on_interface(free_rng, run)
        elif undegraded or "binarised" in effects:  # evenly lit: one threshold tells text from background
            image = compositing.on_screen(rng, run, config.inverted)
        else:
            image = self._degraded_image(rng, effect_rng, effects, run, free_rng, chosen)
        left, right = run.left, run.right
        if "half_inverted" in effects and "binarised" not in effects:  # one threshold cannot tell both parts
            image = compositing.invert_part(effect_rng, image, right)
        if not undegraded and not {"crisp", "recompressed"} & chosen:
            image, left, right = apply_optics(rng, image, left, right, ten)
        if not undegraded and "binarised" in effects:
            image = degradation.binarise(effect_rng, image, int(effect_rng.integers(20, 64)))
        image = cv2.convertScaleAbs(np.maximum(image, 0))  # rounds, and stops at 255
        if "recompressed" in chosen:
            image = degradation.recompress(free_rng, image, MIN_RESAMPLED_SIZE / style.size)
        elif rng.random() < (0.1 if undegraded else 0.35):
            image = degradation.jpeg(image, rng.integers(70 if undegraded else 50 if ten else 25, 96))
        sample = self._label(image, line.text, left, right, kind)
        if ten:
            return sample.resized(resize(image, self.width))
        return self._fit_width(sample, trim="line_box" not in chosen)

    def _degraded_image(self, rng, effect_rng, effects, run, free_rng, chosen):
        """Print a line on paper or over a photograph, and put on it what lies over both."""
        for name, ink_effect in INK_EFFECTS:
            if name in effects:
                run = ink_effect(effect_rng, run)
        for name, ink_effect in FREE_INK_EFFECTS:
            if name in chosen:
                run = ink_effect(free_rng, run)
        image = compositing.on_paper(rng, run, self.config.inverted)
        if "outlined" in effects:
            image = compositing.outlined(effect_rng, run)
        elif "embossed" in effects:
            image = compositing.embossed(effect_rng, run)
        elif {"scan", "coarse_dots", "thermal"} & chosen:  # faint print is legible on even paper
            image = backgrounds.on_scan(free_rng, run)
        elif "picture_background" in chosen:
            image = backgrounds.over_picture(free_rng, run)
        for name, image_effect in IMAGE_EFFECTS:
            if name in effects:
                image = image_effect(effect_rng, image, run)
        if "page_shadow" in chosen:
            image = compositing.add_page_shadow(free_rng, image, run)
        return image

    def _fit_width(self, sample, trim=True):
        """Prepare a line as reading does, and cut it behind the last character that fits; None if none fits.

        It is not deskewed: the network learns to read what is left of a tilt.
        """
        image = trim_margins(sample.image) if trim else sample.image
        return sample.resized(resize_to_height(image)).cut(self.width)

    def _label(self, image, drawn, left, right, kind):
        """Fold what was drawn to the table; each character of the label has the box that it came from."""
        folded = [self.charset.fold_character(character) for character in drawn]
        lengths = [len(part) for part in folded]
        if lengths.count(1) < len(lengths):
            left, right = np.repeat(left, lengths), np.repeat(right, lengths)
        return LineSample(image, "".join(folded), left.astype(np.float32), right.astype(np.float32), kind)


def is_chinese(kind: str, text: str) -> bool:
    """Tell whether a text of a kind is set in faces that write Chinese."""
    return kind in CHINESE_KINDS or (kind in EITHER_KINDS and any("\u4e00" <= c <= "\u9fff" for c in text))
