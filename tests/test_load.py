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
from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import Recognizer, default_recognizer
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


@pytest.mark.parametrize("width", [100, 200, 400, 1000, 12_000])
@pytest.mark.parametrize("kind", ["pixels", "blocks", "stripes", "blurred", "noisy text"])
def test_noise_costs_at_most_three_times_as_much_as_text(kind, width):
    rng = np.random.default_rng(0)
    count = max(1, 6000 // width)
    texts = [np.ascontiguousarray(text_line(12_000 + 97 * count)[:, 97 * k : 97 * k + width]) for k in range(count)]
    shape = (32, width)
    noise = {
        "pixels": lambda text: rng.integers(0, 256, shape, np.uint8),
        "blocks": lambda text: np.kron(rng.integers(0, 2, (16, width // 2), np.uint8) * 200, np.ones((2, 2), np.uint8)),
        "stripes": lambda text: np.repeat(rng.integers(0, 256, (1, width), np.uint8), 32, axis=0),
        "blurred": lambda text: cv2.GaussianBlur(rng.integers(0, 256, shape, np.uint8), (0, 0), 3),
        "noisy text": lambda text: np.clip(text + rng.normal(0, 80, shape), 0, 255).astype(np.uint8),
    }[kind]
    reader = Recognizer(threads=1)
    reader.read(texts[:1])
    seconds = []
    for images in (texts, [noise(text) for text in texts]):
        start = time.process_time()
        for image in images:
            reader.read(image)
        seconds.append(time.process_time() - start)
    print(f"{kind}, {width} columns: {seconds[1] / seconds[0]:.2f} times as much as text")
    assert seconds[1] <= 3 * seconds[0]


@pytest.mark.parametrize("mode", ["auto", "many"])
@pytest.mark.parametrize("shape", [(1, 8192), (32, 18_761), (32, 65_407)])
@pytest.mark.parametrize("is_upright", [False, True])
def test_thin_images_take_at_most_ten_seconds_of_two_cores(shape, is_upright, mode):
    height, width = shape
    blocks = np.kron(
        np.random.default_rng(0).integers(0, 2, (16, width // 2), np.uint8) * 200, np.ones((2, 2), np.uint8)
    )
    text = text_line(width * 32 // height)
    text = np.hstack([cv2.resize(part, None, fx=height / 32, fy=height / 32) for part in np.array_split(text, 16, 1)])
    for kind, image in {"blocks": blocks[:height], "text": text}.items():
        image = np.ascontiguousarray(np.rot90(image) if is_upright else image)
        start = time.process_time()
        list(read_pages(default_recognizer(), [(0, image)], mode))
        seconds = time.process_time() - start
        print(f"{image.shape[1]} x {image.shape[0]} pixels of {kind}, {mode}: {seconds:.1f} s of the processor")
        assert seconds < 20


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
