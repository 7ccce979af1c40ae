"""Closing while recording, toasts that go with their source, focus, the smallest window, icon."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from ferapp.app import make_application
from ferapp.ui.recording import recording_controller
from ferapp.ui.widgets.screen_fit import room_on_screen
from tests.support.ui.playing import KEY, RUNNING, calls, key
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """Press the button of that text in the next question; returns the questions."""
    asked: list[str] = []

    def press(box: QMessageBox) -> int:
        asked.append(box.text())
        (button,) = [each for each in box.buttons() if each.text() == text]
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    return asked


def test_closing_while_recording_asks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.engine.change(recording=RUNNING)
    asked = answer(monkeypatch, "Keep recording")
    bench.window.close()
    assert asked == ["A recording is running. Stop it and close?"]
    assert bench.window.isVisible()
    assert calls(bench, "close") == []
    answer(monkeypatch, "Stop and close")
    bench.window.close()
    assert not bench.window.isVisible()
    assert calls(bench, "close") == [None]


def test_a_toast_goes_with_its_source(bench: Bench) -> None:
    toast = bench.window.live_page.live_view.toast
    toast.show_message("Recorded 0:42", "Play")
    key(bench, KEY.Key_D)
    assert calls(bench, "open_source") == ["demo"]
    assert not toast.isVisible()


def test_a_click_on_the_picture_takes_the_focus_from_a_field(bench: Bench) -> None:
    bench.engine.begins = RUNNING
    key(bench, KEY.Key_R)
    note = bench.window.live_page.record_bar.note
    bench.qtbot.waitUntil(note.isVisible)
    key(bench, KEY.Key_E)
    assert note.hasFocus()
    bench.qtbot.mouseClick(bench.window.live_page.view, Qt.MouseButton.LeftButton)
    assert not note.hasFocus()
    focus = QApplication.focusWidget()
    assert focus is not None
    bench.qtbot.keyClick(focus, KEY.Key_Space)  # a key of the window again
    assert bench.window.actions_by_id["freeze"].isChecked()


def test_the_smallest_window_fits_the_screen(bench: Bench) -> None:
    room = room_on_screen(bench.window)
    assert room.width() <= bench.window.screen().availableSize().width()
    assert bench.window.minimumSize() == QSize(800, 560).boundedTo(room)
    bench.window.resize(100, 100)
    assert bench.window.size() == bench.window.minimumSize()


def test_the_window_has_an_icon_of_its_own(bench: Bench) -> None:
    app = make_application("dark")
    assert app.desktopFileName() == "ferapp"
    sizes = bench.window.windowIcon().availableSizes()
    assert max(size.width() for size in sizes) >= 128  # sharp in a taskbar at scale 2


def test_tables_go_to_the_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = tmp_path / "Documents" / "ferapp"
    monkeypatch.setattr(recording_controller, "recordings_folder", lambda: recordings)
    assert recording_controller.tables_folder() == tmp_path / "Documents"
    recordings.mkdir(parents=True)
    assert recording_controller.tables_folder() == recordings
