"""The stage: what the live page shows, large for an audience, controlled from the laptop."""

from dataclasses import replace

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.key_tables import STAGE_KEYS
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.stage.audience_mode import AudienceMode
from ferapp.ui.stage.audience_view import AudienceView
from ferapp.ui.stage.readout import ReadoutMaker
from ferapp.ui.stage.stage_bar import StageBar


class StageMode(AudienceMode):
    """On with the action `stage`.

    With a second screen, the audience's window fills that one, and the laptop's window gets a bar.
    With a single screen the audience's picture covers the window, which fills the screen.
    """

    def __init__(
        self,
        window: QMainWindow,
        live_page: LivePage,
        actions: dict[str, QAction],
        store: SettingsStore,
    ) -> None:
        super().__init__(window, live_page, actions, store, "stage", STAGE_KEYS)
        self._readouts = ReadoutMaker()
        self.audience: AudienceView | None = None  # while it is on
        self.is_frozen = self.is_black = False
        self._has_landmarks = False
        self.bar = StageBar(self._action)
        live_page.add_bar(self.bar)
        self.bar.freeze.clicked.connect(lambda: self._press("freeze", ""))
        self.bar.black.clicked.connect(lambda: self._press("black", ""))
        live_page.listeners.append(self._refresh)
        live_page.status_changed.connect(self._refresh)

    @property
    def is_on(self) -> bool:
        return self.audience is not None

    def use_language(self, code: str) -> None:
        self._store.change(stage_language=code)
        self._refresh()

    # --- on and off -----------------------------------------------------------------------------

    def _enter(self) -> None:
        self.is_frozen = self.is_black = self._has_landmarks = False
        self._readouts = ReadoutMaker()
        self.audience = AudienceView(self._window)
        self._screen.present(self.audience, "ferapp: audience")
        screen = self._screen.screen
        if screen is not None:
            self.bar.show_screen(screen.name(), screen.geometry().size())
            self.bar.show()
        self._show_state()
        self._refresh()

    def _leave(self) -> None:
        self.audience = None
        self._screen.end()
        self.bar.hide()

    def _lose_screen(self, name: str) -> None:
        self._action.setChecked(False)
        self._live_page.live_view.toast.show_message(
            f"The audience's screen {name} was disconnected. "
            "Press P to use the stage on this screen."
        )

    # --- keys -----------------------------------------------------------------------------------

    def _press(self, name: str, key: str) -> None:
        if name == "leave":
            self._action.setChecked(False)
        elif name == "black":
            self.is_black = not self.is_black
        elif name == "freeze":
            self.is_frozen = not self.is_frozen
        elif name == "landmarks":
            self._has_landmarks = not self._has_landmarks
        else:
            self._explain(name, key)
        self._show_state()
        self._refresh()

    def _explain(self, name: str, key: str) -> None:
        """`key` is the digit of a class; without one, its neighbour or the word."""
        page = self._live_page
        analysis = page.analysis
        classes = analysis.classes if analysis is not None else ()
        if name == "word":
            page.change_style(target="predicted")
        elif name == "explain" and int(key) <= len(classes):
            page.look.explain(classes[int(key) - 1])
        elif name in ("next", "previous") and classes:
            readout = self._readouts.last
            if readout is not None and readout.top is not None:
                here = readout.top if readout.explained is None else readout.explained
                step = 1 if name == "next" else -1
                page.change_style(target=classes[(here + step) % len(classes)])

    # --- what is shown --------------------------------------------------------------------------

    def _show_state(self) -> None:
        for view in self._views():
            view.set_black(self.is_black)
        self.bar.show_state(frozen=self.is_frozen, black=self.is_black)

    def _views(self) -> tuple[AudienceView, ...]:
        if self.audience is None:
            return ()
        return (self.audience, self.bar.preview) if self.audience.isWindow() else (self.audience,)

    def _refresh(self) -> None:
        """Show the live page's newest analysis, unless the audience's picture is frozen."""
        if self.is_frozen or not self.is_on:
            return
        page = self._live_page
        language = self._language()
        style = replace(page.overlay_style, boxes=False, landmarks=self._has_landmarks)
        readout = self._readouts.read(page.shown, page.status, language, style.target)
        for view in self._views():
            view.present(page.shown, readout, language, style)
