"""Calls something slow every few seconds in its own thread."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
CLOSE_S = 2.0  # a system call that hangs longer is left to the end of the process


class Poller(Generic[T]):
    """`value` is the newest result of `poll`; reading it costs nothing."""

    def __init__(self, name: str, poll: Callable[[], T], initial: T, every_s: float) -> None:
        self.value = initial
        self._poll, self._every_s = poll, every_s
        self._last_error = ""  # so that the same error is logged once
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poll_soon(self) -> None:
        """Poll now, in the poller's thread; returns at once."""
        self._wake.set()

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._closing:
            try:
                self.value = self._poll()
                self._last_error = ""
            except Exception as error:  # the last value stays
                if repr(error) != self._last_error:
                    self._last_error = repr(error)
                    log.exception("Looking for %s failed", self._thread.name)
            self._wake.wait(self._every_s)
            self._wake.clear()
