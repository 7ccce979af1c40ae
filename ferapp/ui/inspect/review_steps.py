"""Decisions about many samples are planned and saved beside the window, one after the other."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer

from ferapp.review.decisions import Review, ReviewStep
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.shell.page import DELIVER_MS
from trainer.errors import FerError

AT_ONCE = 500  # samples; so many take about 5 ms

OnStep = Callable[[ReviewStep | TaskFailure | None], None]


@dataclass(frozen=True, slots=True)
class _Job:
    review: Review
    plan: Callable[[], ReviewStep | None]
    samples: int
    on_done: OnStep

    def work(self) -> ReviewStep | None:
        step = self.plan()
        if step is not None:
            self.review.save(step)
        return step


class ReviewSteps(QObject):
    """Each step is planned when the one before it counts; a few samples are decided at once."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.tasks = TaskQueue("review")
        self._waiting: deque[_Job] = deque()
        self._is_busy = self._is_closing = False
        self._timer = QTimer(self, interval=DELIVER_MS)
        self._timer.timeout.connect(self.tasks.deliver)

    def run(
        self,
        review: Review,
        plan: Callable[[], ReviewStep | None],
        samples: int,
        on_done: OnStep,
    ) -> None:
        """Save and apply the step that `plan` makes about so many samples, then call `on_done`.

        It gets the step, None if there was nothing to do, or why it could not be saved.
        """
        self._waiting.append(_Job(review, plan, samples, on_done))
        self._begin_next()

    def close(self) -> None:
        """Finish what was decided, because the window closes."""
        self._timer.stop()
        self._is_closing = True
        self.tasks.close()
        self.tasks.deliver()
        self._begin_next()

    def _begin_next(self) -> None:
        while self._waiting and not self._is_busy:
            job = self._waiting.popleft()
            if job.samples > AT_ONCE and not self._is_closing:
                self._is_busy = True
                self._timer.start()
                self.tasks.submit("step", job.work, partial(self._end, job))
                return
            try:
                result: ReviewStep | TaskFailure | None = job.work()
            except FerError as error:
                result = TaskFailure(str(error))
            self._finish(job, result)

    def _end(self, job: _Job, result: ReviewStep | TaskFailure | None) -> None:
        """In the window's thread, after a step beside it."""
        self._is_busy = False
        self._timer.stop()
        self._finish(job, result)
        self._begin_next()

    def _finish(self, job: _Job, result: ReviewStep | TaskFailure | None) -> None:
        if isinstance(result, ReviewStep):
            job.review.apply(result)
        job.on_done(result)
