from dataclasses import fields, replace

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import backgrounds, clutter, decorations, degradation, effects, printing, warping
from crnn.synthesis.config import DETAILS, EFFECTS, FREE_EFFECTS, LAYOUTS, STYLES, TEXT_EFFECTS, SynthesisConfig
from crnn.synthesis.glyph_run import GlyphRun
from tests.synthesis_sources import generators, line_source

CHARSET = Charset.from_file(DEFAULT_CHARSET)
AROUND_TEXT = [
    *("icon", "boxed", "form_line", "cut_characters", "curved", "coarse_dots", "thermal", "spread_ink"),
    *("edge_dirt", "clean", "subtitle", "page_shadow", "crisp", "recompressed", "scan", "picture_background"),
]
FEWEST = {"coarse_dots": 4, "cut_characters": 4}  # of 20 lines; not for Chinese, not for low parts


@pytest.fixture(scope="module")
def source(font_folder, tmp_path_factory):
    return line_source(font_folder, tmp_path_factory.mktemp("texts"))


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


def test_as_many_lines_are_plain_as_configured(source):
    def images(config):
        generator = replace(source, config=config).generator(CHARSET)
        return [generator.line(number).image.tobytes() for number in range(60)]

    config = SynthesisConfig(inverted=0.0)
    mixed, plain, others = map(images, (config, config.without_effects(), replace(config, plain=0.0)))
    assert set(mixed) <= {*plain, *others} and images(replace(config, plain=1.0)) == plain
    assert 20 < sum(have == want for have, want in zip(mixed, plain, strict=True)) < 40


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
