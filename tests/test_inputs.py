"""Everything that can be read gives the same grey values."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn.image import ImageError, read_grayscale, to_grayscale
from crnn.inference import inputs
from crnn.inference.inputs import is_single, load_grayscale

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "asset" / "price.png"


@pytest.fixture(scope="module")
def grey():
    return read_grayscale(PICTURE)


@pytest.fixture
def color():
    return np.random.default_rng(0).integers(0, 256, (32, 50, 3), np.uint8)


def test_the_ways_to_name_a_file(grey):
    data = PICTURE.read_bytes()
    for source in (PICTURE, str(PICTURE), data, bytearray(data), memoryview(data), io.BytesIO(data)):
        assert is_single(source)
        np.testing.assert_array_equal(load_grayscale(source), grey)
    with PICTURE.open("rb") as file:
        np.testing.assert_array_equal(load_grayscale(file), grey)


def test_arrays(color):
    grey = to_grayscale(color)
    opaque = np.dstack([color, np.full(color.shape[:2], 255, np.uint8)])
    for array, channels in (
        (grey, "bgr"),
        (grey[..., None], "rgb"),
        (color, "bgr"),
        (color[..., ::-1], "rgb"),
        (grey.astype(np.uint16) * 257, "bgr"),
        (np.asfortranarray(color), "bgr"),
    ):
        np.testing.assert_array_equal(load_grayscale(array, channels), grey)
    np.testing.assert_allclose(load_grayscale(opaque).astype(int), grey, atol=1)
    rgba = np.ascontiguousarray(opaque[..., [2, 1, 0, 3]])
    np.testing.assert_array_equal(load_grayscale(rgba, "rgb"), load_grayscale(opaque))
    np.testing.assert_array_equal(load_grayscale(grey > 99), np.where(grey > 99, 255, 0))


def test_the_order_of_colours_counts():
    red = np.zeros((32, 40, 3), np.uint8)
    red[..., 2] = 255
    red[:, ::2] = 255
    assert load_grayscale(red, "bgr").min() == 76 and load_grayscale(red, "rgb").min() == 29


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((32, 100), np.float32), r"shape \(32, 100\) and type float32: must have the type uint8"),
        (np.zeros((2, 32, 100, 3), np.uint8), r"must be \(height, width\)"),
        (np.zeros((32, 100, 2), np.uint8), r"must be \(height, width\)"),
        (np.zeros((0, 100), np.uint8), "not empty"),
    ],
)
def test_arrays_that_are_no_images_are_refused(array, message):
    with pytest.raises(ImageError, match=message):
        load_grayscale(array)


def test_an_unknown_order_of_colours_is_refused(color):
    with pytest.raises(ValueError, match="channels='hsv': must be one of bgr, rgb"):
        load_grayscale(color, "hsv")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16"])
def test_images_of_pillow(color, mode):
    grey = to_grayscale(color)
    image = Image.fromarray(color[..., ::-1])
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        image = image.convert("L" if mode == "LA" else "RGB").convert(mode)
    assert image.mode == mode and is_single(image)
    tolerance = {"1": 255, "P": 90, "CMYK": 1, "YCbCr": 3}.get(mode, 1)
    np.testing.assert_allclose(load_grayscale(image).astype(int), grey, atol=tolerance)


def test_a_transparent_image_of_pillow_is_laid_on_white_as_a_file_is(tmp_path, color):
    alpha = np.zeros(color.shape[:2], np.uint8)
    alpha[:, :20] = 255
    Image.fromarray(np.dstack([color // 4, alpha])).save(tmp_path / "a.png")
    from_file = load_grayscale(tmp_path / "a.png")
    assert from_file[:, 20:].min() == 255
    np.testing.assert_array_equal(load_grayscale(Image.open(tmp_path / "a.png")), from_file)


def test_an_image_of_pillow_is_turned_as_its_tag_says(tmp_path, color):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(color).save(tmp_path / "turned.png", exif=exif)
    image = Image.open(tmp_path / "turned.png")
    assert image.size == (50, 32) and load_grayscale(image).shape == (50, 32)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_images_of_pillow_without_a_white_are_refused(mode):
    with pytest.raises(ImageError, match=f"mode {mode}: convert it to L or RGB"):
        load_grayscale(Image.new(mode, (40, 32)))


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    for source, message in (
        (tmp_path / "missing.png", r"missing\.png: No such file"),
        (tmp_path / "text.png", r"text\.png: not a picture"),
        (b"no image", "bytes of an image: not a picture"),
        (b"", "bytes of an image: the file is empty"),
        (io.BytesIO(b"no image"), "a file object: not a picture"),
        (io.StringIO("no image"), "a file object: the file is opened as text"),
    ):
        with pytest.raises(ImageError, match=message):
            load_grayscale(source)


@pytest.mark.parametrize("source", [3, None, [PICTURE], iter([PICTURE])])
def test_what_is_no_image_is_no_single_one(source):
    assert not is_single(source)
    with pytest.raises(TypeError, match="an image is a path, a URL, bytes"):
        load_grayscale(source)


class Handler(BaseHTTPRequestHandler):
    """Serves the picture; endless bytes; nothing, for long; a header that never ends."""

    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/picture.png")
            self.end_headers()
            return
        if self.path == "/slow_header":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            self.trickle(b"X: y\r\n")
            return
        known = self.path in ("/picture.png", "/large", "/slow")
        self.send_response(200 if known else 404)
        self.end_headers()
        if self.path == "/picture.png":
            self.wfile.write(PICTURE.read_bytes())
        if self.path == "/large":
            self.wfile.write(bytes(300_000))
        if self.path == "/slow":
            self.trickle(b"x")

    def trickle(self, data):
        while not self.server.done.wait(0.05):
            self.wfile.write(data)
            self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.done.set()
    server.shutdown()
    server.server_close()


def test_a_url_is_read(address, grey):
    for name in ("picture.png", "moved"):
        np.testing.assert_array_equal(load_grayscale(f"{address}/{name}"), grey)


def test_a_url_has_limits(address, monkeypatch):
    monkeypatch.setattr(inputs, "MAX_URL_BYTES", 200_000)
    monkeypatch.setattr(inputs, "MAX_URL_SECONDS", 0.5)
    for name, message in (
        ("large", r"/large: larger than 0\.2 MB"),
        ("slow", r"/slow: not loaded within 0\.5 s"),
        ("slow_header", r"/slow_header: not loaded within 0\.5 s"),
        ("missing", "/missing: HTTP Error 404"),
    ):
        with pytest.raises(ImageError, match=message):
            load_grayscale(f"{address}/{name}")


def test_a_url_that_leads_nowhere_is_named():
    with pytest.raises(ImageError, match=r"http://127\.0\.0\.1:1/a\.png: .*refused"):
        load_grayscale("http://127.0.0.1:1/a.png")


def test_a_url_is_of_http_alone():
    with pytest.raises(ImageError, match="No such file"):
        load_grayscale(f"file://{PICTURE}")
