"""A CRNN that reads printed lines of Chinese, English or both.

=================  ==========================================================================
``inference``      images in, text out: the recognizer and what ``demo_infer.py`` does
``model``          the network in Keras, its losses, the weights file
``dataset``        the training set on disk: labels, batch folders, archives, the loader
``synthesis``      lines of text drawn from fonts and texts
``training``       the two trainings: on drawn lines, and on batch folders
``evaluation``     how well weights read
``tools``          commands for maintainers; nothing imports them
=================  ==========================================================================

Beside them stand modules that all of these use: ``charset``, ``console``, ``ctc``, ``files``,
``geometry``, ``image``, ``normalization``, ``paths``.
A package imports only packages further down in ``docs/architecture.md``'s order; ``tests/test_imports.py`` checks it.
Nothing is imported here, so that ``import crnn`` stays instant.
"""

__version__ = "0.2.0"
