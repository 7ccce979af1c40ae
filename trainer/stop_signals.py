"""Ctrl+C, SIGTERM and SIGHUP (log-out): the first ends a command in order, the second at once."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

NUMBERS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stopped(KeyboardInterrupt):
    """A signal asks to stop; raised in the main thread."""


_left_behind: list[threading.Thread] = []
_received: list[int] = []  # by this command; the first decides its exit code
_is_command = False  # not in a notebook, which two interrupts must not end


def exit_code() -> int:
    """128 and the number of the signal that stopped this command; 130, as by Ctrl+C, without."""
    return 128 + int(_received[0] if _received else signal.SIGINT)


def leave_behind(thread: threading.Thread) -> None:
    """A daemon thread hangs in a library: the command is to end without it.

    At the end of Python such a thread may crash, see `ends_without_hanging_threads`.
    """
    _left_behind.append(thread)


def any_left_behind() -> bool:
    """Whether what such a thread uses may still be in use."""
    return any(thread.is_alive() for thread in _left_behind)


@contextmanager
def ends_without_hanging_threads() -> Iterator[None]:
    """Around a whole command: where a thread was left behind, its exit ends the process at once."""
    try:
        yield
    except SystemExit as end:
        if any_left_behind():
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """For a whole command: the first signal raises Stopped, unless `signals_go_to` takes it."""
    global _is_command
    _received.clear()
    _is_command = True
    try:
        with signals_go_to(_raise_stopped):
            yield
    finally:
        _is_command = False


@contextmanager
def signals_go_to(handle: Callable[[int], None]) -> Iterator[None]:
    """Meanwhile `handle(number)` is called in the main thread; a command's second signal ends it.

    Signals that are ignored, as under nohup, stay so. Other threads than the main one cannot
    handle signals: there, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def receive(number: int, _: FrameType | None) -> None:
        if _is_command and _received:
            os._exit(128 + number)
        _received.append(number)
        handle(number)

    previous = {
        number: signal.signal(number, receive)
        for number in NUMBERS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _raise_stopped(number: int) -> None:
    raise Stopped(number)
