"""What can be done with the faces that are selected, in the grid or on the map."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.ui.inspect.samples.sample_files import SampleFiles
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.flow_layout import FlowLayout

DROP_TIP = "Drop all selected faces: training with this review leaves them out. U undoes it."
EXPORT_TIP = "Save the selected pictures as PNG, in a folder for each label."


class SelectionActions(QWidget):
    """`relabel` has a class; `tag` a word. `none_selected` is shown without a selection."""

    show_in_grid = Signal()
    relabel = Signal(str)
    drop = Signal()
    export = Signal()
    tag = Signal(str)

    def __init__(self, none_selected: str, *, beside_grid: bool = False) -> None:
        super().__init__()
        self._none_selected = none_selected
        self.count = QLabel()
        self.count.setAccessibleName("Selected faces")
        self.grid_button = push_button("Show in grid", "Show the selected faces as a grid.")
        self.grid_button.clicked.connect(self.show_in_grid)
        self.grid_button.setVisible(not beside_grid)
        self.classes = QMenu(self)
        self.relabel_button = push_button(
            "Relabel…", "Give all selected faces another label. U undoes it."
        )
        self.relabel_button.clicked.connect(self._ask_label)
        self.drop_button = push_button("Drop", DROP_TIP)
        self.drop_button.clicked.connect(self.drop)
        self.export_button = push_button("Export as class folders…", EXPORT_TIP)
        self.export_button.clicked.connect(self.export)
        self.tag_line = QLineEdit()
        self.tag_line.setPlaceholderText("Tag them: a word and Enter")
        self.tag_line.setToolTip(
            "Enter a word to find these faces again, in the grid and on the map.\n"
            "The same word again takes the tag off."
        )
        self.tag_line.setAccessibleName("Tag the selected faces")
        self.tag_line.returnPressed.connect(self._tag)
        self.status = QLabel()  # the progress of an export
        self.status.setProperty("quiet", True)
        self.status.setAccessibleName("State of the export")
        self.cancel_button = push_button("Cancel", "Stop after this picture.")
        self._lay_out()
        self.show_selection(0, 0, True)
        self.show_progress("")

    def _lay_out(self) -> None:
        buttons = FlowLayout()
        for button in (
            self.grid_button,
            self.relabel_button,
            self.drop_button,
            self.export_button,
        ):
            button.setStyleSheet("padding: 3px 10px;")
            buttons.addWidget(button)
        progress = QHBoxLayout()
        progress.addWidget(self.status, 1)
        progress.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 2)
        layout.addWidget(self.count)
        layout.addLayout(buttons)
        layout.addWidget(self.tag_line)
        layout.addLayout(progress)

    def follow(self, files: SampleFiles) -> None:
        """Suggest its tags, and show the progress of its exports."""
        files.tags_changed.connect(lambda: self.show_tags(tuple(files.tags)))
        files.progressed.connect(self.show_progress)
        self.cancel_button.clicked.connect(files.cancel)

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
            f"{wording.count(count, 'face')} selected{mistakes}" if count else self._none_selected
        )
        for widget in (
            self.grid_button,
            self.relabel_button,
            self.drop_button,
            self.export_button,
            self.tag_line,
        ):
            widget.setEnabled(count > 0)

    def show_progress(self, text: str) -> None:
        """Of an export; "" ends it."""
        self.status.setText(text)
        self.status.setVisible(bool(text))
        self.cancel_button.setVisible(bool(text))

    def _ask_label(self) -> None:
        below = QPoint(0, self.relabel_button.height())
        self.classes.popup(self.relabel_button.mapToGlobal(below))

    def _tag(self) -> None:
        word = self.tag_line.text().strip()
        if word:
            self.tag_line.clear()
            self.tag.emit(word)
