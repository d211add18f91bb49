"""Lines for training: all the lots that decide what is drawn, and how its picture suffers.

``LineGenerator(...).line(index)`` is a pure function of seed and index: it does not matter which
process asks, or what was asked before.
"""

from bisect import bisect
from dataclasses import dataclass, replace

import cv2
import numpy as np

from crnn.geometry import HEIGHT, MIN_WIDTH
from crnn.normalization import resize, resize_to_height, trim_margins
from crnn.synthesis import clutter, compositing, degradation, patterns, warping
from crnn.synthesis.config import EFFECTS, SynthesisConfig
from crnn.synthesis.typesetting import Style, draw

TEN = 10  # characters of a line in the data set's own format
_SIZES = ((10, 20), (14, 34), (20, 61))  # em, in pixels: of screens, of most pictures, of large print
_RANGES = {  # usual, wide, and as tables and signs have it; of the em, of a usual space
    "tracking": ((-0.03, 0.05), (0.05, 0.4), (0.4, 0.9)),
    "space": ((0.75, 1.3), (1.3, 3), (3, 12)),
}
_CELL = 2.2  # of a face for code, a space and any other character, in usual spaces
CHINESE_KINDS = ("chinese", "mixed", "uniform", "frequent")


@dataclass(frozen=True)
class LineSample:
    """A picture of a line and what it says.

    Attributes:
        image: (32, width) uint8.
        text: characters of the table.
        left, right: (len(text),) float32, the columns between which each character stands.
        kind: one of ``texts.KINDS``, or ``ten``; for error analysis.
    """

    image: np.ndarray
    text: str
    left: np.ndarray
    right: np.ndarray
    kind: str


