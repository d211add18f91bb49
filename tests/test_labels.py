import os
import tracemalloc

import numpy as np
import pytest

from crnn.ctc import steps_needed
from crnn.dataset import label_file as module
from crnn.dataset.label_file import DataError, LabelFile


def test_a_file_of_any_shape_of_lines(tmp_path):
    path = tmp_path / "data_train.txt"
    path.write_bytes("b.jpg 3 1 2\r\n\n名 字.jpg\t9\na.jpg\nc.jpg 5 5 5 65535".replace("名 字", "名字").encode())
    labels = LabelFile.from_file(path)
    assert [labels.name(k) for k in range(len(labels))] == ["b.jpg", "名字.jpg", "a.jpg", "c.jpg"]
    assert [labels[k].tolist() for k in range(4)] == [[3, 1, 2], [9], [], [5, 5, 5, 65535]]
    assert labels.lengths.tolist() == [3, 1, 0, 4]
    assert labels.line_numbers(["c.jpg", "x.jpg", "名字.jpg", "b.jpg"]).tolist() == [3, -1, 1, 0]
    assert labels.largest().tolist() == [3, 9, 0, 65535]


def test_many_lines_in_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 100)
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 4, rng.integers(1, 12)).tolist() for _ in range(500)]
    path = tmp_path / "labels.txt"
    path.write_text("".join(f"{k}_{k * k}.jpg {' '.join(map(str, row))}\n" for k, row in enumerate(rows)))
    labels = LabelFile.from_file(path)
    assert [labels[k].tolist() for k in range(500)] == rows
    assert labels.steps_needed().tolist() == [steps_needed(row) for row in rows]
    assert labels.largest().tolist() == [max(row) for row in rows]
    names = [f"{k}_{k * k}.jpg" for k in rng.permutation(500)]
    assert [labels.name(number) for number in labels.line_numbers(names)] == names


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a.jpg 1 2\nb.jpg one two\n", "line 2: 'b.jpg one two'"),
        ("a.jpg 1 2\n\nb.jpg 7 -1\n", "line 3: 'b.jpg 7 -1'"),
        ("a.jpg 1 2\nb.jpg 1 70000\n", "line 2: 'b.jpg 1 70000'"),
    ],
)
def test_a_bad_line_is_named(tmp_path, text, line):
    path = tmp_path / "data_train.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=f"data_train.txt, {line} is no name"):
        LabelFile.from_file(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="missing.txt: no such label file"):
        LabelFile.from_file(tmp_path / "missing.txt")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    labels = LabelFile.from_file(tmp_path / "empty.txt")
    assert len(labels) == 0 and labels.line_numbers(["a.jpg"]).tolist() == [-1] and not labels.steps_needed().size


def test_repeated_names_are_found():
    labels = LabelFile(b"a.jpg 1\nb.jpg 2\na.jpg 3\nc.jpg 4\na.jpg 1\n")
    assert labels.repeated() == [(2, 0), (4, 2)]
    assert labels.line_numbers(["a.jpg"]).tolist() == [4]


def test_names_with_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(module, "_hashes", lambda names, lengths: np.ones(len(lengths), np.uint64))
    labels = LabelFile(b"a.jpg 1\nb.jpg 2\nc.jpg 3\n")
    assert labels.line_numbers(["b.jpg", "x.jpg", "a.jpg", "c.jpg"]).tolist() == [1, -1, 0, 2]


def test_a_line_costs_few_bytes(tmp_path):
    path = tmp_path / "labels.txt"
    row = " ".join(map(str, range(5000, 5010)))
    path.write_text("".join(f"{k:08d}_{k:010d}.jpg {row}\n" for k in range(20_000)))
    tracemalloc.start()
    try:
        labels = LabelFile.from_file(path)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(labels) == 20_000 and kept / len(labels) < 80


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbfa.jpg 1\n")
    assert LabelFile.from_file(path).line_numbers(["a.jpg"]).tolist() == [0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a.jpg 1\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"a.jpg 1\nb.jpg" + b" 1" * 65_536, "line 2: more than 65535 labels"),
        (b"a.jpg 1\n" + b"n" * 256 + b" 1\n", "line 2: more than 255 bytes of the name"),
        (b"a.jpg 1\nb.jpg 18446744073709551617\n", "line 2: 'b.jpg 18446744073709551617' is no name followed by"),
        (b"a.jpg 1\n" + b"\0" * 3_000_000, "has a line of more than 1048576 bytes; is it a label file?"),
        (b"a.jpg 1\n\xff\xd8\xff\xe0 \x00\x10\n", "line 2: .* is no name followed by numbers"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_does_not_wrap(tmp_path, content, reason):
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"labels.txt.*{reason}"):
        LabelFile.from_file(path)


def test_as_many_labels_as_can_be_stored_are(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(b"n" * 255 + b" 7" * 65_535 + b"\nb.jpg 1")
    labels = LabelFile.from_file(path)
    assert labels.lengths.tolist() == [65_535, 1] and labels.name(0) == "n" * 255 and set(labels[0].tolist()) == {7}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, make):
    make(tmp_path / "labels.txt")
    with pytest.raises(DataError, match="labels.txt: "):
        LabelFile.from_file(tmp_path / "labels.txt")
