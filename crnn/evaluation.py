"""How well weights read: ``python -m crnn.evaluation``, on labelled pictures or synthetic lines."""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from crnn.ctc import greedy_runs
from crnn.metrics import LineScores
from crnn.recognizer import DECODINGS

WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / "CRNN.h5"
CHUNK = 32  # images predicted at once


def best_paths(predict, images):
    """The best class of each step: (n, steps) int64.

    Args:
        predict: see ``recognizer.Recognizer``. images: (n, 32, width, 1), any numbers.
    """
    chunks = (images[at : at + CHUNK] for at in range(0, len(images), CHUNK))
    return np.concatenate([predict(np.asarray(chunk, np.float32)).argmax(-1) for chunk in chunks])


def score_images(predict, images, texts, charset, decode=greedy_runs):
    """Scores of images of one width, and the pairs (truth, prediction) they come from.

    Args:
        decode: runs of probabilities (steps, classes).
    """
    scores, pairs = LineScores(), []
    for at in range(0, len(images), CHUNK):
        predicted = predict(np.asarray(images[at : at + CHUNK], np.float32))
        for probabilities, truth in zip(predicted, texts[at : at + CHUNK], strict=True):
            said = charset.decode([run.label for run in decode(probabilities)])
            pairs.append((truth, said))
            scores.update(truth, said)
    return scores, pairs


def read_pairs(labels, recognizer):
    """Read the pictures that a label file names: pairs (truth, prediction), both folded.

    Args:
        labels: lines ``picture TAB text``; paths are relative to the file's folder.

    Raises:
        ValueError: a line has no tab; image.ImageError: a picture cannot be read.
    """
    from crnn.image import read_grey

    rows = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines() if line]
    for row in rows:
        if len(row) < 2:
            raise ValueError(f"{labels}: {row[0]!r} is no picture, tab and text")
    lines = recognizer.read([read_grey(labels.parent / row[0]) for row in rows])
    fold = recognizer.charset.fold
    return [(fold(row[-1]), fold(line.text)) for row, line in zip(rows, lines, strict=True)]


def arguments():
    from crnn.synthesis.texts import KINDS

    parser = argparse.ArgumentParser(prog="python -m crnn.evaluation", description="Measure how well weights read.")
    parser.add_argument("labels", nargs="?", type=Path, help="labels.tsv: picture TAB text")
    parser.add_argument("--synthetic", type=int, metavar="N", help="measure on N lines drawn here")
    parser.add_argument("--kind", choices=("ten", *KINDS), default="ten", help="of these (default: ten characters)")
    parser.add_argument("--words", type=Path, metavar="FILE", help="each word of a file, in each Latin face")
    parser.add_argument("--table", action="store_true", help="each character of the table, in each Chinese face")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="draw with the faces of these folders alone")
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=2_000_000)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--decoding", choices=DECODINGS, default=DECODINGS[0], help="greedy: the network alone")
    parser.add_argument("--errors", action="store_true", help="also print each line that is not exactly right")
    options = parser.parse_args()
    if sum(map(bool, (options.labels, options.synthetic, options.words, options.table))) != 1:
        parser.error("name either a label file, or --synthetic N, --words FILE or --table")
    return options


def _pairs(options, recognizer):
    """Pairs (truth, prediction) of what the options name."""
    from crnn import heldout

    if options.labels:
        return read_pairs(options.labels, recognizer)
    where = (options.fonts, options.texts, options.seed)
    if options.synthetic and options.kind == "ten":
        batch = heldout.ten_characters(*where, options.synthetic)
        decode = recognizer.decode
        return score_images(recognizer.predict, batch.images, batch.texts, recognizer.charset, decode)[1]
    if options.synthetic:
        lines = heldout.of_kind(*where, options.kind, options.synthetic)
    elif options.words:
        words = options.words.read_text(encoding="utf-8").split()
        lines = heldout.words_in_each_face(options.fonts, options.seed, words)
    else:
        lines = heldout.table_in_each_face(options.fonts, options.seed)
    lines = list(lines)
    read = recognizer.read(line.image for line in lines)
    return [(line.text, said.text) for line, said in zip(lines, read, strict=True)]


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.recognizer import Recognizer

    try:
        recognizer = Recognizer.from_weights(options.weights, decoding=options.decoding)
        pairs = _pairs(options, recognizer)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    spaced, bare = LineScores(), LineScores()
    for truth, said in pairs:
        spaced.update(truth, said)
        bare.update(truth.replace(" ", ""), said.replace(" ", ""))
        if options.errors and truth != said:
            print(f"  {truth}\n! {said}")
    print(
        f"{spaced.lines} lines: CER {bare.cer:.2%} without spaces, {spaced.cer:.2%} with; "
        f"exactly right {bare.exact:.1%} without spaces, {spaced.exact:.1%} with; 1-NED {spaced.one_minus_ned:.4f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
