import keras
import numpy as np
import pytest

from crnn.geometry import time_steps
from crnn.model import backend
from crnn.model.network import CRNN, LSTM


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return CRNN()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("conv1", (32, 280, 64)),
        ("max1", (16, 140, 64)),
        ("conv2", (16, 140, 128)),
        ("max2", (8, 70, 128)),
        ("conv3", (8, 70, 256)),
        ("conv4", (8, 70, 256)),
        ("max3", (4, 70, 256)),
        ("conv5", (4, 70, 512)),
        ("conv6", (4, 70, 512)),
        ("max4", (2, 70, 512)),
        ("con7", (1, 69, 512)),
        ("squeeze", (69, 512)),
        ("blstm1", (69, 512)),
        ("blstm2", (69, 512)),
        ("blstm2_out", (69, 5991)),
    ],
)
def test_shapes_at_width_280(network, layer, shape):
    core = network.predict_core
    upto = keras.Model(core.input, core.get_layer(layer).output)
    assert upto(np.zeros((1, 32, 280, 1), np.float32)).shape[1:] == shape


def test_names_and_size(network):
    assert network.predict_core.count_params() == 11_776_103
    assert network.predict_core.input.name == "vgg_input"
    names = [tensor.name for tensor in network.train_core.inputs]
    assert names == ["vgg_input", "the_labels", "input_length", "label_length"]


@pytest.mark.parametrize("width", [16, 100, 280, 283])
def test_steps_are_what_the_network_makes(network, width):
    assert network.predict_core(np.zeros((1, 32, width, 1), np.float32)).shape == (1, time_steps(width), 5991)


def test_probabilities_sum_to_one(network):
    out = network.predict_core(np.random.default_rng(0).uniform(0, 255, (1, 32, 64, 1)).astype(np.float32))
    np.testing.assert_allclose(np.asarray(out).sum(-1), 1, rtol=1e-5)


def test_train_core_and_predict_core_share_their_layers(network):
    assert network.train_core.get_layer("blstm2_out") is network.predict_core.get_layer("blstm2_out")
    loss = network.train_core(
        [np.zeros((2, 32, 280, 1), np.float32), np.ones((2, 10), np.int32), np.full((2, 1), 69), np.full((2, 1), 10)]
    )
    assert np.asarray(loss).shape == (2, 1) and np.all(np.isfinite(np.asarray(loss)))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others leave Keras's layer as it is")
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_lstm_is_the_one_of_keras_and_so_are_its_gradients(backwards, training):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, direction = (tf.constant(rng.normal(size=(3, 7, size)), tf.float32) for size in (6, 5))
    ours, theirs = (
        layer(5, return_sequences=True, go_backwards=backwards, bias_initializer="normal")
        for layer in (LSTM, keras.layers.LSTM)
    )
    theirs.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())

    def values(layer):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training)
            moved = tf.reduce_sum(y * direction)
        return [y, *tape.gradient(moved, [x, *layer.trainable_variables])]

    for our, their in zip(values(ours), values(theirs), strict=True):
        np.testing.assert_allclose(our, their, atol=1e-6)


@pytest.mark.skipif(not backend.has_faster_lstm(), reason="Keras's layer is left as it is")
def test_lstm_leaves_masks_and_initial_states_to_keras():
    x = np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32)
    ours, theirs = LSTM(5, return_sequences=True), keras.layers.LSTM(5, return_sequences=True)
    for layer in (ours, theirs):
        layer.build(x.shape)
    ours.set_weights(theirs.get_weights())
    mask, state = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool), [np.ones((2, 5), np.float32)] * 2
    for given in ({"mask": mask}, {"initial_state": state}):
        np.testing.assert_allclose(ours(x, **given), theirs(x, **given), atol=1e-6)
        assert np.abs(ours(x, **given) - ours(x)).max() > 0.01


def test_weights_file_is_one_that_keras_reads(network, tmp_path):
    path = tmp_path / "CRNN.h5"
    network.save_weights(path)
    assert path.stat().st_size < 25e6
    line = np.random.default_rng(1).uniform(0, 255, (1, 32, 100, 1)).astype(np.float32)
    ours, theirs = CRNN(), CRNN()
    ours.load_weights(path)
    theirs.train_core.load_weights(path)
    expected = np.asarray(ours.predict_core(line))
    np.testing.assert_array_equal(np.asarray(theirs.predict_core(line)), expected)
    np.testing.assert_allclose(np.asarray(network.predict_core(line)), expected, atol=1e-4)


def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(network, tmp_path):
    path = tmp_path / "small.h5"
    CRNN(classes=11).save_weights(path)
    before = [np.array(weight) for weight in network.predict_core.get_weights()]
    with pytest.raises(ValueError, match=r"small\.h5: layer blstm2_out .*\(512, 11\).*\(512, 5991\)"):
        network.load_weights(path)
    for old, new in zip(before, network.predict_core.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_missing_layer_is_named(network, tmp_path):
    import h5py

    path = tmp_path / "CRNN.h5"
    network.save_weights(path)
    with h5py.File(path, "a") as file:
        file.attrs["layer_names"] = [name for name in file.attrs["layer_names"] if name != b"conv6" and name != "conv6"]
    with pytest.raises(ValueError, match="layer conv6 is missing"):
        network.load_weights(path)
