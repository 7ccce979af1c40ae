"""The path of a data set: typed, or chosen among those of earlier runs."""

from collections.abc import Iterable

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QLineEdit

MAX_RECENT = 8  # data sets that are offered again


class DataLine(QLineEdit):
    """Offers earlier paths by any part of them; Down shows the matching ones."""

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("FER2013's CSV, RAF-DB, AffectNet, class folders, a ZIP…")
        self.setAccessibleName("Data set")
        self._recent = QStringListModel(self)
        completer = QCompleter(self._recent, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)

    def show_recent(self, paths: Iterable[str]) -> None:
        """Offer the data sets of earlier runs, the newest first, each once."""
        recent = list(dict.fromkeys(filter(None, paths)))[:MAX_RECENT]
        if recent != self._recent.stringList():
            self._recent.setStringList(recent)
