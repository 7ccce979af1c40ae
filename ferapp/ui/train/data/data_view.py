"""The data set beside the form: how far its check is, and what that found."""

from html import escape

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.overlays.overlay_painter import grey_image
from ferapp.runs.checks.data_check import EXAMPLES_PER_CLASS, CheckProgress, DataCheck
from ferapp.ui.train.data.class_counts import ClassCounts
from ferapp.ui.train.data.data_text import HINT, check_sentences, progress_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_FACE, _GAP, _NAME = 46, 4, 70  # px
_BAR_HEIGHT = 6  # px


class FaceSheet(QWidget):
    """A row of example faces for each class, as many as fit."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, list[QImage]]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Example faces of each class")
        self.setToolTip("Randomly chosen training pictures of each class.")

    def show_check(self, check: DataCheck | None) -> None:
        examples = check.examples.items() if check else ()
        self._rows = [(name, [grey_image(face) for face in faces]) for name, faces in examples]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = _NAME + EXAMPLES_PER_CLASS * (_FACE + _GAP)
        return QSize(width, len(self._rows) * (_FACE + _GAP))

    def paintEvent(self, event: QPaintEvent) -> None:
        columns = max((self.width() - _NAME + _GAP) // (_FACE + _GAP), 0)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for row, (name, faces) in enumerate(self._rows):
                y = row * (_FACE + _GAP)
                painter.setPen(QColor(theme.current().text))
                middle = Qt.AlignmentFlag.AlignVCenter
                painter.drawText(QRectF(0, y, _NAME, _FACE), middle, label_text.class_title(name))
                for column, face in enumerate(faces[:columns]):
                    x = _NAME + column * (_FACE + _GAP)
                    painter.drawImage(QRectF(x, y, _FACE, _FACE), face)


class DataView(QWidget):
    """`stop_requested` asks to stop the training that is preparing its data, `cancel_requested` to
    end the check. `class_chosen` has a split and a class, `flaw_chosen` a link of `data_text`.
    """

    stop_requested = Signal()
    cancel_requested = Signal()
    class_chosen = Signal(str, str)
    flaw_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._check: DataCheck | None = None
        self.title = QLabel("Data set")
        self.title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.text.setAccessibleName("Data check")
        self.text.setToolTip("Press a number to see the pictures.")
        self.text.linkActivated.connect(self.flaw_chosen)
        self.counts = ClassCounts()
        self.counts.chosen.connect(self.class_chosen)
        self.face_sheet = FaceSheet()
        self._make_progress()
        self._lay_out()
        self.show_preparing("")
        self.show_hint()

    def _make_progress(self) -> None:
        self.preparing = QLabel()
        self.preparing.setTextFormat(Qt.TextFormat.PlainText)
        self.preparing.setWordWrap(True)
        self.preparing.setProperty("notice", True)
        self.preparing.setAccessibleName("Training that is preparing its data")
        self.stop = push_button("Stop", "Stop it. Nothing has been trained yet.")
        self.stop.clicked.connect(self.stop_requested)
        self.progress = QWidget()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(_BAR_HEIGHT)
        self.bar.setAccessibleName("Progress of the data check")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setAccessibleName("Progress of the data check")
        self.cancel = push_button("Cancel", "End the check. A later one goes on where it stopped.")
        self.cancel.clicked.connect(self.cancel_requested)
        line = QHBoxLayout()
        line.addWidget(self.state, 1)
        line.addWidget(self.cancel)
        column = QVBoxLayout(self.progress)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addLayout(line)

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.preparing)
        column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.progress, self.text, self.counts, self.face_sheet):
            column.addWidget(widget)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def show_hint(self) -> None:
        """Say what the check is for."""
        self.show_message(HINT)

    def show_message(self, message: str) -> None:
        lines = escape(message).replace("\n", "<br>")
        self._show(f"<p>{lines}</p>", None)

    def show_check(self, check: DataCheck) -> None:
        self._show(check_sentences(check), check)

    def _show(self, html: str, check: DataCheck | None) -> None:
        self.progress.hide()
        self.text.setText(html)
        self.text.show()
        if check is not self._check:
            self._check = check
            self.counts.show_check(check)
            self.face_sheet.show_check(check)
        self.counts.setVisible(check is not None)

    def show_progress(self, progress: CheckProgress, seconds_left: float | None) -> None:
        """Of a check that runs, in place of what the former one found."""
        self._show("", None)
        self.text.hide()
        self.progress.show()
        self.bar.setRange(0, progress.total if progress.total > 1 else 0)
        self.bar.setValue(progress.done)
        self.state.setText(progress_text(progress, seconds_left))

    def show_cancelling(self) -> None:
        self.state.setText("Cancelling…")
        self.cancel.setEnabled(False)

    def show_preparing(self, message: str) -> None:
        """About a training that is preparing its data; empty when there is none."""
        self.preparing.setText(message)
        for widget in (self.preparing, self.stop):
            widget.setVisible(bool(message))

    def changeEvent(self, event: QEvent) -> None:
        """The sentences have colours of the theme."""
        super().changeEvent(event)
        check: DataCheck | None = getattr(self, "_check", None)  # Qt calls it early
        if event.type() == QEvent.Type.PaletteChange and check is not None:
            self.text.setText(check_sentences(check))
