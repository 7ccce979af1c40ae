"""Figures of the window as PNG or SVG, into the clipboard or a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QMessageBox, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.file_dialogs import save_file

SVG_TYPE = "image/svg+xml"
PICTURE_FILTERS = {".png": "Picture (*.png)", ".svg": "Drawing (*.svg)"}
_SCALE = 2  # pixels of a picture for one on the screen


@dataclass(frozen=True, slots=True)
class Figure:
    """What `paint` draws in `size` px, over the colour of a panel."""

    title: str
    description: str
    size: QSize
    paint: Callable[[QPainter], object]

    def picture(self) -> QImage:
        image = QImage(self.size * _SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SCALE)
        image.fill(QColor(theme.current().panel))
        with QPainter(image) as painter:
            self.paint(painter)
        return image

    def svg(self) -> bytes:
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(self.size)
        generator.setViewBox(QRect(QPoint(), self.size))
        generator.setTitle(self.title)
        generator.setDescription(self.description)
        with QPainter(generator) as painter:
            painter.fillRect(QRect(QPoint(), self.size), QColor(theme.current().panel))
            self.paint(painter)
        buffer.close()
        return bytes(data.data())

    def copy(self, suffix: str) -> None:
        """Into the clipboard: `.png` as picture, `.svg` as drawing and as text."""
        clipboard = QGuiApplication.clipboard()
        if suffix == ".png":
            clipboard.setImage(self.picture())
            return
        drawing = self.svg()
        data = QMimeData()
        data.setData(SVG_TYPE, QByteArray(drawing))
        data.setText(drawing.decode())
        clipboard.setMimeData(data)

    def save(self, file: Path) -> None:
        """As SVG where the suffix says so, else as PNG. Raises OSError."""
        if file.suffix.lower() == ".svg":
            file.write_bytes(self.svg())
        elif not self.picture().save(str(file), "PNG"):  # type: ignore[call-overload]
            raise OSError("the picture cannot be written")


def offer_figure(widget: QWidget, figure: Callable[[], Figure]) -> None:
    """Give `widget` a menu, on a right click, that copies or saves what it shows."""
    for text, tip, act in (
        ("Copy as picture (PNG)", "Into the clipboard.", lambda: figure().copy(".png")),
        ("Copy as drawing (SVG)", "Into the clipboard.", lambda: figure().copy(".svg")),
        ("Save figure…", "As PNG or SVG.", lambda: _ask_and_save(widget, figure())),
    ):
        action = widget.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda _=False, act=act: act())
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    for child in widget.findChildren(QWidget):
        child.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # its parent's then


def figure_of(widget: QWidget, title: str, description: str) -> Figure:
    """A widget as it is drawn, with lines and text as such in an SVG."""
    flags = QWidget.RenderFlag.DrawChildren
    return Figure(
        title,
        description,
        widget.size(),
        lambda painter: widget.render(painter, QPoint(), renderFlags=flags),
    )


def _ask_and_save(parent: QWidget, figure: Figure) -> None:
    suggested, filters = f"{figure.title.lower()}.png", ";;".join(PICTURE_FILTERS.values())
    name, chosen = save_file(parent, "figure", "Save figure", suggested, filters)
    if not name:
        return
    file = Path(name)
    if file.suffix.lower() not in PICTURE_FILTERS:
        file = file.with_name(f"{file.name}{'.svg' if chosen.endswith('(*.svg)') else '.png'}")
    try:
        figure.save(file)
    except OSError as error:
        QMessageBox.warning(parent, "Save figure", f"{file} cannot be written: {error}")
