"""Files that are damaged or foreign: a message that names the file, and nothing taken from them."""

import json
import os
import re
import zipfile

import h5py
import keras
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.files import read_arrays
from crnn.inference.engines import load_engine, onnx_predict
from crnn.inference.ngram_lm import NGrams
from crnn.model.network import CRNN
from crnn.model.weights_file import read, read_activation_ranges, write_activation_ranges
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.line_store import LineStore, save
from crnn.training.checkpoint import Checkpoint

CLASSES = 5
MUTATIONS = 150


def mutations(content, seed):
    """Damaged copies of a file: cut, with other bytes, or with a part moved."""
    rng = np.random.default_rng(seed)
    for number in range(MUTATIONS):
        data = bytearray(content)
        if number % 3 == 0:
            data = data[: rng.integers(len(data))]
        elif number % 3 == 1:
            for place in rng.integers(len(data), size=rng.integers(1, 9)):
                data[place] = rng.integers(256)
        else:
            a, b, length = rng.integers(len(data), size=3) // (1, 1, 4)
            data[a : a + length] = data[b : b + length]
        yield bytes(data)


def refusals(path, load, seed=0):
    """Load mutations of a file: each loads, or fails with a message that names it; give the messages."""
    content = path.read_bytes()
    for data in mutations(content, seed):
        path.write_bytes(data)
        try:
            load(path)
        except (ValueError, OSError) as error:
            assert str(path) in str(error) and "\n" not in str(error)
            yield str(error)
    path.write_bytes(content)
    load(path)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("weights") / "CRNN.h5"
    CRNN(CLASSES).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def ngrams(tmp_path):
    path = tmp_path / "ngrams.npz"
    NGrams.from_texts(["abcabcabd", "abc"] * 9, Charset(["blank", *"abcd"]), min_counts=(1, 1, 1, 1)).save(path)
    return path


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.npz"
    rng = np.random.default_rng(0)
    image, places = rng.integers(0, 256, (32, 50), np.uint8), np.array([1.0, 20.0])
    save([LineSample(image, "ab", places, places + 9, "words")] * 3, path)
    return path


class Variable:
    def __init__(self, shape):
        self.shape, self.value = shape, None

    def assign(self, value):
        self.value = value


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "state.npz"
    rng = np.random.default_rng(0)
    values = {f"network/{number}": rng.normal(size=(20, number + 1)).astype(np.float32) for number in range(9)}
    Checkpoint(path, {"seed": 1}).write(values, {"step": 3})
    return path


def resume(path):
    checkpoint = Checkpoint(path, {"seed": 1})
    assert checkpoint.progress({"step": int})["step"] >= 0
    variables = {f"network/{number}": Variable((20, number + 1)) for number in range(9)}
    try:
        checkpoint.restore(variables)
    except ValueError:
        assert all(variable.value is None for variable in variables.values())
        raise


def test_damaged_weights(weights, tmp_path):
    path = tmp_path / "CRNN.h5"
    path.write_bytes(weights[:60_000] + weights[-40_000:])  # the structure, and few of the values
    for data in mutations(path.read_bytes(), 1):
        path.write_bytes(data)
        with pytest.raises((ValueError, OSError), match=r"CRNN\.h5"):
            read(path)


def test_damaged_ngrams_states_and_lines(ngrams, state, lines):
    assert len(list(refusals(ngrams, NGrams.load))) > MUTATIONS / 3
    assert len(list(refusals(state, resume))) > MUTATIONS / 3
    assert len(list(refusals(lines, LineStore))) > MUTATIONS / 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda values: values.__setitem__((0, 0), np.nan), "weights that are not finite"),
        (lambda values: values.__setitem__((0, 0), np.inf), "weights that are not finite"),
        (lambda values: values.fill(0), "weights that are all zero"),
    ],
)
def test_weights_that_no_training_ends_with_are_refused(weights, tmp_path, change, reason):
    path = tmp_path / "CRNN.h5"
    path.write_bytes(weights)
    with h5py.File(path, "r+") as file:
        data = file["blstm2_out/blstm2_out/kernel:0"]
        values = data[()]
        change(values)
        data[...] = values
    for engine in ("onnx-float32", "keras"):
        with pytest.raises(ValueError, match=rf"CRNN\.h5: layer blstm2_out has {reason}"):
            load_engine(path, CLASSES, engine)


