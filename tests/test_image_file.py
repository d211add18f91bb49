"""Image files of every kind give the grey values that people see, within limits that are kept before decoding."""

import os
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from crnn import image_file
from crnn.image import ImageError, find_images, read_grayscale
from crnn.image_header import read_header
from tests.image_data import decode, save, with_alpha


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", mode) for mode in ("L", "RGB", "RGBA", "LA", "P")]
    + [("TIFF", mode) for mode in ("L", "RGB", "RGBA", "LA", "I;16")]
    + [("WEBP", "RGB"), ("WEBP", "RGBA"), ("AVIF", "RGB"), ("AVIF", "RGBA"), ("JPEG", "L"), ("JPEG", "RGB")],
)
def test_images_are_turned_as_they_say(ink, kind, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    if mode == "I;16":
        image = Image.fromarray((255 - ink).astype(np.uint16) * 257)
    else:
        image = with_alpha(ink, mode) if mode in ("RGBA", "LA") else Image.fromarray(255 - ink).convert(mode)
    lossless = {"WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 100}}
    data = save(image, kind, exif=exif, **lossless.get(kind, {}))
    upright = Image.fromarray(ink)
    upright.getexif()[0x0112] = orientation
    expected = 255 - np.asarray(ImageOps.exif_transpose(upright)).astype(int)
    np.testing.assert_allclose(decode(data), expected, atol=60 if kind == "JPEG" else 8 if kind == "AVIF" else 0)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("more", [{}, {"big_tiff": True}, {"tiffinfo": {317: 2}}])
def test_grey_tiff_files_keep_their_alpha_channel(ink, compression, more):
    if "tiffinfo" in more and compression not in ("tiff_lzw", "tiff_adobe_deflate"):
        more = {}
    data = save(with_alpha(ink, "LA"), "TIFF", compression=compression, **more)
    np.testing.assert_array_equal(decode(data), 255 - ink)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize(("low", "high"), [(0, 511), (0, 1023), (0, 4095), (0, 16383), (0, 65535), (30_000, 30_400)])
def test_deep_grey_is_spread_by_its_own_range(ink, suffix, low, high):
    deep = np.where(ink > 0, low, high).astype(np.uint16)
    np.testing.assert_array_equal(decode(cv2.imencode(suffix, deep)[1]), 255 - ink)
    color = np.dstack([deep] * 3)
    np.testing.assert_allclose(decode(cv2.imencode(suffix, color)[1]), 255.0 - ink, atol=1)


def test_deep_grey_ignores_stray_pixels_and_does_not_amplify_noise(ink):
    deep = np.tile(np.where(ink > 0, 0, 1023).astype(np.uint16), (3, 4))
    deep[5, 5], deep[50, 7] = 65535, 60000
    grey = decode(cv2.imencode(".png", deep)[1])
    assert np.ptp(grey[10:20]) > 250
    noise = np.random.default_rng(0).integers(40_000, 40_100, (40, 400), np.uint16)
    assert np.ptp(decode(cv2.imencode(".png", noise)[1])) <= 1


def test_16_bits_are_read_as_the_same_8_bits():
    grey = np.random.default_rng(0).integers(0, 256, (32, 50), np.uint8)
    np.testing.assert_array_equal(decode(cv2.imencode(".png", grey.astype(np.uint16) * 257)[1]), grey)


@pytest.mark.parametrize("suffix", [".tiff", ".pfm", ".hdr"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.2, 0.4), (-3.0, 500.0)])
def test_floats_are_spread_by_their_own_range(ink, suffix, channels, low, high):
    if (channels == 4 and suffix != ".tiff") or (suffix == ".hdr" and (channels == 1 or low < 0)):
        pytest.skip("not of this format")
    values = np.where(ink > 0, low, high).astype(np.float32)
    image = np.dstack([values] * channels) if channels > 1 else values
    if channels == 4:
        image[..., 3] = 1
    tolerance = 3 if suffix == ".hdr" else 1
    np.testing.assert_allclose(decode(cv2.imencode(suffix, image)[1]), 255.0 - ink, atol=tolerance)


def test_what_is_no_number_does_not_spoil_the_others(ink):
    values = np.where(ink > 0, 0, 1).astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    grey = decode(cv2.imencode(".tiff", values)[1])
    np.testing.assert_array_equal(grey[1:], 255 - ink[1:])
    assert grey[0, :3].tolist() == [0, 255, 0]
    values[:] = np.nan
    assert np.ptp(decode(cv2.imencode(".tiff", values)[1])) == 0
    values.view(np.uint32)[:] = 0x7F800001  # signalling ones, which NumPy warns of
    assert np.ptp(decode(cv2.imencode(".tiff", values)[1])) == 0


def test_palettes_single_bits_and_cmyk(ink):
    grey = Image.fromarray(255 - ink)
    palette = grey.convert("P")
    for data in (save(palette, "PNG"), save(palette, "GIF"), save(grey.convert("1"), "TIFF", compression="group4")):
        np.testing.assert_array_equal(decode(data), 255 - ink)
    for kind in ("TIFF", "JPEG"):
        np.testing.assert_allclose(decode(save(grey.convert("CMYK"), kind)), 255.0 - ink, atol=60)
    see_through = Image.fromarray(ink // 255).convert("P")
    see_through.putpalette([0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(decode(save(see_through, "PNG", transparency=bytes([0, 255]))), 255 - ink)


SUFFIXES = "avif bmp gif hdr jp2 jpg pam pbm pfm pgm png ppm ras tiff webp".split()


@pytest.fixture(scope="module")
def files():
    """A small file of each format that OpenCV writes."""
    color = np.random.default_rng(0).integers(0, 256, (67, 93, 3), np.uint8)
    images = {"hdr": color.astype(np.float32), "pfm": color.astype(np.float32), "pgm": color[..., 0]}
    images["pbm"] = images["pgm"] // 128 * 255
    return {suffix: cv2.imencode("." + suffix, images.get(suffix, color))[1].tobytes() for suffix in SUFFIXES}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_headers_of_every_format(files, suffix):
    header = read_header(memoryview(files[suffix]))
    assert (header.width, header.height, header.orientation, header.has_more) == (93, 67, 1, False)
    assert decode(files[suffix]).shape == (67, 93)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_headers_that_are_cut_off_or_changed_are_refused_or_read(files, suffix):
    rng = np.random.default_rng(1)
    for number in range(400):
        data = bytearray(files[suffix])
        if number % 2:
            del data[rng.integers(200) :]
        for place in rng.integers(min(200, len(data)) or 1, size=rng.integers(4)):
            data[place : place + 1] = bytes([rng.integers(256)])
        try:
            header = read_header(memoryview(data))
        except ValueError as error:
            assert str(error).startswith("the header of this")
        else:
            assert header is None or (header.width > 0 and header.height > 0 and 1 <= header.orientation <= 8)


def png(width, height, rows=b""):
    """A PNG file of one bit a pixel."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows))]
    parts = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((20_000, 20_000), r"has 20000 x 20000 pixels, the limit is 67108864: scale it down"),
        ((1_000_000, 1), "has 1000000 x 1 pixels, more than 8192 times as long as high: cut it up"),
        ((1, 1_000_000), "has 1 x 1000000 pixels, more than 8192 times as long as high: cut it up"),
        ((0, 10), "the header of this PNG file gives it no size"),
    ],
)
def test_sizes_are_refused_by_the_header(size, message, monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", None)  # nothing is decoded
    start = time.perf_counter()
    with pytest.raises(ImageError, match=f"file: {message}"):
        decode(png(*size))
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(("suffix", "chunk", "order"), [("png", b"IDAT", ">I"), ("webp", b"VP8 ", "<I")])
def test_chunks_that_claim_gigabytes_take_no_memory(files, suffix, chunk, order, monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", None)  # nothing is decoded
    data = bytearray(files[suffix])
    at = data.find(chunk) if chunk in data else data.index(b"VP8L")
    struct.pack_into(order, data, at - 4 if suffix == "png" else at + 4, 3_305_112_764)
    with pytest.raises(ImageError, match="file: the header of this .* file is damaged or cut off"):
        decode(data)


def test_arrays_are_limited_as_files_are():
    from crnn.inference.inputs import load_grayscale

    with pytest.raises(ImageError, match="more than 8192 times as long as high"):
        load_grayscale(np.zeros((1, 9000), np.uint8))


def test_files_are_limited(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(png(8, 1, b"\0\0"))
        file.truncate(2**40)  # a sparse file of 1 TB
    with pytest.raises(ImageError, match=r"a\.png: larger than 268435456 bytes, the limit for an image file"):
        read_grayscale(path)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), os.mkdir])
def test_only_regular_files_are_read_and_none_is_waited_for(tmp_path, make):
    make(tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"a\.png: (not a regular file|a folder, not a file)"):
        read_grayscale(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a\0b.png", "a" * 300 + ".png", "none/a.png"])
def test_names_that_no_file_has_are_refused(name):
    with pytest.raises(ImageError, match="null|too long|No such file"):
        read_grayscale(name)


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("bad")])
def test_what_a_decoder_raises_is_a_reason(monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(image_file.cv2, "imdecode", fail)
    with pytest.raises(ImageError, match="file: OpenCV cannot read it"):
        decode(png(8, 1, b"\0\0"))


def test_what_is_no_picture_is_refused_with_a_remedy(files):
    with pytest.raises(ImageError, match="file: not a picture that OpenCV can read; save it as PNG or JPEG"):
        decode(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(ImageError, match="file: not a picture that OpenCV can read: a PNG file that is damaged"):
        decode(files["png"][:300])


def test_folders_are_searched_by_content_and_by_suffix(tmp_path, files):
    good = {"a.jfif": "jpg", "b.JPE": "jpg", "c": "png", "d.txt": "webp", "e.png": "png"}
    for name, suffix in good.items():
        (tmp_path / name).write_bytes(files[suffix])
    (tmp_path / "f.png").write_bytes(b"damaged")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "g.png").write_bytes(files["png"])
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    found, problems = find_images([tmp_path])
    assert [path.name for path in found] == [*good, "f.png"] and problems == []
    found, problems = find_images([tmp_path], recursive=True)
    assert [path.name for path in found] == [*good, "f.png", "g.png"] and problems == []


def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_searched(tmp_path, files, monkeypatch):
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(files["png"])
    scandir = os.scandir

    def refuse(folder):
        if folder == tmp_path / "closed":
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    for paths, recursive in (([tmp_path / "closed", tmp_path / "open"], False), ([tmp_path], True)):
        found, problems = find_images(paths, recursive)
        assert found == [tmp_path / "open" / "a.png"]
        assert problems == [f"{tmp_path / 'closed'}: Permission denied"]
