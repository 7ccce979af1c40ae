"""The timeline as picture or table, into the clipboard or a file."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QPoint, QRect, QSize
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from ferapp.ui.timeline.interval_statistics import interval_statistics, statistics_csv
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.timeline.strip.strip_painter import paint_session
from ferapp.ui.widgets import theme

SVG_TYPE = "image/svg+xml"
FILTERS = {
    ".csv": "Table of the interval (*.csv)",
    ".png": "Picture (*.png)",
    ".svg": "Drawing (*.svg)",
}
_SCALE = 2  # pixels of a picture for one on the screen


def csv_text(timeline: SessionTimeline) -> str:
    """The statistics of the selected interval, else of what is displayed."""
    history = timeline.history
    start, end = timeline.interval or timeline.range
    series, face = history.series(history.selected), history.selected
    found = interval_statistics(series, history.classes, start, end) if series is not None else ()
    return statistics_csv(found, face or 0, start, end, history.origin_s)


def picture(timeline: SessionTimeline) -> QImage:
    image = QImage(timeline.size() * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(QColor(theme.current().panel))
    with QPainter(image) as painter:
        _paint(painter, timeline)
    return image


def svg(timeline: SessionTimeline) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(timeline.size())
    generator.setViewBox(QRect(QPoint(), QSize(timeline.size())))
    generator.setTitle("Session timeline")
    generator.setDescription(timeline.summary())
    with QPainter(generator) as painter:
        painter.fillRect(timeline.rect(), QColor(theme.current().panel))
        _paint(painter, timeline)
    buffer.close()
    return bytes(data.data())


def _paint(painter: QPainter, timeline: SessionTimeline) -> None:
    layout = timeline.layout_now()
    paint_session(painter, timeline.history, layout, timeline.font())
    timeline.paint_over(painter, layout)


def copy(timeline: SessionTimeline, suffix: str) -> None:
    """Into the clipboard: `.csv` as text, `.png` as picture, `.svg` as drawing and as text."""
    clipboard = QGuiApplication.clipboard()
    if suffix == ".csv":
        clipboard.setText(csv_text(timeline))
    elif suffix == ".png":
        clipboard.setImage(picture(timeline))
    else:
        drawing = svg(timeline)
        data = QMimeData()
        data.setData(SVG_TYPE, QByteArray(drawing))
        data.setText(drawing.decode())
        clipboard.setMimeData(data)


def save(timeline: SessionTimeline, file: Path) -> None:
    """As what the suffix says, a table without one of FILTERS. Raises OSError."""
    suffix = file.suffix.lower()
    if suffix == ".svg":
        file.write_bytes(svg(timeline))
    elif suffix == ".png":
        if not picture(timeline).save(str(file), "PNG"):  # type: ignore[call-overload]
            raise OSError("the picture cannot be written")
    else:
        file.write_text(csv_text(timeline), encoding="utf-8")
