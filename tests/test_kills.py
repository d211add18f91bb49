"""Unpacking and training, killed at random moments again and again: ``python -m pytest -m slow``, some 15 minutes."""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from crnn.data_benchmark import write_images

ROOT = Path(__file__).resolve().parent.parent
KILLS = 20
pytestmark = pytest.mark.slow


def run_through_kills(command, longest, seed):
    """Run a command, killed ``KILLS`` times after up to ``longest`` seconds, then to its end; the kills that hit it."""
    moments = random.Random(seed)
    hits = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(moments.uniform(0.05, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            hits += 1
    last = subprocess.run(command, capture_output=True, text=True)
    assert last.returncode == 0, last.stderr
    return hits


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_unpacking(tmp_path):
    write_images(tmp_path / "straight", 6000, np.random.default_rng(1))
    shutil.copytree(tmp_path / "straight", tmp_path / "killed")
    commands = {
        name: [sys.executable, ROOT / "unpacking_data.py", tmp_path / name / "img_batches"]
        for name in ("straight", "killed")
    }
    seconds = timed(commands["straight"])
    hits = run_through_kills(commands["killed"], 0.9 * seconds, seed=1)
    assert hits >= KILLS // 4
    assert contents(tmp_path / "killed") == contents(tmp_path / "straight")


def test_training(tmp_path):
    write_images(tmp_path / "data", 64, np.random.default_rng(2))
    subprocess.run([sys.executable, ROOT / "unpacking_data.py", tmp_path / "data" / "img_batches"], check=True)
    command = [sys.executable, ROOT / "train.py", "--data", tmp_path / "data", "--epochs", "8", "--batch-size", "8"]
    command += ["--deterministic", "--start-from", "none", "--patience", "8", "--folder"]
    seconds = timed([*command, tmp_path / "straight"])
    hits = run_through_kills([*command, tmp_path / "killed"], 0.7 * seconds, seed=2)
    assert hits >= KILLS // 4
    values = {}
    for name in ("straight", "killed"):
        with h5py.File(tmp_path / name / "CRNN.h5") as file:
            values[name] = {
                f"{layer}/{w}": file[layer][w][()] for layer in file for w in file[layer].attrs["weight_names"]
            }
    assert values["straight"].keys() == values["killed"].keys()
    for name, want in values["straight"].items():
        np.testing.assert_array_equal(values["killed"][name], want, err_msg=str(name))
    assert (tmp_path / "killed" / "log.csv").read_text() == (tmp_path / "straight" / "log.csv").read_text()
