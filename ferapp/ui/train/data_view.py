"""What the data check found: counts, copies, gaps, and some faces of each class."""

from html import escape

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.overlays.overlay_painter import grey_image
from ferapp.runs.data_check import DataCheck
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard

_FACE, _GAP, _NAME = 46, 4, 70  # px
_SHOWN = 5  # reasons


class Sheet(QWidget):
    """A row of faces a class, as many as have room."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, list]] = []  # type: ignore[type-arg]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Some faces of each class")
        self.setToolTip("Some training pictures of each class, drawn by lot.")

    def show_check(self, check: DataCheck | None) -> None:
        sheets = check.sheets.items() if check else ()
        self._rows = [(name, [grey_image(face) for face in faces]) for name, faces in sheets]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_NAME + 8 * (_FACE + _GAP), len(self._rows) * (_FACE + _GAP))

    def paintEvent(self, event: QPaintEvent) -> None:
        room = (self.width() - _NAME + _GAP) // (_FACE + _GAP)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for row, (name, faces) in enumerate(self._rows):
                y = row * (_FACE + _GAP)
                painter.setPen(QColor(theme.current().text))
                middle = Qt.AlignmentFlag.AlignVCenter
                painter.drawText(QRectF(0, y, _NAME, _FACE), middle, label_text.class_title(name))
                for place, face in enumerate(faces[: max(room, 0)]):
                    x = _NAME + place * (_FACE + _GAP)
                    painter.drawImage(QRectF(x, y, _FACE, _FACE), face)


class DataView(QWidget):
    """Empty it says what it is for. `stop_wanted` is of a training that prepares its data."""

    stop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel("The data")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setAccessibleName("Data check")
        self.preparing = QLabel()
        self.preparing.setTextFormat(Qt.TextFormat.PlainText)
        self.preparing.setWordWrap(True)
        self.preparing.setProperty("notice", True)
        self.preparing.setAccessibleName("Training that prepares its data")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End it: nothing is trained yet.")
        self.stop.clicked.connect(self.stop_wanted)
        by_keyboard(self.stop)
        self.sheet = Sheet()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.preparing)
        column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.words)
        column.addWidget(self.sheet)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.show_preparing("")
        self.show_nothing()

    def show_nothing(self) -> None:
        """Nothing is known of the data."""
        self.show_words(
            "Name a data set on the left and press Check: it is counted and looked at before "
            "anything is trained. Nothing in it is changed."
        )

    def show_words(self, words: str) -> None:
        lines = escape(words).replace("\n", "<br>")
        self.words.setText(f"<p>{lines}</p>")
        self.sheet.show_check(None)

    def show_preparing(self, words: str) -> None:
        """Of a training that has not made its run; empty when there is none."""
        self.preparing.setText(words)
        for widget in (self.preparing, self.stop):
            widget.setVisible(bool(words))

    def show_check(self, check: DataCheck) -> None:
        self.words.setText(_table(check) + _facts(check))
        self.sheet.show_check(check)


def _table(check: DataCheck) -> str:
    splits = list(check.counts)
    head = "".join(f'<td align="right"><b>{split}</b>&nbsp;&nbsp;</td>' for split in splits)
    rows = [f"<tr><td><b>{check.name}</b>&nbsp;&nbsp;</td>{head}</tr>"]
    for name in check.classes:
        cells = "".join(
            f'<td align="right">{check.counts[split].get(name, 0):,}&nbsp;&nbsp;</td>'
            for split in splits
        )
        rows.append(f"<tr><td>{label_text.class_title(name)}&nbsp;&nbsp;</td>{cells}</tr>")
    return f"<table cellpadding='2'>{''.join(rows)}</table>"


def _facts(check: DataCheck) -> str:
    facts = []
    if check.problem:
        facts.append(f"<b>{check.problem}</b>")
    missing = [
        name
        for name in check.classes
        if not check.counts.get("train", {}).get(name) and check.counts.get("train")
    ]
    if missing:
        facts.append(f"<b>No training pictures of {', '.join(missing)}.</b>")
    share = 100 * check.without_landmarks / max(check.samples, 1)
    facts.append(
        f"{check.without_landmarks:,} of {check.samples:,} samples without landmarks "
        f"({share:.1f}\u00a0%): they keep their raw crop."
    )
    facts.append(
        f"{check.leaked:,} training pictures stand in another split too, pixel for pixel; "
        "data.drop_leaked leaves them out."
        if check.leaked
        else "No training picture stands in another split."
    )
    facts.append(
        f"{check.conflicting:,} pictures have copies with another label."
        if check.conflicting
        else "No picture has copies with another label."
    )
    if check.with_votes:
        facts.append(f"{check.with_votes:,} samples have annotators' votes (data.votes_share).")
    if check.skipped:
        listed = "<br>".join(check.skipped[:_SHOWN])
        more = (
            f"<br>… and {len(check.skipped) - _SHOWN} more" if len(check.skipped) > _SHOWN else ""
        )
        facts.append(
            f"{len(check.skipped):,} could not be read and are left out:<br>{listed}{more}"
        )
    else:
        facts.append("Everything could be read.")
    return "".join(f"<p>{fact}</p>" for fact in facts)
