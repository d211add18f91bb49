"""How well labelled images are read when something happens to them: ``python -m crnn.evaluation.robustness LABELS``.

People crop loosely or tightly, hold their cameras at an angle, and photograph in bad light; a set of images shows only
some of that. Here each image is altered in one known way, the same for all, and the errors are counted.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from crnn.dataset.labelled_images import read_labelled_images
from crnn.evaluation import alterations as alter
from crnn.evaluation.metrics import LineScores
from crnn.image import read_grayscale
from crnn.paths import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from crnn.inference.recognizer import Recognizer

ALTERATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as they are": lambda image: image,
    "light on dark for dark on light": lambda image: 255 - image,
    "a quarter of the contrast": partial(alter.reduce_contrast, contrast=0.25),
    "margins of 30 % above and below": partial(alter.add_margins, above=0.3, below=0.3),
    "margins of 100 % above and below": partial(alter.add_margins, above=1, below=1),
    "a margin of 40 % above": partial(alter.add_margins, above=0.4),
    "a margin of 40 % below": partial(alter.add_margins, below=0.4),
    "margins of 100 % left and right": partial(alter.add_margins, beside=1),
    "5 % cropped above and below": partial(alter.crop, share=0.05),
    "10 % cropped above and below": partial(alter.crop, share=0.1),
    "20 % of other lines above and below": partial(alter.add_neighbours, share=0.2),
    "40 % of other lines above and below": partial(alter.add_neighbours, share=0.4),
    "turned by 1 degree": partial(alter.rotate, degrees=1),
    "turned by -2 degrees": partial(alter.rotate, degrees=-2),
    "turned by 3 degrees": partial(alter.rotate, degrees=3),
    "24 pixels high": partial(alter.resize, height=24),
    "16 pixels high": partial(alter.resize, height=16),
    "stretched to 80 %": partial(alter.resize, height=32, stretch=0.8),
    "stretched to 130 %": partial(alter.resize, height=32, stretch=1.3),
    "stretched to 150 %": partial(alter.resize, height=32, stretch=1.5),
    "out of focus by 1 pixel": partial(alter.blur, sigma=1),
    "out of focus by 1.4 pixels": partial(alter.blur, sigma=1.4),
    "smeared over 7 pixels of 48": partial(alter.smear, pixels=7),
    "noise of 16 greys": partial(alter.add_noise, strength=16),
    "JPEG of quality 30": partial(alter.compress, quality=30),
    "light falling to a quarter": partial(alter.light_unevenly, light=(0.25, 1)),
    "a shadow over the middle": alter.add_shadow,
    "on fine texture": partial(alter.put_on_texture, strength=12, cell=3),
    "on coarse texture": partial(alter.put_on_texture, strength=20, cell=12),
    "from a screen, striped": alter.add_stripes,
    "between upright rules": alter.put_in_cell,
    "bent by 2 pixels": partial(alter.bend, pixels=2),
    "narrowing to 60 %": partial(alter.narrow_to_the_right, share=0.6),
    "slanted by 17 degrees": partial(alter.slant, tangent=0.3),
    "half of it inverted": alter.invert_half,
    "outlines alone": alter.outline,
    "embossed": alter.emboss,
    "struck through": alter.strike_through,
    "under a watermark": alter.add_watermark,
    "with print behind it": alter.add_print_behind,
    "black and white, 24 rows": lambda image: alter.binarize(alter.resize(image, 24)),
    "black and white, 20 rows": lambda image: alter.binarize(alter.resize(image, 20)),
    "of dots, 32 rows": partial(alter.print_with_pins, rows=32),
    "of dots, 24 rows": partial(alter.print_with_pins, rows=24),
    "5 % of it without ink": partial(alter.fade, share=0.05),
    "15 % of it without ink": partial(alter.fade, share=0.15),
    "dust on 3 %": partial(alter.add_dust, share=0.03),
}


def score(recognizer: "Recognizer", images: Sequence[np.ndarray], texts: Sequence[str]) -> LineScores:
    """Score what a recognizer reads in images, spaces left out.

    Args:
        recognizer: reads.
        images: (height, width) uint8 each, grey.
        texts: what each of them says.
    """
    scores, fold = LineScores(), recognizer.charset.fold
    for target, line in zip(texts, recognizer.read(images), strict=True):
        scores.update(fold(target).replace(" ", ""), fold(line.text).replace(" ", ""))
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
        recognizer = Recognizer(options.weights)
        rows = read_labelled_images(options.labels)
        images, texts = [read_grayscale(path) for path, _ in rows], [text for _, text in rows]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, function in tqdm(ALTERATIONS.items(), unit=" ways", leave=False):
        scores = score(recognizer, [function(image) for image in images], texts)
        tqdm.write(f"{name:36} CER {scores.cer:7.2%}   exactly right {scores.exact:6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
