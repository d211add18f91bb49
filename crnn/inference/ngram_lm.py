"""Character n-grams: how much more likely a character is after those before it than it is anyway.

``python -m crnn.tools.count_ngrams`` counts them in texts.

Witten-Bell smoothing, as in Chen, Goodman: An Empirical Study of Smoothing Techniques for Language
Modeling, Harvard TR-10-98, section 2.5: each order is mixed with the next lower one.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from crnn.charset import Charset, table_of
from crnn.files import atomic_file, read_arrays
from crnn.paths import DEFAULT_CHARSET, DEFAULT_NGRAMS

MIN_COUNTS = (1, 4, 7, 11, 15, 20)  # of an n-gram of each order; rarer ones would only fill the file
LABEL_BITS = 13  # of a label in a key: a table has at most 8192 entries


class NGrams:
    """Counts of characters and of runs of several: a trie, one sorted array for each order.

    Args:
        keys: for each order, the n-grams that were counted: int64, sorted. A key is the place of all characters but
            the last among the n-grams of the order below, then ``LABEL_BITS`` of the label of the last.
        counts: for each order, how often each stood in the texts.
        size: entries of the table.
    """

    def __init__(self, keys: list[np.ndarray], counts: list[np.ndarray], size: int):
        self.keys, self.counts = keys, [count.astype(np.int64) for count in counts]
        unigrams = np.ones(size)  # one more than counted, so that none is impossible
        unigrams[keys[0]] += self.counts[0]
        self._unigrams: list[float] = (unigrams / unigrams.sum()).tolist()
        # where, among the n-grams of the next order, those begin that go on from each n-gram of an order
        self._starts = [
            np.append(0, np.bincount(longer >> LABEL_BITS, minlength=len(shorter)).cumsum())
            for shorter, longer in zip(keys[:-1], keys[1:], strict=True)
        ]
        # how often all those together stood in the texts
        self._totals = [
            np.diff(np.concatenate(([0], np.cumsum(count)))[starts])
            for count, starts in zip(self.counts[1:], self._starts, strict=True)
        ]
        self._key_at, self._count_at = _views(self.keys), _views(self.counts)
        self._start_at, self._total_at = _views(self._starts), _views(self._totals)
        self._cached_place_of = lru_cache(2**16)(self._place_of)
        self._cached_followers = lru_cache(2**15)(self._followers)
        self._cached_score = lru_cache(2**17)(self._score)

    def lm_score(self, history: tuple[int, ...], label: int) -> float:
        """Compute the pointwise mutual information log P(label | history) - log P(label), natural logarithms.

        Args:
            history: labels, of which as many count as the longest n-grams have before their last.
            label: the one that may follow.
        """
        return self._cached_score(history[-len(self._starts) :], label)

    def max_score(self, label: int) -> float:
        """Return what ``lm_score`` gives at most for a label: it is then certain."""
        return -math.log(self._unigrams[label])

    def _score(self, history, label):
        likely = self._unigrams[label]
        for order, context, start, stop, total in self._cached_followers(history):
            at = _place(self._key_at[order], context << LABEL_BITS | label, start, stop)
            count, different = 0 if at is None else self._count_at[order][at], stop - start
            likely = (count + different * likely) / (total + different)
        return math.log(likely / self._unigrams[label])

    def _followers(self, history):
        """Look up what was counted after the last character of ``history``, after the last two, and so on.

        Returns:
            For each: the index in ``keys`` of these n-grams; where their context stands in the order below; where
            they start and stop; how often they stood in the texts together.
        """
        found = []
        for length in range(1, len(history) + 1):
            context = self._cached_place_of(history[-length:])
            if context is None:
                break
            start, stop = self._start_at[length - 1][context], self._start_at[length - 1][context + 1]
            if start == stop:
                break
            found.append((length, context, start, stop, self._total_at[length - 1][context]))
        return found

    def _place_of(self, labels):
        """Find where an n-gram stands among those of its order, or None."""
        if len(labels) == 1:
            return _place(self._key_at[0], labels[0], 0, len(self.keys[0]))
        before = self._cached_place_of(labels[:-1])
        if before is None:
            return None
        starts = self._start_at[len(labels) - 2]
        return _place(
            self._key_at[len(labels) - 1], before << LABEL_BITS | labels[-1], starts[before], starts[before + 1]
        )

    @classmethod
    def from_texts(cls, texts: Iterable[str], charset: Charset, min_counts: Sequence[int] = MIN_COUNTS) -> "NGrams":
        """Count the n-grams of texts.

        Args:
            texts: of characters of the table (``charset.fold``).
            charset: the table of labels.
            min_counts: of an n-gram of each order; no number may be smaller than the one before.

        Raises:
            ValueError: the table has too many entries.
        """
        if len(charset) > 2**LABEL_BITS:
            raise ValueError(f"n-grams hold labels below {2**LABEL_BITS}, the table has {len(charset)}")
        encoded = [np.array(charset.encode(text), np.int32) for text in texts]
        keys, counts = [], []
        places = [np.zeros(len(labels) + 1, np.int32) for labels in encoded]  # of the nothing before each character
        for order, min_count in enumerate(min_counts):
            found = [
                np.where(before[:-1] < 0, -1, before[:-1].astype(np.int64) << LABEL_BITS) | labels[order:]
                for before, labels in zip(places, encoded, strict=True)
            ]
            key, count = np.unique(np.concatenate(found), return_counts=True)
            stored = (key >= 0) & (count >= min_count)
            key, count = key[stored], count[stored]
            keys.append(key)
            counts.append(count)
            places = [_places(key, those) for those in found]
        return cls(keys, counts, len(charset))

    @classmethod
    def load(cls, path: str | Path) -> "NGrams":
        """Read what ``save`` wrote.

        Raises:
            OSError, ValueError: the file cannot be read.
        """
        try:
            return cls._from_arrays(read_arrays(path))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{path} is no file of n-grams ({error}): python -m crnn.tools.count_ngrams writes one"
            ) from None

    @classmethod
    def _from_arrays(cls, arrays):
        """Check the arrays of a file, and make n-grams of them."""
        if any(array.dtype.kind not in "iu" or array.ndim != (name != "size") for name, array in arrays.items()):
            raise ValueError("an array is no row of integers")
        size, keys, counts = int(arrays["size"]), [], []
        while f"label{len(keys) + 1}" in arrays or len(keys) < 2:
            order = len(keys) + 1
            label, count = arrays[f"label{order}"].astype(np.int64), arrays[f"count{order}"].astype(np.int64)
            followers = arrays[f"followers{order - 1}"] if keys else np.array([len(label)])
            contexts = np.arange(len(keys[-1]) if keys else 1)
            if not len(label) == len(count) == followers.sum() or len(followers) != len(contexts):
                raise ValueError(f"the n-grams of {order} characters do not fit those of {order - 1}")
            key = np.repeat(contexts, followers) << LABEL_BITS | label
            if (label >= min(size, 2**LABEL_BITS)).any() or (count < 1).any() or (np.diff(key) <= 0).any():
                raise ValueError(f"the n-grams of {order} characters are out of order or of the table")
            keys.append(key)
            counts.append(count)
        return cls(keys, counts, size)

    @classmethod
    def for_weights(cls, path: str | Path) -> "NGrams | None":
        """Load the n-grams that suit a weights file.

        Args:
            path: weights file.

        Returns:
            Those of ``ngrams.npz`` beside it, else the project's own; None if its table is another.

        Raises:
            OSError, ValueError: the file cannot be read.
        """
        beside = Path(path).with_name("ngrams.npz")
        if not beside.exists() and table_of(path) == DEFAULT_CHARSET:
            beside = DEFAULT_NGRAMS
        if not beside.exists():
            return None
        ngrams, table = cls.load(beside), Charset.for_weights(path)
        if len(ngrams) != len(table):
            raise ValueError(f"{beside} counts a table of {len(ngrams)} labels, that of {path} has {len(table)}")
        return ngrams

    def __len__(self) -> int:
        """Return how many labels the table has."""
        return len(self._unigrams)

    def save(self, path: str | Path) -> None:
        """Write a file ``.npz``: of each n-gram its last label, its count, and how many go on from it."""
        arrays = {"size": np.array(len(self))}
        for order, (key, count) in enumerate(zip(self.keys, self.counts, strict=True), 1):
            arrays |= {
                f"label{order}": (key % 2**LABEL_BITS).astype(np.uint16),
                f"count{order}": count.astype(np.uint32),
            }
        for order, starts in enumerate(self._starts, 1):
            arrays[f"followers{order}"] = np.diff(starts).astype(np.uint16)
        with atomic_file(path) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _views(arrays: list[np.ndarray]) -> list[memoryview]:
    """Return views that give single numbers as Python's own, which NumPy takes several times as long for."""
    return [array.data for array in arrays]


def _place(sorted_keys, key, start, stop):
    """Find where a key stands from ``start`` up to ``stop``, or None."""
    at = bisect_left(sorted_keys, key, start, stop)
    return at if at < stop and sorted_keys[at] == key else None


def _places(sorted_keys, keys):
    """Find where each of ``keys`` stands: int32, -1 for those that do not."""
    at = np.searchsorted(sorted_keys, keys)
    missing = at == len(sorted_keys)
    at[missing] = 0
    if len(sorted_keys):
        missing |= sorted_keys[at] != keys
    at[missing] = -1
    return at.astype(np.int32)
