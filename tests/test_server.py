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
from pathlib import Path

import numpy as np
import pytest

from crnn.paths import ASSETS
from crnn.server import app as app_module
from crnn.server.__main__ import build_parser, main
from crnn.server.limits import Limits
from crnn.tools import benchmark_server
from crnn.tools.benchmark_server import Load, black_png
from tests.serving import KAI, LABELS, ask, metrics, post, serving

ROOT = Path(__file__).resolve().parent.parent


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


def test_a_slow_client_is_given_up_and_disturbs_nobody():
    with serving(Limits(upload_seconds=1.0)) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert post(address, KAI)[0] == 200
            slow.settimeout(30)
            assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


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
