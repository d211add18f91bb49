"""Learning from the pictures of a user, beside drawn lines."""

import csv
from itertools import islice

import cv2
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.geometry import time_steps
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.picture_effects import MAX_HEIGHT, degrade, shrink
from crnn.synthesis.source import LineSource
from crnn.training import fine_tuning
from crnn.training.__main__ import main
from crnn.training.picture_loader import MIN_STEPS, WIDTHS, DrawnLines, FixedLoader, PictureLoader
from crnn.training.pictures import load_pictures

TEXTS = (
    "今天天气很好",
    "我们去公园",
    "Total 12.50",
    "第3页",
    "谢谢",
    "No. 42",
    "上海",
    "北京市",
    "abc",
    "星期五",
    "你好",
    "OK",
)


@pytest.fixture(scope="module")
def charset():
    return Charset.from_file(DEFAULT_CHARSET)


@pytest.fixture(scope="module")
def labels(tmp_path_factory, font_folder, charset):
    """A label file of pictures that a generator of lines has drawn, some of them wide."""
    folder = tmp_path_factory.mktemp("pictures")
    config = SynthesisConfig.evaluation(ten_characters=0.0, undegraded=1.0)
    generator = LineSource((font_folder,), (), 5, False, config).generator(charset, 600)
    rows = []
    for number in range(24):
        text = TEXTS[number % len(TEXTS)] * (1 if number < 12 else 4)
        line = generator.line(number, text=text)
        cv2.imwrite(str(folder / f"{number}.png"), line.image)
        rows.append(f"{number}.png\t{line.text}\n")
    (folder / "mine.tsv").write_text("".join(rows), encoding="utf-8")
    return folder / "mine.tsv"


@pytest.fixture(scope="module")
def lines(labels, charset):
    return load_pictures([labels], charset)[0]


@pytest.fixture(scope="module")
def drawn(font_folder, charset):
    return DrawnLines(LineSource((font_folder,), (), 3, False), charset)


def test_a_degraded_picture_is_another_picture_of_the_same_line():
    picture = np.full((48, 600), 240, np.uint8)
    picture[8:40, 20:580:12] = picture[8:40, 21:580:12] = picture[8:40, 22:580:12] = 30
    rng = np.random.default_rng(1)
    images = [degrade(rng, picture, SynthesisConfig()) for _ in range(40)]
    assert all(image.dtype == np.uint8 and len(image) == 32 for image in images)
    assert len({image.tobytes() for image in images}) == 40
    widths = np.array([image.shape[1] for image in images])
    assert 0.75 * 400 < widths.min() < 395 and 405 < widths.max() < 1.4 * 400
    assert 5 < sum(np.median(image) < 128 for image in images) < 35  # light on dark
    again = degrade(np.random.default_rng(1), picture, SynthesisConfig())
    np.testing.assert_array_equal(again, images[0])


def test_large_pictures_are_shrunk():
    assert shrink(np.zeros((320, 1000), np.uint8)).shape == (MAX_HEIGHT, 200)
    small = np.zeros((20, 50), np.uint8)
    assert shrink(small) is small


def test_drawn_lines_fill_the_width_they_are_asked_for(drawn):
    narrow, wide = (list(islice(drawn.lines(width, 7), 20)) for width in (280, 1120))
    assert max(line.image.shape[1] for line in narrow) <= 280
    assert 900 < max(line.image.shape[1] for line in wide) <= 1120
    assert next(drawn.lines(280, 7)).text == narrow[0].text


