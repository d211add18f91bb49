"""What an archive may hold, and which kinds of archives are unpacked."""

import shutil
import stat
import struct
import zlib

import py7zr
import pytest

import unpacking_data
from crnn.dataset import archives, extraction
from crnn.dataset.archives import ArchiveError, pack
from crnn.dataset.extraction import unpack
from crnn.dataset.unpacking import unpack_all
from tests.archive_files import PROGRAM, leftovers, make_archive, needs_7z, seven_zip


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
