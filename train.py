"""Train a CRNN; see ``python train.py --help``."""

import sys

from crnn.console import run
from crnn.training.__main__ import main

if __name__ == "__main__":
    sys.exit(run(main))
