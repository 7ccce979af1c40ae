"""One setting in the form: name, editor, unit, the way back to the recipe, and what is wrong."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from ferapp.ui.train.form_fields import Field
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.picker import Picker

NAME_WIDTH, EDIT_WIDTH = 130, 150  # px


class FieldRow(QWidget):
    """`changed` tells of every keystroke; `text` is what `fields.setting` takes."""

    changed = Signal()

    def __init__(self, field: Field, offers: tuple[str, ...] = ()) -> None:
        """`offers` are values to choose from, where the schema itself names none."""
        super().__init__()
        self.field = field
        self._usual = ""
        choices = field.choices or offers
        self.editor: Picker | QLineEdit
        if choices:
            self.editor = Picker(field.title, field.tip)
            for choice in choices:
                words = {"true": "Yes", "false": "No"}[choice] if field.kind == "switch" else choice
                self.editor.addItem(words.replace("_", " ") if field.choices else words, choice)
            self.editor.currentIndexChanged.connect(lambda _: self._tell())
        else:
            self.editor = QLineEdit()
            self.editor.textChanged.connect(lambda _: self._tell())
        self.name = QLabel(field.title)
        self.name.setFixedWidth(NAME_WIDTH)
        self.name.setToolTip(field.tip)
        self.unit = QLabel(field.unit)
        self.unit.setProperty("quiet", True)
        self.back = QPushButton("↺")
        self.back.setFixedWidth(28)
        self.back.setStyleSheet("padding: 2px;")
        self.back.setAccessibleName(f"{field.title}: back to the recipe")
        by_keyboard(self.back)
        keep = self.back.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(keep)
        self.back.clicked.connect(lambda: self.set_text(self._usual))
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.setProperty("wrong", True)
        self.error.hide()
        self.editor.setToolTip(field.tip)
        self.editor.setAccessibleName(field.title)
        self.editor.setAccessibleDescription(field.help)
        self.editor.setFixedWidth(EDIT_WIDTH)
        self.name.setBuddy(self.editor)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.editor, 0, 1)
        grid.addWidget(self.back, 0, 2)
        grid.addWidget(self.unit, 0, 3)
        grid.setColumnStretch(3, 1)
        grid.addWidget(self.error, 1, 1, 1, 3)

    @property
    def text(self) -> str:
        if isinstance(self.editor, Picker):
            return str(self.editor.currentData() or "")
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        if isinstance(self.editor, QLineEdit):
            self.editor.setText(text)
            return
        place = self.editor.findData(text)
        if place < 0:
            self.editor.addItem(text, text)
            place = self.editor.count() - 1
        self.editor.setCurrentIndex(place)

    def set_usual(self, text: str) -> None:
        """What the recipe says; the field takes it on."""
        self._usual = text
        self.set_text(text)
        self._tell()

    @property
    def differs(self) -> bool:
        """From the recipe."""
        return self.text != self._usual

    def show_error(self, words: str) -> None:
        self.error.setText(words)
        self.error.setVisible(bool(words))
        mark_wrong(self.editor, bool(words))
        self.editor.setAccessibleDescription(words or self.field.help)

    def _tell(self) -> None:
        font = self.name.font()
        if font.bold() != self.differs:
            font.setBold(self.differs)
            self.name.setFont(font)
        self.back.setVisible(self.differs)
        self.back.setToolTip(f"Back to the recipe's {self._usual or 'empty value'}.")
        self.name.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.changed.emit()


def mark_wrong(editor: QWidget, on: bool) -> None:
    """Its outline says so."""
    if bool(editor.property("invalid")) != on:
        editor.setProperty("invalid", on)
        editor.style().unpolish(editor)
        editor.style().polish(editor)
