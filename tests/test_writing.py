import cv2
import numpy as np

from crnn.charset import Charset
from crnn.dataset import writer
from crnn.dataset.label_file import LabelFile
from crnn.dataset.layout import batch_folders, image_names, read_dataset_image
from crnn.paths import DEFAULT_CHARSET


def test_labelled_pictures_become_a_data_set(tmp_path, capsys):
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((64, 300 + 100 * number), 255, np.uint8))
    (tmp_path / "5.png").write_bytes(b"no picture")
    texts = ["中文：a b", "two", "3", "\U00020000", "5", "six"]
    rows = "".join(f"{number}.png\t{text}\n" for number, text in enumerate(texts))
    (tmp_path / "labels.tsv").write_text(rows, encoding="utf-8")
    arguments = [str(tmp_path / "labels.tsv"), str(tmp_path / "set"), "--batches", "2", "--unpacked"]
    assert writer.main(arguments) == 0
    said = capsys.readouterr().err
    assert "5.png: not a picture" in said and "3.png: the table has no character" in said
    charset = Charset.from_file(tmp_path / "set" / "labels" / "charset.txt")
    assert charset.characters == Charset.from_file(DEFAULT_CHARSET).characters
    found = {}
    for kind, folder in zip(("train", "test"), batch_folders(tmp_path / "set" / "img_batches"), strict=True):
        labels = LabelFile.from_file(tmp_path / "set" / "labels" / f"data_{kind}.txt")
        for name, number in zip(image_names(folder), labels.line_numbers(image_names(folder)), strict=True):
            found[charset.decode(labels[number])] = read_dataset_image(folder / name).shape
    assert found == {"中文:a b": (32, 150), "two": (32, 200), "3": (32, 250), "5": (32, 350)}
    assert writer.main(arguments) == 1 and "exists already" in capsys.readouterr().err
