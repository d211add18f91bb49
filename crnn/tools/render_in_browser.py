"""``python -m crnn.tools.render_in_browser``: render lines in a browser, with each character's place from the DOM.

Pages of random texts, faces, sizes, colours and styles are shown in headless Chromium; each line is
cut out of the screenshot. ``train.py --synthetic --rendered FILE`` mixes them into the training.
"""

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from crnn.charset import Charset
from crnn.geometry import HEIGHT, MIN_WIDTH
from crnn.normalization import resize_to_height
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.batch_stream import write_preview
from crnn.synthesis.fonts import Face
from crnn.synthesis.line_generator import LineGenerator, is_chinese
from crnn.synthesis.line_sample import LineSample
from crnn.synthesis.line_store import save
from crnn.synthesis.source import LineSource

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LINES = 60  # on a page
MAX_FACES = 12  # of each script on a page: loading them takes more time than all else
SCALES = (1, 1, 1, 1, 1.25, 1.5, 2)  # device pixels per CSS pixel
LOAD_TIME = 20_000  # ms of virtual time for a page to load its faces
MAX_PLACES = 120  # characters of a line whose places are asked for

# Text and background of web pages; a third of the lines takes any two colours that are far enough apart.
COLOURS = [
    ("#000", "#fff"), ("#333", "#fff"), ("#666", "#fff"), ("#222", "#f5f5f5"), ("#1a0dab", "#fff"),
    ("#d32f2f", "#fff"), ("#888", "#fafafa"), ("#fff", "#000"), ("#ddd", "#1e1e1e"), ("#fff", "#1677ff"),
    ("#abb2bf", "#282c34"), ("#fff", "#d32f2f"), ("#5b4636", "#f4ecd8"), ("#0a0", "#111"),
]  # fmt: skip

