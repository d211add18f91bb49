"""Made-up lines as interfaces, shops, forms, chats, terminals and journals have them: a small context-free grammar.

A rule is a list of alternatives; ``{symbol}`` in one stands for what that symbol's own rule, list of words or
function makes.
"""

import re
import string
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from crnn.synthesis import everyday, fields, technical
from crnn.synthesis.fields import pick, some
from crnn.synthesis.vocabulary import WORDS

# Kinds of lines and how often each is drawn, relative to the others
EVERYDAY = {
    "receipt": 5, "total": 5, "price": 6, "address_zh": 3, "address_en": 3, "time": 6, "number_of": 8, "form": 5,
    "cell": 5, "list": 6, "roman": 3, "citation": 5, "dash": 6, "pronoun": 5, "chat": 5, "sign": 9, "company": 2,
    "setting_row": 9, "unit": 7, "formula": 5, "key_combination": 4, "item": 8, "quoted": 4, "relation": 4,
    "codes": 22, "abbreviation": 10, "plate": 5, "leader": 5, "strokes": 3,
}  # fmt: skip
TECHNICAL = {"url": 5, "path": 4, "version_of": 5, "terminal": 6, "code": 9, "config": 5, "box": 1}

_FUNCTIONS: dict[str, Callable[[np.random.Generator], str]] = {
    "count": fields.count,
    "large": fields.large,
    "decimal": fields.decimal,
    "amount": fields.amount,
    "money": fields.money,
    "percent": fields.percent,
    "bought": fields.bought,
    "amount_in_words": fields.amount_in_words,
    "small_number": fields.small_number,
    "year_in_words": fields.year_in_words,
    "date": fields.date,
    "clock": fields.clock,
    "phone": fields.phone,
    "plate": fields.plate,
    "serial": fields.serial,
    "look_alikes": fields.look_alikes,
    "hexadecimal": fields.hexadecimal,
    "uuid": fields.identifier,
    "version": fields.version,
    "numeral": fields.numeral,
    "lower_numeral": lambda rng: fields.numeral(rng).lower(),
    "host": fields.address_of_host,
    "query_value": fields.query_value,
    "constant": fields.constant,
    "snake": fields.snake,
    "camel": fields.camel,
    "title": fields.title,
    "run": fields.run_of_one_sign,
    "box_row": fields.box_row,
    "stars": fields.stars,
    "spaced": fields.spaced,
    "side": fields.side_by_side,
    "full": lambda rng: fields.full_width(expand(rng, "half_width")),
    "year": lambda rng: str(rng.integers(1900, 2036)),
    "digit": lambda rng: some(rng, "123456789", 1, 1),
    "four": lambda rng: some(rng, string.digits, 4, 4),
    "whole": lambda rng: some(rng, "123456789", 1, 1) + some(rng, string.digits, 0, 8),
    "zip": lambda rng: some(rng, string.digits, 5, 5),
    "tens": lambda rng: str(10 * rng.integers(1, 10)),
    "hundreds": lambda rng: str(100 * rng.integers(1, 10)),
    "hexcolour": lambda rng: some(rng, fields.HEX, 6, 6),
    "decimal_of_five": lambda rng: f"{rng.uniform(3, 5):.1f}",
}
_SIGNS = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "quarter": "1234",
    "weekday": "一二三四五六日",
    "weekday_en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Monday", "Friday", "Sunday"),
    "province_letter": "京沪津粤苏浙鄂湘川鲁豫",
    "circled": "①②③④⑤⑥⑦⑧⑨⑩",
    "parenthesised": "⑴⑵⑶⑾⑿⒀⒁⒂⒃⒄⒅⒆",
    "numbered": "⒈⒉⒊",
    "bullet": "●■◆★▲○□◇☆△◎※→·•-*",
    "small_digit": "〇一二三四五六七八九",
    "roman_sign": "ⅠⅡⅢⅣⅠⅡⅢⅣⅤⅥⅧ",
    "han": "男女是否有无大中小上下左右甲乙丙丁优良元年月日号第共",
    "mark": string.punctuation + "。，、；：？！“”‘’（）《》【】—…·～×÷±√→↓℃°",
}
_RULES: dict[str, Sequence[str]] = {**WORDS, **everyday.RULES, **technical.RULES, **_SIGNS}
_SYMBOL = re.compile(r"\{([a-z_]+)\}")


def expand(rng: np.random.Generator, symbol: str) -> str:
    """Draw what a symbol stands for."""
    if symbol in _FUNCTIONS:
        return _FUNCTIONS[symbol](rng)
    return fill(rng, pick(rng, _RULES[symbol]))


def fill(rng: np.random.Generator, alternative: str) -> str:
    """Put what they stand for in the place of the symbols of an alternative."""
    return _SYMBOL.sub(lambda match: expand(rng, match[1]), alternative)


def line(rng: np.random.Generator, kinds: Mapping[str, float]) -> str:
    """Draw a line of one of ``kinds``, which gives the weight of each."""
    edges = np.cumsum(list(kinds.values()))
    return expand(rng, list(kinds)[bisect(edges, rng.random() * edges[-1])])
