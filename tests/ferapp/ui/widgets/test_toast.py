"""The toast: its place, when it disappears, and what keeps it open."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QEnterEvent, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.toast import Toast

SHORT_MS = 30
NAME = "Saved …/ferapp/ferapp-2026-11-22-184502-123.png"


@pytest.fixture
def room(qtbot: QtBot, qapp: QApplication) -> QWidget:
    theme.apply_theme(qapp, "dark")
    room = QWidget()
    qtbot.addWidget(room)
    room.resize(700, 400)
    with qtbot.waitActive(room):
        room.show()
        room.activateWindow()
    return room


def test_it_is_in_the_corner_and_disappears_by_itself(qtbot: QtBot, room: QWidget) -> None:
    toast = Toast(room, SHORT_MS)
    assert not toast.isVisible()
    toast.show_message("Saved.")
    assert toast.isVisible()
    assert toast.accessibleDescription() == "Saved."
    assert not toast.button.isVisible()
    qtbot.waitUntil(lambda: not toast.isVisible())


@pytest.mark.parametrize("width", [320, 700, 1400])
def test_it_stays_inside_and_shows_the_whole_text(room: QWidget, width: int) -> None:
    toast = Toast(room)
    toast.show_message(NAME, "Open folder", lambda: None)
    room.resize(width, 400)
    place = toast.geometry()
    assert room.rect().contains(place)
    assert room.width() - place.right() == room.height() - place.bottom() == 15
    label = toast.label
    assert label.height() >= label.heightForWidth(label.width())
    assert toast.button.width() >= toast.button.sizeHint().width()


def test_the_button_acts_and_closes_it(qtbot: QtBot, room: QWidget) -> None:
    opened: list[str] = []
    toast = Toast(room)
    toast.show_message(NAME, "Open folder", lambda: opened.append("folder"))
    assert toast.button.accessibleName() == "Open folder"
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert opened == ["folder"]
    assert not toast.isVisible()
    toast.show_message("Another", "", None)
    assert not toast.button.isVisible()


def test_it_stays_under_the_pointer(qtbot: QtBot, room: QWidget) -> None:
    held, other = Toast(room, SHORT_MS), Toast(room, 3 * SHORT_MS)
    held.show_message("Held")
    other.show_message("Other")
    at = QPointF(1, 1)
    QApplication.sendEvent(held, QEnterEvent(at, at, at))
    qtbot.waitUntil(lambda: not other.isVisible())  # which has the longer time
    assert held.isVisible()
    QApplication.sendEvent(held, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not held.isVisible())


def test_it_stays_while_its_button_has_the_focus(qtbot: QtBot, room: QWidget) -> None:
    held, other = Toast(room, SHORT_MS), Toast(room, 3 * SHORT_MS)
    held.show_message("Held", "Open folder", lambda: None)
    other.show_message("Other")
    held.button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: not other.isVisible())
    assert held.isVisible()
    held.button.clearFocus()
    qtbot.waitUntil(lambda: not held.isVisible())


def pixels(widget: QWidget) -> NDArray[np.int64]:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].astype(int)


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_both_themes(qapp: QApplication, room: QWidget, mode: theme.Mode) -> None:
    look = theme.apply_theme(qapp, mode)
    toast = Toast(room)
    toast.show_message(NAME, "Open folder", lambda: None)

    def share(colour: str) -> float:
        c = QColor(colour)
        far = np.abs(pixels(toast) - [c.red(), c.green(), c.blue()]).sum(axis=2)
        return float((far < 40).mean())

    assert share(look.raised) > 0.6
    assert share(look.text) > 0.005
    assert share(look.accent) > 0.002
    theme.apply_theme(qapp, "dark")
