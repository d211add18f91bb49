import os
import shutil

import cv2
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.dataset.label_file import DataError, LabelFile
from crnn.dataset.layout import batch_folders, read_dataset_image
from crnn.dataset.loader import BatchLoader, index_images
from crnn.dataset.validation import excluded_images, validate
from crnn.geometry import padded_width
from crnn.paths import DEFAULT_CHARSET
from tests.data_sets import write_images

CHARSET = Charset.from_file(DEFAULT_CHARSET)
TABLE = len(CHARSET)


def load(folders, labels, excluded=(), classes=TABLE, **options):
    """Build a loader of the images of folders."""
    return BatchLoader(index_images(folders, labels, classes, excluded), **options)


@pytest.fixture
def folder(tmp_path):
    """batch_1 with 5 good images, one without a label, one with an unknown label."""
    batch = tmp_path / "part_1" / "batch_1"
    write_images(batch, {f"{number}.jpg": np.full((32, 280), 20 * number, np.uint8) for number in range(7)})
    return batch


@pytest.fixture
def labels():
    rows = [f"{number}.jpg " + " ".join(str(number * 10 + k) for k in range(1, 11)) for number in range(5)]
    return LabelFile("\n".join([*rows, "6.jpg 5990", ""]).encode())


@pytest.fixture
def data(folder, labels, tmp_path):
    """A data set of three batches with something wrong in most of its images."""
    part = tmp_path / "img_batches" / "part_1"
    good = np.zeros((32, 280), np.uint8)
    part.mkdir(parents=True)
    shutil.move(folder, part)
    write_images(part / "batch_1", {"low.jpg": good[:31], "narrow.jpg": good, "again.jpg": good})
    write_images(part / "batch_2", {"good_2.jpg": good, "again.jpg": good})
    write_images(part / "batch_3", {"good_3.jpg": good})
    (part / "batch_2" / "broken.jpg").write_bytes(b"no image")
    (tmp_path / "labels").mkdir()
    rows = ["good_2.jpg 1 2", "low.jpg 1", "narrow.jpg " + "7 " * 36, "again.jpg 5", "broken.jpg 5", "lost.jpg 3"]
    rows += ["0.jpg 1", "1.jpg", "2.jpg 5990", "3.jpg 1", "3.jpg 1", "4.jpg 1", "4.jpg 2", "5.jpg 8"]
    (tmp_path / "labels" / "data_train.txt").write_text("\n".join(rows))
    (tmp_path / "labels" / "data_test.txt").write_text("good_3.jpg 4 5\n")
    return tmp_path


def test_check_finds_what_is_wrong(data, capsys):
    counts = validate(data, CHARSET)
    assert counts == {
        "empty label": 1,
        "unknown label": 1,
        "the same label twice": 1,
        "two different labels": 1,
        "broken image": 2,
        "label too long": 1,
        "image in two folders": 1,
        "image without a label": 1,
        "label without an image": 1,
    }
    rows = [row.split("\t") for row in (data / "findings.tsv").read_text().splitlines()]
    found = {(row[0], row[1]) for row in rows}
    assert ("part_1/batch_2/broken.jpg", "broken image") in found and ("2.jpg", "unknown label") in found
    assert ("part_1/batch_1/narrow.jpg", "label too long") in found and ("lost.jpg", "label without an image") in found
    said = capsys.readouterr().out
    assert "14 labels; 13 images in 2 batches" in said and "2 broken image" in said


def test_check_knows_the_labels_of_the_table_it_is_given(data):
    larger = Charset(["blank", *CHARSET.characters[1:], "鱻"])
    (data / "img_batches" / "part_1" / "batch_3" / "good_3.jpg").replace(data / "img_batches/part_1/batch_3/new.jpg")
    (data / "labels" / "data_test.txt").write_text("new.jpg 5990\n")
    assert validate(data, CHARSET)["unknown label"] == 2
    labels = LabelFile.from_file(data / "labels" / "data_test.txt")
    training = load(batch_folders(data / "img_batches")[2:], labels, excluded_images(data), len(larger), invert=False)
    assert training.images == 1  # a finding by a smaller table does not count for a larger one
    assert validate(data, larger)["unknown label"] == 0
    assert not excluded_images(data) & {"new.jpg", "2.jpg"}


def test_training_leaves_out_what_check_found(data):
    validate(data, CHARSET)
    folders = batch_folders(data / "img_batches")[:2]
    labels = LabelFile.from_file(data / "labels" / "data_train.txt")
    loader = load(folders, labels, excluded_images(data), batch_size=20)
    assert loader.index.left_out == {
        "without a label": 1,
        "with an unknown label": 1,
        "with an empty label": 1,
        "found bad by --check": 5,  # low, narrow, the second again, broken, 4
    }
    (_, targets, *_), _ = loader[0]
    assert not loader.broken and len(targets) == loader.images == 5


def test_a_broken_image_is_counted_and_not_the_end_of_the_training(data):
    labels = LabelFile.from_file(data / "labels" / "data_train.txt")
    loader = load(batch_folders(data / "img_batches")[:2], labels, batch_size=20, invert=False)
    (images, targets, _, lengths), _ = loader[0]
    assert len(images) == loader.images == 10 and (lengths > 0).all() and (targets.max(axis=1) > 0).all()
    assert sorted(os.path.basename(path) for path in loader.broken) == ["broken.jpg", "low.jpg", "narrow.jpg"]
    (data / "img_batches" / "part_1" / "batch_3" / "good_3.jpg").write_bytes(b"")
    test = load(batch_folders(data / "img_batches")[2:], LabelFile(b"good_3.jpg 4 5\n"), invert=False)
    with pytest.raises(DataError, match=r"no image that can be read; the last: .*good_3\.jpg"):
        test[0]


