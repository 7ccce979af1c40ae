"""The page that a person reads before anything is shown or recorded, on their own screen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QFont, QKeyEvent, QScreen
from PySide6.QtWidgets import QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.text_size import scaled

WIDTH = 820  # px of the text


class ConsentPage(QWidget):
    """`answered` with whether the person agrees; Esc, and closing the page, are a no.

    Neither button has the focus at first: nobody agrees by a key that was pressed by chance.
    """

    answered = Signal(bool)

    def __init__(self, parent: QWidget, text: str, screen: QScreen) -> None:
        super().__init__(parent, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self._is_answered = False
        self.setWindowTitle("ferapp: consent")
        self.setObjectName("column")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QTextBrowser()
        self.text.setPlainText(text)
        self.text.document().setDocumentMargin(0)
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.setFont(theme.sized(self.font(), 1.5))
        self.text.setAccessibleName("Consent")
        self.text.setMaximumWidth(scaled(WIDTH))
        self.agree = push_button("I agree", "Begin. The camera records from then on.")
        self.decline = push_button("I do not agree", "End here. Nothing is recorded. Key: Esc")
        self.agree.clicked.connect(lambda: self._answer(True))
        self.decline.clicked.connect(lambda: self._answer(False))
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * theme.MARGIN)
        buttons.addStretch(1)
        for button in (self.agree, self.decline):
            button.setFont(theme.sized(self.font(), 1.4, QFont.Weight.DemiBold))
            button.setMinimumHeight(scaled(48))
            buttons.addWidget(button)
        buttons.addStretch(1)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.text, 100)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 60, 40, 60)
        column.setSpacing(2 * theme.MARGIN)
        column.addLayout(middle, 1)
        column.addLayout(buttons)
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.showFullScreen()
        self.activateWindow()
        self.text.setFocus()  # arrow keys scroll

    def _answer(self, agrees: bool) -> None:
        if not self._is_answered:
            self._is_answered = True
            self.answered.emit(agrees)
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._answer(False)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._answer(False)
        super().closeEvent(event)
