import re
from dataclasses import fields, replace

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import backgrounds, clutter, decorations, degradation, effects, layouts, printing, styles, warping
from crnn.synthesis.config import DETAILS, EFFECTS, FREE_EFFECTS, LAYOUTS, STYLES, TEXT_EFFECTS, SynthesisConfig
from crnn.synthesis.fonts import Style
from crnn.synthesis.glyph_run import GlyphRun
from crnn.synthesis.layouts import Layout
from crnn.synthesis.source import LineSource
from crnn.synthesis.typesetting import typeset

CHARSET = Charset.from_file(DEFAULT_CHARSET)
AROUND_TEXT = [
    *("icon", "boxed", "form_line", "cut_characters", "curved", "coarse_dots", "thermal", "spread_ink"),
    *("edge_dirt", "clean", "subtitle", "page_shadow", "crisp", "recompressed", "scan", "picture_background"),
]
FEWEST = {"coarse_dots": 4, "cut_characters": 4}  # of 20 lines; not for Chinese, not for low parts


def generators():
    return (np.random.default_rng(seed) for seed in range(60))


@pytest.fixture(scope="module")
def source(font_folder, tmp_path_factory):
    texts = tmp_path_factory.mktemp("texts")
    (texts / "zh.txt").write_text("他说：现在开始！我们看一看，好不好？" * 40, encoding="utf-8")
    (texts / "en.txt").write_text("The quick brown fox jumps over the lazy dog, all day. " * 40, encoding="utf-8")
    return LineSource((font_folder,), (texts,), seed=3, system_fonts=False)


@pytest.fixture(scope="module")
def face(source):
    return source.generator(CHARSET).fonts.latin[0][0]


@pytest.fixture
def run():
    """Three solid characters of 20 x 30 pixels on a canvas of 60 rows."""
    coverage = np.zeros((60, 110), np.uint8)
    left = np.array([10.0, 45.0, 80.0])
    for x in left.astype(int):
        coverage[15:45, x : x + 20] = 255
    return GlyphRun(coverage, left, left + 20, 45, 40)


def test_every_probability_belongs_to_an_effect_and_is_nothing_for_evaluation():
    names = {field.name for field in fields(SynthesisConfig)}
    assert names >= {*FREE_EFFECTS, *EFFECTS, *TEXT_EFFECTS}
    assert [name for name, _ in effects.LAYOUT_EFFECTS] == list(LAYOUTS)
    assert {name for name, _ in effects.STYLE_EFFECTS} < set(STYLES)
    for name, _ in (*effects.FREE_SHAPE_EFFECTS, *effects.FREE_INK_EFFECTS):
        assert name in DETAILS
    config = SynthesisConfig.evaluation(scan=0.5)
    assert config.scan == 0.5 and config.icon == config.two_sizes == config.heavy == config.elastic == 0


def test_a_line_has_one_effect_of_a_group_at_most_and_as_often_as_configured():
    config = SynthesisConfig(two_sizes=0.3, wide_gaps=0.4, heavy=0.5)
    rng = np.random.default_rng(0)
    chosen = [effects.choose_free_effects(rng, config, chinese=False) for _ in range(2000)]
    assert max(len(names & set(LAYOUTS)) for names in chosen) == 1
    assert np.mean(["two_sizes" in names for names in chosen]) == pytest.approx(0.3, abs=0.04)
    assert np.mean(["wide_gaps" in names for names in chosen]) == pytest.approx(0.4, abs=0.04)
    assert not any("full_width_forms" in names for names in chosen)


@pytest.mark.parametrize("name", AROUND_TEXT)
def test_what_is_added_around_a_text_changes_the_image_and_not_the_text(source, name):
    config = SynthesisConfig.evaluation(undegraded=0, ten_characters=0)
    without = replace(source, config=config).generator(CHARSET)
    with_it = replace(source, config=replace(config, **{name: 1.0})).generator(CHARSET)
    different = 0
    for number in range(20):
        line, other = without.line(number), with_it.line(number)
        different += not np.array_equal(line.image, other.image)
        shorter, longer = sorted((line.text, other.text), key=len)  # what is added takes room
        assert longer.startswith(shorter)
        assert other.right[-1] <= other.image.shape[1] + 3  # tilts move ends
    assert different >= FEWEST.get(name, 15)


