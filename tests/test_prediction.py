import keras
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.inference import engines as prediction
from crnn.inference import onnx_graph as graph
from crnn.inference.engines import load_engine
from crnn.model import backend
from crnn.model.network import CRNN
from crnn.model.weights_file import write_activation_ranges
from crnn.tools import export
from crnn.tools.calibrate_int8 import measure_activation_ranges

CLASSES = 50


@pytest.fixture(scope="module")
def network():
    """Random weights; the batch norms have something to do."""
    keras.utils.set_random_seed(2)
    network = CRNN(CLASSES)
    rng = np.random.default_rng(0)
    for layer in network.predict_core.layers:
        if layer.name.endswith("_bn"):
            layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return network


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "CRNN.h5"
    network.save_weights(path, "float32")
    return path


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).uniform(0, 255, (2, 32, 96, 1)).astype(np.float32)


@pytest.mark.parametrize("engine", prediction.ENGINES)
@pytest.mark.parametrize("width", [16, 96])
def test_engines_compute_predict_core(network, weights, pictures, engine, width):
    expected = backend.traced(network.predict_core)(pictures[:, :, :width])
    loaded = load_engine(weights, CLASSES, engine)
    assert not loaded.has_integers
    np.testing.assert_allclose(loaded.predict(pictures[:, :, :width]), expected, atol=1e-5)


def test_exports_compute_predict_core(network, weights, pictures, tmp_path):
    (weights.parent / "charset.txt").write_text("\n".join(map(chr, range(0x4E00, 0x4E00 + CLASSES - 1))))
    expected = backend.traced(network.predict_core)(pictures)
    for path in (tmp_path / "crnn.onnx", tmp_path / "saved"):
        np.testing.assert_allclose(export.export(path, weights)(pictures), expected, atol=1e-5)
    np.testing.assert_allclose(load_engine(tmp_path / "crnn.onnx", CLASSES).predict(pictures), expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"crnn\.onnx: has 50 classes, the table of labels has 60"):
        load_engine(tmp_path / "crnn.onnx", 60)


def test_the_graph_knows_the_shapes_of_the_network(network):
    layers = (layer for layer in network.predict_core.layers if layer.weights)
    assert graph.shapes(CLASSES) == {layer.name: [tuple(w.shape) for w in layer.weights] for layer in layers}


def test_integers_come_close(network, weights, pictures, tmp_path, monkeypatch):
    """Read with integers alone, whatever this processor can do."""
    path = tmp_path / "CRNN.h5"
    path.write_bytes(weights.read_bytes())
    (tmp_path / "charset.txt").write_text("\n".join(map(chr, range(0x4E00, 0x4E00 + CLASSES - 1))))
    write_activation_ranges(
        path, measure_activation_ranges(path, [picture[..., 0].astype(np.uint8) for picture in pictures])
    )
    monkeypatch.setattr(prediction, "multiplies_integers_fast", lambda: True)
    expected = backend.traced(network.predict_core)(pictures)
    loaded = load_engine(path, CLASSES)
    assert loaded.has_integers and 0 < np.abs(loaded.predict(pictures) - expected).max() < 0.05
    in_float32 = load_engine(path, CLASSES, "onnx-float32")
    assert not in_float32.has_integers
    np.testing.assert_allclose(in_float32.predict(pictures), expected, atol=1e-5)
    network.predict_core.load_weights(path)  # Keras passes over the peaks


def test_weights_whose_peaks_are_not_all_known_are_read_in_float32(weights, tmp_path, monkeypatch):
    path = tmp_path / "CRNN.h5"
    path.write_bytes(weights.read_bytes())
    write_activation_ranges(path, {"conv1": 1.0})
    monkeypatch.setattr(prediction, "multiplies_integers_fast", lambda: True)
    assert not load_engine(path, CLASSES).has_integers


@pytest.mark.parametrize("engine", ["onnx", "keras"])
def test_a_file_that_does_not_fit_is_refused(weights, engine):
    with pytest.raises(ValueError, match=r"CRNN\.h5: layer blstm2_out .*\(512, 50\).*\(512, 60\)"):
        load_engine(weights, 60, engine)


def test_a_broken_onnx_file_is_refused(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    with pytest.raises(ValueError, match=r"broken\.onnx: ONNX Runtime cannot read it"):
        load_engine(tmp_path / "broken.onnx", CLASSES)


def test_an_unknown_engine_is_refused(weights):
    with pytest.raises(ValueError, match="steam: no such engine; there are onnx, onnx-float32, keras"):
        load_engine(weights, CLASSES, "steam")


def test_differences_counts_other_texts_in_a_table_larger_than_the_default():
    charset = Charset(["blank", *map(chr, range(0x4E00, 0x4E00 + 6000))])

    def reads(label):
        def predict(images):
            probabilities = np.zeros((len(images), images.shape[2] // 4 - 1, charset.classes), np.float32)
            probabilities[..., label] = 1
            return probabilities

        return predict

    pictures = [np.full((32, 100), 200, np.uint8)] * 3
    assert export.differences(reads(5999), reads(5999), pictures, charset) == (0.0, 0)
    assert export.differences(reads(5), reads(6000), pictures, charset) == (1.0, 3)
