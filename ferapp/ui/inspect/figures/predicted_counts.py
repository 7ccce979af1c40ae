"""How many pictures without labels were predicted as each expression."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ferapp.overlays import label_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip

_BAR_HEIGHT = 10  # px


class _CountBar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._share, self._colour = 0.0, ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(80, _BAR_HEIGHT)

    def show_share(self, share: float, colour: str) -> None:
        self._share, self._colour = share, colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for share, colour in ((1.0, theme.current().line), (self._share, self._colour)):
                painter.setBrush(QColor(colour))
                bar = QRectF(0, 0, share * self.width(), self.height())
                painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)


class PredictedCounts(QWidget):
    """`class_chosen` has the class whose pictures the user wants to see; None is all."""

    class_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = ()
        self.chips: list[Chip] = []
        self.counts: list[QLabel] = []
        self._bars: list[_CountBar] = []
        title = QLabel("Predicted expressions")
        title.setProperty("quiet", True)
        title.setToolTip("These pictures have no labels, so no prediction is right or wrong.")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(title, 0, 0, 1, 3)

    def show_counts(self, classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
        """`counts` (K,) of the pictures predicted as each class."""
        if classes != self._classes:
            self._make_rows(classes)
        largest, total = max(int(counts.max(initial=0)), 1), max(int(counts.sum()), 1)
        for k, count in enumerate(counts.tolist()):
            self.counts[k].setText(f"{count:,}")
            self._bars[k].show_share(count / largest, theme.current().expression(classes[k], k))
            self._bars[k].setToolTip(f"{label_text.percent(count / total)} of the faces")

    def choose(self, chosen: int | None) -> None:
        for k, chip in enumerate(self.chips):
            chip.setChecked(k == chosen)

    def _make_rows(self, classes: tuple[str, ...]) -> None:
        for widget in (*self.chips, *self._bars, *self.counts):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._classes = classes
        self.chips, self._bars, self.counts = [], [], []
        for k, name in enumerate(classes):
            tip = f"Show the faces predicted as {name}. Click again to show all."
            chip = Chip(label_text.class_title(name), tip)
            chip.clicked.connect(lambda on, k=k: self.class_chosen.emit(k if on else None))
            bar, count = _CountBar(), QLabel()
            count.setAccessibleName(f"Predicted as {name}")
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((chip, bar, count)):
                self._grid.addWidget(widget, k + 1, column)
            self.chips.append(chip)
            self._bars.append(bar)
            self.counts.append(count)
