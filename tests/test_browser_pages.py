"""Pages as a browser shows them, read whole with the shipped weights: all lines, in order."""

import shutil
import subprocess

import pytest

from crnn.evaluation.metrics import edit_distance
from crnn.image import read_grayscale
from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import default_recognizer
from crnn.tools.render_in_browser import PROGRAMS

BROWSER = next(filter(None, map(shutil.which, PROGRAMS)), None)
MAX_CER = 0.01
SENTENCES = [
    "The old lighthouse stood on a cliff above the harbour",
    "Boxes of oranges were carried to the market at dawn",
    "Nobody had seen the captain since the previous winter",
    "A long letter arrived from the office in the capital",
    "Children ran along the beach and shouted at the waves",
    "Repairs to the northern bridge will begin next month",
    "The train was late because of the snow in the valley",
    "Every morning the baker opened the shop before seven",
    "Several maps of the region were found in the library",
    "Visitors may leave their coats and bags at the door",
]
STYLE = """<!doctype html><meta charset="utf-8"><style>body { margin: 24px; font: 17px/1.6 sans-serif }
div, td, span { white-space: pre } td { border: 1px solid #bbb; padding: 7px 16px }
.row { display: flex; align-items: center; border-bottom: 1px solid #ddd; padding: 12px } .row div { flex: 1 }
.badge { background: #c22; color: #fff; border-radius: 12px; padding: 1px 12px }
.icon { width: 30px; height: 30px; border-radius: 8px; background: #38f; margin-right: 14px }
.bubble { padding: 9px 14px; border-radius: 10px; width: fit-content; margin-bottom: 14px }</style>"""


def line(text, **attributes):
    given = "".join(f' {name.rstrip("_")}="{value}"' for name, value in attributes.items())
    return f"<div{given}>{text}</div>"


def column():
    return "".join(map(line, SENTENCES)), SENTENCES


def columns():
    halves = [" ".join(s.split()[:5]) for s in SENTENCES], [" ".join(s.split()[-5:]) for s in SENTENCES]
    style = "float: left; width: 46%; margin-right: 4%"
    return "".join(line("".join(map(line, half)), style=style) for half in halves), [*halves[0], *halves[1]]


def table():
    rows = [["Station", "Trains", "Buses", "Opened", "Level"]]
    rows += [[f"{name}", f"{17 * k + 3}", f"{k * k + 40}", f"19{k + 4}7", f"{k}.{k + 2} m"] for k, name in
             enumerate(("Harbour", "Market", "Museum", "Airport", "Stadium"))]  # fmt: skip
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table style="border-collapse: collapse">{cells}</table>', [cell for row in rows for cell in row]


def settings():
    names = ["Notifications", "Display and light", "Sounds", "Privacy", "Battery", "Accounts"]
    rows, said = [], []
    for k, name in enumerate(names):
        badge = f'<span class="badge">{7 * k + 12}</span>' if k % 2 else ""
        rows.append(line(f'<span class="icon"></span>{line(name)}{badge}', class_="row"))
        said += [name, str(7 * k + 12)] if k % 2 else [name]
    return "".join(rows), said


def terminal():
    style = "background: #1d1f21; color: #d0d0d0; font: 16px/1.4 monospace; padding: 16px"
    said = [s if k % 3 else "$ " + s.lower() for k, s in enumerate(SENTENCES)]
    return line("".join(map(line, said)), style=style), said


def chat():
    bubbles = "".join(
        line(s, class_="bubble", style="background: #95ec69; margin-left: auto" if k % 3 == 1 else "background: #fff")
        for k, s in enumerate(SENTENCES)
    )
    return line(bubbles, style="background: #ededed; padding: 14px"), SENTENCES


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("page", [column, columns, table, settings, terminal, chat])
def test_all_lines_of_a_page_are_read_in_order(page, tmp_path):
    body, wanted = page()
    (tmp_path / "page.html").write_text(STYLE + body, encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=900,760"]
    command += [f"--screenshot={tmp_path / 'page.png'}", (tmp_path / "page.html").as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    image = read_grayscale(tmp_path / "page.png")
    ((_, text),) = [page for pages in read_pages(default_recognizer(), [(0, image)]) for page in pages]
    assert len(text.lines) == len(wanted) and not text.is_line
    assert edit_distance(text.text, "\n".join(wanted)) <= MAX_CER * len("\n".join(wanted))
