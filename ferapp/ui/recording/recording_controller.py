"""Recording as the window handles it: start and stop, indicators, the outcome."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMargins, QObject, QSize, QStandardPaths, QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QWidget,
)

from ferapp.live.status import LiveEngine, LiveStatus, RecordingPlan, RecordingStatus
from ferapp.overlays.render_overlays import render_overlays
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.live.snapshot import open_folder
from ferapp.ui.shell.actions import block
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import source_text, wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.file_dialogs import save_file
from ferapp.vision.types import Analysis

TITLE = "ferapp"


def recordings_folder() -> Path:
    """The folder for recordings unless the user chose another one."""
    location = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(location) or Path.home()) / "ferapp"


_NOT_RECORDING = "Nothing is being recorded (R)"


def tables_folder() -> Path:
    """The user's documents, or the folder for recordings in it once there is one."""
    folder = recordings_folder()
    return folder if folder.is_dir() else folder.parent


def frame_count(status: LiveStatus) -> int:
    """About how many frames the file or folder that plays has; 0 when unknown."""
    playback, mode = status.source.playback, status.source.delivered_mode
    if playback is None:
        return 0
    if playback.pictures is not None:
        return len(playback.pictures.names)
    return round(playback.seconds * mode.fps) if mode is not None else 0


def can_be_analysed(status: LiveStatus) -> bool:
    """Whether a file or folder plays, which can be analysed from beginning to end."""
    uri = status.source.uri
    exists = bool(uri) and (uri == "demo" or Path(uri).exists())
    return exists and status.source.replay is None and bool(status.model.spec)


