"""The live page: takes analyses from the engine at the pace of the screen and shows them."""

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ferapp.live.state import LiveEngine, LiveStatus
from ferapp.ui import theme, wording
from ferapp.ui.controls import Sliders, Switch
from ferapp.ui.face_panel import FacePanel
from ferapp.ui.stage import Stage
from ferapp.vision.analysis import Analysis

TAKE_MS = 16  # about 60 a second
PLOT_S = 0.05  # plots are redrawn at most 20 times a second
STATUS_MS = 200
SUMMARY_S = 1.0  # a screen reader should not be talked over
OPACITY = 0.6
SMOOTHING_MS = 300


class LivePage(QWidget):
    """`actions` are those of the window, by id; the page follows their state."""

    status_changed = Signal()

    def __init__(self, engine: LiveEngine, actions: dict[str, QAction]) -> None:
        super().__init__()
        self._engine = engine
        self._actions = actions
        self._analysis: Analysis | None = None
        self._status: LiveStatus = engine.status()
        self._panel_due = True
        self._panel_at = 0.0
        self._summary_at = 0.0
        self.stage = Stage(engine.painted)
        self.view = self.stage.view
        switches = QWidget()
        column = QVBoxLayout(switches)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for name in ("boxes", "landmarks", "attribution"):
            column.addWidget(Switch(actions[name]))
        self.panel = FacePanel(switches)
        self.sliders = Sliders(OPACITY, SMOOTHING_MS)
        self._lay_out()
        self._connect()
        self._take_timer = QTimer(self, interval=TAKE_MS)
        self._take_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._take_timer.timeout.connect(self._take)
        self._take_timer.start()
        self._status_timer = QTimer(self, interval=STATUS_MS)
        self._status_timer.timeout.connect(self._refresh_status)
        self._status_timer.start()
        self._refresh_status()

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.MARGIN)
        column.addWidget(self.panel, 1)
        column.addWidget(self.sliders)
        scroll = QScrollArea()
        scroll.setObjectName("column")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        scroll.setFixedWidth(max(352, inner.minimumSizeHint().width()))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.stage, 1)
        layout.addWidget(scroll)

    def _connect(self) -> None:
        actions, view = self._actions, self.view
        actions["boxes"].toggled.connect(view.set_boxes)
        actions["landmarks"].toggled.connect(view.set_landmarks)
        actions["attribution"].toggled.connect(self._set_attribution)
        actions["hud"].toggled.connect(lambda on: self.stage.set_hud(on, self._status))
        actions["freeze"].toggled.connect(self.stage.set_frozen)
        self.sliders.opacity_changed.connect(self._set_opacity)
        self.sliders.smoothing_changed.connect(self._engine.set_smoothing)
        view.set_boxes(actions["boxes"].isChecked())
        view.set_landmarks(actions["landmarks"].isChecked())
        view.set_opacity(OPACITY)
        self._set_attribution(actions["attribution"].isChecked())
        self._engine.set_smoothing(float(SMOOTHING_MS))

    @property
    def analysis(self) -> Analysis | None:
        """What the page shows now."""
        return self._analysis

    @property
    def status(self) -> LiveStatus:
        """The engine's state at the last look, a few times a second."""
        return self._status

    def go_live(self) -> None:
        """End a freeze, because something new was asked for."""
        self._actions["freeze"].setChecked(False)

    def stop(self) -> None:
        """No more calls of the engine from here."""
        self._take_timer.stop()
        self._status_timer.stop()

    def _set_attribution(self, on: bool) -> None:
        self._engine.set_attribution(on)
        self.view.set_attribution(on)
        self.sliders.opacity.setEnabled(on)
        self._panel_due = True

    def _set_opacity(self, opacity: float) -> None:
        self.view.set_opacity(opacity)
        self._panel_due = True

    def _take(self) -> None:
        """Show the newest analysis, if there is one; the view tells the engine when it painted."""
        if not self._actions["freeze"].isChecked():
            analysis = self._engine.take()
            if analysis is not None:
                self._analysis = analysis
                self.view.show_analysis(analysis)
                self.panel.strip.push(analysis)
                self._panel_due = True
        now = time.perf_counter()
        if self._panel_due and now - self._panel_at >= PLOT_S:
            self._panel_due = False
            self._panel_at = now
            self._refresh_panel()
        if now - self._summary_at >= SUMMARY_S:
            self._summary_at = now
            self.view.setAccessibleDescription(wording.summary(self._analysis))

    def _refresh_panel(self) -> None:
        on = self._actions["attribution"].isChecked()
        opacity = self.sliders.opacity.value() / 100 if on else 0.0
        self.panel.show_analysis(self._analysis, self._status, opacity)

    def _refresh_status(self) -> None:
        status = self._engine.status()
        self._panel_due = self._panel_due or status.model_state is not self._status.model_state
        if status != self._status:
            self._status = status
            self.status_changed.emit()
        self.stage.show_status(status)
        self.panel.show_status(status)
        if self._analysis is None:
            self._panel_due = True
