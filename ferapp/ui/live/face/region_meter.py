"""Where on the face the attribution lies, as shares that add up to 100 %."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.ui.widgets import theme
from ferapp.vision.face_regions import REGIONS

_BAR = 4  # px
_GAP = 6  # px between two places
_WORDS = {
    "elsewhere": "the rest of the face",
    "outside": "outside the face: hair, neck, background",
}


class PlaceMeter(QWidget):
    """A cell for each of REGIONS: its name, its share, and the share as a bar.

    `title` stands before them, where there are several.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shares: NDArray[np.float64] = np.zeros(len(REGIONS))
        self._known = False
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
        """Of REGIONS, (6,); None while there is no map."""
        self._known = shares is not None and bool(shares.any())
        self._shares = shares if shares is not None else np.zeros(len(REGIONS))
        self.setAccessibleDescription(self.in_words())
        self.update()

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.update()

    def in_words(self) -> str:
        """`mouth 52 %, eyes 20 %, …`, the largest first."""
        if not self._known:
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
        name = _WORDS.get(REGIONS[index], f"the {REGIONS[index]}")
        share = label_text.percent(float(self._shares[index])) if self._known else "–"
        return (
            f"{share} of what speaks for the explained expression lies on {name}.\n"
            "Parts are taken from the landmarks; what speaks against it is not counted."
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QFontMetrics(self.font()).height()
        top = int(np.argmax(self._shares)) if self._known else -1
        painter.setPen(QColor(look.text))
        whole = QRectF(0, 0, self._left(), 2 * line)
        painter.drawText(whole, Qt.AlignmentFlag.AlignVCenter, self._title)
        for index, place in enumerate(REGIONS):
            cell = self.cell(index)
            painter.setPen(QColor(look.muted))
            first = QRectF(cell.x(), 0, cell.width(), line)
            painter.drawText(first, Qt.AlignmentFlag.AlignLeft, place)
            painter.setPen(QColor(look.text if index == top else look.muted))
            second = first.translated(0, line)
            value = label_text.percent(float(self._shares[index])) if self._known else "–"
            painter.drawText(second, Qt.AlignmentFlag.AlignLeft, value)
            track = QRectF(cell.x(), 2 * line + 1, cell.width(), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.raised))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            track.setWidth(cell.width() * float(self._shares[index]))
            painter.setBrush(QColor(look.accent if index == top else look.muted))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
