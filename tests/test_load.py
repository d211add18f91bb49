"""What noise costs, and what many pictures in one run do: ``python -m pytest -m slow``."""

import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn.image import read_grayscale
from crnn.inference.recognizer import Recognizer
from crnn.normalization import resize_to_height
from crnn.paths import ASSETS

ROOT = Path(__file__).resolve().parent.parent
PICTURES = 20_000
pytestmark = pytest.mark.slow


def text_line(width):
    """The images of asset/, one beside the other."""
    lines = [resize_to_height(read_grayscale(path)) for path in sorted(ASSETS.glob("*.png"))]
    together = np.hstack([np.pad(line, ((0, 0), (0, 16)), "edge") for line in lines])
    return np.ascontiguousarray(np.tile(together, -(-width // together.shape[1]))[:, :width])


@pytest.mark.parametrize("kind", ["pixels", "blocks", "stripes"])
def test_noise_costs_at_most_three_times_as_much_as_text(kind):
    width = 12_000
    rng = np.random.default_rng(0)
    noise = {
        "pixels": rng.integers(0, 256, (32, width), np.uint8),
        "blocks": np.kron(rng.integers(0, 2, (16, width // 2), np.uint8) * 200, np.ones((2, 2), np.uint8)),
        "stripes": np.repeat(rng.integers(0, 256, (1, width), np.uint8), 32, axis=0),
    }
    text = text_line(width)
    reader = Recognizer()
    reader.read([text[:, :600], noise["blocks"][:, :600]])  # loads both networks
    seconds = []
    for image in (text, noise[kind]):
        start = time.process_time()
        reader.read(image)
        seconds.append(time.process_time() - start)
    assert seconds[1] <= 3 * seconds[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_many_pictures_in_one_run_take_no_more_memory_and_no_more_time(tmp_path):
    text = text_line(8000)
    for number in range(200):
        cv2.imwrite(str(tmp_path / f"{number:05}.png"), text[:, 37 * number : 37 * number + 150])
    for number in range(200, PICTURES):
        os.link(tmp_path / f"{number % 200:05}.png", tmp_path / f"{number:05}.png")
    command = [sys.executable, ROOT / "demo_infer.py", "--format", "tsv", "--lines", "one", tmp_path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    memory, seconds = [], []
    for number, _ in enumerate(process.stdout, 1):
        if number % 1000 == 0:
            memory.append(used(process.pid, 23))
            seconds.append(used(process.pid, 13) + used(process.pid, 14))
    assert process.wait() == 0 and len(memory) == PICTURES // 1000
    process.stdout.close()
    print(f"pages at 1,000 and the end: {memory[0]} {memory[-1]}; ticks of each thousand: {np.diff(seconds).tolist()}")
    assert memory[-1] <= 1.05 * memory[0]
    assert seconds[-1] - seconds[-2] <= 1.1 * (seconds[1] - seconds[0])


def used(process, place):
    """Return a number of /proc/PID/stat: 13 and 14 are clock ticks, 23 pages of memory."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[place - 2])
