"""Ctrl+C, SIGTERM and SIGHUP while Qt's event loop runs.

A Python handler may run inside any Qt event, where an exception would be swallowed, or not run at
all while the loop waits: so the handler only writes into a socket, which the loop watches.
"""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSocketNotifier

from trainer.stop_signals import signals_go_to


@contextmanager
def quit_signals(on_quit: Callable[[], None]) -> Iterator[None]:
    """Meanwhile the event loop calls `on_quit` for the first signal; a second ends the process."""
    received: list[int] = []
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)

    def wake() -> None:
        reader.recv(64)
        if received:
            notifier.setEnabled(False)
            on_quit()

    notifier.activated.connect(wake)
    with reader, writer, signals_go_to(received.append):
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            notifier.setEnabled(False)
