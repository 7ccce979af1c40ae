"""The size of all text of the app, in percent of the system's, applied while it runs."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget

QWIDGETSIZE_MAX = (1 << 24) - 1  # as in Qt: no limit
SIZES = (100, 115, 130, 150, 175, 200)  # percent, to choose from

_percent = 100
_own_fonts: WeakKeyDictionary[QWidget, QFont] = WeakKeyDictionary()  # since the first change
_fixed_widths: WeakKeyDictionary[QWidget, Callable[[Any], int]] = WeakKeyDictionary()


def percent() -> int:
    return _percent


def scaled(width: float) -> int:
    """A width in px that suits text of the usual size, for text of the present size."""
    return round(width * _percent / 100)


def fix_width(widget: QWidget, width: Callable[[Any], int]) -> None:
    """Give `widget` the width that `width(widget)` returns, again whenever the text changes."""
    _fixed_widths[widget] = width
    widget.setFixedWidth(width(widget))


def release_width(widget: QWidget) -> None:
    """Undo `fix_width`."""
    _fixed_widths.pop(widget, None)
    widget.setMinimumWidth(0)
    widget.setMaximumWidth(QWIDGETSIZE_MAX)


def apply_text_size(app: QApplication, percent: int) -> None:
    """Scale the font of the app, and of each widget that has a size of its own."""
    global _percent
    factor, _percent = percent / _percent, percent
    if factor == 1:
        return
    for widget in app.allWidgets():
        widget.ensurePolished()  # else its own font is lost when it is shown for the first time
    own_fonts = {
        widget: widget.font()
        for widget in app.allWidgets()
        if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont)
    }
    app.setFont(_larger(app.font(), factor))
    app.setStyleSheet(app.styleSheet())  # only then do styled widgets follow the font of the app
    for widget, font in own_fonts.items():
        _own_fonts[widget] = _larger(font, factor)
    restore_own_fonts()
    for widget, width in list(_fixed_widths.items()):
        if shiboken6.isValid(widget):
            widget.setFixedWidth(width(widget))


def restore_own_fonts() -> None:
    """Call it after another style sheet: that gives widgets the fonts of their first one again."""
    for widget, font in list(_own_fonts.items()):
        if shiboken6.isValid(widget):
            widget.setFont(font)


def _larger(font: QFont, factor: float) -> QFont:
    result = QFont(font)
    if font.pointSizeF() > 0:
        result.setPointSizeF(font.pointSizeF() * factor)
    else:
        result.setPixelSize(round(font.pixelSize() * factor))
    return result
