"""The result of the data check: counts, duplicates, gaps, and example faces of each class."""

from html import escape

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.overlays.overlay_painter import grey_image
from ferapp.runs.data_check import EXAMPLES_PER_CLASS, DataCheck
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_FACE, _GAP, _NAME = 46, 4, 70  # px
_MAX_SKIPPED = 5  # unreadable files that are named; more are counted


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
    """`stop_requested` asks to stop the training that is preparing its data."""

    stop_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel("Data set")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setAccessibleName("Data check")
        self.preparing = QLabel()
        self.preparing.setTextFormat(Qt.TextFormat.PlainText)
        self.preparing.setWordWrap(True)
        self.preparing.setProperty("notice", True)
        self.preparing.setAccessibleName("Training that is preparing its data")
        self.stop = push_button("Stop", "Stop it. Nothing has been trained yet.")
        self.stop.clicked.connect(self.stop_requested)
        self.face_sheet = FaceSheet()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.preparing)
        column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.text)
        column.addWidget(self.face_sheet)
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
        self.show_hint()

    def show_hint(self) -> None:
        """Say what the check is for."""
        self.show_message(
            "Choose a data set on the left and press Check. It counts the pictures and finds "
            "duplicates and unreadable files before you train. The data set is never changed."
        )

    def show_message(self, message: str) -> None:
        lines = escape(message).replace("\n", "<br>")
        self.text.setText(f"<p>{lines}</p>")
        self.face_sheet.show_check(None)

    def show_preparing(self, message: str) -> None:
        """About a training that is preparing its data; empty when there is none."""
        self.preparing.setText(message)
        for widget in (self.preparing, self.stop):
            widget.setVisible(bool(message))

    def show_check(self, check: DataCheck) -> None:
        paragraphs = "".join(f"<p>{fact}</p>" for fact in _facts(check))
        self.text.setText(_counts_table(check) + paragraphs)
        self.face_sheet.show_check(check)


def _counts_table(check: DataCheck) -> str:
    splits = list(check.counts)
    head = "".join(f'<td align="right"><b>{split}</b>&nbsp;&nbsp;</td>' for split in splits)
    rows = [f"<tr><td><b>{escape(check.name)}</b>&nbsp;&nbsp;</td>{head}</tr>"]
    for name in check.classes:
        counts = [check.counts[split].get(name, 0) for split in splits]
        cells = "".join(map(_count_cell, counts))
        rows.append(f"<tr><td>{escape(label_text.class_title(name))}&nbsp;&nbsp;</td>{cells}</tr>")
    return f"<table cellpadding='2'>{''.join(rows)}</table>"


def _count_cell(count: int) -> str:
    """A class that a split lacks stands out."""
    text = f"{count:,}" if count else f'<b style="color:{theme.current().warning}">none</b>'
    return f'<td align="right">{text}&nbsp;&nbsp;</td>'


def _facts(check: DataCheck) -> list[str]:
    """What the check found, as sentences in HTML."""
    facts = []
    if check.problem:
        facts.append(f"<b>{escape(check.problem)}</b>")
    train = check.counts.get("train", {})
    missing = [name for name in check.classes if train and not train.get(name)]
    if missing:
        facts.append(f"<b>No training pictures of {escape(', '.join(missing))}.</b>")
    facts.append(_landmark_fact(check))
    facts += _duplicate_facts(check)
    if check.with_votes:
        has = "has" if check.with_votes == 1 else "have"
        samples = wording.count(check.with_votes, "sample")
        facts.append(f"{samples} {has} annotators' votes (data.votes_share).")
    facts.append(_skipped_fact(check))
    return facts


def _landmark_fact(check: DataCheck) -> str:
    count = check.without_landmarks
    if not count:
        return "Every sample has landmarks."
    share = 100 * count / max(check.samples, 1)
    verb, pronoun = ("has", "it is") if count == 1 else ("have", "they are")
    return (
        f"{count:,} of {wording.count(check.samples, 'sample')} {verb} no landmarks "
        f"({share:.1f}\u00a0%); {pronoun} cropped without alignment."
    )


def _duplicate_facts(check: DataCheck) -> list[str]:
    leaked, conflicting = check.leaked, check.conflicting
    across = "No training picture also appears in another split."
    if leaked:
        pictures = wording.count(leaked, "training picture")
        verb, pronoun = ("appears", "it") if leaked == 1 else ("appear", "them")
        across = (
            f"{pictures} also {verb} in another split, pixel for pixel; "
            f"data.drop_leaked leaves {pronoun} out."
        )
    labels = "No picture has a copy with another label."
    if conflicting == 1:
        labels = "1\u00a0picture has a copy with another label."
    elif conflicting:
        labels = f"{conflicting:,}\u00a0pictures have copies with another label."
    return [across, labels]


def _skipped_fact(check: DataCheck) -> str:
    count = len(check.skipped)
    if not count:
        return "Every sample could be read."
    listed = "<br>".join(map(escape, check.skipped[:_MAX_SKIPPED]))
    more = f"<br>… and {count - _MAX_SKIPPED:,} more" if count > _MAX_SKIPPED else ""
    verb = "is" if count == 1 else "are"
    samples = wording.count(count, "sample")
    return f"{samples} could not be read and {verb} left out:<br>{listed}{more}"
