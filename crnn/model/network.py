"""The network: convolutions, a map to a sequence, two bidirectional LSTMs, a softmax.

Shi, Bai, Yao: An End-to-End Trainable Neural Network for Image-based Sequence Recognition,
arXiv:1507.05717, section 2, with layers of other sizes. Shapes stand at the end of the lines
that change them: (height, width, channels) for an input 280 pixels wide.

One set of layers, several models over it: whatever one trains, the others see.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from crnn.geometry import HEIGHT
from crnn.model import backend, weights_file
from crnn.model.losses import CTCLoss

CLASSES = 5991  # the 5990 entries of the table of labels and the CTC blank


class CRNN:
    """Hold the models over one set of layers.

    Attributes:
        predict_core: ``vgg_input`` (batch, 32, width, 1), grey values 0..255 ->
            ``blstm2_out`` (batch, steps, classes), probabilities.
        train_core: [``vgg_input``, ``the_labels`` (batch, labels), ``input_length`` (batch, 1),
            ``label_length`` (batch, 1)] -> the CTC loss (batch, 1).
        frame_core: ``vgg_input`` -> ``frame_out`` (batch, steps, classes), probabilities of a softmax directly on the
            convolutions. Only the first stage of the synthetic training uses it.

    Args:
        classes: size of the softmax, the CTC blank (the last class) included.
    """

    def __init__(self, classes: int = CLASSES) -> None:
        self.classes = classes
        self.vgg_input = keras.Input((HEIGHT, None, 1), name="vgg_input")
        self.features = convolutions(self.vgg_input)  # (69, 512)
        x = self.features
        dtype = backend.lstm_dtype()
        for name in ("blstm1", "blstm2"):
            lstm = LSTM(256, return_sequences=True, dtype=dtype)
            x = layers.Bidirectional(lstm, name=name, dtype=dtype)(x)  # (69, 512)
        softmax = layers.Dense(classes, activation=softmax_in_float32, name="blstm2_out")
        self.predict_core = keras.Model(self.vgg_input, softmax(x), name="predict_core")  # (69, 5991)

    @cached_property
    def train_core(self) -> keras.Model:
        labels = keras.Input((None,), name="the_labels", dtype="int32")
        input_length = keras.Input((1,), name="input_length", dtype="int32")
        label_length = keras.Input((1,), name="label_length", dtype="int32")
        loss = CTCLoss(name="ctc", dtype="float32")(self.predict_core.output, labels, input_length, label_length)
        inputs = [self.vgg_input, labels, input_length, label_length]
        return keras.Model(inputs, loss, name="train_core")

    @cached_property
    def frame_core(self) -> keras.Model:
        softmax = layers.Dense(self.classes, activation=softmax_in_float32, name="frame_out")
        return keras.Model(self.vgg_input, softmax(self.features), name="frame_core")  # (69, 5991)

    def load_weights(self, path: str | Path, classes: Sequence[int] | None = None) -> None:
        """Read all layers from a weights file; every model of this object has them then.

        Args:
            path: file in Keras's HDF5 layout.
            classes: if the file has another softmax: for each class of this network, the class of the file that it
                takes over; -1 for one that keeps its weights.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is no HDF5 or does not fit; the message names the layer and the two shapes.
        """
        weights_file.load(self.predict_core, path, classes)

    def save_weights(self, path: str | Path, dtype: str = "float16") -> None:
        """Write all layers to ``path``, whole or not at all, in the layout Keras reads."""
        weights_file.save(self.predict_core, path, dtype)


@keras.saving.register_keras_serializable("crnn")
class LSTM(layers.LSTM):
    """Compute ``keras.layers.LSTM``, with a faster loop for TensorFlow on CPUs; it returns sequences alone."""

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        if not backend.has_faster_lstm() or initial_state is not None or mask is not None:
            return super().call(sequences, initial_state, mask, training)
        from crnn.model.tf_lstm import lstm

        cell = self.cell
        return lstm(sequences, cell.kernel, cell.recurrent_kernel, cell.bias, self.go_backwards, training)


@keras.saving.register_keras_serializable("crnn")
def softmax_in_float32(x: Any) -> Any:
    """Compute probabilities in float32, whatever the precision of the product before them."""
    return ops.softmax(ops.cast(x, "float32"))


def convolutions(x: Any) -> Any:
    """Turn images (batch, 32, width, 1) into one vector of 512 for each 4 columns: (batch, steps, 512)."""
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)  # 0..255 -> -1..1
    x = convolution(x, 64, "conv1")  # (32, 280, 64)
    x = layers.MaxPooling2D(2, name="max1")(x)  # (16, 140, 64)
    x = convolution(x, 128, "conv2")  # (16, 140, 128)
    x = layers.MaxPooling2D(2, name="max2")(x)  # (8, 70, 128)
    x = convolution(x, 256, "conv3")  # (8, 70, 256)
    x = convolution(x, 256, "conv4")
    x = layers.MaxPooling2D((2, 1), name="max3")(x)  # (4, 70, 256)
    for name in ("conv5", "conv6"):
        x = convolution(x, 512, name, activation=None)  # (4, 70, 512)
        several = backend.replicas() > 1  # JAX takes the mean over all devices in any case
        x = layers.BatchNormalization(momentum=0.97, synchronized=several, name=f"{name}_bn")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.MaxPooling2D((2, 1), name="max4")(x)  # (2, 70, 512)
    x = convolution(x, 512, "con7", kernel=2, padding="valid")  # (1, 69, 512)
    return layers.Reshape((-1, 512), name="squeeze")(x)  # (69, 512)


def convolution(
    x: Any, filters: int, name: str, kernel: int = 3, padding: str = "same", activation: str | None = "relu"
) -> Any:
    """Apply a convolution that He's initialization suits."""
    return layers.Conv2D(
        filters,
        kernel,
        padding=padding,
        activation=activation,
        kernel_initializer="he_normal",  # suits ReLU (He et al. 2015)
        name=name,
    )(x)
