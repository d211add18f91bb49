"""What TensorFlow and JAX must have in common, and one device and two."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.data_sets import make_data_set

pytest.importorskip("jax")
ROOT = Path(__file__).resolve().parent.parent

PREDICT = """
import numpy as np, sys
from crnn.model import backend
from crnn.model.network import CRNN
network = CRNN(40)
network.load_weights(sys.argv[1])
pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 120, 1)).astype(np.float32)
np.save(sys.argv[2], backend.frozen(network.predict_core)(pictures))
"""


# TensorFlow has no environment variable for several devices of one processor.
TWO_DEVICES = """
import sys
import tensorflow as tf
processor, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
import train
sys.exit(train.main())
"""


def start(backend, *command, devices=1, **more):
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": str(ROOT),
    }
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *map(str, command)], env=environment | more, **pipes)


def run(backend, *command, **more):
    return finish(start(backend, *command, **more))


def finish(process):
    _, said = process.communicate()
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "CRNN.h5"
    run("tensorflow", "-c", f"from crnn.model.network import CRNN; CRNN(40).save_weights({str(path)!r})")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set of sixteen images for training and four for the test, and a table of 39."""
    table = map(chr, range(0x4E00, 0x4E00 + 38))
    return make_data_set(tmp_path_factory.mktemp("data"), images=20, batches=5, table="".join(table), length=10)


def training(data, weights, folder, *more):
    options = ["--data", data, "--folder", folder, "--start-from", weights]
    options += ["--charset", data / "labels" / "charset.txt"]
    return [ROOT / "train.py", *options, "--epochs", 2, "--batch-size", 8, *more]


def losses(folder):
    return [float(row["loss"]) for row in csv.DictReader((folder / "log.csv").read_text().splitlines())]


def test_tensorflow_and_jax_predict_the_same(weights, tmp_path):
    for backend in ("tensorflow", "jax"):
        run(backend, "-c", PREDICT, weights, tmp_path / f"{backend}.npy")
    np.testing.assert_allclose(np.load(tmp_path / "jax.npy"), np.load(tmp_path / "tensorflow.npy"), atol=1e-4)


@pytest.fixture(scope="module")
def alone(weights, data, tmp_path_factory):
    """Losses of one device, with JAX."""
    (weights.parent / "charset.txt").write_bytes((data / "labels" / "charset.txt").read_bytes())
    folder = tmp_path_factory.mktemp("alone")
    run("jax", *training(data, weights, folder))
    return losses(folder)


@pytest.fixture(scope="module")
def alone_with_tensorflow(weights, data, alone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone_with_tensorflow")
    said = run("tensorflow", *training(data, weights, folder))
    assert "training on 1 device with tensorflow" in said
    return losses(folder)


@pytest.mark.training
def test_tensorflow_trains_as_jax_does(alone, alone_with_tensorflow):
    assert alone_with_tensorflow == pytest.approx(alone, rel=1e-2)
    assert alone[1] < alone[0]


@pytest.mark.training
def test_two_devices_train_as_one_does_with_jax(weights, data, alone, tmp_path):
    said = run("jax", *training(data, weights, tmp_path), devices=2)
    assert "training on 2 devices with jax" in said
    assert losses(tmp_path) == pytest.approx(alone, rel=1e-3)


@pytest.mark.training
def test_two_devices_train_as_one_does_with_tensorflow(weights, data, alone_with_tensorflow, tmp_path):
    _, *options = training(data, weights, tmp_path)
    said = run("tensorflow", "-c", TWO_DEVICES, *options)
    assert "training on 2 devices with tensorflow" in said
    assert losses(tmp_path) == pytest.approx(alone_with_tensorflow, rel=1e-3)


@pytest.mark.slow
def test_half_precision_trains_alike_with_both_backends_and_on_two_devices(weights, data, alone, tmp_path):
    """The first steps are passed over until the scale of the loss fits; so the losses are not those of ``alone``."""
    options = ["--precision", "mixed_float16", "--epochs", 4]
    for backend in ("jax", "tensorflow"):
        run(backend, *training(data, weights, tmp_path / backend, *options))
    _, *options = training(data, weights, tmp_path / "two", *options)
    run("tensorflow", "-c", TWO_DEVICES, *options)
    half = losses(tmp_path / "tensorflow")
    assert half[0] == pytest.approx(alone[0], rel=1e-2)
    assert losses(tmp_path / "jax") == pytest.approx(half, rel=5e-3)
    assert losses(tmp_path / "two") == pytest.approx(half, rel=5e-3)


def drawing(font_folder, folder, precision="float32"):
    options = ["--synthetic", "--lines", 96, "--batch-size", 8, "--processes", 1, "--folder", folder]
    return [*options, "--fonts", font_folder, "--no-system-fonts", "--precision", precision]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_train_on_drawn_lines_as_one_does(backend, font_folder, tmp_path):
    run(backend, ROOT / "train.py", *drawing(font_folder, tmp_path / "one"))
    script = ["-c", TWO_DEVICES] if backend == "tensorflow" else [ROOT / "train.py"]
    run(backend, *script, *drawing(font_folder, tmp_path / "two"), devices=2)
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 6 and two == pytest.approx(one, rel=1e-3)


@pytest.mark.training
def test_a_batch_that_the_devices_cannot_share_is_refused(font_folder, tmp_path):
    process = start("jax", ROOT / "train.py", *drawing(font_folder, tmp_path), "--batch-size", 9, devices=2)
    _, said = process.communicate()
    assert process.returncode == 1 and "a batch of 9 lines cannot be shared by 2 devices" in said


@pytest.mark.training
def test_two_hosts_train_as_one_does(weights, data, alone, tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    names = ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
    hosts = [
        start(
            "jax",
            *training(data, weights, tmp_path),
            **{f"KERAS_DISTRIBUTION_{name}": value for name, value in zip(names, (address, "2", number), strict=True)},
        )
        for number in "01"
    ]
    for host in hosts:
        finish(host)
    assert losses(tmp_path) == pytest.approx(alone, rel=1e-3)
