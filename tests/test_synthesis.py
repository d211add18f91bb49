import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.ctc import steps_needed
from crnn.dataset.label_file import LabelFile
from crnn.dataset.layout import batch_folders, read_dataset_image
from crnn.dataset.unpacking import unpack_all
from crnn.dataset.writer import write_data_set
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import clutter, degradation, patterns, printing
from crnn.synthesis.__main__ import main
from crnn.synthesis.batch_stream import TIME_STEPS, BatchStream, frame_labels, make_batch
from crnn.synthesis.config import EFFECTS, KINDS, SynthesisConfig
from crnn.synthesis.fonts import FontSet, Style
from crnn.synthesis.glyph_run import GlyphRun
from crnn.synthesis.layouts import Layout, price_tag
from crnn.synthesis.source import LineSource
from crnn.synthesis.texts import Texts, kind_of
from crnn.synthesis.typesetting import Span, typeset
from crnn.tools import mine_hard_characters
from crnn.tools.mine_hard_characters import count_misread, sample_text

CHARSET = Charset.from_file(DEFAULT_CHARSET)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def source(font_folder, tmp_path_factory):
    texts = tmp_path_factory.mktemp("texts")
    (texts / "zh.txt").write_text("他说：现在开始！我们看一看，好不好？" * 40, encoding="utf-8")
    (texts / "en.txt").write_text("The quick brown fox jumps over the lazy dog, all day. " * 40, encoding="utf-8")
    return LineSource((font_folder,), (texts,), seed=3, system_fonts=False)


@pytest.fixture(scope="session")
def generator(source):
    return source.generator(CHARSET)


def test_a_line_depends_on_seed_and_index_alone(source, generator):
    first, again = generator.line(5), source.generator(CHARSET).line(5)
    generator.line(9)
    assert first.text == again.text == generator.line(5).text
    np.testing.assert_array_equal(first.image, again.image)
    assert replace(source, seed=4).generator(CHARSET).line(5).text != first.text


def test_lines_are_what_the_network_takes(generator):
    seen = set()
    for line in map(generator.line, range(150)):
        seen.add(line.kind)
        assert line.image.shape[0] == 32 and line.image.dtype == np.uint8 and 1 <= line.image.shape[1] <= 280
        assert line.text == CHARSET.fold(line.text) != ""
        assert len(line.left) == len(line.right) == len(line.text)
        assert np.all(line.left < line.right)
        assert np.all(np.diff(line.left + line.right) >= 0), "characters stand from left to right"
    assert seen == {*KINDS, "ten"}


@pytest.mark.parametrize("more", [{}, {"elastic": 1}, {"stretched": 1}, {"slanted": 1}, {"perspective": 1}], ids=str)
def test_boxes_stand_where_the_ink_is(source, more):
    clean = replace(
        source, config=SynthesisConfig.evaluation(ten_characters=0, undegraded=1, inverted=0, **more)
    ).generator(CHARSET)
    inside, outside = [], []
    for line in map(clean.line, range(40)):
        darkness = 255.0 - line.image.mean(axis=0)
        covered = np.zeros(line.image.shape[1], bool)
        for character, left, right in zip(line.text, line.left, line.right, strict=True):
            if character != " ":
                covered[int(left) : int(np.ceil(right))] = True
        inside.append(darkness[covered].mean())
        outside.append(darkness[~covered].mean() if not covered.all() else 0)
    assert np.mean(inside) > np.mean(outside) + 20


@pytest.mark.parametrize("what", EFFECTS)
def test_what_surrounds_a_text_leaves_text_and_boxes_as_they_are(source, what):
    without = replace(source, config=SynthesisConfig.evaluation(undegraded=0, ten_characters=0)).generator(CHARSET)
    with_it = replace(
        source, config=SynthesisConfig.evaluation(undegraded=0, ten_characters=0, **{what: 1.0})
    ).generator(CHARSET)
    different = 0
    for number in range(20):
        line, other = without.line(number), with_it.line(number)
        different += not np.array_equal(line.image, other.image)
        shorter, longer = sorted((line.text, other.text), key=len)  # rules take room, and shadows hide loose margins
        assert longer.startswith(shorter)
        assert other.right[-1] <= other.image.shape[1] + 3  # tilts move ends
    assert different >= 15  # a shadow may fall beside the line


def test_binarised_lines_are_black_and_white():
    rng = np.random.default_rng(0)
    grey = np.tile(np.linspace(90, 150, 200, dtype=np.float32), (64, 1))
    picture = degradation.binarise(rng, grey, 64)
    assert set(np.unique(picture)) == {0, 255}
    assert (picture[:, :80] == 0).all() and (picture[:, 120:] == 255).all()


