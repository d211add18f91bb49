"""Where the files of the project lie: beside the package in a checkout, inside it where a wheel is installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE if (PACKAGE / "weights").is_dir() else PACKAGE.parent
ASSETS = ROOT / "asset"  # in a checkout alone
SAMPLE_DATA = ROOT / "data" if ROOT != PACKAGE else Path("data")  # of a wheel, in the working directory
SAMPLE_BATCHES = SAMPLE_DATA / "img_batches"
DEFAULT_CHARSET = ROOT / "data" / "labels" / "char_std_5990.txt"
DEFAULT_WEIGHTS = ROOT / "weights" / "CRNN.h5"
DEFAULT_NGRAMS = ROOT / "weights" / "ngrams.npz"
