"""``crnn serve``: what it answers, what it refuses, and what does not disturb it."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import uvicorn

from crnn.image import read_grayscale
from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import default_recognizer
from crnn.paths import ASSETS
from crnn.server import app as app_module
from crnn.server.__main__ import build_parser, main
from crnn.server.app import build_app
from crnn.server.limits import Limits
from crnn.server.metrics import Metrics
from crnn.server.reading import WORKERS, QueueFullError, Reading
from crnn.tools import benchmark_server
from crnn.tools.benchmark_server import Load, black_png

ROOT = Path(__file__).resolve().parent.parent
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


class Gate:
    """Reads pictures as soon as it is open."""

    def __init__(self):
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)  # by a thread that has a picture to read

    def read(self, images):
        self.entered.release()
        assert self.open.wait(30)
        return read_pages(default_recognizer(), images)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture(scope="module")
def address():
    with serving() as address:
        yield address


def test_a_picture_is_read_as_the_command_reads_it(address):
    command = [sys.executable, "-m", "crnn", "read", "--format", "json", "asset/kai.png"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    expected = json.loads(result.stdout)
    status, record = post(address, KAI)
    assert status == 200 and record["text"] == LABELS["kai.png"]
    assert list(record) == list(expected)
    different = {"path", "seconds"}
    assert {k: v for k, v in record.items() if k not in different} == {
        k: v for k, v in expected.items() if k not in different
    }


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"", {}, 422, "empty"),
        (b"no picture", {}, 422, "not a picture"),
        (KAI[:300], {}, 422, "not a picture"),
        (KAI, {"Content-Type": "multipart/form-data; boundary=x"}, 415, "--data-binary"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(address, body, headers, status, reason):
    assert post(address, body, **headers)[0] == status
    assert reason in post(address, body, **headers)[1]["detail"]
    assert post(address, KAI)[0] == 200


def test_large_files_and_pictures_are_refused():
    with serving(Limits(picture_bytes=30_000, pixels=50_000)) as address:
        assert post(address, KAI)[0] == 200
        status, record = post(address, (ASSETS / "sohu.jpg").read_bytes() + bytes(30_000_000))
        assert status == 413 and record["detail"].startswith("The file is larger than 0.03 MB")
        status, record = post(address, black_png(1000, 51))
        assert status == 413 and "more than 0.05 million pixels" in record["detail"]


def test_a_body_without_a_length_is_counted_while_it_comes():
    with serving(Limits(picture_bytes=100_000)) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.request("POST", "/read", (bytes(100_000) for _ in range(50)), encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        assert "crnn_held_bytes 0" in ask(address, path="/metrics")[2].decode()


def test_requests_share_batches(gate):
    with serving(read=gate.read) as address, ThreadPoolExecutor(12) as pool:
        names = sorted(LABELS)[:12]
        answers = [pool.submit(post, address, (ASSETS / name).read_bytes()) for name in names]
        wait_for(address, "crnn_waiting_pictures", 10)  # two are with the two threads
        gate.open.set()
        images = ((name, read_grayscale(ASSETS / name)) for name in names)
        expected = [page.text for window in read_pages(default_recognizer(), images) for _, page in window]
        assert [answer.result()[1]["text"] for answer in answers] == expected
        values = metrics(address)
        assert values["crnn_read_seconds_count"] == 12 and values["crnn_windows_total"] < 12


def metrics(address):
    text = ask(address, path="/metrics")[2].decode()
    return {name: float(value) for name, value in re.findall(r'(?m)^(\w+(?:\{\w+="[^"]*"\})?) (\S+)$', text)}


def wait_for(address, name, value):
    end = time.monotonic() + 30
    while metrics(address)[name] != value:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_full_queue_says_when_to_come_again(gate):
    with serving(Limits(waiting=1), gate.read) as address, ThreadPoolExecutor(3) as pool:
        answers = []
        for _ in range(WORKERS):
            answers.append(pool.submit(post, address, KAI))
            assert gate.entered.acquire(timeout=30)
        answers.append(pool.submit(post, address, KAI))
        wait_for(address, "crnn_waiting_pictures", 1)
        status, headers, body = ask(address, "POST", "/read", KAI)
        assert status == 503 and int(headers["Retry-After"]) >= 1 and b"Too many pictures wait" in body
        gate.open.set()
        assert [answer.result()[0] for answer in answers] == [200] * 3
        assert post(address, KAI)[0] == 200


def test_a_picture_that_takes_too_long_is_given_up(gate):
    with serving(Limits(seconds=0.2), gate.read) as address:
        status, record = post(address, KAI)
        assert status == 504 and "0.2 s" in record["detail"]
        gate.open.set()


def test_the_bytes_of_all_files_together_are_limited(gate):
    with serving(Limits(held_bytes=len(KAI) + 1000), gate.read) as address, ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, address, KAI)
        wait_for(address, "crnn_held_bytes", len(KAI))
        status, headers, _ = ask(address, "POST", "/read", KAI)
        assert status == 503 and headers["Retry-After"] == "1"
        gate.open.set()
        assert first.result()[0] == 200


def test_a_slow_client_is_given_up_and_disturbs_nobody():
    with serving(Limits(upload_seconds=1.0)) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert post(address, KAI)[0] == 200
            slow.settimeout(30)
            assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_closed_connection_takes_its_picture_out_of_the_queue(gate):
    with serving(read=gate.read) as address, ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(post, address, KAI) for _ in range(2)]
        wait_for(address, "crnn_held_bytes", 2 * len(KAI))
        wait_for(address, "crnn_waiting_pictures", 0)
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as leaving:
            leaving.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(KAI) + KAI)
            wait_for(address, "crnn_waiting_pictures", 1)
        wait_for(address, "crnn_held_bytes", 2 * len(KAI))
        gate.open.set()
        assert [answer.result()[0] for answer in busy] == [200, 200]
        wait_for(address, "crnn_waiting_pictures", 0)
        assert metrics(address)["crnn_read_seconds_count"] == 2
        assert metrics(address)['crnn_answers_total{status="499"}'] == 1


def test_a_picture_that_breaks_the_reader_fails_alone():
    dangerous = black_png(40, 40)

    def read(images):
        def checked():
            for job, image in images:
                if job.data == dangerous:
                    raise RuntimeError("of this picture")
                yield job, image

        return read_pages(default_recognizer(), checked())

    reading = Reading(read, Limits(), Metrics())
    answers = [reading.submit(data).answer for data in (KAI, dangerous, KAI)]
    reading.start()
    assert answers[0].result(30).page.text == answers[2].result(30).page.text == LABELS["kai.png"]
    with pytest.raises(RuntimeError, match="of this picture"):
        answers[1].result(30)
    reading.stop()
    assert not reading.is_running


def test_a_picture_that_nobody_waits_for_is_not_read_to_its_end():
    windows, go = [], threading.Event()

    def read(images):
        for job, image in images:
            for number in range(3):  # windows of lines, the last of which completes the picture
                assert go.wait(30)
                windows.append((job, number))
                yield [] if number < 2 else [*read_pages(default_recognizer(), [(job, image)])][0]

    reading = Reading(read, Limits(), Metrics())
    left, wanted = reading.submit(KAI), reading.submit(KAI)
    reading.start()
    while reading.waiting:
        time.sleep(0.01)
    left.give_up()
    go.set()
    assert wanted.answer.result(30).page.text == LABELS["kai.png"]
    reading.stop()
    assert [number for job, number in windows if job is left] == [0]
    assert [number for job, number in windows if job is wanted] == [0, 1, 2]


def test_a_stopping_server_cancels_what_waits():
    reading = Reading(partial(read_pages, default_recognizer()), Limits(waiting=1), Metrics())
    answer = reading.submit(KAI).answer
    with pytest.raises(QueueFullError):
        reading.submit(KAI)
    reading._threads = []  # none has begun
    reading.stop()
    assert answer.cancelled()


def test_health_and_metrics(address):
    before = metrics(address)
    post(address, KAI)
    after = metrics(address)
    status, _, body = ask(address, path="/health")
    assert status == 200 and json.loads(body)["status"] == "ok"
    for name in ("crnn_read_seconds_count", "crnn_lines_total", 'crnn_answers_total{status="200"}'):
        assert after[name] == before.get(name, 0) + 1
    assert after['crnn_read_seconds_bucket{le="+Inf"}'] == after["crnn_read_seconds_count"]
    text = ask(address, path="/metrics")[2].decode()
    assert all(re.fullmatch(r'# TYPE \w+ (counter|gauge|histogram)|\w+(\{\w+="[^"]*"\})? \S+', row)
               for row in text.splitlines())  # fmt: skip


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_other_script(address):
    status, headers, body = ask(address)
    assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
    loaded = re.findall(r"""(?:src|href)=["']([^"']*)|url\(([^)]*)|@import""", body.decode())
    assert [a or b for a, b in loaded if not (a or b).startswith("data:")] == []
    assert app_module.PAGE.suffix == ".html"


def test_the_command_listens_on_this_machine_alone_by_default(run_main):
    assert build_parser().parse_args([]).host == "127.0.0.1"
    assert run_main(main, "--max-bytes", 0).returncode == 2
    assert run_main(main, "--weights", "no such file").returncode == 2


def test_the_command_of_the_container_is_one_of_this_program():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"(?m)^CMD (\[.*\])$", text)
    program, name, *options = json.loads(command)
    assert (program, name) == ("crnn", "serve")
    assert build_parser().parse_args(options).host == "0.0.0.0"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_command_of_the_document_reads_a_picture(address):
    (command,) = re.findall(r"(?m)^curl .*$", (ROOT / "docs" / "server.md").read_text(encoding="utf-8"))
    assert "http://127.0.0.1:8000/" in command
    command = command.replace("curl", "curl --silent", 1).replace("http://127.0.0.1:8000", address)
    result = subprocess.run(command.split(), cwd=ROOT, capture_output=True, check=True)
    assert json.loads(result.stdout)["text"] == LABELS["kai.png"]


