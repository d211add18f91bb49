"""How much more likely a character is after those before it: ``python -m crnn.ngrams`` counts it in texts.

Witten-Bell smoothing, as in Chen, Goodman: An Empirical Study of Smoothing Techniques for Language
Modeling, Harvard TR-10-98, section 2.5: each order is mixed with the next lower one.
"""

import argparse
import math
import sys
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from crnn.charset import DEFAULT_TABLE, Charset, table_of

LEAST = (1, 3, 5, 8)  # times an n-gram of each order must stand in the texts: the rest would only fill the file
BITS = 13  # of a label in a key: a table has at most 8192 entries


class NGrams:
    """Counts of characters and of runs of up to four of them.

    Args:
        keys: for each order, the n-grams that were counted: int64, sorted; ``BITS`` a label.
        counts: for each order, how often each stood in the texts.
        size: entries of the table.
    """

    def __init__(self, keys, counts, size):
        self.keys, self.counts = keys, [count.astype(np.int64) for count in counts]
        alone = np.ones(size)  # one more than counted, so that none is impossible
        alone[keys[0]] += self.counts[0]
        self._alone = np.log(alone / alone.sum())
        # of each context: its key, how often it stood, how many different characters followed
        self._contexts = []
        for key, count in zip(keys[1:], self.counts[1:], strict=True):
            context, starts = np.unique(key >> BITS, return_index=True)
            total = np.add.reduceat(count, starts) if len(starts) else starts
            self._contexts.append((context, total, np.diff(starts, append=len(key))))
        self._kept_gain = lru_cache(2**17)(self._gain)

    def gain(self, history, label):
        """log P(label | history) - log P(label), natural logarithms.

        Args:
            history: tuple of labels, of which as many count as the longest n-grams have before their last.
            label: the one that may follow.
        """
        return self._kept_gain(history[-len(self._contexts) :], label)

    def _gain(self, history, label):
        alone = likely = math.exp(self._alone[label])
        context = 0
        for length, (keys, counts, contexts) in enumerate(
            zip(self.keys[1:], self.counts[1:], self._contexts, strict=True), 1
        ):
            if length > len(history):
                break
            context |= history[-length] << BITS * (length - 1)
            at = _place(contexts[0], context)
            if at is None:
                break
            total, types = int(contexts[1][at]), int(contexts[2][at])
            at = _place(keys, context << BITS | label)
            likely = ((0 if at is None else int(counts[at])) + types * likely) / (total + types)
        return math.log(likely / alone)

    @classmethod
    def counted(cls, texts, charset, least=LEAST):
        """Count in texts.

        Args:
            texts: strings of characters of the table (``charset.fold``).
        """
        if len(charset) > 2**BITS:
            raise ValueError(f"n-grams hold labels below {2**BITS}, the table has {len(charset)}")
        encoded = [np.array(charset.encode(text), np.int64) for text in texts]
        keys, counts = [], []
        for order, most in enumerate(least, 1):
            found = [np.zeros(0, np.int64)]
            for labels in encoded:
                key = np.zeros(max(0, len(labels) - order + 1), np.int64)
                for place in range(order):
                    key = key << BITS | labels[place : place + len(key)]
                found.append(key)
            key, count = np.unique(np.concatenate(found), return_counts=True)
            keys.append(key[count >= most])
            counts.append(count[count >= most])
        return cls(keys, counts, len(charset))

    @classmethod
    def load(cls, path):
        """Read what ``save`` wrote.

        Raises:
            OSError, ValueError: the file cannot be read.
        """
        try:
            with np.load(path) as file:
                orders = range(1, 1 + sum(name.startswith("count") for name in file.files))
                keys = [np.cumsum(file[f"step{order}"]) for order in orders]
                return cls(keys, [file[f"count{order}"] for order in orders], int(file["size"]))
        except (KeyError, ValueError, BadZipFile) as error:
            raise ValueError(f"{path} is no file of n-grams ({error}): python -m crnn.ngrams writes one") from None

    def save(self, path):
        """Write to ``path`` (.npz), the keys as the steps between them: they pack to a third."""
        arrays = {"size": len(self._alone)}
        for order, (key, count) in enumerate(zip(self.keys, self.counts, strict=True), 1):
            arrays |= {f"step{order}": np.diff(key, prepend=0), f"count{order}": count.astype(np.uint32)}
        np.savez_compressed(path, **arrays)


def ngrams_of(weights):
    """The n-grams that suit a weights file: those beside it, else the project's own; None if its table is another."""
    beside = Path(weights).with_name("ngrams.npz")
    if not beside.exists() and table_of(weights) == DEFAULT_TABLE:
        beside = Path(__file__).resolve().parent.parent / "weights" / "ngrams.npz"
    return NGrams.load(beside) if beside.exists() else None


def _place(sorted_keys, key):
    """Where a key stands, or None."""
    at = int(np.searchsorted(sorted_keys, key))
    return at if at < len(sorted_keys) and sorted_keys[at] == key else None


def main():
    parser = argparse.ArgumentParser(
        prog="python -m crnn.ngrams", description="Count which characters follow which, for reading."
    )
    parser.add_argument("path", type=Path, help="FILE.npz to write; ngrams.npz beside a weights file is found there")
    parser.add_argument("texts", type=Path, nargs="+", help="UTF-8 text files, or folders of *.txt")
    parser.add_argument("--charset", type=Path, default=DEFAULT_TABLE, help="table of labels (default: data/'s)")
    options = parser.parse_args()
    from crnn.synthesis.texts import running_texts

    try:
        charset = Charset.from_file(options.charset)
        ngrams = NGrams.counted([charset.fold(text) for text in running_texts(options.texts)], charset)
        ngrams.save(options.path)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    sizes = ", ".join(f"{len(key):,}" for key in ngrams.keys)
    print(f"{options.path}: {sizes} n-grams of one to {len(ngrams.keys)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
