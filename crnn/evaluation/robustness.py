"""``python -m crnn.evaluation.robustness LABELS``: how well labelled pictures are read when something happens to them.

People crop loosely or tightly, hold their cameras aslant, photograph in bad light; a set of pictures shows
only some of that. Here each picture is altered in one known way, the same for all, and the errors are counted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from crnn.dataset.labelled_images import read_labelled_images
from crnn.evaluation.metrics import LineScores
from crnn.image import read_grayscale
from crnn.paths import DEFAULT_WEIGHTS

BESIDE = 0.12  # of the height of a line: the gap between it and its neighbours


def ground_of(picture):
    """The grey of most of its border."""
    return int(np.median(np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))))


def margins(picture, above=0.0, below=0.0, beside=0.0):
    """Ground around a picture, in parts of its height."""
    rows = (round(part * len(picture)) for part in (above, below, beside, beside))
    return cv2.copyMakeBorder(picture, *rows, cv2.BORDER_CONSTANT, value=ground_of(picture))


def cropped(picture, share):
    """Without ``share`` of its height at the top and at the bottom."""
    rows = round(share * len(picture))
    return picture[rows : len(picture) - rows]


def between_lines(picture, share):
    """Between parts of other lines, ``share`` of a line each: its own, turned around."""
    height = len(picture)
    part = round(share * height)
    gap = np.full((round(BESIDE * height), picture.shape[1]), ground_of(picture), np.uint8)
    other = picture[:, ::-1]
    return np.vstack((other[height - part :], gap, picture, gap, other[:part]))


def aslant(picture, degrees):
    """On a picture high enough for it, turned."""
    height, width = picture.shape
    rise = abs(np.tan(np.radians(degrees))) * width / height
    wider = margins(picture, rise / 2, rise / 2)
    turn = cv2.getRotationMatrix2D((width / 2, len(wider) / 2), degrees, 1)
    return cv2.warpAffine(wider, turn, (width, len(wider)), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def sized(picture, height, stretch=1.0):
    """``height`` rows high, ``stretch`` times as wide as its ratio asks for."""
    width = max(1, round(picture.shape[1] * height / len(picture) * stretch))
    shrinks = height < len(picture)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def blurred(picture, sigma):
    """Out of focus, ``sigma`` pixels if it were 32 high."""
    return cv2.GaussianBlur(picture, (0, 0), sigma * len(picture) / 32)


def smeared(picture, pixels):
    """Moved sideways while it was taken, at 48 rows."""
    return cv2.blur(sized(picture, 48), (pixels, 1))


def noisy(picture, strength):
    noise = np.random.default_rng(0).normal(0, strength, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def paler(picture, contrast):
    return np.rint(127.5 + (picture - 127.5) * contrast).astype(np.uint8)


def lit(picture, light):
    """``light``: factors of columns from left to right, of which all others are interpolated."""
    places = np.linspace(0, picture.shape[1] - 1, len(light))
    return np.rint(picture * np.interp(np.arange(picture.shape[1]), places, light)).astype(np.uint8)


def shaded(picture):
    """A sharp shadow over its middle third."""
    third = picture.shape[1] // 3
    darker = picture.copy()
    darker[:, third : 2 * third] //= 2
    return darker


def striped(picture):
    """As photographed from a screen: slanting stripes, a fifth of the contrast, at 48 rows."""
    picture = sized(picture, 48)
    height, width = picture.shape
    columns, rows = np.arange(width)[None], np.arange(height)[:, None]
    stripes = 25 * np.sin(2 * np.pi * (columns + rows / 3) / 9)
    return np.clip(50 + 0.6 * picture + stripes, 0, 255).astype(np.uint8)


def on_texture(picture, strength, cell):
    """On uneven ground with spots of ``cell`` pixels at 48 rows."""
    picture = sized(picture, 48)
    height, width = picture.shape
    spots = np.random.default_rng(0).normal(0, strength, (max(2, height // cell), max(2, width // cell)))
    texture = cv2.resize(spots.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(50 + 0.6 * picture + texture, 0, 255).astype(np.uint8)


def in_cell(picture):
    """With the upright rules of a table's cell on its left and right, at 48 rows."""
    picture = margins(sized(picture, 48), beside=0.4)
    picture[:, 3:5] = picture[:, -5:-3] = 255 - ground_of(picture)
    return picture


