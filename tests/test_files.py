import multiprocessing
import os
import time
import tracemalloc

import pytest

from crnn.files import atomic_file, atomic_path, locked, read_at_most, remove_tree, require_regular_file, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old" and names(tmp_path) == ["a.txt", "a.txt.partial"]
    assert path.read_text() == "new" and names(tmp_path) == ["a.txt"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="No space"), atomic_path(path) as partial:
        partial.write_text("half")
        raise OSError("No space left on device")
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_the_new_file_is_on_the_disk_before_the_old_one_goes(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: order.append("sync"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("replace"), replace(*paths)))
    write_text(tmp_path / "a.txt", "new")
    assert order == ["sync", "replace", "sync"]


def _write_many(path, letter):
    for _ in range(50):
        with atomic_file(path) as file:
            for _ in range(20):
                file.write(letter * 500)
                file.flush()


def test_two_processes_that_write_one_file_never_mix(tmp_path):
    path = tmp_path / "a.txt"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(path, letter)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            assert path.read_bytes() in (b"a" * 10_000, b"b" * 10_000)
        time.sleep(0.01)
    assert [writer.exitcode for writer in writers] == [0, 0] and names(tmp_path) == ["a.txt"]


def _hold(path, connection):
    with locked(path):
        connection.send("held")
        time.sleep(60)


def test_what_a_killed_process_held_is_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_hold, args=(tmp_path / "lock", theirs))
    process.start()
    assert ours.recv() == "held"
    process.kill()
    with locked(tmp_path / "lock"):
        pass
    process.join()


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "nothing"])
def test_only_regular_files_are_read(tmp_path, kind):
    path = tmp_path / "file"
    make = {"fifo": os.mkfifo, "folder": os.mkdir, "device": lambda path: path.symlink_to("/dev/zero")}
    if kind in make:
        make[kind](path)
    with pytest.raises(OSError, match=str(path)):
        require_regular_file(path)


def test_removing_what_is_not_there_is_nothing(tmp_path):
    remove_tree(tmp_path / "none")


def test_a_small_file_takes_little_memory_whatever_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    tracemalloc.start()
    contents = [read_at_most(tmp_path / "a", most) for most in (2, 3, 2**30)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert contents == [b"ab", b"abc", b"abc"] and peak < 2**20
