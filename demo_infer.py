"""Read pictures of one printed line each; see ``python demo_infer.py --help``."""

import sys

from crnn.console import run
from crnn.inference.demo import main

if __name__ == "__main__":
    sys.exit(run(main))
