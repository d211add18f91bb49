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
import numpy as np
from keras import layers, ops

from crnn.geometry import HEIGHT
from crnn.model import backend, weights_file
from crnn.model.losses import CTCLoss
from crnn.model.quantization import Rounding

_RANGED = ("conv1", "conv2", "conv3", "conv4", "conv5_relu", "conv6_relu", "con7")  # whose outputs are rounded
MEASURED_TOGETHER = 32  # images
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
        rounding: what the products of ``predict_core`` see rounded to 8 bits: nothing, until its ranges are set.

    Args:
        classes: size of the softmax, the CTC blank (the last class) included.
    """

    def __init__(self, classes: int = CLASSES) -> None:
        self.classes, self.rounding = classes, Rounding()
        self.vgg_input = keras.Input((HEIGHT, None, 1), name="vgg_input")
        self.features = convolutions(self.vgg_input, self.rounding)  # (69, 512)
        x = self.features
        dtype = backend.lstm_dtype()
        for name in ("blstm1", "blstm2"):
            both = layers.Bidirectional(LSTM(256, return_sequences=True, dtype=dtype), name=name, dtype=dtype)
            for direction in (both.forward_layer, both.backward_layer):
                direction.rounding = direction.cell.rounding = self.rounding
            x = both(x)  # (69, 512)
        softmax = Dense(classes, activation=softmax_in_float32, name="blstm2_out")
        softmax.rounding = self.rounding
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

    def round_like(self, images: np.ndarray) -> None:
        """Round from now on, with the highest outputs of the layers over images as ranges.

        Args:
            images: (batch, 32, width, 1).
        """
        outputs = [ops.max(self.predict_core.get_layer(name).output) for name in _RANGED]
        highest = backend.traced(keras.Model(self.vgg_input, ops.stack(outputs)))
        batches = range(0, len(images), MEASURED_TOGETHER)
        values = np.max([highest(images[at : at + MEASURED_TOGETHER]) for at in batches], axis=0)
        names = [name.removesuffix("_relu") for name in _RANGED]
        self.rounding.ranges = dict(zip(names, values.tolist(), strict=True))

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


class _RoundedKernels(layers.Layer):
    """Let a layer have its kernels in float32, to round them; it casts them to its own dtype afterwards."""

    rounding = Rounding()

    def add_weight(self, *args: Any, name: str | None = None, **options: Any) -> keras.Variable:
        if name in ("kernel", "recurrent_kernel"):
            options["autocast"] = False
        return super().add_weight(*args, name=name, **options)

    def round_kernel(self, kernel: Any) -> Any:
        return self.rounding.kernel(kernel, self.compute_dtype)


@keras.saving.register_keras_serializable("crnn")
class Conv2D(_RoundedKernels, layers.Conv2D):
    """Compute ``keras.layers.Conv2D`` with kernel and outputs that may be rounded."""

    def call(self, inputs: Any) -> Any:
        outputs = super().call(inputs)
        is_normalized = self.activation is keras.activations.linear  # then the ReLU behind it rounds
        return outputs if is_normalized else self.rounding.outputs(self.name, outputs)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        if self.name == "conv1":  # which reading leaves in float32
            return super().convolution_op(inputs, ops.cast(kernel, self.compute_dtype))
        return super().convolution_op(inputs, self.round_kernel(kernel))


@keras.saving.register_keras_serializable("crnn")
class ReLU(layers.ReLU):
    """Compute ``keras.layers.ReLU`` with outputs that may be rounded."""

    rounding = Rounding()

    def call(self, inputs: Any) -> Any:
        return self.rounding.outputs(self.name.removesuffix("_relu"), super().call(inputs))


@keras.saving.register_keras_serializable("crnn")
class Dense(_RoundedKernels, layers.Dense):
    """Compute ``keras.layers.Dense`` with a kernel that may be rounded."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.activation(ops.matmul(inputs, self.round_kernel(self.kernel)) + self.bias)


@keras.saving.register_keras_serializable("crnn")
class LSTMCell(_RoundedKernels, layers.LSTMCell):
    """Compute ``keras.layers.LSTMCell`` with kernels that may be rounded."""

    @property
    def kernel(self) -> Any:
        return self.round_kernel(self._kernel)

    @kernel.setter
    def kernel(self, variable: keras.Variable) -> None:
        self._kernel = variable

    @property
    def recurrent_kernel(self) -> Any:
        return self.round_kernel(self._recurrent_kernel)

    @recurrent_kernel.setter
    def recurrent_kernel(self, variable: keras.Variable) -> None:
        self._recurrent_kernel = variable


@keras.saving.register_keras_serializable("crnn")
class LSTM(layers.LSTM):
    """Compute ``keras.layers.LSTM``, with a faster loop for TensorFlow on CPUs; it returns sequences alone.

    Kernels and outputs may be rounded.
    """

    cell: Any
    rounding = Rounding()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cell = LSTMCell.from_config(self.cell.get_config())

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        if not backend.has_faster_lstm() or initial_state is not None or mask is not None:
            return self.rounding.states(super().call(sequences, initial_state, mask, training))
        from crnn.model.tf_lstm import lstm

        cell = self.cell
        outputs = lstm(sequences, cell.kernel, cell.recurrent_kernel, cell.bias, self.go_backwards, training)
        return self.rounding.states(outputs)


@keras.saving.register_keras_serializable("crnn")
def softmax_in_float32(x: Any) -> Any:
    """Compute probabilities in float32, whatever the precision of the product before them."""
    return ops.softmax(ops.cast(x, "float32"))


def convolutions(x: Any, rounding: Rounding) -> Any:
    """Turn images (batch, 32, width, 1) into one vector of 512 for each 4 columns: (batch, steps, 512)."""
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)  # 0..255 -> -1..1
    x = convolution(x, 64, "conv1", rounding)  # (32, 280, 64)
    x = layers.MaxPooling2D(2, name="max1")(x)  # (16, 140, 64)
    x = convolution(x, 128, "conv2", rounding)  # (16, 140, 128)
    x = layers.MaxPooling2D(2, name="max2")(x)  # (8, 70, 128)
    x = convolution(x, 256, "conv3", rounding)  # (8, 70, 256)
    x = convolution(x, 256, "conv4", rounding)
    x = layers.MaxPooling2D((2, 1), name="max3")(x)  # (4, 70, 256)
    for name in ("conv5", "conv6"):
        x = convolution(x, 512, name, rounding, normalized=True)  # (4, 70, 512)
    x = layers.MaxPooling2D((2, 1), name="max4")(x)  # (2, 70, 512)
    x = convolution(x, 512, "con7", rounding, kernel=2, padding="valid")  # (1, 69, 512)
    return layers.Reshape((-1, 512), name="squeeze")(x)  # (69, 512)


def convolution(
    x: Any,
    filters: int,
    name: str,
    rounding: Rounding,
    kernel: int = 3,
    padding: str = "same",
    normalized: bool = False,
) -> Any:
    """Apply a convolution that He's initialization suits, batch normalisation if asked for, and a ReLU."""
    layer = Conv2D(
        filters,
        kernel,
        padding=padding,
        activation=None if normalized else "relu",
        kernel_initializer="he_normal",  # suits ReLU (He et al. 2015)
        name=name,
    )
    layer.rounding = rounding
    x = layer(x)
    if normalized:
        several = backend.replicas() > 1  # JAX takes the mean over all devices in any case
        x = layers.BatchNormalization(momentum=0.97, synchronized=several, name=f"{name}_bn")(x)
        relu = ReLU(name=f"{name}_relu")
        relu.rounding = rounding
        x = relu(x)
    return x
