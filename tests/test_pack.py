"""A training packed for a machine without network: there it draws the same lines, and trains."""

import csv
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.source import LineSource
from crnn.tools import pack

ENGLISH = "\n".join(f"line {number} of a text in plain English words" for number in range(400))
CHINESE = "\n".join("今天天气很好我们去公园散步看见许多花开了" for _ in range(400))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "english.txt").write_text(ENGLISH, encoding="utf-8")
    (folder / "chinese.txt").write_text(CHINESE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def packed(font_folder, texts, tmp_path_factory):
    """The folder that was unpacked elsewhere, and the command that trains there."""
    folder, there = tmp_path_factory.mktemp("pack"), tmp_path_factory.mktemp("there")
    command = pack.pack(folder, [font_folder], {"--texts": [texts], "--heldout-texts": []})
    shutil.copytree(folder, there, dirs_exist_ok=True)
    shutil.rmtree(folder)
    unpack, train = command.split(" && ")
    subprocess.run(unpack, shell=True, cwd=there, check=True)
    return there, train


def test_everything_is_in_the_folder(packed):
    there, train = packed
    names = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert {"train.py", "crnn/training/recipe.py", "data/labels/char_std_5990.txt", "texts/english.txt"} <= names
    assert shlex.split(train)[-5:] == ["--no-system-fonts", "--fonts", "fonts", "--texts", "texts"]


def test_the_fonts_draw_the_same_lines(packed, font_folder, texts):
    there, _ = packed
    charset = Charset.from_file(DEFAULT_CHARSET)
    here = LineSource((font_folder,), (texts,), 3, False).generator(charset)
    other = LineSource((there / "fonts",), (there / "texts",), 3, False).generator(charset)
    for number in range(40):
        mine, theirs = here.line(number), other.line(number)
        assert mine.text == theirs.text
        np.testing.assert_array_equal(mine.image, theirs.image)


def test_what_is_too_much_is_cut_and_left_out(font_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        pack, "_code", lambda: [pack.ROOT / "train.py"]
    )  # the limit does not depend on the size of the code
    rng = np.random.default_rng(0)
    text = "\n".join("".join(map(chr, rng.integers(0x4E00, 0x9FA5, 30))) for _ in range(9000))
    (tmp_path / "long.txt").write_text(text, encoding="utf-8")
    (tmp_path / "short.txt").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "fonts").mkdir()
    shutil.copy(font_folder / "grid.ttf", tmp_path / "fonts")
    for name in ("b.ttf", "c.ttf"):  # faces of the same design
        shutil.copy(font_folder / "grid.ttf", tmp_path / "fonts" / name)
    pack.pack(tmp_path / "pack", [tmp_path / "fonts"], {"--texts": [tmp_path]}, megabytes=0.15)
    said = capsys.readouterr().err
    assert re.search(r"left out [12] of 3 fonts: fonts/", said)
    assert re.search(r"cut to 0\.\d MB: texts/long\.txt\n", said)
    assert (tmp_path / "pack" / "crnn.tar.xz").stat().st_size < 0.15e6
    with tarfile.open(tmp_path / "pack" / "crnn.tar.xz") as archive:
        cut = archive.extractfile("texts/long.txt").read().decode()
        assert archive.extractfile("texts/short.txt").read().decode() == ENGLISH
    assert text.startswith(cut) and cut.endswith("\n")


def test_a_limit_that_nothing_keeps_is_told(font_folder, tmp_path, run_main):
    options = ["--fonts", font_folder, "--weights", "none", "--wheels", "--megabytes"]
    result = run_main(pack.main, tmp_path, *options, "0.05")
    assert result.returncode == 1 and "MB too much: raise --megabytes" in result.stderr
    result = run_main(pack.main, tmp_path, "--fonts", font_folder, "--wheels", "no-such-package")
    assert result.returncode == 1 and "no-such-package is not installed here" in result.stderr


class Training:
    """The packed command, with small batches, on one CPU."""

    def __init__(self, packed, folder, *options):
        there, train = packed
        words = shlex.split(train.replace("python3", sys.executable).replace("mixed_bfloat16", "float32"))
        variables = dict(word.split("=", 1) for word in words if "=" in word and not word.startswith("-"))
        words = [word for word in words[len(variables) :] if word not in ("--hours", "8")]
        self.command = [*words, "--batch-size", "4", "--folder", str(folder), *map(str, options)]
        self.environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
        self.there, self.folder = there, folder

    def start(self):
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(self.command, cwd=self.there, env=self.environment, **pipes)

    def run(self):
        process = self.start()
        _, said = process.communicate()
        assert process.returncode == 0, said
        return self.losses()

    def losses(self):
        lines = (self.folder / "log.csv").read_text().splitlines()
        return [(row["stage"], float(row["loss"])) for row in csv.DictReader(lines)]

    def kill_after(self, sign):
        """Start it, and kill it once ``log.csv`` names a stage, and the state with it stands."""
        process = self.start()
        while process.poll() is None:
            log = self.folder / "log.csv"
            if log.exists() and sign in log.read_text() and (self.folder / "state.npz").exists():
                break
            time.sleep(0.2)
        assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
def test_killed_and_resumed_it_trains_as_undisturbed(packed, tmp_path):
    pytest.importorskip("jax")
    straight = Training(packed, tmp_path / "straight", "--lines", 40, "--processes", 2).run()
    killed = Training(packed, tmp_path / "killed", "--lines", 40, "--processes", 2)
    killed.kill_after("frames_cnn")
    resumed = killed.run()
    stages = ["frames_cnn", "frames_lstm", "ctc_1", "ctc_2", "ctc_3", "ctc_4"]  # for int8 too few lines are left
    assert [stage for stage, _ in resumed] == stages
    for (_, want), (_, have) in zip(straight, resumed, strict=True):
        assert have == pytest.approx(want, rel=1e-5, abs=1e-4)  # log.csv rounds to four places


@pytest.mark.slow
def test_two_hundred_steps_killed_and_resumed_end_as_undisturbed(packed, tmp_path):
    pytest.importorskip("jax")
    options = ["--lines", 800, "--processes", 2, "--cache-lines", 400]
    straight = Training(packed, tmp_path / "straight", *options).run()
    killed = Training(packed, tmp_path / "killed", *options)
    for stage in ("frames_cnn", "frames_lstm", "ctc_2"):
        killed.kill_after(stage)
    resumed = killed.run()
    assert [stage for stage, _ in resumed] == [stage for stage, _ in straight]
    np.testing.assert_allclose([loss for _, loss in resumed], [loss for _, loss in straight], rtol=1e-5, atol=1e-4)
