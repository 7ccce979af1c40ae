"""What is being opened, and how far it is, laid over what was shown before."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ferapp.overlays import palette
from ferapp.ui.widgets import theme

_DIM = 0.93  # how much of what is below is covered


class ProgressVeil(QWidget):
    """Covers its parent except `spared`, whose buttons open something else.

    What is `covered` takes neither keys nor clicks meanwhile: it is not what was asked for.
    """

    def __init__(self, parent: QWidget, spared: QWidget, covered: tuple[QWidget, ...]) -> None:
        super().__init__(parent)
        self._parent, self._spared, self._covered = parent, spared, covered
        self.title = QLabel()
        self.title.setFont(theme.sized(self.font(), 1.6, QFont.Weight.DemiBold))
        self.words = QLabel()
        self.words.setFont(theme.sized(self.font(), 1.2))
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (self.title, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addStretch(1)
        self.setAccessibleName("Progress")
        for widget in (parent, spared):
            widget.installEventFilter(self)
        self.hide()

    def begin(self, title: str) -> None:
        self.title.setText(title)
        self.tell("")
        for widget in self._covered:
            widget.setEnabled(False)
        self._place()
        self.show()
        self.raise_()

    def tell(self, words: str) -> None:
        self.words.setText(words)
        self.setAccessibleDescription(f"{self.title.text()}. {words}".rstrip(". "))

    def end(self) -> None:
        self.hide()
        for widget in self._covered:
            widget.setEnabled(True)

    def _place(self) -> None:
        self.setGeometry(self._parent.rect())
        corner = self._spared.mapTo(self._parent, self._spared.rect().topLeft())
        spared = self._spared.rect().translated(corner)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(spared)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), palette.to_qcolor(theme.current().window, _DIM))