def test_wider_images_get_a_bucket(folder, labels):
    cv2.imwrite(str(folder / "2.jpg"), np.full((32, 301), 40, np.uint8))
    (images, _, input_length, _), _ = load([folder], labels, batch_size=8, invert=False)[0]
    assert images.shape == (5, 32, 320, 1) and input_length.tolist() == [[79]] * 5
    assert abs(images[3] - 60).max() <= 2  # colour added
    assert [padded_width(width) for width in (1, 280, 281, 320, 321)] == [280, 280, 320, 320, 360]


def test_a_batch_is_what_train_core_takes(folder, labels):
    loader = load([folder], labels, batch_size=3, invert=False)
    assert len(loader) == 2 and sum(loader.index.left_out.values()) == 2
    (images, targets, input_length, label_length), dummy = loader[0]
    assert images.shape == (3, 32, 280, 1) and images.dtype == np.float32 and images.max() <= 255
    assert targets.shape == (3, 10) and input_length.tolist() == [[69]] * 3 and label_length.tolist() == [[10]] * 3
    assert dummy.shape == (3, 1)


def test_images_are_inverted_with_probability_one_half_by_seed_and_epoch(folder, labels):
    def polarities(loader):
        """Which images were inverted: known by label, since each has a grey of its own."""
        turned = {}
        for batch in range(len(loader)):
            (images, targets, *_), _ = loader[batch]
            for image, target in zip(images, targets, strict=True):
                number = (target[0] - 1) // 10
                turned[int(number)] = abs(image.mean() - 20 * number) > 5
        return turned

    first = load([folder], labels, batch_size=2, seed=1)
    again = load([folder], labels, batch_size=2, seed=1)
    assert polarities(first) == polarities(again)
    seen = []
    for _ in range(40):
        seen += polarities(first).values()
        first.on_epoch_end()
    assert 0.35 < np.mean(seen) < 0.65


def test_every_image_comes_once_an_epoch_in_an_order_of_its_own(folder, labels):
    loader = load([folder], labels, batch_size=2, seed=1)
    orders = set()
    for _ in range(6):
        order = [int(row[0]) for batch in range(len(loader)) for row in loader[batch][0][1]]
        assert sorted(order) == [1, 11, 21, 31, 41]
        orders.add(tuple(order))
        loader.on_epoch_end()
    assert len(orders) > 1


def test_errors_name_the_file(folder):
    cv2.imwrite(str(folder / "big.jpg"), np.zeros((40, 280), np.uint8))
    (folder / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"big\.jpg: 40 pixels high"):
        read_dataset_image(folder / "big.jpg")
    with pytest.raises(DataError, match=r"broken\.jpg: not an image"):
        read_dataset_image(folder / "broken.jpg")


def test_batches_are_ordered_by_number(tmp_path):
    for part, batch in ((1, 2), (1, 1), (2, 10), (2, 9)):
        (tmp_path / f"part_{part}" / f"batch_{batch}").mkdir(parents=True)
    assert [path.name for path in batch_folders(tmp_path)] == ["batch_1", "batch_2", "batch_9", "batch_10"]
    with pytest.raises(DataError, match="unpacking_data.py"):
        batch_folders(tmp_path / "part_1")


def test_odd_names_come_back_from_the_findings(data):
    batch = data / "img_batches" / "part_1" / "batch_1"
    names = ["new\nline.jpg", "a\ttab.jpg", "back\\slash\\n.jpg", "\x1b[31m.jpg", os.fsdecode(b"\xb0\xa1.jpg")]
    for name in names:
        (batch / name).write_bytes(b"no image")
    validate(data, CHARSET)
    text = (data / "findings.tsv").read_text(encoding="utf-8")
    assert all(row.count("\t") == 2 for row in text.splitlines()) and "\x1b" not in text
    assert {f"part_1/batch_1/{name}" for name in names} <= excluded_images(data)


def test_damaged_findings_are_named(data):
    (data / "findings.tsv").write_text("a.jpg\tbroken image\n")
    with pytest.raises(DataError, match=r"findings\.tsv, line 1: is no file, rule and detail; run train.py --check"):
        excluded_images(data)


def test_what_is_no_image_file_is_a_finding_and_not_waited_for(data, capsys):
    batch = data / "img_batches" / "part_1" / "batch_1"
    os.mkfifo(batch / "fifo.jpg")
    (batch / "folder.JPG").mkdir()
    (batch / "link.jpg").symlink_to("/dev/zero")
    with (batch / "sparse.jpeg").open("wb") as file:
        file.truncate(2**40)
    validate(data, CHARSET)
    rows = [row.split("\t") for row in (data / "findings.tsv").read_text().splitlines()]
    details = {row[0].split("/")[-1]: row[2] for row in rows if row[1] == "broken image"}
    assert all("not a regular file" in details[name] for name in ("fifo.jpg", "link.jpg"))
    assert "a folder" in details["folder.JPG"] and "more than 16777216 bytes" in details["sparse.jpeg"]
