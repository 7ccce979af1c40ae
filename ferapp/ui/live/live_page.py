"""The live page: takes analyses from the engine at the pace of the screen and shows them."""

import time
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
from ferapp.ui.live.display_controls import Sliders, Switch
from ferapp.ui.live.face.attribution_controls import AttributionControls
from ferapp.ui.live.face.face_panel import FacePanel
from ferapp.ui.live.face.hide_parts import HideRow
from ferapp.ui.live.face.quality_debounce import QualityDebounce
from ferapp.ui.live.face_selection import FaceSelection, next_face
from ferapp.ui.live.live_view import LiveView
from ferapp.ui.live.table_bar import TableBar
from ferapp.ui.recording.play_bar import PlayBar
from ferapp.ui.recording.record_bar import RecordBar
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import wording
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis

TAKE_MS = 16  # about 60 a second
PLOT_S = 0.05  # plots are redrawn at most 20 times a second
STATUS_MS = 200
SUMMARY_S = 1.0  # a screen reader should not be talked over

FROZEN = "A frozen picture is not analysed again. Press Space to continue."
RECORDED = (
    "A recording keeps numbers, not landmarks and maps.\n"
    "Press Analyse again, below the picture, to run the model on it."
)
HAS_OVERLAYS = "The overlays are part of this video. Its frames are not analysed."


