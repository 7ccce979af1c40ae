"""Showing stimuli as the window handles it: set-up, consent, recording, screen, outcome."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QScreen
from PySide6.QtWidgets import QMainWindow

from ferapp.live.status import LiveEngine, LiveStatus, RecordingStatus
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.stimuli.shown_stimuli import CONSENT, SETTING, STOPPED
from ferapp.studies.stimuli.stimulus_plan import StimulusPlan
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.recording.recording_controller import RecordingController
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.stimuli.consent_page import ConsentPage
from ferapp.ui.stimuli.presentation import Presentation
from ferapp.ui.stimuli.setup_dialog import SetupDialog
from ferapp.ui.stimuli.stimuli_bar import StimuliBar
from ferapp.ui.stimuli.stimulus_screen import StimulusScreen
from ferapp.ui.text import wording

log = logging.getLogger(__name__)

WATCH_MS = 50  # between two looks at the recording
START_LIMIT_S = 10.0  # until the first frame is recorded
THANKS_MS = 4000  # the last page stays so long
ESC = "Esc was pressed"
DECLINED = "The person did not agree. Nothing was shown and nothing recorded."
ALL_SHOWN = "All stimuli were shown."
NO_FRAMES = "No frame of the source was recorded."


class StimuliController(QObject):
    """One run at a time: consent, then stimuli while a recording runs, then its report.

    `covered` is emitted when `covers_window` has changed.
    """

    covered = Signal()

    def __init__(
        self,
        window: QMainWindow,
        engine: LiveEngine,
        action: QAction,
        store: SettingsStore,
        page: LivePage,
        recordings: RecordingController,
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._store = window, engine, store
        self._page, self._recordings = page, recordings
        self._tasks: TaskQueue | None = None
        self.dialog: SetupDialog | None = None
        self.consent: ConsentPage | None = None
        self.screen: StimulusScreen | None = None
        self.presentation: Presentation | None = None
        self._plan: StimulusPlan | None = None
        self._folder: Path | None = None  # of the newest recording with stimuli
        self._watched: Callable[[RecordingStatus], None] | None = None
        self._started_at = 0.0
        self._reason = ""  # why the newest run ended early, "" when it was completed
        self.bar = StimuliBar(lambda: self.stop("Stop was pressed in the window"))
        page.add_bar(self.bar)
        page.status_changed.connect(self._show_recording)
        action.triggered.connect(self.open)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)
        self._delivery = QTimer(self, interval=DELIVER_MS)
        self._thanks = QTimer(self, interval=THANKS_MS, singleShot=True)
        self._thanks.timeout.connect(self._close_screen)
        self._is_closing = False

    @property
    def is_on(self) -> bool:
        return self._plan is not None

    @property
    def covers_window(self) -> bool:
        """Whether a screen is filled that the window is on, which then need not be drawn."""
        return self.screen is not None and self.screen.qscreen is self._window.screen()

    # --- the set-up -----------------------------------------------------------------------------

    def open(self) -> None:
        if self.dialog is None:
            if self._tasks is None:
                self._tasks = TaskQueue("stimuli")
                self._delivery.timeout.connect(self._tasks.deliver)
                self._delivery.start()
            self.dialog = SetupDialog(self._window, self._tasks)
            self.dialog.start_requested.connect(self._ask_consent)
            self.dialog.report_requested.connect(lambda: self._open_file("report.html"))
            self.dialog.folder_requested.connect(lambda: self._open_file("."))
            self.dialog.finished.connect(self._forget_dialog)
            self._show_recording()
        if not self.is_on:
            self.dialog.show()
            self.dialog.raise_()
            self.dialog.activateWindow()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _show_recording(self) -> None:
        if self.dialog is not None:
            status = self._page.status
            self.dialog.show_recording(self._what_is_recorded(status), record_problem(status))

    def _what_is_recorded(self, status: LiveStatus) -> str:
        now = self._store.now
        videos = [
            name
            for name, is_on in (("its video", now.record_clean), ("overlays", now.record_overlaid))
            if is_on
        ]
        kept = f"with {' and '.join(videos)}" if videos else "tables only, no video"
        return (
            f"{status.source.name} with the model {status.model.name}, {kept}, into "
            f"{self._recordings.folder} (Shift+R changes that)"
        )

    # --- a run ----------------------------------------------------------------------------------

    def _ask_consent(self, plan: StimulusPlan, screen: QScreen) -> None:
        if self.is_on or record_problem(self._engine.status()):
            return
        self._plan = plan
        if self.dialog is not None:
            self.dialog.hide()
        self.consent = ConsentPage(self._window, plan.consent, screen)
        self.consent.answered.connect(lambda agrees: self._on_consent(agrees, screen))

    def _on_consent(self, agrees: bool, screen: QScreen) -> None:
        self.consent = None
        plan = self._plan
        if plan is None:
            return
        if not agrees:
            self._finish(DECLINED)
            return
        self.screen = shown = StimulusScreen(screen)
        self.covered.emit()
        shown.key_pressed.connect(self._press)
        shown.closed.connect(lambda: self.stop("the window on the screen was closed"))
        agreed = datetime.now().astimezone().isoformat(timespec="seconds")
        width, height = shown.pixels
        about = {
            "name": screen.name(),
            "width": width,
            "height": height,
            "refresh_hz": round(screen.refreshRate(), 2),
            "onset": shown.onset_method,
        }
        self._recordings.start({SETTING: plan.as_settings(agreed, about)})
        self._started_at = time.perf_counter()
        self._engine.add_event(CONSENT, "agreed", self._started_at)
        self.presentation = Presentation(plan, shown)
        self.presentation.happened.connect(self._engine.add_event)
        self.presentation.progressed.connect(self._show_progress)
        self.presentation.ended.connect(self._end_run)
        self.bar.state.setText("Starting the recording…")
        self.bar.show()
        self._watched = self._wait_for_frames
        self._watch.start()

    def _look(self) -> None:
        recording = self._engine.status().recording
        if self._watched is not None and recording is not None:
            self._watched(recording)

    def _wait_for_frames(self, recording: RecordingStatus) -> None:
        """Begin when the first frame is recorded."""
        if recording.over:
            self._end_run(recording.reason or NO_FRAMES)
        elif recording.frames and self.presentation is not None:
            self._watched = self._follow
            self.presentation.start()
        elif time.perf_counter() - self._started_at > START_LIMIT_S:
            self.stop(NO_FRAMES)

    def _follow(self, recording: RecordingStatus) -> None:
        """A recording that ends by itself ends the stimuli."""
        if recording.over and self.presentation is not None:
            self.presentation.stop(recording.reason or "The recording was stopped.")

    def _show_progress(self, number: int) -> None:
        if self._plan is not None:
            stimulus = self._plan.stimuli[number]
            condition = f" ({stimulus.condition})" if stimulus.condition else ""
            self.bar.state.setText(
                f"Stimulus {number + 1} of {len(self._plan.stimuli)}: {stimulus.file}{condition}"
            )

    def _press(self, key: int) -> None:
        if self._watched == self._wait_for_end:
            self._close_screen()  # the last page was read
        elif key == Qt.Key.Key_Escape:
            self.stop(ESC)

    def stop(self, reason: str) -> None:
        """End in order: the events say so, and the recording is completed."""
        if self.consent is not None:
            self.consent.close()  # which declines
        elif self.presentation is not None and self.presentation.is_running:
            self.presentation.stop(reason)
        elif self._watched == self._wait_for_frames:
            self._engine.add_event(STOPPED, f"before the first: {reason}", time.perf_counter())
            self._end_run(reason)

    def _end_run(self, reason: str) -> None:
        """Complete the recording; `reason` is why the stimuli ended early, "" if they did not."""
        self._reason = reason
        if self.presentation is not None:
            self.presentation.close()
        if reason:
            self._close_screen()
        else:
            self._thanks.start()
        self._recordings.end()
        self.bar.state.setText("Completing the recording…")
        self._watched = self._wait_for_end

    def _wait_for_end(self, recording: RecordingStatus) -> None:
        if not recording.over or self.screen is not None:
            return
        self._watched = None
        self._watch.stop()
        text = f"Stopped: {self._reason.rstrip('.')}." if self._reason else ALL_SHOWN
        extent = f"{wording.duration(recording.seconds)} recorded"
        if not recording.frames:
            self._finish(text)
            return
        self._folder = recording.folder
        self._finish(f"{text} {extent}. Writing the report…", has_recording=True)
        self._write_report(recording.folder, f"{text} {extent}.")

    def _write_report(self, folder: Path, text: str) -> None:
        kind = self._store.now.anonymise
        anonymise = "" if kind == "off" else kind

        def write() -> Path:
            from ferapp.studies.report.recording_report import write_recording_report

            return write_recording_report(folder, anonymise)

        def done(result: Path | TaskFailure) -> None:
            failure = result.message if isinstance(result, TaskFailure) else ""
            more = f"\nThe report could not be written: {failure}" if failure else ""
            self._show_outcome(text + more, has_recording=True, has_report=not failure)

        if self._tasks is not None:
            self._tasks.submit("report", write, done)

    def _finish(self, text: str, *, has_recording: bool = False) -> None:
        """The run is over; the set-up comes back with its outcome."""
        log.info("Stimuli: %s", text)
        self._plan = None
        self.bar.hide()
        if not self._is_closing:
            self.open()
        self._show_outcome(text, has_recording=has_recording)

    def _show_outcome(self, text: str, *, has_recording: bool, has_report: bool = False) -> None:
        if self.dialog is not None:
            self.dialog.show_outcome(text, has_recording=has_recording, has_report=has_report)

    def _close_screen(self) -> None:
        self._thanks.stop()
        screen, self.screen = self.screen, None
        if screen is not None:
            screen.close()
            self.covered.emit()

    def _open_file(self, name: str) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder / name)))

    def close_down(self) -> None:
        """The window closes: end what is shown; the engine completes the recording."""
        self._is_closing = True
        self.stop("the window was closed")
        self._watch.stop()
        self._delivery.stop()
        self._close_screen()
        if self._tasks is not None:
            self._tasks.close()


def record_problem(status: LiveStatus) -> str:
    """Why no recording can start now, for a person; "" when one can."""
    if status.recording is not None and not status.recording.over:
        return "A recording runs already. Stop it first (R)."
    if status.source.replay is not None:
        return "What plays has stored results already. Open a camera, a file or an address."
    if not status.source.uri or status.source.waiting:
        return "No frames arrive. Open a camera, a file or an address."
    if not status.model.spec:
        return "The model is not ready yet."
    return ""
