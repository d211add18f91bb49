"""Figures of the way to the network: its layers, the division of a line, colour adding."""

import os
from pathlib import Path

import numpy as np

from crnn.image import read_grayscale
from crnn.inference.line_splitting import GAP_COLUMNS, find_gaps, split_at_gaps, split_line
from crnn.normalization import RIGHT_PADDING, normalize_line, pad_right
from crnn.paths import ASSETS
from crnn.tools.guide.reader import Reader
from crnn.tools.guide.svg import BLUE, GREEN, INK, PURPLE, RED, SOFT, Drawing


def draw_network(reader: Reader, path: Path) -> None:
    """Draw the layers with the shapes of their outputs for a picture 280 columns wide."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.model.network import CRNN

    blocks = [
        ("a line", "vgg_input", SOFT),
        ("conv1, max1", "max1", BLUE),
        ("conv2, max2", "max2", BLUE),
        ("conv3, conv4, max3", "max3", BLUE),
        ("conv5, conv6, max4", "max4", BLUE),
        ("con7", "con7", BLUE),
        ("blstm1: LSTMs in both directions", "blstm1", GREEN),
        ("blstm2: LSTMs in both directions", "blstm2", GREEN),
        ("blstm2_out: softmax", "blstm2_out", PURPLE),
    ]
    model = CRNN(reader.charset.classes).predict_core
    drawing = Drawing(560, 44 * len(blocks) + 8, "The layers of the network")
    shape: tuple[int | None, ...] = (1, 32, 280, 1)
    shapes = {}
    for layer in model.layers:
        shape = layer.compute_output_shape(shape) if layer.name != "vgg_input" else shape
        shapes[layer.name] = shape
    for number, (name, layer, color) in enumerate(blocks):
        y = 8 + 44 * number
        sides = shapes[layer][1:]
        drawing.rectangle(8, y, 300, 30, color, rx=5, fill_opacity=0.15, stroke=color)
        drawing.text(20, y + 20, name)
        kind = "rows x columns x maps" if len(sides) == 3 else "time steps x classes" if layer == "blstm2_out" else ""
        said = kind or "time steps x values"
        drawing.text(324, y + 20, " x ".join(str(side) for side in sides), font_weight="bold")
        drawing.text(430, y + 20, said, SOFT, font_size=11)
        if number:
            drawing.line(158, y - 14, 158, y - 2, INK, stroke_width=1.5)
            drawing.curve(np.array([[154, y - 7], [158, y - 1], [162, y - 7]]), INK, stroke_width=1.5)
    drawing.save(path)


def draw_division(reader: Reader, path: Path) -> None:
    """Draw the gaps of a line, its division at every gap, and the pieces in which a long line is read."""
    line = normalize_line(read_grayscale(ASSETS / "etc.jpg"))
    long = normalize_line(read_grayscale(ASSETS / "long.png"))
    scale = 0.95
    drawing = Drawing(max(line.shape[1] * scale, 900) + 40, 300, "A line is divided at its gaps")
    gaps = find_gaps(line)
    drawing.text(20, 22, f"The line, 32 rows high. Marked: gaps of more than {GAP_COLUMNS} columns of background.")
    drawing.image(20, 32, line, scale)
    for start, end in gaps:
        drawing.rectangle(20 + start * scale, 32, (end - start) * scale, 32 * scale, RED, fill_opacity=0.3)
    drawing.text(20, 92, "Divided in the middle of every gap, as the first version of this project did:")
    x = 20.0
    for start, end in split_at_gaps(line):
        drawing.image(x, 102, line[:, start:end], 0.8 * scale)
        x += (end - start) * 0.8 * scale + 6
    drawing.text(20, 162, "Today a line of up to 1400 columns is one piece: the network reads short gaps itself.")
    drawing.text(
        20, 182, f"A longer line, here of {long.shape[1]} columns, is cut at wide gaps. The pieces overlap (grey):"
    )
    y, scale = 194.0, 880 / 1500
    for piece in split_line(long, long.shape).pieces:
        pixels = piece.pixels[:, : piece.last - piece.first]
        drawing.image(20, y, pixels, scale)
        own = [float(np.clip(edge, piece.first, piece.last)) - piece.first for edge in piece.own]
        for left, right in ((0.0, own[0]), (own[1], float(pixels.shape[1]))):
            if right > left:
                drawing.rectangle(20 + left * scale, y, (right - left) * scale, 32 * scale, SOFT, fill_opacity=0.5)
        drawing.text(20, y + 32 * scale + 15, f"columns {piece.first} to {piece.last}", SOFT, font_size=11)
        y += 60
    drawing.save(path)


def draw_colour_adding(reader: Reader, path: Path) -> None:
    """Draw pieces without and with the colour that is added on their right, each with its reading."""
    drawing = Drawing(640, 470, "What colour adding changes")
    y = 0.0
    for name, start, end in (("etc.jpg", 46, 327), ("pdf_abstract.png", 0, 106), ("phone.png", 0, 97)):
        piece = normalize_line(read_grayscale(ASSETS / name))[:, start:end]
        for said, pixels in (("as it is", piece), (f"with {RIGHT_PADDING} columns", pad_right(piece, RIGHT_PADDING))):
            probabilities = reader.probabilities(pixels)
            drawing.text(16, y + 38, said, SOFT)
            drawing.image(130, y + 16, pixels, 1.2)
            if pixels is not piece:
                drawing.rectangle(
                    130 + 1.2 * piece.shape[1], y + 16, 1.2 * RIGHT_PADDING, 38.4, BLUE, fill_opacity=0.15
                )
            drawing.text(130, y + 72, reader.text(probabilities), BLUE if pixels is not piece else RED, font_size=15)
            y += 74
        drawing.line(16, y + 8, 624, y + 8, "#d5dae2")
        y += 8
    drawing.save(path)
