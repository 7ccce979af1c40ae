"""A read-only view of a growing text."""

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit


class LogView(QPlainTextEdit):
    """Follows the end if it is in view. A selection holds the text until it is cleared."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(name)

    def show_text(self, text: str, *, is_other: bool = False) -> None:
        """The text as it is now; another log (`is_other`) is shown from its end."""
        if not is_other and (text == self.toPlainText() or self.textCursor().hasSelection()):
            return
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        at_end = is_other or vertical.value() == vertical.maximum()
        line, column = vertical.value(), horizontal.value()
        self.setPlainText(text)
        vertical.setValue(vertical.maximum() if at_end else line)
        horizontal.setValue(0 if is_other else column)
