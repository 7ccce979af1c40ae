"""Something slow that is looked at every few seconds, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
CLOSE_S = 2.0  # a system call that hangs longer is left to the end of the process


class Watcher(Generic[T]):
    """`seen` is what the last look found; reading it costs nothing."""

    def __init__(self, name: str, look: Callable[[], T], at_first: T, every_s: float) -> None:
        self.seen = at_first
        self._look, self._every_s = look, every_s
        self._trouble = ""  # of the last look, so that each is logged once
        self._closing = False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look_soon(self) -> None:
        """Look now, from the watcher's thread; returns at once."""
        self._due.set()

    def close(self) -> None:
        self._closing = True
        self._due.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _watch(self) -> None:
        while not self._closing:
            try:
                self.seen = self._look()
                self._trouble = ""
            except Exception as error:  # what was seen last stays
                if repr(error) != self._trouble:
                    self._trouble = repr(error)
                    log.exception("Looking for %s failed", self._thread.name)
            self._due.wait(self._every_s)
            self._due.clear()
