import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crnn.charset import TWINS, Charset
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis import everyday, fields, grammars, technical
from crnn.synthesis.config import EVALUATION_KINDS, SynthesisConfig
from crnn.synthesis.line_generator import is_chinese
from crnn.synthesis.source import LineSource
from crnn.synthesis.texts import JOINTS, SOURCE_WEIGHTS, Texts, running_texts

CHARSET = Charset.from_file(DEFAULT_CHARSET)
SIGNS = [c for c in CHARSET.characters[1:] if c.isprintable() and not "\u4e00" <= c <= "\u9fff"]
UNUSED = set("﹑﹒﹐﹔﹖︰╱＋―ОПРてな")  # nobody types them in Chinese or English today
SHOWN = 60  # characters of a text that fit into a line


@pytest.fixture(scope="module")
def made_up():
    rng = np.random.default_rng(0)
    kinds = grammars.EVERYDAY | grammars.TECHNICAL
    return [CHARSET.fold(grammars.line(rng, kinds)) for _ in range(8000)]


def test_each_sign_in_use_stands_in_made_up_lines(made_up):
    lines = Counter(sign for line in made_up for sign in set(line))
    assert [sign for sign in SIGNS if sign not in UNUSED and lines[sign] < 2] == []


@pytest.mark.parametrize("sign", "+×·|*_—")
def test_signs_between_words_and_numbers_are_frequent(sign):
    texts, rng = Texts(CHARSET), np.random.default_rng(1)
    drawn = [CHARSET.fold(texts.sample(rng)[1])[:SHOWN] for _ in range(3000)]
    assert sum(sign in text for text in drawn) >= 15


@pytest.mark.parametrize(
    "pattern",
    [r"\d ?× ?\d", r"\w·\w", r"①[一-龥]", r"《[一-龥]+》", r"\d℃", r"±\d", r"Ctrl\+\w", r"\w_\w", r" \| ", r"\w—\w",
     r"[京沪粤]\w·\w{5}", r"│ \w", r"Ⅱ[级型卷章、]", r"^\$ ", r"v\d+\.\d+", r"\bVIII\b", r"^I ", r"[壹贰叁]佰"],
)  # fmt: skip
def test_signs_and_words_keep_their_company(made_up, pattern):
    assert any(re.search(pattern, line) for line in made_up)


@pytest.mark.parametrize("rules", [everyday.RULES, technical.RULES], ids=["everyday", "technical"])
def test_every_alternative_can_be_filled(rules):
    rng = np.random.default_rng(0)
    for symbol, alternatives in rules.items():
        for alternative in alternatives:
            assert grammars.fill(rng, alternative).strip(), symbol


@pytest.mark.parametrize(
    "value, words",
    [
        (0, "零"),
        (10, "壹拾"),
        (105, "壹佰零伍"),
        (1234, "壹仟贰佰叁拾肆"),
        (10010, "壹万零壹拾"),
        (1200500, "壹佰贰拾万零伍佰"),
    ],
)
def test_numbers_are_spelt_out(value, words):
    assert fields.chinese_number(value, fields.CAPITALS, "拾佰仟") == words


def test_bought_goods_cost_what_they_say():
    rng = np.random.default_rng(0)
    found = [re.fullmatch(r"(\d+) × ([\d.]+) = ([\d.]+)", fields.bought(rng)) for _ in range(200)]
    sums = [tuple(map(float, match.groups())) for match in found if match]
    assert sums and all(number * price == pytest.approx(total, abs=0.005) for number, price, total in sums)


def test_full_width_text_is_labelled_in_ascii_without_spaces(font_folder):
    assert CHARSET.fold(fields.full_width("No.12:A")) == "No．12:A"
    config = SynthesisConfig.evaluation(ten_characters=0.0, kinds=(("full", 1.0),))
    generator = LineSource((font_folder,), seed=1, system_fonts=False, config=config).generator(CHARSET)
    generator.texts.of_kind = lambda kind, rng: fields.full_width("(12)ABC88%")
    texts = [generator.line(number).text for number in range(20)]
    assert all("（12）ABC88%".startswith(text) for text in texts) and max(map(len, texts)) > 5


