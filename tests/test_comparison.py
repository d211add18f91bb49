import re
import time

import numpy as np

from crnn.tools import comparison


def test_readers_take_turns_and_one_that_fails_stops_none(monkeypatch, capsys):
    turns = []

    def reader(name):
        def read(images):
            turns.append(name)
            if name == "Tesseract":
                raise ValueError("Tesseract: no such language")
            time.sleep(0.002 if name == "CRNN" else 0.02)
            return ["" for _ in images]

        return read

    names = ("CRNN", "RapidOCR", "Tesseract")
    monkeypatch.setattr(comparison, "readers", lambda _: {name: reader(name) for name in names})
    comparison.print_times(None, "pictures", [np.zeros((32, 64), np.uint8)] * 2)
    assert turns == ["CRNN", "RapidOCR", "Tesseract"] + ["CRNN", "RapidOCR"] * comparison.ROUNDS
    heading, failed, *rows = capsys.readouterr().out.splitlines()
    assert heading == "2 pictures, 64 columns on average, two threads each:" and "no such language" in failed
    for name, least, row in zip(names, (1, 10), rows, strict=False):
        found = re.fullmatch(rf"  {name} (.+) ms a line \((.+) to (.+)\)", row)
        median, low, high = map(float, found.groups())
        assert least <= low <= median <= high
    assert len(rows) == 2
