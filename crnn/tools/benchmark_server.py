"""``python -m crnn.tools.benchmark_server``: ``crnn serve`` under load, beside clients that misbehave.

It compares pictures a second with those that ``crnn read`` reads in one process, without the start of that process.
"""

import argparse
import http.client
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path

from crnn.image import decode_grayscale, find_images
from crnn.paths import ASSETS

MEMORY = "process_resident_memory_bytes"
PARTS = 5  # of the load, after each of which the memory is looked at
SLOW_SECONDS = 0.2  # between the bytes of a slow client


class Load:
    """Clients that send pictures one after the other until they are stopped.

    Args:
        address: host and port.
        pictures: files.
        clients: number of threads.

    Attributes:
        answers: how many had each status; of failed connections, the name of the error.
        seconds: of each answer.
    """

    def __init__(self, address: tuple[str, int], pictures: Sequence[bytes], clients: int) -> None:
        self.answers: Counter[int | str] = Counter()
        self.seconds: list[float] = []
        self._address, self._pictures = address, pictures
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(clients)]

    def run(self, seconds: float) -> float:
        """Send for some seconds; return how many it took until the last answer was there."""
        start = time.perf_counter()
        for thread in self._threads:
            thread.start()
        self._stop.wait(seconds)
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return time.perf_counter() - start

    def _send(self, number: int) -> None:
        order = random.Random(number).sample(self._pictures, len(self._pictures))
        connection = http.client.HTTPConnection(*self._address, timeout=120)
        for picture in cycle(order):
            if self._stop.is_set():
                break
            start = time.perf_counter()
            try:
                connection.request("POST", "/read", picture)
                answer = connection.getresponse()
                answer.read()
                self.answers[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                self.answers[type(error).__name__] += 1
                connection.close()
            self.seconds.append(time.perf_counter() - start)
        connection.close()


def misbehave(address: tuple[str, int], billion: bytes, stop: threading.Event, done: Counter[str]) -> None:
    """Send what nobody should until ``stop``: too many pixels, a gigabyte, bytes one by one, half a picture.

    Args:
        address: host and port.
        billion: the file of a picture of a billion pixels.
        stop: ends it.
        done: counts what was sent.
    """
    head = b"POST /read HTTP/1.1\r\nHost: crnn\r\nContent-Length: %d\r\n\r\n"
    for number in count():
        if stop.wait(1):
            return
        kind = ("billion pixels", "gigabyte", "gigabyte without a length", "slow", "closed")[number % 5]
        try:
            with socket.create_connection(address, timeout=60) as client:
                if kind == "billion pixels":
                    client.sendall(head % len(billion) + billion)
                    client.recv(1000)
                elif kind == "gigabyte":
                    client.sendall(head % 1_000_000_000)
                    _send_zeros(client, 1_000_000_000)
                elif kind == "gigabyte without a length":
                    client.sendall(
                        b"POST /read HTTP/1.1\r\nHost: crnn\r\nTransfer-Encoding: chunked\r\n\r\n3b9aca00\r\n"
                    )
                    _send_zeros(client, 1_000_000_000)
                elif kind == "slow":
                    client.sendall(head % 1000)
                    for _ in range(20):
                        client.sendall(b"x")
                        stop.wait(SLOW_SECONDS)
                else:
                    client.sendall(head % 100_000 + bytes(50_000))
        except OSError:  # the server has closed the connection
            pass
        done[kind] += 1


def _send_zeros(client: socket.socket, size: int) -> None:
    zeros = bytes(1 << 16)
    for _ in range(size // len(zeros)):
        client.sendall(zeros)


def black_png(width: int, height: int) -> bytes:
    """Return a black picture as PNG; a row is compressed once, and stands there as often as there are rows."""
    row, packer, checksum = bytes(width + 1), zlib.compressobj(9, wbits=-15), 1
    block = packer.compress(row) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(height):
        checksum = zlib.adler32(row, checksum)
    rows = b"\x78\xda" + block * height + b"\x03\x00" + struct.pack(">I", checksum)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """Start ``crnn serve`` in a process of its own; give its host and port."""
    command = [sys.executable, "-m", "crnn", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"running on http://([\d.]+):(\d+)", line):
                break
        else:
            raise OSError("crnn serve did not start:\n" + "".join(said))
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield found[1], int(found[2])
    finally:
        process.terminate()
        process.wait()


def memory(address: tuple[str, int]) -> float:
    """Return the megabytes that the server takes; 0 where it does not know."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("GET", "/metrics")
    found = re.search(rf"(?m)^{MEMORY} (\d+)", connection.getresponse().read().decode())
    connection.close()
    return int(found[1]) / 1e6 if found else 0.0


def read_directly(pictures: Sequence[bytes], seconds: float) -> float:
    """Read pictures as ``crnn read`` does for some seconds; return pictures a second."""
    import numpy as np

    from crnn.inference.page.reader import read_pages
    from crnn.inference.recognizer import default_recognizer

    recognizer = default_recognizer()
    start = time.perf_counter()

    def images() -> Iterator[tuple[int, np.ndarray]]:
        for number, picture in enumerate(cycle(pictures)):
            if number % len(pictures) == 0 and time.perf_counter() - start > seconds:
                return
            yield number, decode_grayscale(np.frombuffer(picture, np.uint8), "picture")

    read = sum(len(window) for window in read_pages(recognizer, images()))
    return read / (time.perf_counter() - start)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if an answer was an error."""
    parser = argparse.ArgumentParser(prog="python -m crnn.tools.benchmark_server", description="Load crnn serve.")
    parser.add_argument("pictures", nargs="*", type=Path, default=[ASSETS], help="files and folders (default: asset)")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--trouble", action="store_true", help="also send what nobody should")
    options = parser.parse_args(argv)
    pictures = [path.read_bytes() for path in find_images(options.pictures)[0]]
    seconds = 60 * options.minutes
    before = read_directly(pictures, seconds / 4)
    stop, done = threading.Event(), Counter[str]()
    billion = black_png(40_000, 25_000) if options.trouble else b""
    with serving() as address:
        Load(address, pictures, options.clients).run(min(10, seconds / 4))  # until its memory has its size
        sizes, answers, times, took = [memory(address)], Counter[int | str](), list[float](), 0.0
        trouble = threading.Thread(target=misbehave, args=(address, billion, stop, done))
        if options.trouble:
            trouble.start()
        for _ in range(PARTS):
            load = Load(address, pictures, options.clients)
            took += load.run(seconds / PARTS)
            answers += load.answers
            times += load.seconds
            sizes.append(memory(address))
        stop.set()
        if options.trouble:
            trouble.join()
    after = read_directly(pictures, seconds / 4)
    served, direct = answers[200] / took, (before + after) / 2
    slowest = sorted(times)[int(0.99 * len(times))]
    print(f"crnn read: {before:.1f} and {after:.1f} pictures a second, before and after")
    print(f"crnn serve, {options.clients} clients, {took:.0f} s: {served:.1f} pictures a second, {served / direct:.0%}")
    print(f"answers: {dict(answers)}; 99 of 100 within {slowest:.2f} s")
    print(f"memory, from the begin to the end: {', '.join(f'{size:.0f}' for size in sizes)} MB")
    if done:
        print(f"meanwhile: {dict(done)}")
    return int(set(answers) != {200})


if __name__ == "__main__":
    sys.exit(main())
