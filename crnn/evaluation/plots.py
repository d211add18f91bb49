"""Plots of a training and of confidences, by matplotlib: ``python -m crnn.evaluation.plots LOG PICTURE``."""

import argparse
import csv
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from crnn.evaluation.metrics import Calibration

COLOURS = "turbo"  # matplotlib's map from blue to red: the first stage to the last


def draw_training(log: str | Path, picture: str | Path) -> None:
    """Draw loss and held-out error rates against the lines seen, stage by stage.

    Args:
        log: ``log.csv`` of ``train.py --synthetic``.
        picture: file to write; its suffix says in which format.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the log holds no report; matplotlib is not installed.
    """
    with open(log, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{log} holds no report of a training")
    figure = _figure((10, 6))
    loss, errors = figure.subplots(2, sharex=True)
    before = 0
    stages = [(stage, list(reports)) for stage, reports in groupby(rows, lambda row: row["stage"])]
    for (stage, reports), color in zip(stages, _colours(len(stages)), strict=True):
        lines = [before + int(row["lines"]) for row in reports]
        wrong = [1 - float(row["heldout_exact"]) for row in reports]
        loss.plot(lines, [float(row["loss"]) for row in reports], color=color, label=stage)
        errors.plot(lines, [float(row["heldout_cer"]) for row in reports], color=color)
        errors.plot(lines, wrong, "--", color=color)
        before = lines[-1]
    for axes, label in ((loss, "loss of training"), (errors, "held-out CER; lines not right (dashed)")):
        axes.set_yscale("log")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    figure.legend(title="stage", loc="outside right upper")
    errors.set_xlabel("lines seen")
    _save(figure, picture)


def draw_reliability(calibration: Calibration, picture: str | Path) -> None:
    """Draw how often characters of each confidence are right.

    Args:
        calibration: counts of characters.
        picture: file to write; its suffix says in which format.

    Raises:
        OSError: the file cannot be written.
        ValueError: matplotlib is not installed.
    """
    figure = _figure((4.5, 4.5))
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    for low, high, count, _, right in calibration.bins:
        axes.bar((low + high) / 2, right, 0.09, color="tab:blue", alpha=0.7)
        axes.annotate(f"{count:,}", ((low + high) / 2, right), ha="center", va="bottom", fontsize=7)
    axes.set(xlim=(0, 1), ylim=(0, 1.08), xlabel="confidence of characters", ylabel="share right")
    _save(figure, picture)


def _colours(count):
    from matplotlib import colormaps

    return colormaps[COLOURS](np.linspace(0.05, 0.95, count))


def _figure(inches):
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError("drawing needs matplotlib: pip install matplotlib") from None
    return Figure(inches, layout="constrained")


def _save(figure, picture):
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crnn"}):
        figure.savefig(picture, metadata={"Date": None} if str(picture).endswith(".svg") else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m crnn.evaluation.plots", description="Draw how a training went.")
    parser.add_argument("log", type=Path, help="log.csv of train.py --synthetic")
    parser.add_argument("picture", type=Path, help="file to write: .svg, .png or .pdf")
    options = parser.parse_args(argv)
    try:
        draw_training(options.log, options.picture)
    except KeyError as error:
        print(f"{options.log} is no log of train.py --synthetic: it has no column {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
