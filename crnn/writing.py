"""Writing data sets in the format of ``data/``; ``python -m crnn.writing`` makes one of labelled pictures."""

import argparse
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from crnn.archives import pack
from crnn.charset import DEFAULT_TABLE, Charset
from crnn.image import ImageError, normalized, read_grey

QUALITY = 90  # of the JPEGs


def write_data_set(lines, count, charset, folder, parts, batches, packed=True):
    """Write lines as ``parts`` archives of ``batches`` folders in all.

    The last batch is the test; its labels go to ``data_test.txt``, all others to ``data_train.txt``.

    Args:
        lines: iterable of (image (32, width) uint8, text); None for one that is to be left out.
        count: how many they are, those left out included.
        charset: the table; ``labels/charset.txt`` will hold it.
        folder: gets ``labels/`` and ``img_batches/``.
        packed: also pack each part into ``part_K.7z``, and remove its folder.

    Raises:
        FileExistsError: there are label files or parts in ``folder`` already.
        ValueError: fewer batches than parts, or fewer lines than batches.
    """
    if not 1 <= parts <= batches <= count:
        raise ValueError(f"{count} images in {batches} batches in {parts} parts: each needs at least one of the next")
    folder = Path(folder)
    labels, pictures = folder / "labels", folder / "img_batches"
    files = {kind: labels / f"data_{kind}.txt" for kind in ("train", "test")}
    for path in [*files.values(), *pictures.glob("part_*")]:
        if path.exists():
            raise FileExistsError(f"{path} exists already; name another folder or remove it")
    labels.mkdir(parents=True, exist_ok=True)
    charset.save(labels / "charset.txt")
    rows = {"train": [], "test": []}
    for number, line in enumerate(tqdm(lines, total=count, unit=" images")):
        batch = 1 + number * batches // count
        target = pictures / f"part_{1 + (batch - 1) * parts // batches}" / f"batch_{batch}"
        target.mkdir(parents=True, exist_ok=True)
        if line is None:
            continue
        image, text = line
        name = f"{20_000_000 + number:08}_{number * 2654435761 % 2**32:010}.jpg"
        cv2.imwrite(str(target / name), image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        rows["test" if batch == batches else "train"].append(" ".join([name, *map(str, charset.encode(text))]))
    for kind, path in files.items():
        path.write_text("".join(row + "\n" for row in rows[kind]), encoding="utf-8")
    if packed:
        for part in sorted(pictures.glob("part_*")):
            pack(part, part.with_name(part.name + ".7z"))
            shutil.rmtree(part)


def labelled_pictures(labels, charset, seed=0):
    """The pictures that a label file names, in random order, prepared as for reading.

    Args:
        labels: lines ``picture TAB text``; paths are relative to the file's folder.

    Yields:
        (image (32, width) uint8, text folded to the table), or None and a line on stderr for a
        picture that cannot be read, or a text of which the table has nothing.

    Raises:
        ValueError: a line has no tab.
    """
    rows = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines() if line]
    for row in rows:
        if len(row) < 2:
            raise ValueError(f"{labels}: {row[0]!r} is no picture, tab and text")
    for at in np.random.default_rng(seed).permutation(len(rows)):
        text = charset.fold(rows[at][1])
        try:
            image = normalized(read_grey(labels.parent / rows[at][0]))
        except ImageError as error:
            print(f"left out: {error}", file=sys.stderr)
            yield None
            continue
        if not text:
            print(f"left out: {rows[at][0]}: the table has no character of {rows[at][1]!r}", file=sys.stderr)
        yield (image, text) if text else None


def arguments():
    parser = argparse.ArgumentParser(prog="python -m crnn.writing", description="Make a data set of labelled pictures.")
    parser.add_argument("labels", type=Path, help="lines: picture TAB text; pictures of one line each")
    parser.add_argument("folder", type=Path, help="gets labels/ and img_batches/, as data/ has them")
    parser.add_argument("--parts", type=int, default=1, help="archives part_K.7z")
    parser.add_argument("--batches", type=int, default=10, help="folders batch_N in all; the last is the test")
    parser.add_argument("--unpacked", action="store_true", help="leave the folders, pack nothing")
    parser.add_argument(
        "--charset", type=Path, default=DEFAULT_TABLE, help="table of labels (default: the one in data/)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    return parser.parse_args()


def main():
    options = arguments()
    try:
        charset = Charset.from_file(options.charset)
        count = sum(1 for line in options.labels.read_text(encoding="utf-8").splitlines() if line)
        lines = labelled_pictures(options.labels, charset, options.seed)
        write_data_set(lines, count, charset, options.folder, options.parts, options.batches, not options.unpacked)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
