"""Recall, precision and F1 of each class, and the calibration curve."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.ui.text import wording
from ferapp.ui.text.figure_text import ece_text
from ferapp.ui.widgets import theme
from trainer.evaluation.intervals import Interval, wilson
from trainer.evaluation.metrics import CALIBRATION_BINS

_ROW = 30  # px
_EXPLANATION = (
    "Recall: the share of the samples labelled as this class that are predicted as it.\n"
    "Precision: the share of the samples predicted as this class that are labelled as it.\n"
    "F1: the harmonic mean of the two, 2 · recall · precision / (recall + precision).\n"
    "The thin line over a bar is its 95 % interval (Wilson): wide where there are few samples."
)


class ClassTable(QWidget):
    """For each class its samples, recall and precision as numbers and bars, and F1."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Recall, precision and F1 of each class")

    def show_evaluation(self, evaluation: Evaluation | None) -> None:
        self._evaluation = evaluation
        self.setAccessibleDescription(self.in_words())
        self.updateGeometry()
        self.update()

    def in_words(self) -> str:
        if self._evaluation is None:
            return ""
        scores = self._evaluation.scores
        columns = scores.recall, scores.precision, scores.f1
        return ", ".join(
            f"{name}: recall {_share(recall)}, precision {_share(precision)}, F1 {_share(f1)}"
            for name, recall, precision, f1 in zip(self._evaluation.classes, *columns, strict=True)
        )

    def sizeHint(self) -> QSize:
        count = len(self._evaluation.classes) if self._evaluation else 7
        return QSize(320, (count + 1) * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._evaluation is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter, self._evaluation)

    def _paint(self, painter: QPainter, evaluation: Evaluation) -> None:
        colours = theme.current()
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        names, counts, gap, last = 66.0, 52.0, 12.0, 38.0
        width = (self.width() - names - counts - last) / 2 - gap
        starts = (names + counts + gap, names + counts + 2 * gap + width)
        painter.setFont(theme.sized(self.font(), 0.9))
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRectF(names, 0, counts, _ROW), right, "samples")
        for x, title in zip(starts, ("recall", "precision"), strict=True):
            painter.drawText(QRectF(x, 0, width, _ROW), left, title)
        f1 = QRectF(self.width() - last, 0, last, _ROW)
        painter.drawText(f1, right, "F1")
        scores = evaluation.scores
        recall, precision, totals = scores.recall, scores.precision, scores.support
        for k, name in enumerate(evaluation.classes):
            y = (k + 1) * _ROW
            painter.setPen(QColor(colours.text))
            painter.drawText(QRectF(0, y, names, _ROW), left, label_text.class_title(name))
            painter.setPen(QColor(colours.muted))
            painter.drawText(QRectF(names, y, counts, _ROW), right, f"{totals[k]:,}")
            measured = zip(starts, (recall[k], precision[k]), self.intervals(k), strict=True)
            for x, value, interval in measured:
                bar = QRectF(x, y + _ROW / 2 - 3, width - 40, 6)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colours.line))
                painter.drawRoundedRect(bar, 3, 3)
                if np.isfinite(value):
                    painter.setBrush(QColor(colours.expression(name, k)))
                    bar.setWidth(bar.width() * float(value))
                    painter.drawRoundedRect(bar, 3, 3)
                    self._paint_interval(painter, QRectF(x, y, width - 40, _ROW), interval)
                painter.setPen(QColor(colours.text))
                painter.drawText(QRectF(x, y, width, _ROW), right, _share(float(value)))
            painter.drawText(f1.translated(0, y), right, _share(float(scores.f1[k])))

    def _paint_interval(self, painter: QPainter, place: QRectF, interval: Interval) -> None:
        """A line with ends, over the bar of the whole width of `place`."""
        low, high = (place.left() + end * place.width() for end in interval)
        y = place.center().y()
        painter.setPen(QPen(QColor(theme.current().text), 1))
        for x1, y1, x2, y2 in (
            (low, y, high, y),
            (low, y - 3, low, y + 3),
            (high, y - 3, high, y + 3),
        ):
            painter.drawLine(QPointF(x1, y1), QPointF(x2, y2))

    def intervals(self, k: int) -> tuple[Interval, Interval]:
        """95 % of the recall and of the precision of a class."""
        assert self._evaluation is not None
        counts = self._evaluation.scores.confusion
        hits = int(counts[k, k])
        return wilson(hits, int(counts[k].sum())), wilson(hits, int(counts[:, k].sum()))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().y()), self)
            return True
        return super().event(event)

    def tip_at(self, y: float) -> str:
        """The class there with its intervals, and what the columns are."""
        k = int(y // _ROW) - 1
        if self._evaluation is None or not 0 <= k < len(self._evaluation.classes):
            return _EXPLANATION
        counts = self._evaluation.scores.confusion
        recall, precision = self.intervals(k)
        hits, labelled, predicted = counts[k, k], counts[k].sum(), counts[:, k].sum()
        title = label_text.class_title(self._evaluation.classes[k])
        return (
            f"{title}, recall: {hits:,} of {labelled:,} labelled so, {_range(recall)}\n"
            f"{title}, precision: {hits:,} of {predicted:,} predicted so, {_range(precision)}\n"
            f"{title}, F1: {_share(float(self._evaluation.scores.f1[k]))}\n"
            f"{_EXPLANATION}"
        )


class CalibrationCurve(QWidget):
    """Accuracy over confidence: on the diagonal, confidence equals accuracy."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Calibration curve")

    def show_evaluation(self, evaluation: Evaluation | None) -> None:
        self._evaluation = evaluation
        if evaluation is not None:
            self.setAccessibleDescription(self.in_words())
        self.update()

    def in_words(self) -> str:
        """The ECE with and without the temperature; two figures of one model need their names."""
        evaluation = self._evaluation
        if evaluation is None:
            return ""
        raw = f"{ece_text(evaluation.raw_calibration.error)} raw"
        if evaluation.temperature == 1:
            return f"ECE {raw}"
        return f"ECE {ece_text(evaluation.calibration.error)} calibrated, {raw}"

    def sizeHint(self) -> QSize:
        return QSize(320, 292)

    def _area(self) -> QRectF:
        return QRectF(40, 8, min(self.width() - 56, 300), 216)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._evaluation is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter, self._evaluation)

    def _paint(self, painter: QPainter, evaluation: Evaluation) -> None:
        colours, area = theme.current(), self._area()
        bins = evaluation.calibration
        painter.setFont(theme.sized(self.font(), 0.85))
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            x = area.left() + share * area.width()
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.muted))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, 36, 16), right, label_text.percent(share))
            middle = Qt.AlignmentFlag.AlignCenter
            painter.drawText(
                QRectF(x - 24, area.bottom() + 3, 48, 16), middle, label_text.percent(share)
            )
        painter.drawText(
            QRectF(area.left(), area.bottom() + 20, area.width(), 16),
            Qt.AlignmentFlag.AlignCenter,
            "confidence (bars: accuracy, shade: number of samples)",
        )
        painter.drawText(
            QRectF(area.left(), area.bottom() + 40, area.width(), 18),
            Qt.AlignmentFlag.AlignCenter,
            self.in_words(),
        )
        width = area.width() / CALIBRATION_BINS
        largest = max(int(bins.count.max()), 1)
        for k in np.flatnonzero(bins.count).tolist():
            colour = QColor(colours.accent)
            colour.setAlphaF(0.25 + 0.75 * (bins.count[k] / largest) ** 0.5)
            height = float(bins.accuracy[k]) * area.height()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRect(
                QRectF(area.left() + k * width + 1, area.bottom() - height, width - 2, height)
            )
        pen = QPen(QColor(colours.text), 1, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(area.bottomLeft(), area.topRight())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().x()), self)
            return True
        return super().event(event)

    def tip_at(self, x: float) -> str:
        explanation = (
            "A well calibrated model is right in 80 % of the cases in which it is 80 % confident:\n"
            "its bars end at the dashed line. Lower bars mean that it is overconfident."
        )
        area = self._area()
        k = int((x - area.left()) / area.width() * CALIBRATION_BINS)
        if self._evaluation is None or not 0 <= k < CALIBRATION_BINS:
            return explanation
        bins = self._evaluation.calibration
        if not bins.count[k]:
            return explanation
        return (
            f"{wording.count(int(bins.count[k]), 'sample')}: mean confidence "
            f"{_share(float(bins.confidence[k]))}, {_share(float(bins.accuracy[k]))} correct\n"
            f"{explanation}"
        )


def _range(interval: Interval) -> str:
    low, high = interval
    return "unknown" if np.isnan(low) else f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else label_text.percent(value)