def test_notes_and_formulas_are_small_and_off_the_baseline():
    for rng in generators():
        layout = layouts.raised_or_lowered(rng, Layout("as shown by Smith", Style(40)))
        assert layout.spans and not re.search(r"[{}^]", layout.text)
        for span in layout.spans:
            assert 0.5 * 40 < span.style.size < 0.75 * 40 and 3 <= abs(span.lift) <= 18
            assert layout.text[span.start : span.end].strip()
        small = "".join(layout.text[span.start : span.end] for span in layout.spans)
        assert len(small) < 10 and "shown" in layout.text.replace(small, "", 1) or small in layout.text


def test_raised_characters_stand_above_lowered_ones_below(face):
    spans = [layouts.Span(1, 2, Style(20), 14), layouts.Span(2, 3, Style(20), -6)]
    line = typeset("888", lambda _: face, Style(40), 400, spans)
    full, raised, lowered = (
        np.flatnonzero(line.coverage[:, int(left) : int(right)].any(axis=1))[[0, -1]]
        for left, right in zip(line.left, line.right, strict=True)
    )
    assert raised[1] == full[1] - 14 and lowered[1] == full[1] + 6


def test_labels_and_values_have_two_sizes():
    for rng in generators():
        layout = layouts.two_sizes(rng, Layout("Total: 12.50 kg", Style(40)))
        (span,) = layout.spans
        assert layout.text == "Total: 12.50 kg" and 20 <= span.style.size <= 34
        assert span.start == 0 or span.end == len(layout.text)


def test_small_capitals_are_labelled_as_capitals():
    layout = layouts.small_capitals(np.random.default_rng(0), Layout("land of lincoln", Style(40)))
    assert layout.text == "LAND OF LINCOLN"
    assert [layout.text[span.start : span.end] for span in layout.spans] == ["AND", "F", "INCOLN"]


def test_emphasis_keeps_words_whole():
    for rng in generators():
        layout = layouts.emphasis(rng, Layout("keep the words whole", Style(40)))
        assert {layout.text[span.start : span.end] for span in layout.spans} <= {"keep", "the", "words", "whole"}


def test_single_characters_are_labelled_with_the_spaces_between_them(face):
    parts = 0
    for rng in generators():
        layout = layouts.spaced_characters(rng, Layout("校验码:76939", Style(40)))
        parts += bool(layout.spans)
        if not layout.spans:
            assert re.fullmatch(r"\S( \S)+", layout.text)
        line = typeset(layout.text, lambda _: face, layout.style, 4000, layout.spans)
        spaces = [place for place, character in enumerate(line.text) if character == " "]
        narrowest = 0.35 if layout.spans else 0.27 if layout.text.isascii() else 0.8
        for place in spaces:
            assert line.left[place + 1] - line.right[place - 1] > narrowest * 40 - 2
        assert spaces
    assert 10 < parts < 50


def test_columns_stand_apart_by_one_space():
    for rng in generators():
        words = layouts.wide_gaps(rng, Layout("94.463 86.798 89.531", Style(40)))
        assert words.text == "94.463 86.798 89.531" and words.spans
        chinese = layouts.wide_gaps(rng, Layout("最北到达哈尔滨", Style(40)))
        assert chinese.text.replace(" ", "") == "最北到达哈尔滨" and chinese.text.count(" ") == 1
        for span in (*words.spans, *chinese.spans):
            assert span.style.space * layouts.SPACE_WIDTH > 0.5


def test_full_width_forms_are_labelled_in_ascii(source):
    for rng in generators():
        layout = layouts.full_width_forms(rng, Layout("第12章 A公司", Style(40)))
        assert CHARSET.fold(layout.text) == "第12章 A公司" and "１２" in layout.text
        assert re.search(r"[０-９]", layouts.full_width_forms(rng, Layout("公司名称", Style(40))).text)
    config = SynthesisConfig.evaluation(ten_characters=0, full_width_forms=1.0)
    texts = [replace(source, config=config).generator(CHARSET).line(number).text for number in range(40)]
    assert sum(bool(re.search(r"[\u4e00-\u9fff]\d|\d[\u4e00-\u9fff]", text)) for text in texts) > 5


def test_marks_alone_are_of_one_kind():
    lengths = set()
    for rng in generators():
        text = layouts.marks_only(rng, Layout("some text", Style(40))).text
        assert len(set(text)) == 1 and not text[0].isalnum()
        lengths.add(len(text))
    assert {1, 2} < lengths and max(lengths) <= 12


