"""The toolbar: pages, source, model, device, actions, the menu."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from ferapp.live.status import LiveStatus, ModelState
from ferapp.sources.camera_info import parse_camera_uri
from ferapp.ui.shell.bars.camera_button import CameraButton
from ferapp.ui.shell.menus.source_menu import SourceMenu
from ferapp.ui.text import source_text
from ferapp.ui.widgets.buttons import MenuButton, enable_keyboard


class ToolBar(QToolBar):
    """In a narrow window it drops the captions and Full screen, which is in the menu as well."""

    def __init__(
        self,
        window: QMainWindow,
        actions: dict[str, QAction],
        source_menu: SourceMenu,
        model_menu: QMenu,
        device_menu: QMenu,
        menu: QMenu,
    ) -> None:
        super().__init__("Actions", window)
        self._compact, self._full_screen_width = False, 0
        self._full_screen = actions["fullscreen"]
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.pages = QActionGroup(self)
        self._after_pages = self.addSeparator()
        self.source = MenuButton(
            "Source", source_menu, "The source: the demo clip, a camera, a file or an address."
        )
        self.model = MenuButton("Model", model_menu, "The model that classifies the faces.")
        self.device = MenuButton("Device", device_menu, "The device that the model runs on.")
        self.camera = CameraButton(source_menu.camera_modes, actions["camera_mode"].toolTip())
        buttons = (self.source, self.camera, self.model, self.device)
        self._live = [self.addWidget(button) for button in buttons]
        self._is_live, self._has_camera = True, False
        actions["camera_mode"].triggered.connect(self._open_camera_modes)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        for name in ("record", "freeze", "snapshot", "mirror", "fullscreen"):
            self.addAction(actions[name])
            enable_keyboard(self.widgetForAction(actions[name]))
        self._before_menu = self.addSeparator()
        self.addWidget(MenuButton("Menu", menu, "Theme, keys, log, about."))

    def add_page(self, action: QAction) -> None:
        """The page buttons appear with the second page."""
        self.pages.addAction(action)
        self.insertAction(self._after_pages, action)
        enable_keyboard(self.widgetForAction(action))
        several = len(self.pages.actions()) > 1
        for entry in (*self.pages.actions(), self._after_pages):
            entry.setVisible(several)
        self.fit()

    def show_live(self, live: bool) -> None:
        """Show source, model and device only on the live page."""
        self._is_live = live
        for action in self._live:
            action.setVisible(live)
        self._show_camera()
        self.fit()

    def _show_camera(self) -> None:
        """The gear is there while the source is a camera."""
        self._live[1].setVisible(self._is_live and self._has_camera)

    def _open_camera_modes(self) -> None:
        below = self.camera if self._has_camera else self.source
        self.camera.menu().popup(below.mapToGlobal(QPoint(0, below.height())))

    def show_status(self, status: LiveStatus) -> None:
        opening = bool(status.source.opening)
        self.source.show_value(
            "opening…" if opening else status.source.name or "none", quiet=opening
        )
        self._has_camera = parse_camera_uri(status.source.uri) is not None
        self._show_camera()
        loading = status.model.state is ModelState.LOADING
        model = source_text.model_title(status) or "none"
        self.model.show_value("loading…" if loading else model, quiet=loading)
        self.device.show_value(source_text.device_title(status, status.model.device) or "none")
        self.fit()

    def fit(self) -> None:
        """Fit the contents into the width of the window."""
        buttons = self.source, self.model, self.device
        natural = self.sizeHint().width()
        if self._compact:
            natural += sum(button.caption_width() for button in buttons) + self._full_screen_width
        compact = natural > self.window().width()
        if compact == self._compact:
            return
        self._compact = compact
        for button in buttons:
            button.set_compact(compact)
        if compact:
            self._full_screen_width = self.widgetForAction(self._full_screen).width()
            self.removeAction(self._full_screen)
        else:
            self.insertAction(self._before_menu, self._full_screen)
            enable_keyboard(self.widgetForAction(self._full_screen))
