"""Work that takes a while, off the GUI thread: one thread, and outcomes that are fetched."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trainer.errors import FerError

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no outcome, in words for a person; a hint may follow on a line of its own."""

    words: str


class Cancelled(Exception):
    """The desk closes: nobody waits for the outcome any more."""


@dataclass(frozen=True, slots=True)
class _Task:
    key: str
    number: int
    work: Callable[[], Any]
    done: Callable[[Any], None]


class Desk:
    """Does tasks one after the other in a thread of its own.

    `collect`, called by the owner now and then, hands outcomes to their receivers in the owner's
    thread. Of tasks with one key only the newest matters: an older one that waits is left out, the
    outcome of an older one is dropped. A task that raises has a `Failure` as its outcome.
    """

    def __init__(self, name: str = "desk") -> None:
        self._waiting: deque[_Task] = deque()
        self._finished: deque[tuple[_Task, Any]] = deque()
        self._newest: dict[str, int] = {}
        self._count = 0
        self._open = 0  # tasks asked for and not yet handed over or dropped
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether there is something to do or to collect."""
        with self._change:
            return self._open > 0

    def ask(self, key: str, work: Callable[[], T], done: Callable[[T | Failure], None]) -> None:
        """Do `work` in the thread, and hand its outcome to `done` when it is collected."""
        with self._change:
            self._count += 1
            self._newest[key] = self._count
            kept = [task for task in self._waiting if task.key != key]
            self._open -= len(self._waiting) - len(kept)
            self._waiting = deque([*kept, _Task(key, self._count, work, done)])
            self._open += 1
            self._change.notify()

    def forget(self, key: str) -> None:
        """Drop what waits under `key`, and the outcome of what is under way."""
        with self._change:
            self._newest.pop(key, None)
            kept = [task for task in self._waiting if task.key != key]
            self._open -= len(self._waiting) - len(kept)
            self._waiting = deque(kept)

    def collect(self) -> None:
        """Hand finished outcomes over, in the caller's thread."""
        while True:
            with self._change:
                if not self._finished:
                    return
                task, outcome = self._finished.popleft()
                self._open -= 1
                wanted = self._newest.get(task.key) == task.number
            if wanted:
                task.done(outcome)

    def reporting(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """`say`, for work that takes minutes: once the desk closes, its next word ends the work."""

        def said(words: str) -> None:
            if self._closing:
                raise Cancelled
            say(words)

        return said

    def close(self) -> None:
        """End the thread after the task that is under way; what waits is left out.

        A task that reports what it does ends at its next report.
        """
        with self._change:
            self._closing = True
            self._waiting.clear()
            self._change.notify()
        self._thread.join()

    # --- in the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                task = self._waiting.popleft()
            outcome = _outcome(task.work)
            with self._change:
                self._finished.append((task, outcome))


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Cancelled:
        return Failure("The window was closed meanwhile.")
    except FerError as error:
        return Failure(str(error))
    except Exception as error:  # whatever it is: the window lives on and says what happened
        log.exception("A task failed")
        return Failure(f"That failed: {type(error).__name__}: {error}")
