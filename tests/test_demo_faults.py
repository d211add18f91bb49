"""Whatever is wrong with a path, a file or a stream is one line; every good picture is read."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from crnn.console import unescape_field
from crnn.inference import demo
from crnn.inference.page import reader

ROOT = Path(__file__).resolve().parent.parent
GOOD = ("a.png", "b\udcb0\udcf6.png", "c\n\t\\.png", "d\x1b[2J.png", "e'\"&<.png", "z.png")
COMMAND = [sys.executable, str(ROOT / "demo_infer.py")]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Good pictures with odd names, between files of all kinds that are none."""
    monkeypatch.chdir(tmp_path)
    for name in GOOD:
        shutil.copy(ROOT / "asset" / "price.png", name)
    os.mkfifo("fifo.png")
    os.mkdir("hollow")
    Path("empty.png").touch()
    Path("text.png").write_text("no picture")
    Path("cut.png").write_bytes(Path("a.png").read_bytes()[:200])
    Path("zero.png").symlink_to("/dev/zero")
    Path("gone.png").symlink_to("nowhere")
    bad = ["fifo.png", "hollow", "empty.png", "text.png", "cut.png", "zero.png", "gone.png", "missing\n.png", "n" * 300]
    paths = [path for pair in zip(GOOD, [*bad[:5], bad[5]], strict=True) for path in pair] + bad[6:]
    return paths, len(bad)


def run(*arguments, **options):
    pipes = {"capture_output": True, "timeout": 120}
    return subprocess.run([*COMMAND, *arguments], **pipes | options)


@pytest.mark.parametrize("form", ["text", "tsv", "json", "hocr", "alto"])
def test_one_file_never_ends_a_run(pictures, form):
    paths, bad = pictures
    result = run("--format", form, *paths)
    out, err = result.stdout.decode(), result.stderr.decode()
    assert result.returncode == 1 and len(err.splitlines()) == bad, err
    assert "\x1b" not in out + err
    if form == "text":
        assert out.count("result is:") == len(GOOD) and "file_path is:c\\n\\t\\.png" in out
    elif form == "tsv":
        rows = [line.split("\t") for line in out.splitlines()]
        names = [unescape_field(row[0]).replace("\\udcb0\\udcf6", "\udcb0\udcf6") for row in rows]
        assert names == list(GOOD) and {len(row) for row in rows} == {8}
    elif form == "json":
        assert [json.loads(line)["path"] for line in out.splitlines()] == list(GOOD)
    else:
        assert len([page for page in ElementTree.fromstring(out).iter() if "page_" in str(page.attrib)]) >= len(GOOD)


def test_drawings_and_reports_take_any_name(pictures, tmp_path):
    result = run("--draw", "drawn", "--html", "all.html", *GOOD, "n" * 240 + ".png")
    assert result.returncode == 1 and len(os.listdir("drawn")) == len(GOOD), result.stderr
    assert "\\udcb0" in Path("all.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stage", "error"), [("find_lines", MemoryError), ("crop_line", cv2.error), ("prepare_views", ZeroDivisionError)]
)
def test_what_fails_in_reading_is_one_line_and_the_others_are_read(run_main, tmp_path, monkeypatch, stage, error):
    monkeypatch.chdir(tmp_path)
    good = cv2.imread(str(ROOT / "asset" / "price.png"), cv2.IMREAD_GRAYSCALE)
    good = np.vstack([good, np.full((40, good.shape[1]), 255, np.uint8), good])
    for number in range(4):
        cv2.imwrite(f"{number}.png", good)
    good[0, 0] = 7
    cv2.imwrite("2.png", good)

    def failing(function):
        def fail(image, *arguments, **options):
            if image[0, 0] == 7:
                raise error("bad")
            return function(image, *arguments, **options)

        return fail

    if stage == "prepare_views":
        monkeypatch.setattr(reader, "prepare_views", failing(reader.prepare_views))
        monkeypatch.setattr(reader, "crop_line", lambda grey, box: reader.LineCrop(grey, np.zeros(2), np.eye(2)[0]))
    else:
        monkeypatch.setattr(reader, stage, failing(getattr(reader, stage)))
    result = run_main(demo.main, "--lines", "many", "--format", "json", *[f"{number}.png" for number in range(4)])
    assert [json.loads(line)["path"] for line in result.stdout.splitlines()] == ["0.png", "1.png", "3.png"]
    reason = "there is not enough memory to read it" if error is MemoryError else error.__name__
    assert result.returncode == 1 and result.stderr.startswith("2.png: cannot be read: ") and reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_reader_that_leaves_ends_it_quietly(tmp_path):
    for number in range(60):
        shutil.copy(ROOT / "asset" / "price.png", tmp_path / f"{number}.png")
    process = subprocess.Popen([*COMMAND, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(120) == 141
    assert "Error" not in process.stderr.read()
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_named():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, ROOT / "asset" / "price.png"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (result.returncode, result.stderr) == (1, "standard output: No space left on device\n")


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams(streams):
    command = f'exec "$0" "$1" "$2" {streams}'
    result = run_shell(command, *COMMAND, str(ROOT / "asset" / "price.png"))
    assert result.returncode == 0 and result.stderr == ""
    assert (">&-" in streams.split()) != ("result is:" in result.stdout)


def test_stdin_that_is_closed_is_empty():
    result = run_shell('exec "$0" "$1" - <&-', *COMMAND)
    assert (result.returncode, result.stderr) == (1, "<stdin>: the file is empty\n")


def run_shell(command, *arguments):
    return subprocess.run(["sh", "-c", command, *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("number", "status", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_is_one_line_and_the_usual_status(number, status, word):
    process = subprocess.Popen(
        [*COMMAND, "--device", "cpu", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr.readline() == b"device: cpu\n"  # now it waits for stdin
    process.send_signal(getattr(signal, number))
    assert process.wait(60) == status
    assert process.communicate() == (b"", f"{word}\n".encode())