class RecordingController(QObject):
    """Starts and stops recordings, and shows in the window that one runs."""

    def __init__(
        self,
        window: QMainWindow,
        engine: LiveEngine,
        actions: dict[str, QAction],
        store: SettingsStore,
        page: LivePage,
        open_source: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._store = window, engine, store
        self._page, self._open_source = page, open_source
        self._actions = actions
        self._shown: RecordingStatus | None = None  # the latest one displayed
        self._outcome_due = False  # the outcome of the recording is not displayed yet
        actions["record"].triggered.connect(self._toggle)
        actions["mark"].triggered.connect(self._mark)
        block(actions["mark"], _NOT_RECORDING)
        actions["open_recording"].triggered.connect(self._open_recording)
        actions["recording_settings"].triggered.connect(self._show_settings)
        actions["to_table"].triggered.connect(self._start_table)
        page.table_bar.ended.connect(self._show_table_outcome)
        page.record_bar.noted.connect(engine.note)
        page.record_bar.done.connect(window.setFocus)
        page.status_changed.connect(lambda: self.show_status(page.status))

    @property
    def folder(self) -> Path:
        chosen = self._store.now.recordings
        return Path(chosen) if chosen else recordings_folder()

    def show_status(self, status: LiveStatus) -> None:
        now, before = status.recording, self._shown
        self._shown = now
        running = now is not None and not now.over
        self._actions["record"].setChecked(running)
        block(self._actions["mark"], "" if running else _NOT_RECORDING)
        can_record = running or status.source.replay is None
        block(
            self._actions["record"], "" if can_record else "What plays has stored results already"
        )
        self._enable_table(status)
        title = f"Recording – {TITLE}" if running else TITLE
        if self._window.windowTitle() != title:
            self._window.setWindowTitle(title)
        self._page.live_view.show_recording(wording.recording(now) if running and now else "")
        self._page.record_bar.setVisible(running)
        if now is None:
            return
        self._page.record_bar.show_status(now, source_text.first_title(status))
        if now.over and now != before and self._outcome_due:
            self._outcome_due = False
            self._show_outcome(now)

    def _enable_table(self, status: LiveStatus) -> None:
        reason = "" if can_be_analysed(status) else "Open a video or folder first"
        busy = "Another table is being written" if self._page.table_bar.running else ""
        block(self._actions["to_table"], busy or reason)

    def save_note(self) -> None:
        """Save a typed note, before the recording or the window closes."""
        self._page.record_bar.save_note()

    def may_close(self) -> bool:
        """Ask whether a recording that runs may end with the window."""
        recording = self._engine.status().recording
        if recording is None or recording.over:
            return True
        box = QMessageBox(self._window)
        box.setWindowTitle("Recording")
        box.setText("A recording is running. Stop it and close?")
        box.setInformativeText("Everything recorded so far is kept.")
        stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        stop.setToolTip("Stop the recording, then close the window.")
        box.addButton("Keep recording", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stop)
        box.exec()
        return box.clickedButton() is stop

    def _start_table(self) -> None:
        status = self._page.status
        stem = "demo" if status.source.uri == "demo" else Path(status.source.uri).stem
        title, name, filters = "Analyse to table", f"{stem}.csv", "Tables (*.csv)"
        path, _ = save_file(self._window, "table", title, name, filters, tables_folder())
        if path:
            now = self._page.options
            card = status.model.card  # an old one does not say what would have to be balanced
            prior = now.prior if card is not None and card.prior else "trained"
            self._page.table_bar.start(
                status.source.uri,
                Path(path),
                status.model.spec,
                now.max_faces,
                prior,
                frame_count(status),
            )
            self._enable_table(status)

    def _show_table_outcome(self, message: str, table: str) -> None:
        self._enable_table(self._page.status)
        button = "Show folder" if table else ""
        self._page.live_view.toast.show_message(message, button, lambda: open_folder(table), table)

    def _toggle(self) -> None:
        running = self._engine.status().recording
        if running is not None and not running.over:
            self.end()
            return
        self.start({})

    def end(self) -> None:
        """Complete the recording that runs."""
        self.save_note()
        self._engine.end_recording()

    def start(self, settings: dict[str, Any]) -> None:
        """Record from now on; `settings` are saved in session.json beside those of the display."""
        now, store = self._store.now, self._store
        self._outcome_due = True
        self._shown = None

        def draw(analysis: Analysis) -> NDArray[np.uint8]:
            """In the current style. Runs in the recording's thread, so it uses no QObject."""
            image = render_overlays(analysis, store.now.look)
            rows = np.frombuffer(image.constBits(), np.uint8)
            return rows.reshape(image.height(), image.width(), 4).copy()

        self._engine.record(
            RecordingPlan(
                folder=self.folder,
                clean=now.record_clean,
                overlaid=now.record_overlaid,
                draw=draw,
                target=lambda: store.now.look.target,
                display_settings={"look": asdict(now.look)} | settings,
            )
        )
        self._page.live_view.toast.show_message(
            f"Recording into {self.folder}", "Change…", self._show_settings
        )

    def _mark(self) -> None:
        self._page.record_bar.start_note(self._engine.mark())

    def _show_outcome(self, ended: RecordingStatus) -> None:
        """A message about the recording that ended, with a button that plays it."""
        toast, folder = self._page.live_view.toast, ended.folder
        if not ended.frames:
            toast.show_message(ended.reason or "Nothing was recorded: no frames arrived.")
            return
        extent = f"{wording.duration(ended.seconds)}, {wording.size(ended.bytes)}"
        dropped = wording.count(ended.dropped, "frame")
        lacks = f"\nThe video lacks {dropped}." if ended.dropped else ""
        reason = f"{ended.reason}\n" if ended.reason else ""
        message = f"{reason}Recorded {extent}: …/{folder.parent.name}/{folder.name}{lacks}"
        toast.show_message(message, "Play", lambda: self._open_source(str(folder)), str(folder))

    def _open_recording(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self._window, "Open a recording", str(self.folder if self.folder.is_dir() else "")
        )
        if path:
            self._open_source(path)

    def _show_settings(self) -> None:
        RecordingSettingsDialog(self._window, self._store, self.folder).show()


class RecordingSettingsDialog(ModelessDialog):
    """The folder for recordings, and the videos that they contain."""

    def __init__(self, parent: QWidget, store: SettingsStore, folder: Path) -> None:
        super().__init__(parent, "Recording settings", QSize(620, 0))
        self._store, self._folder = store, folder
        self.folder_label = QLabel()
        self.folder_label.setWordWrap(True)
        self.folder_label.setAccessibleName("Folder")
        change = QPushButton("Change…")
        change.setToolTip("Choose the folder for recordings.")
        change.clicked.connect(self._change)
        change.setAutoDefault(False)
        enable_keyboard(change)
        self.clean = Chip("Clean", "The original frames: clean.mkv. Needed to analyse them again.")
        self.overlaid = Chip("With overlays", "The frames with all overlays: overlaid.mkv.")
        self.clean.setChecked(store.now.record_clean)
        self.overlaid.setChecked(store.now.record_overlaid)
        self.clean.toggled.connect(lambda on: store.change(record_clean=on))
        self.overlaid.toggled.connect(lambda on: store.change(record_overlaid=on))
        explanation = QLabel(
            "Each recording is a folder named after its time. Its tables are always written: "
            "faces.csv (unsmoothed, as ferapp analyze writes it), frames.csv (the exact time of "
            "each frame), events.csv, session.json and details.npy.gz (landmarks and maps). "
            "Otherwise no frames are written to disk, except snapshots and a small picture of "
            "each recent file or address."
        )
        explanation.setWordWrap(True)
        explanation.setProperty("quiet", True)
        grid = QGridLayout()
        grid.setContentsMargins(QMargins())
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.MARGIN)
        grid.setColumnStretch(3, 1)
        grid.addWidget(QLabel("Folder"), 0, 0)
        grid.addWidget(self.folder_label, 0, 1, 1, 3)
        grid.addWidget(change, 0, 4)
        grid.addWidget(QLabel("Video"), 1, 0)
        grid.addWidget(self.clean, 1, 1)
        grid.addWidget(self.overlaid, 1, 2)
        grid.addWidget(explanation, 2, 0, 1, 5)
        self.column.addLayout(grid, 1)
        self._open_button = self.add_button(
            "Open folder", "Show it in the file manager.", self._open
        )
        self.add_buttons()
        self._show_folder()

    def _show_folder(self) -> None:
        self.folder_label.setText(str(self._folder))
        self._open_button.setEnabled(self._folder.is_dir())
        self.resize(self.width(), self.column.totalHeightForWidth(self.width()))

    def _change(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for recordings", str(self._folder))
        if path:
            self._folder = Path(path)
            self._store.change(recordings=path)
            self._show_folder()

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
