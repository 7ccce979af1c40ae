"""A text that grows while it is read."""

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit


class LogText(QPlainTextEdit):
    """Read only. What is selected stays until it no longer is; the place stays, but at the end."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(name)

    def show_text(self, text: str, *, other: bool = False) -> None:
        """It as it is now; an `other` one is shown from its end."""
        if not other and (text == self.toPlainText() or self.textCursor().hasSelection()):
            return
        down, across = self.verticalScrollBar(), self.horizontalScrollBar()
        at_end = other or down.value() == down.maximum()
        line, column = down.value(), across.value()
        self.setPlainText(text)
        down.setValue(down.maximum() if at_end else line)
        across.setValue(0 if other else column)
