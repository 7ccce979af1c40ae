"""The window: keys, dialogs, themes, names for assistive tools, and closing."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QSlider,
    QToolBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ferapp.ui.live.display_controls import Switch
from ferapp.ui.shell.actions import ACTIONS
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.screen_fit import room_on_screen
from ferapp.ui.widgets.toast import Toast
from tests.support.ui.fake_engine import FakeEngine, analysis, face
from tests.support.ui.window_bench import Bench


def test_importing_the_ui_loads_no_heavy_package() -> None:
    code = (
        "import importlib, pkgutil, sys, ferapp.ui\n"
        "for module in pkgutil.walk_packages(ferapp.ui.__path__, 'ferapp.ui.'):\n"
        "    importlib.import_module(module.name)\n"
        "heavy = {'torch', 'torchvision', 'cv2', 'mediapipe'} & set(sys.modules)\n"
        "assert 'ferapp.ui.shell.window' in sys.modules and not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_and_names_are_unique() -> None:
    assert len({record.shortcut for record in ACTIONS}) == len(ACTIONS)
    assert len({record.id for record in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Qt.Key.Key_Space, "freeze"),
        (Qt.Key.Key_L, "landmarks"),
        (Qt.Key.Key_B, "boxes"),
        (Qt.Key.Key_A, "attribution"),
        (Qt.Key.Key_H, "hud"),
        (Qt.Key.Key_F11, "fullscreen"),
    ],
)
def test_keys_switch(bench: Bench, key: Qt.Key, name: str) -> None:
    action = bench.window.actions_by_id[name]
    before = action.isChecked()
    bench.qtbot.keyClick(bench.window, key)
    assert action.isChecked() is not before
    bench.qtbot.keyClick(bench.window, key)
    assert action.isChecked() is before


@pytest.mark.parametrize("name", ["boxes", "landmarks", "attribution"])
def test_switches_and_actions_are_one_state(bench: Bench, name: str) -> None:
    action = bench.window.actions_by_id[name]
    switch = next(s for s in bench.window.findChildren(Switch) if s.text() == action.text())
    assert switch.isChecked()
    assert action.isChecked()
    bench.qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert not action.isChecked()
    action.toggle()
    assert switch.isChecked()


def test_space_presses_a_focused_switch_and_freezes_elsewhere(bench: Bench) -> None:
    freeze = bench.window.actions_by_id["freeze"]
    switch = bench.window.findChildren(Switch)[0]
    switch.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert not switch.isChecked()
    assert not freeze.isChecked()
    bench.window.live_page.sliders.opacity.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(bench.window.live_page.sliders.opacity, Qt.Key.Key_Space)
    assert freeze.isChecked()


def test_sources_by_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_D)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_C)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/clips/a.mp4", ""))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_O)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_O)  # cancelled
    opened = [value for name, value in bench.engine.calls if name == "open_source"]
    assert opened == ["demo", "camera", "/clips/a.mp4"]


def test_a_model_by_key_ends_a_freeze(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/m/new.safetensors", ""))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_M)
    assert bench.engine.calls[-1] == ("load_model", "/m/new.safetensors")
    assert not bench.window.actions_by_id["freeze"].isChecked()


def test_every_control_has_a_name_and_an_explanation(bench: Bench) -> None:
    controls: list[QWidget] = [
        *bench.window.findChildren(QAbstractButton),
        *bench.window.findChildren(QSlider),
    ]
    ours = [c for c in controls if c.objectName() != "qt_toolbar_ext_button"]
    assert len(ours) > 10
    for control in ours:
        if isinstance(control.parent(), Toast):
            continue  # its button has a text when there is something to do
        name = control.text() if isinstance(control, QAbstractButton) else ""
        assert control.accessibleName() or name, control
        assert control.toolTip(), (control, name)


@pytest.mark.parametrize("size", [QSize(960, 640), QSize(1280, 800)])
@pytest.mark.parametrize("look", ["dark", "light"])
def test_nothing_is_cut_off(bench: Bench, size: QSize, look: theme.Mode) -> None:
    theme.apply_theme(bench.app, look)
    bench.window.resize(size)
    bench.show(analysis(face()))
    assert bench.window.size() == size
    page = bench.window.live_page

    def cut_off() -> list[str]:
        labels = [label for label in page.findChildren(QLabel) if label.isVisible()]
        return [one.text() for one in labels if one.width() < one.minimumSizeHint().width()]

    bench.qtbot.waitUntil(lambda: cut_off() == [])  # once the layouts know the new texts
    last = page.sliders.smoothing
    bottom = last.mapTo(page, last.rect().bottomLeft()).y()
    assert bottom < page.height()  # the last control is in view without scrolling


def test_no_button_has_the_focus_at_first(bench: Bench) -> None:
    assert not isinstance(QApplication.focusWidget(), QAbstractButton)
    bench.qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert bench.window.actions_by_id["freeze"].isChecked()


def test_esc_leaves_the_full_screen(bench: Bench) -> None:
    bench.window.help.end_first_steps()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F11)
    assert bench.window.isFullScreen()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert not bench.window.isFullScreen()


def test_the_window_system_may_leave_the_full_screen(bench: Bench) -> None:
    full_screen = bench.window.actions_by_id["fullscreen"]
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F11)
    assert full_screen.isChecked()
    bench.window.showNormal()  # as a window manager's own key does
    assert not full_screen.isChecked()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F11)
    assert bench.window.isFullScreen()
    bench.window.actions_by_id["fullscreen"].trigger()
    assert not bench.window.isFullScreen()


def test_each_page_has_its_key(bench: Bench) -> None:
    window, control = bench.window, Qt.KeyboardModifier.ControlModifier
    train, inspect = QWidget(), QWidget()
    window.add_page("Train", train)
    window.add_page("Inspect", inspect)
    for key, page in (
        (Qt.Key.Key_2, train),
        (Qt.Key.Key_3, inspect),
        (Qt.Key.Key_1, window.live_page),
    ):
        bench.qtbot.keyClick(window, key, control)
        assert page.isVisible()


def test_a_folder_by_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/clips")
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
    assert bench.engine.calls == [("open_source", "/clips")]


@pytest.mark.parametrize("width", [960, 1100, 1280, 1440, 2560])
def test_the_whole_toolbar_is_visible_at_every_width(bench: Bench, width: int) -> None:
    bench.window.add_page("Train", QWidget())
    bench.window.add_page("Inspect", QWidget())
    long = "A very long name of a clip from the mountains.mp4"
    bench.engine.change_source(name=long)
    bench.engine.change_model(name=long, spec="/m/a.safetensors", device=long)
    bench.window.resize(width, 700)
    bench.qtbot.waitUntil(lambda: bench.window.tool_bar.source.text() == long)
    bar = bench.window.tool_bar.source.parentWidget()
    assert isinstance(bar, QToolBar)
    QApplication.processEvents()
    left_out = bar.findChild(QWidget, "qt_toolbar_ext_button")
    assert left_out is None or not left_out.isVisible()
    full_screen = bench.window.actions_by_id["fullscreen"]
    assert (full_screen in bar.actions()) is (width == 2560)
    assert full_screen in bench.window.help.menu.actions()


def test_performance_display_and_geometry_are_remembered(bench: Bench) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_H)
    size = QSize(room_on_screen(bench.window).width(), 700)  # the screen of the tests is small
    bench.window.resize(size)
    bench.qtbot.waitUntil(lambda: SettingsStore().now.hud)  # on the disk before the end
    bench.window.close()
    again = MainWindow(FakeEngine(), SettingsStore())
    bench.qtbot.addWidget(again)
    again.show()
    assert again.size() == size
    assert again.live_page.live_view.hud.isVisible()
    again.close()


@pytest.mark.parametrize("place", ["beyond the screens", "no place", "full screen"])
def test_a_geometry_that_no_screen_shows_is_ignored(qtbot: QtBot, place: str) -> None:
    store = SettingsStore()
    if place == "no place":
        store.change(geometry="zz")
    else:
        other = QWidget()
        qtbot.addWidget(other)
        other.setGeometry(90_000, 90_000, 1000, 700)
        if place == "full screen":
            other.setWindowState(Qt.WindowState.WindowFullScreen)
        store.change(geometry=bytes(other.saveGeometry().data()).hex())
    window = MainWindow(FakeEngine(), store)
    qtbot.addWidget(window)
    window.show()
    assert not window.isFullScreen()
    assert not window.actions_by_id["fullscreen"].isChecked()
    screens = QApplication.screens()
    assert any(s.geometry().intersects(window.geometry()) for s in screens)
    assert window.width() >= window.minimumWidth() > 700
    window.close()


def test_the_page_switcher_appears_with_the_second_page(bench: Bench) -> None:
    def pages() -> list[str]:
        buttons = bench.window.findChildren(QAbstractButton)
        return [b.text() for b in buttons if b.isVisible() and b.text() in ("Live", "Train")]

    assert pages() == []
    train = QWidget()
    bench.window.add_page("Train", train)
    bench.qtbot.waitUntil(lambda: sorted(pages()) == ["Live", "Train"])
    button = next(b for b in bench.window.findChildren(QAbstractButton) if b.text() == "Train")
    bench.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert train.isVisible()
    assert not bench.window.live_page.isVisible()


def test_closing_ends_the_engine_and_restores_collection(qtbot: QtBot) -> None:
    engine = FakeEngine()
    window = MainWindow(engine, SettingsStore())
    qtbot.addWidget(window)
    window.show()
    assert window.windowTitle() == "ferapp"
    assert not gc.isenabled()
    window.close()
    assert engine.calls[-1] == ("close", None)
    assert gc.isenabled()
    calls = engine.status_calls
    engine.give(analysis(face()))
    window.live_page.view.grab()
    qtbot.waitUntil(lambda: True)
    assert engine.status_calls == calls
    assert engine.taken == []


def test_garbage_is_collected_over_the_threshold(bench: Bench) -> None:
    collections = sum(s["collections"] for s in gc.get_stats())
    cycles: list[list[object]] = [[] for _ in range(gc.get_threshold()[0] + 50)]
    assert not gc.isenabled()
    bench.window.garbage_collector.collect()
    assert len(cycles)
    assert sum(s["collections"] for s in gc.get_stats()) > collections


def test_the_theme_menu_restyles_everything_at_once(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    strip = panel.probability_plot
    bench.show(analysis(face()))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    for text, look in (("Light", theme.LIGHT), ("Dark", theme.DARK)):
        next(a for a in bench.window.findChildren(QAction) if a.text() == text).trigger()
        corner = strip.grab().toImage().pixelColor(strip.width() - 2, strip.height() - 2)
        assert corner.name() == look.panel
        bar = panel.bars.grab().toImage()
        colours = {bar.pixelColor(x, y).name() for x in range(bar.width()) for y in range(70, 100)}
        assert look.expressions["happy"] in colours


def test_s_saves_the_picture_and_shows_where(bench: Bench, tmp_path: Path) -> None:
    bench.show(analysis(face()))
    toast = bench.window.live_page.live_view.toast
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_S)
    bench.qtbot.waitUntil(toast.isVisible)
    (picture,) = (tmp_path / "ferapp").glob("*.png")
    assert picture.with_suffix(".json").is_file()
    assert picture.name in toast.label.text()
    assert toast.button.text() == "Open folder"
