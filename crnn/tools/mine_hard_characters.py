"""``python -m crnn.tools.mine_hard_characters``: write a text of the characters that weights misread.

Lines of characters sampled from the whole table are read. Each character that was misread, and each
that was read in its place, stands in the text as often as that happened, so that a training on it
sees more of both.

After Shrivastava et al.: Training Region-based Object Detectors with Online Hard Example Mining,
CVPR 2016; here the examples are characters to draw.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from crnn.evaluation.scoring import best_paths, score_paths
from crnn.paths import DEFAULT_WEIGHTS
from crnn.synthesis.batch_stream import make_batch
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.source import LineSource

BATCH_SIZE = 256  # lines that are read at once


def count_misread(pairs: Iterable[tuple[str, str]]) -> Counter[str]:
    """Count how often each character was misread, or read in the place of another.

    Args:
        pairs: target and prediction of each line.

    >>> count_misread([("时间", "时问"), ("一日", "日")])
    Counter({'间': 1, '问': 1, '一': 1})
    """
    counts: Counter[str] = Counter()
    for target, prediction in pairs:
        matcher = SequenceMatcher(None, target, prediction, autojunk=False)
        for operation, start, end, first, last in matcher.get_opcodes():
            if operation != "equal":
                counts.update(target[start:end] + prediction[first:last])
    del counts[" "]  # it has no shape to learn
    return counts


def sample_text(counts: Counter[str], length: int, rng: np.random.Generator) -> str:
    """Sample a text of ``length`` characters, each as likely as its count."""
    characters = np.array(list(counts))
    weights = np.array(list(counts.values()), float)
    return "".join(rng.choice(characters, length, p=weights / weights.sum()))


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.mine_hard_characters",
        description="Write a text of the characters that weights misread.",
    )
    parser.add_argument("text", type=Path, help="file to write, for train.py --texts")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--lines", type=int, default=4000, help="of ten characters, to read")
    parser.add_argument("--length", type=int, default=2_000_000, help="characters to write")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    recognizer = Recognizer(options.weights)
    config = SynthesisConfig.evaluation(ten_characters=1.0, ten_kinds=("uniform",))
    generator = LineSource(tuple(options.fonts), (), options.seed, config=config).generator(recognizer.charset)
    pairs = []
    for first in range(0, options.lines, BATCH_SIZE):
        batch = make_batch(generator, first, min(BATCH_SIZE, options.lines - first))
        pairs += score_paths(best_paths(recognizer.engine.predict, batch.images), batch.texts, recognizer.charset)[1]
    counts = count_misread(pairs)
    if not counts:
        print(f"{options.weights} misread nothing in {len(pairs)} lines: no text is written", file=sys.stderr)
        return 1
    options.text.write_text(sample_text(counts, options.length, np.random.default_rng(options.seed)), encoding="utf-8")
    wrong = sum(target != prediction for target, prediction in pairs)
    print(f"{options.text}: {len(counts)} characters, of {wrong} lines not exactly right among {len(pairs)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
