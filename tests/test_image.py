import cv2
import numpy as np
import pytest

from crnn.image import ImageError, read_grayscale


@pytest.mark.parametrize(("name", "content", "reason"), [
    ("missing.png", None, "No such file"),
    ("empty.png", b"", "empty"),
    ("text.jpg", b"this is no picture", "not a picture"),
])  # fmt: skip
def test_errors_name_file_and_reason(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=f"{name}: .*{reason}"):
        read_grayscale(path)


def test_colours_as_bright_as_each_other_are_told_apart(tmp_path):
    red, green, grey = (0, 0, 255), (0, 130, 0), (76, 76, 76)
    for ink, ground in ((red, green), (green, red), (red, grey)):
        picture = np.full((40, 200, 3), ground, np.uint8)
        picture[12:28, 20:180:8] = ink
        cv2.imwrite(str(tmp_path / "colours.png"), picture)
        assert np.ptp(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)) <= 1
        seen = read_grayscale(tmp_path / "colours.png").astype(int)
        assert abs(seen[15, 20] - seen[0, 0]) > 100


def test_pale_grey_stays_as_it_is(tmp_path):
    picture = np.full((40, 200, 3), 200, np.uint8)
    picture[12:28, 20:180:8] = 180
    cv2.imwrite(str(tmp_path / "pale.png"), picture)
    np.testing.assert_array_equal(read_grayscale(tmp_path / "pale.png"), picture[..., 0])


def test_names_beyond_ascii(tmp_path):
    path = tmp_path / "中文 名.png"
    cv2.imencode(".png", np.full((5, 7), 100, np.uint8))[1].tofile(path)
    assert np.all(read_grayscale(path) == 100)


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparent_pictures_get_a_ground_that_shows_their_ink(tmp_path, ink, ground):
    picture = np.zeros((10, 20, 4), np.uint8)
    picture[3:6, 5:15] = (ink, ink, ink, 255)
    path = tmp_path / "transparent.png"
    cv2.imwrite(str(path), picture)
    grey = read_grayscale(path)
    assert grey[4, 8] == ink and grey[0, 0] == ground


def test_16_bit_and_palette(tmp_path):
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.full((4, 4), 65535, np.uint16))
    assert np.all(read_grayscale(path) == 255)
