"""What TensorFlow and JAX must have in common, and one device and two."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("jax")
ROOT = Path(__file__).resolve().parent.parent

PREDICT = """
import numpy as np, sys
from crnn import backend
from crnn.network import CRNN
network = CRNN(40)
network.load_weights(sys.argv[1])
pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 120, 1)).astype(np.float32)
np.save(sys.argv[2], backend.frozen(network.predict_core)(pictures))
"""


def run(backend, *command, devices=1):
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": str(ROOT),
    }
    result = subprocess.run([sys.executable, *map(str, command)], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "CRNN.h5"
    run("tensorflow", "-c", f"from crnn.network import CRNN; CRNN(40).save_weights({str(path)!r})")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sixteen images for training and four for the test, in the format of the data set, and a table of 39."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(1)
    (root / "labels").mkdir()
    (root / "charset.txt").write_text("\n".join(["blank", *map(chr, range(0x4E00, 0x4E00 + 38))]), encoding="utf-8")
    for kind, number, count in (("train", 1, 16), ("test", 2, 4)):
        batch = root / "img_batches" / "part_1" / f"batch_{number}"
        batch.mkdir(parents=True)
        rows = [f"{kind}_{k}.jpg " + " ".join(map(str, rng.integers(1, 39, 10))) for k in range(count)]
        (root / "labels" / f"data_{kind}.txt").write_text("\n".join(rows))
        for row in rows:
            cv2.imwrite(str(batch / row.split()[0]), rng.integers(0, 256, (32, 280), np.uint8))
    return root


def losses(backend, data, weights, folder, devices=1):
    options = ["--data", data, "--folder", folder, "--charset", data / "charset.txt", "--start-from", weights]
    run(backend, ROOT / "train.py", *options, "--epochs", 2, "--batch-size", 8, devices=devices)
    return [float(row["loss"]) for row in csv.DictReader((folder / "log.csv").open())]


def test_tensorflow_and_jax_predict_the_same(weights, tmp_path):
    for backend in ("tensorflow", "jax"):
        run(backend, "-c", PREDICT, weights, tmp_path / f"{backend}.npy")
    np.testing.assert_allclose(np.load(tmp_path / "jax.npy"), np.load(tmp_path / "tensorflow.npy"), atol=1e-4)


def test_tensorflow_and_jax_and_two_devices_train_the_same(weights, data, tmp_path):
    (weights.parent / "charset.txt").write_bytes((data / "charset.txt").read_bytes())
    alone = losses("jax", data, weights, tmp_path / "alone")
    assert losses("jax", data, weights, tmp_path / "two", devices=2) == pytest.approx(alone, rel=1e-3)
    assert losses("tensorflow", data, weights, tmp_path / "tensorflow") == pytest.approx(alone, rel=1e-2)
    assert alone[1] < alone[0]