def test_signs_that_the_table_lacks_are_labelled_as_people_take_them():
    assert CHARSET.fold("¥5 • 3−1 x² CO₂ 120㎡ Ⅷ ½ ﬁn ™") == "￥5 · 3-1 x2 CO2 120m2 VIII 1/2 fin TM"
    assert Charset(["blank", "5"]).fold("¥5") == "5"


def test_twins_are_not_drawn_as_characters_nor_read_from_files(tmp_path):
    texts, rng = Texts(CHARSET), np.random.default_rng(0)
    drawn = "".join(texts.of_kind(kind, rng, 60000) for kind in ("uniform", "frequent"))
    assert not set(drawn) & set(TWINS) and set(drawn) >= set("|—·")
    (tmp_path / "a.txt").write_text("甲│乙，丙―丁。比例1∶500，Ⅱ级，１９９８年。" * 20, encoding="utf-8")
    (tmp_path / "words.txt").write_text("apple\nbanana\n" * 20, encoding="utf-8")
    (text,) = running_texts([tmp_path])
    assert text.startswith("甲|乙，丙—丁。比例1:500，II级，1998年。甲|")


@pytest.fixture
def phrases(tmp_path):
    (tmp_path / "menu.lines.txt").write_text("\n".join(f"打开{number}号" for number in range(50)), encoding="utf-8")
    return tmp_path


def test_phrases_stand_alone_or_with_a_sign_between(phrases):
    texts, rng = Texts(CHARSET, [phrases], {"phrases": 1.0}), np.random.default_rng(0)
    joints = Counter()
    for _ in range(400):
        kind, text = texts.sample(rng)
        assert kind == "phrases" and is_chinese(kind, text)
        first, *others = re.split(r"(?<=号)(?!$)", text)
        assert re.fullmatch(r"打开\d+号", first)
        for other in others:
            joint, number = re.fullmatch(r"(.*)打开(\d+)号", other).groups()
            joints[joint] += 1
    assert set(joints) <= set(JOINTS) and joints[" "] > 20 and len(joints) > 8


def test_long_phrases_begin_at_words(tmp_path):
    words = " ".join(f"word{number}" for number in range(60))
    (tmp_path / "notes.lines.txt").write_text("\n".join([words] * 3), encoding="utf-8")
    texts, rng = Texts(CHARSET, [tmp_path]), np.random.default_rng(0)
    drawn = [texts.of_kind("phrases", rng) for _ in range(50)]
    assert all(re.match(r"word\d", text, re.IGNORECASE) and len(text) <= 90 for text in drawn)
    assert len({text.lower().split()[0] for text in drawn}) > 10


def test_no_source_outweighs_the_others(tmp_path):
    for name, word in (("places", "村委会"), ("other", "你好吗")):
        (tmp_path / f"{name}.lines.txt").write_text("\n".join([word] * 1000), encoding="utf-8")
    texts, rng = Texts(CHARSET, [tmp_path]), np.random.default_rng(0)
    places = sum("村委会" in texts.of_kind("phrases", rng) for _ in range(2000))
    share = SOURCE_WEIGHTS["places"] / (1 + SOURCE_WEIGHTS["places"])
    assert places == pytest.approx(2000 * share, rel=0.3)


def test_evaluation_draws_the_kinds_of_the_first_scores(font_folder):
    config = SynthesisConfig.evaluation(ten_characters=0.0)
    generator = LineSource((font_folder,), seed=2, system_fonts=False, config=config).generator(CHARSET)
    kinds = {generator.texts.sample(np.random.default_rng(seed))[0] for seed in range(300)}
    assert kinds == set(EVALUATION_KINDS)
    today = replace(generator.config, kinds=SynthesisConfig.kinds)
    assert set(EVALUATION_KINDS) < set(dict(today.kinds))
