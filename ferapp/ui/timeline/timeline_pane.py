"""The picture above and the session timeline below it, with a handle between them."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ferapp.live.status import LiveStatus
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.sources.recorded import RecordedTable
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.timeline.session_history import Event, SessionHistory
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.timeline.strip import timeline_export
from ferapp.ui.timeline.strip.face_jpeg import face_jpeg
from ferapp.ui.timeline.strip.interval_card import IntervalCard
from ferapp.ui.timeline.strip.reading_card import ReadingCard
from ferapp.ui.timeline.strip.strip_layout import BETWEEN, LANE
from ferapp.ui.timeline.table_history import table_history
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton, push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.file_dialogs import save_file
from ferapp.vision.signals import GROUPS
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis

REFRESH_MS = 100
DESCRIBE_EVERY = 10  # refreshes: a screen reader should not be talked over
LEAST_HEIGHT = 120  # px of the strip with its header
HEIGHT = 190  # px, at first
_HEADER = 34  # px above the lanes
_HINT = "Point to read  ·  drag to measure  ·  wheel to zoom"
_BLIND_HINT = "The model's answers are hidden while you code"
_FILE_HINT = "Point to read  ·  click to go there  ·  drag to measure  ·  wheel to zoom"


class TimelinePane(QWidget):
    """`failed` carries a message for the user; `refreshed` is emitted several times a second."""

    failed = Signal(str)
    refreshed = Signal()

    def __init__(
        self,
        above: QWidget,
        history: SessionHistory,
        actions: dict[str, QAction],
        store: SettingsStore,
    ) -> None:
        super().__init__()
        self._store, self._history = store, history
        self._thumbnail_source: str | None = None
        self._model = ""
        self._table: RecordedTable | None = None  # that the history has, or will have
        self._is_reanalysed = False
        self._tasks: TaskQueue | None = None
        self._drawn, self._refreshes = -1, 0
        self.strip = SessionTimeline(history)
        self.lanes_menu, self.export_menu = QMenu(self), QMenu(self)
        self.hint = ElidedLabel(_HINT)
        self._is_blind = False
        self._buttons: tuple[MenuButton, ...] = ()
        for menu in (self.lanes_menu, self.export_menu):
            menu.setToolTipsVisible(True)
        self._lanes = QVBoxLayout()
        self._action, self._coding = actions["timeline"], actions["coding"]
        self.frame = self._lay_out()
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(above)
        self._splitter.addWidget(self.frame)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(5)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._splitter)
        self.reading_card = ReadingCard(self, self.strip)
        self.interval_card = IntervalCard(self, self.strip)
        self.interval_card.copy_pressed.connect(lambda: timeline_export.copy(self.strip, ".csv"))
        self.interval_card.save_pressed.connect(self._save)
        self._splitter.splitterMoved.connect(self._remember_height)
        self._action.setChecked(store.now.timeline)
        self._action.toggled.connect(self._show_strip)
        actions["mark"].triggered.connect(lambda: history.add_mark())
        self._show_strip(store.now.timeline)
        self._splitter.setSizes([10_000, store.now.timeline_height or HEIGHT])
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()

    def _lay_out(self) -> QFrame:
        title = QLabel("Timeline")
        self.hint.setProperty("quiet", True)
        self.hint.setFont(theme.sized(self.hint.font(), 0.9))
        for name in GROUPS:
            lane = self.lanes_menu.addAction(f"{name}" if name != "Head" else "Head pose")
            lane.setData(name)
            lane.setToolTip(f"Show or hide the curves of {lane.text().lower()} below the timeline.")
            lane.setCheckable(True)
            lane.setChecked(name in self._store.now.timeline_lanes)
            lane.toggled.connect(self._choose_lanes)
        self.strip.show_lanes(self._store.now.timeline_lanes)
        for text, suffix, tip in (
            ("Copy table (CSV)", ".csv", "Mean, peak and onset in the interval you dragged."),
            ("Copy picture (PNG)", ".png", "The timeline as you see it, at twice the size."),
            ("Copy drawing (SVG)", ".svg", "The timeline as you see it, sharp at any size."),
        ):
            action = self.export_menu.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(lambda _, s=suffix: timeline_export.copy(self.strip, s))
        self.export_menu.addSeparator()
        save = self.export_menu.addAction("Save…")
        save.setToolTip("Save it as a table, a picture or a drawing.")
        save.triggered.connect(self._save)
        lanes = MenuButton(
            "Lanes", self.lanes_menu, "More curves: head pose, eyes and action units."
        )
        export = MenuButton(
            "Export",
            self.export_menu,
            "The table has mean, peak, onset and duration of each expression in the selected\n"
            "interval, or in all that is displayed. Pictures show the timeline as it is here.",
        )
        close = push_button("×", f"Hide the timeline.\n{self._action.toolTip()}")
        close.setAccessibleName("Hide the timeline")
        close.setFixedSize(26, 22)
        close.setStyleSheet("padding: 0;")
        close.clicked.connect(lambda: self._action.setChecked(False))
        header = QFrame()
        header.setObjectName("bar")
        row = QHBoxLayout(header)
        row.setContentsMargins(theme.MARGIN, 2, theme.GAP, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(title)
        row.addWidget(self.hint, 1)
        self._buttons = lanes, export
        for button in (_switch(self._coding), lanes, export, close):
            row.addWidget(button)
        frame = QFrame()
        frame.setObjectName("lower")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        frame.setMinimumHeight(LEAST_HEIGHT)
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(header)
        self._lanes.addWidget(self.strip, 1)
        self._lanes.addStretch()  # where the strip is hidden
        column.addWidget(_scrolled(self._lanes), 1)
        return frame

    def add_lane(self, lane: QWidget) -> None:
        """Above the strip."""
        self._lanes.insertWidget(0, lane)

    def make_room(self, height: int) -> None:
        """For lanes of `height` px, and the strip where it is shown, up to half of the whole."""
        strip = 0 if self._is_blind else self.strip.minimumHeight()
        whole = sum(self._splitter.sizes())
        wanted = max(height + strip + _HEADER, LEAST_HEIGHT)
        room = self._store.now.timeline_height or HEIGHT
        room = wanted if self._is_blind else max(wanted, room)
        self._splitter.setSizes([whole - min(room, whole // 2), min(room, whole // 2)])

    def set_blind(self, on: bool) -> None:
        """Hide what a model measured, and what is read from it."""
        self._is_blind = on
        self.strip.select_interval(None)
        self.strip.point_at(None)
        for widget in (self.strip, *self._buttons):
            widget.setVisible(not on)
        self._show_hint()

    def _show_hint(self) -> None:
        hint = _FILE_HINT if self.strip.can_seek else _HINT
        self.hint.setText(_BLIND_HINT if self._is_blind else hint)

    # --- what the page reports ------------------------------------------------------------------

    def show_analysis(self, analysis: Analysis) -> None:
        """Keep a thumbnail of each face now and then; the history has the numbers already."""
        time_s, thumbnails = self._history.cursor_s, self.strip.thumbnails
        if self._thumbnail_source != self._history.source:
            self._thumbnail_source = self._history.source
            thumbnails.clear()
            self.strip.select_interval(None)
            self.strip.show_all()
        if time_s is None or not self._action.isChecked():
            return
        for face in analysis.faces:
            number = face_number(face.face_id)
            if thumbnails.is_due(number, time_s):
                thumbnails.put(number, time_s, face_jpeg(analysis, face))
        if not self._history.has_positions:
            thumbnails.drop_before(self._history.span[0])

    def show_status(self, status: LiveStatus) -> None:
        """What can be sought, marks of a recording, and whether another model runs."""
        source, history = status.source, self._history
        self.strip.can_seek = source.playback is not None and history.has_positions
        self._show_hint()
        if source.playback is not None and source.playback.seconds != history.duration_s:
            history.duration_s = source.playback.seconds
            history.revision += 1
            history.changes += 1
        model, before = status.model.spec, self._model
        self._model = model
        if before and model != before and history.cursor_s is not None and model:
            history.add_event(Event(history.cursor_s, "model", status.model.name))
        replay, was_reanalysed = source.replay, self._is_reanalysed
        if replay is None:
            self._table = None
        elif source.uri == history.source:
            self._is_reanalysed = not replay.shows_recorded_results
            is_back = was_reanalysed and not self._is_reanalysed
            if replay.table is not self._table or is_back:
                self._table = replay.table
                history.show_recorded_marks(replay.marks)
                self._show_table(replay.table, source.uri)

    def stop(self) -> None:
        self._timer.stop()
        if self._tasks is not None:
            self._tasks.close()

    def _show_table(self, stored: RecordedTable, uri: str) -> None:
        """All stored results, so that the whole session is there before it has played."""
        if self._tasks is None:
            self._tasks = TaskQueue("timeline")

        def adopt(table: SessionHistory | TaskFailure) -> None:
            if isinstance(table, SessionHistory) and self._history.source == uri:
                self._history.adopt(table)

        self._tasks.submit("table", lambda: table_history(stored, face_number), adopt)

    # --- in the window --------------------------------------------------------------------------

    def _refresh(self) -> None:
        if self._tasks is not None:
            self._tasks.deliver()
        self.refreshed.emit()
        if self._drawn == self._history.revision or not self.strip.isVisible():
            return
        self._drawn = self._history.revision
        self.strip.refresh()
        self._refreshes += 1
        if self._refreshes % DESCRIBE_EVERY == 1:
            self.strip.setAccessibleDescription(self.strip.summary())

    def _show_strip(self, on: bool) -> None:
        self.frame.setVisible(on)
        self._store.change(timeline=on)
        if not on:
            self.strip.select_interval(None)
            self.strip.point_at(None)

    def _remember_height(self) -> None:
        self._store.change(timeline_height=self._splitter.sizes()[1])
        self.interval_card.place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.interval_card.place()

    def _choose_lanes(self) -> None:
        chosen = [a.data() for a in self.lanes_menu.actions() if a.isChecked()]
        lanes = tuple(str(name) for name in chosen)
        picture, strip = self._splitter.sizes()
        grown = strip + (len(lanes) - len(self.strip.lanes)) * (LANE + BETWEEN)
        if LEAST_HEIGHT <= grown <= (picture + strip) / 2:
            self._splitter.setSizes([picture + strip - grown, grown])
            self._remember_height()
        self._store.change(timeline_lanes=lanes)
        self.strip.show_lanes(lanes)

    def _save(self) -> None:
        filters = ";;".join(timeline_export.FILTERS.values())
        path, chosen = save_file(self, "table", "Save the timeline", "timeline.csv", filters)
        if not path:
            return
        file = Path(path)
        if file.suffix.lower() not in timeline_export.FILTERS:
            suffix = next((s for s, t in timeline_export.FILTERS.items() if t == chosen), ".csv")
            file = file.with_name(file.name + suffix)
        try:
            timeline_export.save(self.strip, file)
        except OSError as error:
            self.failed.emit(f"The timeline could not be saved: {error.strerror or error}.")


def _switch(action: QAction) -> Chip:
    """A chip for an action that can be on."""
    chip = Chip(action.text(), action.toolTip())
    chip.clicked.connect(action.setChecked)
    action.toggled.connect(chip.setChecked)
    return chip


def _scrolled(lanes: QVBoxLayout) -> QScrollArea:
    """Many lanes, or many faces, are higher than their room."""
    lanes.setContentsMargins(0, 0, 0, 0)
    lanes.setSpacing(0)
    content = QWidget()
    content.setObjectName("inner")
    content.setLayout(lanes)
    scroll = QScrollArea()
    scroll.setObjectName("inner")
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidgetResizable(True)
    scroll.setWidget(content)
    return scroll
