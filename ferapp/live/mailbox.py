"""Hands the latest item to a slower reader: what it misses is overwritten, never queued."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestMailbox(Generic[T]):
    """Holds the newest item for another thread; counts the items that were never taken."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._overwritten = 0

    @property
    def overwritten(self) -> int:
        return self._overwritten

    def put(self, item: T) -> None:
        with self._condition:
            self._overwritten += self._item is not None
            self._item = item
            self._condition.notify()

    def take(self, timeout: float = 0.0) -> T | None:
        """The newest item that was not taken yet; waits up to `timeout` seconds for one."""
        with self._condition:
            if self._item is None and timeout > 0:
                self._condition.wait(timeout)
            item, self._item = self._item, None
            self._condition.notify()
            return item

    def wait_until_taken(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until no item waits; whether that is so."""
        with self._condition:
            if self._item is not None:
                self._condition.wait(timeout)
            return self._item is None

    def put_back(self, item: T) -> None:
        """Let an item be taken once more, unless a newer one waits."""
        with self._condition:
            if self._item is None:
                self._item = item
                self._condition.notify()
