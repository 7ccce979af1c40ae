"""How the attribution is spread over the regions of the face: shares that add up to 100 %."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.ui.widgets import theme
from ferapp.vision.face_regions import REGIONS

_BAR = 4  # px
_GAP = 6  # px between two regions
_NAMES = {
    "elsewhere": "the rest of the face",
    "outside": "outside the face: hair, neck, background",
}


class RegionMeter(QWidget):
    """A cell for each of REGIONS with name, share and bar, after an optional title."""

    def __init__(self) -> None:
        super().__init__()
        self._shares: NDArray[np.float64] = np.zeros(len(REGIONS))
        self._has_map = False
        self._title = ""
        self.setFont(theme.sized(self.font(), 0.85))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Where the attribution lies")
        self.show_shares(None)

    def sizeHint(self) -> QSize:
        return QSize(300, 2 * self.fontMetrics().height() + _BAR + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_shares(self, shares: NDArray[np.float64] | None) -> None:
        """Shares (6,) of REGIONS; None while there is no map."""
        self._has_map = shares is not None and bool(shares.any())
        self._shares = shares if shares is not None else np.zeros(len(REGIONS))
        self.setAccessibleDescription(self.summary())
        self.update()

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.update()

    def summary(self) -> str:
        """`mouth 52 %, eyes 20 %, …`, the largest first."""
        if not self._has_map:
            return "No attribution"
        order = np.argsort(self._shares)[::-1]
        return ", ".join(
            f"{REGIONS[i]} {label_text.percent(float(self._shares[i]))}" for i in order
        )

    def cell(self, index: int) -> QRectF:
        left = self._left()
        width = (self.width() - left + _GAP) / len(REGIONS)
        return QRectF(left + index * width, 0, width - _GAP, self.height())

    def _left(self) -> float:
        return self.fontMetrics().horizontalAdvance(self._title) + 8 if self._title else 0.0

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip(event.pos().x()), self)
            return True
        return super().event(event)

    def tip(self, x: float) -> str:
        """Of the cell at `x` px."""
        cells = (index for index in range(len(REGIONS)) if x < self.cell(index).right() + _GAP)
        index = next(cells, len(REGIONS) - 1)
        name = _NAMES.get(REGIONS[index], f"the {REGIONS[index]}")
        share = label_text.percent(float(self._shares[index])) if self._has_map else "–"
        return (
            f"{share} of the evidence for the explained expression is on {name}.\n"
            "Regions come from the landmarks. Evidence against the expression does not count."
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QFontMetrics(self.font()).height()
        widest = max(map(QFontMetrics(self.font()).horizontalAdvance, REGIONS))
        painter.setFont(theme.sized(self.font(), min(self.cell(0).width() / widest, 1.0)))
        top = int(np.argmax(self._shares)) if self._has_map else -1
        painter.setPen(QColor(colours.text))
        whole = QRectF(0, 0, self._left(), 2 * line)
        painter.drawText(whole, Qt.AlignmentFlag.AlignVCenter, self._title)
        for index, region in enumerate(REGIONS):
            cell = self.cell(index)
            painter.setPen(QColor(colours.muted))
            first = QRectF(cell.x(), 0, cell.width(), line)
            painter.drawText(first, Qt.AlignmentFlag.AlignLeft, region)
            painter.setPen(QColor(colours.text if index == top else colours.muted))
            second = first.translated(0, line)
            value = label_text.percent(float(self._shares[index])) if self._has_map else "–"
            painter.drawText(second, Qt.AlignmentFlag.AlignLeft, value)
            track = QRectF(cell.x(), 2 * line + 1, cell.width(), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            track.setWidth(cell.width() * float(self._shares[index]))
            painter.setBrush(QColor(colours.accent if index == top else colours.muted))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
