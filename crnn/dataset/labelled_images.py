"""Label files of pictures of any kind: lines of ``picture TAB text``."""

from pathlib import Path


def read_labelled_images(labels: Path) -> list[tuple[Path, str]]:
    """Read a label file.

    Args:
        labels: UTF-8 lines ``picture TAB text``; paths are relative to the file's folder. Further columns between
            the two are passed over.

    Returns:
        Path and text of each picture, in the order of the file. No picture is opened.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line has no tab.
    """
    rows = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines() if line]
    for row in rows:
        if len(row) < 2:
            raise ValueError(f"{labels}: {row[0]!r} is no picture, tab and text")
    return [(labels.parent / row[0], row[-1]) for row in rows]
