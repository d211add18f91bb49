"""Fields of made-up lines that no list holds: amounts, dates, codes, and texts set in a special way.

Each function draws one field: it takes a random generator and returns a string.
"""

import re
import string
import uuid
from collections.abc import Sequence

import numpy as np

from crnn.synthesis.vocabulary import BETWEEN, BOUGHT, CLOCKS, COLUMNS, DATES, PHONES, PLATES, SERIALS, WORDS

UPPER_CASE, DIGITS, HEX = string.ascii_uppercase, string.digits, "0123456789abcdef"
TWINS = dict(zip("OIZSB", "01258", strict=True))  # capitals and the digits that look like them
LOOK_ALIKES = "0O1Il0O5S8B2Z"  # of serial numbers
NUMERALS = tuple("I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XIX XX".split())
CAPITALS = "零壹贰叁肆伍陆柒捌玖"
SMALL = "零一二三四五六七八九"
YEARS = "〇一二三四五六七八九"


def pick(rng: np.random.Generator, options: Sequence):
    """Draw one of a sequence, each as likely as the others."""
    return options[int(rng.integers(len(options)))]


def some(rng: np.random.Generator, characters: str, low: int, high: int) -> str:
    """Draw ``low`` to ``high`` characters."""
    return "".join(pick(rng, characters) for _ in range(rng.integers(low, high + 1)))


def count(rng: np.random.Generator) -> str:
    """Draw a small number, mostly of one or two digits."""
    return str(int(10 ** rng.uniform(0, 2.2)))


def large(rng: np.random.Generator) -> str:
    """Draw a number of three to eight digits, in groups of three or not."""
    number = int(10 ** rng.uniform(2, 8))
    return f"{number:,}" if rng.random() < 0.5 else str(number)


def decimal(rng: np.random.Generator) -> str:
    """Draw a number with one to three decimals."""
    return f"{10 ** rng.uniform(-1, 3):.{rng.integers(1, 4)}f}"


def amount(rng: np.random.Generator) -> str:
    """Draw an amount of money without its sign."""
    value = 10 ** rng.uniform(-0.2, 4.2)
    u = rng.random()
    if u < 0.15:
        return str(int(value) + 1)
    if u < 0.3:
        return f"{int(value)}.{pick(rng, ('00', '90', '99', '50', '9', '5'))}"
    return f"{value:,.2f}" if u < 0.7 else f"{value:.2f}"


def money(rng: np.random.Generator) -> str:
    """Draw an amount with the sign of its currency."""
    sign = pick(rng, ("¥", "￥", "¥ ", "￥ ", "$", "$", "RM", "RMB ", "US$", "Rs ", "HK$", "€", "€ ", ""))
    return pick(rng, ("", "", "", "", "", "-", "+")) + sign + amount(rng)


def percent(rng: np.random.Generator) -> str:
    """Draw a percentage or a rate per thousand."""
    u = rng.random()
    value = f"{rng.uniform(0, 100):.{rng.integers(0, 3)}f}" if u < 0.6 else str(5 * rng.integers(1, 21))
    return value + pick(rng, ("%", "%", "%", "%", "%", "‰"))


def bought(rng: np.random.Generator) -> str:
    """Draw quantity, price and amount of an item, which agree."""
    number, price = int(rng.integers(1, 13)), rng.integers(100, 20000) / 100
    form = pick(rng, BOUGHT)
    return form.format(number, price, number * price)


