"""``crnn serve``: read pictures over HTTP; the same as ``python -m crnn.server``."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from crnn.console import run
from crnn.inference.demo import DEVICES
from crnn.paths import DEFAULT_WEIGHTS
from crnn.server.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STOP_SECONDS = 10  # for answers that are on their way when the server stops


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog or "python -m crnn.server",
        description="Read pictures that are sent to /read, and show a page to drop a picture on.",
    )
    parser.add_argument("--host", default=LOOPBACK[0], help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free (default: %(default)s)")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, help="default: weights/CRNN.h5")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="that ONNX Runtime computes on (default: cpu)")
    parser.add_argument("--log", action="store_true", help="write each request to stderr")
    of_picture = "of a picture (default: %(default)s)"
    parser.add_argument("--max-bytes", type=int, default=Limits.picture_bytes, metavar="N", help=of_picture)
    parser.add_argument("--max-pixels", type=int, default=Limits.pixels, metavar="N", help=of_picture)
    parser.add_argument(
        "--max-seconds", type=float, default=Limits.seconds, metavar="S", help="until an answer (default: %(default)g)"
    )
    parser.add_argument(
        "--max-waiting",
        type=int,
        default=Limits.waiting,
        metavar="N",
        help="pictures in the queue (default: %(default)s)",
    )
    return parser


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the server until a signal stops it; return the exit status."""
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    limits = Limits(options.max_bytes, options.max_pixels, options.max_seconds, waiting=options.max_waiting)
    if min(options.max_bytes, options.max_pixels, options.max_seconds, options.max_waiting) <= 0:
        parser.error("limits must be greater than 0")
    import uvicorn

    from crnn.inference.page.reader import read_pages
    from crnn.inference.recognizer import Recognizer
    from crnn.server.app import build_app

    try:
        recognizer = Recognizer(options.weights, device=options.device)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.host not in LOOPBACK:
        message = f"{options.host}: whoever reaches this machine can send pictures; there is no password and no TLS"
        print(message, file=sys.stderr)
    config = uvicorn.Config(
        build_app(partial(read_pages, recognizer), limits),
        host=options.host,
        port=options.port,
        access_log=options.log,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:  # uvicorn raises the signal again after it has stopped
        return 0
    except SystemExit:  # it cannot listen there, and has said so
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
