"""Training with the rounding of 8-bit integers: that it is the rounding of reading, and passes gradients."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from crnn.inference.engines import onnx_predict
from crnn.inference.onnx_graph import graph_from_weights
from crnn.model import backend
from crnn.model.network import CRNN
from crnn.model.quantization import Rounding
from crnn.model.weights_file import read_activation_ranges
from crnn.synthesis.source import LineSource
from crnn.training.recipe import Stage, SyntheticRecipe
from crnn.training.synthetic_trainer import SyntheticTrainer

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 32, 64, 1)).astype(np.float32)


def test_nothing_is_rounded_before_there_are_ranges():
    rounding, values = Rounding(), ops.convert_to_tensor([[0.123, -0.456]])
    assert rounding.kernel(values, "float32") is values
    assert rounding.states(values) is values and rounding.outputs("conv1", values) is values


def test_values_are_rounded_to_multiples_of_their_scale():
    rounding = Rounding()
    rounding.ranges = {"conv1": 51.0}
    np.testing.assert_allclose(
        rounding.outputs("conv1", ops.convert_to_tensor([-1.0, 0.29, 7.0, 60.0])), [0, 0.2, 7, 51]
    )
    kernel = rounding.kernel(ops.convert_to_tensor([[1.27, 0.0], [0.016, 0.0]]), "float32")
    np.testing.assert_allclose(kernel, [[1.27, 0], [0.02, 0]], atol=1e-6)
    np.testing.assert_allclose(
        rounding.states(ops.convert_to_tensor([-1.0, 0.004, 0.003])), [-1, 1 / 127, 0], atol=1e-6
    )


def test_the_gradient_passes_as_if_nothing_were_rounded():
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    rounding = Rounding()
    rounding.ranges = {"conv1": 2.0}
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: rounding.outputs("conv1", x)), layer])
    model.compile(keras.optimizers.SGD(1.0), loss="mse")
    before = layer.kernel.numpy()
    model.train_on_batch(np.full((1, 4), 0.5, np.float32), np.ones((1, 3), np.float32))
    assert np.abs(layer.kernel.numpy() - before).min() > 1e-3


def test_a_rounded_network_computes_what_reading_with_integers_does(tmp_path):
    keras.utils.set_random_seed(3)
    network = CRNN(40)
    exact = backend.traced(network.predict_core)(IMAGES)
    network.save_weights(tmp_path / "weights.h5", "float32")
    network.round_like(IMAGES)
    rounded = backend.traced(network.predict_core)(IMAGES)
    integers = onnx_predict(graph_from_weights(tmp_path / "weights.h5", 40, network.rounding.ranges))(IMAGES)
    assert np.abs(integers - exact).mean() > 1.3 * np.abs(integers - rounded).mean() > 0


@pytest.mark.training
def test_the_last_phase_trains_with_rounding_and_writes_the_ranges(font_folder, tmp_path):
    keras.utils.set_random_seed(1)
    CRNN().save_weights(tmp_path / "before.h5")
    stages = Stage("ctc_1", "ctc", "all", 1, 4e-3, 0.5), Stage("int8", "ctc", "all", 1, 4e-3, 0.5, quantized=True)
    source = LineSource((font_folder,), seed=1, system_fonts=False)
    recipe = SyntheticRecipe(stages, lines=8, batch_size=2, start_from=str(tmp_path / "before.h5"))

    def trainer(name):
        return SyntheticTrainer(recipe, source, source, tmp_path / name, heldout_lines=8)

    whole, stopped = trainer("whole"), trainer("stopped")
    assert whole.run() and stopped.run(should_stop=lambda: (stopped.number, stopped.step) == (1, 1)) is False
    average = whole.network.predict_core.get_layer("conv5_bn").get_weights()
    resumed = trainer("stopped")
    assert resumed.run()
    assert resumed.network.rounding.ranges == pytest.approx(whole.network.rounding.ranges, rel=1e-3)
    ranges = read_activation_ranges(tmp_path / "stopped" / "CRNN.h5")
    assert ranges == pytest.approx(whole.network.rounding.ranges, rel=1e-3) and len(ranges) == 7
    assert [report["stage"] for report in whole.reports] == ["ctc_1", "int8"]
    before = CRNN()
    before.load_weights(tmp_path / "whole" / "CRNN.h5")
    for have, want in zip(average, before.predict_core.get_layer("conv5_bn").get_weights(), strict=True):
        np.testing.assert_allclose(have, want, atol=1e-3)


def test_a_quantized_stage_belongs_to_the_last_phase():
    assert Stage("a", "ctc", "all", 1, 1e-3, 0.5, quantized=True).phase == "int8"
    only = replace(SyntheticRecipe(), start_from="weights.h5").only(["int8"])
    assert [stage.quantized for stage in only.stages] == [True]
