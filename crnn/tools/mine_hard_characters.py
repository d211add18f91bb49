"""Texts of the characters that weights misread, for the next stage: ``python -m crnn.tools.mine_hard_characters``.

Characters drawn from the whole table are read. Each that was misread, and each that was read in its
place, stands in the text as often as that happened: who takes 间 for 问 sees more of both.

After Shrivastava et al.: Training Region-based Object Detectors with Online Hard Example Mining,
CVPR 2016; here what is mined is what to draw.
"""

import argparse
import os
import sys
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from crnn.evaluation.scoring import best_paths, score_paths
from crnn.paths import DEFAULT_WEIGHTS
from crnn.synthesis.batch_stream import make_batch
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.source import LineSource

CHUNK = 256  # lines drawn before they are read


def misread(pairs):
    """How often each character was misread, or read in the place of another.

    >>> misread([("时间", "时问"), ("一日", "日")])
    Counter({'间': 1, '问': 1, '一': 1})
    """
    counts = Counter()
    for truth, said in pairs:
        for what, start, end, first, last in SequenceMatcher(None, truth, said, autojunk=False).get_opcodes():
            if what != "equal":
                counts.update(truth[start:end] + said[first:last])
    del counts[" "]  # no face draws it ill
    return counts


def text_of(counts, length, rng):
    """``length`` characters, each as likely as its count."""
    characters = np.array(list(counts))
    weights = np.array(list(counts.values()), float)
    return "".join(rng.choice(characters, length, p=weights / weights.sum()))


def arguments():
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
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.inference.recognizer import Recognizer

    recognizer = Recognizer.from_weights(options.weights)
    config = SynthesisConfig.evaluation(ten_characters=1.0, ten_kinds=("uniform",))
    generator = LineSource(tuple(options.fonts), (), options.seed, config=config).generator(recognizer.charset)
    pairs = []
    for first in range(0, options.lines, CHUNK):
        batch = make_batch(generator, first, min(CHUNK, options.lines - first))
        pairs += score_paths(best_paths(recognizer.engine.fast, batch.images), batch.texts, recognizer.charset)[1]
    counts = misread(pairs)
    if not counts:
        print(f"{options.weights} misread nothing in {len(pairs)} lines: no text is written", file=sys.stderr)
        return 1
    options.text.write_text(text_of(counts, options.length, np.random.default_rng(options.seed)), encoding="utf-8")
    wrong = sum(truth != said for truth, said in pairs)
    print(f"{options.text}: {len(counts)} characters, of {wrong} lines not exactly right among {len(pairs)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
