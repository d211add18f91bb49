import errno
import os
import pickle
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import py7zr
import pytest

import unpacking_data
from crnn.dataset import archives, extraction, unpacking
from crnn.dataset.archives import ArchiveError, find_archives, pack
from crnn.dataset.extraction import unpack
from crnn.dataset.unpacking import unpack_all
from crnn.dataset.validation import summary

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = next(filter(None, map(shutil.which, extraction.PROGRAMS)), None)
needs_7z = pytest.mark.skipif(not PROGRAM, reason="7z is not installed")


@pytest.fixture(params=["7z", "py7zr"])
def way(request, monkeypatch):
    """Archives are unpacked by this; see that the tests run both ways where 7z is installed."""
    if request.param == "py7zr":
        monkeypatch.setattr(extraction, "PROGRAMS", ())
    elif not PROGRAM:
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


def make_archive(folder, members, filters=None, number=1):
    """Write ``part_K.7z`` with members name -> bytes, without a folder beside it."""
    archive = folder / f"part_{number}.7z"
    with py7zr.SevenZipFile(archive, "w", filters=filters) as packed:
        for name, content in members.items():
            packed.writestr(content, name)
    return archive


def seven_zip(folder, *options):
    """Have 7-Zip write ``part_1.7z`` of random images in ``folder``."""
    batch = folder / "part_1" / "batch_1"
    batch.mkdir(parents=True)
    for number in range(3):
        (batch / f"{number}.jpg").write_bytes(os.urandom(2000))
    subprocess.run([PROGRAM, "a", "-bd", "-bso0", *options, "part_1.7z", "part_1"], cwd=folder, check=True)
    shutil.rmtree(folder / "part_1")
    return folder / "part_1.7z"


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


