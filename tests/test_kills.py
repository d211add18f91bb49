"""Unpacking and training, killed at random moments again and again: ``python -m pytest -m slow``."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.data_sets import make_data_set

ROOT = Path(__file__).resolve().parent.parent
KILLS = 50
ENDS = (-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM, 0)  # -SIGTERM: at its start; 0: all was done
PAIRS = 50
pytestmark = pytest.mark.slow


def run_through_kills(command, longest, seed, compare, start_over):
    """Run a command, killed ``KILLS`` times after up to ``longest`` seconds, and to its end.

    Every second kill is SIGKILL, the others SIGTERM.

    Args:
        compare: called whenever it came to its end, before the kill or at last.
        start_over: called then if kills are left.
    """
    moments = random.Random(seed)
    kills = 0
    while kills < KILLS:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        try:
            assert process.wait(moments.uniform(0.05, longest)) == 0
            compare()
            start_over()
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL if kills % 2 else signal.SIGTERM)
            status = process.wait()
            assert status in ENDS
            kills += 1
            if status == 0:
                compare()
                start_over()
    last = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert last.returncode == 0, last.stderr
    compare()


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - start


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_unpacking(tmp_path):
    make_data_set(tmp_path / "straight", images=6000, batches=4, parts=2, packed=True)
    shutil.copytree(tmp_path / "straight", tmp_path / "killed")
    script = [sys.executable, ROOT / "unpacking_data.py"]
    seconds = timed([*script, tmp_path / "straight" / "img_batches"])

    def compare():
        assert contents(tmp_path / "killed") == contents(tmp_path / "straight")

    def start_over():
        for part in (tmp_path / "killed" / "img_batches").glob("part_?"):
            shutil.rmtree(part)

    command = [*script, tmp_path / "killed" / "img_batches"]
    run_through_kills(command, 0.9 * seconds, 1, compare, start_over)


def test_pairs_of_unpackings(tmp_path):
    make_data_set(tmp_path / "straight", images=400, batches=2, parts=2, packed=True)
    script = [sys.executable, ROOT / "unpacking_data.py"]
    images = tmp_path / "pair" / "img_batches"
    shutil.copytree(tmp_path / "straight", tmp_path / "pair")
    seconds = timed([*script, tmp_path / "straight" / "img_batches"])
    moments = random.Random(3)
    for _ in range(PAIRS):
        first = subprocess.Popen([*script, images], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(moments.uniform(0, 0.5 * seconds))
        second = subprocess.run([*script, images], capture_output=True, text=True)
        out, err = first.communicate()
        assert (first.returncode, second.returncode) == (0, 0), out + err + second.stdout + second.stderr
        assert contents(tmp_path / "pair") == contents(tmp_path / "straight")
        for part in images.glob("part_?"):
            shutil.rmtree(part)


def test_training(tmp_path):
    """A narrow network: the state, the log and the order of steps are those of any training."""
    make_data_set(tmp_path / "data", images=32, batches=4)
    command = [sys.executable, "-m", "tests.narrow_training", "--data", tmp_path / "data", "--epochs", "6"]
    command += ["--batch-size", "8", "--deterministic", "--start-from", "none", "--patience", "6", "--folder"]
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    seconds = timed([*command, straight])

    def compare():
        want, have = values(straight / "CRNN.h5"), values(killed / "CRNN.h5")
        assert want.keys() == have.keys()
        for name in want:
            np.testing.assert_array_equal(have[name], want[name], err_msg=name)
        assert (killed / "log.csv").read_text() == (straight / "log.csv").read_text()

    run_through_kills([*command, killed], 0.7 * seconds, 2, compare, lambda: shutil.rmtree(killed))


def values(path):
    with h5py.File(path) as file:
        names = [(layer, weight) for layer in file for weight in file[layer].attrs["weight_names"]]
        return {f"{layer}/{weight}": file[layer][weight][()] for layer, weight in names}
