"""Synthetic data sets on disk, in the format of ``crnn.dataset``."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
from tqdm import tqdm

from crnn.archives import pack

QUALITY = 90  # of the JPEGs


def write_data_set(source, charset, folder, images, parts, batches, packed=True):
    """Write ``images`` ten-character lines as ``parts`` archives of ``batches`` folders in all.

    The last batch is the test; its labels go to ``data_test.txt``, all others to ``data_train.txt``.

    Args:
        source: ``stream.Source``. folder: gets ``labels/`` and ``img_batches/``.
        packed: also pack each part into ``part_K.7z``, and remove its folder.

    Raises:
        FileExistsError: there are label files or parts in ``folder`` already.
        ValueError: fewer batches than parts, or fewer images than batches.
    """
    if not 1 <= parts <= batches <= images:
        raise ValueError(f"{images} images in {batches} batches in {parts} parts: each needs at least one of the next")
    folder = Path(folder)
    labels, pictures = folder / "labels", folder / "img_batches"
    files = {kind: labels / f"data_{kind}.txt" for kind in ("train", "test")}
    for path in [*files.values(), *pictures.glob("part_*")]:
        if path.exists():
            raise FileExistsError(f"{path} exists already; name another folder or remove it")
    labels.mkdir(parents=True, exist_ok=True)
    maker = replace(source, look=replace(source.look, ten_characters=1.0)).maker(charset)
    lines = {"train": [], "test": []}
    with tqdm(total=images, unit="images") as bar:
        for batch in range(1, batches + 1):
            part = pictures / f"part_{1 + (batch - 1) * parts // batches}"
            target = part / f"batch_{batch}"
            target.mkdir(parents=True)
            for number in range((batch - 1) * images // batches, batch * images // batches):
                line = maker.line(number)
                name = f"{20_000_000 + number:08}_{number * 2654435761 % 2**32:010}.jpg"
                cv2.imwrite(str(target / name), line.image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
                row = " ".join([name, *map(str, charset.encode(line.text))])
                lines["test" if batch == batches else "train"].append(row)
                bar.update()
    for kind, path in files.items():
        path.write_text("".join(row + "\n" for row in lines[kind]), encoding="utf-8")
    if packed:
        for part in sorted(pictures.glob("part_*")):
            pack(part, part.with_name(part.name + ".7z"))
            shutil.rmtree(part)
