"""What every script does around its work: signals, closed streams, and names that a terminal must not interpret."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

# what a terminal or XML may not get, and what changes the direction of writing
_CONTROL = r"\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\\": r"\\"}


class Interrupted(KeyboardInterrupt):
    """A signal asks the process to end; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(main: Callable[[], int]) -> int:
    """Run the main function of a script, and turn what interrupts it into a message and an exit status.

    Ctrl-C and SIGTERM raise ``Interrupted`` in the main thread, once; a second one ends the process at once.

    Args:
        main: returns the exit status.

    Returns:
        What ``main`` returned; 128 plus the number of the signal that interrupted it (130 for Ctrl-C); 141 if the
        reader of stdout is gone; 1 if stdout cannot be written.
    """
    _open_closed_streams()
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return 128 + 13  # as a process that SIGPIPE ends
    except KeyboardInterrupt as error:
        _discard_stdout()
        number = error.number if isinstance(error, Interrupted) else int(signal.SIGINT)
        print("interrupted" if number == signal.SIGINT else "terminated", file=sys.stderr)
        return 128 + number
    except OSError as error:
        _discard_stdout()
        print(f"{error.filename or 'standard output'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return status


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Interrupted(number)


def _open_closed_streams() -> None:
    """Give the streams that the caller has closed to nothing: else the next file that is opened gets their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that are not UTF-8


def _discard_stdout() -> None:
    """Write what is left for stdout if that goes, else drop it: Python must not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


class StopRequest:
    """Note SIGINT and SIGTERM instead of being interrupted by them, within a ``with`` block.

    The work in the block looks at ``is_set`` where it can stop. A second signal ends the process at once.

    Attributes:
        number: the signal that came; 0 if none did.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> "StopRequest":
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_set(self) -> bool:
        """Tell whether a signal has come."""
        return self.number != 0

    def check(self) -> None:
        """Raise ``Interrupted`` if a signal has come."""
        if self.number:
            raise Interrupted(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)
        os.write(2, b"stopping; once more ends at once\n")  # print could meet itself here


@contextmanager
def children_ignore_interrupts() -> Iterator[None]:
    """Start processes in the block that Ctrl-C does not reach: it interrupts the parent, which ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child inherits what is blocked
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """End this process as soon as its parent has ended, however that ended; for processes of ``multiprocessing``."""
    from multiprocessing import parent_process  # of no use to those who read a picture

    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def printable(text: object) -> str:
    r"""Escape the characters of a name that a terminal would interpret.

    >>> print(printable("a\x1b[2J\n.jpg"))
    a\x1b[2J\n.jpg
    """
    return re.sub(f"[{_CONTROL}]", _escape, str(text))


def escape_field(text: str) -> str:
    r"""Escape a field of a TSV file so that it holds neither tab nor line end; ``unescape_field`` is the inverse.

    >>> print(escape_field("a\tb\\c"))
    a\tb\\c
    """
    return re.sub(rf"[\\{_CONTROL}]", _escape, text)


def unescape_field(field: str) -> str:
    r"""Undo ``escape_field``.

    >>> unescape_field(r"a\tb\\c") == "a\tb\\c"
    True
    """
    return re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[tnr\\])", _unescape, field)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _NAMED.get(match[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _unescape(match: re.Match[str]) -> str:
    for character, escape in _NAMED.items():
        if match[0] == escape:
            return character
    return chr(int(match[1][1:], 16))
