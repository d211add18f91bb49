"""Outputs that no change of layout or names may alter.

A change of behaviour on purpose changes the values here: run the test, and put in what it prints.
"""

import hashlib
import json
from pathlib import Path

import pytest

import demo_infer
from crnn.charset import Charset
from crnn.dataset.writer import write_data_set
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.config import FREE_EFFECTS, SynthesisConfig
from crnn.synthesis.source import LineSource
from crnn.training.dataset_trainer import DatasetTrainer
from crnn.training.recipe import DatasetRecipe, Stage, SyntheticRecipe, scale_of
from crnn.training.synthetic_trainer import SyntheticTrainer

ROOT = Path(__file__).resolve().parent.parent
SYNTHETIC_LOSSES = (8.697, 8.619, 553.1)
BATCH_LOSS = 559.6
WRITTEN = "5690ff16c4f02572"


@pytest.fixture(scope="module")
def source(font_folder):
    """Lines without the effects that only lines of free length have, which have tests of their own."""
    config = SynthesisConfig(plain=0.0, **dict.fromkeys(FREE_EFFECTS, 0.0))
    return LineSource((font_folder,), seed=5, system_fonts=False, config=config)


def test_drawn_lines(source):
    maker = source.generator(Charset.from_file(DEFAULT_CHARSET))
    rows = (ROOT / "tests" / "golden_lines.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 60
    for number, row in enumerate(rows):
        line = maker.line(number)
        kind, text, *numbers = row.split("\t")
        assert (line.kind, line.text) == (kind, text), number
        assert measured(line) == pytest.approx([float(value) for value in numbers], abs=0.6), number


def measured(line):
    """Width, mean and spread of the greys, first and last column of the text."""
    return [line.image.shape[1], line.image.mean(), line.image.std(), line.left[0], line.right[-1]]


@pytest.fixture(scope="module")
def data_set(font_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden") / "data"
    charset = Charset.from_file(DEFAULT_CHARSET)
    source = LineSource(
        (font_folder,), seed=6, system_fonts=False, config=SynthesisConfig.evaluation(ten_characters=1.0)
    )
    maker = source.generator(charset)
    lines = ((line.image, line.text) for line in map(maker.line, range(12)))
    write_data_set(lines, 12, charset, folder, parts=2, batches=3, packed=False)
    return folder


def test_a_written_data_set(data_set):
    names = sorted(path.relative_to(data_set).as_posix() for path in data_set.rglob("*") if path.is_file())
    texts = [name + "\n" for name in names] + [(data_set / name).read_text("utf-8") for name in names[-3:]]
    assert hashlib.sha256("".join(texts).encode()).hexdigest()[:16] == WRITTEN
    assert names[-3:] == ["labels/charset.txt", "labels/data_test.txt", "labels/data_train.txt"]


def test_texts_and_confidences_of_the_asset_pictures(run_main, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = run_main(demo_infer.main, "--format", "json", "--engine", "onnx-float32")
    read = [json.loads(line) for line in result.stdout.splitlines()]
    expected = (ROOT / "tests" / "golden_asset.tsv").read_text(encoding="utf-8").splitlines()
    for record, row in zip(read, expected, strict=True):
        path, text, confidence = row.split("\t")
        assert (record["path"], record["text"]) == (path, text)
        assert record["confidence"] == pytest.approx(float(confidence), abs=2e-3)


@pytest.mark.training
def test_first_losses_of_the_synthetic_training(source, tmp_path):
    stages = [
        Stage("_".join(what), *what, 1, 1e-3 / scale_of(4), decay_fraction=0.5, warm_up=2)
        for what in (("frames", "cnn"), ("frames", "lstm"), ("ctc", "all"))
    ]
    trainer = SyntheticTrainer(
        SyntheticRecipe(tuple(stages), lines=12, batch_size=4), source, source, tmp_path, heldout_lines=4
    )
    trainer.run()
    rows = (tmp_path / "log.csv").read_text().splitlines()
    place = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[place]) for row in rows[1:]]
    assert losses == pytest.approx(SYNTHETIC_LOSSES, rel=1e-2)


@pytest.mark.training
def test_the_first_loss_of_the_training_from_batches(data_set, tmp_path):
    DatasetTrainer(DatasetRecipe(str(data_set), epochs=1, batch_size=4), tmp_path).run()
    header, row = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    assert float(row[header.index("loss")]) == pytest.approx(BATCH_LOSS, rel=1e-2)
