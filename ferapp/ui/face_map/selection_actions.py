"""What can be done with the faces that are selected on the map."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.flow_layout import FlowLayout


class SelectionActions(QWidget):
    """`relabel` has a class; `tag` a word."""

    show_in_grid = Signal()
    relabel = Signal(str)
    drop = Signal()
    export = Signal()
    tag = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.count = QLabel()
        self.count.setAccessibleName("Selected faces")
        self.grid_button = push_button("Show in grid", "Show the selected faces as a grid.")
        self.grid_button.clicked.connect(self.show_in_grid)
        self.classes = QMenu(self)
        self.relabel_button = push_button(
            "Relabel…", "Give all selected faces another label. U undoes it."
        )
        self.relabel_button.clicked.connect(self._ask_label)
        self.drop_button = push_button(
            "Drop", "Flag all selected faces: training with this review leaves them out. U undoes."
        )
        self.drop_button.clicked.connect(self.drop)
        self.export_button = push_button(
            "Export as class folders…",
            "Save the selected pictures as PNG, in a folder for each label.",
        )
        self.export_button.clicked.connect(self.export)
        self.tag_line = QLineEdit()
        self.tag_line.setPlaceholderText("Tag them: a word and Enter")
        self.tag_line.setToolTip(
            "Enter a word to find these faces again under Show.\n"
            "The same word again takes the tag off."
        )
        self.tag_line.setAccessibleName("Tag the selected faces")
        self.tag_line.returnPressed.connect(self._tag)
        buttons = FlowLayout()
        for button in (
            self.grid_button,
            self.relabel_button,
            self.drop_button,
            self.export_button,
        ):
            button.setStyleSheet("padding: 3px 10px;")
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 2)
        layout.addWidget(self.count)
        layout.addLayout(buttons)
        layout.addWidget(self.tag_line)
        self.show_selection(0, 0, True)

    def show_classes(self, classes: Sequence[str]) -> None:
        self.classes.clear()
        for name in classes:
            action = QAction(label_text.class_title(name), self.classes)
            action.triggered.connect(lambda _=False, n=name: self.relabel.emit(n))
            self.classes.addAction(action)

    def show_tags(self, tags: Sequence[str]) -> None:
        """Suggest these while one types."""
        self.tag_line.setCompleter(QCompleter(list(tags), self.tag_line))

    def show_selection(self, count: int, wrong: int, has_labels: bool) -> None:
        """How many faces are selected, and how many of them the model has wrong."""
        mistakes = f" · {wrong:,} wrong" if has_labels else ""
        self.count.setText(
            f"{wording.count(count, 'face')} selected{mistakes}"
            if count
            else "None selected: drag with Shift held."
        )
        for widget in (
            self.grid_button,
            self.relabel_button,
            self.drop_button,
            self.export_button,
            self.tag_line,
        ):
            widget.setEnabled(count > 0)

    def _ask_label(self) -> None:
        below = QPoint(0, self.relabel_button.height())
        self.classes.popup(self.relabel_button.mapToGlobal(below))

    def _tag(self) -> None:
        word = self.tag_line.text().strip()
        if word:
            self.tag_line.clear()
            self.tag.emit(word)
