"""The probability bars: drawing, description and choice of a class."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.widgets import theme
from tests.support.ui.fake_engine import probabilities
from tests.support.ui.picture import pixels, rgb, share
from trainer.labels import EXPRESSIONS

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


@pytest.fixture
def bars(qtbot: QtBot, qapp: QApplication) -> ProbabilityBars:
    theme.apply_theme(qapp, "dark")
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(352, bars.sizeHint().height())
    return bars


@pytest.fixture
def row(bars: ProbabilityBars) -> Callable[[int], NDArray[np.int64]]:
    """The pixels of the row of a class."""
    height = bars.height() // len(EXPRESSIONS)
    return lambda i: pixels(bars)[i * height : (i + 1) * height]


def extent(row: NDArray[np.int64], colour: str) -> tuple[int, int]:
    """First and last column of the longest run of a colour through the middle of a bar."""
    middle = row[len(row) // 2]
    columns = np.flatnonzero(np.abs(middle - rgb(colour)).sum(axis=1) < 12)
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    longest = max(runs, key=len)
    return int(longest[0]), int(longest[-1])


def test_a_bar_is_as_long_as_its_probability(
    bars: ProbabilityBars, row: Callable[[int], NDArray[np.int64]]
) -> None:
    bars.show_probabilities(EXPRESSIONS, probabilities("happy", 0.5), probabilities("happy", 0.9))
    track = extent(row(SAD), theme.DARK.line)
    bar = extent(row(HAPPY), theme.DARK.expressions["happy"])
    assert bar[1] - bar[0] == pytest.approx((track[1] - bar[0]) / 2, abs=3)


def test_a_click_chooses_the_class(bars: ProbabilityBars, qtbot: QtBot) -> None:
    height = bars.height() // len(EXPRESSIONS)
    with qtbot.waitSignal(bars.class_chosen) as chosen:
        qtbot.mouseClick(
            bars, Qt.MouseButton.LeftButton, pos=QPoint(40, SAD * height + height // 2)
        )
    assert chosen.args == ["sad"]
    with qtbot.assertNotEmitted(bars.class_chosen):
        qtbot.mouseClick(bars, Qt.MouseButton.RightButton, pos=QPoint(40, 5))


def test_only_the_chosen_row_is_marked(
    bars: ProbabilityBars, row: Callable[[int], NDArray[np.int64]]
) -> None:
    values = probabilities("happy", 0.8)
    bars.show_probabilities(EXPRESSIONS, values, values, marked=SAD)
    marked = [share(row(i), theme.DARK.accent) > 0 for i in range(len(EXPRESSIONS))]
    assert marked == [i == SAD for i in range(len(EXPRESSIONS))]
    bars.show_probabilities(EXPRESSIONS, values, values)
    assert share(pixels(bars), theme.DARK.accent) == 0


def test_hidden_parts_show_the_whole_face_in_outline_and_the_change(
    bars: ProbabilityBars, row: Callable[[int], NDArray[np.int64]]
) -> None:
    whole, now = probabilities("happy", 0.92), probabilities("happy", 0.31)
    bars.show_probabilities(EXPRESSIONS, now, now, whole)
    end = extent(row(SAD), theme.DARK.line)[1]
    compared = row(HAPPY)
    bar = extent(compared, theme.DARK.expressions["happy"])
    middle = compared[len(compared) // 2, bar[1] + 5 : end + 1]  # behind bar and tick
    light = bar[1] + 5 + np.flatnonzero(np.abs(middle - rgb(theme.DARK.text)).sum(axis=1) < 120)
    assert len(light) == 1  # the right edge of the outline; it is hollow
    assert light[0] - bar[0] == pytest.approx(0.92 * (end - bar[0]), abs=3)
    assert "whole face 92\u00a0%" in bars.tip_at(HAPPY * len(compared) + 3)


def test_every_row_explains_itself(bars: ProbabilityBars) -> None:
    height = bars.height() // len(EXPRESSIONS)
    assert "add up to 100 %" in bars.tip_at(3)
    bars.show_probabilities(EXPRESSIONS, probabilities("sad", 0.5), probabilities("sad", 0.25))
    tip = bars.tip_at(SAD * height + 3)
    assert tip.startswith("Sad: smoothed 50\u00a0%, this frame 25\u00a0%")
    assert "Click" in tip


def test_the_bars_have_a_description_for_screen_readers(bars: ProbabilityBars) -> None:
    assert bars.summary() == ""
    bars.show_probabilities(EXPRESSIONS, probabilities("sad", 0.52), probabilities("sad", 0.3))
    assert bars.summary().startswith("Angry 8\u00a0%, Disgust 8\u00a0%")
    assert "Sad 52\u00a0%" in bars.summary()
