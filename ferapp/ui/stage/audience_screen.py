"""Where an audience's picture is shown: on the second screen, or over the window."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent, QScreen
from PySide6.QtWidgets import QMainWindow, QWidget


class AudienceScreen(QObject):
    """Holds one picture, a child of the window, from `present` until `end`.

    With a second screen the picture is a window that fills that one. With a single screen it
    covers the window, which fills the screen. `lost` has the name of a screen that was unplugged.
    """

    lost = Signal(str)

    def __init__(self, window: QMainWindow, full_screen: QAction) -> None:
        super().__init__(window)
        self._window, self._full_screen = window, full_screen
        self._picture: QWidget | None = None
        self._was_full_screen = False
        self.screen: QScreen | None = None  # the audience's own
        window.installEventFilter(self)
        self._app().screenRemoved.connect(self._lose_screen)

    def _app(self) -> QGuiApplication:
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        return app

    def present(self, picture: QWidget, title: str) -> None:
        self._picture = picture
        picture.setCursor(Qt.CursorShape.BlankCursor)
        here = self._window.screen()
        self.screen = next((s for s in self._app().screens() if s is not here), None)
        if self.screen is not None:
            self._fill(picture, self.screen, title)
            return
        self._was_full_screen = self._window.isFullScreen()
        if not self._was_full_screen:
            self._full_screen.trigger()
        picture.setGeometry(self._window.rect())
        picture.show()
        picture.raise_()

    def _fill(self, picture: QWidget, screen: QScreen, title: str) -> None:
        """A window that never takes the keyboard: the laptop's keeps it."""
        kinds = Qt.WindowType
        picture.setWindowFlags(
            kinds.Window | kinds.FramelessWindowHint | kinds.WindowDoesNotAcceptFocus
        )
        picture.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        picture.setWindowTitle(title)
        picture.setScreen(screen)
        picture.setGeometry(screen.geometry())
        picture.showFullScreen()

    def end(self) -> None:
        picture, self._picture = self._picture, None
        if picture is None:
            return
        if not picture.isWindow() and self._window.isFullScreen() and not self._was_full_screen:
            self._full_screen.trigger()
        picture.close()
        picture.deleteLater()
        self._window.setFocus()

    def _lose_screen(self, screen: QScreen) -> None:
        """Qt moves the audience's window to the laptop, where it would cover the controls."""
        if self._picture is not None and screen is self.screen:
            self.lost.emit(screen.name())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A covering picture has the size of the window."""
        picture = self._picture
        if picture is not None and not picture.isWindow() and isinstance(event, QResizeEvent):
            picture.resize(event.size())
        return False
