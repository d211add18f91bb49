"""One step of a training, compiled, on all devices: the loop of a trainer need not know the backend.

Keras's ``train_on_batch`` waits for the loss of each step, and with ``tf.distribute`` it gives every device the whole
batch. Here a step returns a loss that is still being computed, and each device gets its part of the batch.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import keras
import numpy as np

from crnn.model import backend
from crnn.training.recipe import CLIP_NORM

AHEAD = 2  # batches that lie on the devices before they are needed


class TrainStep(Protocol):
    """Train a compiled model whose optimizer is built."""

    def put(self, arrays: Any) -> Any:
        """Copy arrays of a batch to the devices, each its part.

        Args:
            arrays: an array, or a tuple or list of them; the first dimension counts the lines.
        """

    def __call__(self, rate: float, batch: Any) -> Any:
        """Take a step, and return its loss, a scalar that may still be computed.

        Args:
            rate: learning rate.
            batch: inputs, targets, and perhaps weights of the targets, as ``put`` returned them.
        """

    def sync(self) -> None:
        """Give the variables of the model and its optimizer the values that the steps came to."""


def train_step(model: keras.Model) -> TrainStep:
    """Return the step of a model for the backend at hand."""
    if backend.JAX:
        return _JaxStep(model)
    return _TensorFlowStep(model) if backend.TENSORFLOW else _KerasStep(model)


def clip_norm() -> float:
    """Return the norm that the optimizer must clip gradients to, for ``train_step``.

    With ``tf.distribute`` the optimizer adds up the gradients of the devices after clipping them; see
    ``_TensorFlowStep``.
    """
    return CLIP_NORM / backend.replicas()


def prefetch(batches: Iterator, prepare: Callable[[Any], Any]) -> Generator[Any, None, None]:
    """Yield what ``prepare`` makes of each batch, the next ones being prepared in a thread meanwhile.

    Closing the generator ends the thread.
    """
    done = object()

    def following():
        batch = next(batches, done)
        return batch if batch is done else prepare(batch)

    pool = ThreadPoolExecutor(1)
    try:
        waiting = deque(pool.submit(following) for _ in range(AHEAD))
        while (batch := waiting.popleft().result()) is not done:
            waiting.append(pool.submit(following))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


class _JaxStep:
    """Keep the values of all variables on the devices between steps; Keras's variables get them by ``sync``."""

    def __init__(self, model):
        import jax

        self.model, self._state = model, None
        sharding = backend.batch_sharding()
        replicated = sharding and jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
        optimizer = [variable.name == "learning_rate" for variable in model.optimizer.variables]
        metrics = [np.zeros(variable.shape, variable.dtype) for variable in model.metrics_variables]

        def step(state, rate, batch):
            trainable, others, optimizing = state
            optimizing = [rate if is_rate else v for v, is_rate in zip(optimizing, optimizer, strict=True)]
            logs, (*state, _) = model.train_step((trainable, others, optimizing, metrics), batch)
            return logs["loss"], state

        self._step = jax.jit(step, out_shardings=(None, replicated) if sharding else None)
        self._sharding = sharding

    def _variables(self):
        model = self.model
        return [model.trainable_variables, model.non_trainable_variables, model.optimizer.variables]

    def put(self, arrays):
        import jax

        if self._sharding:
            return jax.tree.map(lambda x: jax.make_array_from_process_local_data(self._sharding, x), arrays)
        return jax.device_put(arrays)

    def __call__(self, rate, batch):
        if self._state is None:
            self._state = [[variable.value for variable in group] for group in self._variables()]
        loss, self._state = self._step(self._state, np.float32(rate), batch)
        return loss

    def sync(self):
        if self._state is not None:
            for variables, values in zip(self._variables(), self._state, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
        self._state = None  # whoever changes the variables now, changes those of the next step


class _TensorFlowStep:
    """Run a step on each device of the strategy, with the mean of the gradients of all devices.

    Keras divides the loss of each device by their number, and its optimizers clip gradients, look for infinite ones,
    and then add up those of the devices. So here each device gets the mean of all first: then it clips what a single
    device would have computed, divided by the number of devices, at the norm divided by it, and the sum is right.
    """

    def __init__(self, model):
        import tensorflow as tf

        strategy, self.model = tf.distribute.get_strategy(), model

        def on_device(batch):
            inputs, targets, weights = (*batch, None)[:3]
            with tf.GradientTape() as tape:
                predicted = model(inputs, training=True)
                loss = model.compute_loss(x=inputs, y=targets, y_pred=predicted, sample_weight=weights)
                scaled = model.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, [variable.value for variable in model.trainable_variables])
            if strategy.num_replicas_in_sync > 1:
                everywhere = tf.distribute.get_replica_context()
                gradients = everywhere.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
            model.optimizer.apply(gradients, model.trainable_variables)
            return loss

        def step(batch):
            losses = strategy.run(on_device, args=(batch,))
            return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

        self._step = tf.function(step, reduce_retracing=True)
        self._strategy = strategy

    def put(self, arrays):
        import tensorflow as tf

        replicas = self._strategy.num_replicas_in_sync
        if replicas == 1:
            return tf.nest.map_structure(tf.convert_to_tensor, arrays)

        def share(context):
            number = context.replica_id_in_sync_group
            return tf.nest.map_structure(lambda x: tf.convert_to_tensor(np.split(x, replicas)[number]), arrays)

        return self._strategy.experimental_distribute_values_from_function(share)

    def __call__(self, rate, batch):
        self.model.optimizer.learning_rate = rate
        return self._step(batch)

    def sync(self):
        pass


class _KerasStep:
    """Leave the step to Keras: for PyTorch."""

    def __init__(self, model):
        self.model = model

    def put(self, arrays):
        return arrays

    def __call__(self, rate, batch):
        self.model.optimizer.learning_rate = rate
        self.model.reset_metrics()  # else Keras gives the mean since the beginning
        return self.model.train_on_batch(*batch)

    def sync(self):
        pass
