"""What training makes small: the CTC loss of lines, the cross-entropy of columns."""

import keras
from keras import ops

from crnn.model import backend

TINY = 1e-30  # keeps the logarithm of a probability finite without flattening its gradient


@keras.saving.register_keras_serializable("crnn")
class CTCLoss(keras.layers.Layer):
    """-log P(label) of every line of a batch (Graves et al. 2006, equations 2 and 8).

    Inputs: probabilities (batch, steps, classes), labels (batch, labels) padded at will,
    input_length (batch, 1): the steps that count, label_length (batch, 1).
    Output: (batch, 1).
    """

    def call(self, probabilities, labels, input_length, label_length):
        loss = backend.ctc_loss(
            ops.log(ops.maximum(probabilities, TINY)),
            ops.cast(labels, "int32"),
            ops.cast(ops.squeeze(input_length, -1), "int32"),
            ops.cast(ops.squeeze(label_length, -1), "int32"),
        )
        return ops.expand_dims(loss, -1)

    def compute_output_shape(self, probabilities, *_):
        return (probabilities[0], 1)


def column_loss(labels, probabilities):
    """-log of the probability of each column's class: (batch, steps) and (batch, steps, classes)."""
    at_label = ops.take_along_axis(probabilities, ops.expand_dims(ops.cast(labels, "int32"), -1), axis=-1)
    return -ops.log(ops.maximum(ops.squeeze(at_label, -1), TINY))


def given_loss(_, loss):
    """For a model whose output is its loss."""
    return loss
