"""Curves of training runs: noisy values are smoothed, ticks are whole epochs."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFontMetricsF
from pytestqt.qtbot import QtBot

from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme


def test_noisy_values_are_shown_as_their_running_mean(qtbot: QtBot) -> None:
    draw = np.random.default_rng(0)
    x = np.linspace(0, 10, 401)
    y = 2 - 0.1 * x + draw.normal(0, 0.3, len(x))
    loss, rate = Curve("loss", x, y, is_noisy=True), Curve("rate", x, y)
    smoothed = loss.smoothed()
    assert smoothed[200] == pytest.approx(y[195:206].mean())  # the fortieth part around it
    assert smoothed[0] == pytest.approx(y[:6].mean())  # at the ends, what there is of it
    assert np.array_equal(rate.smoothed(), y)
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.show_curves([loss, rate])
    assert plot.legend_values(at=5.0) == [
        ("loss", f"{smoothed[200]:.3f}"),
        ("rate", f"{y[200]:.3f}"),
    ]
    drawn = [
        len(item.getData()[0])
        for item in plot.plot.listDataItems()
        if item.getData()[0] is not None
    ]
    assert drawn == [401, 401, 401]  # single values and mean of the one, the other unchanged


def test_a_curve_of_one_value(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.show_curves([Curve("loss", np.array([1.0]), np.array([0.5]), is_noisy=True)])
    assert plot.legend_values() == [("loss", "0.500")]


@pytest.mark.parametrize(("most", "whole"), [(3.0, True), (40.0, True), (0.4, False)])
def test_ticks_are_whole_epochs_where_there_is_more_than_one(
    qtbot: QtBot, most: float, whole: bool
) -> None:
    plot = CurvePlot("Accuracy", "", "{:.1f} %")
    qtbot.addWidget(plot)
    epoch_axis, value_axis = plot.plot.getAxis("bottom"), plot.plot.getAxis("left")
    assert epoch_axis.labelText == "epoch"
    ticks = [value for _, values in epoch_axis.tickValues(0.0, most, 400) for value in values]
    assert len(ticks) > 1
    assert all(value == int(value) for value in ticks) == whole
    assert value_axis.tickStrings([20.0, 40.0], 1, 20) == ["20\u00a0%", "40\u00a0%"]


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_no_label_of_an_empty_plot_is_cut_off(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    axis = plot.plot.getAxis("left")
    qtbot.waitUntil(lambda: axis.rect().height() > 50)
    half = QFontMetricsF(axis.style["tickFont"]).height() / 2
    assert axis.mapRectToScene(axis.rect()).top() >= half


def test_the_legend_has_the_values_of_the_marked_epoch(qtbot: QtBot) -> None:
    plot = CurvePlot("Recall", "", "{:.0f} %")
    qtbot.addWidget(plot)
    x = np.array([0.0, 1.0, 2.0])
    sad = Curve("Sad", x, np.array([10.0, 20.0, 30.0]), expression="sad")
    plot.show_curves([sad, Curve("Happy", x, np.array([40.0, 50.0, 60.0]), expression="happy")])
    plot.mark_epoch(1)
    assert plot.plot.accessibleDescription() == "Sad 20 %, Happy 50 %"
    assert plot.title.text() == "Recall · epoch 1"
    for index, name in enumerate(("sad", "happy")):
        colour = QColor(theme.current().expression(name)).name()
        assert plot._line_style(index)[0] == colour
        assert f"color:{colour}" in plot.legend.text()


def test_the_first_epoch_has_plain_numbers(qtbot: QtBot) -> None:
    """Its fractions would else be labelled in thousandths, "(x0.001)"."""
    plot = CurvePlot("Loss", "")
    qtbot.addWidget(plot)
    plot.show_curves([Curve("loss", np.array([0.001, 0.004]), np.array([0.002, 0.003]))])
    plot.resize(400, 300)
    plot.grab()
    for name in ("bottom", "left"):
        axis = plot.plot.getAxis(name)
        assert axis.autoSIPrefixScale == 1
        assert "x0.001" not in axis.labelString()


def test_validation_is_drawn_over_a_curve_that_coincides(qtbot: QtBot) -> None:
    """Of balanced data the mean class accuracy is the accuracy: the starred curve is on top."""
    x, y = np.arange(1.0, 6), np.full(5, 50.0)
    plot = CurvePlot("Accuracy", "")
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show_curves(
        [
            Curve("validation", x, y, has_markers=True, best_at=1.0),
            Curve("mean class", x, y, has_markers=True),
        ]
    )
    picture = plot.grab().toImage()
    colours = [
        QColor(plot._line_style(index)[0]).rgb()
        for index in (0, 1)  # of validation, mean class
    ]
    shown = [
        picture.pixel(column, row)
        for column in range(picture.width())
        for row in range(picture.height() // 3, picture.height())  # below the legend
    ]
    assert shown.count(colours[0]) > 20
    assert shown.count(colours[1]) == 0
