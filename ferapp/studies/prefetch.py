"""Steps of a pipeline in threads of their own."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterable[T], most: int, name: str) -> Iterator[Iterator[T]]:
    """The same items in the same order, made by a thread that is up to `most` of them ahead.

    What making them raises comes after those made before it. At the end of the block the thread
    finishes the item that it makes, and ends.
    """
    made: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(most)
    stopped = threading.Event()

    def make() -> None:
        try:
            for item in items:
                room.acquire()
                if stopped.is_set():
                    return
                made.put((item,))
            made.put(None)
        except BaseException as error:  # also KeyboardInterrupt: whoever takes is told
            made.put(error)

    def taken() -> Iterator[T]:
        while (found := made.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            room.release()
            yield found[0]

    thread = threading.Thread(target=make, name=name)
    thread.start()
    try:
        yield taken()
    finally:
        stopped.set()
        room.release()  # for a thread that waits for room
        thread.join()
