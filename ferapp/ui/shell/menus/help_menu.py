"""The menu at the end of the toolbar, and its windows: keys, log, diagnostics, about."""

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ferapp.ui.coding.coding_keys import CODING
from ferapp.ui.shell.actions import ActionRecord
from ferapp.ui.shell.diagnostics_dialog import DiagnosticsDialog
from ferapp.ui.shell.key_tables import BOOTH, STAGE
from ferapp.ui.shell.menus.anonymise_menu import AnonymiseMenu
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text.about_text import about_html, card_html
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.dialogs import KeysDialog, LogDialog, ModelessDialog, TextDialog
from ferapp.vision.analysis_options import DEFAULT_FACES, MAX_FACES
from trainer.card import ModelCard

_THEMES: tuple[tuple[theme.Mode, str], ...] = (
    ("system", "Follow system"),
    ("light", "Light"),
    ("dark", "Dark"),
)


class HelpMenu:
    """Each window opens once: requested again, it comes to the front."""

    def __init__(
        self,
        parent: QWidget,
        actions: dict[str, QAction],
        store: SettingsStore,
        read_log: Callable[[], str],
    ) -> None:
        self.card: ModelCard | None = None  # of the running model
        self.show_first_steps: Callable[[bool], None] = lambda on: None
        self.shows_first_steps: Callable[[], bool] = lambda: False
        self.set_max_faces: Callable[[int], None] = lambda faces: None
        self.pages: list[ActionRecord] = []  # of the window, in order
        self._parent, self._store, self._read_log = parent, store, read_log
        self._open: dict[str, ModelessDialog] = {}
        self.menu = QMenu("Menu", parent)
        self.menu.setToolTipsVisible(True)
        for name in ("palette", "stage", "booth", "stimuli", "timeline", "panel"):
            self.menu.addAction(actions[name])
        self.menu.addSeparator()
        self.menu.addMenu(self._theme_menu())
        self.menu.addMenu(self._faces_menu())
        self.menu.addAction(actions["fullscreen"])
        self.menu.addAction(actions["hud"])
        self.menu.addAction(actions["slide"])
        self.menu.addMenu(AnonymiseMenu(parent, store))
        self.menu.addAction(actions["recording_settings"])
        self.menu.addAction(actions["live_output"])
        self.menu.addSeparator()
        for name in ("keys", "hints", "copy_python", "log", "diagnostics", "about"):
            self.menu.addAction(actions[name])
        self.menu.addSeparator()
        self.menu.addAction(actions["delete_data"])
        actions["keys"].triggered.connect(
            lambda: self._show(
                "keys",
                lambda: KeysDialog(parent, self.pages, mode=_mode(actions)),
            )
        )
        actions["hints"].triggered.connect(self._toggle_first_steps)
        actions["log"].triggered.connect(
            lambda: self._show("log", lambda: LogDialog(parent, self._read_log))
        )
        actions["diagnostics"].triggered.connect(
            lambda: self._show("diagnostics", lambda: DiagnosticsDialog(parent))
        )
        actions["about"].triggered.connect(
            lambda: self._show(
                "about", lambda: TextDialog(parent, "About ferapp", about_html(), QSize(560, 600))
            )
        )

    def show_model_card(self) -> None:
        card = self.card
        if card is not None:
            title = f"Model {card.name}"
            self._show(
                title, lambda: TextDialog(self._parent, title, card_html(card), QSize(560, 640))
            )

    def _toggle_first_steps(self) -> None:
        if self.shows_first_steps():
            self.end_first_steps()
        else:
            self.show_first_steps(True)

    def end_first_steps(self) -> None:
        self.show_first_steps(False)
        self._store.change(hints_seen=True)

    def _show(self, name: str, make: Callable[[], ModelessDialog]) -> None:
        if name not in self._open:
            sheet = self._open[name] = make()
            sheet.finished.connect(lambda: self._open.pop(name, None))
        sheet = self._open[name]
        sheet.show()
        sheet.raise_()
        sheet.activateWindow()

    def _theme_menu(self) -> QMenu:
        menu = QMenu("Theme", self.menu)
        menu.setToolTipsVisible(True)
        menu.menuAction().setToolTip("Dark or light.")
        group = QActionGroup(menu)
        for mode, text in _THEMES:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(theme.mode() == mode)
            action.setToolTip("The colours of the window.")
            action.triggered.connect(lambda _=False, mode=mode: self._apply_theme(mode))
            group.addAction(action)
        return menu

    def _faces_menu(self) -> QMenu:
        menu = QMenu("Maximum faces", self.menu)
        menu.setToolTipsVisible(True)
        menu.menuAction().setToolTip("How many faces to analyse at most. Each one takes time.")
        group = QActionGroup(menu)
        for faces in range(1, MAX_FACES + 1):
            action = menu.addAction(f"{faces} (default)" if faces == DEFAULT_FACES else str(faces))
            action.setCheckable(True)
            action.setChecked(self._store.now.faces == faces)
            action.setToolTip("If there are more, the most clearly detected ones are analysed.")
            action.triggered.connect(lambda _=False, faces=faces: self.set_max_faces(faces))
            group.addAction(action)
        return menu

    def _apply_theme(self, mode: theme.Mode) -> None:
        self._store.change(theme=mode)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply_theme(app, mode)


def _mode(actions: dict[str, QAction]) -> str:
    """The mode that is on, which owns keys of its own."""
    names = {"booth": BOOTH, "stage": STAGE, "coding": CODING}
    return next((mode for name, mode in names.items() if actions[name].isChecked()), "")
