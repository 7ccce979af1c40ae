"""Recording, as the window handles it: begin and end, the signs of it, what became of it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMargins, QObject, QSize, QStandardPaths, QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QWidget,
)

from ferapp.live.status import LiveEngine, LiveStatus, RecordingPlan, RecordingStatus
from ferapp.overlays.render_overlays import burn
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.live.snapshot import open_folder
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import source_text, wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.vision.types import Analysis

TITLE = "ferapp"


def recordings_folder() -> Path:
    """Where recordings go unless another folder was chosen."""
    place = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(place) or Path.home()) / "ferapp"


def has_an_end(status: LiveStatus) -> bool:
    """Whether what plays is a file or folder that a model can be taken through, frame by frame."""
    source = status.source
    there = source == "demo" or Path(source).exists() if source else False
    return there and status.replay is None and bool(status.model)


class Recordings(QObject):
    """Tells the engine to record, and everybody who can see or hear it that it does."""

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
        self._shown: RecordingStatus | None = None  # at the last look
        self._asked = False  # for a recording whose outcome was not told yet
        actions["record"].triggered.connect(self._begin_or_end)
        actions["mark"].triggered.connect(self._mark)
        actions["mark"].setEnabled(False)
        actions["open_recording"].triggered.connect(self._ask_for_recording)
        actions["recording_settings"].triggered.connect(self._show_settings)
        actions["to_table"].triggered.connect(self._ask_for_table)
        page.table_bar.ended.connect(self._tell_of_table)
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
        self._actions["mark"].setEnabled(running)
        self._actions["record"].setEnabled(running or status.replay is None)
        self._show_whether_table(status)
        title = f"Recording – {TITLE}" if running else TITLE
        if self._window.windowTitle() != title:
            self._window.setWindowTitle(title)
        self._page.stage.show_recording(wording.recording(now) if running and now else "")
        self._page.record_bar.setVisible(running)
        if now is None:
            return
        self._page.record_bar.show_status(now, source_text.first_title(status))
        if now.over and now != before and self._asked:
            self._asked = False
            self._tell(now)

    def _show_whether_table(self, status: LiveStatus) -> None:
        busy = self._page.table_bar.running
        self._actions["to_table"].setEnabled(has_an_end(status) and not busy)

    def finish(self) -> None:
        """The window closes: what was typed is kept."""
        self._page.record_bar.keep_note()

    def _ask_for_table(self) -> None:
        status = self._page.status
        stem = "demo" if status.source == "demo" else Path(status.source).stem
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Analyse to table", f"{stem}.csv", "Tables (*.csv)"
        )
        if path:
            faces = self._page.options.max_faces
            self._page.table_bar.start(status.source, Path(path), status.model, faces)
            self._show_whether_table(status)

    def _tell_of_table(self, words: str, table: str) -> None:
        self._show_whether_table(self._page.status)
        shown = "Show folder" if table else ""
        self._page.stage.toast.show_message(words, shown, lambda: open_folder(table), table)

    def _begin_or_end(self) -> None:
        running = self._engine.status().recording
        if running is not None and not running.over:
            self.finish()
            self._engine.end_recording()
            return
        now, store = self._store.now, self._store
        self._asked = True
        self._shown = None

        def draw(analysis: Analysis) -> NDArray[np.uint8]:
            """In the recording's thread, which knows no QObject: as things look at that moment."""
            image = burn(analysis, store.now.look)
            rows = np.frombuffer(image.constBits(), np.uint8)
            return rows.reshape(image.height(), image.width(), 4).copy()

        self._engine.record(
            RecordingPlan(
                folder=self.folder,
                clean=now.record_clean,
                overlaid=now.record_overlaid,
                draw=draw,
                look={"look": asdict(now.look)},
            )
        )
        self._page.stage.toast.show_message(
            f"Recording into {self.folder}", "Change…", self._show_settings
        )

    def _mark(self) -> None:
        self._page.record_bar.marked(self._engine.mark())

    def _tell(self, ended: RecordingStatus) -> None:
        """What became of it, and how to see it."""
        toast, folder = self._page.stage.toast, ended.folder
        if not ended.frames:
            toast.show_message(ended.reason or "Nothing was recorded: no picture came.")
            return
        figures = f"{wording.duration(ended.seconds)}, {wording.size(ended.bytes)}"
        lacks = f"\nThe video lacks {ended.dropped} pictures." if ended.dropped else ""
        why = f"{ended.reason}\n" if ended.reason else ""
        words = f"{why}Recorded {figures}: …/{folder.parent.name}/{folder.name}{lacks}"
        toast.show_message(words, "Play", lambda: self._open_source(str(folder)), str(folder))

    def _ask_for_recording(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self._window, "Open a recording", str(self.folder if self.folder.is_dir() else "")
        )
        if path:
            self._open_source(path)

    def _show_settings(self) -> None:
        RecordingSheet(self._window, self._store, self.folder).show()


class RecordingSheet(ModelessDialog):
    """Where recordings go, and which videos they have."""

    def __init__(self, parent: QWidget, store: SettingsStore, folder: Path) -> None:
        super().__init__(parent, "Recording settings", QSize(620, 0))
        self._store, self._folder = store, folder
        self.place = QLabel()
        self.place.setWordWrap(True)
        self.place.setAccessibleName("Folder")
        change = QPushButton("Change…")
        change.setToolTip("Choose where recordings go.")
        change.clicked.connect(self._change)
        change.setAutoDefault(False)
        enable_keyboard(change)
        self.clean = Chip("Clean", "The pictures as they come: clean.avi. Needed to analyse again.")
        self.overlaid = Chip("With overlays", "The same with everything drawn in: overlaid.avi.")
        self.clean.setChecked(store.now.record_clean)
        self.overlaid.setChecked(store.now.record_overlaid)
        self.clean.toggled.connect(lambda on: store.change(record_clean=on))
        self.overlaid.toggled.connect(lambda on: store.change(record_overlaid=on))
        always = QLabel(
            "Every recording is a folder of its own, named by its time. Its tables are always "
            "written: faces.csv (as ferapp analyze writes it, unsmoothed), frames.csv (the true "
            "time of each picture), events.csv and session.json. Without a recording or a "
            "snapshot, no picture that plays is written to the disk."
        )
        always.setWordWrap(True)
        always.setProperty("quiet", True)
        grid = QGridLayout()
        grid.setContentsMargins(QMargins())
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.MARGIN)
        grid.setColumnStretch(3, 1)
        grid.addWidget(QLabel("Folder"), 0, 0)
        grid.addWidget(self.place, 0, 1, 1, 3)
        grid.addWidget(change, 0, 4)
        grid.addWidget(QLabel("Video"), 1, 0)
        grid.addWidget(self.clean, 1, 1)
        grid.addWidget(self.overlaid, 1, 2)
        grid.addWidget(always, 2, 0, 1, 5)
        self.column.addLayout(grid, 1)
        self._open_button = self.add_button(
            "Open folder", "Show it in the file manager.", self._open
        )
        self.add_buttons()
        self._show_place()

    def _show_place(self) -> None:
        self.place.setText(str(self._folder))
        self._open_button.setEnabled(self._folder.is_dir())
        self.resize(self.width(), self.column.totalHeightForWidth(self.width()))

    def _change(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for recordings", str(self._folder))
        if path:
            self._folder = Path(path)
            self._store.change(recordings=path)
            self._show_place()

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