class LineGenerator:
    """Draws lines.

    Args:
        fonts: ``fonts.FontSet``. texts: ``texts.Texts``. charset: the table.
        seed: every seed is another endless series of lines.
        width: columns, at height 32, that a line may fill.
        rendered: ``line_store.LineStore`` each, whose lines are mixed in.
    """

    def __init__(self, fonts, texts, charset, seed=0, width=MIN_WIDTH, config=None, rendered=()):
        self.fonts, self.texts, self.charset = fonts, texts, charset
        self.seed, self.width, self.config = seed, width, config or SynthesisConfig()
        self.rendered = rendered

    def line(self, index):
        """Line ``index`` of this seed's series.

        Raises:
            RuntimeError: a hundred texts in a row hold nothing that the faces can draw.
        """
        for attempt in range(100):
            rng = np.random.default_rng((self.seed, index, attempt))
            if self.rendered and rng.random() < self.config.rendered:
                line = self._stored_line(rng)
            else:
                line = (
                    self._ten_character_line(rng) if rng.random() < self.config.ten_characters else self._free_line(rng)
                )
            if line is not None:
                return line
        raise RuntimeError(f"line {index} of seed {self.seed}: the faces can draw none of 100 texts")

    def _free_line(self, rng):
        kind, text = self.texts.sample(rng)
        style, face_of = self._choose_style(rng, kind in CHINESE_KINDS, fixed=kind == "code" and rng.random() < 0.7)
        height = style.size / rng.triangular(0.46, 0.76, 1.0)  # from loose to tight line boxes
        room = int(self.width * height / HEIGHT)
        lots = rng.spawn(1)[0]  # of their own: without short lines all else is drawn as with them
        few = text[: lots.integers(1, 5)]
        if lots.random() < self.config.few_characters and any(map(str.isalnum, few)):
            text = few
        if lots.random() < self.config.price_tags:
            kind, text = "patterns", patterns.price(lots)
            style = replace(style, small=lots.uniform(0.45, 0.8), raised=lots.random() < 0.6)
        if kind == "words" and lots.random() < self.config.joined_words:
            text = patterns.joined(lots, text)
        filled = 1 if rng.random() < self.config.fills_line else rng.uniform(0.15, 1)
        drawing = draw(text, face_of, style, filled * room - rng.uniform(0, 0.5) * style.size)
        return drawing and self._finish(rng, drawing, style, height, room, kind)

    def _stored_line(self, rng):
        """A line from a file, some as the next program saved them."""
        some = self.rendered[rng.integers(len(self.rendered))]
        line = some.line(rng.integers(len(some)))
        image = line.image
        if rng.random() < 0.15:
            image = degradation.shrink_and_grow(rng, image, rng.uniform(0.6, 1))
        if rng.random() < 0.35:
            image = degradation.jpeg(image, rng.integers(40, 96))
        return self._fit_width(replace(line, image=image))

    def _ten_character_line(self, rng):
        kind = self.config.ten_kinds[rng.integers(len(self.config.ten_kinds))]
        style, face_of = self._choose_style(rng, chinese=True, least=20)
        text = self.texts.of_kind(kind, rng).replace(" ", "")
        text = "".join(character for character in text if face_of(character))[:TEN]
        room = TEN * 2 * style.size
        drawing = draw(text, face_of, style, room)
        if drawing is None or len(drawing.text) != TEN:
            return None
        return self._finish(rng, drawing, style, style.size * rng.uniform(1.05, 1.5), room, "ten")

    def _choose_style(self, rng, chinese, least=0, fixed=False):
        """How a line is set: its style, and which face draws which character.

        Args:
            least: em size that faces of all sizes should have. fixed: in a face for code.
        """
        main = self.fonts.sample_fixed(rng) if fixed else self.fonts.sample(rng, chinese)
        latin = self.fonts.sample(rng, False) if chinese and rng.random() < 0.35 else main
        spare = self.fonts.sample(rng, True)
        size = max(least, int(rng.integers(*_SIZES[bisect((0.3, 0.75), rng.random())])))
        if main.sizes or (main.strikes and rng.random() < 0.4):
            size = sorted(main.strikes)[rng.integers(len(main.strikes))]

        def face_of(character):
            for face in (latin, main, spare) if character.isascii() else (main, spare):
                if character in face.drawable and (not face.sizes or size in face.sizes):
                    return face
            return None

        lot = rng.random(5)
        hinting = ("none", "light", "full", "strike" if size < 18 else "none", "mono")
        style = Style(
            size,
            hinting[bisect((0.35, 0.55, 0.82, 0.96), lot[0])],
            bold=rng.uniform(0.01, 0.06) if lot[1] < 0.1 else 0.0,
            slant=rng.uniform(0.08, 0.3) if lot[2] < 0.05 and not least else 0.0,
            tracking=size * rng.uniform(*_RANGES["tracking"][bisect((0.82, 0.96), lot[3])]),
            space=_CELL if main.fixed else rng.uniform(*_RANGES["space"][bisect((0.82, 0.96), lot[4])]),
        )
        return style, face_of

    def _finish(self, rng, drawing, style, height, room, kind):
        """A drawing with its clutter, ink on ground, degraded, 32 pixels high, labelled."""
        config, ten = self.config, kind == "ten"
        coverage, baseline, shift = clutter.place(rng, drawing, style.size, height, room)
        left, right = drawing.left + shift, drawing.right + shift
        altering, lots = rng.spawn(2)  # of their own: without altered faces all else is drawn as with them
        if altering.random() < config.elastic:
            coverage, left, right = warping.elastic_warp(altering, coverage, left, right, style.size)
        happens = {
            what for what, lot in zip(EFFECTS, lots.random(len(EFFECTS)), strict=True) if lot < getattr(config, what)
        }
        if "stretched" in happens and not ten:
            coverage, left, right = warping.stretch(lots, coverage, left, right)
        if "slanted" in happens:
            coverage, left, right = warping.slant(lots, coverage, left, right)
        if "cropped" in happens:
            coverage, baseline = clutter.crop(lots, coverage, baseline)
        if "framed" in happens:
            coverage, left, right = clutter.add_frame(lots, coverage, left, right, style.size)
        if "struck_through" in happens:
            clutter.strike(lots, coverage, baseline, style.size)
        plain = not ten and rng.random() < config.undegraded
        if not ten or rng.random() < 0.1:
            clutter.add_rules_and_neighbours(rng, coverage, baseline, style.size)
        if "perspective" in happens:
            coverage, left, right = warping.narrow(lots, coverage, left, right)
        if plain or "binarised" in happens:  # evenly lit: one threshold tells ink from ground
            picture = compositing.on_screen(rng, coverage, right, config.inverted)
        else:
            picture = self._not_on_screen(rng, lots, happens, coverage, style.size)
        if "half_inverted" in happens:
            compositing.divide(lots, picture, right)
        if not plain:
            picture, left, right = compositing.apply_optics(rng, picture, left, right, ten)
            if "binarised" in happens:
                picture = degradation.binarised(lots, picture, int(lots.integers(20, 64)))
        picture = cv2.convertScaleAbs(np.maximum(picture, 0))  # rounds, and stops at 255
        if rng.random() < (0.1 if plain else 0.35):
            picture = degradation.jpeg(picture, rng.integers(70 if plain else 50 if ten else 25, 96))
        line = self._label(picture, drawing.text, left, right, kind)
        return _scaled(line, resize(picture, self.width)) if ten else self._fit_width(line)

    def _not_on_screen(self, rng, lots, happens, coverage, size):
        """Ink on a ground that is no screen, and what else lies on it: float32."""
        if "dot_matrix" in happens:
            coverage = compositing.dotted(lots, coverage, size)
        if "faded" in happens:
            coverage = compositing.faded(lots, coverage, size)
        picture = compositing.on_paper(rng, coverage, self.config.inverted)
        if "outlined" in happens:
            picture = compositing.outlined(lots, coverage, size)
        elif "embossed" in happens:
            picture = compositing.embossed(lots, coverage, size)
        if "watermarked" in happens:
            picture += np.ptp(picture) * compositing.watermark(lots, coverage)
        if "shadowed" in happens:
            picture *= degradation.shadow(lots, picture.shape)
        if "moire" in happens:
            picture += degradation.moire(lots, picture.shape, np.ptp(picture) * lots.uniform(0.05, 0.3))
        if "dusty" in happens:
            picture = degradation.specks(
                lots, picture, lots.uniform(0.005, 0.06), lots.uniform(1, 2) * len(picture) / HEIGHT
            )
        return picture

    def _fit_width(self, line):
        """A line as reading prepares it, its first characters if it is too long then; None if none fits.

        It is not levelled: what is left of a tilt is for the network to get used to.
        """
        line = _scaled(line, resize_to_height(trim_margins(line.image)))
        if line.image.shape[1] <= self.width:
            return line
        beyond = np.flatnonzero(line.right > self.width)
        first = beyond[0] if beyond.size else len(line.text)
        text = line.text[:first].rstrip()
        if not text:
            return None
        end = min(self.width, int(line.left[first])) if beyond.size else self.width  # the next one must not show
        return LineSample(line.image[:, :end], text, line.left[: len(text)], line.right[: len(text)], line.kind)

    def _label(self, image, drawn, left, right, kind):
        """Fold what was drawn to the table; each of its characters keeps the box it came from."""
        folded = [self.charset.fold_character(character) for character in drawn]
        lengths = [len(part) for part in folded]
        if lengths.count(1) < len(lengths):
            left, right = np.repeat(left, lengths), np.repeat(right, lengths)
        return LineSample(image, "".join(folded), left.astype(np.float32), right.astype(np.float32), kind)


def _scaled(line, image):
    """``line`` with its picture brought to another size."""
    scale = image.shape[1] / line.image.shape[1]
    return replace(line, image=image, left=line.left * scale, right=line.right * scale)
