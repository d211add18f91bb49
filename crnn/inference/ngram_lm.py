"""Character n-grams: how much more likely a character is after those before it than it is anyway.

``python -m crnn.tools.count_ngrams`` counts them in texts.

Witten-Bell smoothing, as in Chen, Goodman: An Empirical Study of Smoothing Techniques for Language
Modeling, Harvard TR-10-98, section 2.5: each order is mixed with the next lower one. N-grams that are too rare to be
stored count as of the lower order.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from crnn.charset import SPACE, Charset, table_of
from crnn.files import atomic_file, read_arrays
from crnn.paths import DEFAULT_CHARSET, DEFAULT_NGRAMS

MIN_COUNTS = (1, 3, 4, 5, 6, 8)  # of an n-gram of each order; rarer ones would only fill the file
LABEL_BITS = 13  # of a label in a key: a table has at most 8192 entries


class NGrams:
    """Counts of characters and of runs of several: a trie, whose levels are the orders.

    Args:
        labels: for each order, the last label of each n-gram. Those that go on from the same n-gram of the order below
            stand together, in the order of their labels.
        counts: for each order, how often each stood in the texts.
        followers: for each order but the last, how many n-grams of the next order go on from each.
        size: entries of the table.
    """

    def __init__(self, labels: list[np.ndarray], counts: list[np.ndarray], followers: list[np.ndarray], size: int):
        self.labels = labels
        self.sums = list(map(_sums, counts))  # of the counts before each n-gram
        self._starts = list(map(_sums, followers))  # where, in the next order, those begin that go on from each
        unigrams = np.ones(size)  # one more than counted, so that none is impossible
        unigrams[labels[0]] += counts[0]
        self._unigrams: list[float] = (unigrams / unigrams.sum()).tolist()
        # give single numbers as Python's own, which NumPy takes several times as long for
        self._label_at, self._sum_at, self._start_at = (
            [array.data for array in arrays] for arrays in (self.labels, self.sums, self._starts)
        )
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

    def word_score(self, labels: Sequence[int]) -> float:
        """Compute the mean ``lm_score`` of the labels of a word but the first, if the word begins after a space."""
        history: tuple[int, ...] = (SPACE,)
        scores = []
        for label in labels:
            scores.append(self.lm_score(history, label))
            history += (label,)
        return sum(scores[1:]) / max(1, len(scores) - 1)

    def _score(self, history, label):
        likely = self._unigrams[label]
        for order, start, stop, total, rest in self._cached_followers(history):
            at = _place(self._label_at[order], label, start, stop)
            count = 0 if at is None else self._count(order, at, at + 1)
            likely = (count + rest * likely) / (total + rest)
        return math.log(likely / self._unigrams[label])

    def _followers(self, history):
        """Look up what was counted after the last character of ``history``, after the last two, and so on.

        Returns:
            For each: the index in ``labels`` of these n-grams; where they start and stop; how often they stood in the
            texts together; what the next lower order counts for: how many there are, and how often others followed
            that were too rare to be stored.
        """
        found = []
        for length in range(1, len(history) + 1):
            context = self._cached_place_of(history[-length:])
            if context is None:
                break
            start, stop = self._start_at[length - 1][context], self._start_at[length - 1][context + 1]
            if start == stop:
                break
            total = self._count(length, start, stop)
            others = max(0, self._count(length - 1, context, context + 1) - total)
            found.append((length, start, stop, total, stop - start + others))
        return found

    def _count(self, order, start, stop):
        """Tell how often the n-grams from ``start`` to before ``stop`` of an order stood in the texts."""
        return self._sum_at[order][stop] - self._sum_at[order][start]

    def _place_of(self, labels):
        """Find where an n-gram stands among those of its order, or None."""
        order = len(labels) - 1
        if not order:
            return _place(self._label_at[0], labels[0], 0, len(self.labels[0]))
        before = self._cached_place_of(labels[:-1])
        if before is None:
            return None
        starts = self._start_at[order - 1]
        return _place(self._label_at[order], labels[-1], starts[before], starts[before + 1])

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
        followers = [
            np.bincount(longer >> LABEL_BITS, minlength=len(shorter))
            for shorter, longer in zip(keys[:-1], keys[1:], strict=True)
        ]
        return cls([key % 2**LABEL_BITS for key in keys], counts, followers, len(charset))

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
        size = int(arrays["size"])
        labels: list[np.ndarray] = []
        counts: list[np.ndarray] = []
        followers: list[np.ndarray] = []
        while f"label{len(labels) + 1}" in arrays or len(labels) < 2:
            order = len(labels) + 1
            label, count = _native(arrays[f"label{order}"]), _native(arrays[f"count{order}"])
            if labels:
                followers.append(_native(arrays[f"followers{order - 1}"]))
            groups = followers[-1] if labels else np.array([len(label)])
            contexts = len(labels[-1]) if labels else 1
            if (groups < 0).any() or not len(label) == len(count) == groups.sum() or len(groups) != contexts:
                raise ValueError(f"the n-grams of {order} characters do not fit those of {order - 1}")
            in_order = label[1:] > label[:-1]
            in_order[np.cumsum(groups[groups > 0])[:-1] - 1] = True  # where the next group begins
            if not in_order.all() or ((label < 0) | (label >= min(size, 2**LABEL_BITS))).any() or (count < 1).any():
                raise ValueError(f"the n-grams of {order} characters are out of order or of the table")
            labels.append(label)
            counts.append(count)
        return cls(labels, counts, followers, size)

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
        for order, (label, sums) in enumerate(zip(self.labels, self.sums, strict=True), 1):
            arrays |= {f"label{order}": label.astype(np.uint16), f"count{order}": np.diff(sums).astype(np.uint32)}
        for order, starts in enumerate(self._starts, 1):
            arrays[f"followers{order}"] = np.diff(starts).astype(np.uint16)
        with atomic_file(path) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _sums(counts: np.ndarray) -> np.ndarray:
    """Return the sum of all counts before each, and that of all: (n + 1,) int64."""
    sums = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=sums[1:])
    return sums


def _native(array: np.ndarray) -> np.ndarray:
    """Return an array in the byte order of this machine."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _place(labels, label, start, stop):
    """Find where a label stands from ``start`` up to ``stop``, or None."""
    at = bisect_left(labels, label, start, stop)
    return at if at < stop and labels[at] == label else None


def _places(sorted_keys, keys):
    """Find where each of ``keys`` stands: int32, -1 for those that do not."""
    at = np.searchsorted(sorted_keys, keys)
    missing = at == len(sorted_keys)
    at[missing] = 0
    if len(sorted_keys):
        missing |= sorted_keys[at] != keys
    at[missing] = -1
    return at.astype(np.int32)
