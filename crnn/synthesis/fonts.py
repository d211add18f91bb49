"""Font faces: found in folders, chosen per character by their cmap, drawn with FreeType.

FreeType directly (freetype-py) and not Pillow, since real lines are drawn both hinted and
unhinted, from bitmap strikes, emboldened and slanted, which Pillow does not offer.
"""

import ctypes
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import freetype
import numpy as np
from freetype import raw

from crnn.charset import Charset

SUFFIXES = {".ttf", ".otf", ".ttc", ".otc", ".pcf"}
ASCII = [chr(code) for code in range(33, 127)]
CHINESE_SHARE = 0.85  # of the table's Chinese characters, for a face to write Chinese with

# Drawn in Chinese text; the table has them in ASCII only, and they are labelled so.
FULL_WIDTH = {":": "：", ";": "；", "!": "！", "?": "？", "%": "％"}

# The same for all of ASCII, as Chinese text has it here and there.
FULL_WIDTH_ASCII = {chr(code): chr(code + 0xFEE0) for code in range(33, 127)}

# Drawn where a text has them, and labelled as ``Charset.fold`` writes them: full-width ASCII, raised and lowered
# digits, units and numerals in one character, ligatures.
VARIANTS = "".join(FULL_WIDTH_ASCII.values()) + "¹²³⁰⁴⁵⁶⁷⁸⁹⁻ⁿ₀₁₂₃₄₅₆₇₈₉½¼¾™№㎡㎏㎜㎝㎞℉ⅤⅥⅦⅧⅨⅩⅪⅫ¥•・−ﬁﬂ€"

# Faces that draw something else than what their cmap says, or that nobody can read in print.
UNSUITED = re.compile(
    r"symbol|dingbat|emoji|math|music|d050000l|z003|wingding|webding|opensymbol|blackletter|"
    r"lastresort|last resort|fallback|unifont|keyboard|initials|outline|barcode|braille|"
    r"cwtex|takao|ipa(?:ex)?(?:gothic|mincho)|klee|migmix|mono (?:cjk )?(?:jp|kr|tc|hk)",
    re.IGNORECASE,
)

HINTINGS = {
    "none": freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP,
    "light": freetype.FT_LOAD_TARGET_LIGHT | freetype.FT_LOAD_NO_BITMAP,
    "full": freetype.FT_LOAD_TARGET_NORMAL | freetype.FT_LOAD_NO_BITMAP,
    "mono": freetype.FT_LOAD_TARGET_MONO | freetype.FT_LOAD_NO_BITMAP,
    "strike": freetype.FT_LOAD_TARGET_NORMAL,  # embedded bitmaps where the size has them
}


