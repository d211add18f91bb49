"""Made-up lines of the kinds that running text lacks: numbers, dates, prices, URLs, code, doubles."""

import string

import numpy as np

LETTERS = np.array(list(string.ascii_letters))
DIGITS = np.array(list(string.digits))
SOUP = np.array([chr(code) for code in range(33, 127)])
NARROW = np.array(list("lIi1|!.,:;'fjrt()[]{}"))


def line(rng):
    """One or more patterns, joined by blanks."""
    parts = [_PATTERNS[rng.integers(len(_PATTERNS))](rng) for _ in range(rng.integers(1, 9))]
    return " ".join(parts)


def _pick(rng, options):
    return options[rng.integers(len(options))]


def _some(rng, characters, low, high):
    return "".join(characters[rng.integers(len(characters), size=rng.integers(low, high))])


def _digits(rng, low, high):
    return _some(rng, DIGITS, low, high)


def integer(rng):
    number = int(10 ** rng.uniform(0, 9))
    return f"{number:,}" if rng.random() < 0.4 else str(number)


def decimal(rng):
    return f"{10 ** rng.uniform(-2, 6):{_pick(rng, ['.1f', '.2f', '.3f', ',.2f'])}}"


def price(rng):
    amount = f"{10 ** rng.uniform(0, 5):,.2f}" if rng.random() < 0.7 else str(rng.integers(1, 9999))
    return _pick(rng, ["￥{}", "${}", "{}元", "€{}", "¥{}", "{}/kg", "{}折", "-{}", "RMB {}", "{} USD"]).format(amount)


def percent(rng):
    return f"{rng.uniform(0, 100):.{rng.integers(0, 3)}f}" + _pick(rng, ["%", "%", "‰", "℃", "°"])


def date(rng):
    year, month, day = rng.integers(1900, 2100), rng.integers(1, 13), rng.integers(1, 29)
    form = _pick(
        rng,
        [
            "{0}-{1:02}-{2:02}",
            "{0}/{1}/{2}",
            "{0}年{1}月{2}日",
            "{2:02}.{1:02}.{0}",
            "{1}月{2}日",
            "{2} {3} {0}",
            "{0} 年 {1} 月 {2} 日",
            "{1} 月 {2} 日",
        ],
    )
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]
    return form.format(year, month, day, names[month - 1])


def time(rng):
    hour, minute, second = rng.integers(24), rng.integers(60), rng.integers(60)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if rng.random() < 0.6 else "")


def phone(rng):
    return _pick(rng, ["0{0}-{1}", "1{0}{1}", "+86 {0} {1}", "400-{0}-{1}", "({0}) {1}"]).format(
        _digits(rng, 2, 4), _digits(rng, 4, 9)
    )


def identifier(rng):
    form = rng.integers(4)
    if form == 0:
        return _some(rng, LETTERS, 1, 4).upper() + "-" + _digits(rng, 2, 8)
    if form == 1:
        return "v" + ".".join(str(n) for n in rng.integers(0, 30, size=rng.integers(2, 5)))
    if form == 2:
        return "".join(f"{n:02X}" for n in rng.integers(0, 256, size=rng.integers(2, 8)))
    return "No." + _digits(rng, 1, 7)


def word(rng):
    return _some(rng, LETTERS, 1, 9).lower()


def address(rng):
    return _pick(
        rng,
        [
            "https://www.{0}.com/{1}?id={2}",
            "https://{0}.{1}.org/{2}",
            "http://{0}.net/{1}/{0}.html#{2}",
            "https://{1}.cn/{0}/{1}?{0}={2}&v=1.{2}",
            "{0}@{1}.org",
            "www.{0}.cn",
            "C:\\{0}\\{1}.txt",
            "/usr/{0}/{1}.py",
            "{0}_{1}.jpg",
            "//{0}/{1}",
        ],
    ).format(word(rng), word(rng), _digits(rng, 1, 5))


