import keras
import numpy as np
import pytest

from crnn import backend
from crnn.network import CRNN
from crnn.prediction import BLSTM, predictor


@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 40), (3, 17)])
def test_blstm_is_keras_own(batch, steps):
    keras.utils.set_random_seed(1)
    layer = keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True, bias_initializer="normal"))
    x = np.random.default_rng(0).normal(size=(batch, steps, 24)).astype(np.float32)
    expected = np.asarray(layer(x))
    np.testing.assert_allclose(BLSTM(layer)(x), expected, atol=1e-5)


def test_predictor_is_predict_core():
    keras.utils.set_random_seed(2)
    network = CRNN(classes=50)
    pictures = np.random.default_rng(1).uniform(0, 255, (2, 32, 96, 1)).astype(np.float32)
    expected = backend.traced(network.predict_core)(pictures)
    np.testing.assert_allclose(predictor(network)(pictures), expected, atol=1e-5)
