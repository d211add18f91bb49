"""Read printed lines of Chinese, English or both.

>>> import crnn
>>> crnn.read("asset/kai.png").text
'外婆院子里的萝卜干和那一年冬天的第一场雪'

``read`` and ``Recognizer`` take paths, URLs, bytes, file objects, arrays and images of Pillow, and give a ``TextLine``.

=================  ==========================================================================
``inference``      images in, text out: the recognizer and what ``demo_infer.py`` does
``model``          the network in Keras, its losses, the weights file
``dataset``        the training set on disk: labels, batch folders, archives, the loader
``synthesis``      lines of text drawn from fonts and texts
``training``       the two trainings: on drawn lines, and on batch folders
``evaluation``     how well weights read
``tools``          commands for maintainers; nothing imports them
=================  ==========================================================================

Beside them stand ``cli``, the command ``crnn``, and modules that all use: ``charset``, ``console``, ``ctc``, ``files``,
``geometry``, ``image``, ``normalization``, ``paths``.
A package imports only packages further down in ``docs/architecture.md``'s order; ``tests/test_imports.py`` checks it.
What the names below stand for is imported when it is first used (PEP 562), so that ``import crnn`` stays instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crnn.image import ImageError as ImageError
    from crnn.inference.recognizer import Recognizer as Recognizer
    from crnn.inference.recognizer import read as read
    from crnn.inference.text_line import Character as Character
    from crnn.inference.text_line import TextLine as TextLine

__version__ = "0.2.0"
__all__ = ["Character", "ImageError", "Recognizer", "TextLine", "__version__", "read"]

_MODULES = {
    "Character": "crnn.inference.text_line",
    "ImageError": "crnn.image",
    "Recognizer": "crnn.inference.recognizer",
    "TextLine": "crnn.inference.text_line",
    "read": "crnn.inference.recognizer",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
