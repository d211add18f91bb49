"""Unpackings at once, interrupted, crashed or on a full disk lose nothing."""

import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import py7zr
import pytest

from crnn.dataset import extraction, unpacking
from crnn.dataset.archives import ArchiveError, find_archives
from crnn.dataset.extraction import unpack
from crnn.dataset.unpacking import unpack_all
from crnn.files import locked
from tests.archive_files import leftovers, make_archive

ROOT = Path(__file__).resolve().parent.parent


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


def test_a_second_signal_does_not_stop_a_worker_that_cleans_up():
    before = signal.getsignal(signal.SIGTERM)
    try:
        unpacking._start_worker(None)
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_an_interrupted_worker_leaves_is_removed(parts, monkeypatch):
    def interrupted(work, archives, *_):
        if work is unpacking._size:
            return dict.fromkeys(archives, 1)
        (parts / ".part_1.partial" / "part_1").mkdir(parents=True)
        (parts / ".part_1.lock").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(unpacking, "_in_processes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack_all(parts)
    assert not leftovers(parts)


def test_what_another_process_unpacks_is_left_to_it(parts):
    (parts / ".part_1.partial").mkdir()
    with locked(parts / ".part_1.lock"):
        extraction.clean_up(parts / "part_1.7z", wait=False)
        assert (parts / ".part_1.partial").is_dir()
    extraction.clean_up(parts / "part_1.7z", wait=False)
    assert not leftovers(parts)


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