def chinese_number(value: int, digits: str, places: str) -> str:
    """Write a whole number below 10**8 in Chinese.

    Args:
        value: the number.
        digits: the ten digits. places: signs of ten, hundred and thousand.

    >>> chinese_number(20305, SMALL, "十百千")
    '二万零三百零五'
    """
    if value >= 10000:
        lower = value % 10000
        text = chinese_number(value // 10000, digits, places) + "万"
        return text + (digits[0] if 0 < lower < 1000 else "") + (chinese_number(lower, digits, places) if lower else "")
    text, skipped = "", False
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit:
            text += (digits[0] if skipped and text else "") + digits[digit] + (places[power - 1] if power else "")
        skipped = not digit
    return text or digits[0]


def amount_in_words(rng: np.random.Generator) -> str:
    """Draw an amount spelt out as on cheques and invoices."""
    yuan, jiao, fen = int(10 ** rng.uniform(0, 6)), int(rng.integers(10)), int(rng.integers(10))
    text = chinese_number(yuan, CAPITALS, "拾佰仟") + pick(rng, "元元圆")
    if rng.random() < 0.4 or not jiao:
        return text + "整"
    return text + CAPITALS[jiao] + "角" + (CAPITALS[fen] + "分" if fen else "整")


def small_number(rng: np.random.Generator) -> str:
    """Draw a number in Chinese."""
    return re.sub("^一十", "十", chinese_number(int(10 ** rng.uniform(0, 4.5)), SMALL, "十百千"))


def year_in_words(rng: np.random.Generator) -> str:
    """Draw a year in Chinese."""
    return "".join(YEARS[int(digit)] for digit in str(rng.integers(1949, 2036)))


def date(rng: np.random.Generator) -> str:
    """Draw a date in one of the usual forms."""
    year, month, day = rng.integers(1990, 2036), rng.integers(1, 13), rng.integers(1, 29)
    name = pick(rng, ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"))
    form = pick(rng, DATES)
    return form.format(year, month, day, f"{year % 100:02}", name)


def clock(rng: np.random.Generator) -> str:
    """Draw a time of day."""
    hour, minute, second = rng.integers(24), rng.integers(60), rng.integers(60)
    form = pick(rng, CLOCKS)
    half = hour >= 12
    names = ("PM" if half else "AM"), ("pm" if half else "am"), ("下午" if half else "上午")
    return form.format(hour, minute, second, (hour - 1) % 12 + 1, *names, rng.integers(1000))


def phone(rng: np.random.Generator) -> str:
    """Draw a telephone number."""
    return masked(rng, pick(rng, PHONES))


def masked(rng: np.random.Generator, form: str) -> str:
    """Fill a form: ``#`` with a digit, ``@`` with a capital, ``?`` with either."""
    options = {"#": DIGITS, "@": UPPER_CASE, "?": DIGITS + UPPER_CASE}
    return "".join(pick(rng, options[sign]) if sign in options else sign for sign in form)


def plate(rng: np.random.Generator) -> str:
    """Draw a Chinese licence plate, with or without its point."""
    return pick(rng, "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + masked(rng, pick(rng, PLATES))


def serial(rng: np.random.Generator) -> str:
    """Draw a number of an order, an invoice, a part or a licence."""
    return masked(rng, pick(rng, SERIALS))


def look_alikes(rng: np.random.Generator) -> str:
    """Draw a code of characters that look alike, or a word with some of its characters replaced or repeated."""
    u = rng.random()
    if u < 0.3:
        word, twins = pick(rng, WORDS["noun"]).upper(), pick(rng, (TWINS, {"O": "0"}, {"O": "0"}))
        return "".join(twins.get(c, c) if rng.random() < 0.5 else c for c in word) + some(rng, DIGITS, 0, 2)
    if u < 0.4:  # narrow characters in a row, which a reader of columns miscounts
        run = pick(rng, "IIIl1") * int(rng.integers(2, 5))
        return some(rng, UPPER_CASE, 0, 2) + run + some(rng, pick(rng, (UPPER_CASE, LOOK_ALIKES)), 0, 3)
    if u < 0.6:
        return some(rng, pick(rng, ("0O", "0OQD", "0OA", "1Il", "5S3", "8B6", "2Z7")) + pick(rng, UPPER_CASE), 2, 6)
    return some(rng, LOOK_ALIKES + UPPER_CASE + DIGITS, 4, 11)


def hexadecimal(rng: np.random.Generator) -> str:
    """Draw a hash, short or whole."""
    text = some(rng, HEX, *pick(rng, ((7, 7), (7, 8), (12, 12), (16, 32), (40, 40), (64, 64))))
    return text.upper() if rng.random() < 0.15 else text


def identifier(rng: np.random.Generator) -> str:
    """Draw a UUID."""
    return str(uuid.UUID(bytes=rng.bytes(16), version=4))


def version(rng: np.random.Generator) -> str:
    """Draw a version of a program."""
    text = ".".join(str(int(number)) for number in 10 ** rng.uniform(0, 1.6, size=rng.integers(2, 4)) - 1)
    return text + pick(
        rng, ("", "", "", "", "-beta", "-rc.1", "rc1", "-alpha.2", "+build.7", "b2", ".dev0", "-SNAPSHOT", "-lts")
    )


def numeral(rng: np.random.Generator) -> str:
    """Draw a Roman numeral."""
    return pick(rng, NUMERALS)


def address_of_host(rng: np.random.Generator) -> str:
    """Draw an IP address, with or without a port."""
    if rng.random() < 0.15:
        return ":".join(some(rng, HEX, 1, 4) for _ in range(rng.integers(3, 7)))
    text = ".".join(map(str, rng.integers(0, 256, size=4)))
    return text + pick(rng, ("", "", "", ":8080", ":443", "/24", ":3000"))


def query_value(rng: np.random.Generator) -> str:
    """Draw a value of a URL, such as the name of a video."""
    return some(rng, string.ascii_letters + DIGITS, 3, 14)


def constant(rng: np.random.Generator) -> str:
    """Draw a name of a configuration variable."""
    return "_".join(pick(rng, WORDS["noun"]).upper() for _ in range(rng.integers(2, 4)))


def snake(rng: np.random.Generator) -> str:
    """Draw a name of a function in snake case."""
    name = "_".join([pick(rng, WORDS["verb"]), *(pick(rng, WORDS["noun"]) for _ in range(rng.integers(1, 3)))])
    return pick(rng, ("{}", "{}", "{}", "_{}", "__{}__", "__{}", "self.{}", "test_{}")).format(name)


def camel(rng: np.random.Generator) -> str:
    """Draw a name of a function in camel case."""
    return pick(rng, WORDS["verb"]) + "".join(pick(rng, WORDS["noun"]).title() for _ in range(rng.integers(1, 3)))


def title(rng: np.random.Generator) -> str:
    """Draw a name of a class."""
    return "".join(pick(rng, WORDS["noun"]).title() for _ in range(rng.integers(1, 4)))


def run_of_one_sign(rng: np.random.Generator) -> str:
    """Draw one sign several times, as rules, blanks to fill in and emphasis are typed."""
    sign = pick(rng, "!.-_=*#~?/+<>%$·—…、。。，！？★●@&|^:;")
    return sign * int(rng.integers(1, 4) if rng.random() < 0.5 else rng.integers(3, 13))


def box_row(rng: np.random.Generator) -> str:
    """Draw a row of a table that is made of box-drawing characters."""
    if rng.random() < 0.4:
        return pick(rng, ("┌{0}┐", "{0}", "┌{0}┌{0}┐", "━{1}━", "─{0}", "│{2}│")).format(
            "─" * rng.integers(3, 20), "━" * rng.integers(2, 16), " " * rng.integers(3, 9)
        )
    cells = [pick(rng, WORDS[pick(rng, ("label", "item_zh", "noun", "label_en"))]) for _ in range(rng.integers(1, 4))]
    return "│ " + " │ ".join(cells) + " │"


def stars(rng: np.random.Generator) -> str:
    """Draw a rating."""
    full = int(rng.integers(1, 6))
    return "★" * full + "☆" * (5 - full)


def spaced(rng: np.random.Generator) -> str:
    """Draw single characters with blanks between."""
    kind = rng.integers(5)
    if kind == 0:
        return " ".join(pick(rng, WORDS[pick(rng, ("label", "setting", "menu", "city"))])[:4])
    if kind == 1:
        return " ".join(some(rng, DIGITS, 2, 7))
    if kind == 2:
        start = int(rng.integers(20))
        return " ".join(UPPER_CASE[start : start + rng.integers(2, 7)])
    if kind == 3:
        return " ".join(
            f"{pick(rng, UPPER_CASE)}{pick(rng, ('', '.', ' ' + pick(rng, DIGITS)))}" for _ in range(rng.integers(2, 5))
        )
    return " ".join(some(rng, DIGITS, 1, 3) for _ in range(rng.integers(2, 7)))


def side_by_side(rng: np.random.Generator) -> str:
    """Draw words of one list with signs or blanks between, as in columns, tables and breadcrumbs."""
    words = WORDS[pick(rng, COLUMNS)]
    return pick(rng, BETWEEN).join(pick(rng, words) for _ in range(rng.integers(2, 6)))


def full_width(text: str) -> str:
    """Set visible ASCII characters in their full-width forms."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
