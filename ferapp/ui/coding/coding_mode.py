"""Coding a clip by hand in the live page: who codes, what is hidden meanwhile, and its file."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from ferapp.live.status import LiveEngine
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import CodingFormat, coding_file_of
from ferapp.ui.coding.agreement_view import AgreementView
from ferapp.ui.coding.coding_bar import CodingBar
from ferapp.ui.coding.coding_files import CodingFiles
from ferapp.ui.coding.coding_keys import CODING_KEYS
from ferapp.ui.coding.coding_lane import CodingLane
from ferapp.ui.coding.coding_store import CodingStore
from ferapp.ui.coding.interval_editor import FIRST_CODER, IntervalEditor
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.recording.play_bar import SPEEDS
from ferapp.ui.recording.recording_controller import tables_folder
from ferapp.ui.shell.mode_keys import ModeKeys
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.shell.settings import SettingsStore

NO_CLIP = "Open a video or a recording first: only a clip can be coded."
_SAVE_MS = 1000  # while a key is held, so that a crash loses no more


class CodingMode(QObject):
    """On with the action `coding`; owns CODING_KEYS while it is on."""

    def __init__(
        self,
        window: QMainWindow,
        engine: LiveEngine,
        live_page: LivePage,
        actions: dict[str, QAction],
        settings: SettingsStore,
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._page = window, engine, live_page
        self._actions, self._settings = actions, settings
        self._tasks: TaskQueue | None = None
        self._store: CodingStore | None = None
        self._uri = ""  # of the clip
        self.lane = CodingLane(live_page.timeline.strip)
        live_page.timeline.add_lane(self.lane)
        self.bar = CodingBar(lambda name: self._press(name, ""))
        live_page.add_bar(self.bar)
        self.agreement = AgreementView(live_page, engine, self.lane, actions["freeze"])
        self.editor = IntervalEditor(
            self.lane, self.bar, live_page.history, lambda: self.agreement.model_intervals
        )
        self._files = CodingFiles(window, self._report)
        self._keys = ModeKeys(window, CODING_KEYS, self._owns_keys, self._press, self._release)
        self._timer = QTimer(self, interval=DELIVER_MS)
        self._timer.timeout.connect(self._deliver)
        self._save_timer = QTimer(self, interval=_SAVE_MS)
        self._save_timer.timeout.connect(self._save)
        self._connect()

    def _connect(self) -> None:
        self._window.installEventFilter(self)
        self._actions["coding"].toggled.connect(self._switch)
        for mode in ("stage", "booth"):
            self._actions[mode].toggled.connect(self._give_way)
        self._page.listeners.append(self._follow)
        self._page.status_changed.connect(self._follow_source)
        self._page.timeline.refreshed.connect(self.lane.refresh)
        self.lane.grown.connect(self._page.timeline.make_room)
        self.editor.changed.connect(self._save)
        self.editor.changed.connect(self._compare)
        self.editor.held.connect(self._hold)
        self.editor.sought.connect(self._engine.seek)
        self.bar.coder_chosen.connect(self.use_coder)
        self.bar.codes_changed.connect(self._use_codes)
        self.bar.reveal.toggled.connect(self._reveal)
        self.bar.agreement.toggled.connect(self._show_agreement)
        self.bar.import_pressed.connect(self._import)
        self.bar.save_pressed.connect(self._save_as)
        self.agreement.on_result = self.editor.show
        self.agreement.pane.closed.connect(lambda: self.bar.agreement.setChecked(False))

    @property
    def is_on(self) -> bool:
        return self._tasks is not None

    def _owns_keys(self) -> bool:
        return self.is_on and self._page.isVisible()

    # --- on and off -----------------------------------------------------------------------------

    def _switch(self, on: bool) -> None:
        if on and not self.is_on:
            self._begin()
        elif not on and self.is_on:
            self._close()

    def _begin(self) -> None:
        if self._page.status.source.playback is None:
            self._report(NO_CLIP)
            self._end()
            return
        for mode in ("stage", "booth"):
            self._actions[mode].setChecked(False)
        self._actions["end_comparison"].trigger()
        self._actions["timeline"].setChecked(True)
        self._tasks = self.agreement.tasks = TaskQueue("coding")
        self._timer.start()
        self.bar.show()
        self.lane.show()
        self._page.set_blind(True)
        self._page.timeline.make_room(self.lane.minimumHeight())
        self._open()
        self._window.setFocus()

    def _end(self) -> None:
        self._actions["coding"].setChecked(False)

    def _give_way(self, other_is_on: bool) -> None:
        if other_is_on:
            self._end()

    def _close(self) -> None:
        """Everything is saved before."""
        self._finish_clip()
        self._timer.stop()
        tasks, self._tasks = self._tasks, None
        if tasks is not None:
            tasks.close()
        self.bar.reveal.setChecked(False)
        self.bar.hide()
        self.lane.hide()
        self._page.set_blind(False)
        self._page.timeline.make_room(0)

    def _finish_clip(self) -> None:
        self.editor.end_hold()
        if self._store is not None:
            self._store.finish()
        self._store = None

    def _open(self) -> None:
        """Read what was coded of the clip so far."""
        assert self._tasks is not None
        self._uri = self._page.status.source.uri
        file = coding_file_of(Path(self._uri), tables_folder())
        store = CodingStore(file, self._tasks, self._report)

        def opened(result: tuple[CodedInterval, ...] | TaskFailure) -> None:
            if isinstance(result, TaskFailure):
                self._report(f"{result.message}\nCorrect or move this file, and try again.")
                self._end()
                return
            self._store = store
            self.bar.saved.setText(f"Saved in {file.name}")
            self.bar.saved.setToolTip(f"After each change, in {file}")
            self.editor.show_stored(result, self._settings.now.coder or FIRST_CODER)
            self._compare()

        self.editor.show_stored((), "")
        self.editor.use_codes(self._settings.now.codes)
        self._tasks.submit("open", store.read, opened)

    def _follow_source(self) -> None:
        """Another clip was opened."""
        source = self._page.status.source
        if not self.is_on or source.uri == self._uri:
            return
        self._finish_clip()
        if source.playback is None:
            self._end()
        else:
            self._open()

    def use_coder(self, name: str) -> None:
        """Who codes from now on; what another coded is out of sight until it is revealed."""
        if name != self.editor.edits.coder and self._store is not None:
            self.bar.reveal.setChecked(False)
            self._settings.change(coder=name)
            self.editor.use_coder(name)

    def _use_codes(self, codes: tuple[str, ...]) -> None:
        self._settings.change(codes=codes)
        self.editor.use_codes(codes)

    # --- keys -----------------------------------------------------------------------------------

    def _press(self, name: str, key: str) -> None:
        if self._store is None:  # the file is not read yet
            return
        forward = 1 if key.endswith("Right") else -1
        commands: dict[str, Callable[[], None]] = {
            "code": lambda: self.editor.begin_hold(int(key) - 1),
            "next": lambda: self.editor.select_next(1),
            "previous": lambda: self.editor.select_next(-1),
            "move": lambda: self.editor.nudge(name, forward),
            "start": lambda: self.editor.nudge(name, forward),
            "end": lambda: self.editor.nudge(name, forward),
            "undo": self.editor.undo,
            "redo": self.editor.redo,
            "delete": self.editor.delete,
            "seek": lambda: self._seek_by(forward),
            "slower": lambda: self._change_speed(-1),
            "faster": lambda: self._change_speed(1),
            "next_moment": lambda: self.agreement.pane.step(1),
            "previous_moment": lambda: self.agreement.pane.step(-1),
            "leave": self._leave,
            "close": self._end,
        }
        commands[name]()

    def _release(self, name: str, key: str) -> None:
        if name == "code":
            self.editor.release(key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A key that is released in another window is never reported."""
        if event.type() == QEvent.Type.WindowDeactivate:
            self.editor.end_hold()
        return False

    def _seek_by(self, seconds: float) -> None:
        self._engine.seek(max((self._page.history.cursor_s or 0.0) + seconds, 0.0))

    def _change_speed(self, by: int) -> None:
        playback = self._page.status.source.playback
        if playback is not None:
            place = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - playback.speed))
            self._engine.set_speed(SPEEDS[min(max(place + by, 0), len(SPEEDS) - 1)])

    def _leave(self) -> None:
        """First the selection, then the mode."""
        if self.lane.selected is None:
            self._end()
        else:
            self.editor.select(None)

    # --- what follows -----------------------------------------------------------------------------

    def _follow(self) -> None:
        """The picture is another one; the history follows a little later."""
        shown = self._page.shown
        time_s = shown.frame.position_s if shown is not None else None
        if self.is_on and shown is not None and time_s is not None:
            self.agreement.follow(time_s)
            self.editor.follow(time_s, shown.frame.segment)

    def _hold(self, on: bool) -> None:
        if on:
            self._save_timer.start()
        else:
            self._save_timer.stop()

    def _save(self) -> None:
        if self._store is not None:
            self._store.save(self.editor.edits.coder, self.editor.intervals_now())

    def _compare(self) -> None:
        self.agreement.show_people(self.editor.everyone)

    def _reveal(self, on: bool) -> None:
        if not on:
            self.bar.agreement.setChecked(False)
        if self.is_on:
            self._page.set_blind(not on)
            self._page.timeline.make_room(self.lane.minimumHeight())
        self.editor.show()

    def _show_agreement(self, on: bool) -> None:
        """It reveals what the others and the model say."""
        self.bar.reveal.setChecked(on)
        self.agreement.set_on(on)
        self._compare()
        self.editor.show()

    def _report(self, message: str) -> None:
        self._page.live_view.toast.show_message(message)

    def _deliver(self) -> None:
        if self._tasks is not None:
            self._tasks.deliver()

    # --- files ------------------------------------------------------------------------------------

    def _import(self) -> None:
        store = self._store
        if store is None or self._tasks is None:
            return
        store.finish()

        def reopen() -> None:
            if self._store is store:
                self._open()

        self._files.import_into(store.file, self._tasks, reopen)

    def _save_as(self, form: CodingFormat) -> None:
        if self._store is not None and self._tasks is not None:
            everyone = [one for coded in self.editor.everyone.values() for one in coded]
            self._files.save_as(form, everyone, Path(self._uri), self._tasks)
