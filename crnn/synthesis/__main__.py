"""``python -m crnn.synthesis``: write a data set of synthetic lines, or a preview of some."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from crnn.charset import Charset
from crnn.dataset.writer import write_data_set
from crnn.paths import DEFAULT_CHARSET
from crnn.synthesis.batch_stream import generate_parallel, write_preview
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.source import LineSource

PROG = "python -m crnn.synthesis"


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Draw lines of text for training.")
    parser.add_argument("folder", type=Path, help="gets labels/ and img_batches/, as data/ has them")
    parser.add_argument("--images", type=int, default=1000, help="ten-character lines of 280 x 32 pixels")
    parser.add_argument("--parts", type=int, default=2, help="archives part_K.7z")
    parser.add_argument("--batches", type=int, default=4, help="folders batch_N in all; the last is the test")
    parser.add_argument("--unpacked", action="store_true", help="leave the folders, pack nothing")
    parser.add_argument("--preview", action="store_true", help="instead write one preview.png of lines of all kinds")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of fonts beside the system's")
    parser.add_argument("--no-system-fonts", action="store_true", help="only the faces in --fonts")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="UTF-8 text files, or folders of *.txt")
    parser.add_argument(
        "--charset", type=Path, default=DEFAULT_CHARSET, help="table of labels (default: the one in data/)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that draw (default: one a core)")
    return parser


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command; return its exit status."""
    options = build_parser(prog).parse_args(argv)
    config = SynthesisConfig() if options.preview else SynthesisConfig.evaluation(ten_characters=1.0)
    source = LineSource(tuple(options.fonts), tuple(options.texts), options.seed, not options.no_system_fonts, config)
    try:
        charset = Charset.from_file(options.charset)
        generator = source.generator(charset)  # here too: its errors are for people
        if options.preview:
            options.folder.mkdir(parents=True, exist_ok=True)
            images = [generator.line(number).image for number in range(options.images)]
            write_preview(images, options.folder / "preview.png")
        else:
            shape = (options.parts, options.batches)
            lines = generate_parallel(source, charset, options.images, options.processes)
            write_data_set(lines, options.images, charset, options.folder, *shape, packed=not options.unpacked)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
