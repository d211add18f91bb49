"""Go on from weights with the pictures of a user, and with drawn lines so that nothing is forgotten.

Each batch is half pictures, degraded as drawn lines are, half drawn lines. The first convolutions and the statistics of
batch normalization stay as they are. At the end the weights are averaged with those before, which loses less of what
these could do than it gains (Wortsman et al.: Robust Fine-Tuning of Zero-Shot Models, CVPR 2022). Epoch and share are
chosen by error rates on pictures and drawn lines together.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.evaluation.metrics import LineScores
from crnn.files import write_text
from crnn.geometry import MIN_WIDTH
from crnn.inference.ngram_lm import NGrams
from crnn.inference.recognizer import Recognizer
from crnn.model import weights_file
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.source import LineSource
from crnn.training.dataset_trainer import DatasetTrainer
from crnn.training.picture_loader import DrawnLines, FixedLoader, PictureLoader, prepared
from crnn.training.pictures import load_pictures, report_left_out, split
from crnn.training.recipe import DatasetRecipe

DRAWN_REPORTED = 200  # drawn lines that the report at the end reads
MIN_DRAWN = 32  # drawn lines among those that the best epoch is chosen by
SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)  # of the trained weights in the average
FROZEN = ("conv1", "conv2", "conv5_bn", "conv6_bn")
HELDOUT_SEED = 1_000_000  # added to the seed, for drawn lines that are not learned from


@dataclass(frozen=True)
class DrawnSource:
    """Where the drawn lines come from.

    Attributes:
        share: of the lines of a batch; 0 for none.
        fonts: folders of fonts.
        system_fonts: whether the fonts of the system are used too.
        texts: text files, or folders of them; what the pictures say is used too.
    """

    share: float = 0.5
    fonts: tuple[Path, ...] = ()
    system_fonts: bool = True
    texts: tuple[Path, ...] = ()

    def lines(self, charset: Charset, seed: int, config: SynthesisConfig, texts: Sequence[Path] = ()) -> DrawnLines:
        """Load fonts and texts.

        Args:
            charset: the table.
            seed: of the series of lines.
            config: probabilities of the effects.
            texts: files beside ``self.texts``.

        Raises:
            ValueError: no font can write Chinese, or none can write English.
        """
        source = LineSource(self.fonts, (*self.texts, *texts), seed, self.system_fonts, config)
        try:
            return DrawnLines(source, charset)
        except ValueError as error:
            raise ValueError(
                f"{error} (on Debian: apt install fonts-noto-cjk); or train on the pictures alone with --drawn 0, "
                "which forgets others"
            ) from None


class FineTuning:
    """Fine-tune weights on pictures; a run that was stopped goes on with the same arguments.

    Args:
        recipe: its ``data`` names the pictures, its ``start_from`` and ``charset`` must be given.
        pictures: label files or folders, see ``dataset.picture_labels``.
        drawn: where the drawn lines come from.
        folder: for state, log, weights, table and n-grams.

    Raises:
        OSError, ValueError: a file cannot be read; too few pictures can be used; no font for the drawn lines.
    """

    def __init__(self, recipe: DatasetRecipe, pictures: Sequence[Path], drawn: DrawnSource, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.charset = Charset.from_file(recipe.charset or "")
        lines, reasons = load_pictures(pictures, self.charset)
        report_left_out(reasons)
        learned, self.heldout = split(lines, recipe.seed)
        print(f"{len(learned)} pictures to learn from, {len(self.heldout)} to measure on", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        self.drawn: list[LineSample] = []
        beside = None
        if drawn.share:
            said = folder / "pictures.lines.txt"
            write_text(said, "".join(line.text + "\n" for line in learned))
            usual = SynthesisConfig(ten_characters=0.0)
            beside = drawn.lines(self.charset, recipe.seed, usual, [said])
            evaluated = SynthesisConfig.evaluation(ten_characters=0.0)
            heldout = drawn.lines(self.charset, recipe.seed + HELDOUT_SEED, evaluated)
            self.drawn = list(islice(heldout.lines(MIN_WIDTH, 0), DRAWN_REPORTED))
        train = PictureLoader(learned, beside, SynthesisConfig(), recipe.batch_size, drawn.share, recipe.seed)
        test = FixedLoader(self._measured(), recipe.batch_size)
        self.trainer = DatasetTrainer(recipe, folder / "training", lambda *_: (train, test), FROZEN)

    def _measured(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return what the best epoch is chosen by: as many drawn lines as pictures, but not too few."""
        some = self.drawn[: max(MIN_DRAWN, len(self.heldout))]
        rows = [prepared(line) for line in self.heldout]
        return rows + [(line.image, np.array(self.charset.encode(line.text), np.int32)) for line in some]

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Train, then print what was gained and lost; return False if it was stopped."""
        if not self.trainer.run(should_stop=should_stop):
            return False
        start, path = str(self.recipe.start_from), self.folder / "CRNN.h5"
        self.charset.save(self.folder / "charset.txt")
        trained = self.folder / "training" / "CRNN.h5"
        if Charset.for_weights(start).characters == self.charset.characters:
            self._write_average(start, trained, path)
            ngrams = NGrams.for_weights(start)
            if ngrams:
                ngrams.save(self.folder / "ngrams.npz")
        else:
            shutil.copyfile(trained, path)
        self._report(start, path)
        return True

    def _write_average(self, start: str, trained: Path, path: Path) -> None:
        """Write the average of trained weights and those before that reads best."""
        network, errors = self.trainer.network, {}
        for share in SHARES:
            network.load_weights(trained)
            weights_file.save_average(network.predict_core, start, 1 - share, path)
            network.load_weights(path)
            measured = self.trainer.measure()
            errors[share] = measured[0].errors if measured else 0
        best = min(SHARES, key=lambda share: errors[share])
        network.load_weights(trained)
        weights_file.save_average(network.predict_core, start, 1 - best, path)
        print(f"the weights are {best:.0%} new, {1 - best:.0%} those before", file=sys.stderr)

    def _report(self, start: str, path: Path) -> None:
        scores = {"before": self._scores(start), "after": self._scores(path)}
        print("| lines | weights | CER | exactly right |\n|---|---|---|---|")
        for place, what in enumerate((f"{len(self.heldout)} of your pictures", f"{len(self.drawn)} drawn lines")):
            for name, both in scores.items():
                if both[place].lines:
                    print(f"| {what} | {name} | {both[place].cer:.2%} | {both[place].exact:.1%} |")
        print(f"read with them: crnn read --weights {path} PICTURES")

    def _scores(self, weights: str | Path) -> tuple[LineScores, LineScores]:
        """Read what was not learned from: the pictures, and drawn lines."""
        recognizer, scores = Recognizer(weights), (LineScores(), LineScores())
        lines = [(line.image, line.text) for line in self.heldout]
        lines += [(line.image, line.text) for line in self.drawn]
        for place, read in enumerate(recognizer.read([image for image, _ in lines])):
            scores[place >= len(self.heldout)].update(lines[place][1], self.charset.fold(read.text))
        return scores
