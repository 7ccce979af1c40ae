"""Records analyses in a thread of its own. No Qt."""

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import RecordingPlan, RecordingStatus
from ferapp.recording.face_details import compress, pack_faces
from ferapp.recording.session import (
    BACK,
    CLEAN,
    EVENTS,
    FACES,
    FRAMES,
    HIDDEN,
    MARK,
    NOTE,
    OVERLAID,
    PRIOR,
)
from ferapp.recording.session_files import RecordingSubject, SessionFiles, session_content
from ferapp.recording.stimulus_columns import add_stimulus_columns
from ferapp.studies.stimuli.shown_stimuli import SETTING
from ferapp.vision.face_table import table_rows
from ferapp.vision.types import Analysis
from trainer.errors import FerError, error_text

log = logging.getLogger(__name__)

MIN_FREE_BYTES = 500_000_000  # on the disk
CHECK_S = 0.5  # between two checks of the disk
MAX_WAITING = 12  # pictures in the queue; more are left out of the videos
STARTED, ENDED = "start", "end"  # of the recording, as events for `on_event` only

OnEvent = Callable[[str, str, float], None]  # kind and note as in events.csv, time.perf_counter()


def ignore_event(kind: str, note: str, moment: float) -> None:
    return


@dataclass(frozen=True, slots=True)
class _WriteJob:
    """Rows to write, and a picture for the videos unless it is left out of them."""

    frame_row: list[str] | None = None
    face_rows: list[list[str]] = field(default_factory=list)
    event_rows: list[list[str]] = field(default_factory=list)
    picture: Analysis | None = None
    details: NDArray[Any] | None = None  # `face_details.pack_faces` of the frame


class _DiskFullError(Exception):
    """The disk is nearly full."""


