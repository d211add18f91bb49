"""Figures of CTC: paths of a word, the lattice, doubled letters, spaces."""

from itertools import groupby
from pathlib import Path

import numpy as np

from crnn.charset import SPACE
from crnn.geometry import STRIDE
from crnn.tools.guide.lattice import count_paths, entries_of, posteriors, states_of, text_probability
from crnn.tools.guide.reader import Reader, padded, print_word
from crnn.tools.guide.svg import BLUE, GREEN, INK, RED, SOFT, Drawing

WORD, DOUBLED = "state", "letter"
SPREADS = (0, 8)  # pixels between the letters of the two pictures of the word
SCALE = 5  # pixels of a figure to a column of a picture
LEFT = 70  # pixels: where pictures begin
ROW = 18  # pixels: height of a row of probabilities
HALVES = ("stat", "ion")  # a word that a gap divides
GAPS = range(0, 34, 2)  # pixels in a font of 40


def draw_alignments(reader: Reader, path: Path) -> None:
    """Draw a word in two pictures, with the probabilities of its characters and the likeliest path of each."""
    words = [padded(print_word(WORD, spread=spread)) for spread in SPREADS]
    height = 32 * SCALE + 8 * ROW + 40
    drawing = Drawing(_right(words), len(words) * height, "Two alignments of the word state")
    for number, word in enumerate(words):
        _draw_steps(drawing, reader, word, WORD, number * height + 10)
    drawing.save(path)


def draw_doubled(reader: Reader, path: Path) -> None:
    """Draw a word with a doubled letter, and what comes out if blanks are dropped before repeats are merged."""
    word = padded(print_word(DOUBLED))
    path_without_blanks = reader.path(reader.probabilities(word)).replace(reader.sign(reader.charset.blank), "")
    merged = "".join(sign for sign, _ in groupby(path_without_blanks))
    drawing = Drawing(_right([word]), 32 * SCALE + 8 * ROW + 70, "A blank between two equal letters")
    bottom = _draw_steps(drawing, reader, word, DOUBLED, 10)
    said = f"Without blanks the path is {path_without_blanks}, and merged it gives {merged}."
    drawing.text(LEFT, bottom + 24, said, RED)
    drawing.save(path)


def draw_lattice(reader: Reader, path: Path) -> None:
    """Draw the lattice of a word: all its paths, and how much of its probability goes through each place."""
    probabilities = reader.probabilities(padded(print_word(WORD, spread=SPREADS[-1])))
    labels, blank = reader.charset.encode(WORD), reader.charset.blank
    states = states_of(labels, blank)
    shares, entries = posteriors(probabilities, labels), entries_of(states, blank)
    steps, rows = shares.shape
    wide, high = 22, 26
    drawing = Drawing(LEFT + wide * steps + 10, high * rows + 110, "The lattice of the word state")
    places = np.array(
        [[(LEFT + wide * (step + 0.5), 20 + high * (row + 0.5)) for row in range(rows)] for step in range(steps)]
    )
    reachable = _reachable(steps, entries)
    edges = [
        (*places[step - 1, source], *places[step, row])
        for step in range(1, steps)
        for row, sources in enumerate(entries)
        for source in sources
        if reachable[step, row] and reachable[step - 1, source]
    ]
    drawing.lines(edges, "#c9d0da", stroke_width=0.6)
    best = _best_path(probabilities[:, states], entries)
    drawing.curve(places[np.arange(steps), best], BLUE, stroke_width=2.5, stroke_opacity=0.6)
    for row, state in enumerate(states):
        drawing.text(LEFT - 22, places[0, row, 1] + 5, reader.sign(state), font_weight="bold")
        for step in np.flatnonzero(reachable[:, row]):
            share, color = float(shares[step, row]), INK if state == blank else GREEN
            x, high_up = places[step, row].tolist()
            drawing.circle(x, high_up, 3 + 6 * share**0.5, color, fill_opacity=f"{0.15 + 0.85 * share:.2f}")
    whole = text_probability(probabilities, labels)
    one = float(np.prod(probabilities[np.arange(steps), np.array(states)[best]].astype(np.float64)))
    y = high * rows + 48
    paths = count_paths(steps, labels, blank)
    for said in (
        f"{paths:,} paths of {steps} steps give this word. Blue: the likeliest one, of probability {one:.3f}.",
        f"All together have the probability {whole:.3f}. The CTC loss is -log {whole:.3f} = {-np.log(whole):.3f}.",
        "A circle is the larger, the more of this probability goes through it.",
    ):
        drawing.text(LEFT - 22, y, said)
        y += 20
    drawing.save(path)


