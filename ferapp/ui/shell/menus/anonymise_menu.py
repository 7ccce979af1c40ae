"""The menu that says how heads are covered in snapshots."""

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.ui.shell.settings import SettingsStore

_KINDS = (
    ("off", "Off", "Faces are shown."),
    ("blur", "Blur", "Heads become a few soft patches of colour."),
    ("mask", "Mask", "Heads are covered by a flat shape."),
    ("mesh", "Mesh", "Heads become grey, with the mesh of the face drawn on it."),
)


class AnonymiseMenu(QMenu):
    def __init__(self, parent: QWidget, store: SettingsStore) -> None:
        super().__init__("", parent)
        self._store = store
        self.setToolTipsVisible(True)
        self.menuAction().setToolTip(
            "Cover all heads in snapshots and slides, also of faces that are not analysed.\n"
            "The measured values are saved as they are. Recordings are not changed."
        )
        group = QActionGroup(self)
        for kind, title, tip in _KINDS:
            action = self.addAction(title)
            action.setCheckable(True)
            action.setChecked(kind == store.now.anonymise)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, kind=kind: self._choose(kind))
            group.addAction(action)
        self._show_title()

    def _choose(self, kind: str) -> None:
        self._store.change(anonymise=kind)
        self._show_title()

    def _show_title(self) -> None:
        """The choice is seen without opening the menu."""
        self.setTitle(f"Anonymise snapshots: {self._store.now.anonymise}")
