"""Pages of PDF files as images, by the optional package pypdfium2."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from crnn.image import ImageError

RESOLUTION = 200  # dots an inch
POINTS = 72  # of a PDF, an inch
MAX_PIXELS = 30_000_000  # of a page; a larger page is drawn at a lower resolution
SIGNATURE = b"%PDF-"
SIGNATURE_WITHIN = 1024  # bytes from the start


def suffixes() -> set[str]:
    """Return the suffix of files that can be read: none without pypdfium2."""
    return {".pdf"} if find_spec("pypdfium2") else set()


def is_pdf(path: str | Path) -> bool:
    """Tell whether a regular file is a PDF, by its first bytes; False if it cannot be read."""
    path = Path(path)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return SIGNATURE in file.read(SIGNATURE_WITHIN)
    except OSError:
        return False


def read_pdf(path: str | Path) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Draw the pages of a PDF file, one at a time.

    Args:
        path: of the file.

    Yields:
        The name of a page, such as ``a.pdf#page=1``, its image (height, width) uint8, grey, and whether it is the last.

    Raises:
        ImageError: pypdfium2 is not installed, or the file or a page cannot be read.
    """
    try:
        import pypdfium2
    except ImportError:
        raise ImageError(f"{path}: a PDF needs pypdfium2: pip install pypdfium2") from None
    try:
        with pypdfium2.PdfDocument(path) as document:
            count = len(document)
            for number in range(count):
                page = document[number]
                width, height = page.get_size()
                scale = min(RESOLUTION / POINTS, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
                pixels = page.render(scale=scale, grayscale=True).to_numpy()
                page.close()
                pixels = np.ascontiguousarray(pixels.reshape(pixels.shape[:2]))
                yield f"{path}#page={number + 1}", pixels, number + 1 == count
    except pypdfium2.PdfiumError as error:
        raise ImageError(f"{path}: not a PDF that pypdfium2 can read ({error})") from None