def draw_spaces(reader: Reader, path: Path) -> None:
    """Draw how likely a space is by the width of a gap: within a word, and between letters that are all apart."""
    drawing = Drawing(940, 520, "When a gap is a space")
    left, bottom, wide, high = 60, 250, 560, 200
    drawing.text(left, 24, "probability of a space in the gap, by its width (font of 40 pixels)")
    for share in (0, 0.5, 1):
        drawing.line(left, bottom - high * share, left + wide, bottom - high * share, "#d5dae2")
        drawing.text(left - 34, bottom - high * share + 5, f"{share:.1f}", SOFT)
    at = len(HALVES[0])
    kinds = (
        ("one gap in a word", BLUE, lambda gap: print_word("".join(HALVES), gap=gap, at=at)),
        ("the same gap between all letters", RED, lambda gap: print_word("".join(HALVES), spread=gap)),
    )
    for number, (said, color, word) in enumerate(kinds):
        curve = [float(reader.probabilities(padded(word(gap)))[:, SPACE].max()) for gap in GAPS]
        points = [(left + wide * gap / GAPS[-1], bottom - high * value) for gap, value in zip(GAPS, curve, strict=True)]
        drawing.curve(np.array(points), color, stroke_width=2)
        drawing.text(left + 330, bottom - 120 + 20 * number, said, color)
    for gap in GAPS[::4]:
        drawing.text(left + wide * gap / GAPS[-1] - 6, bottom + 18, str(gap), SOFT)
    y = bottom + 40
    for _, color, word in kinds:
        for gap in (8, 16):
            pixels = padded(word(gap))
            drawing.image(left, y, pixels, 1.4)
            probabilities = reader.probabilities(pixels)
            drawing.text(
                left + 300, y + 18, f"gap of {gap}:  {reader.path(probabilities)}", SOFT, font_family="monospace"
            )
            drawing.text(left + 300, y + 38, reader.text(probabilities), color, font_size=15)
            y += 56
    drawing.save(path)


def _right(words: list[np.ndarray]) -> float:
    return LEFT + SCALE * max(word.shape[1] for word in words) + 20


def _draw_steps(drawing: Drawing, reader: Reader, word: np.ndarray, text: str, top: float) -> float:
    """Draw a picture, its time steps, the probabilities of the characters of its text, and the likeliest path.

    Returns:
        The lower edge.
    """
    probabilities = reader.probabilities(word)
    drawing.image(LEFT, top, word, SCALE)
    classes = [*dict.fromkeys(reader.charset.encode(text)), reader.charset.blank]
    y, wide = top + 32 * SCALE + 10, STRIDE * SCALE
    best = probabilities.argmax(axis=-1)
    for row, label in enumerate(classes):
        drawing.text(LEFT - 20, y + ROW * row + 13, reader.sign(label), font_weight="bold")
        for step, value in enumerate(probabilities[:, label].tolist()):
            x = LEFT + wide * (step + 0.5)
            color = GREEN if label != reader.charset.blank else INK
            drawing.rectangle(x, y + ROW * row, wide, ROW, color, fill_opacity=f"{value:.2f}", stroke="#d5dae2")
    y += ROW * len(classes) + 18
    drawing.text(8, y, "best path", SOFT, font_size=12)
    for step, label in enumerate(best.tolist()):
        x = LEFT + wide * (step + 1)
        drawing.text(x, y, reader.sign(label), text_anchor="middle", font_weight="bold")
        drawing.line(x - wide / 2, top, x - wide / 2, top + 32 * SCALE, BLUE, stroke_opacity=0.25)
    drawing.text(8, y + 22, "text", SOFT, font_size=12)
    drawing.text(LEFT, y + 22, reader.text(probabilities), BLUE, font_size=15)
    return y + 22


def _reachable(steps: int, entries: list[list[int]]) -> np.ndarray:
    """Tell which places some path from the first step to the last goes through: (steps, rows)."""
    rows = len(entries)
    forward = np.zeros((steps, rows), bool)
    forward[0, :2] = True
    for step in range(1, steps):
        forward[step] = [forward[step - 1, sources].any() for sources in entries]
    backward = np.zeros((steps, rows), bool)
    backward[-1, -2:] = True
    for step in range(steps - 1, 0, -1):
        for row, sources in enumerate(entries):
            backward[step - 1, sources] |= backward[step, row]
    return forward & backward


def _best_path(seen: np.ndarray, entries: list[list[int]]) -> np.ndarray:
    """Return the row of each step of the likeliest path (Viterbi).

    Args:
        seen: (steps, rows) probabilities.
        entries: for each row the rows before it.
    """
    score = np.full(seen.shape, -np.inf)
    logs = np.log(np.maximum(seen.astype(np.float64), 1e-300))
    score[0, :2] = logs[0, :2]
    came = np.zeros(seen.shape, int)
    for step in range(1, len(seen)):
        for row, sources in enumerate(entries):
            came[step, row] = max(sources, key=lambda source: score[step - 1, source])
            score[step, row] = score[step - 1, came[step, row]] + logs[step, row]
    rows = [int(seen.shape[1] - 2 + score[-1, -2:].argmax())]
    for step in range(len(seen) - 1, 0, -1):
        rows.append(int(came[step, rows[-1]]))
    return np.array(rows[::-1])
