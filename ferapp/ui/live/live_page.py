"""The live page: takes analyses from the engine at the pace of the screen and shows them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ferapp.live.status import LiveEngine, LiveStatus, ModelState
from ferapp.overlays.colour_scale import ColourScale
from ferapp.overlays.overlay_style import OVERLAYS, OverlayStyle, displayed_map
from ferapp.sources.recorded import Replay
from ferapp.ui.brush.brush_controller import BrushController
from ferapp.ui.duel.sides import compared_sides, offered_methods
from ferapp.ui.live.display_controls import ClassBalance, Sliders, Switch
from ferapp.ui.live.face.attribution_controls import AttributionControls
from ferapp.ui.live.face.face_panel import FacePanel
from ferapp.ui.live.face.hide_parts import HideRow
from ferapp.ui.live.face.quality_debounce import QualityDebounce
from ferapp.ui.live.face_selection import FaceSelection, next_face
from ferapp.ui.live.live_view import LiveView
from ferapp.ui.live.table_bar import TableBar
from ferapp.ui.recording.play_bar import PlayBar
from ferapp.ui.recording.record_bar import RecordBar
from ferapp.ui.shell.actions import block
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import wording
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.timeline_pane import TimelinePane
from ferapp.vision.analysis_options import AnalysisOptions, Prior
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis

PANEL_MS = 50  # plots are redrawn at most 20 times a second
STATUS_MS = 200
SUMMARY_MS = 1000  # a screen reader should not be talked over

NOT_COMPARING = "No second model is compared: Model → Compare with"
FROZEN = "A frozen picture is not analysed again. Press Space to continue."
RECORDED = (
    "The recorded results are shown, and no model runs.\n"
    "Press Analyse again, below the picture, to run the model on it."
)
NOT_RECORDED = (
    "This recording has numbers, not landmarks and maps.\n"
    "Press Analyse again, below the picture, to run the model on it."
)
HAS_OVERLAYS = "The overlays are part of this video. Its frames are not analysed."


class LivePage(QWidget):
    """`actions` are those of the window, by id; the page follows their state.

    The overlay style is one value, kept in the settings; only `change_style` changes it.
    """

    status_changed = Signal()
    _analysis_waits = Signal()  # from a thread of the engine, without the analysis

    def __init__(
        self, engine: LiveEngine, actions: dict[str, QAction], store: SettingsStore
    ) -> None:
        super().__init__()
        self._engine = engine
        self._store = store
        self._options = AnalysisOptions(
            smoothing_s=store.now.smoothing_ms / 1000,
            max_faces=store.now.faces,
            prior=store.now.prior,
        )
        self._actions = actions
        self._analysis: Analysis | None = None
        self._shown: Analysis | None = None  # the same with debounced quality issues
        self._classes: tuple[str, ...] = ()
        self._selection = FaceSelection()
        self._debounce = QualityDebounce()
        self._scale = ColourScale(store.now.held_scale)
        self._status: LiveStatus = engine.status()
        self._panel_due = True
        self.listeners: list[Callable[[], None]] = []  # called when `shown` or its style changed
        self.live_view = LiveView(engine.painted)
        self.view = self.live_view.view
        self.record_bar = RecordBar(actions["mark"], actions["record"])
        self.table_bar = TableBar()
        self.play_bar = PlayBar(actions["freeze"], [actions["step_back"], actions["step_forward"]])
        self.hide_row = HideRow(actions["brush"])
        self.brush = BrushController(self.live_view, self.hide_row, actions, engine)
        self.attribution = AttributionControls(store.now.held_scale)
        self.sliders = Sliders(store.now.look.opacity, store.now.smoothing_ms)
        self.class_balance = ClassBalance(store.now.prior)
        below = [self.hide_row, self.attribution, self.sliders, self.class_balance]
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
        for name in (*(overlay.field for overlay in OVERLAYS), "mirror"):
            actions[name].setChecked(getattr(self.overlay_style, name))
            actions[name].toggled.connect(lambda on, field=name: self.change_style(**{field: on}))
        actions["hud"].toggled.connect(lambda on: self.live_view.set_hud(on, self._status))
        actions["signals"].toggled.connect(self._show_signals)
        actions["signals"].setChecked(self._store.now.signals)
        self.panel.signals.group_chosen.connect(lambda name: self._store.change(signal_group=name))
        self.panel.signals.group_chosen.connect(lambda _: self._request_panel_update())
        actions["freeze"].toggled.connect(self._freeze)
        actions["freeze"].triggered.connect(self._continue_ended)
        self.play_bar.sought.connect(self._engine.seek)
        self.play_bar.play_again.connect(self._play_again)
        self.play_bar.speed_chosen.connect(self._engine.set_speed)
        self.play_bar.loop_changed.connect(self._engine.set_loop)
        actions["step_back"].triggered.connect(lambda: self._step(-1))
        actions["step_forward"].triggered.connect(lambda: self._step(1))
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
        controls = self.attribution
        controls.target_chosen.connect(lambda target: self.change_style(target=target))
        controls.method_chosen.connect(lambda method: self.change_style(method=method))
        controls.palette_chosen.connect(lambda palette: self.change_style(palette=palette))
        controls.signed_changed.connect(lambda signed: self.change_style(signed=signed))
        controls.hold_scale_changed.connect(self._hold_scale)
        self.panel.bars.class_chosen.connect(self.explain)
        actions["panel"].toggled.connect(self.panel.setVisible)
        self.brush.changed.connect(lambda hidden: self._set_options(hidden=hidden))
        self.sliders.opacity_changed.connect(lambda value: self.change_style(opacity=value))
        self.sliders.smoothing_changed.connect(self._set_smoothing)
        self.class_balance.chosen.connect(self._set_prior)
        self.change_style(full_scale=0.0)  # a saved scale may be another model's

    @property
    def overlay_style(self) -> OverlayStyle:
        return self._store.now.look

    def change_style(self, **changes: Any) -> None:
        """Change the overlay style; the engine computes only what is displayed."""
        style = replace(self.overlay_style, **changes)
        if (style.target, style.method) != (self.overlay_style.target, self.overlay_style.method):
            self._scale.reset()
            self._update_scale(style)
            style = replace(style, full_scale=self._scale.value)
        self._store.change(look=style)
        self.live_view.set_overlay_style(style)
        self.attribution.show_style(style, self._classes)
        self._enable_map_controls()
        self._panel_due = True
        self._set_options(attribution=style.attribution, method=style.method, target=self._target())
        self._call_listeners()

    def _target(self) -> Literal["predicted", "runner_up"] | int:
        """`style.target` for the engine; "predicted" for a class that the model does not have."""
        if self.overlay_style.target in self._classes:
            return self._classes.index(self.overlay_style.target)
        return "runner_up" if self.overlay_style.target == "runner_up" else "predicted"

    def add_bar(self, bar: QWidget) -> None:
        """Add a bar below the picture, under the others."""
        self._left.addWidget(bar)

    def _call_listeners(self) -> None:
        for listener in self.listeners:
            listener()

    def explain(self, name: str) -> None:
        """Explain the class of the clicked bar; a second click returns to the predicted class."""
        target = "predicted" if self.overlay_style.target == name else name
        self.change_style(target=target)
        if target == name:
            self._actions["attribution"].setChecked(True)  # else the choice would show nothing

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
        self._set_options(max_faces=faces)

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

    def _continue_ended(self) -> None:
        """The key that pauses plays a file that has ended again."""
        playback = self._status.source.playback
        if playback is not None and playback.ended:
            self._play_again()

    def _play_again(self) -> None:
        """From the start of a file that has ended."""
        self._engine.seek(0.0)
        self._actions["freeze"].setChecked(False)

    def _step(self, frames: int) -> None:
        """To the next frame of a file (1) or the one before (-1)."""
        playback = self._status.source.playback
        if playback is None or (playback.ended and frames > 0):
            return
        self._actions["freeze"].setChecked(True)
        self._engine.step(frames)

    @property
    def shows_folder(self) -> bool:
        """Whether the pictures of a folder are shown."""
        playback = self._status.source.playback
        return playback is not None and playback.pictures is not None

    def _show_frozen(self) -> None:
        """Disable the controls that need a new analysis while there is none."""
        replay, frozen = self._replay, self._actions["freeze"].isChecked()
        plays = self._status.source.playback is not None
        self.live_view.set_frozen(frozen, "Paused" if plays else "Frozen")
        for name in ("step_back", "step_forward"):
            self._actions[name].setEnabled(plays)
        freeze, text = self._actions["freeze"], "Pause" if plays else "Freeze"
        if freeze.text() != text:
            freeze.setText(text)
            freeze.setIconText(text)
        reason = ""
        has_overlays = replay is not None and replay.has_overlays
        if self._status.source.playback is None:
            reason = FROZEN if frozen else ""
        elif replay is not None:
            reason = HAS_OVERLAYS if has_overlays else RECORDED
        for controls in (self.brush, self.attribution):
            controls.set_blocked(reason)
        for overlay, switch in zip(OVERLAYS, self.switches, strict=False):
            is_recorded = replay is None or overlay.in_table or replay.has_details
            switch.set_blocked(reason if has_overlays else "" if is_recorded else NOT_RECORDED)
        self._enable_map_controls()

    @property
    def _replay(self) -> Replay | None:
        """The recording that plays, if it shows its recorded results."""
        replay = self._status.source.replay
        return replay if replay is not None and replay.shows_recorded_results else None

    def _enable_map_controls(self) -> None:
        replay = self._replay
        has_maps = self.overlay_style.attribution and (replay is None or replay.has_details)
        self.attribution.setEnabled(has_maps)
        self.sliders.opacity.setEnabled(has_maps)

    def _set_reanalysis(self, on: bool) -> None:
        self._engine.set_reanalysis(on)
        self._repeat_analysis()

    def _repeat_analysis(self) -> None:
        """Analyse the frame of a file that is paused or at its end once more, as set now."""
        playback = self._status.source.playback
        if playback is not None and (self._actions["freeze"].isChecked() or playback.ended):
            self._engine.repeat_analysis()

    def _hold_scale(self, on: bool) -> None:
        self._scale.hold(on)
        self._store.change(held_scale=on)
        self.change_style(full_scale=self._scale.value)

    def _update_scale(self, style: OverlayStyle) -> None:
        """Add the peak of the displayed maps to the colour scale."""
        if self._shown is None:
            return
        maps = (displayed_map(face.prediction, style.target) for face in self._shown.faces)
        peaks = [float(np.abs(shown[1]).max(initial=0)) for shown in maps if shown]
        if peaks:
            frame = self._shown.frame
            self._scale.add(frame.segment, frame.captured_at, max(peaks))

    def _set_smoothing(self, milliseconds: int) -> None:
        self._store.change(smoothing_ms=milliseconds)
        self._set_options(smoothing_s=milliseconds / 1000)

    def _set_prior(self, prior: Prior) -> None:
        self._store.change(prior=prior)
        self._set_options(prior=prior)

    def _set_options(self, **changes: Any) -> None:
        before, self._options = self._options, replace(self._options, **changes)
        self._engine.set_options(self._options)
        # smoothing has no effect on a paused frame
        if replace(before, smoothing_s=self._options.smoothing_s) != self._options:
            self._repeat_analysis()

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
        return self._options

    @property
    def status(self) -> LiveStatus:
        """The engine's status, updated every STATUS_MS."""
        return self._status

    def go_live(self) -> None:
        """End a freeze, because the user opened something new."""
        self._actions["freeze"].setChecked(False)

    def show_new_model(self) -> None:
        """End a freeze; a paused file stays, because its frame is analysed again."""
        if self._status.source.playback is None:
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
        if not self._actions["freeze"].isChecked() or self._status.source.playback is not None:
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
        self.view.setAccessibleDescription(wording.summary(self._shown))
        bars = self.panel.bars
        bars.setAccessibleDescription(bars.summary())
        cells = self.panel.signals.cells
        cells.setAccessibleDescription(cells.summary())

    def _show(self, analysis: Analysis) -> None:
        if analysis.classes and analysis.classes != self._classes:
            self._classes = analysis.classes
            self.change_style()
        shown = self._select_and_show(analysis)
        self._update_scale(self.overlay_style)
        if self._scale.value != self.overlay_style.full_scale:
            self.change_style(full_scale=self._scale.value)
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
        status = self._engine.status()
        states, before = (_model_states(item) for item in (status, self._status))
        is_notice_new = status.analysis_notice != self._status.analysis_notice
        self._panel_due = self._panel_due or states != before or is_notice_new
        is_new_model = status.model.spec != self._status.model.spec
        if is_new_model:
            self._scale.reset()
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
        self.play_bar.show_playback(status.source.playback, status.source.replay)
        frozen = self._actions["freeze"].isChecked()
        if status.source.playback is not None and status.source.playback.paused != frozen:
            self._engine.pause(frozen)  # the file was reopened
        self.attribution.show_methods(offered_methods(status))
        self.class_balance.show_model(status.model.card)
        self._show_frozen()
        self.live_view.show_status(status)
        self.live_view.hud.show_overlay_delay(self.live_view.overlay_delay_ms)
        self.panel.key.show_delay(self.live_view.overlay_delay_ms)
        self.panel.show_status(status)
        if self._analysis is None:
            self._panel_due = True


def _model_states(status: LiveStatus) -> tuple[ModelState, ModelState | None, str]:
    second = status.second_model
    return status.model.state, second.state if second else None, second.name if second else ""
