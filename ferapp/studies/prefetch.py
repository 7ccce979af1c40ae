"""Pipeline stages in threads of their own."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetch(items: Iterable[T], depth: int, name: str) -> Iterator[Iterator[T]]:
    """The same items in the same order, made by a thread up to `depth` of them ahead.

    An exception of `items` is raised after the items made before it. At the end of the block the
    thread finishes the item in hand and ends.
    """
    queue: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()

    def produce() -> None:
        try:
            for item in items:
                room.acquire()
                if stopped.is_set():
                    return
                queue.put((item,))
            queue.put(None)
        except BaseException as error:  # KeyboardInterrupt too: the consumer raises it
            queue.put(error)

    def consume() -> Iterator[T]:
        while (entry := queue.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            room.release()
            yield entry[0]

    thread = threading.Thread(target=produce, name=name)
    thread.start()
    try:
        yield consume()
    finally:
        stopped.set()
        room.release()  # for a thread that waits for room
        thread.join()
