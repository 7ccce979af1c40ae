"""The recording that runs, if one does: begun and ended by the window, fed by the analysis."""

from pathlib import Path

from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import RecordingPlan, RecordingStatus
from ferapp.recording.session_writer import Recording, Subject
from ferapp.vision.types import Analysis


class Recorder:
    """One recording at a time; `status` is of the newest."""

    def __init__(self) -> None:
        self._now: Recording | None = None
        self._refused: RecordingStatus | None = None

    @property
    def status(self) -> RecordingStatus | None:
        return self._refused or (self._now.status if self._now else None)

    @property
    def active(self) -> bool:
        return self._now is not None and not self._now.status.over

    def start(self, plan: RecordingPlan, subject: Subject) -> None:
        """Nothing happens while one runs."""
        if self.active:
            return
        if self._now is not None:
            self._now.join()
        self._refused = None
        self._now = Recording(plan, subject)
        self._now.start()

    def refuse(self, folder: Path, words: str) -> None:
        """Tell why no recording begins."""
        self._refused = RecordingStatus(folder, over=True, failed=True, reason=words)

    def end(self) -> None:
        if self._now is not None:
            self._now.end()

    def mark(self) -> float:
        return self._now.mark() if self._now is not None else 0.0

    def note(self, time_s: float, text: str) -> None:
        if self._now is not None:
            self._now.mark(text, time_s)

    def add(self, analysis: Analysis, loaded: LoadedModel | None) -> None:
        """One more analysis, in the analysis thread."""
        if self._now is not None:
            self._now.add(analysis, loaded)

    def close(self) -> None:
        """Complete the files of the recording that runs."""
        if self._now is not None:
            self._now.end()
            self._now.join()
