"""Labels of pictures in the formats of other programs."""

import json

import cv2
import numpy as np
import pytest

from crnn.charset import Charset
from crnn.dataset.picture_labels import PictureLabel, cut_box, read_picture_labels, read_pictures
from crnn.image import ImageError
from crnn.paths import DEFAULT_CHARSET
from crnn.training.pictures import load_pictures, split


@pytest.fixture(scope="module")
def charset():
    return Charset.from_file(DEFAULT_CHARSET)


def write_picture(path, value=90, shape=(32, 200)):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full(shape, 255, np.uint8)
    image[8:24, 10:-10:6] = value
    assert cv2.imwrite(str(path), image)
    return path


def test_lines_of_picture_and_text(tmp_path):
    (tmp_path / "rec_gt.txt").write_text("crop_img/a.jpg\t你好\ncrop_img/b.jpg\t[{ok}]\n", encoding="utf-8")
    labels = read_picture_labels([tmp_path / "rec_gt.txt"])
    assert labels == [
        PictureLabel(tmp_path / "crop_img" / "a.jpg", "你好"),
        PictureLabel(tmp_path / "crop_img" / "b.jpg", "[{ok}]"),
    ]
    assert read_picture_labels([tmp_path]) == labels


def test_pairs_of_tesstrain(tmp_path):
    picture = write_picture(tmp_path / "one" / "a.tif")
    (tmp_path / "one" / "a.gt.txt").write_text("some  words\n", encoding="utf-8")
    (tmp_path / "b.gt.txt").write_text("alone", encoding="utf-8")
    alone, paired = read_picture_labels([tmp_path])
    assert paired == PictureLabel(picture, "some words")
    assert alone.text == "alone" and not alone.path.exists()


def boxes(*entries):
    return json.dumps([{"transcription": t, "points": p, "difficult": d} for t, p, d in entries], ensure_ascii=False)


def test_boxes_of_ppocrlabel_are_cut_out_of_their_page(tmp_path):
    page = np.full((100, 300), 255, np.uint8)
    page[20:40, 30:130] = 0  # one box
    page[60:80, 30:230] = 100  # another
    (tmp_path / "scans").mkdir()
    cv2.imwrite(str(tmp_path / "scans" / "p.png"), page)
    first, second = [[30, 20], [130, 20], [130, 40], [30, 40]], [[30, 60], [230, 60], [230, 80], [30, 80]]
    row = boxes(("甲", first, False), ("待识别", first, False), ("x", first, True), ("乙", second, False))
    (tmp_path / "scans" / "Label.txt").write_text(f"scans/p.png\t{row}\n", encoding="utf-8")
    labels = read_picture_labels([tmp_path / "scans"])
    assert [label.text for label in labels] == ["甲", "乙"]
    one, two = read_pictures(labels)
    assert one.shape == (20, 100) and two.shape == (20, 200)
    assert one[2:-2, 2:-2].max() < 20 and abs(int(np.median(two)) - 100) < 3


def test_a_tilted_box_becomes_level():
    page = np.full((200, 400), 255, np.uint8)
    corners = cv2.boxPoints(((200, 100), (200, 30), 10))  # turned by 10 degrees
    cv2.fillPoly(page, [corners.round().astype(np.int32)], 0)
    top_left = int(corners.sum(axis=1).argmin())
    box = tuple(map(tuple, np.roll(corners, -top_left, axis=0).tolist()))
    cut = cut_box(page, PictureLabel("p.png", "abc", box))
    assert cut.shape == (30, 200) and cut[3:-3, 3:-3].max() < 40
    polygon = cut_box(
        page, PictureLabel("p.png", "abc", (*box[:1], ((box[0][0] + box[1][0]) / 2, box[0][1]), *box[1:]))
    )
    assert abs(polygon.shape[1] - 200) < 60


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (((0, 0), (5, 0)), "not three corners"),
        (((0, 0), (9, 0), (9, 0), (0, 0)), "no area"),
        (((0, 0), (900, 0), (900, 20), (0, 20)), "leaves the picture"),
        (((0, 0), (20, 0), (20, 90), (0, 90)), "vertical line"),
    ],
)
def test_a_box_that_is_no_line_is_refused(box, message):
    with pytest.raises(ImageError, match=message):
        cut_box(np.zeros((100, 100), np.uint8), PictureLabel("p.png", "ab", box))


def test_what_is_no_label_is_refused(tmp_path):
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(ValueError, match=r"empty\.tsv: no label in it"):
        read_picture_labels([tmp_path / "empty.tsv"])
    with pytest.raises(ValueError, match=r"neither \*\.gt\.txt nor one of Label\.txt"):
        read_picture_labels([tmp_path])
    (tmp_path / "spaces.tsv").write_text("a.jpg text\n")
    with pytest.raises(ValueError, match="no picture, tab and text"):
        read_picture_labels([tmp_path / "spaces.tsv"])
    with pytest.raises(OSError, match=r"missing\.tsv"):
        read_picture_labels([tmp_path / "missing.tsv"])
    (tmp_path / "boxes.txt").write_text('a.jpg\t[{"text": "a"}]\n')
    with pytest.raises(ValueError, match=r"boxes\.txt: a box without transcription"):
        read_picture_labels([tmp_path / "boxes.txt"])


def test_pictures_that_cannot_be_learned_from_are_left_out_with_the_reason(tmp_path, charset):
    write_picture(tmp_path / "good.png")
    write_picture(tmp_path / "long.png", shape=(32, 3000))
    rows = (
        "good.png\t一 二：",
        "missing.png\t三",
        "good.png\t5 ₿",
        "long.png\t四",
        "good.png\t",
        "good.png\t" + 70 * "一",
    )
    (tmp_path / "labels.tsv").write_text("\n".join(rows), encoding="utf-8")
    lines, reasons = load_pictures([tmp_path / "labels.tsv"], charset)
    assert [line.text for line in lines] == ["一 二:"] and charset.decode(lines[0].labels) == "一 二:"
    for reason, part in zip(
        reasons,
        ("missing.png: No such file", "the table has no ₿", "times as long as high", "is empty", "too many for"),
        strict=True,
    ):
        assert part in reason


def test_lines_of_one_text_stay_on_one_side(tmp_path, charset):
    write_picture(tmp_path / "a.png")
    texts = [f"{number // 3}" for number in range(60)]
    (tmp_path / "labels.tsv").write_text("".join(f"a.png\t{text}\n" for text in texts))
    lines, _ = load_pictures([tmp_path / "labels.tsv"], charset)
    learned, heldout = split(lines, seed=1)
    assert len(learned) + len(heldout) == 60 and 9 <= len(heldout) <= 12
    assert not {line.text for line in learned} & {line.text for line in heldout}
    with pytest.raises(ValueError, match="label at least 10"):
        split(lines[:9], seed=1)
    with pytest.raises(ValueError, match="nothing to measure on"):
        split(lines[:3] * 4, seed=1)
