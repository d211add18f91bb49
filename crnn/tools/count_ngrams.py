"""Count which characters follow which in texts, for the beam search: ``python -m crnn.tools.count_ngrams``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn.charset import Charset
from crnn.inference.ngram_lm import NGrams
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import grammars
from crnn.synthesis.texts import running_texts, title_case

MADE_UP = 200_000  # lines: without them, codes and prices are read as if they were prose
STRETCH = 100  # characters
TITLES = 10  # of so many stretches of text, one more is counted in title case: else headings are read as prose


def made_up_text(lines: int, seed: int = 0) -> str:
    """Write lines of ``grammars`` one after the other."""
    rng = np.random.default_rng(seed)
    return " ".join(grammars.line(rng, grammars.EVERYDAY | grammars.TECHNICAL) for _ in range(lines))


def titles(text: str) -> str:
    """Write one in ``TITLES`` stretches of a text in title case, if most of it is Latin letters."""
    stretches = (text[start : start + STRETCH] for start in range(0, len(text), STRETCH * TITLES))
    return " ".join(title_case(stretch) for stretch in stretches if _latin_letters(stretch) > STRETCH // 2)


def _latin_letters(text: str) -> int:
    return sum(character.isascii() and character.isalpha() for character in text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.count_ngrams", description="Count which characters follow which, for reading."
    )
    parser.add_argument("path", type=Path, help="FILE.npz to write; ngrams.npz beside a weights file is found there")
    parser.add_argument("texts", type=Path, nargs="+", help="UTF-8 text files, or folders of *.txt")
    parser.add_argument("--charset", type=Path, default=DEFAULT_CHARSET, help="table of labels (default: data/'s)")
    parser.add_argument("--made-up", type=int, default=MADE_UP, help="lines of grammars to count as one more text")
    options = parser.parse_args(argv)
    try:
        charset = Charset.from_file(options.charset)
        texts = [*running_texts(options.texts), made_up_text(options.made_up)]
        texts += [*map(titles, texts)]
        ngrams = NGrams.from_texts([charset.fold(text) for text in texts], charset)
        ngrams.save(options.path)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    sizes = ", ".join(f"{len(labels):,}" for labels in ngrams.labels)
    print(f"{options.path}: {sizes} n-grams of one to {len(ngrams.labels)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