def counted(rng):
    """A number and what it counts."""
    unit = _pick(
        rng,
        list("个件人年月日元次天页张台米吨岁分号章节版")
        + ["小时", "分钟", "公里", "平方米", "GB", "MB", "ms", "kg", "cm"],
    )
    return _pick(rng, [integer, decimal])(rng) + _pick(rng, ["", "", " "]) + unit


def remark(rng):
    return _pick(rng, ["# {0} {1}", "#{2}", "# {2}% {0}", "// {0} {1}", "#{0}", "; # {0}", "/* {0} */"]).format(
        word(rng), word(rng), _digits(rng, 1, 4)
    )


def code(rng):
    return _pick(
        rng,
        [
            "for {0} in range({2}):",
            "if ({0} == {1}) {{ return {2}; }}",
            "{0} = {1}[{2}]",
            "def {0}(self, {1}={2}):",
            "#include <{0}.h>",
            "{0}->{1}({2});",
            "print('{0}', {1})",
            'x["{0}"] += {2} * {1}',
            '<{0} class="{1}">',
            "import {0} as {1}",
            "$ {0} --{1} | grep -{2}",
            "!{0} && ({1} || ~{2}) ^ 0x{2}",
        ],
    ).format(word(rng), word(rng), _digits(rng, 1, 4))


def joined(rng, words):
    """Words of a text written together, two or three at once, as in compounds, tags, names of files and functions."""
    words = words.split()
    together = []
    while words:
        count = rng.integers(2, 4)
        first, *others = words[:count]
        words = words[count:]
        u = rng.random()
        if u < 0.3:
            first, others = first.lower() if u < 0.15 else first.title(), [word.title() for word in others]
        sign = _pick(rng, "#@.-/") if rng.random() < 0.15 else ""
        together.append(sign + "".join([first, *others]))
    return " ".join(together)


def doubles(rng):
    """Narrow doubled letters and digits, which four pixels a step are apt to lose."""
    options = ["ll", "11", "III", "ii", "tt", "ff", "rr", "||", "..", "''", "lll", "1111", "Ill", "l1I", "ill", "fill"]
    return "".join(_pick(rng, options) if rng.random() < 0.5 else word(rng)[:3] for _ in range(rng.integers(1, 5)))


def narrow(rng):
    return _some(rng, NARROW, 2, 8)


def soup(rng):
    return _some(rng, SOUP, 3, 12)


def heading(rng):
    return _pick(
        rng,
        [
            "第{0}章",
            "{0}.{1}",
            "({0})",
            "[{0}]",
            "图{0}-{1}",
            "表{0}",
            "Figure {0}.{1}",
            "§{0}",
            "（{0}）",
            "{0}、",
            "№{0}",
        ],
    ).format(rng.integers(1, 30), rng.integers(1, 20))


def span(rng):
    """From here to there."""
    number = _pick(rng, [integer, time, date, percent])
    return number(rng) + _pick(rng, ["—", "-", "–", "~", "～", "——", " - ", "至"]) + number(rng)


def menu(rng):
    """Entries of a menu or of a form, with their keys or values."""
    entry = _pick(
        rng, ["文件", "编辑", "查看", "插入", "格式", "工具", "帮助", "窗口", "选项", "打印", "全选", "收藏", "首页"]
    )
    key = chr(65 + rng.integers(26))
    return entry + _pick(rng, ["({0})", "({0})", "（{0}）", "[{0}]", " Ctrl+{0}", ":{0}", "：{0}"]).format(key)


def enumeration(rng):
    return _pick(rng, list("①②③④⑤⑥⑦⑧⑨⑩⑾⑿⒀⒁⒂⒃⒄⒅⒆⑴⑵⒉⑶⒈ⅠⅡⅢⅣ●■★☆◆◇○□△▲→※"))


_PATTERNS = [
    integer, decimal, price, percent, date, time, phone, identifier, address, code, code,
    doubles, doubles, narrow, soup, heading, span, menu, menu, enumeration, counted, remark,
]  # fmt: skip