def test_specks_are_as_many_and_as_large_as_asked():
    picture = np.full((60, 3000), 200, np.float32)
    picture[:, :9] = 50
    specks = degradation.specks(np.random.default_rng(1), picture, 0.04, 3) != picture
    assert specks.mean() == pytest.approx(0.02, abs=0.005)  # the light half falls on light ground
    assert np.array_equal(specks[::3, ::3].repeat(3, axis=0).repeat(3, axis=1), specks)


@pytest.mark.parametrize("effect", [printing.print_dots, printing.fade])
def test_damaged_ink_is_less_but_where_it_was(effect):
    coverage = np.zeros((80, 400), np.uint8)
    coverage[20:60, 40:360] = 255
    run = GlyphRun(coverage, np.array([40.0]), np.array([360.0]), 60, 60)
    for seed in range(10):
        spoilt = effect(np.random.default_rng(seed), run).coverage
        assert spoilt.shape == coverage.shape and spoilt.dtype == np.uint8
        assert 0.3 * coverage.sum() < spoilt.sum() < coverage.sum()
        assert not spoilt[:15].any() and not spoilt[65:].any()


def test_some_lines_have_few_characters(source):
    none, all_ = (
        replace(source, config=SynthesisConfig.evaluation(ten_characters=0, few_characters=few)).generator(CHARSET)
        for few in (0, 1)
    )
    shorter = 0
    for number in range(40):
        line, other = none.line(number), all_.line(number)
        assert line.text.startswith(other.text)
        shorter += len(other.text) <= 4 < len(line.text)
    assert shorter > 30


def test_words_are_joined_and_none_is_lost():
    rng = np.random.default_rng(0)
    words = "one two three four five six seven"
    forms = [patterns.joined(rng, words) for _ in range(100)]
    assert all(re.sub(r"[^a-z]", "", form.lower()) == words.replace(" ", "") for form in forms)
    assert all(2 <= form.count(" ") <= 3 for form in forms)
    assert any("oneTwo" in form for form in forms) and any("OneTwo" in form for form in forms)


def test_prices_have_small_parts(source):
    faces = source.generator(CHARSET).fonts
    face = next(face for group in faces.latin for face in group if not face.sizes)
    cents = [(0, 1), (3, 6)]
    usual, small, raised = (
        typeset("$12.80", lambda _: face, Style(40), 400, [Span(*part, Style(size), lift) for part in cents])
        for size, lift in ((40, 0), (20, 0), (20, round(0.72 * 20)))
    )
    assert usual.text == small.text == raised.text
    usual, small, raised = (
        [drawing.coverage[:, int(left) : int(right)] for left, right in zip(drawing.left, drawing.right, strict=True)]
        for drawing in (usual, small, raised)
    )
    for number, smaller in enumerate((True, False, False, True, True, True)):
        ratio = small[number].shape[1] / usual[number].shape[1]
        assert ratio == pytest.approx(0.5 if smaller else 1, abs=0.15)
    ends = [np.flatnonzero(eight.any(axis=1))[[0, -1]] for eight in (usual[4], small[4], raised[4])]
    assert ends[1][1] == pytest.approx(ends[0][1], abs=1)  # both stand on the baseline
    assert ends[1] - ends[2] == pytest.approx(0.72 * 20, abs=1)


def test_cents_signs_and_units_are_the_small_parts_of_prices():
    for text, parts in (("$12.80", ["$", ".80"]), ("99元", ["元"]), ("-5", []), ("3.5/kg", [".5", "/kg"])):
        spans = price_tag(np.random.default_rng(0), Layout(text, Style(40))).spans
        assert [text[span.start : span.end] for span in spans] == parts
        assert all(
            18 <= span.style.size <= 32 and span.lift in (0, round(0.72 * (40 - span.style.size))) for span in spans
        )


def test_elastic_warps_leave_all_else_as_it_is(source):
    none, some, all_ = (
        replace(source, config=SynthesisConfig(plain=0.0, elastic=share)).generator(CHARSET) for share in (0, 0.5, 1)
    )
    same = 0
    for number in range(40):
        lines = [generator.line(number) for generator in (none, some, all_)]
        longest = max((line.text for line in lines), key=len)  # one may be too long by what the ripples add
        assert all(longest.startswith(line.text) for line in lines)
        assert not np.array_equal(lines[0].image, lines[2].image)
        same += np.array_equal(lines[0].image, lines[1].image)
    assert 10 <= same <= 30


def test_ten_character_lines_have_the_data_sets_format(source):
    generator = replace(source, config=SynthesisConfig(ten_characters=1)).generator(CHARSET)
    for line in map(generator.line, range(20)):
        assert line.image.shape == (32, 280) and len(line.text) == 10


def test_frame_labels_spell_the_line(generator):
    for line in map(generator.line, range(30)):
        labels = frame_labels(line, CHARSET.encode(line.text), CHARSET.blank)
        assert labels.shape == (TIME_STEPS,)
        named = {CHARSET.characters[label] for label in labels if label != CHARSET.blank}
        assert named <= set(line.text) and named


