"""Archives are found and unpacked, each on its own; what fails is named."""

import os
import shutil

import pytest

from crnn.dataset import archives, extraction
from crnn.dataset.archives import ArchiveError, find_archives
from crnn.dataset.extraction import unpack
from crnn.dataset.unpacking import unpack_all
from crnn.dataset.validation import summary
from tests.archive_files import leftovers, make_archive


def test_archives_are_found_in_the_order_of_their_numbers(parts):
    assert [path.name for path in find_archives(parts)] == ["part_1.7z", "part_2.7z", "part_10.7z"]


def test_all_are_unpacked_and_only_once(parts, capsys):
    assert unpack_all(parts, processes=2)
    assert (parts / "part_10" / "batch_10" / "2.jpg").read_bytes() == bytes([10, 2]) * 500
    mark = parts / "part_1" / "mark"
    mark.touch()
    assert unpack_all(parts)
    said = capsys.readouterr()
    assert mark.exists() and "part_1 is there already" in said.out and "part_10: 3 images" in said.out
    assert "all: 100%" in said.err and "images=9" in said.err


def test_a_broken_archive_is_named_and_the_others_are_unpacked(parts, capsys):
    data = bytearray((parts / "part_2.7z").read_bytes())
    (parts / "part_2.7z").write_bytes(data[: len(data) // 2])
    assert not unpack_all(parts, processes=2)
    assert "part_2.7z" in capsys.readouterr().err
    assert sorted(p.name for p in parts.iterdir() if p.is_dir()) == ["part_1", "part_10"], "no half folder is left"


def test_one_archive_is_unpacked(parts, way):
    assert unpack(parts / "part_2.7z") == (3, 0)
    assert (parts / "part_2" / "batch_2" / "1.jpg").read_bytes() == bytes([2, 1]) * 500
    assert not list(parts.glob(".part*"))


def test_of_an_archive_that_turns_out_broken_nothing_is_left(parts, way):
    data = bytearray((parts / "part_2.7z").read_bytes())
    data[40] ^= 255  # in the packed images; the list of names is intact
    (parts / "part_2.7z").write_bytes(data)
    with pytest.raises(ArchiveError, match=r"part_2\.7z: cannot be unpacked \(.+\)"):
        unpack(parts / "part_2.7z")
    assert not (parts / "part_2").exists() and not list(parts.glob(".part*"))


def test_an_archive_of_another_folder_is_refused(parts):
    (parts / "part_2.7z").rename(parts / "part_3.7z")
    with pytest.raises(ArchiveError, match=r"part_3\.7z: holds part_2.*, which is not in a folder part_3"):
        unpack(parts / "part_3.7z")
    assert not (parts / "part_3").exists()


def test_too_little_room_is_said_before_anything_is_written(parts, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 2**28 + 8999))
    assert not unpack_all(parts)
    assert "0.3 GB are needed, 0.3 GB are free" in capsys.readouterr().err
    assert not [path for path in parts.iterdir() if path.is_dir()]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 2**28 + 9000))
    assert unpack_all(parts)


def test_the_summary_counts_images_and_labels(parts):
    assert unpack_all(parts)
    assert summary(parts) == [f"{parts.parent / 'labels' / 'data_train.txt'}: no such label file"]
    pictures = parts / "img_batches"
    pictures.mkdir()
    for number in (1, 2, 10):
        (parts / f"part_{number}").rename(pictures / f"part_{number}")
    (parts / "labels").mkdir()
    (parts / "labels" / "data_train.txt").write_text("0.jpg 1\n1.jpg 2\n7.jpg 3\n")
    (parts / "labels" / "data_test.txt").write_text("0.jpg 1\n1.jpg 2\n2.jpg 3\n")
    assert summary(pictures) == [
        "3 parts, 3 batches, 9 images",
        "2 images without a label, 1 labels without an image",
    ]


def test_a_folder_without_archives_is_said(tmp_path, capsys):
    assert not unpack_all(tmp_path)
    assert "no part_K.7z" in capsys.readouterr().err


def test_one_absurd_claim_does_not_keep_the_others_from_unpacking(parts, capsys):
    zeros = make_archive(parts, {"part_2/batch_2/0.jpg": bytes(20_000_000)}, number=2)
    assert not unpack_all(parts)
    said = capsys.readouterr()
    assert f"{zeros}: would grow to 20000000 bytes" in said.err
    assert "part_1: 3 images" in said.out and "part_10: 3 images" in said.out


def test_what_came_out_otherwise_than_listed_is_not_taken_for_complete(parts, way, monkeypatch):
    listed = archives.inspect(parts / "part_1.7z")
    monkeypatch.setattr(extraction, "inspect", lambda archive: listed | {"part_1/batch_1/3.jpg": 9})
    with pytest.raises(ArchiveError, match=r"3\.jpg did not come out as the archive says"):
        unpack(parts / "part_1.7z")
    assert not (parts / "part_1").exists() and not leftovers(parts)


def test_deep_folders_of_an_old_run_are_removed(parts):
    folder = os.open(parts, os.O_RDONLY)
    for name in [".part_1.x.partial", *["deep"] * 3000]:
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    assert unpack(parts / "part_1.7z") == (3, 0)
    assert not leftovers(parts)


@pytest.mark.parametrize("kind", ["fifo", "folder", "link to nothing", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(parts, kind, capsys):
    (parts / "part_2.7z").unlink()
    {
        "fifo": os.mkfifo,
        "folder": os.mkdir,
        "link to nothing": lambda path: path.symlink_to("nothing"),
        "device": lambda path: path.symlink_to("/dev/zero"),
    }[kind](parts / "part_2.7z")
    assert not unpack_all(parts)
    said = capsys.readouterr()
    assert "part_2.7z: cannot be unpacked: " in said.err and "part_10: 3 images" in said.out


def test_a_file_in_the_place_of_the_folder_does_not_count_as_unpacked(parts, capsys):
    (parts / "part_2").write_text("no folder")
    assert not unpack_all(parts)
    said = capsys.readouterr()
    assert "part_2 is in the way, and no folder" in said.err and "part_10: 3 images" in said.out


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(parts, capsys):
    parts.chmod(0o500)
    try:
        assert not unpack_all(parts)
    finally:
        parts.chmod(0o700)
    said = capsys.readouterr().err
    assert said.count("cannot be unpacked: Permission denied") == 3 and "Traceback" not in said
