"""What a server takes at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a server takes at most; more is refused, with the reason.

    Attributes:
        picture_bytes: of the file of a picture.
        pixels: of a picture.
        seconds: from the last byte of a picture to its answer; then it is not read to its end.
        upload_seconds: from the first byte of a picture to its last.
        waiting: pictures that wait to be read.
        held_bytes: of all files that arrive, wait or are read, together.
    """

    picture_bytes: int = 20_000_000
    pixels: int = 40_000_000
    seconds: float = 60.0
    upload_seconds: float = 30.0
    waiting: int = 64
    held_bytes: int = 256_000_000
