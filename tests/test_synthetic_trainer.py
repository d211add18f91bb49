from dataclasses import replace

import keras
import numpy as np
import pytest

from crnn.model.network import CRNN
from crnn.synthesis.source import LineSource
from crnn.training.recipe import Stage, SyntheticRecipe
from crnn.training.synthetic_trainer import SyntheticTrainer


@pytest.fixture
def make_trainer(font_folder, tmp_path):
    def make(name, lines=(2, 4, 2, 2)):
        kinds = ("frames_cnn frames cnn", "frames_lstm frames lstm", "ctc_1 ctc all", "ctc_2 ctc all")
        stages = [
            Stage(*kind.split(), count, 1e-3, decay_fraction=0.5, warm_up=2, batch_size=2)
            for kind, count in zip(kinds, lines, strict=True)
        ]
        stages[-1] = replace(stages[-1], frozen=("conv1", "conv2"))
        source = LineSource((font_folder,), seed=1, system_fonts=False)
        return SyntheticTrainer(SyntheticRecipe(tuple(stages)), source, source, tmp_path / name, heldout_lines=8)

    return make


def moved(before, after):
    """Names of the layers whose values differ between two models."""
    pairs = ((layer.name, layer.get_weights(), after.get_layer(layer.name).get_weights()) for layer in before.layers)
    return {name for name, old, new in pairs if any(np.any(a != b) for a, b in zip(old, new, strict=True))}


def test_rate_warms_up_and_decays():
    stage = Stage("ctc_1", "ctc", "all", 1000, learning_rate=1.0, decay_fraction=0.5, warm_up=10, batch_size=10)
    rates = [stage.learning_rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[20] == 1 and rates[75] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0.02) and max(rates) == 1


@pytest.mark.training
def test_a_run_that_is_stopped_and_taken_up_gives_the_weights_of_one_that_is_not(make_trainer):
    straight = make_trainer("straight")
    assert straight.run()
    broken = make_trainer("broken")
    broken.on_step = lambda: broken.stop() if broken.stage == 1 else None  # amid the second stage
    assert not broken.run()
    assert broken.lines_seen == 4
    last = make_trainer("broken")
    assert last.run()
    for want, have in zip(
        straight.network.predict_core.get_weights(), last.network.predict_core.get_weights(), strict=True
    ):
        np.testing.assert_allclose(have, want, atol=2e-5)


@pytest.mark.training
def test_the_last_two_stages_are_averaged(make_trainer):
    trainer = make_trainer("average", lines=(0, 0, 2, 2))
    trainer.run()
    before = CRNN(trainer.charset.classes)
    before.load_weights(trainer.folder / "ctc_1.h5")
    average = CRNN(trainer.charset.classes)
    average.load_weights(trainer.folder / "CRNN.h5")
    cores = (before.predict_core, trainer.network.predict_core, average.predict_core)
    share = trainer.recipe.previous_weight
    for old, new, kept in zip(*(core.get_weights() for core in cores), strict=True):
        np.testing.assert_allclose(kept, share * old + (1 - share) * new, atol=1e-3, rtol=1e-3)
    assert moved(before.predict_core, trainer.network.predict_core) == {
        "conv3",
        "conv4",
        "conv5",
        "conv5_bn",
        "conv6",
        "conv6_bn",
        "con7",
        "blstm1",
        "blstm2",
        "blstm2_out",
    }  # fmt: skip - conv1 and conv2 are frozen


@pytest.mark.training
def test_stages_train_what_they_should(make_trainer):
    trainer = make_trainer("stages", lines=(2, 2, 0, 0))
    before = keras.models.clone_model(trainer.network.predict_core)
    before.set_weights(trainer.network.predict_core.get_weights())
    trainer.run()
    assert {"conv1", "con7", "blstm1", "blstm2", "blstm2_out"} <= moved(before, trainer.network.predict_core)
    assert (trainer.folder / "CRNN.h5").exists() and (trainer.folder / "recipe.json").exists()


@pytest.mark.training
def test_a_state_of_another_recipe_is_refused(make_trainer):
    make_trainer("state", lines=(2, 0, 0, 0)).run()
    with pytest.raises(ValueError, match="a training with another stages"):
        make_trainer("state", lines=(4, 0, 0, 0)).run()


def test_later_stages_go_on_from_a_weights_file(make_trainer, tmp_path):
    before = make_trainer("before", lines=(0, 0, 0, 2))
    before.network.save_weights(tmp_path / "before.h5", "float32")
    recipe = replace(before.recipe, seed=2, start_from=str(tmp_path / "before.h5")).only(["ctc_1"])
    trainer = SyntheticTrainer(recipe, before.source, before.source, tmp_path / "after", heldout_lines=8)
    assert "conv3" in moved(before.network.predict_core, trainer.network.predict_core)  # other random values
    trainer.restore()
    assert not moved(before.network.predict_core, trainer.network.predict_core)


@pytest.mark.parametrize(
    "start_from, names, reason",
    [
        (None, ["ctc_1"], "stage ctc_1 goes on from weights: name them with --start-from"),
        (
            "weights.h5",
            ["frames_cnn", "ctc_1"],
            "stage frames_cnn starts from random weights: give no --start-from with it",
        ),
        (None, ["frames_cnn", "ctc_77"], "the recipe has no stage ctc_77"),
    ],
)
def test_stages_that_cannot_start_so_are_refused(start_from, names, reason):
    with pytest.raises(ValueError, match=reason):
        SyntheticRecipe(start_from=start_from).only(names)


@pytest.mark.parametrize(
    "objective, trains, reason",
    [
        ("columns", "cnn", "stage new: objective 'columns' is none of frames, ctc"),
        ("frames", "blstm", "stage new: trains 'blstm' is none of cnn, lstm, all"),
        ("ctc", "cnn", "stage new: the convolutions alone are trained with the objective frames"),
    ],
)
def test_a_stage_that_nothing_can_train_is_refused(objective, trains, reason):
    with pytest.raises(ValueError, match=reason):
        Stage("new", objective, trains, 100, 1e-3, decay_fraction=0.5)
