"""Why the label deserves less trust, as small chips beside it."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.types import QualityIssue

_GAP = 4
_PAD = 8


class QualityChips(QWidget):
    """One chip per issue, from the right; the last one counts those that do not fit."""

    def __init__(self) -> None:
        super().__init__()
        self._issues: tuple[QualityIssue, ...] = ()
        self.setFont(theme.sized(self.font(), 0.9))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Doubts about the label")

    def sizeHint(self) -> QSize:
        return QSize(60, self.fontMetrics().height() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())  # the headline beside it comes first

    def show_issues(self, issues: tuple[QualityIssue, ...]) -> None:
        if issues == self._issues:
            return
        self._issues = issues
        names = ", ".join(wording.issue_name(issue.kind) for issue in issues)
        self.setAccessibleDescription(names or "None")
        self.update()

    def chips(self) -> list[tuple[QRectF, str, tuple[QualityIssue, ...]]]:
        """Rectangle, text and issues of each chip, from left to right."""
        for count in range(len(self._issues), -1, -1):
            texts = [wording.issue_name(issue.kind) for issue in self._issues[:count]]
            issue_groups: list[tuple[QualityIssue, ...]] = [
                (issue,) for issue in self._issues[:count]
            ]
            if count < len(self._issues):
                texts.append(f"+{len(self._issues) - count}" if count else "in doubt")
                issue_groups.append(self._issues[count:])
            widths = [self.fontMetrics().horizontalAdvance(text) + 2 * _PAD for text in texts]
            if sum(widths) + _GAP * (len(widths) - 1) <= self.width() or not count:
                break
        x = self.width() - sum(widths) - _GAP * (len(widths) - 1)
        placed = []
        for width, text, issues in zip(widths, texts, issue_groups, strict=True):
            placed.append((QRectF(x, 0, width, self.height()), text, issues))
            x += width + _GAP
        return placed

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPen(QColor(colours.warning), 1.2)
        edge.setDashPattern([3, 2])  # like the box around the face
        for rect, text, _ in self.chips():
            painter.setPen(edge)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
            painter.setPen(QColor(colours.warning))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def tip_at(self, point: QPointF) -> str:
        for rect, _, issues in self.chips():
            if rect.contains(point):
                return "\n\n".join(map(wording.issue_tip, issues))
        return ""

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)
