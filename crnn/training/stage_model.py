"""What a stage of the synthetic training trains: its model, its optimizer, and the batches as the model takes them."""

from typing import Any

import numpy as np

from crnn.charset import Charset
from crnn.model import backend
from crnn.model.losses import framewise_loss, passthrough_loss
from crnn.model.network import CRNN
from crnn.synthesis.batch_stream import TIME_STEPS, LineBatch
from crnn.training.checkpoint import variables_of
from crnn.training.muon import ConvolutionMuon
from crnn.training.recipe import Stage
from crnn.training.train_step import clip_norm, train_step


class StageModel:
    """Hold the network, and the model and step of the stage at hand.

    Args:
        charset: table of the labels.

    Attributes:
        network: whose layers all stages train.
        step: ``TrainStep`` of the stage.
        predict: the model that the stage trains, as a function for measuring.
    """

    def __init__(self, charset: Charset) -> None:
        self.network, self.blank = CRNN(charset.classes), charset.blank
        self.frame_core = self.network.frame_core  # made here: its softmax is part of the state
        self._kind: tuple | None = None

    def prepare(self, stage: Stage) -> None:
        """Make model, step and optimizer of a stage.

        A stage that trains the same as the one before it keeps all three, so that nothing is compiled again.
        """
        self.stage, network = stage, self.network
        kind = stage.objective, stage.trains, stage.quantized, stage.frozen
        if kind == self._kind:
            return
        self._kind = kind
        predicting = self.frame_core if stage.trains == "cnn" else network.predict_core
        self.model = network.train_core if stage.objective == "ctc" else predicting
        for layer in network.predict_core.layers:
            left_out = stage.trains == "lstm" and not layer.name.startswith("blstm")
            left_out |= stage.quantized and layer.name.endswith("_bn")  # reading folds it into the rounded kernel
            layer.trainable = not (left_out or layer.name in stage.frozen)
        optimizer = ConvolutionMuon(
            exclude_layers=["frame_out", "blstm2_out", "conv1"],
            global_clipnorm=clip_norm(),
            weight_decay=0.01,
            adam_weight_decay=0.0,
        )
        self.model.compile(optimizer, loss=passthrough_loss if stage.objective == "ctc" else framewise_loss)
        self.model.optimizer.build(self.model.trainable_variables)
        self.step, self.predict = train_step(self.model), backend.traced(predicting)

    def put(self, batch: LineBatch) -> tuple[LineBatch, Any]:
        """Copy the images of a batch to the devices; return both."""
        return batch, self.step.put(batch.images)

    def inputs(self, batch: LineBatch, images: Any) -> tuple:
        """Return a batch as the step of the stage takes it.

        Args:
            batch: of the stream.
            images: its images on the devices.
        """
        if self.stage.objective == "ctc":
            time_steps = np.full_like(batch.label_length, TIME_STEPS)
            nothing = np.zeros((len(batch.images), 1), np.float32)
            *labels, nothing = self.step.put((batch.labels, time_steps, batch.label_length, nothing))
            return [images, *labels], nothing
        weights = np.where(batch.frame_labels == self.blank, self.stage.blank_weight, 1.0)
        return images, *self.step.put((batch.frame_labels, (weights / weights.mean()).astype(np.float32)))

    def variables(self) -> dict[str, Any]:
        """Return all variables of the training by name, with the values that the steps came to."""
        self.step.sync()
        return variables_of(
            network=self.network.predict_core,
            frame_out=self.frame_core.get_layer("frame_out"),
            optimizer=self.model.optimizer,
        )
