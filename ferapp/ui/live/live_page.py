"""The live page: takes analyses from the engine at the pace of the screen and shows them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ferapp.live.status import LiveEngine, LiveStatus
from ferapp.overlays.overlay_style import OVERLAYS, OverlayStyle, without_overlays
from ferapp.sources.recorded import Replay
from ferapp.ui.brush.brush_controller import BrushController
from ferapp.ui.duel.sides import compared_sides, offered_methods
from ferapp.ui.live.display_controls import Switch
from ferapp.ui.live.face.face_panel import FacePanel
from ferapp.ui.live.face.hide_parts import HideRow
from ferapp.ui.live.face.quality_debounce import QualityDebounce
from ferapp.ui.live.face_selection import FaceSelection, next_face
from ferapp.ui.live.live_view import LiveView
from ferapp.ui.live.look_controls import LookControls
from ferapp.ui.live.table_bar import TableBar
from ferapp.ui.recording.playback_controls import PlaybackControls
from ferapp.ui.recording.record_bar import RecordBar
from ferapp.ui.shell.actions import block
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import wording
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.timeline_pane import TimelinePane
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.seen_faces import RecentFaces
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis

PANEL_MS = 70  # between two drawings of the plots, whose curves move a pixel meanwhile
STATUS_MS = 200
RATES_EVERY = 5  # of these: nobody reads rates that change five times a second
SUMMARY_MS = 1000  # a screen reader should not be talked over

NOT_COMPARING = "Nothing is being compared. Start with Model → Compare with."
FROZEN = "A frozen picture is not analysed again. Press Space to continue."
RECORDED = (
    "The stored results are shown, and no model runs.\n"
    "Press Analyse again, below the picture, to run the model on it."
)
NOT_RECORDED = (
    "Only numbers were stored, not landmarks and maps.\n"
    "Press Analyse again, below the picture, to run the model on it."
)
NO_PICTURES = "A model needs the pictures of this table, which are missing."
HAS_OVERLAYS = "The overlays are part of this video. Its frames are not analysed."


class LivePage(QWidget):
    """`actions` are those of the window, by id; the page follows their state.

    How results look is the matter of `look`, how a file plays that of `playback`.
    """

    status_changed = Signal()
    _analysis_waits = Signal()  # from a thread of the engine, without the analysis

    def __init__(
        self, engine: LiveEngine, actions: dict[str, QAction], store: SettingsStore
    ) -> None:
        super().__init__()
        self._engine = engine
        self._store = store
        self._actions = actions
        self._analysis: Analysis | None = None
        self.recent_faces = RecentFaces()
        self._shown: Analysis | None = None  # the same with debounced quality issues
        self._is_blind = False
        self._selection = FaceSelection()
        self._debounce = QualityDebounce()
        self._status: LiveStatus = engine.status()
        self._panel_due = True
        self._status_age = 0  # of the displayed status, in STATUS_MS
        self.listeners: list[Callable[[], None]] = []  # called when `shown` or its style changed
        self.live_view = LiveView(engine.painted)
        self.view = self.live_view.view
        self.record_bar = RecordBar(actions["mark"], actions["record"])
        self.table_bar = TableBar()
        self.playback = PlaybackControls(engine, actions, self)
        self.play_bar = self.playback.bar
        self.hide_row = HideRow(actions["brush"], actions["brush_clear"])
        self.brush = BrushController(self.live_view, self.hide_row, actions, engine)
        self.look = LookControls(engine, actions, store, self)
        self.attribution, self.sliders = self.look.attribution, self.look.sliders
        below = [self.hide_row, self.attribution, self.sliders, self.look.class_balance]
        self.switches = [
            Switch(actions[name]) for name in (*(o.field for o in OVERLAYS), "signals")
        ]
        self.history = SessionHistory()  # of everything that is plotted over time
        self.timeline = TimelinePane(self.live_view, self.history, actions, store)
        self.panel = FacePanel(self.switches, below, store.now.signal_group, self.history)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._left = left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.timeline, 1)
        left.addWidget(self.brush.bar)
        left.addWidget(self.record_bar)
        left.addWidget(self.table_bar)
        left.addWidget(self.play_bar)
        layout.addLayout(left, 1)
        layout.addWidget(self.panel)
        self._connect()
        self._analysis_waits.connect(self._show_newest, Qt.ConnectionType.QueuedConnection)
        engine.announce_to(self._analysis_waits.emit)
        self._panel_timer = self._repeat(PANEL_MS, self._refresh_panel)
        self._summary_timer = self._repeat(SUMMARY_MS, self._refresh_summaries)
        self._status_timer = self._repeat(STATUS_MS, self._refresh_status)
        self._refresh_status()

    def _repeat(self, milliseconds: int, step: Callable[[], None]) -> QTimer:
        timer = QTimer(self, interval=milliseconds)
        timer.timeout.connect(step)
        timer.start()
        return timer

    def _connect(self) -> None:
        actions = self._actions
        self.look.style_changed.connect(self._apply_style)
        self.look.outdated.connect(self._repeat_analysis)
        self.look.connect_controls()
        actions["hud"].toggled.connect(lambda on: self.live_view.set_hud(on, self._status))
        actions["signals"].toggled.connect(self._show_signals)
        actions["signals"].setChecked(self._store.now.signals)
        self.panel.signals.group_chosen.connect(lambda name: self._store.change(signal_group=name))
        self.panel.signals.group_chosen.connect(lambda _: self._request_panel_update())
        actions["freeze"].toggled.connect(self._freeze)
        self.timeline.strip.sought.connect(self._engine.seek)
        self.timeline.strip.face_chosen.connect(self.follow_number)
        self.timeline.failed.connect(self.live_view.toast.show_message)
        self.record_bar.noted.connect(lambda _, note: self.history.note_last_mark(note))
        self.play_bar.reanalysis_changed.connect(self._set_reanalysis)
        block(actions["end_comparison"], NOT_COMPARING)
        actions["end_comparison"].triggered.connect(lambda: self._engine.compare_with(""))
        duel = self.live_view.duel
        duel.header.closed.connect(actions["end_comparison"].trigger)
        duel.held_changed.connect(self._show_face)
        duel.held_changed.connect(self._request_panel_update)
        self.view.face_clicked.connect(self._click_face)
        actions["next_face"].triggered.connect(lambda: self._follow(next_face(self._analysis)))
        actions["largest_face"].triggered.connect(lambda: self._follow(None))
        self.panel.bars.class_chosen.connect(self.look.explain)
        actions["panel"].toggled.connect(self._show_panel)
        self.brush.changed.connect(lambda hidden: self.look.set_options(hidden=hidden))

    @property
    def overlay_style(self) -> OverlayStyle:
        return without_overlays(self.look.style) if self._is_blind else self.look.style

    def set_blind(self, on: bool) -> None:
        """Hide all that the model says, so that it cannot sway who codes the clip."""
        self._is_blind = on
        self._apply_style()
        self._show_panel()
        self.timeline.set_blind(on)
        self._refresh_summaries()

    def _show_panel(self) -> None:
        self.panel.setVisible(self._actions["panel"].isChecked() and not self._is_blind)

    def change_style(self, **changes: Any) -> None:
        """Change the overlay style, as the controls do."""
        self.look.change_style(**changes)

    def _apply_style(self) -> None:
        self.live_view.set_overlay_style(self.overlay_style)
        self._panel_due = True
        self._call_listeners()

    def add_bar(self, bar: QWidget) -> None:
        """Add a bar below the picture, under the others."""
        self._left.addWidget(bar)

    def _call_listeners(self) -> None:
        for listener in self.listeners:
            listener()

    def follow_number(self, number: int) -> None:
        """Follow the face with this number in the picture."""
        faces = self._analysis.faces if self._analysis is not None else ()
        ids = [face.face_id for face in faces if face_number(face.face_id) == number]
        if ids:
            self._follow(ids[0])
        else:
            self.live_view.toast.show_message(f"There is no face {number} in the picture.")

    def set_max_faces(self, faces: int) -> None:
        """Detect at most this many faces from now on."""
        self._store.change(faces=faces)
        self.look.set_options(max_faces=faces)

    def _click_face(self, face_id: int) -> None:
        """Choose the clicked face; a second click returns to the largest one."""
        self._follow(None if face_id == self._selection.chosen else face_id)

    def _follow(self, face_id: int | None) -> None:
        """Choose the face to follow, in a frozen picture too."""
        self._selection.choose(face_id)
        if self._analysis is not None:
            self._select_and_show(self._analysis)

    def _select_and_show(self, analysis: Analysis) -> Analysis:
        """Show `analysis` with the selected face and debounced issues; returns what is shown."""
        self._analysis = self._selection.apply(analysis)
        self._shown = self._debounce.apply(self._analysis)
        self.history.select(self._shown)
        self.live_view.show_analysis(self._shown)
        self._show_face()
        self._panel_due = True
        self._call_listeners()
        return self._shown

    def _show_face(self) -> None:
        """Update the headline with the picture, so that both show the same numbers."""
        shown = self._presented
        self.panel.show_face(shown, self._status, self.overlay_style, self._selection.chosen)

    @property
    def _presented(self) -> Analysis | None:
        """What the picture shows: the newest analysis, or a disagreement that is held."""
        return self.live_view.duel.held_analysis or self._shown

    @property
    def presented(self) -> Analysis | None:
        """What the picture shows, with its measured quality issues: what a snapshot saves."""
        return self.live_view.duel.held_analysis or self._analysis

    def _show_signals(self, on: bool) -> None:
        self._store.change(signals=on)
        self.panel.show_signals(on)
        self._request_panel_update()

    def _request_panel_update(self) -> None:
        self._panel_due = True

    def _freeze(self, on: bool) -> None:
        """Freeze the picture. A file pauses instead, and continues from there."""
        self._engine.pause(on)
        if not on:
            self._selection.carry_over(self._analysis)
            self._show_newest()
        self.panel.interrupt_plots()
        self._show_frozen()

    def _show_frozen(self) -> None:
        """Disable the controls that need a new analysis while there is none."""
        replay, frozen = self._replay, self._actions["freeze"].isChecked()
        self.live_view.set_frozen(frozen, "Paused" if self.playback.plays else "Frozen")
        reason = ""
        has_overlays = replay is not None and replay.has_overlays
        if not self.playback.plays:
            reason = FROZEN if frozen else ""
        elif replay is not None:
            reason = HAS_OVERLAYS if has_overlays else NO_PICTURES if replay.missing else RECORDED
        for controls in (self.brush, self.attribution):
            controls.set_blocked(reason)
        for overlay, switch in zip(OVERLAYS, self.switches, strict=False):
            is_recorded = replay is None or overlay.in_table or replay.has_details
            unrecorded = NO_PICTURES if replay is not None and replay.missing else NOT_RECORDED
            switch.set_blocked(reason if has_overlays else "" if is_recorded else unrecorded)
        self.look.set_has_maps(replay is None or replay.has_details)

    @property
    def _replay(self) -> Replay | None:
        """The recording or table that plays, if it shows its stored results."""
        replay = self._status.source.replay
        return replay if replay is not None and replay.shows_recorded_results else None

    def _set_reanalysis(self, on: bool) -> None:
        self._engine.set_reanalysis(on)
        self._repeat_analysis()

    def _repeat_analysis(self) -> None:
        """Analyse the frame of a file that stands still once more, as set now."""
        if self.playback.stands_still:
            self._engine.repeat_analysis()

    @property
    def analysis(self) -> Analysis | None:
        """The displayed analysis, with its measured quality issues."""
        return self._analysis

    @property
    def shown(self) -> Analysis | None:
        """The displayed analysis as it is displayed: with debounced quality issues."""
        return self._shown

    @property
    def options(self) -> AnalysisOptions:
        """The options last sent to the engine."""
        return self.look.options

    @property
    def status(self) -> LiveStatus:
        """The engine's status, at most STATUS_MS old; its rates are a second old."""
        return self._status

    def go_live(self) -> None:
        """End a freeze, because the user opened something new."""
        self._actions["freeze"].setChecked(False)

    def show_new_model(self) -> None:
        """End a freeze; a paused file stays, because its frame is analysed again."""
        if not self.playback.plays:
            self.go_live()

    def stop(self) -> None:
        """Stop calling the engine."""
        self._engine.announce_to(lambda: None)
        for timer in (self._panel_timer, self._summary_timer, self._status_timer):
            timer.stop()
        self.play_bar.filmstrip.close_down()
        self.table_bar.close_down()
        self.timeline.stop()

    def _show_newest(self) -> None:
        """Show the newest analysis, if there is one; the view reports when it is painted."""
        if not self._actions["freeze"].isChecked() or self.playback.plays:
            analysis = self._engine.take()
            if analysis is not None:
                self._show(analysis)

    def _refresh_panel(self) -> None:
        if not self._panel_due:
            return
        self._panel_due = False
        self._show_face()  # model, state or target may have changed since
        self.panel.show_details(
            self._presented, self._status, self.overlay_style, self.live_view.selected_map()
        )
        self.live_view.duel.redraw()

    def _refresh_summaries(self) -> None:
        self.view.setAccessibleDescription(wording.summary(None if self._is_blind else self._shown))
        bars = self.panel.bars
        bars.setAccessibleDescription(bars.summary())
        cells = self.panel.signals.cells
        cells.setAccessibleDescription(cells.summary())

    def _show(self, analysis: Analysis) -> None:
        self.look.use_classes(analysis.classes)
        self.recent_faces.add(analysis)
        shown = self._select_and_show(analysis)
        self.look.follow(shown)
        gone = self._selection.departed
        if gone is not None:
            self.live_view.toast.show_message(
                f"Face {face_number(gone)} has left. Following the largest face again."
            )
        if analysis.frame.position_s is not None:
            self.play_bar.show_time(analysis.frame.position_s)
        self.panel.plot(shown)
        self.timeline.show_analysis(shown)
        if not (analysis.frame.is_repeat or self._actions["freeze"].isChecked()):
            self.live_view.duel.follow(shown)

    def _refresh_status(self) -> None:
        """Show the engine's status when more than its rates has changed, and now and then."""
        status, self._status_age = self._engine.status(), self._status_age + 1
        is_same = replace(status, rates=self._status.rates) == self._status
        if is_same and self._status_age % RATES_EVERY:
            return
        self._status_age = 0
        states, before = status.model_states, self._status.model_states
        is_notice_new = status.analysis_notice != self._status.analysis_notice
        self._panel_due = self._panel_due or states != before or is_notice_new
        is_new_model = status.model.spec != self._status.model.spec
        if is_new_model:
            self.look.reset_scale()
        if status != self._status:
            self._status = status
            actions = self._actions
            block(actions["end_comparison"], "" if status.second_model else NOT_COMPARING)
            self.status_changed.emit()
        if is_new_model or states != before:
            self._repeat_analysis()
        sides = compared_sides(status, self.overlay_style)
        if sides is not None and sides.is_itself:
            self._engine.compare_with("")
            self.live_view.toast.show_message(
                f"The comparison has ended: both sides were {sides.first.title}."
            )
        self.timeline.show_status(status)
        self.playback.show_status(status.source)
        self.attribution.show_methods(offered_methods(status))
        self.look.class_balance.show_model(status.model.card)
        self._show_frozen()
        self.live_view.show_status(status)
        self.live_view.hud.show_overlay_delay(self.live_view.overlay_delay_ms)
        self.panel.key.show_delay(self.live_view.overlay_delay_ms)
        self.panel.show_status(status)
        if self._analysis is None:
            self._panel_due = True
