"""The key to the attribution's colours: which end means what, for which class, and how much."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import colour_maps
from ferapp.overlays.overlay_style import Look
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.overlay_methods import ACTION_UNITS, OVERLAY_METHODS

_BAR = 8  # px
_GAP = 2


def gradient(name: str, *, signed: bool, width: int) -> QImage:
    """One row of the palette as maps show it: from −1, or 0 for the strength alone, to 1."""
    values = np.linspace(-1 if signed else 0, 1, width, dtype=np.float32)[None]
    pixels = colour_maps.attribution_image(values, 1.0, name, signed=signed)
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, 1, 4 * width, form).copy()


class AttributionKey(QWidget):
    """`against ▬▬▬▬ for Happy`, and below it the numbers of a held scale."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._shown = ""
        self._asked = ""
        self._age_ms: float | None = None
        self._gradient: QImage | None = None
        self._small = theme.sized(self.font(), 0.85)
        self.setFont(theme.sized(self.font(), 0.95))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Key to the attribution's colours")
        self._tell()

    def sizeHint(self) -> QSize:
        lines = self.fontMetrics().height() + QFontMetrics(self._small).height()
        return QSize(180, _BAR + _GAP + lines)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_map(self, look: Look, shown: str = "", asked: str = "") -> None:
        """The class that the map explains and the one that was asked for, as a person reads them.

        Both are empty while there is no map.
        """
        if (look, shown, asked) == (self._look, self._shown, self._asked):
            return
        if (look.palette, look.signed) != (self._look.palette, self._look.signed):
            self._gradient = None
        self._look, self._shown, self._asked = look, shown, asked
        self._tell()
        self.update()

    def show_age(self, milliseconds: float | None) -> None:
        """From the capture of the picture that the map explains to its painting."""
        self._age_ms = milliseconds
        self.setToolTip(self._tip())

    def ends(self) -> tuple[str, str]:
        """The words at the two ends of the colours."""
        name = f" {self._shown}" if self._shown else ""
        if self._look.method == ACTION_UNITS:
            return "", f"action units of{name}" if name else "action units"
        if self._look.method == "attention":
            return "less attention", "more"
        if self._look.signed:
            return "against", f"for{name}"
        return "weak", f"strong, for{name}" if name else "strong"

    def numbers(self) -> tuple[str, str, str]:
        """The second line, left, middle and right: what was not found, else the held scale."""
        if self._asked != self._shown:
            return "", f"no map for {self._asked}", ""
        full = self._look.full_scale
        if not full:
            return "", "", ""
        unit = OVERLAY_METHODS[self._look.method].unit
        if self._look.signed:
            return f"−{_short(full)}", unit, f"+{_short(full)}"
        return "0", unit, _short(full)

    def _tip(self) -> str:
        name = self._shown or "the class"
        if self._look.method == ACTION_UNITS and name == "Neutral":
            return "Neutral has no action units: nothing on the face moves."
        if self._look.method in (ACTION_UNITS, "attention"):
            return OVERLAY_METHODS[self._look.method].description
        lines = [
            f"Right: parts of the face that speak for {name}. Left: parts that speak against it."
            if self._look.signed
            else f"From left to right: how much a part of the face counts for {name},\n"
            "no matter whether it speaks for or against it.",
        ]
        if self._asked != self._shown:
            lines.append(
                f"{self._asked} was asked for, but this picture has only the map of {self._shown}."
            )
        lines.append(
            f"The full colour stands for {_short(self._look.full_scale)} logits at one place of "
            "the map, held for all pictures."
            if self._look.full_scale
            else "The strongest place of each picture has the full colour: "
            "two pictures do not compare."
        )
        if self._age_ms is not None:
            age = wording.milliseconds(self._age_ms)
            lines.append(f"Map's age: {age} from the capture of its picture to the screen.")
        return "\n".join(lines)

    def _tell(self) -> None:
        self.setToolTip(self._tip())
        said = [" to ".join(self.ends()), " ".join(filter(None, self.numbers()))]
        self.setAccessibleDescription(", ".join(filter(None, said)) if self._shown else "No map")

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        if self._gradient is None:
            self._gradient = gradient(self._look.palette, signed=self._look.signed, width=256)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        bar = QRectF(0, 0, self.width(), _BAR)
        shape = QPainterPath()
        shape.addRoundedRect(bar, _BAR / 2, _BAR / 2)
        painter.setClipPath(shape)
        painter.fillRect(bar, QColor(theme.current().raised))
        painter.drawImage(bar, self._gradient)
        painter.setClipping(False)
        painter.setPen(QColor(theme.current().muted))
        first = QRectF(0, _BAR + _GAP, self.width(), self.fontMetrics().height())
        left, right = self.ends()
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(first, Qt.AlignmentFlag.AlignRight, right)
        painter.setFont(self._small)
        second = QRectF(0, first.bottom(), self.width(), painter.fontMetrics().height())
        sides = (
            Qt.AlignmentFlag.AlignLeft,
            Qt.AlignmentFlag.AlignHCenter,
            Qt.AlignmentFlag.AlignRight,
        )
        for side, text in zip(sides, self.numbers(), strict=True):
            painter.drawText(second, side, text)


def _short(value: float) -> str:
    """Three figures, as many as a scale needs: 0.0312, 4.27, 135."""
    decimals = max(0, 2 - int(np.floor(np.log10(value))))
    return f"{value:.{min(decimals, 6)}f}"
