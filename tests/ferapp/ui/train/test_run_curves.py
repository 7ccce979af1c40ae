"""Curves of training runs: single batches scatter, their running mean is what is read."""

import numpy as np
import pytest
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot

from ferapp.ui.train.run_curves import Curve, CurvePlot


def test_scattered_values_are_read_as_their_running_mean(qtbot: QtBot) -> None:
    draw = np.random.default_rng(0)
    x = np.linspace(0, 10, 401)
    y = 2 - 0.1 * x + draw.normal(0, 0.3, len(x))
    loss, rate = Curve("loss", x, y, scattered=True), Curve("rate", x, y)
    means = loss.means()
    assert means[200] == pytest.approx(y[195:206].mean())  # the fortieth part around it
    assert means[0] == pytest.approx(y[:6].mean())  # at the ends, what there is of it
    assert np.array_equal(rate.means(), y)
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.show_curves([loss, rate])
    assert plot.legend_words(at=5.0) == [("loss", f"{means[200]:.3f}"), ("rate", f"{y[200]:.3f}")]
    drawn = [
        len(item.getData()[0])
        for item in plot.plot.listDataItems()
        if item.getData()[0] is not None
    ]
    assert drawn == [401, 401, 401]  # singles and mean of the one, the other as it is


def test_a_curve_of_one_value(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.show_curves([Curve("loss", np.array([1.0]), np.array([0.5]), scattered=True)])
    assert plot.legend_words() == [("loss", "0.500")]


@pytest.mark.parametrize(("most", "whole"), [(3.0, True), (40.0, True), (0.4, False)])
def test_epochs_are_whole_numbers_where_there_are_some(
    qtbot: QtBot, most: float, whole: bool
) -> None:
    plot = CurvePlot("Accuracy", "", "{:.1f} %")
    qtbot.addWidget(plot)
    across, up = plot.plot.getAxis("bottom"), plot.plot.getAxis("left")
    assert across.labelText == "epoch"
    ticks = [value for _, values in across.tickValues(0.0, most, 400) for value in values]
    assert len(ticks) > 1
    assert all(value == int(value) for value in ticks) == whole
    assert up.tickStrings([20.0, 40.0], 1, 20) == ["20\u00a0%", "40\u00a0%"]


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_no_label_of_an_empty_plot_is_cut(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    up = plot.plot.getAxis("left")
    qtbot.waitUntil(lambda: up.rect().height() > 50)
    half = QFontMetricsF(up.style["tickFont"]).height() / 2
    assert up.mapRectToScene(up.rect()).top() >= half
