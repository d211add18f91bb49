"""Of several pages of a TIFF file or frames of an animation the first is read, or all."""

import struct

import numpy as np
import pytest
from PIL import Image

from crnn import tiff
from crnn.image import ImageError
from crnn.image_pages import read_pages
from tests.image_data import decode, save, with_alpha


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP", "AVIF"])
def test_of_several_pages_or_frames_the_first_is_read_and_the_others_are_named(ink, kind):
    first, second = Image.fromarray(255 - ink).convert("RGB"), Image.fromarray(ink).convert("RGB")
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(kind, {})
    said = []
    grey = decode(save(first, kind, save_all=True, append_images=[second, first], **lossless), said.append)
    np.testing.assert_allclose(grey, 255.0 - ink, atol=8)
    assert said == ["file: has more than one page or frame; the first is read"]
    decode(save(first, kind, **lossless), said.append)
    assert len(said) == 1


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_all_pages_and_frames_are_read_where_that_is_asked_for(ink, kind, tmp_path):
    first, second = Image.fromarray(255 - ink).convert("RGB"), Image.fromarray(ink).convert("RGB")
    lossless = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / "file"
    path.write_bytes(save(first, kind, save_all=True, append_images=[second, first], **lossless))
    pages = list(read_pages(path))
    assert [(name, is_last) for name, _, is_last in pages] == [(f"{path}#page={k}", k == 3) for k in (1, 2, 3)]
    for (_, grey, _), wanted in zip(pages, (255 - ink, ink, 255 - ink), strict=True):
        np.testing.assert_allclose(grey, wanted, atol=8)
    path.write_bytes(save(first, kind, **lossless))
    assert [(name, is_last) for name, _, is_last in read_pages(path)] == [(str(path), True)]


def test_frames_have_a_limit(ink, tmp_path, monkeypatch):
    monkeypatch.setattr("crnn.image_pages.MAX_FRAMES", 2)
    frames, said = [Image.fromarray(ink), Image.fromarray(255 - ink), Image.fromarray(ink)], []
    (tmp_path / "a.png").write_bytes(save(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert len(list(read_pages(tmp_path / "a.png", said.append))) == 2
    assert said == [f"{tmp_path / 'a.png'}: has more than 2 frames; these are read"]


def test_tiff_tags_that_point_outside_the_file_are_passed_over_or_refused(ink):
    data = save(with_alpha(ink, "LA"), "TIFF")
    for _, _, entry, _ in tiff.directory(memoryview(data)).places.values():
        damaged = bytearray(data)
        struct.pack_into("<II", damaged, entry + 4, 9, 2**31)  # nine values, far away
        try:
            assert decode(damaged).dtype == np.uint8
        except ImageError as error:
            assert str(error).startswith("file: ")


def test_a_page_that_is_cut_off_is_named(ink, tmp_path):
    """The first is read all the same."""
    path, said = tmp_path / "a.tif", []
    data = save(Image.fromarray(ink), "TIFF", save_all=True, append_images=[Image.fromarray(255 - ink)])
    second = tiff.directory(memoryview(data)).following
    path.write_bytes(data[: second + 6])
    np.testing.assert_array_equal(decode(path.read_bytes(), said.append), ink)
    assert said == ["file: has more than one page or frame; the first is read"]
    pages = read_pages(path)
    name, grey, is_last = next(pages)
    assert name == f"{path}#page=1" and not is_last
    np.testing.assert_array_equal(grey, ink)
    with pytest.raises(ImageError, match=r"a\.tif#page=2: the header of this TIFF file is damaged or cut off"):
        next(pages)


@pytest.mark.parametrize("following", [False, True])
def test_offsets_beyond_all_memory_are_passed_over_or_refused(ink, following):
    data = bytearray(save(Image.fromarray(ink), "TIFF", big_tiff=True))
    first = struct.unpack_from("<Q", data, 8)[0]
    entries = struct.unpack_from("<Q", data, first)[0]
    struct.pack_into("<Q", data, first + 8 + 20 * entries if following else 8, 2**64 - 1)
    if following:
        np.testing.assert_array_equal(decode(data), ink)
    else:
        with pytest.raises(ImageError, match="file: the header of this TIFF file is damaged"):
            decode(data)


def test_a_smaller_copy_in_a_tiff_file_is_no_page(ink):
    pages = [Image.fromarray(ink), Image.fromarray(ink[::2, ::2].copy())]
    for subfile, count in ((1, 0), (0, 1)):
        pages[1].encoderinfo = {"tiffinfo": {254: subfile}}
        said = []
        decode(save(pages[0], "TIFF", save_all=True, append_images=pages[1:]), said.append)
        assert len(said) == count
