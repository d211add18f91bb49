"""The losses of training: CTC for lines, cross-entropy for frames."""

from typing import Any

import keras
from keras import ops

from crnn.model import backend

EPSILON = 1e-30  # keeps the logarithm of a probability finite without flattening its gradient


@keras.saving.register_keras_serializable("crnn")
class CTCLoss(keras.layers.Layer):
    """Compute -log P(label) of every line of a batch (Graves et al. 2006, equations 2 and 8).

    Inputs: probabilities (batch, steps, classes), labels (batch, labels) with any padding, input_length (batch, 1), the
    number of steps that count, and label_length (batch, 1). Output: (batch, 1).
    """

    def call(self, probabilities: Any, labels: Any, input_length: Any, label_length: Any) -> Any:
        loss = backend.ctc_loss(
            ops.log(ops.maximum(probabilities, EPSILON)),
            ops.cast(labels, "int32"),
            ops.cast(ops.squeeze(input_length, -1), "int32"),
            ops.cast(ops.squeeze(label_length, -1), "int32"),
        )
        return ops.expand_dims(loss, -1)

    def compute_output_shape(self, probabilities: tuple, *_: Any) -> tuple:
        return (probabilities[0], 1)


def framewise_loss(labels: Any, probabilities: Any) -> Any:
    """Compute the cross-entropy of each frame.

    Args:
        labels: (batch, steps), the class of each frame.
        probabilities: (batch, steps, classes).

    Returns:
        (batch, steps).
    """
    at_label = ops.take_along_axis(probabilities, ops.expand_dims(ops.cast(labels, "int32"), -1), axis=-1)
    return -ops.log(ops.maximum(ops.squeeze(at_label, -1), EPSILON))


def passthrough_loss(_: Any, loss: Any) -> Any:
    """Return the output of a model that computes its loss itself."""
    return loss