def test_batches_hold_pictures_and_drawn_lines_of_one_width(lines, drawn, charset):
    loader = PictureLoader(lines, drawn, SynthesisConfig(), batch_size=8, drawn_share=0.5, seed=1)
    assert len(loader) >= 0.9 * MIN_STEPS and loader.images == len(lines)
    texts = {line.text for line in lines}
    widths = set()
    for number in range(0, len(loader), 7):
        (images, labels, input_length, label_length), targets = loader[number]
        size, _, width, _ = images.shape
        widths.add(width)
        assert width in WIDTHS and size in (2, 4, 8) and size * width <= 8 * 280
        assert labels.shape == (size, time_steps(width)) and (input_length == time_steps(width)).all()
        assert targets.shape == label_length.shape == (size, 1) and label_length.min() > 0
        said = [charset.decode(row[: length[0]]) for row, length in zip(labels, label_length, strict=True)]
        assert set(said[: size // 2]) <= texts
    assert len(widths) > 1


def test_epochs_differ_and_can_be_taken_up(lines, drawn):
    def batch(epoch, number):
        loader = PictureLoader(lines, drawn, SynthesisConfig(), batch_size=8, seed=1)
        loader.start_epoch(epoch)
        return loader[number][0]

    for first, second in zip(batch(2, 5), batch(2, 5), strict=True):
        np.testing.assert_array_equal(first, second)
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(batch(2, 5), batch(3, 5), strict=True))


def test_each_picture_comes_as_often_as_the_others(lines):
    loader = PictureLoader(lines, None, SynthesisConfig(), batch_size=4)
    places = np.concatenate([places for _, places in loader._batches])
    counts = np.bincount(places, minlength=len(lines))
    assert counts.min() == loader.passes and counts.max() <= loader.passes + 2


def test_lines_to_measure_on_come_as_they_are(charset):
    rows = [(np.full((32, width), width % 256, np.uint8), np.array([1, 2])) for width in (100, 700, 120, 1900)]
    loader = FixedLoader(rows, batch_size=8)
    shapes = [loader[number][0][0].shape for number in range(len(loader))]
    assert shapes == [(2, 32, 280, 1), (1, 32, 800, 1), (1, 32, 1920, 1)]
    assert loader[0][0][0][1, 0, 0, 0] == 120


def test_pictures_are_checked_without_a_training(run_main, labels, tmp_path):
    result = run_main(main, "--pictures", labels, "--check")
    assert result.returncode == 0 and result.stdout.startswith("24 pictures can be learned from, 0 cannot")
    (tmp_path / "mine.tsv").write_text("missing.png\tabc\n")
    result = run_main(main, "--pictures", tmp_path / "mine.tsv", "--check")
    assert result.returncode == 1 and "missing.png: No such file" in result.stdout


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--synthetic",), 2, "--pictures goes with neither --synthetic nor --data"),
        (("--start-from", "none"), 2, "--pictures goes on from weights"),
        (("--drawn", "1"), 2, "--drawn 1: a share from 0 to less than 1"),
        (("--no-system-fonts",), 1, "train on the pictures alone with --drawn 0"),
        (("--charset", "missing.txt"), 1, "missing.txt"),
    ],
)
def test_options_that_cannot_be_are_refused(run_main, labels, tmp_path, monkeypatch, options, status, message):
    monkeypatch.chdir(tmp_path)
    result = run_main(main, "--pictures", labels, *options)
    assert result.returncode == status and message in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no label in it"),
        ("missing.png\tabc\n", "0 pictures can be learned from"),
        ("a.png abc\n", "no picture, tab"),
    ],
)
def test_labels_that_teach_nothing_are_refused(run_main, tmp_path, content, message):
    (tmp_path / "mine.tsv").write_text(content)
    result = run_main(main, "--pictures", tmp_path / "mine.tsv", "--folder", tmp_path / "run")
    assert result.returncode == 1 and message in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.training
def test_the_weights_learn_the_pictures_and_the_gain_is_printed(run_main, labels, font_folder, tmp_path, monkeypatch):
    """The shipped weights have never seen this font; a few steps teach them some of its twelve texts."""
    monkeypatch.setattr(fine_tuning, "DRAWN_REPORTED", 40)
    monkeypatch.setattr(fine_tuning, "SHARES", (1.0, 0.5))
    options = ("--pictures", labels, "--fonts", font_folder, "--no-system-fonts", "--folder", tmp_path / "run")
    options += ("--epochs", 1, "--batch-size", 4, "--learning-rate", 5e-4)
    result = run_main(main, *options)
    assert result.returncode == 0, result.stderr
    rows = [row.strip("|").split("|") for row in result.stdout.splitlines() if row.startswith("|")][2:]
    scores = {(what.split()[-1], when.strip()): float(cer.strip(" %")) for what, when, cer, _ in rows}
    assert scores["pictures", "after"] < scores["pictures", "before"]
    assert f"crnn read --weights {tmp_path / 'run' / 'CRNN.h5'}" in result.stdout
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"CRNN.h5", "charset.txt", "ngrams.npz", "training"}
    log = list(csv.DictReader((tmp_path / "run" / "training" / "log.csv").read_text().splitlines()))
    assert len(log) == 1
    again = run_main(main, *options)
    assert again.returncode == 0 and again.stdout == result.stdout and "epoch 1/1" not in again.stderr
