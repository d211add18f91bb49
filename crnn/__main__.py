"""``python -m crnn``: the command ``crnn``."""

import sys

from crnn.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
