"""Label files of pictures of any kind: lines of ``picture TAB text``."""

from pathlib import Path

from crnn.files import read_text


def read_labelled_images(labels: Path) -> list[tuple[Path, str]]:
    """Read a label file.

    Args:
        labels: UTF-8 lines ``picture TAB text``; paths are relative to the file's folder. Further columns between
            the two are passed over.

    Returns:
        Path and text of each picture, in the order of the file. No picture is opened.

    Raises:
        OSError: the file cannot be read, or is no regular file.
        ValueError: a line has no tab, or the file is not UTF-8.
    """
    lines = (line.removesuffix("\r") for line in read_text(labels).split("\n"))
    rows = [line.split("\t") for line in lines if line]
    for row in rows:
        if len(row) < 2:
            raise ValueError(f"{labels}: {row[0][:200]!r} is no picture, tab and text")
    return [(labels.parent / row[0], row[-1]) for row in rows]
