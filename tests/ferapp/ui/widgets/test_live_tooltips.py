"""An open tooltip follows the value of its widget."""

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from ferapp.ui.widgets.live_tooltips import LiveTooltips

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_an_open_tooltip_is_updated_and_a_closed_one_stays_closed(qtbot: QtBot) -> None:
    window = QWidget()
    label = QLabel("87 %", window)
    label.setToolTip("87 % happy")
    window.resize(200, 100)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    place = label.mapToGlobal(label.rect().center())
    tooltips = LiveTooltips(window)
    tooltips.refresh(place)
    assert not QToolTip.isVisible()  # only Qt opens one, when the pointer rests
    QToolTip.showText(place, label.toolTip(), label)
    qtbot.waitUntil(QToolTip.isVisible)
    assert QApplication.widgetAt(place) is label
    label.setToolTip("31 % happy")
    tooltips.refresh(place)
    assert QToolTip.text() == "31 % happy"
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())
