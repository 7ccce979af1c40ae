"""The recording that runs, if one does: started and ended by the window, fed by the analysis."""

from pathlib import Path

from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import RecordingPlan, RecordingStatus
from ferapp.recording.session_files import RecordingSubject
from ferapp.recording.session_writer import OnEvent, SessionWriter, ignore_event
from ferapp.vision.types import Analysis


class Recorder:
    """One recording at a time; `status` is of the newest.

    `on_event` is called with kind, note and moment of each event of a recording; see there.
    """

    def __init__(self, on_event: OnEvent = ignore_event) -> None:
        self._on_event = on_event
        self._writer: SessionWriter | None = None
        self._refused: RecordingStatus | None = None

    @property
    def status(self) -> RecordingStatus | None:
        return self._refused or (self._writer.status if self._writer else None)

    @property
    def is_active(self) -> bool:
        return self._writer is not None and not self._writer.status.over

    def start(self, plan: RecordingPlan, subject: RecordingSubject) -> None:
        """Does nothing while a recording runs."""
        if self.is_active:
            return
        if self._writer is not None:
            self._writer.join()
        self._refused = None
        self._writer = SessionWriter(plan, subject, on_event=self._on_event)
        self._writer.start()

    def refuse(self, folder: Path, reason: str) -> None:
        """Report, in `status`, why no recording starts."""
        self._refused = RecordingStatus(folder, over=True, failed=True, reason=reason)

    def end(self) -> None:
        if self._writer is not None:
            self._writer.end()

    def mark(self) -> float:
        return self._writer.mark() if self._writer is not None else 0.0

    def note(self, time_s: float, text: str) -> None:
        if self._writer is not None:
            self._writer.mark(text, time_s)

    def add_event(self, kind: str, note: str, at: float) -> None:
        """Something else that happened `at` a time of time.perf_counter()."""
        if self._writer is not None:
            self._writer.add_event(kind, note, at)

    def interrupt(self, kind: str, note: str = "") -> None:
        """Record that no frames arrive from now on; `kind` is `session.LOST` or `PAUSED`."""
        if self._writer is not None:
            self._writer.interrupt(kind, note)

    def add(self, analysis: Analysis, loaded: LoadedModel | None) -> None:
        """Record one analysis; called in the analysis thread."""
        if self._writer is not None:
            self._writer.add(analysis, loaded)

    def close(self) -> None:
        """Complete the files of the recording that runs."""
        if self._writer is not None:
            self._writer.end()
            self._writer.join()
