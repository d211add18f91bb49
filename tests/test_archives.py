import shutil
import struct
import zlib

import py7zr
import pytest

from crnn.dataset import archives
from crnn.dataset.archives import ArchiveError, find_archives, pack, unpack, unpack_all
from crnn.dataset.validation import summary


@pytest.fixture(params=["7z", "py7zr"])
def way(request, monkeypatch):
    """Archives are unpacked by this; see that the tests run both ways where 7z is installed."""
    if request.param == "py7zr":
        monkeypatch.setattr(archives, "PROGRAMS", ())
    elif not any(map(shutil.which, archives.PROGRAMS)):
        pytest.skip("7z is not installed")
    return request.param


@pytest.fixture
def parts(tmp_path):
    """Three archives, named so that the order of names is not the order of numbers."""
    for number in (1, 2, 10):
        batch = tmp_path / f"part_{number}" / f"batch_{number}"
        batch.mkdir(parents=True)
        for image in range(3):
            (batch / f"{image}.jpg").write_bytes(bytes([number, image]) * 500)
        pack(tmp_path / f"part_{number}", tmp_path / f"part_{number}.7z")
        for path in sorted((tmp_path / f"part_{number}").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (tmp_path / f"part_{number}").rmdir()
    return tmp_path


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
    assert unpack(parts / "part_2.7z") == 3
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


def test_an_archive_that_grows_beyond_reason_is_refused(tmp_path):
    folder = tmp_path / "part_1"
    folder.mkdir()
    (folder / "zeros.jpg").write_bytes(bytes(20_000_000))
    pack(folder, tmp_path / "part_1.7z")
    folder.rename(tmp_path / "source")
    assert (tmp_path / "part_1.7z").stat().st_size < 50_000
    with pytest.raises(ArchiveError, match=r"part_1\.7z: would grow to .* beyond the limit"):
        unpack(tmp_path / "part_1.7z")
    assert not folder.exists()


def rename_member(path, old, new):
    """Change a name in an archive's plain header to one as long, which py7zr would not write."""
    data = bytearray(path.read_bytes())
    offset, size = struct.unpack("<QQ", data[12:28])
    header = bytes(data[32 + offset :][:size]).replace(old.encode("utf-16le"), new.encode("utf-16le"))
    data[32 + offset : 32 + offset + size] = header
    data[28:32] = struct.pack("<I", zlib.crc32(header))
    data[8:12] = struct.pack("<I", zlib.crc32(bytes(data[12:32])))
    path.write_bytes(data)


def test_members_cannot_leave_the_folder(tmp_path):
    archive = tmp_path / "part_1.7z"
    with py7zr.SevenZipFile(archive, "w") as packed:
        packed.set_encoded_header_mode(False)
        packed.writestr(b"x", "part_1/a.jpg")
        packed.writestr(b"x", "zz/zz/outside.jpg")
    rename_member(archive, "zz/zz/outside", "../../outside")
    with py7zr.SevenZipFile(archive) as packed:
        assert "../../outside.jpg" in packed.getnames()
    with pytest.raises(ArchiveError, match=r"part_1\.7z: holds \.\./\.\./outside.jpg, which is not in a folder part_1"):
        unpack(archive)
    assert not list(tmp_path.parent.rglob("outside.jpg"))
    assert [path.name for path in tmp_path.iterdir()] == ["part_1.7z"]


def test_links_are_refused(tmp_path):
    folder = tmp_path / "part_1"
    folder.mkdir()
    (folder / "link.jpg").symlink_to("/etc/hostname")
    pack(folder, tmp_path / "part_1.7z")
    shutil.rmtree(folder)
    with pytest.raises(ArchiveError, match=r"part_1/link\.jpg, which is neither file nor folder"):
        unpack(tmp_path / "part_1.7z")


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