SCRIPT = """
document.fonts.ready.then(() => {
  const range = document.createRange();
  const lines = [...document.querySelectorAll("div")].map(div => {
    const text = div.firstChild, box = div.getBoundingClientRect(), places = [];
    for (let i = 0; i < Math.min(text.length, MAX_PLACES); i++) {
      range.setStart(text, i); range.setEnd(text, i + 1);
      const place = range.getBoundingClientRect();
      places.push([place.left, place.right]);
    }
    return {top: box.top, bottom: box.bottom, left: box.left, places};
  });
  const out = document.createElement("pre");
  const failed = [...document.fonts].filter(face => face.status == "error").map(face => face.family);
  out.id = "places"; out.textContent = JSON.stringify({lines, failed});
  document.body.appendChild(out);
});
"""
FONTCONFIG = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>{}</fontconfig>"""
SUBPIXELS = """
<match target="pattern"><edit name="rgba" mode="assign"><const>rgb</const></edit></match>
<match target="font"><edit name="rgba" mode="assign"><const>rgb</const></edit></match>"""


class Page:
    """A page of lines, and the image of each.

    Args:
        generator: gives faces and texts.
        rng: decides everything.
        folders: where the faces are, for those that the browser finds by name only.
    """

    def __init__(self, generator: LineGenerator, rng: np.random.Generator, folders: Sequence[Path] = ()):
        self.generator, self.rng, self.folders = generator, rng, folders
        self.scale = float(rng.choice(SCALES))
        self.subpixels = rng.random() < 0.3
        self.faces: dict[str, Face] = {}
        self.lines: list[tuple[str, str, set[str]]] = []
        divisions = [self._division() for _ in range(LINES)]
        faces = "".join(
            f'@font-face {{ font-family: "{name}"; src: {_source(face)}; }}\n' for name, face in self.faces.items()
        )
        self.html = (
            f'<!doctype html><meta charset="utf-8"><style>{faces}'
            "body { margin: 0 } div { white-space: pre; overflow: hidden; width: 100% }</style>"
            + "\n".join(divisions)
            + f"<script>{SCRIPT.replace('MAX_PLACES', str(MAX_PLACES))}</script>"
        )

    def _division(self):
        rng, generator = self.rng, self.generator
        kind, text = generator.texts.sample(rng)
        chinese = is_chinese(kind, text)
        main = self._face(chinese)
        latin = self._face(False) if not chinese or rng.random() < 0.6 else main
        size = int(rng.choice((rng.integers(11, 20), rng.integers(14, 28), rng.integers(20, 48)), p=(0.55, 0.3, 0.15)))
        drawable = self.faces[main].drawable | self.faces[latin].drawable | {" "}
        text = "".join(c for c in text if c in drawable)
        text = " ".join(text.split())  # as the browser would show it, but for the spaces at the ends
        self.lines.append((kind, text, {main, latin}))
        foreground, background = self._colours()
        style = [
            f'font: {size}px "{latin}", "{main}"',
            f"line-height: {rng.uniform(1.15, 1.9):.2f}",
            f"color: {foreground}",
            f"background: {background}",
            f"padding-left: {rng.uniform(0, 0.6):.2f}em",
        ]
        bold, italic, spaced, underline, border, opacity, gradient = rng.random(7).tolist()
        style += ["font-weight: bold"] * (bold < 0.15) + ["font-style: italic"] * (italic < 0.07)
        style += [f"letter-spacing: {rng.uniform(-0.03, 0.15):.3f}em"] * (spaced < 0.12)
        style += ["text-decoration: underline"] * (underline < 0.1)
        style += ["text-decoration: line-through"] * (underline > 0.99)
        style += [f"border-bottom: 1px solid {foreground}"] * (border < 0.04)
        style += [f"border-top: 1px solid {foreground}"] * (border > 0.97)
        style += [f"opacity: {rng.uniform(0.6, 1):.2f}"] * (opacity < 0.06)
        if gradient < 0.04:
            style.append(f"background: linear-gradient(90deg, {background}, {_mixed(background, foreground)})")
        return f"<div style='{'; '.join(style)}'>{html.escape(text) or '.'}</div>"

    def _face(self, chinese):
        """Return the name of a face on this page: one with outlines, which browsers can scale."""
        name = f"{'chinese' if chinese else 'latin'}{self.rng.integers(MAX_FACES)}"
        while name not in self.faces:
            face = self.generator.fonts.sample(self.rng, chinese)
            if not face.sizes:
                self.faces[name] = face
        return name

    def _colours(self):
        rng = self.rng
        if rng.random() < 0.67:
            return COLOURS[rng.integers(len(COLOURS))]
        while True:
            pair = rng.integers(0, 256, (2, 3))
            if abs(np.diff(pair @ (0.299, 0.587, 0.114))[0]) > 70:
                return tuple("#{:02x}{:02x}{:02x}".format(*colour) for colour in pair)

    def render(self, program: str, folder: Path) -> Iterator[LineSample]:
        """Render the page and yield its lines.

        Args:
            program: the browser.
            folder: for the files of the page.

        Raises:
            OSError: the browser gave no image.
        """
        path, shot = folder / "page.html", folder / "page.png"
        path.write_text(self.html, encoding="utf-8")
        settings = "".join(f"<dir>{html.escape(str(place.resolve()))}</dir>" for place in self.folders)
        settings += SUBPIXELS if self.subpixels else ""
        (folder / "fonts.conf").write_text(FONTCONFIG.format(settings), encoding="utf-8")
        shot.unlink(missing_ok=True)
        environment = os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf")}
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        command += ["--allow-file-access-from-files", f"--force-device-scale-factor={self.scale}"]
        command += ["--window-size=1000,5000", f"--user-data-dir={folder / 'profile'}"]
        command += [f"--virtual-time-budget={LOAD_TIME}", f"--screenshot={shot}", "--dump-dom", path.as_uri()]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        found = re.search(r'<pre id="places">(.*?)</pre>', result.stdout, re.DOTALL)
        screenshot = cv2.imread(str(shot), cv2.IMREAD_GRAYSCALE)
        if not found or screenshot is None:
            raise OSError(f"{program} rendered nothing: {result.stderr.strip()[-300:]}")
        answer = json.loads(html.unescape(found[1]))
        failed = {name.strip('"') for name in answer["failed"]}
        for (kind, text, faces), line in zip(self.lines, answer["lines"], strict=True):
            cut = None if faces & failed else self._cut(screenshot, kind, text, line)
            if cut is not None:
                yield cut

    def _cut(self, screenshot, kind, text, line):
        """Cut one line out of the screenshot, as wide as it may be at height 32; None if too little is left."""
        top, bottom = (round(line[edge] * self.scale) for edge in ("top", "bottom"))
        if bottom > screenshot.shape[0] or bottom - top < 8 or len(text) < 1:
            return None
        places = np.array(line["places"][: len(text)], np.float32) * self.scale
        room = min(MIN_WIDTH * (bottom - top) / HEIGHT, screenshot.shape[1])
        if self.rng.random() < 0.2:
            room *= self.rng.uniform(0.1, 1)  # short ones too
        fits = int(np.searchsorted(places[:, 1], room - 1))
        text = text[:fits].rstrip()
        if not text:
            return None
        end = min(screenshot.shape[1], round(places[len(text) - 1, 1] + self.rng.uniform(0, 0.5) * (bottom - top)))
        if fits < len(places):  # the next one must not show
            end = min(end, int(places[len(text), 0]))
        image = resize_to_height(screenshot[top:bottom, :end])[:, :MIN_WIDTH]
        scale = image.shape[1] / end
        left, right = places[: len(text)].T * scale
        fold = self.generator.charset.fold_character
        if np.ptp(image) < 40 or any(len(fold(c)) != 1 for c in text):
            return None
        return LineSample(image, "".join(map(fold, text)), left, right, kind)


def _source(face):
    """Return where a page finds a face: a collection by the name that the system knows, a file by its address."""
    if face.path.suffix.lower() in (".ttc", ".otc"):
        return f'local("{face.postscript_name}"), local("{face.family} {face.style}")'
    return f'url("{face.path.resolve().as_uri()}")'


def _mixed(a, b):
    return f"color-mix(in srgb, {a} 80%, {b})"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.render_in_browser", description="Render lines of text for training in a browser."
    )
    parser.add_argument("path", type=Path, help="FILE.npz to write")
    parser.add_argument("--pages", type=int, default=100, help=f"of {LINES} lines")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    parser.add_argument(
        "--charset", type=Path, default=DEFAULT_CHARSET, help="table of labels (default: the one in data/)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preview", action="store_true", help="also write FILE.png")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        print(f"none of {', '.join(PROGRAMS)} is installed", file=sys.stderr)
        return 1
    charset = Charset.from_file(options.charset)
    generator = LineSource(tuple(options.fonts), tuple(options.texts), options.seed).generator(charset)
    lines: list[LineSample] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in tqdm(range(options.pages), unit=" pages"):
            page = Page(generator, np.random.default_rng((options.seed, number)), options.fonts)
            lines += page.render(program, Path(folder))
    save(lines, options.path)
    print(f"{options.path}: {len(lines)} lines")
    if options.preview:
        write_preview([line.image for line in lines[:120]], options.path.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