def test_eight_clients_get_an_answer_each_time(address):
    host, port = address.removeprefix("http://").split(":")
    load = Load((host, int(port)), [(ASSETS / name).read_bytes() for name in ("kai.png", "phone.png", "url.png")], 8)
    load.run(1)
    assert set(load.answers) == {200} and load.answers[200] >= 8 and len(load.seconds) == load.answers[200]


@pytest.mark.slow
def test_nothing_that_some_clients_do_disturbs_the_others(run_main):
    result = run_main(benchmark_server.main, "--minutes", 5, "--trouble")
    assert result.returncode == 0, result.stdout
    (share,) = re.findall(r"a second, (\d+)%", result.stdout)
    (sizes,) = re.findall(r"to the end: ([\d, ]+) MB", result.stdout)
    _, first, *_, last = map(int, sizes.split(", "))
    assert int(share) >= 80 and last < first + 150


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_command_refuses_a_billion_pixels_by_the_header_and_stops_cleanly():
    command = [sys.executable, "-m", "crnn", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        while not (found := re.search(r"running on (http://\S+)", process.stderr.readline())):
            assert process.poll() is None
        before = metrics(found[1])
        assert post(found[1], KAI)[1]["text"] == LABELS["kai.png"]
        read = metrics(found[1])
        status, record = post(found[1], black_png(40_000, 25_000))
        assert status == 413 and "40 million pixels" in record["detail"]
        after = metrics(found[1])
        assert before["crnn_read_seconds_count"] == 0 and after["crnn_read_seconds_count"] == 1
        grown = np.subtract(*(v.get("process_resident_memory_bytes", 0) for v in (after, read)))
        assert grown < 50e6  # the picture has a gigabyte
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stderr.close()
