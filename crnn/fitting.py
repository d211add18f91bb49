"""Training from batch folders with Keras's ``fit``: for a workstation with the whole data set."""

import json
import sys
from pathlib import Path

import keras

from crnn import backend
from crnn.charset import Charset
from crnn.checking import unwanted_images
from crnn.dataset import BatchFolders
from crnn.evaluation import score_images
from crnn.folders import batch_folders
from crnn.labels import Labels
from crnn.losses import given_loss
from crnn.network import CRNN
from crnn.training import CLIP_NORM

SAMPLES = 3  # decoded lines shown after each epoch


class KeepBest(keras.callbacks.Callback):
    """After each epoch: reads the test batch, shows samples, keeps the weights that read best.

    Args:
        network: ``CRNN``. test: ``BatchFolders`` in their order. folder: gets ``CRNN.h5`` and
            ``best.json``, by which a resumed run knows what it has to beat.
    """

    def __init__(self, network, test, folder):
        super().__init__()
        self.network, self.test, self.folder = network, test, folder
        self.charset = Charset.from_file()
        self.predict = backend.traced(network.predict_core)

    @property
    def best(self):
        path = self.folder / "best.json"
        return json.loads(path.read_text())["cer"] if path.exists() else float("inf")

    def on_epoch_end(self, epoch, logs=None):
        errors = characters = right = lines = 0
        pairs = []
        for number in range(len(self.test)):
            (images, labels, _, lengths), _ = self.test[number]
            texts = [self.charset.decode(row[: length[0]]) for row, length in zip(labels, lengths, strict=True)]
            scores, found = score_images(self.predict, images, texts, self.charset)
            errors, characters = errors + scores.errors, characters + scores.characters
            right, lines = right + scores.right, lines + scores.lines
            pairs += found[: SAMPLES - len(pairs)]
        cer = errors / max(1, characters)
        if logs is not None:
            logs.update(val_cer=cer, val_exact=right / max(1, lines))
        print(f"\ntest batch: CER {cer:.4f}, exactly right {right / max(1, lines):.4f}", file=sys.stderr)
        for truth, said in pairs:
            print(f"    {truth}\n  {'=' if truth == said else '!'} {said}", file=sys.stderr)
        if cer < self.best:
            self.network.save_weights(self.folder / "CRNN.h5")
            (self.folder / "best.json").write_text(json.dumps({"cer": cer, "epoch": epoch + 1}))


def fit(data, folder, start_from=None, epochs=10, batch_size=32, learning_rate=4e-4, workers=1):
    """Train with CTC on the unpacked batches of a data set; takes up an interrupted run.

    Args:
        data: folder with ``labels/`` and ``img_batches/``. folder: for weights, log and backup.
        start_from: a weights file, or None for random weights.

    Raises:
        DataError: the data set breaks a rule.
    """
    data, folder = Path(data), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    *train_folders, test_folder = batch_folders(data / "img_batches")
    labels = {kind: Labels.from_file(data / "labels" / f"data_{kind}.txt") for kind in ("train", "test")}
    common = {"batch_size": batch_size, "unwanted": unwanted_images(data), "workers": workers}
    train = BatchFolders(train_folders or [test_folder], labels["train"], **common)
    test = BatchFolders([test_folder], labels["test"], invert=False, **common)
    for kind, loader in (("training", train), ("test", test)):
        reasons = [f"{count} left out {reason}" for reason, count in loader.left_out.items() if count]
        print(", ".join([f"{kind}: {loader.images} images", *reasons]), file=sys.stderr)
    network = CRNN()
    if start_from:
        network.load_weights(start_from)
    steps = epochs * len(train)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps, warmup_target=None)
    network.train_core.compile(keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM), loss=given_loss)
    network.train_core.fit(
        train,
        epochs=epochs,
        shuffle=False,  # the loader shuffles, so that seed and epoch decide alone
        callbacks=[
            KeepBest(network, test, folder),
            keras.callbacks.CSVLogger(str(folder / "fit.csv"), append=True),
            keras.callbacks.BackupAndRestore(str(folder / "backup")),
        ],
    )
