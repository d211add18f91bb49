import csv
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.dataset.loader import read_ahead
from crnn.model.network import CRNN
from crnn.training.dataset_trainer import DatasetTrainer
from crnn.training.recipe import DatasetRecipe
from tests.data_sets import make_data_set

ROOT = Path(__file__).resolve().parent.parent
CHARACTERS = ["blank", *"abcdefgh"]


@pytest.fixture
def data(tmp_path):
    """A data set of twelve images for training, one of them broken, and six for the test, with a table of its own."""
    folder = make_data_set(tmp_path / "data", images=18, batches=3)
    sorted((folder / "img_batches" / "part_1" / "batch_1").iterdir())[3].write_bytes(b"")
    return folder


@pytest.fixture
def configured(data):
    def configure(**more):
        return DatasetRecipe(str(data), **{"epochs": 2, "batch_size": 4, "warm_up": 2} | more)

    return configure


def read_log(folder):
    return list(csv.DictReader((folder / "log.csv").read_text().splitlines()))


def weights_of(folder):
    with h5py.File(folder / "CRNN.h5") as file:
        return {name: [file[name][w][()] for w in file[name].attrs["weight_names"]] for name in file if file[name]}


@pytest.mark.training
def test_a_training_leaves_weights_log_and_table(configured, tmp_path, capsys):
    DatasetTrainer(configured(), tmp_path / "run").run()
    rows = read_log(tmp_path / "run")
    assert [row["epoch"] for row in rows] == ["1", "2"] and all(float(row["loss"]) > 0 for row in rows)
    assert rows[-1]["broken_images"] == "1"
    assert Charset.from_file(tmp_path / "run" / "charset.txt").characters == (" ", *"abcdefgh")
    assert list((tmp_path / "run" / "tensorboard").rglob("events*"))
    said = capsys.readouterr().err
    assert "training: 12 images" in said and ".jpg: not an image" in said and "epoch 2/2" in said
    network = CRNN(10)
    network.load_weights(tmp_path / "run" / "CRNN.h5")


@pytest.mark.training
def test_it_ends_when_nothing_gets_better(configured, tmp_path, capsys):
    DatasetTrainer(configured(epochs=50, patience=1, learning_rate=0.0), tmp_path / "run").run()
    cers = [float(row["val_cer"]) for row in read_log(tmp_path / "run")]
    assert 2 <= len(cers) < 50 and cers[-1] >= cers[-2] and cers[:-1] == sorted(set(cers[:-1]), reverse=True)
    assert "no better test CER in 1 epochs" in capsys.readouterr().err


@pytest.mark.training
def test_a_state_of_another_recipe_is_refused(configured, tmp_path):
    DatasetTrainer(configured(epochs=1), tmp_path / "run").run()
    with pytest.raises(ValueError, match=r"another learning_rate \(0\.0004, not 0\.001\): name another --folder"):
        DatasetTrainer(configured(epochs=1, learning_rate=1e-3), tmp_path / "run").run()


@pytest.mark.training
def test_killed_at_any_step_it_ends_with_the_weights_of_an_undisturbed_run(configured, tmp_path):
    straight = DatasetTrainer(configured(), tmp_path / "straight")
    straight.run()
    for _ in range(3):
        broken = DatasetTrainer(configured(), tmp_path / "broken")
        steps = iter(range(2))
        broken.on_step = lambda steps=steps: next(steps)  # StopIteration after two steps, as good as a kill
        try:
            broken.run(save_every=0.0)
        except (StopIteration, RuntimeError):
            continue
    DatasetTrainer(configured(), tmp_path / "broken").run()
    want, have = weights_of(tmp_path / "straight"), weights_of(tmp_path / "broken")
    assert want.keys() == have.keys() and len(want) > 10
    for name in want:
        for a, b in zip(want[name], have[name], strict=True):
            np.testing.assert_allclose(b, a, atol=1e-4, err_msg=name)
    assert (tmp_path / "straight" / "log.csv").read_text().split(",")[0] == "epoch"


@pytest.mark.training
def test_a_new_table_takes_over_the_classes_it_shares(configured, data, tmp_path):
    DatasetTrainer(configured(epochs=1), tmp_path / "old").run()
    (tmp_path / "new.txt").write_text("\n".join(["blank", *"zhgfedcba"]))
    new = DatasetTrainer(
        configured(charset=str(tmp_path / "new.txt"), start_from=str(tmp_path / "old" / "CRNN.h5")), "none"
    )
    kernel, bias = new.network.predict_core.get_layer("blstm2_out").get_weights()
    old_kernel, old_bias = weights_of(tmp_path / "old")["blstm2_out"]
    old, own = Charset(CHARACTERS), Charset(["blank", *"zhgfedcba"])
    for character in " abcdefgh":
        np.testing.assert_allclose(kernel[:, own.labels[character]], old_kernel[:, old.labels[character]], atol=1e-3)
    np.testing.assert_allclose(kernel[:, own.blank], old_kernel[:, old.blank], atol=1e-3)
    assert bias[own.labels["z"]] == pytest.approx(old_bias.mean(), abs=1e-3)


def test_batches_are_read_ahead_in_order():
    class Loader(list):
        workers, max_queue_size = 2, 3

    assert list(read_ahead(Loader(range(10)), 4)) == [4, 5, 6, 7, 8, 9]
    assert list(read_ahead(Loader(range(2)), 0)) == [0, 1]
    assert list(read_ahead(Loader(range(2)), 2)) == []


def start_training(data, folder, **options):
    """Start the script itself, in a process of its own."""
    command = [sys.executable, str(ROOT / "train.py"), "--data", str(data), "--folder", str(folder)]
    command += ["--start-from", "none", "--epochs", "3", "--batch-size", "4", "--deterministic"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells which signals are caught")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_counts_while_it_starts(data, tmp_path, number):
    process = start_training(data, tmp_path / "run")
    while not catches(process, signal.SIGTERM):
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    lines = [line for line in said.splitlines() if not re.match("WARNING: All log|I0000 ", line)]  # of TensorFlow
    assert lines[-1] == ("interrupted" if number == signal.SIGINT else "terminated") and len(lines) <= 2, said
    assert not (tmp_path / "run").exists()


def catches(process, number):
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)
    return caught >> (number - 1) & 1


@pytest.mark.training
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_by_a_signal_it_goes_on(data, tmp_path, number):
    """A process that a signal ends in its second epoch, and one that takes the training up."""
    process = start_training(data, tmp_path / "run")
    for line in process.stderr:
        if "test batch" in line:
            break
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number), said
    assert "Traceback" not in said
    again = start_training(data, tmp_path / "run")
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert [row["epoch"] for row in read_log(tmp_path / "run")] == ["1", "2", "3"]
