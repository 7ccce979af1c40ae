"""Several samples of the grid are selected as in a text: line by line, with mouse and keyboard."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.inspect.samples.sample_delegate import cell_size
from ferapp.ui.inspect.samples.sample_grid import SampleGrid
from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.inspect_bench import small_opened

NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def filled(grid: SampleGrid, count: int, columns: int) -> SampleGrid:
    opened = small_opened("small", count)
    grid.samples.open(opened.evaluation, opened.read_picture, {})
    grid.resize(columns * cell_size().width() + 40, 700)
    grid.show()
    grid.show_rows(np.arange(count)[::-1].copy())  # so that rows are not positions
    assert grid.samples.columnCount() == columns
    return grid


@pytest.fixture
def grid(qtbot: QtBot, qapp: QApplication) -> Iterator[SampleGrid]:
    apply_theme(qapp, "dark")
    grid = SampleGrid(selects_many=True)
    qtbot.addWidget(grid)
    yield filled(grid, 23, 4)
    grid.samples.thumbnails.close()


def click(qtbot: QtBot, grid: SampleGrid, position: int, modifier: Qt.KeyboardModifier) -> None:
    place = grid.visualRect(grid.samples.index_of(position)).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def positions(grid: SampleGrid) -> list[int]:
    return [22 - row for row in grid.selected_rows().tolist()]


def test_shift_selects_in_the_order_of_reading_and_ctrl_one_more(
    grid: SampleGrid, qtbot: QtBot
) -> None:
    click(qtbot, grid, 2, NONE)
    click(qtbot, grid, 9, SHIFT)
    assert positions(grid) == list(range(2, 10))  # not a rectangle of columns
    click(qtbot, grid, 5, CTRL)
    click(qtbot, grid, 15, CTRL)
    assert positions(grid) == [2, 3, 4, 6, 7, 8, 9, 15]
    click(qtbot, grid, 10, NONE)
    click(qtbot, grid, 7, SHIFT)  # backwards
    assert positions(grid) == [7, 8, 9, 10]


def test_by_keyboard(grid: SampleGrid, qtbot: QtBot) -> None:
    click(qtbot, grid, 3, NONE)
    for _ in range(2):
        qtbot.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    assert positions(grid) == [3, 4, 5]  # on to the next line
    qtbot.keyClick(grid, Qt.Key.Key_Down, SHIFT)
    assert positions(grid) == [3, 4, 5, 6, 7, 8, 9]
    qtbot.keyClick(grid, Qt.Key.Key_A, CTRL)
    assert positions(grid) == list(range(23))
    qtbot.keyClick(grid, Qt.Key.Key_Escape)
    assert positions(grid) == [9]
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    assert positions(grid) == [8]


def test_a_selection_survives_another_number_of_columns(grid: SampleGrid) -> None:
    grid.select_positions(np.array([1, 2, 6, 22]))
    grid.resize(6 * cell_size().width() + 40, 700)
    assert grid.samples.columnCount() == 6
    assert positions(grid) == [1, 2, 6, 22]


def test_letters_are_keys_in_either_case(grid: SampleGrid, qtbot: QtBot) -> None:
    keys = list[str]()
    grid.key_typed.connect(keys.append)
    qtbot.keyClick(grid, Qt.Key.Key_F, SHIFT)
    qtbot.keyClick(grid, Qt.Key.Key_N)
    qtbot.keyClick(grid, Qt.Key.Key_U, CTRL)  # with Ctrl it is another command
    assert keys == ["f", "n"]


def test_a_grid_that_selects_one_keeps_to_it(qtbot: QtBot, qapp: QApplication) -> None:
    grid = SampleGrid()
    qtbot.addWidget(grid)
    filled(grid, 23, 4)
    click(qtbot, grid, 2, NONE)
    click(qtbot, grid, 9, SHIFT)
    qtbot.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    assert len(grid.selected_rows()) == 1
    grid.samples.thumbnails.close()


def test_selecting_thirty_thousand_takes_no_time(qtbot: QtBot, qapp: QApplication) -> None:
    grid = SampleGrid(selects_many=True)
    qtbot.addWidget(grid)
    filled(grid, 30_000, 4)
    grid.viewport().repaint()
    begin = time.thread_time()
    qtbot.keyClick(grid, Qt.Key.Key_A, CTRL)
    qapp.processEvents()
    assert time.thread_time() - begin < 0.05  # of this thread: others may be busy
    assert len(grid.selected_rows()) == 30_000
    grid.samples.thumbnails.close()
