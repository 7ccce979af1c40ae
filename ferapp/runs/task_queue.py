"""A task queue: slow work in one background thread, results delivered in the owner's thread."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trainer.errors import FerError

log = logging.getLogger(__name__)

T = TypeVar("T")
ReportProgress = Callable[[str], None]  # a sentence for the user


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why a task has no result, for the user; a hint may follow on a second line."""

    message: str


class TaskCancelled(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True, slots=True)
class _Task:
    key: str
    number: int
    work: Callable[[], Any]
    on_done: Callable[[Any], None]


class TaskQueue:
    """Runs tasks one after the other in a thread of its own.

    The owner calls `deliver` regularly, which passes results to their callbacks in the owner's
    thread. Of several tasks with the same key only the newest counts: older ones that still wait
    are dropped, and so is the result of one that is running. A task that raises results in a
    `TaskFailure`.
    """

    def __init__(self, name: str = "tasks") -> None:
        self._waiting: deque[_Task] = deque()
        self._finished: deque[tuple[_Task, Any]] = deque()
        self._newest: dict[str, int] = {}
        self._count = 0
        self._open = 0  # submitted, and neither delivered nor dropped
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a task waits, runs, or has a result to deliver."""
        with self._change:
            return self._open > 0

    def submit(
        self, key: str, work: Callable[[], T], on_done: Callable[[T | TaskFailure], None]
    ) -> None:
        """Run `work` in the thread; `deliver` passes its result to `on_done`."""
        with self._change:
            self._count += 1
            self._newest[key] = self._count
            self._drop_waiting(key)
            self._waiting.append(_Task(key, self._count, work, on_done))
            self._open += 1
            self._change.notify()

    def cancel(self, key: str) -> None:
        """Drop the waiting task of this key, and the result of a running one."""
        with self._change:
            self._newest.pop(key, None)
            self._drop_waiting(key)

    def _drop_waiting(self, key: str) -> None:
        others = deque(task for task in self._waiting if task.key != key)
        self._open -= len(self._waiting) - len(others)
        self._waiting = others

    def deliver(self) -> None:
        """Pass finished results to their callbacks, in the caller's thread."""
        while True:
            with self._change:
                if not self._finished:
                    return
                task, result = self._finished.popleft()
                self._open -= 1
                is_newest = self._newest.get(task.key) == task.number
            if is_newest:
                task.on_done(result)

    def interruptible(self, report: ReportProgress) -> ReportProgress:
        """`report` for a long task: once the queue closes, the next report ends the task."""

        def report_or_cancel(message: str) -> None:
            if self._closing:
                raise TaskCancelled
            report(message)

        return report_or_cancel

    def close(self) -> None:
        """Stop the thread after the running task; waiting tasks are dropped.

        A task that reports through `interruptible` ends at its next report.
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
            result = _result_of(task.work)
            with self._change:
                self._finished.append((task, result))


def _result_of(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except TaskCancelled:
        return TaskFailure("The window was closed.")
    except FerError as error:
        return TaskFailure(str(error))
    except Exception as error:  # whatever it is: the window stays open and reports it
        log.exception("A background task failed")
        return TaskFailure(f"Unexpected error: {type(error).__name__}: {error}")
