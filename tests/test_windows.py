import threading
from concurrent.futures import CancelledError

import pytest

from crnn.inference.windows import Workers, read_in_order


def test_results_come_in_order_though_later_windows_end_first():
    ended, others_ended = [], threading.Event()

    def read(number, workers):
        if number == 0:
            assert others_ended.wait(10)
        ended.append(number)
        if len(ended) == 2:
            others_ended.set()
        return number

    assert list(read_in_order(iter(range(9)), read, 2)) == list(range(9))
    assert ended.index(0) == 2


def test_a_result_does_not_wait_for_the_next_window():
    go_on = threading.Event()

    def windows():
        yield "first"
        assert go_on.wait(10)
        yield "second"

    results = read_in_order(windows(), lambda window, workers: window, 2)
    assert next(results) == "first"
    go_on.set()
    assert list(results) == ["second"]


def test_no_more_windows_are_taken_than_are_read_at_the_same_time():
    taken, most = [], []

    def windows():
        for number in range(30):
            taken.append(number)
            yield number

    for given, number in enumerate(read_in_order(windows(), lambda window, workers: window, 2)):
        assert number == given
        most.append(len(taken) - given)
    assert max(most) <= 5  # three are read, one is given, one is ready


def test_an_error_of_a_source_comes_after_what_stood_before_it():
    def windows():
        yield from range(3)
        raise OSError("gone")

    results = read_in_order(windows(), lambda window, workers: window, 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(results)


def test_an_error_of_a_call_is_raised_in_place_of_its_window():
    def call(item, is_alone):
        if item == 2:
            raise ValueError("no such piece")

    def read(window, workers):
        workers.run(call, [window])
        return window

    results = read_in_order(iter(range(9)), read, 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="no such piece"):
        next(results)


def test_what_has_not_begun_is_dropped_when_nobody_takes_the_results():
    done, begun, go_on = [], threading.Event(), threading.Event()

    def call(item, is_alone):
        begun.set()
        assert go_on.wait(10)
        done.append(item)

    def read(window, workers):
        if window == 0:
            assert begun.wait(10)
        else:
            workers.run(call, range(1000))

    results = read_in_order(iter([0, 1]), read, 2)
    assert next(results) is None
    threading.Timer(0.05, go_on.set).start()
    results.close()
    assert len(done) <= 2  # those that had begun


def test_a_call_knows_whether_it_is_alone():
    alone, both = [], threading.Barrier(2)
    with Workers(2) as workers:
        workers.run(lambda item, is_alone: alone.append((item, is_alone)), ["one"])
        workers.run(lambda item, is_alone: (both.wait(10), alone.append((item, is_alone))), ["a", "b"])
    assert alone[0] == ("one", True) and sorted(alone[1:]) == [("a", False), ("b", False)]


def test_a_run_after_the_end_is_refused():
    with Workers(1) as workers:
        pass
    with pytest.raises((CancelledError, RuntimeError)):
        workers.run(lambda item, is_alone: None, [1])
