"""The headline of a comparison: both models and methods, both answers, and whether they agree."""

import math

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays.label_text import face_label
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.face_comparison import FaceComparison
from ferapp.ui.duel.sides import A, B, Sides
from ferapp.ui.duel.wipe_view import LETTER, Layer, paint_letter
from ferapp.ui.shell.actions import native
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import scaled

_NO_FACE = "–"
_WIDE = 600  # px at the usual size of text, from which on everything is in one row
_TIP = "The model and the method of its map, and its answer for this face, smoothed over time."


class DuelHeader(QWidget):
    layer_chosen = Signal(object)  # a Layer
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sides = _SideLabel(A), _SideLabel(B)
        self.wipe = Chip("Wipe", "A's explanation left of the line, B's right of it. Key: W")
        self.difference = Chip(
            "Where they differ", "A's map minus B's, instead of both maps. Key: W"
        )
        self.wipe.clicked.connect(lambda: self.layer_chosen.emit(Layer.WIPE))
        self.difference.clicked.connect(lambda: self.layer_chosen.emit(Layer.DIFFERENCE))
        self.verdict = QLabel()
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.verdict.setAccessibleName("Agreement")
        self.verdict.setToolTip(
            "Whether both give the same answer for this frame, and the correlation of their maps\n"
            "(Pearson's r): 1 alike, 0 unrelated, −1 opposite. Each map explains the expression\n"
            "chosen under Explain: at first each side's own answer."
        )
        end = QPushButton("×")
        end.setToolTip(f"Back to one model. Key: {native('Shift+M')}")
        end.setAccessibleName("End comparison")
        end.setFixedSize(30, 28)
        end.setStyleSheet("padding: 0;")
        enable_keyboard(end)
        end.clicked.connect(self.closed)
        self.end = end
        chips = QHBoxLayout()
        chips.setSpacing(theme.GAP)
        chips.addStretch(1)
        chips.addWidget(self.wipe)
        chips.addWidget(self.difference)
        chips.addStretch(1)
        self._middle = middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(chips)
        column.addWidget(self.verdict)
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(theme.MARGIN, 6, theme.GAP, 6)
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(2)
        for place in (0, 2):
            grid.setColumnStretch(place, 1)
            grid.addWidget(self.sides[place // 2], 0, place)
        grid.addWidget(end, 0, 3, Qt.AlignmentFlag.AlignTop)
        self._is_narrow: bool | None = None
        self._arrange()
        self.show_layer(Layer.WIPE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Between both sides, or below them where these would be cut off."""
        is_narrow = self.width() < scaled(_WIDE)
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            if is_narrow:
                self._grid.addWidget(self._middle, 1, 0, 1, 4)
            else:
                self._grid.addWidget(self._middle, 0, 1)

    def show_layer(self, layer: Layer) -> None:
        self.wipe.setChecked(layer is Layer.WIPE)
        self.difference.setChecked(layer is Layer.DIFFERENCE)

    def show_style(self, style: OverlayStyle) -> None:
        for side in self.sides:
            side.show_style(style)

    def show_both(self, sides: Sides | None, comparison: FaceComparison | None) -> None:
        if sides is None:
            return
        first, second = self.sides
        notice = sides.notice
        answers = ("", "") if comparison is None else _answers(comparison)
        first.show_side(sides.first.title, answers[0] or _NO_FACE)
        title = sides.second.title if sides.second.model else ""
        second.show_side(title, notice or answers[1] or _NO_FACE, is_notice=bool(notice))
        self.verdict.setText("" if notice else verdict_text(comparison))


class _SideLabel(QWidget):
    """A letter, the names of model and method, and below them the answer."""

    def __init__(self, letter: str) -> None:
        super().__init__()
        self._letter, self._style = letter, OverlayStyle()
        self._shown: tuple[str, str, int] | None = None  # title, answer and px of width
        self.title, self.answer = QLabel(), QLabel()
        self.title.setProperty("quiet", True)
        self.answer.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.title, self.answer):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._fonts = [theme.sized(self.font(), size, QFont.Weight.DemiBold) for size in (1.5, 1.1)]
        self.answer.setMinimumHeight(QFontMetrics(self._fonts[0]).height())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(int(LETTER) + 10, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.answer)
        column.addStretch(1)

    def sizeHint(self) -> QSize:
        return QSize(180, super().sizeHint().height())

    def show_style(self, style: OverlayStyle) -> None:
        self._style = style
        self.update()

    def show_side(self, title: str, answer: str, *, is_notice: bool = False) -> None:
        room = max(self.width() - int(LETTER) - 10, 60)
        if (title, answer, room) == self._shown:
            return
        self._shown = title, answer, room
        elide = self.title.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        self.title.setText(elide)
        large, small = self._fonts
        fits = QFontMetrics(large).horizontalAdvance(answer) <= room
        self.answer.setFont(self.font() if is_notice else large if fits else small)
        self.answer.setWordWrap(is_notice)
        self.answer.setText(answer)
        self.setToolTip(f"{title}\n{_TIP}" if title else _TIP)
        self.setAccessibleName(f"{self._letter} {title}")
        self.setAccessibleDescription(answer)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_letter(painter, QRectF(0, 2, LETTER, LETTER), self._letter, self._style)


def _answers(comparison: FaceComparison) -> tuple[str, str]:
    first = face_label(comparison.first)
    return first, first if comparison.has_one_model else face_label(comparison.second)


def verdict_text(comparison: FaceComparison | None) -> str:
    """`Same answer · correlation 0.62`; of one model, which has one answer, the correlation."""
    if comparison is None:
        return ""
    parts = []
    if not comparison.has_one_model:
        parts.append("Same answer" if comparison.agree else "Different answers")
    if not math.isnan(comparison.correlation):
        words = "Maps: " if comparison.has_one_model else ""
        parts.append(words + correlation_text(comparison.correlation))
    return "  ·  ".join(parts)


def correlation_text(value: float) -> str:
    """`correlation −0.12`."""
    return f"correlation {value:.2f}".replace("-0.00", "0.00").replace("-", "−")
