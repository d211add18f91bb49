from functools import partial
from pathlib import Path

import pytest

from crnn.charset import Charset
from crnn.dataset.labelled_images import read_labelled_images
from crnn.evaluation import heldout
from crnn.evaluation.__main__ import main
from crnn.paths import DEFAULT_CHARSET

ROOT = Path(__file__).resolve().parent.parent
CHARSET = Charset.from_file(DEFAULT_CHARSET)
WORDS = ROOT / "tests" / "narrow_doubles.txt"


@pytest.fixture
def evaluate(run_main):
    """Run ``python -m crnn.evaluation`` in this process."""
    return partial(run_main, main)


def test_each_word_is_drawn_in_each_face(font_folder):
    words = WORDS.read_text(encoding="utf-8").split()
    assert len(words) == 300
    lines = list(heldout.words_in_each_font([font_folder], CHARSET, 1, words[:7]))
    assert len(lines) % 7 == 0 and [line.text for line in lines[:7]] == words[:7]


def test_each_character_of_the_table_is_drawn(font_folder):
    first_face = list(heldout.charset_in_each_font([font_folder], CHARSET, 1))
    drawn = set("".join(line.text for line in first_face))
    assert drawn <= set(CHARSET.characters) and len(drawn) > 5000


@pytest.mark.parametrize(("kind", "of"), [("words", "words"), ("ten", "ten"), ("ten-drawn", "ten")])
def test_only_lines_of_the_kind_asked_for_come(kind, of, font_folder):
    assert [line.kind for line in heldout.of_kind([font_folder], [], CHARSET, 1, kind, 5)] == [of] * 5


def test_lines_with_effects_come_in_all_kinds(font_folder):
    lines = list(heldout.of_kind([font_folder], [], CHARSET, 1, heldout.ALL_KINDS, 20, ("spaced_characters",)))
    assert len({line.kind for line in lines}) > 3
    assert sum(" " in line.text for line in lines) > 15


def test_a_label_line_without_a_tab_is_named(tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("a.png text\n")
    with pytest.raises(ValueError, match="labels.tsv: 'a.png text' is no picture, tab and text"):
        read_labelled_images(labels)


def test_scores_come_with_the_lines_that_are_wrong(evaluate, tmp_path):
    labels = tmp_path / "labels.tsv"
    picture = ROOT / "asset" / "poem.png"
    labels.write_text(
        f"{picture}\t雨过小桥春草绿，灯明老屋夜书香。\n{picture}\t雨过小桥春草绿，灯明老屋夜书臭。\n", encoding="utf-8"
    )
    result = evaluate(labels, "--errors", "--calibration")
    assert result.returncode == 0, result.stderr
    assert "夜书臭" in result.stdout and "2 lines: CER 3.12%" in result.stdout
    assert "exactly right 50.0%" in result.stdout
    assert "confidence 0.9 to 1.0: " in result.stdout and "expected calibration error 0." in result.stdout


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [(["none.tsv"], 1, "none.tsv"), ([], 2, "name either"), (["--table", "a"], 2, "name either")],
)
def test_what_cannot_be_measured_is_said(evaluate, options, status, said):
    result = evaluate(*options)
    assert result.returncode == status and said in result.stderr and "Traceback" not in result.stderr


def test_label_files_of_other_programs(tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_bytes("\ufeffa.png\t一\u2028二\r\n\r\nb.png\t3\t三\r\n".encode())
    assert read_labelled_images(labels) == [(tmp_path / "a.png", "一\u2028二"), (tmp_path / "b.png", "三")]
    labels.write_bytes("a.png\t中文\n".encode("gbk"))
    with pytest.raises(ValueError, match=r"labels\.tsv, line 1: is not UTF-8 text, perhaps GB18030"):
        read_labelled_images(labels)
