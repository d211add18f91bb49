"""Train a CRNN; see ``python train.py --help``."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description="Train a CRNN: from the unpacked batches in data/, or --synthetic, from lines it draws.",
    )
    parser.add_argument("--folder", type=Path, help="of state, log, weights (default: runs/batches or runs/synthetic)")
    parser.add_argument(
        "--start-from",
        help="weights file, or none for random weights (default: weights/CRNN.h5; with --synthetic none)",
    )
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32")
    parser.add_argument("--seed", type=int, default=1)
    batches = parser.add_argument_group("from batches")
    batches.add_argument("--data", type=Path, default=HERE / "data", help="folder of labels/ and img_batches/")
    batches.add_argument("--check", action="store_true", help="look at every label and image, and train nothing")
    batches.add_argument("--epochs", type=int, default=10)
    batches.add_argument("--patience", type=int, default=3, help="epochs without a better test CER before it ends")
    batches.add_argument("--batch-size", type=int, default=32, help="images, of all devices together")
    batches.add_argument("--learning-rate", type=float, default=4e-4)
    batches.add_argument("--charset", type=Path, help="table of labels: one character a line, line 0 for the space")
    batches.add_argument("--deterministic", action="store_true", help="bit for bit the same weights every time")
    synthetic = parser.add_argument_group("synthetic")
    synthetic.add_argument("--synthetic", action="store_true", help="draw lines in other processes, in stages")
    synthetic.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    synthetic.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    synthetic.add_argument("--heldout-texts", type=Path, nargs="*", help="the same for the lines to measure on")
    synthetic.add_argument("--rendered", type=Path, nargs="*", default=[], help="files of crnn.tools.render_in_browser")
    synthetic.add_argument("--stages", nargs="+", metavar="NAME", help="of the recipe, all by default")
    synthetic.add_argument("--lines", type=int, nargs="+", metavar="N", help="lines of each stage")
    synthetic.add_argument("--processes", type=int, default=1, help="that draw lines")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        if options.check:
            return check(options)
        return train_on_stream(options) if options.synthetic else train_on_batches(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def check(options):
    from crnn.charset import Charset
    from crnn.dataset.validation import validate

    charset = Charset.from_file(options.charset) if options.charset else Charset.for_dataset(options.data)
    return 1 if validate(options.data, charset) else 0


def train_on_batches(options):
    from crnn.model import backend
    from crnn.training.dataset_trainer import DatasetTrainer
    from crnn.training.recipe import DatasetRecipe

    if options.deterministic:
        backend.make_deterministic()
    given = {
        name: getattr(options, name)
        for name in ("epochs", "patience", "batch_size", "learning_rate", "precision", "seed")
    }
    if options.charset:
        given["charset"] = str(options.charset)
    start_from = options.start_from or str(HERE / "weights" / "CRNN.h5")
    recipe = DatasetRecipe(str(options.data), _weights(start_from), **given)
    DatasetTrainer(recipe, options.folder or "runs/batches").run()
    return 0


def _weights(given):
    return None if given == "none" else given


def train_on_stream(options):
    from crnn.synthesis.config import SynthesisConfig
    from crnn.synthesis.source import LineSource
    from crnn.training.recipe import SyntheticRecipe
    from crnn.training.synthetic_trainer import SyntheticTrainer

    recipe = SyntheticRecipe(seed=options.seed, start_from=_weights(options.start_from), precision=options.precision)
    recipe = recipe.only(options.stages or [stage.name for stage in recipe.stages])
    if options.lines:
        if len(options.lines) > len(recipe.stages):
            raise ValueError(f"--lines takes at most {len(recipe.stages)} numbers, one a stage")
        stages = zip(recipe.stages, options.lines, strict=False)
        recipe = replace(recipe, stages=tuple(replace(stage, samples=lines) for stage, lines in stages))
    fonts, texts = tuple(options.fonts), tuple(options.texts)
    source = LineSource(fonts, texts, seed=recipe.seed, rendered=tuple(options.rendered))
    heldout_texts = tuple(options.heldout_texts or texts)
    heldout = LineSource(fonts, heldout_texts, seed=recipe.seed + 1_000_000, config=SynthesisConfig.evaluation())
    SyntheticTrainer(recipe, source, heldout, options.folder or "runs/synthetic", options.processes).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
