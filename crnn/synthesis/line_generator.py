"""Lines for training: all the lots that decide what is drawn, and how its picture suffers.

``LineMaker(...).line(index)`` is a pure function of seed and index: it does not matter which
process asks, or what was asked before.
"""

from bisect import bisect
from dataclasses import dataclass, replace

import cv2
import numpy as np

from crnn.geometry import HEIGHT, MIN_WIDTH
from crnn.image import resize, to_height, trim
from crnn.synthesis import clutter as surroundings
from crnn.synthesis import compositing as inking
from crnn.synthesis import degradation as degrade
from crnn.synthesis import patterns
from crnn.synthesis import warping as shaping
from crnn.synthesis.typesetting import Style, draw

TEN = 10  # characters of a line in the data set's own format
_SIZES = ((10, 20), (14, 34), (20, 61))  # em, in pixels: of screens, of most pictures, of large print
_RANGES = {  # usual, wide, and as tables and signs have it; of the em, of a usual space
    "tracking": ((-0.03, 0.05), (0.05, 0.4), (0.4, 0.9)),
    "space": ((0.75, 1.3), (1.3, 3), (3, 12)),
}
_CELL = 2.2  # of a face for code, a space and any other character, in usual spaces
BY_LOT = (  # what of ``Look`` each line has a lot for
    "cropped", "framed", "outlined", "shaded", "striped", "stretched",
    "struck", "slanted", "narrowed", "divided", "embossed", "overlaid",
    "dotted", "faded", "speckled", "binarised",
)  # fmt: skip
CHINESE_KINDS = ("chinese", "mixed", "uniform", "frequent")


@dataclass(frozen=True)
class Line:
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


@dataclass(frozen=True)
class Look:
    """How likely what is."""

    ten_characters: float = 0.25  # lines in the format of the data set: 280 x 32, ten characters
    full: float = 0.85  # of the others: as long as the width allows
    few: float = 0.06  # likewise: of one to four characters, as on signs and labels
    inverted: float = 0.4  # light on dark
    plain: float = 0.3  # neither degraded nor uneven: a screenshot
    rendered: float = 0.16  # of all, taken from files if there are some
    altered: float = 0.25  # of the drawn ones, their characters rippled: every time a face that no file has
    priced: float = 0.04  # likewise: prices, their pence, units and signs smaller
    joined: float = 0.3  # of the lines of words: some written together
    cropped: float = 0.05  # of all: the edge of the picture cuts into the characters, above, below or both
    framed: float = 0.05  # of all: upright rules before and after the text
    struck: float = 0.04  # of all: a rule through the text
    slanted: float = 0.05  # of all
    narrowed: float = 0.05  # of all: seen from one end
    divided: float = 0.03  # of all: a part light on dark, the rest dark on light
    outlined: float = 0.15  # of those that are degraded: ink with an edge or a shadow, as over photographs
    shaded: float = 0.08  # likewise: with the shadow of something over a part
    striped: float = 0.08  # likewise: photographed from a screen
    embossed: float = 0.05  # likewise: letters of the ground's own colour, or hollow ones
    overlaid: float = 0.05  # likewise: with a watermark, or print from the other side of the paper
    dotted: float = 0.03  # likewise: by a dot-matrix printer
    faded: float = 0.05  # likewise: with spots that have lost their ink
    speckled: float = 0.04  # likewise: with dust
    binarised: float = 0.06  # likewise: black and white alone, evenly lit
    stretched: float = 0.2  # of all but those of ten characters, which are brought to one width: wider or narrower
    ten_kinds: tuple[str, ...] = ("chinese",) * 7 + ("frequent", "uniform", "mixed")  # each as likely as the next

    @classmethod
    def basic(cls, **changes):
        """Without all that is newer than the first scores, so that these can be compared."""
        return cls(**dict.fromkeys(("few", "priced", "joined", "altered", *BY_LOT), 0.0) | changes)


