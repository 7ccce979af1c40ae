"""The challenge booth: an expression is asked, and the model and the room say what they see."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from ferapp.overlays.overlay_style import displayed_map
from ferapp.ui.booth import booth_text
from ferapp.ui.booth.booth_bar import BoothBar
from ferapp.ui.booth.booth_file import draw_results, draw_sheet, table, write_round
from ferapp.ui.booth.booth_session import BoothSession, Peak, Phase
from ferapp.ui.booth.booth_view import BoothView
from ferapp.ui.booth.face_picture import face_picture
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.recording.recording_controller import tables_folder
from ferapp.ui.shell.key_tables import BOOTH_KEYS
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.stage.audience_mode import AudienceMode
from ferapp.ui.widgets.file_dialogs import save_file

TICK_MS = 50


class BoothMode(AudienceMode):
    """On with the action `booth`. `session` and its pictures exist only while it is on."""

    def __init__(
        self,
        window: QMainWindow,
        live_page: LivePage,
        actions: dict[str, QAction],
        store: SettingsStore,
    ) -> None:
        super().__init__(window, live_page, actions, store, "booth", BOOTH_KEYS)
        self.clock: Callable[[], float] = time.monotonic
        self.session: BoothSession | None = None
        self.view: BoothView | None = None
        self._had_attribution = True
        self.bar = BoothBar(self._press)
        live_page.add_bar(self.bar)
        actions["stage"].toggled.connect(self._give_way)
        live_page.listeners.append(self._observe)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._refresh)
        self._writer: threading.Thread | None = None
        self._message = ""  # of the writer

    @property
    def is_on(self) -> bool:
        return self.session is not None

    # --- on and off -----------------------------------------------------------------------------

    def _enter(self) -> None:
        self._actions["stage"].setChecked(False)
        attribution = self._actions["attribution"]
        self._had_attribution = attribution.isChecked()
        attribution.setChecked(True)  # a panel of the strip shows it
        self._actions["freeze"].setChecked(False)
        self.session = BoothSession(random.Random())
        self.view = BoothView(self.session, self._language(), self._window)
        self._screen.present(self.view, "ferapp: booth")
        self.bar.setVisible(self._screen.screen is not None)
        self._timer.start()
        self._observe()

    def _leave(self) -> None:
        """Drop every picture; what was requested to be saved is saved first."""
        self._timer.stop()
        if self.session is not None:
            self.session.clear()  # Qt deletes the view, which knows it, a little later
        self.session = self.view = None
        self._screen.end()
        self.bar.hide()
        self._actions["attribution"].setChecked(self._had_attribution)
        if self._writer is not None:
            self._writer.join()
            self._show_saved()

    def _give_way(self, stage_on: bool) -> None:
        if stage_on:
            self._action.setChecked(False)

    def _lose_screen(self, name: str) -> None:
        """The round goes on over the laptop's window, because its pictures are nowhere else."""
        if self.session is None:
            return
        self._screen.end()
        self.view = BoothView(self.session, self._language(), self._window)
        self._screen.present(self.view, "ferapp: booth")
        self.bar.setVisible(self._screen.screen is not None)
        self._refresh()

    # --- keys -----------------------------------------------------------------------------------

    def _press(self, name: str, key: str = "") -> None:
        session = self.session
        if session is None:
            return
        if name == "go":
            self._go_on(session)
        elif name == "vote":
            session.vote(int(key))
        elif name == "undo":
            session.undo_vote()
        elif name == "delete":
            session.delete_strip()
        elif name == "person":
            session.next_person()
        elif name == "results":
            session.summarise()
        elif name == "save" and session.phase is Phase.SUMMARY:
            self._choose_file(session)
        elif name == "close":
            self._close_or_summarise(session)
        self._refresh()

    def _go_on(self, session: BoothSession) -> None:
        steps: dict[Phase, Callable[[], None]] = {
            Phase.CONSENT: session.agree,
            Phase.INVITE: lambda: session.begin(self.clock()),
            Phase.MISSED: lambda: session.begin(self.clock()),
            Phase.VOTE: session.reveal,
            Phase.RESULT: session.next_challenge,
            Phase.SUMMARY: session.next_challenge,
        }
        if session.phase in steps:
            steps[session.phase]()

    def _close_or_summarise(self, session: BoothSession) -> None:
        """Pictures are lost by closing, so that the results come first, which offer to save."""
        if session.strips and session.phase is not Phase.SUMMARY:
            session.summarise()
        else:
            self._action.setChecked(False)

    # --- what happens ---------------------------------------------------------------------------

    def _observe(self) -> None:
        """The live page shows something new."""
        session, view, page = self.session, self.view, self._live_page
        if session is None or view is None:
            return
        shown = page.shown
        if shown is not None:
            session.use_model(shown.classes)
            session.observe(shown, self.clock())
        view.show_live(shown, page.overlay_style)
        self._refresh()

    def _refresh(self) -> None:
        session, view, now = self.session, self.view, self.clock()
        if session is None or view is None:
            return
        session.advance(now)
        peak = session.finished_peak(now)
        if peak is not None:
            self._keep(session, peak)
        number = session.count(now) if session.phase is Phase.COUNTDOWN else 0
        view.refresh(self._language(), number, self._hint(session))
        self.bar.state.setText(booth_text.state(session, self._language()))
        self.bar.keys.setText(booth_text.keys(session))
        self._show_saved()

    def _keep(self, session: BoothSession, peak: Peak) -> None:
        """Two small pictures of the face, instead of the frame."""
        plain = replace(
            self._live_page.overlay_style,
            boxes=False,
            landmarks=False,
            attribution=False,
            crop_frame=False,
            target="predicted",
            full_scale=0.0,
            mirror=False,
        )
        shown = displayed_map(peak.prediction, plain.target)
        session.add_strip(
            face_picture(peak.analysis, plain),
            face_picture(peak.analysis, replace(plain, attribution=True)),
            peak.prediction.classes[shown[0]] if shown is not None else "",
        )

    def _hint(self, session: BoothSession) -> str:
        """What the person in front of the camera has to do now."""
        if session.phase is Phase.CAPTURE:
            return booth_text.HOLD
        if session.phase is Phase.MISSED:
            return booth_text.MISSED
        shown = self._live_page.shown
        if shown is None or not shown.classes:
            return booth_text.NO_MODEL
        if shown.selected_face is None:
            return booth_text.NO_FACE
        return booth_text.OTHER_FACES if len(shown.faces) > 1 else booth_text.READY

    # --- saving ---------------------------------------------------------------------------------

    def _choose_file(self, session: BoothSession) -> None:
        if self._writer is not None or not session.strips:
            return
        title, filters = "Save strips and results", "Picture and table (*.png)"
        path, _ = save_file(self._window, "table", title, "booth.png", filters, tables_folder())
        if path:
            self.save(Path(path).with_suffix(".png"))

    def save(self, picture: Path) -> None:
        """Draw and write the round as `picture` and a CSV beside it, in a thread.

        A message says when it is done.
        """
        session = self.session
        if session is None:
            return
        strips, classes = tuple(session.strips), session.classes
        language, rows = self._language(), table(session)
        results = draw_results(session, language)

        def write() -> None:
            try:
                write_round(draw_sheet(strips, classes, language, results), rows, picture)
                self._message = f"Saved {picture.name} and {picture.with_suffix('.csv').name}"
            except OSError as error:
                self._message = f"Not saved: {error}"

        self._writer = threading.Thread(target=write, name="booth-writer")
        self._writer.start()

    @property
    def is_saving(self) -> bool:
        return self._writer is not None

    def _show_saved(self) -> None:
        if self._writer is None or self._writer.is_alive():
            return
        self._writer = None
        self._live_page.live_view.toast.show_message(self._message)
        if self.view is not None:
            self.view.show_message(self._message)