class SessionWriter:
    """Records the analyses it is given until it is told to end, or something ends it.

    A recording has one source, one model and one frame size: another one ends it. Times count from
    `began`, of time.perf_counter(), when it was made. `free_bytes` gives the free space at a path.
    `on_event` gets each event at once, in the thread where it happens, and must not take long.
    """

    def __init__(
        self,
        plan: RecordingPlan,
        subject: RecordingSubject,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        on_event: OnEvent = ignore_event,
    ) -> None:
        self._on_event = on_event
        self._plan, self._subject, self._free_bytes = plan, subject, free_bytes
        self._classes = subject.loaded.classifier.card.classes
        self.began, self._started = time.perf_counter(), datetime.now().astimezone()
        self._jobs: deque[_WriteJob] = deque()
        self._changed = threading.Condition()  # jobs, or the end
        self._waiting = 0  # pictures among the jobs
        self._is_ending = False
        self._size: tuple[int, int] | None = None  # width, height
        self._number = -1  # of the last frame, in the recording
        self._segment: int | None = None  # of the last frame
        self._offset = 0  # from the index of a frame in its segment to its number
        self._hidden: tuple[str, ...] = ()  # names of what is
        self._prior = subject.model.prior
        self._interrupted_at: float | None = None  # perf_counter(), until frames arrive again
        self._files: SessionFiles | None = None  # None before the thread has made the folder
        self._check_at = 0.0  # when to check the disk next
        self._bytes = self._frames = self._dropped = self._marks = 0  # each counted by one thread
        self._frame_of_mark: dict[float, int] = {}  # number of the frame, by the mark's time
        self._ended_at = 0.0
        self._reason, self._failed, self._is_over = "", False, False
        self._thread = threading.Thread(target=self._run, name="recording")  # not a daemon: it ends

    @property
    def status(self) -> RecordingStatus:
        return RecordingStatus(
            folder=self._files.folder if self._files else self._plan.folder,
            seconds=(self._ended_at or time.perf_counter()) - self.began,
            bytes=self._bytes,
            frames=self._frames,
            dropped=self._dropped,
            marks=self._marks,
            waiting=self._interrupted_at is not None,
            over=self._is_over,
            failed=self._failed,
            reason=self._reason,
        )

    def start(self) -> None:
        self._on_event(STARTED, "", self.began)
        self._thread.start()

    def end(self, reason: str = "") -> None:
        """Write what waits and complete the files; returns at once. `reason` is for a person."""
        with self._changed:
            if not self._is_ending:
                self._is_ending = True
                self._reason = reason
                self._changed.notify()

    def join(self) -> None:
        self._thread.join()

    def mark(self, note: str = "", time_s: float | None = None) -> float:
        """Mark this moment; or, with its time, add a note to an earlier mark. Returns the time."""
        kind = MARK if time_s is None else NOTE
        moment = time.perf_counter() - self.began if time_s is None else time_s
        if kind == MARK:
            self._marks += 1
            self._frame_of_mark[moment] = self._number
        number = self._frame_of_mark.get(moment, self._number)
        self._put(_WriteJob(event_rows=[_event_row(moment, kind, note, number)]))
        return moment

    def add_event(self, kind: str, note: str, at: float) -> None:
        """Something that happened `at` a time of time.perf_counter(), as frames have it."""
        moment = max(at - self.began, 0.0)
        self._put(_WriteJob(event_rows=[_event_row(moment, kind, note, self._number)]))

    def interrupt(self, kind: str, note: str = "") -> None:
        """The frames end here for a while; the first one after it is recorded as `BACK`."""
        self._interrupted_at = time.perf_counter()
        moment = self._interrupted_at - self.began
        self._put(_WriteJob(event_rows=[_event_row(moment, kind, note, self._number)]))

    def add(self, analysis: Analysis, loaded: LoadedModel | None) -> None:
        """Record one analysis, by `loaded`; called in the analysis thread, which it does not delay.

        A frame captured before the recording began, and one of the fallback clip, is not recorded.
        A frame on which the model failed is, without results.
        """
        frame = analysis.frame
        if self._is_ending or frame.captured_at < self.began or not frame.source:
            return
        size = frame.image.shape[1], frame.image.shape[0]
        change = self._changed_subject(frame.source, loaded, size)
        if change:
            self.end(f"The recording ended: {change}.")
            return
        self._size = size
        if frame.segment != self._segment:  # its source may be open anew, and count from 0
            self._segment, self._offset = frame.segment, self._number + 1 - frame.index
        self._number = frame.index + self._offset
        time_s = frame.captured_at - self.began
        is_analysed = analysis.classes == self._classes
        numbered = replace(analysis, frame=replace(frame, index=self._number, time_s=time_s))
        event_rows: list[list[str]] = []
        interrupted_at = self._interrupted_at
        if interrupted_at is not None and frame.captured_at > interrupted_at:
            self._interrupted_at = None
            event_rows.append(_event_row(time_s, BACK, "", self._number))
        hidden = analysis.hidden.names
        if hidden != self._hidden:
            self._hidden = hidden
            event_rows.append(_event_row(time_s, HIDDEN, ", ".join(hidden), self._number))
        if is_analysed and analysis.model is not None and analysis.model.prior != self._prior:
            self._prior = analysis.model.prior
            event_rows.append(_event_row(time_s, PRIOR, self._prior, self._number))
        has_video = self._plan.clean or self._plan.overlaid
        has_room = self._waiting < MAX_WAITING
        self._put(
            _WriteJob(
                [str(self._number), f"{time_s:.3f}", "", str(int(is_analysed)), ""],
                list(table_rows(numbered)) if is_analysed else [],
                event_rows,
                numbered if has_video and has_room else None,
                pack_faces(numbered, self._plan.target()) if is_analysed else None,
            )
        )
        if has_video and not has_room:
            self._dropped += 1

    def _changed_subject(
        self, source: str, loaded: LoadedModel | None, size: tuple[int, int]
    ) -> str:
        """What is not as it was when the recording began, for a person; "" when all is."""
        if source != self._subject.source:
            return "another source plays now"
        if loaded is not None and loaded.spec != self._subject.loaded.spec:
            return "another model analyses the faces now"
        if self._size not in (None, size):
            return "the frames have another size now"
        return ""

    def _put(self, job: _WriteJob) -> None:
        with self._changed:
            if not self._is_ending:
                self._jobs.append(job)
                self._waiting += job.picture is not None
                self._changed.notify()
                for time_s, _, kind, note in job.event_rows:
                    self._on_event(kind, note, self.began + float(time_s))

    # --- in the recording thread ----------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._write_all()
        except (_DiskFullError, FerError) as error:
            self._fail(str(error))
        except OSError as error:
            message = error.strerror or str(error)
            self._fail(f"The recording ended, because it could not be written: {message}.")
        except Exception as error:  # the live view goes on whatever happens here
            log.exception("The recording failed")
            self._fail(f"The recording ended: {error_text(error)}")
        self._complete()
        log.info("Recorded %s frames in %s. %s", self._frames, self.status.folder, self._reason)
        self._is_over = True

    def _write_all(self) -> None:
        self._check_disk()
        if self._plan.clean or self._plan.overlaid:
            from ferapp.recording.h264 import check_encoder  # brings PyAV

            check_encoder()
        self._files = files = SessionFiles(self._plan.folder, self._started)
        try:
            files.open_tables(self._subject.model)
            files.write_session(
                session_content(
                    self._subject, self._plan.display_settings, self._started, self.status
                )
            )
            while (job := self._next_job()) is not None:
                self._write(files, job)
                self._check_disk()
        finally:
            files.close_tables()

    def _write(self, files: SessionFiles, job: _WriteJob) -> None:
        """A row comes after everything that it refers to."""
        if job.frame_row is not None:
            if job.picture is not None:
                pictures, time_s = self._pictures(job.picture), float(job.frame_row[1])
                job.frame_row[2] = str(files.add_pictures(pictures, time_s))
            if job.details is not None:
                job.frame_row[4] = str(files.add_details(compress(job.details)))
            files.add_rows(FRAMES, [job.frame_row])
        files.add_rows(FACES, job.face_rows)
        files.add_rows(EVENTS, job.event_rows)
        self._frames += job.frame_row is not None

    def _next_job(self) -> _WriteJob | None:
        """The next job; None when all are done and the recording is to end."""
        with self._changed:
            while not self._jobs:
                if self._is_ending:
                    return None
                if not self._changed.wait(CHECK_S):
                    self._check_disk()
            job = self._jobs.popleft()
            self._waiting -= job.picture is not None
            return job

    def _pictures(self, analysis: Analysis) -> dict[str, NDArray[np.uint8]]:
        """(H, W, 3) BGR for each video, by its file name."""
        pictures: dict[str, NDArray[np.uint8]] = {}
        if self._plan.clean:
            pictures[CLEAN] = analysis.frame.image
        if self._plan.overlaid and self._plan.draw is not None:
            pictures[OVERLAID] = np.ascontiguousarray(self._plan.draw(analysis)[..., :3])
        return pictures

    def _check_disk(self) -> None:
        """Measure the recording and the room left; raises _DiskFullError if there is too little."""
        now = time.perf_counter()
        if now < self._check_at:
            return
        self._check_at = now + CHECK_S
        self._measure()
        folder = self._files.folder if self._files else _existing_folder(self._plan.folder)
        if self._free_bytes(folder) < MIN_FREE_BYTES:
            raise _DiskFullError(
                f"The recording ended: less than {MIN_FREE_BYTES // 1_000_000} MB are free "
                f"on the disk of {folder}.\nMake room there, or choose another folder (Shift+R)."
            )

    def _measure(self) -> None:
        if self._files is not None:
            self._bytes = self._files.size_bytes()

    def _fail(self, message: str) -> None:
        log.warning("%s", message)
        with self._changed:
            self._is_ending = True
            self._jobs.clear()
            self._reason, self._failed = message, True

    def _complete(self) -> None:
        """Close the videos and write the outcome into session.json, as far as the disk allows."""
        self._ended_at = time.perf_counter()
        self._on_event(ENDED, self._reason, self._ended_at)
        if self._files is None:
            return
        self._files.close_videos()
        has_stimuli = SETTING in self._plan.display_settings and self._add_stimulus_columns()
        try:
            self._files.write_session(
                session_content(
                    self._subject,
                    self._plan.display_settings,
                    self._started,
                    self.status,
                    self._number + 1,
                    is_ended=True,
                    has_stimuli=has_stimuli,
                )
            )
            self._measure()
        except OSError as error:
            log.warning("The end of the recording cannot be written: %s", error)

    def _add_stimulus_columns(self) -> bool:
        """Whether faces.csv has them now. It is not touched where a full disk cut off its rows."""
        assert self._files is not None
        try:
            add_stimulus_columns(self._files.folder)
        except (OSError, ValueError, KeyError, IndexError) as error:
            log.warning("The stimuli cannot be added to the table: %s", error)
            sentence = (
                "The stimuli could not be added to faces.csv; events.csv has their times, and "
                "`ferapp analyze` adds them to the table that it makes of this recording."
            )
            self._reason = "\n".join(filter(None, (self._reason, sentence)))
            return False
        return True


def _event_row(time_s: float, kind: str, note: str, number: int) -> list[str]:
    return [f"{time_s:.3f}", str(max(number, 0)), kind, note]


def _existing_folder(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
