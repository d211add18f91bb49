"""The table of labels: which number stands for which character.

Label ``k`` is line ``k`` of ``data/labels/char_std_5990.txt``. Entry 0 is no character of the
data set; here it is the space. The CTC blank is one class behind the table (5990).
"""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from crnn.files import read_text, write_text
from crnn.paths import DEFAULT_CHARSET

SPACE = 0

# Entries of the table that look like another one, which is what people mean. Running texts are written with the
# usual sign, and characters drawn from the table leave the others out: ``grammars`` has those that have a place of
# their own, such as box-drawing signs in rows of a box and ``Ⅱ`` before 级.
TWINS = {
    "│": "|", "╱": "/", "―": "—", "─": "—", "━": "—", "∶": ":", "︰": ":", "＋": "+", "．": ".", "﹒": ".",
    "﹐": ",", "﹑": "、", "﹔": ";", "﹖": "?", "′": "'", "О": "O", "Р": "P",
    "Ⅰ": "I", "Ⅱ": "II", "Ⅲ": "III", "Ⅳ": "IV", "⒈": "1.", "⒉": "2.", "⒊": "3.",
}  # fmt: skip

# Signs that the table lacks and NFKC leaves as they are, and the entry that people take for them
ALIASES = {"¥": "￥", "•": "·", "‧": "·", "・": "·", "−": "-", "‐": "-", "‑": "-", "‒": "–", "⁄": "/", "€": "∈"}


def table_of(weights: str | Path) -> Path:
    """Return the file of a weights file's table: ``charset.txt`` beside it, else the project's own."""
    beside = Path(weights).with_name("charset.txt")
    return beside if beside.exists() else DEFAULT_CHARSET


def table_of_dataset(folder: str | Path) -> Path:
    """Return the file of the table that the label files of a data set use.

    That is ``labels/charset.txt``, else ``labels/char_std_5990.txt``. A data set with neither is taken to use the
    project's table, which is reported on stderr.
    """
    labels = Path(folder) / "labels"
    for name in ("charset.txt", DEFAULT_CHARSET.name):
        if (labels / name).exists():
            return labels / name
    print(f"{labels}: no charset.txt here, so {DEFAULT_CHARSET} is used; name another with --charset", file=sys.stderr)
    return DEFAULT_CHARSET


class Charset:
    """Characters and their labels.

    Args:
        characters: one string a label; entry 0 is a placeholder and becomes the space.

    Raises:
        ValueError: an entry is not exactly one character, or stands twice in the table.

    >>> charset = Charset(["blank", "a", "b"])
    >>> charset.encode("ab a"), charset.decode([1, 0, 2]), charset.blank
    ([1, 2, 0, 1], 'a b', 3)
    """

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = (" ", *characters[1:])
        self.labels: dict[str, int] = {}
        for label, character in enumerate(self.characters):
            if len(character) != 1:
                raise ValueError(f"entry {label} is {character!r}: each entry must be one character")
            if character in self.labels:
                first = self.labels[character]
                raise ValueError(f"{character!r} stands twice in the table, as entries {first} and {label}")
            self.labels[character] = label

    @classmethod
    def for_weights(cls, path: str | Path) -> "Charset":
        """Read the table that a weights file was trained with.

        Args:
            path: weights file; ``charset.txt`` beside it is its table, else the project's own is.

        Raises:
            OSError, ValueError: as of ``from_file``.
        """
        return cls.from_file(table_of(path))

    @classmethod
    def for_dataset(cls, folder: str | Path) -> "Charset":
        """Read the table that the label files of a data set use.

        Args:
            folder: holds ``labels/``, where ``charset.txt`` is the table, else ``char_std_5990.txt``.

        Raises:
            OSError, ValueError: as of ``from_file``.
        """
        return cls.from_file(table_of_dataset(folder))

    @classmethod
    def from_file(cls, path: str | Path) -> "Charset":
        """Read a table.

        Args:
            path: UTF-8 file, one character a line, line 0 the placeholder of the space.

        Raises:
            OSError: the file cannot be read, or is no regular file.
            ValueError: an entry is not one character, or stands twice; the file is not UTF-8.
        """
        lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
        if lines[-1] == "":
            lines.pop()
        try:
            return cls(lines)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write the table as ``from_file`` reads it."""
        write_text(path, "\n".join(("blank", *self.characters[1:], "")))

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self.labels

    @property
    def blank(self) -> int:
        """The class of the CTC blank: the last one, which is no entry of the table."""
        return len(self.characters)

    @property
    def classes(self) -> int:
        """How many classes the network has: the table and the blank."""
        return len(self.characters) + 1

    def fold(self, text: str) -> str:
        """Write ``text`` with characters of the table, and runs of white space as one space.

        A character that the table lacks is replaced by its NFKC form or its alias, if the table has that
        (``：`` becomes ``:``, ``•`` becomes ``·``), else dropped. Characters of the table stay as they are.
        """
        folded = "".join(self.fold_character(character) for character in text)
        return " ".join(folded.split())

    @cache  # noqa: B019 - there is one table a process
    def fold_character(self, character: str) -> str:
        """What ``fold`` makes of one character: itself, a space, its NFKC form or alias, or nothing."""
        if character in self.labels:
            return character
        if character.isspace():
            return " "
        compatible = "".join(ALIASES.get(part, part) for part in unicodedata.normalize("NFKC", character))
        return compatible if all(part in self.labels for part in compatible) else ""

    def encode(self, text: str) -> list[int]:
        """Labels of a text.

        Raises:
            KeyError: a character is not in the table (``fold`` the text first).
        """
        try:
            return [self.labels[character] for character in text]
        except KeyError as error:
            raise KeyError(f"{error.args[0]!r} in {text!r} is not in the table of {len(self)} labels") from None

    def classes_in(self, other: "Charset") -> list[int]:
        """For each class here, the blank included, the class in ``other`` of the same character; -1 for none.

        >>> Charset(["blank", "b", "c"]).classes_in(Charset(["blank", "a", "b"]))
        [0, 2, -1, 3]
        """
        return [other.labels.get(character, -1) for character in self.characters] + [other.blank]

    def decode(self, labels: Iterable[int]) -> str:
        """Text of labels.

        Raises:
            IndexError: a label lies outside the table.
        """
        found = list(labels)
        for label in found:
            if not 0 <= label < len(self):
                raise IndexError(f"label {label} lies outside the table of {len(self)} entries")
        return "".join(self.characters[label] for label in found)