def test_full_width_forms_are_drawn_and_labelled_in_ascii(generator):
    texts = [generator.line(i).text for i in range(200)]
    assert any(":" in text for text in texts) and not any("：" in text for text in texts)


def test_labels_of_a_batch_can_be_aligned(generator):
    batch = make_batch(generator, 0, 64)
    assert batch.images.shape == (64, 32, 280, 1)
    for labels, length, text in zip(batch.labels, batch.label_length[:, 0], batch.texts, strict=True):
        assert CHARSET.decode(labels[:length]) == text
        assert 0 < steps_needed(labels[:length]) <= TIME_STEPS


def test_the_stream_is_the_same_for_any_number_of_processes_and_any_start(source, generator):
    expected = [make_batch(generator, 4 * number, 4) for number in range(4)]
    with BatchStream(source, CHARSET, 4, first=0, processes=1) as one:
        batches = [next(one) for _ in range(4)]
    with BatchStream(source, CHARSET, 4, first=1, processes=2) as two:
        batches += [next(two) for _ in range(3)]
    for batch, want in zip(batches, expected + expected[1:], strict=True):
        np.testing.assert_array_equal(batch.images, want.images)
        assert batch.texts == want.texts


def test_a_failing_process_is_an_error_and_no_hang(tmp_path):
    with pytest.raises(ChildProcessError, match="no face that writes Chinese"):
        with BatchStream(LineSource((tmp_path,), system_fonts=False), CHARSET, 4) as stream:
            next(stream)


def test_kinds_of_texts():
    assert kind_of("今天的天气很好，我们去公园。" * 9) == "chinese"
    assert kind_of("A plain English sentence stands here.\n" * 9) == "english"
    assert kind_of("请安装 systemd 软件包，然后运行 apt update 命令。" * 9) == "mixed"
    assert kind_of("apple\nbanana\ncherry\n" * 9) == "words"


def test_every_kind_of_text_folds_to_something():
    texts = Texts(CHARSET)
    rng = np.random.default_rng(0)
    for kind in KINDS:
        assert all(CHARSET.fold(texts.of_kind(kind, rng)) for _ in range(50)), kind


def test_a_folder_without_fonts_is_said(tmp_path):
    with pytest.raises(ValueError, match="no face that writes Chinese"):
        FontSet([tmp_path], CHARSET)


def test_a_data_set_is_written_unpacked_and_read(run_main, source, tmp_path):
    options = ["--images", 12, "--batches", 3, "--processes", 2, "--no-system-fonts"]
    result = run_main(main, tmp_path, *options, "--fonts", *source.fonts, "--texts", *source.texts)
    assert result.returncode == 0, result.stderr
    pictures = tmp_path / "img_batches"
    assert sorted(path.name for path in pictures.iterdir()) == ["part_1.7z", "part_2.7z"]
    assert unpack_all(pictures, processes=2)
    folders = batch_folders(pictures)
    assert [folder.name for folder in folders] == ["batch_1", "batch_2", "batch_3"]
    train = LabelFile.from_file(tmp_path / "labels" / "data_train.txt")
    test = LabelFile.from_file(tmp_path / "labels" / "data_test.txt")
    for folder in folders:
        labels = test if folder is folders[-1] else train
        for path in folder.iterdir():
            (number,) = labels.line_numbers([path.name])
            assert read_dataset_image(path).shape == (32, 280) and number >= 0 and len(labels[number]) == 10
    assert (len(train), len(test)) == (8, 4)
    with pytest.raises(FileExistsError, match="data_train.txt exists already"):
        write_data_set([], 12, CHARSET, tmp_path, parts=2, batches=3)


def test_what_is_misread_stands_in_the_text_as_often():
    counts = count_misread([("时间", "时问"), ("间歇", "问歇"), ("一日", "日"), ("a b", "ab"), ("right", "right")])
    assert counts == {"间": 2, "问": 2, "一": 1}
    text = sample_text(counts, 5000, np.random.default_rng(0))
    assert len(text) == 5000 and text.count("间") == pytest.approx(2000, rel=0.1)


def test_a_text_of_hard_characters_is_written(run_main, font_folder, tmp_path):
    path = tmp_path / "hard.txt"
    options = ["--lines", 40, "--length", 500, "--fonts", font_folder]
    result = run_main(mine_hard_characters.main, path, *options)
    assert result.returncode == 0, result.stderr
    text = path.read_text(encoding="utf-8")
    assert len(text) == 500 and set(text) <= set(CHARSET.characters)


def test_a_rule_through_a_part_of_the_text_covers_characters_and_no_space_alone():
    coverage = np.zeros((60, 300), np.uint8)
    left = np.arange(10.0, 290, 40)
    run = GlyphRun(coverage, left, left + 20, 45, 40)
    for seed in range(40):
        struck = clutter.strike_through(np.random.default_rng(seed), run).coverage
        columns = np.flatnonzero(struck.any(axis=0))
        assert np.ptp(columns) > 80
