"""A server in a thread, and requests to it."""

import http.client
import json
import re
import threading
import time
from contextlib import contextmanager
from functools import partial

import uvicorn

from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import default_recognizer
from crnn.paths import ASSETS
from crnn.server.app import build_app
from crnn.server.limits import Limits

ROWS = (ASSETS / "labels.tsv").read_text(encoding="utf-8").splitlines()
LABELS = {name: default_recognizer().charset.fold(text) for name, text in (row.split("\t") for row in ROWS)}
KAI = (ASSETS / "kai.png").read_bytes()


@contextmanager
def serving(limits=None, read=None):
    """Serve in a thread; give the address."""
    app = build_app(read or partial(read_pages, default_recognizer()), limits or Limits())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    (port,) = {s.getsockname()[1] for one in server.servers for s in one.sockets}
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def ask(address, method="GET", path="/", body=None, headers=None):
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def post(address, data, **headers):
    """Have a picture read: status and JSON."""
    status, _, body = ask(address, "POST", "/read", data, headers)
    return status, json.loads(body)


def metrics(address):
    text = ask(address, path="/metrics")[2].decode()
    return {name: float(value) for name, value in re.findall(r'(?m)^(\w+(?:\{\w+="[^"]*"\})?) (\S+)$', text)}


def wait_for(address, name, value):
    end = time.monotonic() + 30
    while metrics(address)[name] != value:
        assert time.monotonic() < end
        time.sleep(0.02)
