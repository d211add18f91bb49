import cv2
import numpy as np
import pytest

from crnn.dataset import BatchFolders, DataError, Labels, batch_folders, read_image


@pytest.fixture
def folder(tmp_path):
    """batch_1 with 5 good images, one without a label, one whose label cannot be aligned."""
    batch = tmp_path / "part_1" / "batch_1"
    batch.mkdir(parents=True)
    for number in range(7):
        cv2.imwrite(str(batch / f"{number}.jpg"), np.full((32, 280), 20 * number, np.uint8))
    return batch


@pytest.fixture
def labels():
    rows = [f"{number}.jpg " + " ".join(str(number * 10 + k) for k in range(1, 11)) for number in range(5)]
    return Labels.from_lines([*rows, "6.jpg " + "7 " * 40])


def test_labels_are_found_by_name(labels):
    assert labels["3.jpg"].tolist() == list(range(31, 41))
    assert labels["0.jpg"].tolist() == list(range(1, 11))
    with pytest.raises(KeyError, match="9.jpg has no label"):
        labels["9.jpg"]


def test_a_bad_line_is_named(tmp_path):
    path = tmp_path / "data_train.txt"
    path.write_text("a.jpg 1 2\nb.jpg one two\n")
    with pytest.raises(DataError, match=r"data_train\.txt, line 2: 'b\.jpg one two'"):
        Labels.from_file(path)
    with pytest.raises(DataError, match="missing.txt: no such label file"):
        Labels.from_file(tmp_path / "missing.txt")


def test_a_batch_is_what_train_core_takes(folder, labels):
    loader = BatchFolders([folder], labels, batch_size=3, invert=False)
    assert len(loader) == 2 and loader.left_out == 2
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

    first = BatchFolders([folder], labels, batch_size=2, seed=1)
    again = BatchFolders([folder], labels, batch_size=2, seed=1)
    assert polarities(first) == polarities(again)
    seen = []
    for _ in range(40):
        seen += polarities(first).values()
        first.on_epoch_end()
    assert 0.35 < np.mean(seen) < 0.65


def test_every_image_comes_once_an_epoch_in_an_order_of_its_own(folder, labels):
    loader = BatchFolders([folder], labels, batch_size=2, seed=1)
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
    with pytest.raises(DataError, match=r"big\.jpg: 280 x 40 pixels"):
        read_image(folder / "big.jpg")
    with pytest.raises(DataError, match=r"broken\.jpg: not an image"):
        read_image(folder / "broken.jpg")


def test_batches_are_ordered_by_number(tmp_path):
    for part, batch in ((1, 2), (1, 1), (2, 10), (2, 9)):
        (tmp_path / f"part_{part}" / f"batch_{batch}").mkdir(parents=True)
    assert [path.name for path in batch_folders(tmp_path)] == ["batch_1", "batch_2", "batch_9", "batch_10"]
    with pytest.raises(DataError, match="unpacking_data.py"):
        batch_folders(tmp_path / "part_1")
