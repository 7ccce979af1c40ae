"""The key to the attribution's colours: what each end means, for which class, and the scale."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import colour_maps, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.overlay_methods import ACTION_UNITS, OVERLAY_METHODS, is_one_sided

_USUAL, _SMALL = 0.95, 0.85  # sizes of text
BAR = 8  # px, height of the bar
_GAP = 2


def gradient(
    name: str, *, signed: bool, width: int, opacity: float = 1.0, one_sided: bool = False
) -> QImage:
    """One row of the palette, as maps look over a face in a picture, in every theme.

    From −1 to 1; from 0 for the strength alone, and for maps without negative values.
    """
    values = np.linspace(0 if one_sided or not signed else -1, 1, width, dtype=np.float32)[None]
    pixels = colour_maps.attribution_image(values, opacity, name, signed=signed)
    form = QImage.Format.Format_ARGB32_Premultiplied
    row = QImage(width, 1, form)
    row.fill(QColor(palette.FACE_GREY))
    with QPainter(row) as painter:
        painter.drawImage(0, 0, QImage(pixels.data, width, 1, 4 * width, form))
    return row


def paint_gradient(painter: QPainter, bar: QRectF, row: QImage) -> None:
    """One row of a palette as a bar with round ends."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    shape = QPainterPath()
    shape.addRoundedRect(bar, bar.height() / 2, bar.height() / 2)
    painter.save()
    painter.setClipPath(shape)
    painter.drawImage(bar, row)
    painter.restore()


class AttributionKey(QWidget):
    """`against ▬▬▬▬ for Happy`, and below it the limits of a held scale."""

    def __init__(self) -> None:
        super().__init__()
        self._style = OverlayStyle()
        self._shown = ""
        self._requested = ""
        self._delay_ms: float | None = None
        self._gradient: QImage | None = None
        self.setFont(theme.sized(self.font(), _USUAL))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Key to the attribution's colours")
        self._update_texts()

    def sizeHint(self) -> QSize:
        lines = self.fontMetrics().height() + QFontMetrics(self._small_font()).height()
        return QSize(180, BAR + _GAP + lines)

    def _small_font(self) -> QFont:
        return theme.sized(self.font(), _SMALL / _USUAL)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_map(self, style: OverlayStyle, shown: str = "", requested: str = "") -> None:
        """Titles of the class that the map explains and of the one that the user chose.

        Both are empty while there is no map.
        """
        if (style, shown, requested) == (self._style, self._shown, self._requested):
            return
        if replace(style, full_scale=0.0) != replace(self._style, full_scale=0.0):
            self._gradient = None
        self._style, self._shown, self._requested = style, shown, requested
        self._update_texts()
        self.update()

    def show_delay(self, milliseconds: float | None) -> None:
        """From the capture of the explained frame until it is painted."""
        self._delay_ms = milliseconds
        self.setToolTip(self._tip())

    def ends(self) -> tuple[str, str]:
        """The texts at the two ends of the colours."""
        name = f" {self._shown}" if self._shown else ""
        if self._style.method == ACTION_UNITS:
            return "", f"action units of{name}" if name else "action units"
        if not OVERLAY_METHODS[self._style.method].depends_on_class:
            return "less attention", "more"
        if self._style.signed and is_one_sided(self._style.method):
            return "", f"for{name}"
        if self._style.signed:
            return "against", f"for{name}"
        return "weak", f"strong, for{name}" if name else "strong"

    def numbers(self) -> tuple[str, str, str]:
        """The second line, left, middle and right: a missing map, else the held scale."""
        if self._requested != self._shown:
            return "", f"no map for {self._requested}", ""
        full = self._style.full_scale
        if not full:
            return "", "", ""
        unit = OVERLAY_METHODS[self._style.method].unit
        if self._style.signed and not is_one_sided(self._style.method):
            return f"−{_short(full)}", unit, f"+{_short(full)}"
        return "0", unit, _short(full)

    def _tip(self) -> str:
        name = self._shown or "the class"
        if self._style.method == ACTION_UNITS and name == "Neutral":
            return "Neutral has no action units: nothing on the face moves."
        method = OVERLAY_METHODS[self._style.method]
        if method.name == ACTION_UNITS or not method.depends_on_class:
            return method.description
        if is_one_sided(method.name):
            direction = (
                f"From left to right: how much a part of the face speaks for {name}.\n"
                "This method leaves out what speaks against it."
            )
        elif self._style.signed:
            direction = (
                f"Right: parts of the face that speak for {name}.\n"
                "Left: parts that speak against it."
            )
        else:
            direction = (
                f"From left to right: how much a part of the face matters for {name},\n"
                "whether it speaks for or against it."
            )
        lines = [
            direction,
            "The colours look as they do over a face. At the edge of the crop the map fades out.",
        ]
        if self._requested != self._shown:
            lines.append(
                f"{self._requested} was chosen, but this picture has only the map of {self._shown}."
            )
        lines.append(
            f"The full colour means {_short(self._style.full_scale)} logits at one location of "
            "the map, in all pictures."
            if self._style.full_scale
            else "The strongest location of each picture has the full colour: "
            "pictures cannot be compared."
        )
        if self._delay_ms is not None:
            delay = wording.milliseconds(self._delay_ms)
            lines.append(f"Overlay delay: {delay} from the capture of its frame to the screen.")
        return "\n".join(lines)

    def _update_texts(self) -> None:
        self.setToolTip(self._tip())
        texts = [" to ".join(self.ends()), " ".join(filter(None, self.numbers()))]
        self.setAccessibleDescription(", ".join(filter(None, texts)) if self._shown else "No map")

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        if self._gradient is None:
            self._gradient = gradient(
                self._style.palette,
                signed=self._style.signed,
                width=256,
                opacity=self._style.opacity,
                one_sided=is_one_sided(self._style.method),
            )
        paint_gradient(painter, QRectF(0, 0, self.width(), BAR), self._gradient)
        painter.setPen(QColor(theme.current().muted))
        first = QRectF(0, BAR + _GAP, self.width(), self.fontMetrics().height())
        left, right = self.ends()
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(first, Qt.AlignmentFlag.AlignRight, right)
        painter.setFont(self._small_font())
        second = QRectF(0, first.bottom(), self.width(), painter.fontMetrics().height())
        sides = (
            Qt.AlignmentFlag.AlignLeft,
            Qt.AlignmentFlag.AlignHCenter,
            Qt.AlignmentFlag.AlignRight,
        )
        for side, text in zip(sides, self.numbers(), strict=True):
            painter.drawText(second, side, text)


def _short(value: float) -> str:
    """Three significant digits: 0.0312, 4.27, 135."""
    decimals = max(0, 2 - int(np.floor(np.log10(value))))
    return f"{value:.{min(decimals, 6)}f}"
