"""The routes of a server: the page, ``/read``, ``/health``, ``/metrics``."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect

import crnn
from crnn.image import ImageError
from crnn.inference.formats import json_page
from crnn.server.limits import Limits
from crnn.server.metrics import CONTENT_TYPE, Metrics
from crnn.server.reading import Answer, Job, QueueFullError, Reading, ReadPages, TooManyPixelsError
from crnn.server.uploads import Uploads

PAGE = Path(__file__).with_name("page.html")
NAME = "-"  # of a picture in its JSON, as of one from stdin
LOST = 499  # status of an answer that nobody waits for


def build_app(read_pages: ReadPages, limits: Limits) -> FastAPI:
    """Build the application; its threads run from the start of the server to its end.

    Args:
        read_pages: reads pictures, each with its key, as ``inference.page.reader.read_pages`` does.
        limits: of what clients send.
    """
    metrics = Metrics()
    reading = Reading(read_pages, limits, metrics)
    uploads = Uploads(limits)
    page = PAGE.read_text(encoding="utf-8")
    policy = content_policy(page)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        reading.start()
        yield
        await asyncio.to_thread(reading.stop)

    app = FastAPI(title="crnn", version=crnn.__version__, lifespan=running, docs_url=None, redoc_url=None)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def show_page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"})

    @app.post("/read", openapi_extra={"requestBody": {"content": {"image/*": {}}, "required": True}})
    async def read(request: Request) -> Response:
        """Read a picture, the body of the request; answer as ``crnn read --format json`` does."""
        try:
            response = await _read(request, reading, uploads)
        except HTTPException as error:
            metrics.count_answer(error.status_code)
            raise
        except ClientDisconnect:
            response = Response(status_code=LOST)
        except Exception:
            metrics.count_answer(500)
            raise
        metrics.count_answer(response.status_code)
        return response

    @app.get("/health")
    async def health() -> Response:
        """Tell whether pictures are read."""
        content = {"status": "ok" if reading.is_running else "stopped", "version": crnn.__version__}
        return JSONResponse(content, 200 if reading.is_running else 503)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def show_metrics() -> Response:
        """Give the counters as Prometheus reads them."""
        return Response(metrics.text(reading.waiting, uploads.held_bytes), media_type=CONTENT_TYPE)

    return app


async def _read(request: Request, reading: Reading, uploads: Uploads) -> Response:
    """Receive a picture, wait for its turn, and answer.

    Raises:
        HTTPException: it is refused, or cannot be read.
        ClientDisconnect: the connection was closed while it arrived.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        raise HTTPException(415, "Send the file of the picture as the body, not as a form: curl --data-binary @FILE")
    try:
        reading.check_room()
        async with uploads.receive(request) as data:
            answer = await _first(reading.submit(data), request, reading.limits.seconds)
    except QueueFullError as full:
        detail = f"Too many pictures wait. Try again in {full.seconds} s."
        raise HTTPException(503, detail, {"Retry-After": str(full.seconds)}) from None
    except TooManyPixelsError as error:
        raise HTTPException(413, str(error)) from None
    except ImageError as error:
        raise HTTPException(422, str(error)) from None
    if answer is None:
        return Response(status_code=LOST)
    return Response(json_page(NAME, answer.page, answer.seconds, 1), media_type="application/json")


async def _first(job: Job, request: Request, seconds: float) -> Answer | None:
    """Wait for an answer, as long as the client does.

    Returns:
        The answer; None if the client has closed the connection.

    Raises:
        HTTPException: it takes too long.
    """
    answer, closed = asyncio.wrap_future(job.answer), asyncio.ensure_future(_closed(request))
    try:
        both: set[asyncio.Future[Any]] = {answer, closed}
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.cancelled():
            raise HTTPException(503, "The server stops.", {"Retry-After": "10"})
        if answer.done():
            return answer.result()
        if closed.done():
            return None
        raise HTTPException(504, f"Reading took longer than {seconds:g} s. Cut the picture up.")
    finally:
        closed.cancel()
        job.give_up()


async def _closed(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def content_policy(page: str) -> str:
    """Return a content security policy that allows the style and the script in a page, and the server itself.

    Args:
        page: HTML with one ``<style>`` and one ``<script>``.
    """
    sources = []
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        sources.append(f"{tag}-src 'sha256-{digest}'")
    return "; ".join(["default-src 'none'", "connect-src 'self'", "img-src blob: data:", "base-uri 'none'", *sources])
