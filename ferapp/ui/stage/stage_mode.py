"""The stage: what the live page shows, large for an audience, controlled from the laptop."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent, QScreen
from PySide6.QtWidgets import QMainWindow

from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.actions import STAGE_KEYS
from ferapp.ui.shell.mode_keys import ModeKeys
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.stage.audience_view import AudienceView
from ferapp.ui.stage.readout import ReadoutMaker
from ferapp.ui.stage.stage_bar import StageBar
from ferapp.ui.text.class_words import LANGUAGES


class StageMode(QObject):
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
        super().__init__(window)
        self._window, self._live_page, self._store = window, live_page, store
        self._action, self._full_screen = actions["stage"], actions["fullscreen"]
        self._readouts = ReadoutMaker()
        self.audience: AudienceView | None = None  # while it is on
        self.is_frozen = self.is_black = False
        self._has_landmarks = False
        self._was_full_screen = False
        self._screen: QScreen | None = None  # the audience's own
        self.bar = StageBar(self._action)
        live_page.add_bar(self.bar)
        self._keys = ModeKeys(window, STAGE_KEYS, self._owns_keys, self._press)
        self.bar.freeze.clicked.connect(lambda: self._press("freeze", ""))
        self.bar.black.clicked.connect(lambda: self._press("black", ""))
        self._action.toggled.connect(self._switch)
        live_page.listeners.append(self._refresh)
        live_page.status_changed.connect(self._refresh)
        window.installEventFilter(self)
        self._app().screenRemoved.connect(self._lose_screen)

    @property
    def is_on(self) -> bool:
        return self.audience is not None

    def use_language(self, code: str) -> None:
        self._store.change(stage_language=code)
        self._refresh()

    def _app(self) -> QGuiApplication:
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        return app

    # --- on and off -----------------------------------------------------------------------------

    def _switch(self, on: bool) -> None:
        if on == self.is_on:
            return
        if on:
            self._enter()
        else:
            self._leave()

    def _enter(self) -> None:
        self.is_frozen = self.is_black = self._has_landmarks = False
        self._readouts = ReadoutMaker()
        second = self._screen = self._second_screen()
        self.audience = AudienceView(self._window)
        self.audience.setCursor(Qt.CursorShape.BlankCursor)
        if second is not None:
            self._fill(self.audience, second)
        else:
            self._was_full_screen = self._window.isFullScreen()
            if not self._was_full_screen:
                self._full_screen.trigger()
            self._cover(self.audience)
        self._show_state()
        self._refresh()

    def _second_screen(self) -> QScreen | None:
        here = self._window.screen()
        return next((screen for screen in self._app().screens() if screen is not here), None)

    def _fill(self, audience: AudienceView, screen: QScreen) -> None:
        """A window that never takes the keyboard: the laptop's keeps it."""
        kinds = Qt.WindowType
        audience.setWindowFlags(
            kinds.Window | kinds.FramelessWindowHint | kinds.WindowDoesNotAcceptFocus
        )
        audience.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        audience.setWindowTitle("ferapp: audience")
        audience.setScreen(screen)
        audience.setGeometry(screen.geometry())
        audience.showFullScreen()
        self.bar.show_screen(screen.name(), screen.geometry().size())
        self.bar.show()

    def _cover(self, audience: AudienceView) -> None:
        audience.setGeometry(self._window.rect())
        audience.show()
        audience.raise_()

    def _leave(self) -> None:
        audience, self.audience = self.audience, None
        if audience is None:
            return
        if not audience.isWindow() and self._window.isFullScreen() and not self._was_full_screen:
            self._full_screen.trigger()
        audience.close()
        audience.deleteLater()
        self.bar.hide()
        self._window.setFocus()

    def _lose_screen(self, screen: QScreen) -> None:
        """Qt moves the audience's window to the laptop, where it would cover the controls."""
        if self.is_on and screen is self._screen:
            self._action.setChecked(False)
            self._live_page.live_view.toast.show_message(
                f"The audience's screen {screen.name()} was disconnected. "
                "Press P to use the stage on this screen."
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A covering picture has the size of the window."""
        covers = self.audience is not None and not self.audience.isWindow()
        if covers and isinstance(event, QResizeEvent) and self.audience is not None:
            self.audience.resize(event.size())
        return False

    # --- keys -----------------------------------------------------------------------------------

    def _owns_keys(self) -> bool:
        """On other pages, such as Inspect, keys mean what they always mean there."""
        return self.is_on and self._live_page.isVisible()

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
        language = LANGUAGES[self._store.now.stage_language]
        style = replace(page.overlay_style, boxes=False, landmarks=self._has_landmarks)
        readout = self._readouts.read(page.shown, page.status, language, style.target)
        for view in self._views():
            view.present(page.shown, readout, language, style)