def test_a_divided_word_ends_the_line_with_a_hyphen():
    for rng in generators():
        text = layouts.hyphenated(rng, Layout("programming [Aho et al. 1974]. Alternatively", Style(40))).text
        assert re.fullmatch(r"[a-z\[].*[a-z]{2}-", text) and "programming".startswith(text.rstrip("-")[:11])


def test_dashes_stand_between_words_or_characters():
    ends = set()
    for rng in generators():
        text = layouts.dashes(rng, Layout("the time, and the well-known place", Style(40))).text
        assert re.search("[—–]", text)
        if not text.endswith("—"):
            assert re.findall("[a-z]+", text) == ["the", "time", "and", "the", "well", "known", "place"]
        chinese = layouts.dashes(rng, Layout("他来了，我们走", Style(40))).text
        assert "他来了我们走".startswith(re.sub("[—–，-]", "", chinese))
        ends.add(text[-1])
    assert ends == {"e", "—"}
    assert layouts.dashes(np.random.default_rng(0), Layout("word", Style(40))).text == "word"


def test_wide_hyphens_stand_where_hyphens_do_or_between_words(face):
    seen = set()
    for rng in generators():
        layout = layouts.wide_hyphens(rng, Layout("well-known 2-3", Style(40)))
        line = typeset(layout.text, lambda _: face, layout.style, 4000, layout.spans)
        usual = typeset(layout.text, lambda _: face, layout.style, 4000)
        assert line.text == "well-known 2-3"
        for place in (4, 12):
            assert line.right[place] - line.left[place] > 1.2 * (usual.right[place] - usual.left[place])
        text = layouts.wide_hyphens(rng, Layout("one word", Style(40))).text
        assert re.fullmatch("one ?--? ?word", text)
        seen.add(text)
    assert len(seen) == 4


def test_capitals_set_apart_are_labelled_as_words(face):
    for rng in generators():
        layout = layouts.letter_spaced_capitals(rng, Layout("wo men", Style(40)))
        line = typeset(layout.text, lambda _: face, layout.style, 4000)
        gaps = line.left[1:] - line.right[:-1]
        assert line.text == "WO MEN" and 0.08 * 40 < gaps[0] < 0.9 * 40 and line.left[3] - line.right[1] > 1.3 * gaps[0]


def test_styles_change_weight_width_and_distance(face):
    def measured(style):
        line = typeset("HHHH", lambda _: face, style, 4000)
        return line.right[0] - line.left[0], line.left[1] - line.right[0], line.coverage[:, : int(line.right[0])].mean()

    width, gap, ink = measured(Style(60))
    rng = np.random.default_rng(0)
    assert measured(styles.heavy(rng, Style(60), False))[2] > 1.2 * ink
    assert measured(styles.condensed(rng, Style(60), False))[0] < 0.9 * width
    narrow = measured(styles.heavy_condensed(rng, Style(60), False))
    assert narrow[0] < width and narrow[2] > ink
    assert 5 < measured(styles.letter_spaced(rng, Style(60), False))[1] - gap < 0.6 * 60
    assert -6 < measured(styles.tight(rng, Style(60), False))[1] - gap < -1
    assert styles.bound_tracking(Style(60, tracking=50), False).tracking == 6
    assert styles.bound_tracking(Style(60, tracking=3), True).tracking == 3


DECORATIONS = (decorations.add_icon, decorations.add_box, decorations.add_form_line, decorations.add_edge_dirt)


@pytest.mark.parametrize("effect", DECORATIONS)
def test_decorations_move_the_text_and_leave_its_ink(run, effect):
    for rng in generators():
        decorated = effect(rng, run)
        moved = decorated.baseline - run.baseline
        for before, after in zip(run.left.astype(int), decorated.left.astype(int), strict=True):
            first, last = max(0, 15 + moved), 45 + moved
            text = decorated.coverage[first:last, after : after + 20]
            assert text.size and (text == 255).all() and decorated.right[0] - decorated.left[0] == 20
            assert after >= before
        assert np.count_nonzero(decorated.coverage) > np.count_nonzero(run.coverage)


def test_of_a_cut_character_less_than_half_is_left_and_it_has_no_box(run):
    for rng in generators():
        cut = decorations.add_cut_characters(rng, run)
        inked = np.flatnonzero(cut.coverage.any(axis=0))
        assert inked[0] == 0 or inked[-1] == cut.coverage.shape[1] - 1
        outside = int(cut.left[0]), cut.coverage.shape[1] - int(cut.right[-1])
        for columns in outside:
            assert columns == 0 or 1 + 2 <= columns <= 0.4 * 20 + 0.25 * 40 + 1
        assert max(outside) > 0
        assert (cut.coverage[15:45, int(cut.left[1]) : int(cut.right[1])] == 255).all()


