"""The size of text: of everything at once, of sizes of their own, and back."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QSlider, QWidget
from pytestqt.qtbot import QtBot

from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import SIZES, apply_text_size, fix_width, percent, scaled
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench


@pytest.fixture(autouse=True)
def _usual_size(qapp: QApplication) -> Iterator[None]:
    yield
    apply_text_size(qapp, 100)


def points(widget: QWidget) -> float:
    return widget.font().pointSizeF()


def test_usual_sizes_and_sizes_of_their_own_grow_alike(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply_theme(qapp, "dark")
    parent = QWidget()
    qtbot.addWidget(parent)
    plain, large, bold = (QLabel("x", parent) for _ in range(3))
    large.setFont(theme.sized(large.font(), 2))
    font = bold.font()
    font.setWeight(QFont.Weight.Bold)
    bold.setFont(font)
    parent.show()
    before = [points(label) for label in (plain, large, bold)]
    apply_text_size(qapp, 150)
    assert [points(label) for label in (plain, large, bold)] == pytest.approx(
        [1.5 * size for size in before]
    )
    assert bold.font().bold()
    new = QLabel("later")
    qtbot.addWidget(new)
    new.ensurePolished()
    assert points(new) == pytest.approx(1.5 * before[0])
    apply_text_size(qapp, 100)
    assert [points(label) for label in (plain, large, bold, new)] == pytest.approx(
        [*before, before[0]]
    )


def test_what_is_shown_later_has_the_size_too(qtbot: QtBot, qapp: QApplication) -> None:
    """As a page that nobody has opened yet."""
    theme.apply_theme(qapp, "dark")
    page = QWidget()
    qtbot.addWidget(page)
    plain, large = QLabel("x", page), QLabel("x", page)
    large.setFont(theme.sized(large.font(), 2))
    before = points(plain)
    apply_text_size(qapp, 200)
    page.show()
    assert points(plain) == pytest.approx(2 * before)
    assert points(large) == pytest.approx(4 * before)
    theme.apply_theme(qapp, "light")  # another style sheet
    assert points(large) == pytest.approx(4 * before)


def test_widths_that_suit_the_text_grow_with_it(qtbot: QtBot, qapp: QApplication) -> None:
    label = QLabel("Smoothing")
    qtbot.addWidget(label)
    label.ensurePolished()
    fix_width(label, lambda one: one.fontMetrics().horizontalAdvance(one.text()))
    before = label.width()
    apply_text_size(qapp, 200)
    assert label.width() == pytest.approx(2 * before, rel=0.05)
    assert (percent(), scaled(40)) == (200, 80)


def menu_action(bench: Bench, title: str, text: str) -> QAction:
    (menu,) = [m for m in bench.window.findChildren(QMenu) if m.title() == title]
    return next(a for a in menu.actions() if a.text().startswith(text))


@pytest.mark.parametrize("size", SIZES[1:])
def test_the_window_follows_at_once_and_remembers_it(bench: Bench, size: int) -> None:
    bench.window.resize(1280, 720)
    bench.show(analysis(face()))
    panel = bench.window.live_page.panel
    before = points(panel.label), panel.bars.sizeHint().height(), panel.width()
    menu_action(bench, "Text size", str(size)).trigger()
    assert points(panel.label) == pytest.approx(before[0] * size / 100)
    assert panel.bars.sizeHint().height() > before[1]
    assert panel.width() > before[2]
    assert bench.window.store.now.text_size == size
    assert SettingsStore().now.text_size == 100  # saved a moment later
    bench.qtbot.waitUntil(lambda: SettingsStore().now.text_size == size)


@pytest.mark.parametrize("size", [150, 200])
def test_nothing_is_cut_off_in_larger_text(bench: Bench, size: int) -> None:
    bench.window.resize(1280, 720)
    bench.show(analysis(face()))
    menu_action(bench, "Text size", str(size)).trigger()
    QApplication.processEvents()
    page = bench.window.live_page
    for label in page.findChildren(QLabel):
        if label.isVisible() and label.text() and not label.wordWrap():
            assert label.width() >= label.minimumSizeHint().width(), label.text()
    for chip in page.hide_row.chips.values():
        assert chip.width() >= chip.sizeHint().width()
        assert chip.mapTo(page.panel, chip.rect().topRight()).x() < page.panel.width()
    assert page.view.width() >= 320
    bar = bench.window.tool_bar
    bench.qtbot.waitUntil(lambda: bar.sizeHint().width() <= bar.width())  # the menu is in view
    sliders = page.findChildren(QSlider)
    assert sliders
    for slider in sliders:
        assert slider.width() > 80


def test_the_side_panel_hides_by_key(bench: Bench) -> None:
    page = bench.window.live_page
    width = page.view.width()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F9)
    assert page.panel.isHidden()
    bench.qtbot.waitUntil(lambda: page.view.width() > width + 300)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F9)
    assert page.panel.isVisible()
