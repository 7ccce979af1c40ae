"""Pipeline stages in threads of their own."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

from trainer.stop_signals import leave_behind

T = TypeVar("T")


class Prefetched(Generic[T], Iterator[T]):
    """Items made by a thread ahead of who takes them; for one taker.

    `patience_s` is for items that may never come, such as a stalled stream's frames: so long the
    end waits for the item in hand, then it leaves the thread behind. By default it waits.
    """

    def __init__(
        self, items: Iterable[T], depth: int, name: str, patience_s: float | None = None
    ) -> None:
        self._items, self._patience_s = items, patience_s
        self._queue: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._produce, name=name, daemon=patience_s is not None
        )

    def start(self) -> None:
        self._thread.start()

    def __next__(self) -> T:
        entry = self._queue.get()
        if isinstance(entry, BaseException):
            raise entry
        if entry is None:
            self._queue.put(None)  # for further calls
            raise StopIteration
        self._room.release()
        return entry[0]

    def end(self) -> None:
        """Make no more items, and let who waits for one go on without. May be called again."""
        self._stopped.set()
        self._room.release()  # for a thread that waits for room
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(self._patience_s)
        if self._thread.is_alive():
            leave_behind(self._thread)

    def _produce(self) -> None:
        try:
            for item in self._items:
                self._room.acquire()
                if self._stopped.is_set():
                    return
                self._queue.put((item,))
            self._queue.put(None)
        except BaseException as error:  # KeyboardInterrupt too: the consumer raises it
            self._queue.put(error)


@contextmanager
def prefetch(
    items: Iterable[T], depth: int, name: str, patience_s: float | None = None
) -> Iterator[Prefetched[T]]:
    """The same items in the same order, made by a thread up to `depth` of them ahead.

    An exception of `items` is raised after the items made before it. At the end of the block the
    thread finishes the item in hand and ends, see `Prefetched` for `patience_s`.
    """
    prefetched = Prefetched(items, depth, name, patience_s)
    try:
        prefetched.start()  # in here: Ctrl+C may come meanwhile
        yield prefetched
    finally:
        prefetched.end()
