"""The toolbar: pages, source, model, device, actions, the menu."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from ferapp.live.status import LiveStatus, ModelState
from ferapp.ui.text import source_text
from ferapp.ui.widgets.buttons import MenuButton, enable_keyboard


class ToolBar(QToolBar):
    """In a narrow window it drops the captions and Full screen, which is in the menu as well."""

    def __init__(
        self,
        window: QMainWindow,
        actions: dict[str, QAction],
        source_menu: QMenu,
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
        self._live = [self.addWidget(button) for button in (self.source, self.model, self.device)]
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
        for action in self._live:
            action.setVisible(live)
        self.fit()

    def show_status(self, status: LiveStatus) -> None:
        opening = bool(status.source.opening)
        self.source.show_value(
            "opening…" if opening else status.source.name or "none", quiet=opening
        )
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
