"""Pictures that wait to be read by ``crnn serve``: batches, limits, and clients that leave."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from crnn.image import read_grayscale
from crnn.inference.page.reader import read_pages
from crnn.inference.recognizer import default_recognizer
from crnn.paths import ASSETS
from crnn.server.limits import Limits
from crnn.server.metrics import Metrics
from crnn.server.reading import WORKERS, QueueFullError, Reading
from crnn.tools.benchmark_server import black_png
from tests.serving import KAI, LABELS, ask, metrics, post, serving, wait_for


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
