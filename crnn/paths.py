"""Where the files of the project lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "asset"
DEFAULT_CHARSET = ROOT / "data" / "labels" / "char_std_5990.txt"
SAMPLE_BATCHES = ROOT / "data" / "img_batches"
DEFAULT_WEIGHTS = ROOT / "weights" / "CRNN.h5"
DEFAULT_NGRAMS = ROOT / "weights" / "ngrams.npz"
