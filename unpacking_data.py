"""Unpack the batches of the data set: every ``part_K.7z`` in ``data/img_batches``, side by side."""

import sys

from crnn.console import run
from crnn.dataset.__main__ import main

if __name__ == "__main__":
    sys.exit(run(main))