def system_folders() -> list[Path]:
    """Return the folders where this system keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"]


@dataclass(frozen=True)
class Style:
    """How a text is set. Lengths are in pixels of the canvas.

    Attributes:
        size: em size.
        hinting: one of ``HINTINGS``.
        bold: width added to strokes, in em.
        slant: tangent of the slant.
        tracking: space added to each advance.
        space: factor of the width of a space.
        width: factor of the width of all characters, for condensed faces.
    """

    size: int
    hinting: str = "full"
    bold: float = 0.0
    slant: float = 0.0
    tracking: float = 0.0
    space: float = 1.0
    width: float = 1.0


@dataclass
class Glyph:
    """A drawn character.

    Attributes:
        coverage: (rows, columns) uint8, 255 where the ink covers the pixel.
        left: columns from the pen to the bitmap.
        top: rows from the baseline up to the first row of the bitmap.
        advance: pixels the pen moves.
    """

    coverage: np.ndarray
    left: int
    top: int
    advance: float


class Face:
    """One face of a font file.

    Args:
        path: the file.
        index: of the face in a collection.
        wanted: the characters that count.

    Attributes:
        drawable: the wanted characters that it can draw.
        chinese: whether it can write running Chinese.
        latin: whether it can write running English.
        fixed: whether all its Latin characters and the space are equally wide.
        count: how many faces its file has.
        sizes: the only sizes it has, in pixels; empty for outlines, which have all.
    """

    def __init__(self, path: Path, index: int, wanted: list[str]):
        self.path, self.index = path, index
        self._face = freetype.Face(str(path), index)
        self.count = self._face.num_faces
        self.family = (self._face.family_name or b"").decode("utf-8", "replace")
        self.style = (self._face.style_name or b"").decode("utf-8", "replace")
        self.postscript_name = (self._face.postscript_name or b"").decode("ascii", "replace")
        self.sizes = () if self._face.is_scalable else tuple(s.height for s in self._face.available_sizes)
        self.strikes = frozenset(s.height for s in self._face.available_sizes)
        handle = self._face._FT_Face
        self.drawable = frozenset(c for c in wanted if raw.FT_Get_Char_Index(handle, ord(c)))
        self.latin = self.drawable.issuperset(ASCII)
        self.fixed = bool(self._face.is_fixed_width)
        ideographs = [c for c in wanted if "\u4e00" <= c <= "\u9fff"]
        self.chinese = sum(c in self.drawable for c in ideographs) > CHINESE_SHARE * len(ideographs) > 0
        self._slot = handle.contents.glyph  # FreeType draws all glyphs of a face here
        self._style: Style | None = None
        self._glyphs: dict[str, Glyph | None] = {}

    @property
    def group(self) -> str:
        """Name the design, which faces of any weight, slant and script share."""
        match = re.match(r"(?:\S{1,2} )*\S+(?: \S{3,})?", self.family)  # AR PL UMing | Noto Sans
        return match.group().lower() if match else self.path.stem.lower()

    def glyph(self, character: str, style: Style) -> Glyph | None:
        """Draw a character.

        Args:
            character: one of ``drawable``.
            style: its size, width, hinting, bold and slant count.

        Returns:
            The glyph, or None if the font has nothing to draw there.
        """
        if style is not self._style:
            self._select(style)
        if character not in self._glyphs:
            self._glyphs[character] = self._draw(character, style)
        return self._glyphs[character]

    def _select(self, style):
        if self.sizes:
            self._face.select_size(self.sizes.index(style.size))
        else:
            self._face.set_char_size(round(style.size * style.width * 64), style.size * 64, 72, 72)
        slanted = freetype.Matrix(0x10000, round(style.slant * 0x10000), 0, 0x10000)
        raw.FT_Set_Transform(self._face._FT_Face, ctypes.byref(slanted) if style.slant else None, None)
        self._style, self._glyphs = style, {}

    def _draw(self, character, style):
        handle, slot = self._face._FT_Face, self._slot.contents
        flags = HINTINGS["strike" if self.sizes else style.hinting]
        if not style.bold:
            flags |= freetype.FT_LOAD_RENDER
        if raw.FT_Load_Glyph(handle, raw.FT_Get_Char_Index(handle, ord(character)), flags):
            return None
        if style.bold:
            if slot.format == freetype.FT_GLYPH_FORMAT_OUTLINE:
                raw.FT_Outline_Embolden(ctypes.byref(slot.outline), round(style.bold * style.size * 64))
            mono = style.hinting == "mono"
            if raw.FT_Render_Glyph(
                self._slot, freetype.FT_RENDER_MODE_MONO if mono else freetype.FT_RENDER_MODE_NORMAL
            ):
                return None
        bitmap = slot.bitmap
        if bitmap.rows == 0 or bitmap.width == 0:
            return None
        unhinted = style.hinting == "none" and not self.sizes
        advance = slot.linearHoriAdvance / 1024 if unhinted else slot.advance.x  # 16.16 or 26.6 pixels
        return Glyph(_coverage(bitmap), slot.bitmap_left, slot.bitmap_top, advance / 64 + style.bold * style.size)


def _coverage(bitmap):
    rows, width, pitch = bitmap.rows, bitmap.width, abs(bitmap.pitch)
    data = np.ndarray((rows, pitch), np.uint8, ctypes.string_at(bitmap.buffer, rows * pitch))
    if bitmap.pixel_mode == freetype.FT_PIXEL_MODE_MONO:
        return np.unpackbits(data, axis=1)[:, :width] * np.uint8(255)
    return data[:, :width]


class FontSet:
    """A set of faces, sampled by design, so that a family of forty weights counts once.

    Args:
        folders: where to look, recursively.
        charset: the characters that count.

    Attributes:
        chinese: faces that write Chinese, one list for each design.
        latin: likewise, faces that write English.
        fixed: likewise, faces for code; if there are none, those that write English.

    Raises:
        ValueError: no face in the folders can write Chinese, or none can write English.
    """

    def __init__(self, folders: Iterable[Path], charset: Charset):
        folders = list(map(Path, folders))
        wanted = [c for c in charset.characters[1:] if c.isprintable()]
        wanted += [c for c in VARIANTS if c not in charset and charset.fold_character(c)]
        faces = [face for path in _font_files(folders) for face in _faces_of(path, wanted)]
        self.chinese = _by_group(face for face in faces if face.chinese)
        self.latin = _by_group(face for face in faces if face.latin)
        self.fixed = _by_group(face for face in faces if face.latin and face.fixed) or self.latin
        for kind, found in (("Chinese", self.chinese), ("English", self.latin)):
            if not found:
                where = ", ".join(map(str, folders))
                raise ValueError(f"no face that writes {kind} in {where}: install fonts or name a folder with --fonts")

    def sample(self, rng: np.random.Generator, chinese: bool) -> Face:
        """Choose a face that writes Chinese or English, each design as likely as the others."""
        return _sample_from(self.chinese if chinese else self.latin, rng)

    def sample_fixed(self, rng: np.random.Generator) -> Face:
        """Choose a face for code: all of its Latin characters are equally wide, if there is such a face."""
        return _sample_from(self.fixed, rng)


def _font_files(folders):
    found = set()
    for folder in folders:
        found.update(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(found)


def _faces_of(path, wanted):
    try:
        faces = [Face(path, 0, wanted)]
        count = faces[0].count
        faces += [Face(path, index, wanted) for index in range(1, count)]
    except freetype.FT_Exception:
        return []
    if count > 1:  # a collection draws one design in several local forms: the simplified one
        faces = [f for f in faces if re.search(r" (SC|CN)\b", f.family)] or faces[:1]
    return [f for f in faces if not UNSUITED.search(f"{f.family} {f.style} {path.name}")]


def _sample_from(groups, rng):
    faces = groups[rng.integers(len(groups))]
    return faces[rng.integers(len(faces))]


def _by_group(faces):
    groups = {}
    for face in faces:
        groups.setdefault(face.group, []).append(face)
    return [groups[name] for name in sorted(groups)]