def test_hdf5_that_points_elsewhere_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(16)))
    for kind in ("external storage", "external link", "soft link", "virtual"):
        path = tmp_path / "CRNN.h5"
        with h5py.File(path, "w", libver="earliest" if kind != "virtual" else None) as file:
            file.attrs["layer_names"] = ["conv1"]
            group = file.create_group("conv1")
            group.attrs["weight_names"] = ["bias"]
            if kind == "external storage":
                group.create_dataset("bias", (4,), "f4", external=[(str(secret), 0, 16)])
            elif kind == "external link":
                group["bias"] = h5py.ExternalLink(str(secret), "/bias")
            elif kind == "soft link":
                group["bias"] = h5py.SoftLink("/other")
            else:
                layout = h5py.VirtualLayout((4,), "f4")
                layout[:] = h5py.VirtualSource(str(secret), "bias", (4,))
                group.create_virtual_dataset("bias", layout)
        with pytest.raises(ValueError, match=r"CRNN\.h5"):
            read(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, make):
    path = tmp_path / "file"
    make(path)
    for load in (read, read_activation_ranges, NGrams.load, LineStore, resume, Charset.from_file, read_arrays):
        with pytest.raises((OSError, ValueError), match=str(path)):
            load(path)
    make(tmp_path / "file.onnx")
    with pytest.raises(OSError, match=r"file\.onnx"):
        onnx_predict(str(tmp_path / "file.onnx"))


def test_a_file_that_claims_more_than_it_has_takes_no_memory(tmp_path):
    path = tmp_path / "arrays.npz"
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    header += b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", header + bytes(80))
    with pytest.raises(ValueError, match="claims the shape"):
        read_arrays(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a.npy", "w", force_zip64=True) as member:
            for _ in range(2049):
                member.write(bytes(2**20))
    assert path.stat().st_size < 3_000_000
    with pytest.raises(ValueError, match="its arrays would take 2148532224 bytes"):
        read_arrays(path)


def test_no_file_is_unpickled(tmp_path):
    class Boom:
        def __reduce__(self):
            return print, ("unpickled",)

    path = tmp_path / "ngrams.npz"
    np.savez(path, label1=np.array([Boom()], object), size=5)
    with pytest.raises(ValueError, match=r"ngrams\.npz is no file of n-grams"):
        NGrams.load(path)


def test_ngrams_of_another_table_are_refused(ngrams, tmp_path):
    Charset(["blank", *"abcdef"]).save(tmp_path / "charset.txt")
    with pytest.raises(ValueError, match=r"ngrams\.npz counts a table of 5 labels, that of .*CRNN\.h5 has 7"):
        NGrams.for_weights(tmp_path / "CRNN.h5")


@pytest.mark.parametrize("progress", [{}, {"step": "3"}, {"step": 3, "__class__": 1}, [], "text"])
def test_a_state_of_something_else_is_refused(state, progress):
    arrays = read_arrays(state) | {"progress": np.array(json.dumps(progress))}
    np.savez(state, **arrays)
    with pytest.raises(ValueError, match=r"state\.npz is no state of a training \(.+\): delete it to start anew"):
        resume(state)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_states_that_no_training_ends_with_are_refused(state, value):
    arrays = read_arrays(state)
    arrays["network/3"][2, 1] = value
    np.savez(state, **arrays)
    with pytest.raises(ValueError, match=r"state\.npz is no state of a training \(network/3 is not finite"):
        resume(state)


def test_activation_ranges_are_written_whole_or_not_at_all(weights, tmp_path):
    path = tmp_path / "CRNN.h5"
    path.write_bytes(weights)
    with pytest.raises(KeyError):
        write_activation_ranges(path, {"conv1": 1.0, "none": 2.0})
    assert path.read_bytes() == weights and os.listdir(tmp_path) == ["CRNN.h5"]
    write_activation_ranges(path, {"conv1": 1.0})
    assert read_activation_ranges(path) == {"conv1": 1.0}


def test_weights_of_other_programs_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "empty.h5").touch()
    for name in ("model.keras", "model.weights.h5", "empty.h5", "missing.h5"):
        for engine in ("onnx-float32", "keras"):
            with pytest.raises((ValueError, OSError), match=re.escape(name)):
                load_engine(tmp_path / name, CLASSES, engine)