class LineMaker:
    """Draws lines.

    Args:
        faces: ``faces.Faces``. texts: ``texts.Texts``. charset: the table.
        seed: every seed is another endless series of lines.
        width: columns, at height 32, that a line may fill.
        rendered: ``rendered.Rendered`` each, whose lines are mixed in.
    """

    def __init__(self, faces, texts, charset, seed=0, width=MIN_WIDTH, look=None, rendered=()):
        self.faces, self.texts, self.charset = faces, texts, charset
        self.seed, self.width, self.look = seed, width, look or Look()
        self.rendered = rendered

    def line(self, index):
        """Line ``index`` of this seed's series.

        Raises:
            RuntimeError: a hundred texts in a row hold nothing that the faces can draw.
        """
        for attempt in range(100):
            rng = np.random.default_rng((self.seed, index, attempt))
            if self.rendered and rng.random() < self.look.rendered:
                line = self._kept(rng)
            else:
                line = self._ten(rng) if rng.random() < self.look.ten_characters else self._natural(rng)
            if line is not None:
                return line
        raise RuntimeError(f"line {index} of seed {self.seed}: the faces can draw none of 100 texts")

    def _natural(self, rng):
        kind, text = self.texts.draw_lot(rng)
        style, face_of = self._setting(rng, kind in CHINESE_KINDS, fixed=kind == "code" and rng.random() < 0.7)
        height = style.size / rng.triangular(0.46, 0.76, 1.0)  # from loose to tight line boxes
        room = int(self.width * height / HEIGHT)
        lots = rng.spawn(1)[0]  # of their own: without short lines all else is drawn as with them
        few = text[: lots.integers(1, 5)]
        if lots.random() < self.look.few and any(map(str.isalnum, few)):
            text = few
        if lots.random() < self.look.priced:
            kind, text = "patterns", patterns.price(lots)
            style = replace(style, small=lots.uniform(0.45, 0.8), raised=lots.random() < 0.6)
        if kind == "words" and lots.random() < self.look.joined:
            text = patterns.joined(lots, text)
        filled = 1 if rng.random() < self.look.full else rng.uniform(0.15, 1)
        drawing = draw(text, face_of, style, filled * room - rng.uniform(0, 0.5) * style.size)
        return drawing and self._finished(rng, drawing, style, height, room, kind)

    def _kept(self, rng):
        """A line from a file, some as the next program saved them."""
        some = self.rendered[rng.integers(len(self.rendered))]
        line = some.line(rng.integers(len(some)))
        image = line.image
        if rng.random() < 0.15:
            image = degrade.shrink_and_grow(rng, image, rng.uniform(0.6, 1))
        if rng.random() < 0.35:
            image = degrade.jpeg(image, rng.integers(40, 96))
        return self._fitting(replace(line, image=image))

    def _ten(self, rng):
        kind = self.look.ten_kinds[rng.integers(len(self.look.ten_kinds))]
        style, face_of = self._setting(rng, chinese=True, least=20)
        text = self.texts.of_kind(kind, rng).replace(" ", "")
        text = "".join(character for character in text if face_of(character))[:TEN]
        room = TEN * 2 * style.size
        drawing = draw(text, face_of, style, room)
        if drawing is None or len(drawing.text) != TEN:
            return None
        return self._finished(rng, drawing, style, style.size * rng.uniform(1.05, 1.5), room, "ten")

    def _setting(self, rng, chinese, least=0, fixed=False):
        """How a line is set: its style, and which face draws which character.

        Args:
            least: em size that faces of all sizes should have. fixed: in a face for code.
        """
        main = self.faces.draw_fixed(rng) if fixed else self.faces.draw_lot(rng, chinese)
        latin = self.faces.draw_lot(rng, False) if chinese and rng.random() < 0.35 else main
        spare = self.faces.draw_lot(rng, True)
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

    def _finished(self, rng, drawing, style, height, room, kind):
        """A drawing with its surroundings, ink on ground, degraded, 32 pixels high, labelled."""
        look, ten = self.look, kind == "ten"
        coverage, baseline, shift = surroundings.place(rng, drawing, style.size, height, room)
        left, right = drawing.left + shift, drawing.right + shift
        altering, lots = rng.spawn(2)  # of their own: without altered faces all else is drawn as with them
        if altering.random() < look.altered:
            coverage, left, right = shaping.ripple(altering, coverage, left, right, style.size)
        happens = {
            what for what, lot in zip(BY_LOT, lots.random(len(BY_LOT)), strict=True) if lot < getattr(look, what)
        }
        if "stretched" in happens and not ten:
            coverage, left, right = shaping.stretch(lots, coverage, left, right)
        if "slanted" in happens:
            coverage, left, right = shaping.slant(lots, coverage, left, right)
        if "cropped" in happens:
            coverage, baseline = surroundings.crop(lots, coverage, baseline)
        if "framed" in happens:
            coverage, left, right = surroundings.add_frame(lots, coverage, left, right, style.size)
        if "struck" in happens:
            surroundings.strike(lots, coverage, baseline, style.size)
        plain = not ten and rng.random() < look.plain
        if not ten or rng.random() < 0.1:
            surroundings.add_company(rng, coverage, baseline, style.size)
        if "narrowed" in happens:
            coverage, left, right = shaping.narrow(lots, coverage, left, right)
        if plain or "binarised" in happens:  # evenly lit: one threshold tells ink from ground
            picture = inking.on_screen(rng, coverage, right, look.inverted)
        else:
            picture = self._not_on_screen(rng, lots, happens, coverage, style.size)
        if "divided" in happens:
            inking.divide(lots, picture, right)
        if not plain:
            picture, left, right = inking.worn(rng, picture, left, right, ten)
            if "binarised" in happens:
                picture = degrade.binarised(lots, picture, int(lots.integers(20, 64)))
        picture = cv2.convertScaleAbs(np.maximum(picture, 0))  # rounds, and stops at 255
        if rng.random() < (0.1 if plain else 0.35):
            picture = degrade.jpeg(picture, rng.integers(70 if plain else 50 if ten else 25, 96))
        line = self._labelled(picture, drawing.text, left, right, kind)
        return _scaled(line, resize(picture, self.width)) if ten else self._fitting(line)

    def _not_on_screen(self, rng, lots, happens, coverage, size):
        """Ink on a ground that is no screen, and what else lies on it: float32."""
        if "dotted" in happens:
            coverage = inking.dotted(lots, coverage, size)
        if "faded" in happens:
            coverage = inking.faded(lots, coverage, size)
        picture = inking.on_paper(rng, coverage, self.look.inverted)
        if "outlined" in happens:
            picture = inking.over_photograph(lots, coverage, size)
        elif "embossed" in happens:
            picture = inking.in_relief(lots, coverage, size)
        if "overlaid" in happens:
            picture += np.ptp(picture) * inking.faint_print(lots, coverage)
        if "shaded" in happens:
            picture *= degrade.shadow(lots, picture.shape)
        if "striped" in happens:
            picture += degrade.moire(lots, picture.shape, np.ptp(picture) * lots.uniform(0.05, 0.3))
        if "speckled" in happens:
            picture = degrade.specks(
                lots, picture, lots.uniform(0.005, 0.06), lots.uniform(1, 2) * len(picture) / HEIGHT
            )
        return picture

    def _fitting(self, line):
        """A line as reading prepares it, its first characters if it is too long then; None if none fits.

        It is not levelled: what is left of a tilt is for the network to get used to.
        """
        line = _scaled(line, to_height(trim(line.image)))
        if line.image.shape[1] <= self.width:
            return line
        beyond = np.flatnonzero(line.right > self.width)
        first = beyond[0] if beyond.size else len(line.text)
        text = line.text[:first].rstrip()
        if not text:
            return None
        end = min(self.width, int(line.left[first])) if beyond.size else self.width  # the next one must not show
        return Line(line.image[:, :end], text, line.left[: len(text)], line.right[: len(text)], line.kind)

    def _labelled(self, image, drawn, left, right, kind):
        """Fold what was drawn to the table; each of its characters keeps the box it came from."""
        folded = [self.charset.fold_character(character) for character in drawn]
        lengths = [len(part) for part in folded]
        if lengths.count(1) < len(lengths):
            left, right = np.repeat(left, lengths), np.repeat(right, lengths)
        return Line(image, "".join(folded), left.astype(np.float32), right.astype(np.float32), kind)


def _scaled(line, image):
    """``line`` with its picture brought to another size."""
    scale = image.shape[1] / line.image.shape[1]
    return replace(line, image=image, left=line.left * scale, right=line.right * scale)
