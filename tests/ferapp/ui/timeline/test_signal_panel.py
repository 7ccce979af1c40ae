"""The signal panel: its curves, values and texts."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from ferapp.ui.shell.settings import SIGNAL_GROUPS, STRONGEST, SettingsStore
from ferapp.ui.timeline.signal_panel import SignalPanel, strongest, value_text
from ferapp.vision.signals import COLUMNS, GROUPS, SIGNALS
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

YAW, LEFT_EYE = COLUMNS.index("yaw_deg"), COLUMNS.index("eye_left")


def signals(**values: float) -> np.ndarray:
    found = np.zeros(len(SIGNALS), np.float32)
    for name, value in values.items():
        found[COLUMNS.index(name)] = value
    return found


def with_signals(index: int, face_id: int = 0, **values: float) -> Analysis:
    return analysis(replace(face(face_id=face_id), signals=signals(**values)), index=index)


@pytest.fixture
def panel(bench: Bench) -> SignalPanel:
    """The visible panel, opened by its key."""
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_G)
    return bench.window.live_page.panel.signals


def test_signals_are_off_at_first_and_the_choice_is_remembered(bench: Bench) -> None:
    panel = bench.window.live_page.panel.signals
    bench.show(analysis(face()))
    assert not panel.isVisible()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_G)
    assert panel.isVisible()
    choose(panel, "Eyes")
    bench.window.store.save()
    kept = SettingsStore(bench.window.store.path).now
    assert (kept.signals, kept.signal_group) == (True, "Eyes")


def choose(panel: SignalPanel, name: str) -> None:
    index = panel.group.findData(name)
    panel.group.setCurrentIndex(index)
    panel.group.activated.emit(index)


def test_curves_are_the_signals(bench: Bench, panel: SignalPanel) -> None:
    for index in range(3):
        bench.show(with_signals(index, yaw_deg=10 * index, pitch_deg=-5, roll_deg=index))
    bench.qtbot.waitUntil(lambda: panel.cells.summary() == "Yaw +20°, Pitch −5°, Roll +2°")
    for curve, expected in zip(
        panel.plot.curves, ([0, 10, 20], [-5, -5, -5], [0, 1, 2]), strict=False
    ):
        assert curve.isVisible()
        times, values = curve.getData()
        np.testing.assert_allclose(values, expected)
        np.testing.assert_allclose(times, [-2 / 30, -1 / 30, 0], atol=1e-6)
    assert not panel.plot.curves[3].isVisible()
    page = bench.window.live_page
    assert (
        page.panel.probability_plot.viewRange()[0] == panel.plot.viewRange()[0]
    )  # one axis of time


def test_another_group_has_a_past_too(bench: Bench, panel: SignalPanel) -> None:
    for index in range(3):
        bench.show(with_signals(index, eye_left=0.1 * index, eye_right=0.3))
    choose(panel, "Eyes")
    bench.qtbot.waitUntil(lambda: panel.cells.summary() == "Left eye 0.20, Right eye 0.30")
    np.testing.assert_allclose(panel.plot.curves[0].getData()[1], [0, 0.1, 0.2], atol=1e-3)


def test_values_are_those_of_the_selected_face(bench: Bench, panel: SignalPanel) -> None:
    one = replace(face((80, 120), 40), signals=signals(yaw_deg=30))
    two = replace(face((240, 120), 30, face_id=1), signals=signals(yaw_deg=-15))
    bench.show(analysis(one, two))
    bench.qtbot.waitUntil(lambda: panel.cells.summary().startswith("Yaw +30°"))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_2)
    bench.qtbot.waitUntil(lambda: panel.cells.summary().startswith("Yaw −15°"))
    bench.show(analysis(one, two, index=1))
    values = panel.plot.history.last(20).signals[:, YAW]
    np.testing.assert_allclose(values, [-15, -15])  # its own past, too


def test_no_face_is_a_gap_and_a_dash(bench: Bench, panel: SignalPanel) -> None:
    bench.show(with_signals(0, yaw_deg=3))
    bench.show(analysis(index=1))
    bench.qtbot.waitUntil(lambda: panel.cells.summary() == "Yaw –, Pitch –, Roll –")
    assert np.isnan(panel.plot.history.last(20).signals[-1]).all()


def test_a_hidden_plot_is_not_drawn(bench: Bench) -> None:
    strip = bench.window.live_page.panel.signals.plot
    bench.show(with_signals(0, yaw_deg=3))
    headline = bench.window.live_page.panel.label
    bench.qtbot.waitUntil(lambda: headline.text() == "Happy 87\u00a0%")
    assert strip.curves[0].getData()[0].size == 0
    assert strip.history.last(20).signals[-1, YAW] == 3  # but noted


def test_the_strongest_units_are_those_that_moved_most(bench: Bench, panel: SignalPanel) -> None:
    choose(panel, STRONGEST)
    bench.show(with_signals(0, au12=0.9, au06=0.1, au45=0.7, au26=0.4, au04=0.3, yaw_deg=50))
    bench.qtbot.waitUntil(lambda: "AU12 0.90" in panel.cells.summary())
    assert panel.cells.summary() == "AU12 0.90, AU45 0.70, AU4 0.30, AU26 0.40"
    bench.show(with_signals(1, au12=0.0, au15=0.8))  # AU12 was strong a moment ago
    bench.qtbot.waitUntil(lambda: "AU15" in panel.cells.summary())
    assert panel.cells.summary() == "AU12 0.00, AU45 0.00, AU15 0.80, AU26 0.00"


def test_a_slightly_stronger_unit_does_not_displace_another() -> None:
    before = strongest(signals(au01=0.5, au02=0.4, au04=0.3, au05=0.2))
    assert strongest(signals(au01=0.5, au02=0.4, au04=0.3, au05=0.2, au07=0.25), before) == before


@pytest.mark.parametrize("group", SIGNAL_GROUPS)
def test_every_value_has_a_tip(bench: Bench, panel: SignalPanel, group: str) -> None:
    choose(panel, group)
    bench.show(with_signals(0, au12=0.5))

    def shown() -> str:
        told = signals(au12=0.5)
        return ", ".join(f"{SIGNALS[i].name} {value_text(i, told[i])}" for i in panel.plot.shown)

    bench.qtbot.waitUntil(lambda: panel.cells.summary() == shown())
    for place, index in enumerate(panel.plot.shown):
        cell = panel.cells.cell(place)
        tip = panel.cells.tip(cell.center().x())
        assert tip.startswith(
            f"{SIGNALS[index].name} {value_text(index, signals(au12=0.5)[index])}"
        )
        assert SIGNALS[index].meaning in tip
        assert SIGNALS[index].meaning in panel.plot.toolTip()
        assert "MediaPipe" in tip or "Soukupova" in tip  # its source


def test_meanings_include_signs_units_and_names() -> None:
    def meaning(column: str) -> str:
        return SIGNALS[COLUMNS.index(column)].meaning

    assert "positive is to the person's own left" in meaning("yaw_deg")
    assert "Degrees" in meaning("pitch_deg")
    assert "negative is down" in meaning("pitch_deg")
    assert "AU12, lip corner puller" in meaning("au12")
    assert "not the intensity" in meaning("au12")


def test_values_as_text() -> None:
    assert value_text(YAW, -12.4) == "−12°"
    assert value_text(YAW, 0.3) == "0°"
    assert value_text(LEFT_EYE, 0.314) == "0.31"
    assert value_text(LEFT_EYE, float("nan")) == "–"


def test_all_curves_of_a_group_share_an_axis_and_have_different_colours() -> None:
    from ferapp.ui.widgets.theme import DARK, LIGHT

    for indices in GROUPS.values():
        assert len({SIGNALS[i].extent for i in indices}) == 1
        assert len(indices) <= len(DARK.series) == len(LIGHT.series)
