import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import layouts, styles
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.fonts import Style
from crnn.synthesis.layouts import Layout
from crnn.synthesis.typesetting import typeset
from tests.synthesis_sources import generators, line_source

CHARSET = Charset.from_file(DEFAULT_CHARSET)


@pytest.fixture(scope="module")
def source(font_folder, tmp_path_factory):
    return line_source(font_folder, tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def face(source):
    return source.generator(CHARSET).fonts.latin[0][0]


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


def test_a_text_that_no_face_draws_is_passed_over(source):
    always_emphasised = replace(source, config=SynthesisConfig(emphasis=1.0, ten_characters=0.0))
    with pytest.raises(RuntimeError, match="the faces can draw none"):
        always_emphasised.generator(CHARSET).line(0, text="\u200b")


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


def test_letters_without_ascenders_stand_alone_small_or_as_capitals():
    seen = set()
    for rng in generators():
        text = layouts.no_ascenders(rng, Layout("The bold type", Style(40))).text
        assert text and not set(text.lower()) & set("bdfhijklt") and text in (text.lower(), text.upper())
        seen.add((text.isupper(), len(text) > 3))
    assert len(seen) == 4


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


def test_signs_that_both_have_may_come_from_the_latin_face():
    both = {"drawable": "a—中", "sizes": (), "strikes": (), "fixed": False}
    latin, chinese = SimpleNamespace(**both), SimpleNamespace(**both)
    fonts = SimpleNamespace(sample=lambda _, is_chinese: chinese if is_chinese else latin)
    for has_latin_signs in (False, True):
        of_latin = 0
        for rng in generators():
            _, face_of = styles.choose_style(rng, fonts, chinese=True, has_latin_signs=has_latin_signs)
            assert face_of("中") is chinese
            if face_of("a") is latin:
                of_latin += 1
                assert face_of("—") is (latin if has_latin_signs else chinese)
        assert of_latin > 5


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
