"""Put all that a training needs into one folder, for a machine without network: ``python -m crnn.tools.pack FOLDER``.

The folder gets ``crnn.tar.xz`` (code, weights, fonts, texts) and ``wheels/`` (packages), and the command that trains
there is printed. Fonts keep the characters alone that lines are drawn with. If all is more than ``--megabytes``, long
texts are cut, then fonts are left out, large ones of designs that have several first; stderr says what.
"""

import argparse
import io
import logging
import lzma
import shlex
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from crnn.charset import Charset, table_of
from crnn.files import atomic_path
from crnn.paths import DEFAULT_CHARSET, DEFAULT_WEIGHTS, ROOT
from crnn.synthesis.fonts import Face, FontSet

MEGABYTE = 1_000_000
TEXT_SHARE = 0.2  # of the limit, for texts, compressed
WHEELS = ("keras", "freetype-py", "optree", "namex")  # what machines with JAX for GPUs rarely have
PLATFORMS = ("2_28", "2_27", "2_17", "2_12", "2_5")  # versions of manylinux
ARCHIVE = "crnn.tar.xz"
REGULAR = ("", "book", "medium", "normal", "regular", "roman")
RUN = (
    "JAX_COMPILATION_CACHE_DIR=compiled KERAS_BACKEND=jax python3 train.py --synthetic --precision mixed_bfloat16 "
    "--batch-size 1024 --hours 8"
)


