"""Sends in a thread of its own, from a bounded queue: the live path never waits for a network."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ferapp.live.meters import Percentiles, RateMeter
from ferapp.live.status import OutputStatus
from ferapp.studies.live_output.face_output import FaceOutput, NotSentError
from ferapp.studies.live_output.face_values import FaceValues, SentModel
from ferapp.studies.live_output.output_target import OutputTarget
from trainer.errors import FerError, error_text

log = logging.getLogger(__name__)

MAX_WAITING = 90  # frames and markers in the queue: three seconds of a camera
CLOSE_S = 1.0  # how long the app waits for a sender at its end


@dataclass(frozen=True, slots=True)
class _Frame:
    model: SentModel
    faces: Mapping[int, FaceValues]  # by seat
    captured_at: float


@dataclass(frozen=True, slots=True)
class _Marker:
    text: str
    captured_at: float


class Sender:
    """One output that runs until `end` is called or something ends it.

    `open_output` is called in the thread, since imports and names of computers take their time.
    Where the queue is full, the oldest waiting frame is dropped, and counted. `before` is the
    sender that this one replaces: it ends first.
    """

    def __init__(
        self,
        target: OutputTarget,
        open_output: Callable[[OutputTarget], FaceOutput],
        before: "Sender | None" = None,
    ) -> None:
        self.target = target
        self._open, self._before = open_output, before
        self._jobs: deque[_Frame | _Marker] = deque()
        self._changed = threading.Condition()  # jobs, or the end
        self._is_ending = False
        self._sent = self._dropped = self._not_sent = 0  # frames and markers
        self._rate, self._delay_ms = RateMeter(), Percentiles()
        self._notice, self._reason, self._is_over = "", "", False
        self._thread = threading.Thread(target=self._run, name="live output", daemon=True)

    @property
    def status(self) -> OutputStatus:
        return OutputStatus(
            target=self.target,
            per_second=self._rate.rate(),
            sent=self._sent,
            lost=self._dropped + self._not_sent,
            delay_ms=self._delay_ms.get()[0],
            notice=self._notice,
            over=self._is_over,
            reason=self._reason,
        )

    def start(self) -> None:
        self._thread.start()

    def send(self, model: SentModel, faces: Mapping[int, FaceValues], captured_at: float) -> None:
        """The faces of one frame, by seat; returns at once."""
        self._put(_Frame(model, faces, captured_at))

    def marker(self, text: str, captured_at: float) -> None:
        self._put(_Marker(text, captured_at))

    def end(self) -> None:
        """Send nothing more, and close; returns at once."""
        with self._changed:
            self._is_ending = True
            self._jobs.clear()
            self._changed.notify()

    def join(self) -> None:
        """Wait for its end, but not for a network that hangs."""
        self._thread.join(CLOSE_S)

    def _put(self, job: _Frame | _Marker) -> None:
        with self._changed:
            if self._is_ending or self._is_over:
                return
            if len(self._jobs) >= MAX_WAITING:
                self._jobs.popleft()
                self._dropped += 1
            self._jobs.append(job)
            self._changed.notify()

    # --- in the sending thread ------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self._before is not None:
                self._before.join()
                self._before = None
            self._send_all(self._open(self.target))
        except FerError as error:
            self._reason = f"Live output by {self.target.title} ended: {error}"
        except Exception as error:  # the live view goes on whatever happens here
            log.exception("Live output failed")
            self._reason = f"Live output by {self.target.title} ended: {error_text(error)}"
        if self._reason:
            log.warning("%s", self._reason)
        self._is_over = True

    def _send_all(self, output: FaceOutput) -> None:
        log.info("Live output by %s began", self.target.title)
        model: SentModel | None = None
        try:
            while (job := self._next_job()) is not None:
                if isinstance(job, _Frame) and job.model != model:
                    output.use_model(job.model)
                    model = job.model
                self._send_one(output, job)
        finally:
            output.close()
            log.info("Live output by %s: %s sent", self.target.title, self._sent)

    def _send_one(self, output: FaceOutput, job: _Frame | _Marker) -> None:
        try:
            if isinstance(job, _Marker):
                output.marker(job.text, job.captured_at)
            else:
                output.send(job.faces, job.captured_at)
        except NotSentError as error:
            self._not_sent += 1
            notice = str(error)
        else:
            self._sent += 1
            notice = output.notice
            if isinstance(job, _Frame):
                self._rate.tick()
                self._delay_ms.add(1000 * (time.perf_counter() - job.captured_at))
        if notice and notice != self._notice:
            log.info("%s", notice)
        self._notice = notice

    def _next_job(self) -> _Frame | _Marker | None:
        """None when the output is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_ending)
            return self._jobs.popleft() if self._jobs else None
