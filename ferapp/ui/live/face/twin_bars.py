"""Probabilities of two models for the same face: two bars per class, A filled, B outlined."""

import math

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.ui.duel.sides import A, B
from ferapp.ui.widgets import theme
from ferapp.vision.types import Prediction

_BAR = 6.0  # px


class TwinBars(QWidget):
    """The rows are A's classes; B has no bar for a class it does not know."""

    def __init__(self) -> None:
        super().__init__()
        self._names = (A, B)
        self._classes: tuple[str, ...] = ()
        self._first: Prediction | None = None
        self._second: Prediction | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Probabilities of both models")
        self.hide()

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 6

    def sizeHint(self) -> QSize:
        return QSize(300, (len(self._classes) + 1) * self._row_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def show_both(
        self,
        names: tuple[str, str],
        classes: tuple[str, ...],
        first: Prediction | None,
        second: Prediction | None,
    ) -> None:
        """`classes` are those of the first model; the predictions are None without a face."""
        if classes != self._classes:
            self._classes = classes
            self.updateGeometry()
        self._names, self._first, self._second = names, first, second
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """`Happy 80 % and 91 %, …`."""
        if self._first is None or self._second is None:
            return ""
        rows = zip(self._classes, *self._shares(), strict=True)
        return ", ".join(
            f"{label_text.class_title(name)} {_share(a)} and {_share(b)}" for name, a, b in rows
        )

    def _shares(self) -> tuple[list[float], list[float]]:
        """Displayed probabilities of both models for `_classes`; NaN for those unknown to one.

        [] without a prediction.
        """
        first, second = (
            dict(zip(p.classes, p.smoothed.tolist(), strict=True)) if p is not None else {}
            for p in (self._first, self._second)
        )
        return (
            [first.get(name, math.nan) for name in self._classes] if first else [],
            [second.get(name, math.nan) for name in self._classes] if second else [],
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours, row = theme.current(), self._row_height()
        advance = self.fontMetrics().horizontalAdvance
        left = max((advance(label_text.class_title(c)) for c in self._classes), default=0) + 12
        value = advance(label_text.percent(1)) + 6
        width = self.width() - left - 2 * value
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter
        strong = theme.sized(self.font(), 1, QFont.Weight.Bold)
        painter.setFont(theme.sized(self.font(), 0.9))
        painter.setPen(QColor(colours.muted))
        legend = f"{A} ▬ {self._names[0]}   {B} ▭ {self._names[1]}"
        painter.drawText(QRectF(0, 0, left + width, row), middle, legend)
        for column, letter in enumerate((A, B)):
            x = left + width + column * value
            painter.drawText(QRectF(x, 0, value, row), right, letter)
        both = self._shares()
        tops = [_top(shares) for shares in both]
        for i, name in enumerate(self._classes):
            y = (i + 1) * row
            painter.setFont(strong if i in tops else self.font())
            painter.setPen(QColor(colours.text if i in tops else colours.muted))
            painter.drawText(QRectF(0, y, left, row), middle, label_text.class_title(name))
            colour = QColor(colours.expression(name, i))
            for column, shares in enumerate(both):
                if i >= len(shares):
                    continue
                share = shares[i]
                bar = QRectF(left, y + row / 2 - _BAR - 0.5 + column * (_BAR + 1), width, _BAR)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colours.line))
                painter.drawRect(bar)
                if not math.isnan(share):
                    bar.setWidth(max(share * width, 1))
                    if column:
                        painter.setPen(QPen(colour, 1.5))
                        painter.setBrush(Qt.BrushStyle.NoBrush)
                        bar.adjust(0.75, 0.75, -0.75, -0.75)
                    else:
                        painter.setBrush(colour)
                    painter.drawRect(bar)
                painter.setFont(strong if i == tops[column] else self.font())
                painter.setPen(QColor(colours.text if i == tops[column] else colours.muted))
                value_rect = QRectF(left + width + column * value, y, value, row)
                painter.drawText(value_rect, right, _share(share))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip(), self)
            return True
        return super().event(event)

    def tip(self) -> str:
        return (
            "Both models' probabilities for the same face in the same frame, smoothed over time.\n"
            f"Filled: {self._names[0]}. Outlined: {self._names[1]}."
        )


def _top(shares: list[float]) -> int | None:
    known = [i for i, share in enumerate(shares) if not math.isnan(share)]
    return max(known, key=lambda i: shares[i], default=None)


def _share(value: float) -> str:
    return "–" if math.isnan(value) else label_text.percent(value)