def pack(
    folder: Path,
    fonts: Sequence[Path],
    texts: Mapping[str, Sequence[Path]],
    rendered: Sequence[Path] = (),
    weights: Path | None = None,
    megabytes: float = 60,
    wheels: Sequence[str] = (),
    python: str = "3.12",
) -> str:
    """Write the folder; return the command that trains there.

    Args:
        folder: gets the files; those of an earlier run are replaced.
        fonts: folders of fonts.
        texts: option of ``train.py`` -> text files, or folders of ``*.txt``.
        rendered: files of ``crnn.tools.render_in_browser``.
        weights: file to start from, with its table of labels beside it; None to train from nothing.
        megabytes: that the folder may have.
        wheels: names of packages that the other machine lacks; their versions are those installed here.
        python: version of Python there.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: no font fits, it is too much without fonts, or a package cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    limit = int(megabytes * MEGABYTE)
    if wheels:
        limit -= _download(wheels, folder / "wheels", python)
    table = table_of(weights) if weights else DEFAULT_CHARSET
    charset = Charset.from_file(table)
    files: dict[str, bytes] = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in _code()}
    files[f"data/labels/{DEFAULT_CHARSET.name}"] = DEFAULT_CHARSET.read_bytes()
    options = ["--no-system-fonts", "--fonts", "fonts"]
    if weights:
        files |= {"start/CRNN.h5": weights.read_bytes(), "start/charset.txt": table.read_bytes()}
        options += ["--start-from", "start/CRNN.h5"]
    for number, path in enumerate(rendered):
        files[f"rendered/{number}.npz"] = path.read_bytes()
    if rendered:
        options += ["--rendered", *(f"rendered/{number}.npz" for number in range(len(rendered)))]
    for name, some in _cut(_texts(texts), int(TEXT_SHARE * megabytes * MEGABYTE)).items():
        files[name] = some
    options += [word for option, paths in texts.items() if paths for word in (option, option.strip("-"))]
    limit -= sum(len(lzma.compress(content)) for content in files.values())
    if limit <= 0:
        raise ValueError(f"without any font it is {-limit / MEGABYTE:.1f} MB too much: raise --megabytes")
    files |= _fitting(_subsets(FontSet(fonts, charset)), limit)
    _write(folder / ARCHIVE, files)
    install = "python3 -m pip install -q --no-index --no-deps --target packages wheels/*.whl && PYTHONPATH=packages "
    return f"tar xf {ARCHIVE} && {install if wheels else ''}{RUN} {shlex.join(options)}"


def _code() -> Iterator[Path]:
    yield from (ROOT / name for name in ("train.py", "requirements.txt", "LICENSE"))
    yield from sorted((ROOT / "crnn").rglob("*.py"))


def _texts(texts):
    """Return the contents of text files by their names in the archive."""
    found = {}
    for option, paths in texts.items():
        for path in paths:
            for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
                found[f"{option.strip('-')}/{file.name}"] = file.read_bytes()
    return found


def _cut(texts: dict[str, bytes], limit: int) -> dict[str, bytes]:
    """Cut the longest texts to one length, at ends of lines, so that all have ``limit`` bytes when compressed."""
    share = {name: len(lzma.compress(text)) / max(1, len(text)) for name, text in texts.items()}
    longest = max(map(len, texts.values()), default=0)
    while sum(share[name] * min(len(text), longest) for name, text in texts.items()) > limit:
        longest = int(0.95 * longest)
    cut = {name: text for name, text in texts.items() if len(text) > longest}
    if cut:
        print(f"cut to {longest / MEGABYTE:.1f} MB: {', '.join(sorted(cut))}", file=sys.stderr)
    return texts | {name: text[: text.rfind(b"\n", 0, longest) + 1 or longest] for name, text in cut.items()}


class Font(NamedTuple):
    """Hold a font of the archive.

    Attributes:
        design: that it shares with others.
        regular: whether it is neither bold, light, italic nor the like.
        name: in the archive.
        content: of its file.
        size: bytes of the content when compressed.
    """

    design: str
    regular: bool
    name: str
    content: bytes
    size: int


def _subsets(fonts: FontSet) -> Iterator[Font]:
    """Yield every face as a font with the characters alone that lines are drawn with; bitmap fonts as they are."""
    faces = {(face.path, face.index): face for group in fonts.chinese + fonts.latin + fonts.fixed for face in group}
    for place, (_, face) in enumerate(sorted(faces.items())):
        content = face.path.read_bytes() if face.sizes else _subset(face)
        name = face.path.name if face.sizes else f"{face.path.stem}.ttf"
        regular = face.style.lower() in REGULAR
        yield Font(face.group, regular, f"fonts/{place:03}/{name}", content, len(lzma.compress(content)))


def _subset(face: Face) -> bytes:
    try:
        from fontTools import subset
    except ImportError:
        raise ValueError("packing fonts needs fonttools: pip install fonttools") from None
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of each odd table
    options = subset.Options(font_number=face.index, layout_features=[], notdef_outline=True)
    options.drop_tables = [name for name in options.drop_tables if name not in ("EBDT", "EBLC", "EBSC")]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in face.drawable | {" "}])
    file = io.BytesIO()
    with subset.load_font(str(face.path), options, lazy=True) as font:
        subsetter.subset(font)
        font.save(file)
    return file.getvalue()


def _fitting(fonts: Iterator[Font], limit: int) -> dict[str, bytes]:
    """Return the fonts that have ``limit`` bytes together when compressed, by their names in the archive.

    Others are left out one after another: the one whose size times the number of fonts of its design is highest, where
    a regular one counts for a third.
    """
    chosen = list(fonts)
    dropped: list[str] = []
    left = sum(font.size for font in chosen) - limit
    while chosen and left > 0:
        designs = Counter(font.design for font in chosen)
        burdens = [font.size * designs[font.design] / (3 if font.regular else 1) for font in chosen]
        worst = chosen.pop(burdens.index(max(burdens)))
        dropped.append(worst.name)
        left -= worst.size
    if not chosen:
        raise ValueError("no font fits: raise --megabytes")
    if dropped:
        print(f"left out {len(dropped)} of {len(dropped) + len(chosen)} fonts: {', '.join(dropped)}", file=sys.stderr)
    return {font.name: font.content for font in chosen}


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    with atomic_path(path) as partial, tarfile.open(partial, "w:xz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _download(names: Sequence[str], folder: Path, python: str) -> int:
    """Download wheels for Linux on x86-64 by pip; return their bytes."""
    try:
        wanted = [f"{name}=={version(name)}" for name in names]
    except PackageNotFoundError as error:
        raise ValueError(f"{error.args[0]} is not installed here, so its version is not known") from None
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", python, "--implementation", "cp", "--dest", str(folder)]
    command += [word for number in PLATFORMS for word in ("--platform", f"manylinux_{number}_x86_64")]
    for old in folder.glob("*.whl"):
        old.unlink()
    result = subprocess.run([*command, *wanted], capture_output=True, text=True)
    if result.returncode:
        raise ValueError(f"pip cannot download {', '.join(wanted)}:\n{result.stderr.strip()}")
    return sum(path.stat().st_size for path in folder.glob("*.whl"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m crnn.tools.pack", description="Pack a training for a machine without network."
    )
    parser.add_argument("folder", type=Path, help="gets the files")
    parser.add_argument("--fonts", type=Path, nargs="+", required=True, help="folders of fonts")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    parser.add_argument(
        "--heldout-texts", type=Path, nargs="*", default=[], help="the same for the lines to measure on"
    )
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="files of crnn.tools.render_in_browser")
    parser.add_argument("--weights", default=str(DEFAULT_WEIGHTS), help="to start from, or none (default: weights/)")
    parser.add_argument("--megabytes", type=float, default=60, help="that the folder may have (default: %(default)s)")
    parser.add_argument("--wheels", nargs="*", default=WHEELS, help=f"packages to add (default: {' '.join(WHEELS)})")
    parser.add_argument("--python", default="3.12", help="version of Python there (default: %(default)s)")
    options = parser.parse_args(argv)
    weights = None if options.weights == "none" else Path(options.weights)
    texts = {"--texts": options.texts, "--heldout-texts": options.heldout_texts}
    limits = {"megabytes": options.megabytes, "wheels": options.wheels, "python": options.python}
    try:
        command = pack(options.folder, options.fonts, texts, options.rendered, weights, **limits)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print(f"{options.folder}: {size / MEGABYTE:.1f} MB. Copy it, and there, in it:\n{command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