class LivePage(QWidget):
    """`actions` are those of the window, by id; the page follows their state.

    How things look is one value, kept in the settings: `change_look` is the only way to change it.
    """

    status_changed = Signal()

    def __init__(
        self, engine: LiveEngine, actions: dict[str, QAction], store: SettingsStore
    ) -> None:
        super().__init__()
        self._engine = engine
        self._store = store
        self._options = AnalysisOptions(
            smoothing_s=store.now.smoothing_ms / 1000, max_faces=store.now.faces
        )
        self._actions = actions
        self._analysis: Analysis | None = None
        self._shown: Analysis | None = None  # the same with the doubts to show
        self._classes: tuple[str, ...] = ()
        self._selection = FaceSelection()
        self._debounce = QualityDebounce()
        self._scale = ColourScale(store.now.held_scale)
        self._status: LiveStatus = engine.status()
        self._panel_due = True
        self._panel_at = 0.0
        self._summary_at = 0.0
        self.live_view = LiveView(engine.painted)
        self.view = self.live_view.view
        self.record_bar = RecordBar(actions["mark"], actions["record"])
        self.table_bar = TableBar()
        self.play_bar = PlayBar(actions["freeze"])
        self.hide_row = HideRow()
        self.attribution = AttributionControls(store.now.held_scale)
        self.sliders = Sliders(store.now.look.opacity, store.now.smoothing_ms)
        below = [self.hide_row, self.attribution, self.sliders]
        self.switches = [
            Switch(actions[name]) for name in (*(o.field for o in OVERLAYS), "signals")
        ]
        self.panel = FacePanel(self.switches, below, store.now.signal_group)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.live_view, 1)
        left.addWidget(self.record_bar)
        left.addWidget(self.table_bar)
        left.addWidget(self.play_bar)
        layout.addLayout(left, 1)
        layout.addWidget(self.panel)
        self._connect()
        self._take_timer = QTimer(self, interval=TAKE_MS)
        self._take_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._take_timer.timeout.connect(self._take)
        self._take_timer.start()
        self._status_timer = QTimer(self, interval=STATUS_MS)
        self._status_timer.timeout.connect(self._refresh_status)
        self._status_timer.start()
        self._refresh_status()

    def _connect(self) -> None:
        actions = self._actions
        for name in (*(overlay.field for overlay in OVERLAYS), "mirror"):
            actions[name].setChecked(getattr(self.overlay_style, name))
            actions[name].toggled.connect(lambda on, field=name: self.change_style(**{field: on}))
        actions["hud"].toggled.connect(lambda on: self.live_view.set_hud(on, self._status))
        actions["signals"].toggled.connect(self._show_signals)
        actions["signals"].setChecked(self._store.now.signals)
        self.panel.signals.group_chosen.connect(lambda name: self._store.change(signal_group=name))
        self.panel.signals.group_chosen.connect(lambda _: self._ask_for_panel())
        actions["freeze"].toggled.connect(self._freeze)
        self.play_bar.sought.connect(self._engine.seek)
        self.play_bar.again.connect(self._analyse_again)
        actions["end_comparison"].setEnabled(False)
        actions["end_comparison"].triggered.connect(lambda: self._engine.compare_with(""))
        self.live_view.end_comparison.clicked.connect(actions["end_comparison"].trigger)
        for view in (self.view, self.live_view.second_view):
            view.face_clicked.connect(self._click_face)
        actions["next_face"].triggered.connect(lambda: self._follow(next_face(self._analysis)))
        actions["largest_face"].triggered.connect(lambda: self._follow(None))
        controls = self.attribution
        controls.target_chosen.connect(lambda target: self.change_style(target=target))
        controls.method_chosen.connect(lambda method: self.change_style(method=method))
        controls.palette_chosen.connect(lambda palette: self.change_style(palette=palette))
        controls.signed_changed.connect(lambda signed: self.change_style(signed=signed))
        controls.held_changed.connect(self._hold_scale)
        self.panel.bars.class_chosen.connect(self._explain)
        self.hide_row.changed.connect(lambda hidden: self._set_options(hidden=hidden))
        self.sliders.opacity_changed.connect(lambda value: self.change_style(opacity=value))
        self.sliders.smoothing_changed.connect(self._set_smoothing)
        self.change_style(full_scale=0.0)  # a scale of another day may be of another model

    @property
    def overlay_style(self) -> OverlayStyle:
        return self._store.now.look

    def change_style(self, **changes: Any) -> None:
        """Show pictures otherwise from now on; the engine computes only what is shown."""
        look = replace(self.overlay_style, **changes)
        if (look.target, look.method) != (self.overlay_style.target, self.overlay_style.method):
            self._scale.reset()
            self._note_scale(look)
            look = replace(look, full_scale=self._scale.value)
        self._store.change(look=look)
        self.view.set_overlay_style(look)
        self.live_view.second_view.set_overlay_style(look)
        self.attribution.show_style(look, self._classes)
        self._show_whether_maps()
        self._panel_due = True
        self._set_options(attribution=look.attribution, method=look.method, target=self._target())

    def _target(self) -> Literal["predicted", "runner_up"] | int:
        """`look.target` as the engine takes it; a class that the model has not is the predicted."""
        if self.overlay_style.target in self._classes:
            return self._classes.index(self.overlay_style.target)
        return "runner_up" if self.overlay_style.target == "runner_up" else "predicted"

    def _explain(self, name: str) -> None:
        """A click on the bar of `name`; on the one that is explained already it takes that back."""
        target = "predicted" if self.overlay_style.target == name else name
        self.change_style(target=target)
        if target == name:
            self._actions["attribution"].setChecked(True)  # else the choice would show nothing

    def follow_number(self, wanted: int) -> None:
        """Follow the face that has this number in the picture."""
        faces = self._analysis.faces if self._analysis is not None else ()
        found = [face.face_id for face in faces if face_number(face.face_id) == wanted]
        if found:
            self._follow(found[0])
        else:
            self.live_view.toast.show_message(f"There is no face {wanted} in the picture.")

    def follow_at_most(self, faces: int) -> None:
        """Find so many faces from now on."""
        self._store.change(faces=faces)
        self._set_options(max_faces=faces)

    def _click_face(self, face_id: int) -> None:
        """A click on the face that was chosen takes that back."""
        self._follow(None if face_id == self._selection.chosen else face_id)

    def _follow(self, face_id: int | None) -> None:
        """Also in a picture that is held."""
        self._selection.choose(face_id)
        if self._analysis is not None:
            self._settle(self._analysis)

    def _settle(self, analysis: Analysis) -> Analysis:
        """Show `analysis` with the face to follow in it; returns it as it is shown."""
        self._analysis = self._selection.settle(analysis)
        self._shown = self._debounce.apply(self._analysis)
        self.live_view.show_analysis(self._shown)
        self._show_face()
        self._panel_due = True
        return self._shown

    def _show_face(self) -> None:
        """Label on the picture and headline beside it are painted with the same numbers."""
        self.panel.show_face(self._shown, self._status, self.overlay_style, self._selection.chosen)

    def _show_signals(self, on: bool) -> None:
        self._store.change(signals=on)
        self.panel.show_signals(on)
        self._ask_for_panel()

    def _ask_for_panel(self) -> None:
        self._panel_due = True

    def _freeze(self, on: bool) -> None:
        """Hold the picture. A file that plays is held itself, and goes on from there."""
        self._engine.pause(on)
        if not on:
            self._selection.carry_over(self._analysis)
        self.panel.interrupt_plots()
        self._show_held()

    def _show_held(self) -> None:
        """What the model would have to look at again is held where it does not."""
        replay, frozen = self._replay, self._actions["freeze"].isChecked()
        plays = self._status.source.playback is not None
        self.live_view.set_frozen(frozen, "Paused" if plays else "Frozen")
        freeze, words = self._actions["freeze"], "Pause" if plays else "Freeze"
        if freeze.text() != words:
            freeze.setText(words)
            freeze.setIconText(words)
        why = ""
        if self._status.source.playback is None:
            why = FROZEN if frozen else ""
        elif replay is not None:
            why = HAS_OVERLAYS if replay.has_overlays else RECORDED
        for controls in (self.hide_row, self.attribution):
            controls.set_blocked(why)
        for overlay, switch in zip(OVERLAYS, self.switches, strict=False):
            shown = overlay.is_recorded and not (replay and replay.has_overlays)
            switch.set_blocked("" if replay is None or shown else why)
        self._show_whether_maps()

    @property
    def _replay(self) -> Replay | None:
        """The recording that plays with the results that were recorded."""
        replay = self._status.source.replay
        return replay if replay is not None and replay.shows_recorded_results else None

    def _show_whether_maps(self) -> None:
        shown = self.overlay_style.attribution and self._replay is None
        self.attribution.setEnabled(shown)
        self.sliders.opacity.setEnabled(shown)

    def _analyse_again(self, on: bool) -> None:
        self._engine.analyse_again(on)
        self._look_again()

    def _look_again(self) -> None:
        """Let the picture of a paused file be analysed as it is asked for now."""
        if self._actions["freeze"].isChecked() and self._status.source.playback is not None:
            self._engine.look_again()

    def _hold_scale(self, on: bool) -> None:
        self._scale.hold(on)
        self._store.change(held_scale=on)
        self.change_style(full_scale=self._scale.value)

    def _note_scale(self, look: OverlayStyle) -> None:
        """Tell the held scale what is on the screen."""
        if self._shown is None:
            return
        found = (displayed_map(face.prediction, look.target) for face in self._shown.faces)
        peaks = [float(np.abs(shown[1]).max(initial=0)) for shown in found if shown]
        if peaks:
            frame = self._shown.frame
            self._scale.add(frame.segment, frame.captured_at, max(peaks))

    def _set_smoothing(self, milliseconds: int) -> None:
        self._store.change(smoothing_ms=milliseconds)
        self._set_options(smoothing_s=milliseconds / 1000)

    def _set_options(self, **changes: Any) -> None:
        before, self._options = self._options, replace(self._options, **changes)
        self._engine.set_options(self._options)
        # a held picture has no time to be smoothed over
        if replace(before, smoothing_s=self._options.smoothing_s) != self._options:
            self._look_again()

    @property
    def analysis(self) -> Analysis | None:
        """What the page shows now, as it was measured."""
        return self._analysis

    @property
    def options(self) -> AnalysisOptions:
        """What the engine was asked for last."""
        return self._options

    @property
    def status(self) -> LiveStatus:
        """The engine's state at the last look, a few times a second."""
        return self._status

    def go_live(self) -> None:
        """End a freeze, because something new was asked for."""
        self._actions["freeze"].setChecked(False)

    def show_new_model(self) -> None:
        """End a freeze, but for that of a file, whose picture the new model sees."""
        if self._status.source.playback is None:
            self.go_live()

    def stop(self) -> None:
        """No more calls of the engine from here."""
        self._take_timer.stop()
        self._status_timer.stop()
        self.table_bar.close_down()

    def _take(self) -> None:
        """Show the newest analysis, if there is one; the view tells the engine when it painted."""
        if not self._actions["freeze"].isChecked() or self._status.source.playback is not None:
            analysis = self._engine.take()
            if analysis is not None:
                self._show(analysis)
        now = time.perf_counter()
        if self._panel_due and now - self._panel_at >= PLOT_S:
            self._panel_due = False
            self._panel_at = now
            self._show_face()  # model, state or target may have changed since
            self.panel.show_details(
                self._shown, self._status, self.overlay_style, self.view.selected_map()
            )
        if now - self._summary_at >= SUMMARY_S:
            self._summary_at = now
            self.view.setAccessibleDescription(wording.summary(self._shown))
            bars = self.panel.bars
            bars.setAccessibleDescription(bars.summary())
            cells = self.panel.signals.cells
            cells.setAccessibleDescription(cells.summary())

    def _show(self, analysis: Analysis) -> None:
        if analysis.classes and analysis.classes != self._classes:
            self._classes = analysis.classes
            self.change_style()
        shown = self._settle(analysis)
        self._note_scale(self.overlay_style)
        if self._scale.value != self.overlay_style.full_scale:
            self.change_style(full_scale=self._scale.value)
        gone = self._selection.departed
        if gone is not None:
            self.live_view.toast.show_message(
                f"Face {face_number(gone)} has left. The largest is followed again."
            )
        if analysis.frame.position_s is not None:
            self.play_bar.show_time(analysis.frame.position_s)
        if not (analysis.frame.is_repeat or self._actions["freeze"].isChecked()):
            self.panel.plot(shown)  # while a picture is held, the plots stand still

    def _refresh_status(self) -> None:
        status = self._engine.status()
        states, before = (_model_states(each) for each in (status, self._status))
        self._panel_due = self._panel_due or states != before
        another = status.model.spec != self._status.model.spec
        if another:
            self._scale.reset()
        if status != self._status:
            self._status = status
            actions = self._actions
            actions["end_comparison"].setEnabled(status.second_model is not None)
            self.status_changed.emit()
        if another or states != before:
            self._look_again()
        self.play_bar.show_playback(status.source.playback, status.source.replay)
        held = self._actions["freeze"].isChecked()
        if status.source.playback is not None and status.source.playback.paused != held:
            self._engine.pause(held)  # it was opened anew
        self.attribution.show_methods(status.model.methods)
        self._show_held()
        self.live_view.show_status(status)
        self.live_view.hud.show_overlay_delay(self.view.overlay_delay_ms)
        self.panel.key.show_delay(self.view.overlay_delay_ms)
        self.panel.show_status(status)
        if self._analysis is None:
            self._panel_due = True


def _model_states(status: LiveStatus) -> tuple[ModelState, ModelState | None, str]:
    second = status.second_model
    return status.model.state, second.state if second else None, second.name if second else ""
