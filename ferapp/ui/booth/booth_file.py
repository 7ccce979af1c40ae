"""Saves a round at the booth on request: one PNG with strips and matrices, and a CSV beside it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter

from ferapp.ui.booth.booth_session import BoothSession, Strip
from ferapp.ui.booth.panels_painter import RATIO, paint_strip
from ferapp.ui.booth.results_painter import paint_results
from ferapp.ui.text.class_words import Language
from ferapp.ui.widgets import theme
from trainer.files import write_atomic

WIDTH = 1920  # px
_MARGIN = 40
_RESULTS_HEIGHT = 900
_COLUMNS = 2  # of strips


def draw_results(session: BoothSession, language: Language) -> QImage:
    """The matrices of a sheet. In the GUI thread: they are drawn by a widget."""
    image = QImage(WIDTH - 2 * _MARGIN, _RESULTS_HEIGHT, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().window))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_results(painter, QRectF(image.rect()), session, language)
    return image


def draw_sheet(
    strips: Sequence[Strip], classes: tuple[str, ...], language: Language, results: QImage
) -> QImage:
    """All strips in order, then `results`. `classes` are the session's. In any thread."""
    width = (WIDTH - (_COLUMNS + 1) * _MARGIN) / _COLUMNS
    height = width / RATIO
    rows = -(-len(strips) // _COLUMNS)
    top = _MARGIN + rows * (height + _MARGIN)
    image = QImage(WIDTH, round(top + _RESULTS_HEIGHT + _MARGIN), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().window))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for index, strip in enumerate(strips):
            row, column = divmod(index, _COLUMNS)
            place = QRectF(
                _MARGIN + column * (width + _MARGIN),
                _MARGIN + row * (height + _MARGIN),
                width,
                height,
            )
            paint_strip(painter, place, strip, classes, language, revealed=True)
        painter.drawImage(QPointF(_MARGIN, round(top)), results)
    return image


def table(session: BoothSession) -> str:
    """CSV, a row for each challenge; names of classes as in the model, shares from 0 to 1."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    classes = session.classes
    writer.writerow(
        ["challenge", "asked", "model", "share"]
        + [f"p_{name}" for name in classes]
        + [f"votes_{name}" for name in classes]
    )
    for number, strip in enumerate(session.strips, 1):
        shares = dict(zip(strip.classes, strip.probabilities.tolist(), strict=True))
        writer.writerow(
            [number, strip.asked, strip.word, f"{strip.share:.4f}"]
            + [f"{shares[name]:.4f}" if name in shares else "" for name in classes]
            + [strip.votes.count(name) for name in classes]
        )
    return stream.getvalue()


def write_round(sheet: QImage, rows: str, picture: Path) -> None:
    """Write `picture` and the CSV of the same name; any thread. Raises OSError.

    A CSV of an older round beside a new picture is not replaced.
    """
    csv_file = picture.with_suffix(".csv")
    if csv_file.exists() and not picture.exists():
        raise FileExistsError(f"{csv_file.name} exists already. Choose another name.")
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(sheet):
        raise OSError(writer.errorString())
    png = bytes(data.data())
    write_atomic(picture, lambda stream: stream.write(png))
    write_atomic(csv_file, lambda stream: stream.write(rows.encode()))
