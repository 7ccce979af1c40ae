"""The menu of a right click on selected samples."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from ferapp.overlays import label_text
from ferapp.review.selection import Tags
from ferapp.ui.inspect.samples.selection_actions import DROP_TIP, EXPORT_TIP
from ferapp.ui.shell.menus.source_menu import literal
from ferapp.ui.text import wording


class SampleMenu(QMenu):
    """`decided` has what changes in a Decision, `tag` a word."""

    decided = Signal(dict)
    tag = Signal(str)
    export = Signal()
    show_only = Signal()
    select_all = Signal()
    copy_ids = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Selected samples", parent)
        self.setToolTipsVisible(True)

    def fill(self, ids: Sequence[str], classes: Sequence[str], tags: Tags) -> None:
        """For the samples of these ids."""
        self.clear()
        is_one = len(ids) == 1
        self.addAction(wording.count(len(ids), "face")).setEnabled(False)
        labels = self.addMenu("Relabel")
        for name in classes:
            action = labels.addAction(label_text.class_title(name))
            action.triggered.connect(lambda _=False, n=name: self.decided.emit({"label": n}))
        for text, tip, changes in (
            (
                "Keep label",
                "You looked, and the label is right.",
                {"label": "", "flag": False, "kept": True},
            ),
            ("Drop", DROP_TIP, {"flag": True}),
            (
                "Take back decision" if is_one else "Take back decisions",
                "As before the review.",
                {"label": "", "flag": False},
            ),
        ):
            action = self.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, c=changes: self.decided.emit(c))
        self.addSeparator()
        self._add_tags(ids, tags)
        self._add("Export as class folders…", EXPORT_TIP, self.export)
        self.addSeparator()
        if not is_one:
            self._add("Show only these", "Leave out all others in the grid.", self.show_only)
        self._add("Select all", "All samples in the grid. Key: Ctrl+A", self.select_all)
        self._add("Copy sample id" if is_one else "Copy sample ids", "As text.", self.copy_ids)

    def _add(self, text: str, tip: str, signal: SignalInstance) -> None:
        action = self.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda: signal.emit())

    def _add_tags(self, ids: Sequence[str], tags: Tags) -> None:
        """Those that exist, ticked where all of the samples have them, and a new one."""
        menu = self.addMenu("Tag")
        for word, members in tags.items():
            action = menu.addAction(literal(word))
            action.setCheckable(True)
            action.setChecked(members >= set(ids))
            action.triggered.connect(lambda _=False, w=word: self.tag.emit(w))
        if tags:
            menu.addSeparator()
        menu.addAction("New tag…").triggered.connect(self._ask_for_tag)

    def _ask_for_tag(self) -> None:
        dialog = QInputDialog(self.parentWidget())
        dialog.setWindowTitle("New tag")
        dialog.setLabelText("A word, to find these faces again:")
        dialog.textValueSelected.connect(
            lambda text: self.tag.emit(text.strip()) if text.strip() else None
        )
        dialog.open()
