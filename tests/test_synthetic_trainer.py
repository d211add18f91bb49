from dataclasses import replace

import keras
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.model.network import CRNN
from crnn.synthesis.batch_stream import make_batch
from crnn.synthesis.source import LineSource
from crnn.training.line_cache import RECORD
from crnn.training.recipe import Stage, SyntheticRecipe, scale_of
from crnn.training.synthetic_trainer import SyntheticTrainer


@pytest.fixture
def make_trainer(font_folder, tmp_path):
    def make(name, shares=(1, 2, 1, 1), **recipe):
        """A trainer of ten lines in batches of two: one step of each stage, and two of the second."""
        kinds = ("frames_cnn frames cnn", "frames_lstm frames lstm", "ctc_1 ctc all", "ctc_2 ctc all")
        stages = [
            Stage(*kind.split(), share, 4e-3, decay_fraction=0.5, warm_up=2)
            for kind, share in zip(kinds, shares, strict=True)
        ]
        stages[-1] = replace(stages[-1], frozen=("conv1", "conv2"))
        stages = tuple(stage for stage in stages if stage.share)
        source = LineSource((font_folder,), seed=1, system_fonts=False)
        recipe = SyntheticRecipe(stages, **{"lines": 10, "batch_size": 2} | recipe)
        return SyntheticTrainer(recipe, source, source, tmp_path / name, heldout_lines=8)

    return make


def moved(before, after):
    """Names of the layers whose values differ between two models."""
    pairs = ((layer.name, layer.get_weights(), after.get_layer(layer.name).get_weights()) for layer in before.layers)
    return {name for name, old, new in pairs if any(np.any(a != b) for a, b in zip(old, new, strict=True))}


@pytest.mark.training
def test_a_run_that_is_stopped_and_taken_up_gives_the_weights_of_one_that_is_not(make_trainer):
    straight = make_trainer("straight")
    assert straight.run()
    broken = make_trainer("broken")
    assert not broken.run(should_stop=lambda: (broken.number, broken.step) == (1, 1))  # amid the second stage
    assert broken.spent.lines == 4
    last = make_trainer("broken")
    assert last.run()
    for want, have in zip(
        straight.network.predict_core.get_weights(), last.network.predict_core.get_weights(), strict=True
    ):
        np.testing.assert_allclose(have, want, atol=1e-4)  # Muon amplifies what rounding differs by


