"""The window: pages, the toolbar, the keys, and the end of everything when it closes."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from ferapp.live.state import LiveEngine, LiveStatus
from ferapp.ui import theme
from ferapp.ui.actions import make_actions
from ferapp.ui.collector import GuiThreadCollector
from ferapp.ui.controls import SpaceForButtons
from ferapp.ui.live_page import LivePage

_PICTURES = "Videos and pictures (*.mp4 *.mov *.avi *.mkv *.webm *.m4v *.png *.jpg *.jpeg *.bmp)"
_MODELS = "Models (*.safetensors)"
_THEMES: tuple[tuple[theme.Mode, str], ...] = (
    ("system", "As the system"),
    ("light", "Light"),
    ("dark", "Dark"),
)


class MainWindow(QMainWindow):
    """Owns the engine from here on: closing the window closes it."""

    def __init__(self, engine: LiveEngine) -> None:
        super().__init__()
        self._engine = engine
        self.setWindowTitle("ferapp")
        self.actions_by_id = make_actions(self)
        self._pages = QStackedWidget()
        self._page_actions = QActionGroup(self)
        self._tool_bar = self._build_tool_bar()
        self._page_place = self._tool_bar.actions()[0]
        self.setCentralWidget(self._pages)
        self.live_page = LivePage(engine, self.actions_by_id)
        self.add_page("Live", self.live_page)
        self._source_label, self._model_label = self._build_status_bar()
        self._connect()
        self.collector = GuiThreadCollector(self)
        self.setMinimumSize(960, 640)
        self.resize(1280, 800)

    def add_page(self, name: str, page: QWidget) -> None:
        """The switcher in the toolbar appears with the second page."""
        index = self._pages.addWidget(page)
        action = QAction(name, self, checkable=True, checked=index == 0)
        action.triggered.connect(lambda: self._pages.setCurrentWidget(page))
        self._page_actions.addAction(action)
        self._tool_bar.insertAction(self._page_place, action)
        for each in self._page_actions.actions():
            each.setVisible(index > 0)
        self._page_place.setVisible(index > 0)
        self._mind_space()

    def _build_tool_bar(self) -> QToolBar:
        bar = QToolBar("Actions", self)
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addSeparator()  # pages stand before it
        for name in ("demo", "camera", "open_file"):
            bar.addAction(self.actions_by_id[name])
        bar.addSeparator()
        bar.addAction(self.actions_by_id["open_model"])
        room = QWidget()
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(room)
        for name in ("freeze", "hud", "fullscreen"):
            bar.addAction(self.actions_by_id[name])
        bar.addSeparator()
        button = QToolButton()
        button.setText("Theme")
        button.setToolTip("Dark or light.")
        button.setAccessibleName("Theme")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(self._theme_menu())
        bar.addWidget(button)
        self.addToolBar(bar)
        return bar

    def _theme_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for mode, text in _THEMES:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(theme.mode() == mode)
            action.triggered.connect(lambda _=False, wanted=mode: _dress(wanted))
            group.addAction(action)
        return menu

    def _build_status_bar(self) -> tuple[QLabel, QLabel]:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        source, model = QLabel(), QLabel()
        source.setAccessibleName("Source")
        source.setToolTip("Where the pictures come from. They stay on this computer.")
        model.setAccessibleName("Model and device")
        bar.addWidget(source)
        bar.addPermanentWidget(model)
        return source, model

    def _connect(self) -> None:
        actions, page = self.actions_by_id, self.live_page
        actions["demo"].triggered.connect(lambda: self._open_source("demo"))
        actions["camera"].triggered.connect(lambda: self._open_source("camera"))
        actions["open_file"].triggered.connect(self._ask_for_file)
        actions["open_model"].triggered.connect(self._ask_for_model)
        actions["fullscreen"].toggled.connect(self._set_full_screen)
        page.status_changed.connect(self._show_status)
        self._show_status()

    def _mind_space(self) -> None:
        for button in self._tool_bar.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.installEventFilter(SpaceForButtons(button))

    def _open_source(self, source: str) -> None:
        self.live_page.go_live()
        self._engine.open_source(source)

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a video or a picture", "", f"{_PICTURES};;All files (*)"
        )
        if path:
            self._open_source(path)

    def _ask_for_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", _MODELS)
        if path:
            self.live_page.go_live()
            self._engine.load_model(path)

    def _set_full_screen(self, on: bool) -> None:
        full = Qt.WindowState.WindowFullScreen
        state = self.windowState()
        self.setWindowState(state | full if on else state & ~full)

    def _show_status(self) -> None:
        status: LiveStatus = self.live_page.status
        self._source_label.setText(status.source_name or "No source")
        parts = [part for part in (status.model_name, status.device) if part]
        self._model_label.setText("  ·  ".join(parts) or "No model")
        self._model_label.setToolTip(status.model_summary or "The model that runs, and where.")

    def closeEvent(self, event: QCloseEvent) -> None:
        self.live_page.stop()
        self.collector.stop()
        self._engine.close()
        super().closeEvent(event)


def _dress(mode: theme.Mode) -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication):
        theme.apply_theme(app, mode)
