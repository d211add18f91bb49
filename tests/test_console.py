"""What interrupts a script is a message and an exit status, never a traceback."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crnn.console import escape_field, printable, unescape_field

ROOT = Path(__file__).resolve().parent.parent


def start(code, **options):
    """Run a main function with this body by ``console.run``."""
    body = "\n    ".join(["def main():", "import sys, time, os, signal", *code.splitlines()])
    script = f"from crnn.console import *\n{body}\nimport sys; sys.exit(run(main))"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen([sys.executable, "-c", script], **pipes | options)


def finish(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_the_status_is_what_main_returns():
    assert finish(start("print('a'); return 3")) == (3, "a\n", "")


@pytest.mark.parametrize(("number", "status", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_is_one_line_and_the_usual_status(number, status, word):
    process = start("print('ready', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, number))
    assert finish(process) == (status, "", word + "\n")


def test_a_second_signal_ends_a_process_that_still_cleans_up():
    process = start(
        "try:\n    print('ready', flush=True); time.sleep(60)\nfinally:\n    print('x', flush=True); time.sleep(60)"
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "x\n"
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == -signal.SIGINT


def test_a_reader_that_leaves_ends_it_quietly():
    process = start("for k in range(10**6): print('line', k)\nreturn 0")
    process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait(60)) == ("", 141)
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_named():
    with open("/dev/full", "w") as full:
        process = start("print('a'); return 0", stdout=full)
        assert finish(process) == (1, None, "standard output: No space left on device\n")


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_given_to_nothing(streams, tmp_path):
    code = (
        "from crnn.console import *; import sys\n"
        f"def main():\n f = open({str(tmp_path / 'file')!r}, 'w')\n print('out'); print('err', file=sys.stderr)\n"
        " f.write('mine'); f.close(); return 4\nsys.exit(run(main))"
    )
    result = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -c "$0" {streams}', code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 4 and (tmp_path / "file").read_text() == "mine"
    assert (result.stdout, result.stderr) == (
        "" if ">&-" in streams.split() else "out\n",
        "" if "2>&-" in streams else "err\n",
    )


def test_names_that_are_not_utf8_are_written_escaped():
    code = r"print('a\udcb0b'); return 0"
    assert finish(start(code)) == (0, "a\\udcb0b\n", "")


def test_a_stop_request_is_noted_and_a_second_one_ends():
    code = """with StopRequest() as stop:
    print('ready', flush=True)
    while not stop.is_set(): time.sleep(0.01)
    print('stops', stop.number, flush=True)
    time.sleep(60)"""
    process = start(code)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == f"stops {int(signal.SIGTERM)}\n"
    process.send_signal(signal.SIGTERM)
    assert finish(process) == (-signal.SIGTERM, "", "stopping; once more ends at once\n")


def test_children_end_with_their_parent_and_not_by_its_interrupts(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, os, sys, time\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from crnn.console import children_ignore_interrupts, end_with_parent\n"
        "def work():\n    end_with_parent()\n    print(os.getpid(), flush=True)\n    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    with children_ignore_interrupts():\n"
        "        multiprocessing.get_context('spawn').Process(target=work).start()\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(child, signal.SIGINT)
    time.sleep(0.2)
    os.kill(child, 0)  # it lives
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "State:\tZ" in Path(f"/proc/{child}/status").read_text():
            break
        time.sleep(0.1)
    else:
        pytest.fail("the child outlived its parent")
    parent.stdout.close()


@pytest.mark.parametrize("text", ["plain 名字.jpg", "a\tb\nc\\n\r", "\x1b[31m\x7f\x9b", "\udcb0\u202egpj", "\\x41\\\\"])
def test_escaped_fields_come_back(text):
    escaped = escape_field(text)
    assert unescape_field(escaped) == text
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]", escaped + printable(text))
