"""``python -m crnn.training``: train a CRNN, as ``train.py`` does."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crnn.console import Interrupted, StopRequest, run
from crnn.paths import DEFAULT_WEIGHTS, SAMPLE_DATA

MAX_PROCESSES = 16  # that draw lines by default
PICTURES_RATE = 2e-4  # learning rate at its height with --pictures
PICTURES_WARM_UP = 50  # steps in which it rises


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Train a CRNN: from the unpacked batches in data/, on your own --pictures, or --synthetic, from "
        "lines it draws.",
    )
    parser.add_argument(
        "--folder", type=Path, help="of state, log, weights (default: runs/batches, runs/pictures or runs/synthetic)"
    )
    parser.add_argument(
        "--start-from",
        help="weights file, or none for random weights (default: weights/CRNN.h5; with --synthetic none)",
    )
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32")
    parser.add_argument("--batch-size", type=int, default=32, help="images a step, of all devices together")
    parser.add_argument(
        "--learning-rate",
        type=float,
        help="at its height (default: 4e-4; with --pictures 2e-4; with --synthetic each stage has its own, which holds "
        "for batches of 32 and grows with the square root of their size)",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deterministic", action="store_true", help="bit for bit the same weights every time")
    batches = parser.add_argument_group("from batches")
    batches.add_argument("--data", type=Path, default=SAMPLE_DATA, help="folder of labels/ and img_batches/")
    batches.add_argument("--check", action="store_true", help="look at every label and image, and train nothing")
    batches.add_argument("--epochs", type=int, default=10)
    batches.add_argument("--patience", type=int, default=3, help="epochs without a better test CER before it ends")
    batches.add_argument("--charset", type=Path, help="table of labels: one character a line, line 0 for the space")
    pictures = parser.add_argument_group("from pictures", "Also --check, --epochs, --patience, --charset as above.")
    pictures.add_argument(
        "--pictures",
        type=Path,
        nargs="+",
        metavar="LABELS",
        help="lines picture TAB text, PaddleOCR's rec_gt.txt, PPOCRLabel's Label.txt, or a folder of *.gt.txt",
    )
    pictures.add_argument(
        "--drawn", type=float, default=0.5, metavar="SHARE", help="of drawn lines in each batch (default: 0.5)"
    )
    synthetic = parser.add_argument_group("synthetic", "--fonts, --no-system-fonts, --texts also with --pictures.")
    synthetic.add_argument("--synthetic", action="store_true", help="draw lines in other processes, in four phases")
    synthetic.add_argument(
        "--phases",
        nargs="+",
        metavar="NAME",
        help="of frames_cnn, frames_lstm, ctc, int8, or stages of them, as ctc_4 (default: all; with --start-from ctc "
        "and int8)",
    )
    length = synthetic.add_mutually_exclusive_group()
    length.add_argument("--lines", type=int, metavar="N", help="length of the training in lines (default: 1,000,000)")
    length.add_argument("--hours", type=float, metavar="H", help="length of the training in hours, stops left out")
    synthetic.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    synthetic.add_argument("--no-system-fonts", action="store_true", help="only the fonts in --fonts")
    synthetic.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    synthetic.add_argument("--heldout-texts", type=Path, nargs="*", help="the same for the lines to measure on")
    synthetic.add_argument("--rendered", type=Path, nargs="*", default=[], help="files of crnn.tools.render_in_browser")
    synthetic.add_argument(
        "--processes", type=int, help=f"that draw lines (default: one a core but one, at most {MAX_PROCESSES})"
    )
    synthetic.add_argument(
        "--cache-lines", type=int, default=0, metavar="N", help="draw N lines once, then use them again, shuffled"
    )
    return parser


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command; return its exit status."""
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    if options.pictures and (options.synthetic or options.data != SAMPLE_DATA):
        parser.error("--pictures goes with neither --synthetic nor --data: name one of them")
    if options.pictures and options.start_from == "none":
        parser.error("--pictures goes on from weights: --start-from names them, and is not none")
    if not 0 <= options.drawn < 1:
        parser.error(f"--drawn {options.drawn:g}: a share from 0 to less than 1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        if options.check:
            return check(options)
        with StopRequest() as stop:  # from the first moment: the imports take seconds
            train = train_on_pictures if options.pictures else train_on_batches
            train = train_on_lines if options.synthetic else train
            if not train(options, stop):
                raise Interrupted(stop.number)
            return 0
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def check(options: argparse.Namespace) -> int:
    """Look at the data set; return the exit status."""
    from crnn.charset import Charset

    if options.pictures:
        from crnn.training.pictures import check_pictures

        return 1 if check_pictures(options.pictures, Charset.from_file(_table_of_pictures(options))) else 0
    from crnn.dataset.validation import validate

    charset = Charset.from_file(options.charset) if options.charset else Charset.for_dataset(options.data)
    return 1 if validate(options.data, charset) else 0


def train_on_batches(options: argparse.Namespace, stop: StopRequest) -> bool:
    """Train on batch folders; return False if it was stopped."""
    from crnn.model import backend
    from crnn.training.dataset_trainer import DatasetTrainer
    from crnn.training.recipe import DatasetRecipe

    stop.check()
    if options.deterministic:
        backend.make_deterministic()
    start_from = options.start_from or str(DEFAULT_WEIGHTS)
    recipe = DatasetRecipe(
        str(options.data), _weights(start_from), str(options.charset) if options.charset else None, **_common(options)
    )
    recipe = replace(recipe, epochs=options.epochs, patience=options.patience)
    if options.learning_rate is not None:
        recipe = replace(recipe, learning_rate=options.learning_rate)
    trainer = DatasetTrainer(recipe, options.folder or "runs/batches")
    stop.check()
    return trainer.run(should_stop=stop.is_set)


def _weights(given):
    return None if given == "none" else given


def _table_of_pictures(options):
    """Return the file of the table that pictures are labelled with: that of the weights, unless another is named."""
    from crnn.charset import table_of

    return options.charset or table_of(options.start_from or DEFAULT_WEIGHTS)


def _common(options):
    return {name: getattr(options, name) for name in ("batch_size", "precision", "seed")}


def train_on_pictures(options: argparse.Namespace, stop: StopRequest) -> bool:
    """Fine-tune on pictures; return False if it was stopped."""
    from crnn.model import backend
    from crnn.training.fine_tuning import DrawnSource, FineTuning
    from crnn.training.recipe import DatasetRecipe

    stop.check()
    if options.deterministic:
        backend.make_deterministic()
    recipe = DatasetRecipe(
        data=" ".join(map(str, options.pictures)),
        start_from=str(options.start_from or DEFAULT_WEIGHTS),
        charset=str(_table_of_pictures(options)),
        epochs=options.epochs,
        patience=options.patience,
        learning_rate=options.learning_rate or PICTURES_RATE,
        warm_up=PICTURES_WARM_UP,
        **_common(options),
    )
    fonts, texts = tuple(options.fonts), tuple(options.texts)
    drawn = DrawnSource(options.drawn, fonts, not options.no_system_fonts, texts)
    training = FineTuning(recipe, options.pictures, drawn, options.folder or Path("runs/pictures"))
    stop.check()
    return training.run(should_stop=stop.is_set)


def train_on_lines(options: argparse.Namespace, stop: StopRequest) -> bool:
    """Train on synthetic lines; return False if it was stopped."""
    from crnn.model import backend
    from crnn.synthesis.config import SynthesisConfig
    from crnn.synthesis.source import LineSource
    from crnn.training.recipe import PHASES, SyntheticRecipe
    from crnn.training.synthetic_trainer import SyntheticTrainer

    stop.check()
    if options.deterministic:
        backend.make_deterministic()
    start_from = _weights(options.start_from)
    lengths = {name: value for name in ("lines", "hours") if (value := getattr(options, name)) is not None}
    recipe = SyntheticRecipe(
        start_from=start_from, cache_lines=options.cache_lines, **lengths, **_common(options)
    ).only(options.phases or PHASES[2 if start_from else 0 :])
    if options.learning_rate is not None:
        stages = tuple(replace(stage, learning_rate=options.learning_rate) for stage in recipe.stages)
        recipe = replace(recipe, stages=stages)
    fonts, texts, system_fonts = tuple(options.fonts), tuple(options.texts), not options.no_system_fonts
    source = LineSource(fonts, texts, recipe.seed, system_fonts, rendered=tuple(options.rendered))
    heldout_texts = tuple(options.heldout_texts or texts)
    heldout = LineSource(fonts, heldout_texts, recipe.seed + 1_000_000, system_fonts, SynthesisConfig.evaluation())
    processes = options.processes or max(1, min(MAX_PROCESSES, (os.cpu_count() or 1) - 1))
    trainer = SyntheticTrainer(recipe, source, heldout, options.folder or "runs/synthetic", processes)
    stop.check()
    return trainer.run(should_stop=stop.is_set)


if __name__ == "__main__":
    sys.exit(run(main))
