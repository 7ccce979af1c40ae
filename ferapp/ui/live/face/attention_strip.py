"""The attention weights of a model that has them (DACL): one column per feature."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import colour_maps
from ferapp.ui.widgets import theme

_STRIP = 22  # px
_PALETTE = "ember"
MEAN_UPDATE = 0.02  # share of each picture's weights in their running mean
FULL_SCALE = 0.25  # a weight this far from its mean has the full colour


class AttentionStrip(QWidget):
    """Each weight less its running mean: constant weights are blank, changing ones are coloured."""

    def __init__(self) -> None:
        super().__init__()
        self._weights: NDArray[np.float32] = np.zeros(0, np.float32)
        self._mean: NDArray[np.float32] = np.zeros(0, np.float32)
        self._image: QImage | None = None
        self.setFont(theme.sized(self.font(), 0.85))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Attention weights of the features")
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(300, _STRIP + self.fontMetrics().height() + 3)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_weights(self, weights: NDArray[np.float32] | None) -> None:
        """(d,) in 0–1; None hides the strip."""
        self.setVisible(weights is not None)
        if weights is None:
            self._mean = np.zeros(0, np.float32)
            return
        if len(self._mean) != len(weights):
            self._mean = weights.copy()
        self._mean = self._mean + MEAN_UPDATE * (weights - self._mean)
        self._weights = weights
        change = np.clip((weights - self._mean) / FULL_SCALE, -1, 1)[None].astype(np.float32)
        pixels = colour_maps.attribution_image(change, 1.0, _PALETTE, signed=True)
        form = QImage.Format.Format_ARGB32_Premultiplied
        self._image = QImage(pixels.data, len(weights), 1, 4 * len(weights), form).copy()
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """`192 weights, mean 0.51, 0.12 to 0.94`."""
        w = self._weights
        return f"{w.size} weights, mean {w.mean():.2f}, {w.min():.2f} to {w.max():.2f}"

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._weights.size:
            index = int(event.pos().x() * len(self._weights) / max(self.width(), 1))
            index = min(max(index, 0), len(self._weights) - 1)
            QToolTip.showText(
                event.globalPos(),
                f"Feature {index + 1}: weight {self._weights[index]:.2f}, "
                f"recent mean {self._mean[index]:.2f}.\n"
                "DACL's attention weighs each feature in the center loss, which pulls faces of\n"
                "one expression together. Colours: above or below the recent mean.",
                self,
            )
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(0, 0, self.width(), _STRIP, QColor(theme.current().raised))
            if self._image is not None:
                painter.drawImage(QRectF(0, 0, self.width(), _STRIP), self._image)
            painter.setPen(QColor(theme.current().muted))
            below = QRectF(0, _STRIP + 2, self.width(), self.fontMetrics().height())
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "Attention weights")
            painter.drawText(below, Qt.AlignmentFlag.AlignRight, self.summary().partition(", ")[2])
