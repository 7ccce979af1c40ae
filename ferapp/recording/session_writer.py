"""One recording: a folder with tables and videos, written in a thread of its own. No Qt.

Everything is on its way to the disk as it comes, so that a folder is of use while it is written
and after a kill. `ferapp.recording.session` reads it.
"""

import csv
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ferapp.live.error_text import reason
from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import RecordingPlan, RecordingStatus
from ferapp.recording.session import (
    CLEAN,
    EVENT_COLUMNS,
    EVENTS,
    FACES,
    FORMAT,
    FRAME_COLUMNS,
    FRAMES,
    HIDDEN,
    MARK,
    NOTE,
    OVERLAID,
    SESSION,
    SHARED_COLUMNS,
    TIMES,
)
from ferapp.sources.heavy_imports import load_opencv
from ferapp.sources.stream_address import without_password
from ferapp.vision.face_parts import PARTS, Part
from ferapp.vision.face_table import COORDINATES, column_meanings, table_head, table_rows
from ferapp.vision.file_hash import file_hash
from ferapp.vision.types import Analysis
from trainer.files import write_json

if TYPE_CHECKING:  # brings OpenCV
    from ferapp.recording.motion_jpeg import Writer

log = logging.getLogger(__name__)

LEAST_FREE = 500_000_000  # bytes on the disk
LOOK_S = 0.5  # between two looks at the disk
WAITING = 12  # pictures that wait to be written; more are left out of the videos
PACKAGES = ("ferapp", "torch", "mediapipe", "opencv-python", "numpy")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is recorded: one source, looked at by one model."""

    source: str  # as `Frame.source` has it
    source_name: str
    loaded: LoadedModel
    settings: dict[str, Any]  # of the analysis


@dataclass(frozen=True, slots=True)
class _Job:
    """Rows to write, and a picture for the videos unless it is left out of them."""

    frame: list[str] | None = None
    faces: list[list[str]] = field(default_factory=list)
    events: list[list[str]] = field(default_factory=list)
    picture: Analysis | None = None


class _NoRoomError(Exception):
    """The disk is nearly full."""


class Recording:
    """Records the analyses it is given until it is told to end, or something ends it.

    One recording is of one source, one model and one size of pictures: another one ends it. Times
    count from `began`, of time.perf_counter(), when it was made. `free` tells the bytes that are
    free at a path.
    """

    def __init__(
        self,
        plan: RecordingPlan,
        subject: Subject,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._plan, self._subject, self._free = plan, subject, free
        self._classes = subject.loaded.classifier.card.classes
        self.began, self._started = time.perf_counter(), datetime.now().astimezone()
        self._jobs: deque[_Job] = deque()
        self._more = threading.Condition()
        self._waiting = 0  # pictures among the jobs
        self._ending = False
        self._size: tuple[int, int] | None = None  # width, height
        self._number, self._index, self._offset = -1, -1, 0  # of the last frame, here and there
        self._hidden: frozenset[Part] = frozenset()
        self._folder: Path | None = None
        self._videos: dict[str, Writer] = {}
        self._look_at = 0.0  # when to look at the disk next
        self._bytes = self._frames = self._dropped = self._marks = 0  # each counted by one thread
        self._marked: dict[float, int] = {}  # by its time the picture of each mark
        self._ended_at = 0.0
        self._reason, self._failed, self._over = "", False, False
        self._thread = threading.Thread(target=self._run, name="recording")  # no daemon: it ends

    @property
    def status(self) -> RecordingStatus:
        return RecordingStatus(
            folder=self._folder or self._plan.folder,
            seconds=(self._ended_at or time.perf_counter()) - self.began,
            bytes=self._bytes,
            frames=self._frames,
            dropped=self._dropped,
            marks=self._marks,
            over=self._over,
            failed=self._failed,
            reason=self._reason,
        )

    def start(self) -> None:
        self._thread.start()

    def end(self, words: str = "") -> None:
        """Write what waits and complete the files; returns at once. `words` say why it ended."""
        with self._more:
            if not self._ending:
                self._ending = True
                self._reason = words
                self._more.notify()

    def join(self) -> None:
        self._thread.join()

    def mark(self, note: str = "", time_s: float | None = None) -> float:
        """Mark a moment, now if none is given; a note for it may follow with its time."""
        kind = MARK if time_s is None else NOTE
        moment = time.perf_counter() - self.began if time_s is None else time_s
        if kind == MARK:
            self._marks += 1
            self._marked[moment] = self._number
        number = self._marked.get(moment, self._number)  # a note is of its mark's picture
        self._put(_Job(events=[self._event(moment, kind, note, number)]))
        return moment

    def add(self, analysis: Analysis, loaded: LoadedModel | None) -> None:
        """One more analysis, by `loaded`; called in the analysis thread, which it does not hold up.

        What was taken before the recording began, or fills the time while the source is gone, is
        not recorded. A picture on which the model failed is, without results.
        """
        frame = analysis.frame
        if self._ending or frame.captured_at < self.began or not frame.source:
            return
        size = frame.image.shape[1], frame.image.shape[0]
        if frame.source != self._subject.source:
            self.end("The recording ended: another source plays now.")
            return
        if loaded is not None and loaded.spec != self._subject.loaded.spec:
            self.end("The recording ended: another model looks at the faces now.")
            return
        if self._size not in (None, size):
            self.end("The recording ended: the pictures have another size now.")
            return
        self._size = size
        if self._index < 0 or frame.index <= self._index:  # it was opened anew, and counts anew
            self._offset = self._number + 1 - frame.index
        self._index, self._number = frame.index, frame.index + self._offset
        time_s = frame.captured_at - self.began
        done = analysis.classes == self._classes
        own = replace(analysis, frame=replace(frame, index=self._number, time_s=time_s))
        events = []
        if analysis.hidden != self._hidden:
            self._hidden = analysis.hidden
            hidden = ", ".join(part for part in PARTS if part in analysis.hidden)
            events = [self._event(time_s, HIDDEN, hidden, self._number)]
        wanted = self._plan.clean or self._plan.overlaid
        room = self._waiting < WAITING
        self._put(
            _Job(
                [str(self._number), f"{time_s:.3f}", "", str(int(done))],
                list(table_rows(own)) if done else [],
                events,
                own if wanted and room else None,
            )
        )
        if wanted and not room:
            self._dropped += 1

    def _event(self, time_s: float, kind: str, note: str, number: int) -> list[str]:
        return [f"{time_s:.3f}", str(max(number, 0)), kind, note]

    def _put(self, job: _Job) -> None:
        with self._more:
            if not self._ending:
                self._jobs.append(job)
                self._waiting += job.picture is not None
                self._more.notify()

    # --- in the recording thread ----------------------------------------------------------------

    def _run(self) -> None:
        try:
            with ExitStack() as stack:
                self._write(stack)
        except _NoRoomError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"The recording ended, because it could not be written: {_words(error)}.")
        except Exception as error:  # live goes on whatever happens here
            log.exception("The recording failed")
            self._fail(f"The recording ended: {reason(error)}")
        self._complete()
        log.info("Recorded %s frames in %s. %s", self._frames, self._folder, self._reason)
        self._over = True

    def _write(self, stack: ExitStack) -> None:
        load_opencv()
        self._look_at_disk(_existing(self._plan.folder))
        self._folder = folder = _new_folder(self._plan.folder, self._started)
        tables = {
            name: self._table(stack, folder / name, head)
            for name, head in (
                (FACES, table_head(self._classes)),
                (FRAMES, FRAME_COLUMNS),
                (EVENTS, EVENT_COLUMNS),
            )
        }
        write_json(folder / SESSION, self._session())
        while (job := self._next()) is not None:
            if job.picture is not None and job.frame is not None:
                job.frame[2] = str(self._add_picture(folder, job.picture))
            # first what a row of the next table stands on
            for name, rows in (
                (FRAMES, [job.frame] if job.frame else []),
                (FACES, job.faces),
                (EVENTS, job.events),
            ):
                if rows:
                    writer, stream = tables[name]
                    writer.writerows(rows)
                    stream.flush()
            self._frames += job.frame is not None
            self._look_at_disk(folder)

    def _next(self) -> _Job | None:
        """The next job; None when all are done and the end was asked for."""
        with self._more:
            while not self._jobs:
                if self._ending:
                    return None
                if not self._more.wait(LOOK_S):
                    self._look_at_disk(self._folder or self._plan.folder)
            job = self._jobs.popleft()
            self._waiting -= job.picture is not None
            return job

    def _table(self, stack: ExitStack, file: Path, head: Any) -> tuple[Any, TextIO]:
        stream = open_table(file)
        stack.callback(_close, stream)
        writer = csv.writer(stream)
        writer.writerow(head)
        stream.flush()
        return writer, stream

    def _add_picture(self, folder: Path, analysis: Analysis) -> int:
        """The number of the picture, the same in all videos."""
        from ferapp.recording import motion_jpeg  # brings OpenCV

        images: dict[str, NDArray[np.uint8]] = {}
        if self._plan.clean:
            images[CLEAN] = analysis.frame.image
        if self._plan.overlaid and self._plan.draw is not None:
            images[OVERLAID] = np.ascontiguousarray(self._plan.draw(analysis)[..., :3])
        number = -1
        for name, image in images.items():
            if name not in self._videos:
                size = image.shape[1], image.shape[0]
                self._videos[name] = motion_jpeg.Writer(folder / name, size)
            number = self._videos[name].written
            self._videos[name].write(image)
        return number

    def _look_at_disk(self, folder: Path) -> None:
        """How large it is, and whether there is room for more; raises _NoRoomError when not."""
        now = time.perf_counter()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        self._measure()
        if self._free(folder) < LEAST_FREE:
            raise _NoRoomError(
                f"The recording ended: less than {LEAST_FREE // 1_000_000} MB are free "
                f"on the disk of {folder}.\nMake room there, or choose another folder (Shift+R)."
            )

    def _measure(self) -> None:
        if self._folder is not None:
            self._bytes = sum(file.stat().st_size for file in self._folder.iterdir())

    def _fail(self, words: str) -> None:
        log.warning("%s", words)
        with self._more:
            self._ending = True
            self._jobs.clear()
            self._reason, self._failed = words, True

    def _complete(self) -> None:
        """Close the videos and say in the session what became of it, as far as the disk lets."""
        self._ended_at = time.perf_counter()
        for video in self._videos.values():
            try:
                # the mean rate, so that a player takes as long as the recording
                video.close(min(max(video.written / self.status.seconds, 0.1), 1000.0))
            except OSError as error:
                log.warning("A video has no index: %s", error)
        if self._folder is None:
            return
        try:
            write_json(self._folder / SESSION, self._session(ended=True))
            self._measure()
        except OSError as error:
            log.warning("The end of the recording cannot be noted: %s", error)

    def _session(self, *, ended: bool = False) -> dict[str, Any]:
        subject, now = self._subject, self.status
        loaded = subject.loaded
        card = loaded.classifier.card
        moment = datetime.now().astimezone()
        return {
            "format": FORMAT,
            "app": f"ferapp {metadata.version('ferapp')}",
            "source": without_password(subject.source_name),
            "started": self._started.isoformat(timespec="milliseconds"),
            "ended": moment.isoformat(timespec="milliseconds") if ended else None,
            "reason": now.reason,
            "seconds": round(now.seconds, 3) if ended else None,
            "counts": {
                "frames": now.frames,
                "not_analysed": self._number + 1 - now.frames,
                "left_out_of_video": now.dropped,
                "marks": now.marks,
            }
            if ended
            else None,
            "model": {
                "name": card.name,
                "sha256": file_hash(loaded.file),
                "architecture": card.architecture,
                "objective": card.objective,
                "classes": list(card.classes),
                "temperature": card.temperature,
                "metrics": card.metrics,
                "licence": card.licence,
                "summary": card.summary,
            },
            "device": loaded.device,
            "settings": subject.settings | self._plan.look,
            "times": TIMES,
            "coordinates": COORDINATES,
            "columns": column_meanings(card.classes, card.temperature, **SHARED_COLUMNS)
            | FRAME_COLUMNS
            | EVENT_COLUMNS,
            "versions": _versions(),
        }


def open_table(file: Path) -> TextIO:
    return file.open("x", encoding="utf-8", newline="")


def _close(stream: TextIO) -> None:
    with suppress(OSError):  # the same full disk, once more
        stream.close()


def _existing(folder: Path) -> Path:
    """The folder, or the one above it that is there already."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _new_folder(place: Path, when: datetime) -> Path:
    """A folder that nobody has, named by time."""
    place.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = place / (f"{when:%Y-%m-%d-%H%M%S}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _words(error: OSError) -> str:
    return error.strerror or str(error)
