"""Small files of every kind, in order, that the fuzzer damages."""

import io
import tempfile
from pathlib import Path

import numpy as np


def samples_of_pictures(rng):
    """Small pictures of text-like noise in every format that is written here; with EXIF, alpha, several pages."""
    import cv2
    from PIL import Image

    grey = np.kron(rng.integers(0, 2, (8, 40), np.uint8) * 200, np.ones((4, 4), np.uint8))
    color = np.dstack([grey, grey // 2, grey])
    images = [grey, color, np.dstack([color, grey]), grey.astype(np.uint16) * 200, color.astype(np.float32) / 255]
    suffixes = "avif bmp exr gif hdr jp2 jpg pam pbm pfm pgm png ppm pxm ras sr tiff webp"
    for suffix in suffixes.split():
        for image in images:
            try:
                done, data = cv2.imencode("." + suffix, image)
            except cv2.error:
                continue
            if done:
                yield suffix, data.tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = [Image.fromarray(color), Image.fromarray(255 - color)]
    transparent = Image.merge("LA", [Image.fromarray(grey)] * 2)
    for kind in ("AVIF", "JPEG", "PNG", "TIFF", "WEBP"):
        yield kind.lower(), _saved(pictures[0], kind, exif=exif)
        yield kind.lower(), _saved(transparent.convert("L" if kind == "JPEG" else "RGBA"), kind, exif=exif)
    for kind in ("AVIF", "GIF", "PNG", "TIFF", "WEBP"):
        yield kind.lower(), _saved(pictures[0], kind, save_all=True, append_images=pictures[1:])
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield "tiff", _saved(transparent, "TIFF", compression=compression)
        yield "tiff", _saved(transparent, "TIFF", compression=compression, big_tiff=True)


def _saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def samples_of_archives(rng):
    import py7zr

    methods = [
        [{"id": py7zr.FILTER_COPY}],
        [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
        [{"id": py7zr.FILTER_BZIP2}],
        [{"id": py7zr.FILTER_DEFLATE}],
        [{"id": py7zr.FILTER_ZSTD, "level": 1}],
        [{"id": py7zr.FILTER_BROTLI, "level": 1}],
        [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
        [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA, "preset": 1}],
        [{"id": py7zr.FILTER_ARM}, {"id": py7zr.FILTER_DEFLATE}],
    ]
    for method in methods:
        for plain_header in (False, True):
            stream = io.BytesIO()
            with py7zr.SevenZipFile(stream, "w", filters=method) as packed:
                packed.set_encoded_header_mode(not plain_header)
                for number in range(3):
                    packed.writestr(rng.integers(0, 4, 300, np.uint8).tobytes(), f"part_1/batch_1/{number}.jpg")
            yield "7z", stream.getvalue()


def samples_of_texts(rng):
    """Label files, labelled pictures, tables and findings."""
    rows = [f"{number}.jpg " + " ".join(map(str, rng.integers(0, 6000, 10))) for number in range(20)]
    yield "labels", "\n".join(rows).encode()
    yield "tsv", "".join(f"字{number}.png\t中文 and {number}\r\n" for number in range(20)).encode()
    yield "charset", "".join(f"{chr(0x4E00 + number)}\n" for number in range(50)).encode()
    yield "findings", "".join(f"part_1/batch_1/{number}.jpg\tbroken image\tx\n" for number in range(20)).encode()


def samples_of_weights(rng):
    import h5py

    for shape in ((3, 4), (20, 30)):
        stream = io.BytesIO()
        with h5py.File(stream, "w", libver="earliest") as file:
            names = ["conv1", "blstm2_out", *(f"other{number}" for number in range(20))]
            file.attrs["layer_names"] = [name.encode() for name in names]
            for name in names:
                file.create_group(name).attrs["weight_names"] = [b"kernel", b"bias"]
                file[name].attrs["peak"] = 2.5
                file[f"{name}/kernel"] = rng.normal(size=shape).astype("f2")
                file[f"{name}/bias"] = rng.normal(size=shape[1:]).astype("f4")
        yield "h5", stream.getvalue()


def samples_of_arrays(rng):
    """N-grams, states of a training and lines."""
    from crnn.charset import Charset
    from crnn.inference.ngram_lm import NGrams
    from crnn.synthesis.line_sample import LineSample
    from crnn.synthesis.line_store import save
    from crnn.training.checkpoint import Checkpoint

    with tempfile.TemporaryDirectory() as folder:
        ngrams, state, lines = (Path(folder) / name for name in ("ngrams.npz", "state.npz", "lines.npz"))
        texts = ["".join(rng.choice(list("abcd"), 30)) for _ in range(20)]
        NGrams.from_texts(texts, Charset(["blank", *"abcd"]), (1, 1, 1, 1)).save(ngrams)
        Checkpoint(state, {"seed": 1}).write({f"v{k}": rng.normal(size=(4, k + 1)) for k in range(5)}, {"step": 3})
        image, places = rng.integers(0, 256, (32, 40), np.uint8), np.array([1.0, 20.0])
        save([LineSample(image, "ab", places, places + 9, "words")] * 3, lines)
        for path in (ngrams, state, lines):
            yield path.stem, path.read_bytes()


def samples_of_networks(rng):
    from crnn.inference import onnx_format as onnx

    weights = onnx.tensor("w", rng.normal(size=(32, 4)).astype(np.float32))
    axes = onnx.tensor("axes", np.array([3]))
    nodes = [
        onnx.node("Squeeze", ["x", "axes"], "rows", {}),
        onnx.node("Transpose", ["rows"], "columns", {"perm": [0, 2, 1]}),
        onnx.node("MatMul", ["columns", "w"], "y", {}),
    ]
    ends = [[onnx.value("x", ("n", 32, "width", 1))], [onnx.value("y", ("n", "width", 4))]]
    yield "onnx", onnx.model(nodes, [weights, axes], *ends, {"": 18}, 10)
