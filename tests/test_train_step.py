"""The step of a training on the backend at hand, what feeds it, and what writes beside it."""

import threading

import keras
import numpy as np
import pytest

from crnn.model.losses import passthrough_loss
from crnn.model.network import CRNN
from crnn.training.checkpoint import BackgroundWriter
from crnn.training.line_cache import RECORD, cached_batches
from crnn.training.train_step import prefetch, train_step


@pytest.fixture
def half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


def a_batch():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 32, 120, 1), np.uint8)
    lengths = np.full((2, 1), 5, np.int32)
    inputs = [images, rng.integers(0, 39, (2, 5)).astype(np.int32), np.full_like(lengths, 29), lengths]
    return inputs, np.zeros((2, 1), np.float32)


def test_half_precision_scales_the_loss_and_passes_over_what_overflows(half_precision):
    keras.utils.set_random_seed(1)
    model = CRNN(40).train_core
    model.compile(keras.optimizers.Adam(global_clipnorm=5.0), loss=passthrough_loss)
    model.optimizer.build(model.trainable_variables)
    step = train_step(model)
    batch = step.put(a_batch())
    losses = [float(step(1e-3, batch)) for _ in range(20)]
    step.sync()
    assert losses[-1] < 0.8 * losses[0] and np.all(np.isfinite(losses))
    scale = model.optimizer.dynamic_scale
    assert float(scale) > 1
    scale.assign(2.0**126)  # no gradient of float16 is finite
    before = model.get_weights()
    step(1e-3, batch)
    step.sync()
    assert float(scale) == 2.0**125
    trained = {id(variable) for variable in model.trainable_variables}
    for variable, old in zip(model.weights, before, strict=True):
        if id(variable) in trained:
            np.testing.assert_array_equal(np.asarray(variable), old)


def test_batches_are_prepared_ahead_in_order():
    threads = set()

    def prepare(number):
        threads.add(threading.current_thread())
        return 10 * number

    assert list(prefetch(iter(range(5)), prepare)) == [0, 10, 20, 30, 40]
    assert list(prefetch(iter(()), prepare)) == []
    assert len(threads) == 1 and threading.current_thread() not in threads


def test_an_error_in_preparing_reaches_the_trainer_in_its_turn():
    def prepare(number):
        if number == 2:
            raise ValueError("batch 2")
        return number

    batches = prefetch(iter(range(5)), prepare)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(ValueError, match="batch 2"):
        next(batches)


def test_what_is_written_beside_the_training_is_complete_at_its_end(tmp_path):
    go, path = threading.Event(), tmp_path / "file"

    def write():
        go.wait()
        path.write_text("whole")

    with BackgroundWriter() as writer:
        writer.submit(write)
        assert not path.exists()
        go.set()
    assert path.read_text() == "whole"


def test_an_error_in_writing_is_told_with_the_next_write():
    def fail():
        raise OSError("disk full")

    with BackgroundWriter() as writer:
        writer.submit(fail)
        with pytest.raises(OSError, match="disk full"):
            writer.submit(lambda: None)


class Drawn:
    """Batches of two lines that say their numbers, instead of ``BatchStream``."""

    def __init__(self, first):
        self.number = first

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __next__(self):
        from crnn.synthesis.batch_stream import TIME_STEPS, LineBatch

        lines = np.arange(2 * self.number, 2 * self.number + 2, dtype=np.int32)
        self.number += 1
        labels = np.repeat(lines[:, None], TIME_STEPS, 1)
        images = np.broadcast_to(lines[:, None, None, None], (2, 32, 280, 1)).astype(np.uint8)
        return LineBatch(images, labels, lines[:, None] + 1, labels + 100, ())


def numbers(batches, count):
    """The numbers of the lines of some batches, after a look at all their fields."""
    found = []
    for _, batch in zip(range(count), batches, strict=False):
        lines = batch.labels[:, 0]
        np.testing.assert_array_equal(batch.images[:, 5, 7, 0], lines)
        np.testing.assert_array_equal(batch.label_length[:, 0], lines + 1)
        np.testing.assert_array_equal(batch.frame_labels[:, 3], lines + 100)
        found.append(lines.tolist())
    return found


def test_cached_lines_come_as_drawn_and_then_in_other_orders(tmp_path):
    path = tmp_path / "lines.bin"
    got = numbers(cached_batches(Drawn, path, 7, 2, seed=1), 12)  # the seventh line makes no batch
    assert got[:3] == [[0, 1], [2, 3], [4, 5]]
    for epoch in range(1, 4):
        some = sum(got[3 * epoch : 3 * epoch + 3], [])
        assert sorted(some) == list(range(6)) and some != list(range(6))
    assert got[3:6] != got[6:9]
    assert path.stat().st_size == 6 * RECORD.itemsize
    for first in (2, 4, 11):
        assert numbers(cached_batches(Drawn, path, 7, 2, first, seed=1), 12 - first) == got[first:]


def test_a_cache_that_is_gone_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"lines\.bin does not hold the 6 lines that the training began with"):
        next(cached_batches(Drawn, tmp_path / "lines.bin", 6, 2, first=1))