def bent(picture, pixels):
    """Its baseline a wave, ``pixels`` high if it were 32."""
    picture = margins(picture, 0.2, 0.2)
    height, width = picture.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rows += np.float32(pixels * height / 45) * np.sin(2 * np.pi * columns / width)
    return cv2.remap(picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def from_one_end(picture, share):
    """Narrowing to ``share`` of its height on the right, at 48 rows."""
    picture = sized(margins(picture, 0.05, 0.05), 48)
    height, width = picture.shape
    lost = height * (1 - share) / 2
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = corners + np.float32([[0, 0], [0, lost], [0, -lost], [0, 0]])
    matrix = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=ground_of(picture))


def slanted(picture, tangent):
    picture = margins(sized(picture, 48), beside=0.3)
    height, width = picture.shape
    slant = np.float32([[1, -tangent, tangent * height / 2], [0, 1, 0]])
    return cv2.warpAffine(picture, slant, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def half_inverted(picture):
    half = picture.shape[1] // 2
    return np.hstack((picture[:, :half], 255 - picture[:, half:]))


def _ink(picture):
    """How far from the ground each pixel is: uint8."""
    return cv2.absdiff(picture, np.full_like(picture, ground_of(picture)))


def hollow(picture):
    """Outlines alone, dark on light, at 96 rows."""
    return 255 - cv2.morphologyEx(_ink(sized(picture, 96)), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def embossed(picture):
    """In its ground's own colour, lit from above on the left, at 64 rows."""
    ink = _ink(sized(picture, 64)).astype(np.float32)
    return np.clip(128 + 0.5 * (ink - np.roll(ink, (2, 2), (0, 1))), 0, 255).astype(np.uint8)


def struck(picture):
    """A thin rule through its middle, at 48 rows."""
    picture = sized(picture, 48).copy()
    picture[24:26] = 255 - ground_of(picture)
    return picture


def watermarked(picture):
    """Large grey letters over it, at 48 rows."""
    picture = sized(picture, 48)
    letters = np.zeros_like(picture)
    cv2.putText(letters, "SAMPLE " * (letters.shape[1] // 200 + 1), (0, 40), cv2.FONT_HERSHEY_DUPLEX, 1.4, 255, 4)
    return np.where(letters > 0, picture + 0.3 * (128.0 - picture), picture).astype(np.uint8)


def printed_behind(picture):
    """With the print of the other side shining through, at 48 rows."""
    picture = sized(picture, 48).astype(np.float32)
    behind = np.roll(cv2.GaussianBlur(picture[:, ::-1], (0, 0), 1.2), 9, axis=0)
    return np.clip(picture + 0.25 * (behind - ground_of(picture)), 0, 255).astype(np.uint8)


def black_and_white(picture):
    return cv2.threshold(picture, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]


def of_dots(picture, rows):
    """Printed by ``rows`` pins: dark dots, four pixels apart, that do not quite touch."""
    ink = black_and_white(_ink(sized(picture, rows)))
    dot = cv2.circle(np.zeros((4, 4), np.uint8), (2, 2), 1, 1, -1)
    return 255 - np.kron(ink, dot)


def faded(picture, share):
    """With a ``share`` of it in spots that have lost their ink, at 48 rows."""
    picture = sized(picture, 48)
    spots = cv2.GaussianBlur(np.random.default_rng(1).normal(size=picture.shape), (0, 0), 1.5)
    return np.where(spots > np.quantile(spots, 1 - share), ground_of(picture), picture).astype(np.uint8)


def dusty(picture, share):
    """With a ``share`` of its pixels black or white, at 48 rows."""
    picture = sized(picture, 48)
    lot = np.random.default_rng(1).random(picture.shape)
    return np.where(lot < share / 2, 0, np.where(lot > 1 - share / 2, 255, picture)).astype(np.uint8)


ALTERATIONS = {
    "as they are": lambda picture: picture,
    "light on dark for dark on light": lambda picture: 255 - picture,
    "a quarter of the contrast": lambda picture: paler(picture, 0.25),
    "margins of 30 % above and below": lambda picture: margins(picture, 0.3, 0.3),
    "margins of 100 % above and below": lambda picture: margins(picture, 1, 1),
    "a margin of 40 % above": lambda picture: margins(picture, above=0.4),
    "a margin of 40 % below": lambda picture: margins(picture, below=0.4),
    "margins of 100 % left and right": lambda picture: margins(picture, beside=1),
    "5 % cropped above and below": lambda picture: cropped(picture, 0.05),
    "10 % cropped above and below": lambda picture: cropped(picture, 0.1),
    "20 % of other lines above and below": lambda picture: between_lines(picture, 0.2),
    "40 % of other lines above and below": lambda picture: between_lines(picture, 0.4),
    "turned by 1 degree": lambda picture: aslant(picture, 1),
    "turned by -2 degrees": lambda picture: aslant(picture, -2),
    "turned by 3 degrees": lambda picture: aslant(picture, 3),
    "24 pixels high": lambda picture: sized(picture, 24),
    "16 pixels high": lambda picture: sized(picture, 16),
    "stretched to 80 %": lambda picture: sized(picture, 32, 0.8),
    "stretched to 130 %": lambda picture: sized(picture, 32, 1.3),
    "stretched to 150 %": lambda picture: sized(picture, 32, 1.5),
    "out of focus by 1 pixel": lambda picture: blurred(picture, 1),
    "out of focus by 1.4 pixels": lambda picture: blurred(picture, 1.4),
    "smeared over 7 pixels of 48": lambda picture: smeared(picture, 7),
    "noise of 16 greys": lambda picture: noisy(picture, 16),
    "JPEG of quality 30": lambda picture: compressed(picture, 30),
    "light falling to a quarter": lambda picture: lit(picture, (0.25, 1)),
    "a shadow over the middle": shaded,
    "on fine texture": lambda picture: on_texture(picture, 12, 3),
    "on coarse texture": lambda picture: on_texture(picture, 20, 12),
    "from a screen, striped": striped,
    "between upright rules": in_cell,
    "bent by 2 pixels": lambda picture: bent(picture, 2),
    "narrowing to 60 %": lambda picture: from_one_end(picture, 0.6),
    "slanted by 17 degrees": lambda picture: slanted(picture, 0.3),
    "half of it inverted": half_inverted,
    "outlines alone": hollow,
    "embossed": embossed,
    "struck through": struck,
    "under a watermark": watermarked,
    "with print behind it": printed_behind,
    "black and white, 24 rows": lambda picture: black_and_white(sized(picture, 24)),
    "black and white, 20 rows": lambda picture: black_and_white(sized(picture, 20)),
    "of dots, 32 rows": lambda picture: of_dots(picture, 32),
    "of dots, 24 rows": lambda picture: of_dots(picture, 24),
    "5 % of it without ink": lambda picture: faded(picture, 0.05),
    "15 % of it without ink": lambda picture: faded(picture, 0.15),
    "dust on 3 %": lambda picture: dusty(picture, 0.03),
}


def scores_of(recognizer, pictures, texts):
    """``LineScores`` of pictures, spaces left out."""
    scores, fold = LineScores(), recognizer.charset.fold
    for truth, line in zip(texts, recognizer.read(pictures), strict=True):
        scores.update(fold(truth).replace(" ", ""), fold(line.text).replace(" ", ""))
    return scores


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.evaluation.robustness", description="Measure how well altered pictures are read."
    )
    parser.add_argument("labels", type=Path, help="labels.tsv: picture TAB text")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    try:
        recognizer = Recognizer.from_weights(options.weights)
        rows = read_labelled_images(options.labels)
        pictures, texts = [read_grayscale(path) for path, _ in rows], [text for _, text in rows]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, altered in tqdm(ALTERATIONS.items(), unit=" ways", leave=False):
        scores = scores_of(recognizer, [altered(picture) for picture in pictures], texts)
        tqdm.write(f"{name:36} CER {scores.cer:7.2%}   exactly right {scores.exact:6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