@pytest.mark.training
def test_the_last_two_stages_are_averaged(make_trainer):
    trainer = make_trainer("average", shares=(0, 0, 1, 1), lines=4)
    trainer.run()
    before = CRNN(trainer.charset.classes)
    before.load_weights(trainer.folder / "ctc_1.h5")
    after = CRNN(trainer.charset.classes)
    after.load_weights(trainer.folder / "ctc_2.h5")
    average = CRNN(trainer.charset.classes)
    average.load_weights(trainer.folder / "CRNN.h5")
    cores = (before.predict_core, after.predict_core, average.predict_core)
    share = trainer.recipe.previous_weight
    for old, new, kept in zip(*(core.get_weights() for core in cores), strict=True):
        np.testing.assert_allclose(kept, share * old + (1 - share) * new, atol=1e-3, rtol=1e-3)
    assert not moved(average.predict_core, trainer.network.predict_core)
    assert moved(before.predict_core, after.predict_core) == {
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
    trainer = make_trainer("stages", shares=(1, 1, 0, 0), lines=4)
    before = keras.models.clone_model(trainer.network.predict_core)
    before.set_weights(trainer.network.predict_core.get_weights())
    trainer.run()
    assert {"conv1", "con7", "blstm1", "blstm2", "blstm2_out"} <= moved(before, trainer.network.predict_core)
    assert (trainer.folder / "CRNN.h5").exists() and (trainer.folder / "recipe.json").exists()


@pytest.mark.training
def test_a_state_of_another_recipe_is_refused(make_trainer):
    make_trainer("state", shares=(1, 0, 0, 0), lines=2).run()
    with pytest.raises(ValueError, match="a training with another lines"):
        make_trainer("state", shares=(1, 0, 0, 0), lines=4).run()


def test_later_stages_go_on_from_a_weights_file(make_trainer, tmp_path):
    before = make_trainer("before", shares=(0, 0, 1, 0), lines=2)
    before.network.save_weights(tmp_path / "before.h5", "float32")
    recipe = replace(before.recipe, seed=2, start_from=str(tmp_path / "before.h5"))
    trainer = SyntheticTrainer(recipe, before.source, before.source, tmp_path / "after", heldout_lines=8)
    assert "conv3" in moved(before.network.predict_core, trainer.network.predict_core)  # other random values
    trainer.restore()
    assert not moved(before.network.predict_core, trainer.network.predict_core)


class Clock:
    """Seconds that pass with each step alone."""

    def __init__(self, trainer, seconds):
        self.now = 0.0
        trainer.clock = lambda: self.now
        trainer.on_step = self.step
        self.seconds, self.rates, self.trainer = seconds, [], trainer

    def step(self):
        self.now += self.seconds
        self.rates.append(float(self.trainer.model.model.optimizer.learning_rate))


@pytest.mark.training
def test_a_training_of_hours_ends_with_them_and_a_resumed_one_takes_what_is_left(make_trainer):
    trainer = make_trainer("hours", shares=(1, 0, 0, 0), lines=99_999, hours=1.0)
    clock = Clock(trainer, 600)
    assert not trainer.run(should_stop=lambda: len(clock.rates) == 2) and trainer.hours == pytest.approx(1 / 3)
    resumed = make_trainer("hours", shares=(1, 0, 0, 0), lines=99_999, hours=1.0)
    later = Clock(resumed, 600)
    assert resumed.run() and len(later.rates) == 4
    height = 4e-3 * scale_of(2)
    expected = [height * share for share in (0.5, 1, 1, 1, 2 / 3, 1 / 3)]  # half an hour up, half an hour down
    assert clock.rates + later.rates == pytest.approx(expected)


@pytest.mark.training
def test_cached_lines_train_as_drawn_ones_do_and_are_not_drawn_again(make_trainer, monkeypatch):
    drawn = make_trainer("drawn", shares=(1, 0, 0, 0), lines=4)
    assert drawn.run()
    trainer = make_trainer("cached", shares=(1, 0, 0, 0), lines=8, cache_lines=4)
    assert not trainer.run(should_stop=lambda: trainer.step == 3)
    assert (trainer.folder / "lines.bin").stat().st_size == 4 * RECORD.itemsize
    monkeypatch.setattr("crnn.training.synthetic_trainer.BatchStream", None)
    resumed = make_trainer("cached", shares=(1, 0, 0, 0), lines=8, cache_lines=4)
    assert resumed.run() and resumed.spent.lines == 8


@pytest.mark.training
def test_the_table_of_labels_lies_beside_the_weights(make_trainer):
    trainer = make_trainer("table", shares=(1, 0, 0, 0), lines=2)
    trainer.run()
    assert Charset.for_weights(trainer.folder / "CRNN.h5").characters == trainer.charset.characters


@pytest.mark.training
def test_a_failure_of_drawing_is_told_with_the_state_saved(make_trainer, monkeypatch):
    trainer = make_trainer("failing", shares=(1, 0, 0, 0), lines=8)

    class Failing:
        def __init__(self, *_):
            self.left = 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise ChildProcessError("drawing batch 1 failed")
            return make_batch(trainer.source.generator(trainer.charset), 0, 2)

    monkeypatch.setattr("crnn.training.synthetic_trainer.BatchStream", Failing)
    with pytest.raises(ChildProcessError, match="drawing batch 1 failed"):
        trainer.run()
    saved = make_trainer("failing", shares=(1, 0, 0, 0), lines=8)
    saved.restore()
    assert saved.step == 1
