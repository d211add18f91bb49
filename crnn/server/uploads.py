"""Receive the files of pictures, within limits of bytes and time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from crnn.server.limits import Limits

CLOSE = {"Connection": "close"}  # the rest of the file is not received
DISCARD_BYTES, DISCARD_SECONDS = 100_000_000, 2.0  # of a refused file, so that its sender comes to read the refusal


class Uploads:
    """Receives files and counts the bytes that all of them hold.

    Args:
        limits: of one file, and of all together.

    Attributes:
        held_bytes: of files that arrive, wait or are read now.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held_bytes = 0

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[bytes]:
        """Receive the body of a request; its bytes count as held until the block ends.

        Raises:
            HTTPException: it is too large (413), comes too slowly (408), or too much is held already (503).
            starlette.requests.ClientDisconnect: the connection was closed.
        """
        data = bytearray()
        try:
            try:
                self._check_length(request)
                async with asyncio.timeout(self.limits.upload_seconds):
                    async for chunk in request.stream():
                        self.held_bytes += len(chunk)
                        data += chunk
                        self._check_size(len(data))
            except TimeoutError:
                detail = f"The picture did not arrive within {self.limits.upload_seconds:g} s."
                raise HTTPException(408, detail, CLOSE) from None
            except HTTPException:
                self.held_bytes -= len(data)
                data.clear()
                await _discard(request)
                raise
            yield bytes(data)
        finally:
            self.held_bytes -= len(data)

    def _check_length(self, request: Request) -> None:
        """Refuse a file that is announced as too large before it comes."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal():
            self._check_size(int(announced))

    def _check_size(self, size: int) -> None:
        if size > self.limits.picture_bytes:
            limit = f"{self.limits.picture_bytes / 1e6:g} MB"
            raise HTTPException(413, f"The file is larger than {limit}. Shrink the picture, or cut it up.", CLOSE)
        if self.held_bytes > self.limits.held_bytes:
            raise HTTPException(503, "Too many pictures arrive at once. Try again.", {"Retry-After": "1", **CLOSE})


async def _discard(request: Request) -> None:
    """Take what still comes of a refused file, within limits; a client that asks before it sends need not send."""
    if "expect" in request.headers:
        return
    left = DISCARD_BYTES
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # the last: it has come whole
        async with asyncio.timeout(DISCARD_SECONDS):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    break
