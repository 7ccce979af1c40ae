"""The path of a data set: typed, browsed for, or one of those used before."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QFileDialog,
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from ferapp.ui.train.field_row import error_label, mark_invalid
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.flow_layout import FlowLayout

MAX_RECENT = 8  # data sets that are offered again
_MENU_WIDTH = 420  # px of a path
CHECK_TIP = "Count the pictures, and find duplicates and unreadable files."


class DataChooser(QWidget):
    """The line completes earlier paths by any part of them, and the button Recent lists them.

    `remembered` are the paths that the app remembers, newest first; it is asked each time.
    """

    check_requested = Signal()

    def __init__(self, remembered: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._remembered = remembered
        self._of_runs: tuple[str, ...] = ()
        self._recent = QStringListModel(self)
        self.line = QLineEdit()
        self.line.setPlaceholderText("FER2013's CSV, RAF-DB, AffectNet, class folders, a ZIP…")
        self.line.setAccessibleName("Data set")
        completer = QCompleter(self._recent, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line.setCompleter(completer)
        self.error = error_label()
        policy = self.error.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what is below stays where it is
        self.error.setSizePolicy(policy)
        self.browse = push_button("Folder…", "Choose the folder of a data set.")
        self.browse_file = push_button("File…", "Choose a CSV or ZIP file.")
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.recent = push_button("Recent", "Choose a data set that you used before.")
        self.recent.setMenu(self.menu)
        self.check = push_button("Check", CHECK_TIP)
        buttons = FlowLayout()
        for button in (self.browse, self.browse_file, self.recent, self.check):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.line)
        column.addWidget(self.error)
        column.addLayout(buttons)
        self.browse.clicked.connect(self._browse_folder)
        self.browse_file.clicked.connect(self._browse_file)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.check.clicked.connect(self.check_requested)
        self.show_recent(())
        self._use_newest()

    @property
    def path(self) -> str:
        """As it was typed."""
        return self.line.text().strip()

    @property
    def recents(self) -> list[str]:
        return self._recent.stringList()

    def show_recent(self, of_runs: Iterable[str]) -> None:
        """Offer what the app remembers and the data sets of earlier runs, the newest first."""
        self._of_runs = tuple(of_runs)
        paths = filter(None, (*self._remembered(), *self._of_runs))
        recent = list(dict.fromkeys(paths))[:MAX_RECENT]
        if recent != self.recents:
            self._recent.setStringList(recent)
        self.recent.setEnabled(bool(recent))

    def validate(self) -> bool:
        """Show whether there is such a file or folder, and return it."""
        exists = bool(self.path) and Path(self.path).expanduser().exists()
        is_wrong = bool(self.path) and not exists
        self.error.setText("No such file or folder." if is_wrong else "")
        self.error.setVisible(is_wrong)
        mark_invalid(self.line, is_wrong)
        return exists

    def _use_newest(self) -> None:
        """Begin with the data that was used last, where it is still there."""
        newest = next(iter(self._remembered()), "")
        if newest and Path(newest).expanduser().exists():
            self.line.setText(newest)

    def _fill_menu(self) -> None:
        self.menu.clear()
        metrics = self.menu.fontMetrics()
        for path in self.recents:
            text = metrics.elidedText(path, Qt.TextElideMode.ElideMiddle, _MENU_WIDTH)
            action = self.menu.addAction(text.replace("&", "&&"))
            action.setToolTip(path)
            action.triggered.connect(lambda _=False, path=path: self.line.setText(path))

    def _start_folder(self) -> str:
        """Beside the data that is chosen, or was chosen last."""
        for path in (self.path, *self.recents):
            folder = Path(path).expanduser().parent
            if path and folder.is_dir():
                return str(folder)
        return str(Path.cwd())

    def _browse_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a data set", self._start_folder())
        if path:
            self.line.setText(path)

    def _browse_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            "Choose a data set",
            self._start_folder(),
            "Data sets (*.csv *.zip);;All files (*)",
        )
        if path:
            self.line.setText(path)
