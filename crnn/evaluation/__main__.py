"""How well weights read: ``python -m crnn.evaluation``, on labelled images or synthetic lines."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from crnn.dataset.labelled_images import read_labelled_images
from crnn.evaluation.metrics import Calibration, LineScores
from crnn.files import read_text
from crnn.image import read_grayscale
from crnn.inference.recognizer import DECODINGS
from crnn.paths import DEFAULT_WEIGHTS
from crnn.synthesis.config import ALL_KINDS, EFFECTS, FREE_EFFECTS, KINDS, TEN_KINDS

PROG = "python -m crnn.evaluation"


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Measure how well weights read.")
    parser.add_argument("labels", nargs="?", type=Path, help="labels.tsv: picture TAB text")
    parser.add_argument("--synthetic", type=int, metavar="N", help="measure on N lines drawn here")
    parser.add_argument(
        "--kind", choices=(*TEN_KINDS, *KINDS, ALL_KINDS), default="ten", help="of these (default: %(default)s)"
    )
    parser.add_argument(
        "--effects", nargs="+", choices=(*EFFECTS, *FREE_EFFECTS), default=[], metavar="NAME",
        help="of crnn.synthesis.config that each of them has",
    )  # fmt: skip
    parser.add_argument("--words", type=Path, metavar="FILE", help="each word of a file, in each Latin face")
    parser.add_argument("--table", action="store_true", help="each character of the table, in each Chinese face")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="draw with the faces of these folders alone")
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=2_000_000)
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--decoding", choices=DECODINGS, default=DECODINGS[0], help="greedy: the network alone")
    parser.add_argument("--errors", action="store_true", help="also print each line that is not exactly right")
    parser.add_argument("--calibration", action="store_true", help="also print how often each confidence is right")
    parser.add_argument("--diagram", type=Path, help="picture to draw of that; needs matplotlib")
    return parser


def _labelled_lines(options, charset):
    """Return grey images and texts of what the options name."""
    if options.labels:
        rows = read_labelled_images(options.labels)
        return [read_grayscale(path) for path, _ in rows], [text for _, text in rows]
    from crnn.evaluation import heldout  # which needs FreeType

    if options.synthetic:
        which = options.seed, options.kind, options.synthetic, options.effects
        lines = heldout.of_kind(options.fonts, options.texts, charset, *which)
    elif options.words:
        words = read_text(options.words).split()
        lines = heldout.words_in_each_font(options.fonts, charset, options.seed, words)
    else:
        lines = heldout.charset_in_each_font(options.fonts, charset, options.seed)
    lines = list(lines)
    return [line.image for line in lines], [line.text for line in lines]


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command; return its exit status."""
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    if sum(map(bool, (options.labels, options.synthetic, options.words, options.table))) != 1:
        parser.error("name either a label file, or --synthetic N, --words FILE or --table")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    try:
        recognizer = Recognizer(options.weights, decoding=options.decoding)
        images, texts = _labelled_lines(options, recognizer.charset)
        lines = recognizer.read(images)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    fold = recognizer.charset.fold
    spaced, bare, calibration = LineScores(), LineScores(), Calibration()
    for target, line in zip(map(fold, texts), lines, strict=True):
        prediction = fold(line.text)
        spaced.update(target, prediction)
        bare.update(target.replace(" ", ""), prediction.replace(" ", ""))
        calibration.update(target, line.characters)
        if options.errors and target != prediction:
            print(f"  {target}\n! {prediction}")
    print(
        f"{spaced.lines} lines: CER {bare.cer:.2%} without spaces, {spaced.cer:.2%} with; "
        f"exactly right {bare.exact:.1%} without spaces, {spaced.exact:.1%} with; 1-NED {spaced.one_minus_ned:.4f}"
    )
    if options.calibration:
        for low, high, count, confidence, right in calibration.bins:
            print(f"confidence {low:.1f} to {high:.1f}: {count} characters, mean {confidence:.3f}, {right:.3f} right")
        print(f"expected calibration error {calibration.error:.4f}")
    if options.diagram:
        from crnn.evaluation.plots import draw_reliability

        draw_reliability(calibration, options.diagram)
    return 0


if __name__ == "__main__":
    sys.exit(main())
