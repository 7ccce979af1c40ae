"""What the colours on the face map mean: swatches of classes, or a scale."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ferapp.ui.face_map.point_colours import ClassEntry, PointColours, scale_colours
from ferapp.ui.widgets import theme

_COLUMNS = 2
_SWATCH, _SCALE_HEIGHT = 10, 12  # px


class _Swatch(QWidget):
    """A disc as on the map, and a name with a count."""

    def __init__(self, entry: ClassEntry) -> None:
        super().__init__()
        self._entry = entry
        self.setAccessibleName(f"{entry.name}: {entry.count:,}")
        self.setToolTip(f"{entry.count:,} faces on the map have the colour of {entry.name}.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        text = metrics.horizontalAdvance(f"{self._entry.name}  {self._entry.count:,}")
        return QSize(text + _SWATCH + theme.GAP, metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        entry, colours = self._entry, theme.current()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(entry.colour))
            top = (self.height() - _SWATCH) / 2
            painter.drawEllipse(QRectF(0, top, _SWATCH, _SWATCH))
            room = self.rect().adjusted(_SWATCH + 6, 0, 0, 0)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.setPen(QColor(colours.text))
            painter.drawText(room, flags, entry.name)
            room.setLeft(room.left() + painter.fontMetrics().horizontalAdvance(f"{entry.name}  "))
            painter.setPen(QColor(colours.muted))
            painter.drawText(room, flags, f"{entry.count:,}")


class _Scale(QWidget):
    """The colours from 0 to the highest value."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, _SCALE_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        width = max(self.width(), 1)
        with QPainter(self) as painter:
            for x, (r, g, b) in enumerate(scale_colours(np.linspace(0, 1, width)).tolist()):
                painter.fillRect(x, 0, 1, self.height(), QColor(r, g, b))


class ColourLegend(QWidget):
    """Explains `PointColours`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Legend")
        self._classes = QGridLayout()
        self._classes.setHorizontalSpacing(theme.GAP)
        self._classes.setVerticalSpacing(0)
        self.scale = _Scale()
        self.low, self.high = QLabel("0"), QLabel()
        self.high.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.note = QLabel()
        self.note.setWordWrap(True)
        for label in (self.low, self.high, self.note):
            label.setProperty("quiet", True)
        ends = QGridLayout()
        ends.addWidget(self.scale, 0, 0, 1, 2)
        ends.addWidget(self.low, 1, 0)
        ends.addWidget(self.high, 1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._classes)
        layout.addLayout(ends)
        layout.addWidget(self.note)
        self.show_colours(None, "")

    def show_colours(self, colours: PointColours | None, note: str) -> None:
        """`note` is a sentence about grey faces or tails; "" without one."""
        while (item := self._classes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for number, entry in enumerate(colours.classes if colours else ()):
            self._classes.addWidget(_Swatch(entry), number // _COLUMNS, number % _COLUMNS)
        top = colours.top if colours else None
        for part in (self.scale, self.low, self.high):
            part.setVisible(top is not None)
        self.high.setText("" if top is None else f"{top:.2f} and more")
        self.scale.setAccessibleName("" if top is None else f"Colours from 0 to {top:.2f}")
        self.note.setText(note)
        self.note.setVisible(bool(note))