def test_a_dash_is_not_cropped_away():
    dash = GlyphRun(
        np.pad(np.full((1, 20), 255, np.uint8), ((9, 9), (3, 3))), np.array([3.0]), np.array([23.0]), 19, 20
    )
    for rng in generators():
        assert clutter.crop(rng, dash).coverage.any()


def test_a_curved_line_keeps_its_ink_and_its_columns(run):
    for rng in generators():
        bent = warping.curve(rng, run)
        assert np.array_equal(bent.left, run.left)
        assert bent.coverage.astype(float).sum() == pytest.approx(run.coverage.astype(float).sum(), rel=0.02)
        middles = [np.flatnonzero(bent.coverage[:, int(x) + 10] > 127).mean() for x in run.left]
        assert np.ptp(middles) < 0.5 * run.size


@pytest.mark.parametrize("effect", [printing.print_thermally, printing.spread_ink])
def test_ink_stays_where_the_text_is(run, effect):
    for rng in generators():
        printed = effect(rng, run).coverage
        assert printed.shape == run.coverage.shape and printed.dtype == np.uint8
        assert not printed[:8].any() and printed[15:45, 45:65].mean() > 60


def test_coarse_dots_are_as_many_as_the_pixels_were(run):
    for rng in generators():
        printed = printing.print_coarse_dots(rng, run)
        rows, columns = (new // old for new, old in zip(printed.coverage.shape, run.coverage.shape, strict=True))
        assert rows == 6 and 4 <= columns < 8 and printed.size == 6 * run.size
        assert np.array_equal(printed.left, columns * run.left) and printed.baseline == 6 * run.baseline
        inside = printed.coverage[15 * rows : 45 * rows, int(printed.left[0]) : int(printed.right[0])]
        assert not printed.coverage[: 15 * rows].any() and 70 < inside.mean() <= 255


def test_text_on_interfaces_and_pictures_can_be_told_from_them(run):
    inside = run.coverage == 255
    outside = run.coverage == 0
    for rng in generators():
        picture = backgrounds.over_picture(rng, run)
        text = picture[inside]
        assert np.ptp(text) < 1e-3 and picture.min() >= 0 and picture.max() <= 256
        assert np.abs(picture[outside] - text[0]).min() >= 0.9 * backgrounds.MIN_PICTURE_CONTRAST
        scan = backgrounds.on_scan(rng, run)
        assert scan[outside].mean() - scan[inside].mean() > 60


def test_panels_keep_the_contrast_of_each_character(run):
    for rng in generators():
        image = backgrounds.on_interface(rng, run)
        for left, right in zip(run.left.astype(int), run.right.astype(int), strict=True):
            background = image[16:44, [left - 1, right]].mean(axis=0)
            text = image[16:44, left + 2 : right - 2].mean()
            assert np.abs(background - text).max() > 0.5 * backgrounds.MIN_SCREEN_CONTRAST


def test_marks_stand_where_their_line_has_them(source):
    """A dash in the middle, an underscore at the bottom: neither fills the height."""
    config = SynthesisConfig.evaluation(ten_characters=0, undegraded=1, marks_only=1.0)
    trimmed = replace(source, config=config).generator(CHARSET)
    whole = replace(source, config=replace(config, line_box=1.0)).generator(CHARSET)
    smaller = 0
    for number in range(30):
        lines = [generator.line(number).image.astype(float) for generator in (trimmed, whole)]
        rows = [np.count_nonzero(np.ptp(image, axis=1) > 0.5 * np.ptp(image)) for image in lines]
        smaller += rows[1] < rows[0]
    assert smaller > 20


def test_noise_has_any_size():
    noise = degradation.noise_field(np.random.default_rng(0), (900, 9000))
    assert noise.shape == (900, 9000) and abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01


def test_recompressed_images_keep_their_size_and_most_of_their_greys():
    image = np.tile(np.repeat(np.array([40, 220], np.uint8), 20), (40, 5))
    for rng in generators():
        again = degradation.recompress(rng, image, 0.5)
        assert again.shape == image.shape and again.dtype == np.uint8
        assert 0 < np.abs(again.astype(float) - image).mean() < 40
