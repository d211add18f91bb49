"""Train a CRNN; see ``python train.py --help``."""

import argparse
import os
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description="Train a CRNN.")
    parser.add_argument("--synthetic", action="store_true", help="draw the lines while training")
    parser.add_argument("--folder", type=Path, default=Path("runs/synthetic"), help="for state, log and weights")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="text files or folders of them")
    parser.add_argument("--heldout-texts", type=Path, nargs="*", help="texts for the held-out lines")
    parser.add_argument("--lines", type=int, nargs=3, metavar=("COLUMNS", "BLSTMS", "CTC"), help="lines of each stage")
    parser.add_argument("--processes", type=int, default=1, help="that draw lines")
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from dataclasses import replace

    from crnn.synthesis.stream import Source
    from crnn.training import Recipe, Trainer

    recipe = Recipe()
    if options.lines:
        stages = zip(recipe.stages, options.lines, strict=True)
        recipe = replace(recipe, **{stage.name: replace(stage, lines=lines) for stage, lines in stages})
    fonts, texts = tuple(options.fonts), tuple(options.texts)
    source = Source(fonts, texts, seed=recipe.seed)
    heldout = Source(fonts, tuple(options.heldout_texts or texts), seed=recipe.seed + 1_000_000)
    Trainer(recipe, source, heldout, options.folder, options.processes).run()


if __name__ == "__main__":
    main()
