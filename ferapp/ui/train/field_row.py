"""One setting in the form: name, editor, a button to reset it, and its unit or its error."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from ferapp.ui.train.form_fields import FormField
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.text_size import fix_width, scaled

NAME_WIDTH, EDITOR_WIDTH = 130, 150  # px


class FieldRow(QWidget):
    """`changed` is emitted at every keystroke; `text` is what `form_fields.set_argument` takes."""

    changed = Signal()

    def __init__(self, field: FormField, suggestions: tuple[str, ...] = ()) -> None:
        """`suggestions` are values to choose from, where the schema itself has no choices."""
        super().__init__()
        self.field = field
        self._default = ""
        self.name = QLabel(field.title)
        fix_width(self.name, lambda _: scaled(NAME_WIDTH))
        self.name.setToolTip(field.tip)
        self.name.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.editor = self._make_editor(suggestions)
        self.name.setBuddy(self.editor)
        self.unit = QLabel(field.unit)
        self.unit.setProperty("quiet", True)
        self.reset = self._make_reset_button()
        self.error = ElidedLabel()  # in place of the unit: a line of its own would move all below
        self.error.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.error.setProperty("wrong", True)
        self.error.hide()
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.editor, 0, 1)
        grid.addWidget(self.reset, 0, 2)
        grid.addWidget(self.unit, 0, 4)
        grid.addWidget(self.error, 0, 4)
        grid.setColumnStretch(4, 1)

    def add_action(self, button: QPushButton) -> None:
        """Put a button beside the editor."""
        self._grid.addWidget(button, 0, 3)

    def _make_editor(self, suggestions: tuple[str, ...]) -> Picker | QLineEdit:
        field = self.field
        editor: Picker | QLineEdit
        choices = field.choices or suggestions
        if choices:
            editor = Picker(field.title, field.tip)
            for choice in choices:
                editor.addItem(self._choice_text(choice), choice)
            editor.currentIndexChanged.connect(lambda _: self._on_change())
        else:
            editor = QLineEdit()
            editor.textChanged.connect(lambda _: self._on_change())
        editor.setToolTip(field.tip)
        editor.setAccessibleName(field.title)
        editor.setAccessibleDescription(field.help)
        fix_width(editor, lambda _: scaled(EDITOR_WIDTH))
        return editor

    def _choice_text(self, choice: str) -> str:
        if self.field.kind == "switch":
            return "Yes" if choice == "true" else "No"
        return choice.replace("_", " ") if self.field.choices else choice

    def _make_reset_button(self) -> QPushButton:
        button = QPushButton("↺")
        button.setFixedWidth(28)
        button.setProperty("narrow", True)
        button.setAccessibleName(f"Reset {self.field.title} to the recipe's value")
        enable_keyboard(button)
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        button.setSizePolicy(policy)
        button.clicked.connect(lambda: self.set_text(self._default))
        return button

    @property
    def text(self) -> str:
        if isinstance(self.editor, Picker):
            return str(self.editor.currentData() or "")
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        if isinstance(self.editor, QLineEdit):
            self.editor.setText(text)
            return
        index = self.editor.findData(text)
        if index < 0:
            self.editor.addItem(text, text)
            index = self.editor.count() - 1
        self.editor.setCurrentIndex(index)

    def set_default(self, text: str) -> None:
        """Set the recipe's value, and the field to it."""
        self._default = text
        self.set_text(text)
        self._on_change()

    @property
    def differs(self) -> bool:
        """From the recipe."""
        return self.text != self._default

    def show_error(self, message: str) -> None:
        self.error.setText(message)
        self.error.setToolTip(message)
        self.error.setVisible(bool(message))
        self.unit.setVisible(not message)
        mark_invalid(self.editor, bool(message))
        self.editor.setAccessibleDescription(message or self.field.help)
        self.editor.setToolTip(f"{message}\n\n{self.field.tip}" if message else self.field.tip)

    def _on_change(self) -> None:
        font = self.name.font()
        if font.bold() != self.differs:
            font.setBold(self.differs)
            self.name.setFont(font)
        self.reset.setVisible(self.differs)
        self.reset.setToolTip(f"Reset to the recipe's value: {self._default or '(empty)'}")
        self.changed.emit()


def mark_invalid(editor: QWidget, is_invalid: bool) -> None:
    """Outline an editor whose content is invalid."""
    if bool(editor.property("invalid")) != is_invalid:
        editor.setProperty("invalid", is_invalid)
        editor.style().unpolish(editor)
        editor.style().polish(editor)


def error_label() -> QLabel:
    label = QLabel()
    label.setProperty("wrong", True)
    label.setWordWrap(True)
    return label
