"""``crnn cluster``: read very many pictures with the workers of a Ray cluster; as ``python -m crnn.cluster``."""

import argparse
import hashlib
import logging
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

from crnn.console import printable, run
from crnn.inference.demo import LINES
from crnn.paths import DEFAULT_WEIGHTS

PART = 1000  # pictures: some 20 s of a core, which is what a killed worker does again
MAX_BLOCKS = 10_000  # that Ray Data divides the parts into


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog or "python -m crnn.cluster",
        description="Read very many pictures on the cores of a Ray cluster; write Parquet files. Started again, it "
        "goes on with the parts that have no file yet. The paths must hold on every machine.",
    )
    parser.add_argument("source", type=Path, metavar="PATH", help="folder of pictures, Parquet, or a list of paths")
    parser.add_argument("results", type=Path, metavar="FOLDER", help="for the results")
    parser.add_argument("--address", help="of a Ray cluster (default: one is started on this machine)")
    parser.add_argument("--workers", type=int, metavar="N", help="of one core each (default: all cores)")
    parser.add_argument("--part", type=int, default=PART, metavar="N", help="pictures a file (default: %(default)s)")
    parser.add_argument("--column", metavar="NAME", help="of a Parquet file with the pictures' bytes")
    parser.add_argument("--lines", choices=LINES, default="auto", help="of a picture (default: what it looks like)")
    parser.add_argument("--allow", metavar="CHARACTERS", help="read these characters alone, as 0123456789.-")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: weights/CRNN.h5")
    parser.add_argument("--engine", choices=("onnx", "onnx-float32"), help="default: onnx")
    parser.add_argument("--decoding", choices=("beam", "greedy"), default="beam", help="greedy: the network alone")
    return parser


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command; return its exit status: 1 if a picture could not be read, 2 if nothing can be."""
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    if options.part < 1 or (options.workers or 1) < 1:
        parser.error("--part and --workers must be at least 1")
    import ray  # noqa: F401 - before anything is done, so that its absence is said at once

    from crnn.cluster.parts import begin, parts_of
    from crnn.cluster.worker import PartReader, summary

    reading = {name: getattr(options, name) for name in ("engine", "decoding", "allow", "lines")}
    try:
        digest = hashlib.sha256(options.weights.read_bytes()).hexdigest()
        parts = parts_of(options.source, options.part, options.column)
        left = begin(options.results, parts, {**reading, "weights": digest})
        reading |= {"folder": str(options.results.absolute()), "weights": str(options.weights.absolute())}
        if left:
            PartReader(**reading)  # what is wrong with the options is said here, and not by every worker
    except (OSError, ValueError) as error:
        print(printable(error), file=sys.stderr)
        return 2
    missing = {part.number for part in left}
    done = [summary(options.results / part.file_name) for part in parts if part.number not in missing]
    if done:
        print(f"{len(done)} of {len(parts)} parts are there already", file=sys.stderr)
    try:
        done += _read(left, reading, options) if left else []
    except ray.exceptions.RayError as error:
        print(f"{options.results}: {_last_line(error)}; start it again to go on", file=sys.stderr)
        return 1
    pictures, unread, seconds = (sum(some) for some in zip(*done, strict=True))
    message = f"{pictures} pictures in {len(parts)} files, {unread} not read; {seconds:.1f} s of the processor"
    print(f"{options.results}: {message}", file=sys.stderr)
    return int(unread > 0)


def _read(parts, reading, options):
    """Read parts on the cluster; return the summary of each."""
    import ray
    from tqdm import tqdm

    from crnn.cluster.worker import PartReader, Summary

    ray.init(options.address, log_to_driver=False, logging_level="error")
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False  # its own counts blocks
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        workers = min(options.workers or int(ray.cluster_resources()["CPU"]), len(parts))
        items = [{"part": pickle.dumps(part)} for part in parts]
        read = ray.data.from_items(items, override_num_blocks=min(len(items), MAX_BLOCKS)).map(
            PartReader,
            fn_constructor_kwargs=reading,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
        )
        found = []
        with tqdm(total=len(parts), unit=" parts", disable=None) as bar:
            for row in read.iter_rows():
                found.append(Summary(**row))
                bar.update()
        return found
    finally:
        ray.shutdown()


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(run(main))
