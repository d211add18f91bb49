"""Write data sets in the format of ``data/``; ``python -m crnn.dataset.writer`` makes one of labelled pictures."""

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from crnn.charset import Charset
from crnn.dataset.archives import pack
from crnn.dataset.labelled_images import read_labelled_images
from crnn.files import write_text
from crnn.image import ImageError, read_grayscale
from crnn.normalization import normalize_line
from crnn.paths import DEFAULT_CHARSET

JPEG_QUALITY = 90

Row = tuple[np.ndarray, str]  # image (32, width) uint8, text


def write_data_set(
    lines: Iterable[Row | None],
    count: int,
    charset: Charset,
    folder: str | Path,
    parts: int,
    batches: int,
    packed: bool = True,
) -> None:
    """Write lines as ``parts`` archives of ``batches`` folders in all.

    The last batch is the test; its labels go to ``data_test.txt``, all others to ``data_train.txt``.

    Args:
        lines: image (32, width) uint8 and text of each; None for one that is to be left out.
        count: how many they are, those left out included.
        charset: the table; ``labels/charset.txt`` will hold it.
        folder: gets ``labels/`` and ``img_batches/``.
        parts: number of archives.
        batches: number of folders.
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
    rows: dict[str, list[str]] = {"train": [], "test": []}
    for number, line in enumerate(tqdm(lines, total=count, unit=" images")):
        batch = 1 + number * batches // count
        target = pictures / f"part_{1 + (batch - 1) * parts // batches}" / f"batch_{batch}"
        target.mkdir(parents=True, exist_ok=True)
        if line is None:
            continue
        image, text = line
        name = f"{20_000_000 + number:08}_{number * 2654435761 % 2**32:010}.jpg"
        cv2.imwrite(str(target / name), image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        rows["test" if batch == batches else "train"].append(" ".join([name, *map(str, charset.encode(text))]))
    for kind, path in files.items():
        write_text(path, "".join(row + "\n" for row in rows[kind]))
    if packed:
        for part in sorted(pictures.glob("part_*")):
            pack(part, part.with_name(part.name + ".7z"))
            shutil.rmtree(part)


def prepared_images(rows: Sequence[tuple[Path, str]], charset: Charset, seed: int = 0) -> Iterator[Row | None]:
    """Yield labelled pictures in random order, prepared as for reading.

    Args:
        rows: path and text of each picture, as of ``labelled_images.read_labelled_images``.
        charset: the table of the labels.
        seed: of the order.

    Yields:
        (image (32, width) uint8, text folded to the table); None, after a line on stderr, for a picture that cannot
        be read and for a text of which the table has no character.
    """
    for place in np.random.default_rng(seed).permutation(len(rows)):
        path, text = rows[place]
        folded = charset.fold(text)
        try:
            image = normalize_line(read_grayscale(path))
        except ImageError as error:
            print(f"left out: {error}", file=sys.stderr)
            yield None
            continue
        if not folded:
            print(f"left out: {path}: the table has no character of {text!r}", file=sys.stderr)
        yield (image, folded) if folded else None


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.dataset.writer", description="Make a data set of labelled pictures."
    )
    parser.add_argument("labels", type=Path, help="lines: picture TAB text; pictures of one line each")
    parser.add_argument("folder", type=Path, help="gets labels/ and img_batches/, as data/ has them")
    parser.add_argument("--parts", type=int, default=1, help="archives part_K.7z")
    parser.add_argument("--batches", type=int, default=10, help="folders batch_N in all; the last is the test")
    parser.add_argument("--unpacked", action="store_true", help="leave the folders, pack nothing")
    parser.add_argument(
        "--charset", type=Path, default=DEFAULT_CHARSET, help="table of labels (default: the one in data/)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    try:
        charset = Charset.from_file(options.charset)
        rows = read_labelled_images(options.labels)
        lines = prepared_images(rows, charset, options.seed)
        write_data_set(lines, len(rows), charset, options.folder, options.parts, options.batches, not options.unpacked)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