def leftovers(folder):
    """Names of what an unpacking may leave behind."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_one_absurd_claim_does_not_keep_the_others_from_unpacking(parts, capsys):
    zeros = make_archive(parts, {"part_2/batch_2/0.jpg": bytes(20_000_000)}, number=2)
    assert not unpack_all(parts)
    said = capsys.readouterr()
    assert f"{zeros}: would grow to 20000000 bytes" in said.err
    assert "part_1: 3 images" in said.out and "part_10: 3 images" in said.out


def member(name, size=1):
    return py7zr.FileInfo(name, size, size, False, False, True, False, None, 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("part_1/" + "a/" * 3000 + "b.jpg", "in more than 8 folders"),
        ("part_1/" + "n" * 252 + ".jpg", "a name of more than 255 bytes"),
        ("part_1/a\x1b[31m\nb/../../c.jpg", r"part_1/a\x1b[31m\nb"),
    ],
)
def test_members_that_no_data_set_has_are_refused(tmp_path, name, reason):
    archive = make_archive(tmp_path, {"part_1/a.jpg": b"x"})
    with pytest.raises(ArchiveError) as raised:
        archives._checked_sizes(archive, [member(name)])
    message = str(raised.value)
    assert str(archive) in message and reason in message and message.isprintable()


def test_more_members_than_a_data_set_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 4)
    archive = make_archive(tmp_path, {f"part_1/{number}.jpg": b"x" for number in range(5)})
    with pytest.raises(ArchiveError, match="holds more than 4 files and folders"):
        unpack(archive)


def test_a_name_that_comes_twice_is_refused(tmp_path):
    archive = make_archive(tmp_path, {"part_1/a.jpg": b"x"})
    with pytest.raises(ArchiveError, match=r"holds part_1/a\.jpg twice"):
        archives._checked_sizes(archive, [member("part_1/a.jpg"), member("part_1/./a.jpg")])


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


def test_files_of_other_kinds_and_other_suffixes_are_counted(tmp_path, way, capsys):
    make_archive(tmp_path, {f"part_1/batch_1/{name}": b"x" for name in ("a.JPG", "b.jpeg", "c.png", "d.txt")})
    assert unpack_all(tmp_path)
    assert "part_1: 2 images, 2 other files" in capsys.readouterr().out


def test_special_bits_are_cleared_and_files_can_be_read(tmp_path, way):
    folder = tmp_path / "part_1"
    folder.mkdir()
    for name, mode in (("a.jpg", 0o6755), ("b.jpg", 0o200), ("c.jpg", 0o640)):
        (folder / name).write_bytes(b"x")
        (folder / name).chmod(mode)
    pack(folder, tmp_path / "part_1.7z")
    shutil.rmtree(folder)
    unpack(tmp_path / "part_1.7z")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert all(mode & 0o600 == 0o600 and mode < 0o1000 for mode in modes.values()), modes


@pytest.mark.parametrize("method", [py7zr.FILTER_ZSTD, py7zr.FILTER_BROTLI, py7zr.FILTER_BZIP2, py7zr.FILTER_DEFLATE])
def test_methods_of_either_program_are_unpacked(tmp_path, way, method):
    options = {} if method in (py7zr.FILTER_BZIP2, py7zr.FILTER_DEFLATE) else {"level": 3}
    archive = make_archive(tmp_path, {"part_1/a.jpg": bytes(999)}, [{"id": method} | options])
    assert unpack(archive) == (1, 0)
    assert (tmp_path / "part_1" / "a.jpg").read_bytes() == bytes(999)


@needs_7z
@pytest.mark.parametrize("method", ["BCJ2", "PPMd"])
def test_a_method_that_only_7z_unpacks_is_unpacked_or_named(tmp_path, monkeypatch, method):
    archive = seven_zip(tmp_path, f"-m0={method}")
    monkeypatch.setattr(extraction, "PROGRAMS", ())
    with pytest.raises(
        ArchiveError, match=r"part_1\.7z: is packed by a method that py7zr does not unpack: install 7-Zip"
    ):
        unpack(archive)
    monkeypatch.undo()
    assert unpack(archive) == (3, 0)


@needs_7z
@pytest.mark.parametrize("options", [["-psecret"], ["-psecret", "-mhe=on"]])
def test_an_encrypted_archive_is_named_and_no_password_asked_for(tmp_path, way, options):
    archive = seven_zip(tmp_path, *options)
    with pytest.raises(ArchiveError, match=r"part_1\.7z: is encrypted: unpack it with its password"):
        unpack(archive)
    assert not leftovers(tmp_path)


@needs_7z
def test_7z_itself_never_asks_for_a_password(tmp_path):
    archive = seven_zip(tmp_path, "-psecret")
    reason = extraction._extract_with(PROGRAM, archive, tmp_path, {}, lambda size, images: None, 2)
    assert reason.startswith("ERROR")


def test_volumes_are_named(parts, run_main):
    (parts / "part_2.7z").rename(parts / "part_2.7z.001")
    result = run_main(unpacking_data.main, parts)
    assert result.returncode == 1 and "part_10: 3 images" in result.stdout
    assert "part_2.7z.001: is one volume of several: join them first, cat part_2.7z.* > part_2.7z" in result.stderr


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no 7z", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_file_of_something_else_is_named(parts, content, capsys):
    (parts / "part_2.7z").write_bytes(content)
    assert not unpack_all(parts)
    said = capsys.readouterr()
    assert "part_2.7z: cannot be unpacked (" in said.err and "part_10: 3 images" in said.out


def start_unpacking(folder, **options):
    command = [sys.executable, ROOT / "unpacking_data.py", folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture
def large(tmp_path):
    """Two archives that take a moment to unpack."""
    images = tmp_path / "images"
    images.mkdir()
    for number in (1, 2):
        members = {f"part_{number}/batch_{number}/{k}.jpg": os.urandom(50) for k in range(1500)}
        make_archive(images, members, [{"id": py7zr.FILTER_COPY}], number)
    return images


def test_two_unpackings_at_once_lose_nothing(large):
    processes = [start_unpacking(large) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0 and "Traceback" not in err, err
    for number in (1, 2):
        assert len(list((large / f"part_{number}" / f"batch_{number}").iterdir())) == 1500
    assert not leftovers(large)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_half_and_says_so(large, number):
    process = start_unpacking(large)
    while not any(large.glob(".part_*.partial/part_*")):
        time.sleep(0.005)
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number and "Traceback" not in err, err
    assert err.splitlines()[-1] == ("interrupted" if number == signal.SIGINT else "terminated")
    for part in large.glob("part_?"):
        assert len(list(part.glob("*/*"))) == 1500
    assert not leftovers(large)
    assert unpack_all(large)


def test_of_a_full_disk_nothing_is_left(parts, way, monkeypatch):
    def extract(archive, folder, *_):
        (folder / "part_2").mkdir()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(extraction, "_extract", extract)
    with pytest.raises(ArchiveError, match=r"part_2\.7z: cannot be unpacked: No space left on device"):
        unpack(parts / "part_2.7z")
    assert not (parts / "part_2").exists() and not leftovers(parts)


def kill_itself(archive, place):
    """Work that crashes on one archive and gives the number of another."""
    if archive.stem == "part_2":
        os.kill(os.getpid(), signal.SIGKILL)
    return int(archive.stem.removeprefix("part_"))


def test_a_decoder_that_crashes_takes_no_other_archive_with_it(parts):
    found = unpacking._in_processes(kill_itself, find_archives(parts), 2)
    assert [found[parts / f"part_{number}.7z"] for number in (1, 10)] == [1, 10]
    assert "part_2.7z: the process that read it was killed or crashed" in str(found[parts / "part_2.7z"])


def test_errors_come_through_from_other_processes(parts):
    error = pickle.loads(pickle.dumps(ArchiveError(parts / "a.7z", "is\nodd")))
    assert str(error) == f"{parts / 'a.7z'}: is\\nodd"
