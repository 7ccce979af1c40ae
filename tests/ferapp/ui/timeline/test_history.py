"""The ring buffer of the last seconds, and what the plots append to it."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.live.status import Playback
from ferapp.ui.timeline.history import History
from ferapp.ui.timeline.probability_plot import ProbabilityPlot
from ferapp.ui.timeline.signal_panel import SignalPlot
from ferapp.ui.timeline.time_plot import SECONDS, TimePlot
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench


def test_the_ring_drops_the_oldest() -> None:
    history = History(2, capacity=4)
    for i in range(7):
        history.append(float(i), np.array([i, 0], np.float32), np.array([0, i], np.float32))
    times, smoothed, raw = history.last(100)
    np.testing.assert_array_equal(times, [-3, -2, -1, 0])
    np.testing.assert_array_equal(smoothed[:, 0], [3, 4, 5, 6])
    np.testing.assert_array_equal(raw[:, 1], [3, 4, 5, 6])


def test_only_the_last_seconds_are_returned() -> None:
    history = History(1, capacity=100)
    for i in range(50):
        history.append(float(i), np.zeros(1, np.float32), np.zeros(1, np.float32))
    assert len(history.last(20)[0]) == 21


@pytest.fixture
def plot(qtbot: QtBot) -> ProbabilityPlot:
    plot = ProbabilityPlot()
    qtbot.addWidget(plot)
    return plot


def test_no_face_is_a_gap(plot: ProbabilityPlot) -> None:
    for index in range(3):
        plot.add(analysis(*([] if index == 1 else [face()]), index=index))
    _, smoothed, raw = plot.history.last(SECONDS)
    np.testing.assert_array_equal(np.isnan(smoothed).all(axis=1), [False, True, False])
    np.testing.assert_array_equal(np.isnan(raw).any(axis=1), [False, True, False])
    assert smoothed[0, 3] == np.float32(0.87)


def test_another_face_begins_after_a_gap(plot: ProbabilityPlot) -> None:
    plot.add(analysis(face(face_id=1), index=0))
    plot.add(analysis(face(face_id=2), index=1))
    _, smoothed, _ = plot.history.last(SECONDS)
    np.testing.assert_array_equal(np.isnan(smoothed[:, 0]), [False, True, False])


def test_without_a_model_there_is_nothing_to_draw(plot: ProbabilityPlot) -> None:
    plot.add(analysis(face(), model=False))
    assert np.isnan(plot.history.last(SECONDS)[1]).all()


def test_a_hidden_plot_is_not_drawn(plot: ProbabilityPlot, qtbot: QtBot) -> None:
    plot.add(analysis(face()))
    plot.redraw()
    assert len(plot.curves[3].getData()[0]) == 0
    with qtbot.waitExposed(plot):
        plot.show()
    plot.redraw()
    assert plot.curves[3].getData()[1][-1] == pytest.approx(0.87)


def played(index: int, segment: int = 1, source: str = "a.mp4", **changes: object) -> Analysis:
    """A happy face in a frame of `source`."""
    made = analysis(face(), index=index)
    frame = replace(made.frame, source=source, segment=segment, **changes)  # type: ignore[arg-type]
    return replace(made, frame=frame)


def gaps(plot: TimePlot) -> list[bool]:
    return list(np.isnan(plot.history.last(SECONDS)[1][:, 0]))


@pytest.mark.parametrize("kind", [ProbabilityPlot, SignalPlot])
def test_a_new_segment_begins_after_a_gap_and_the_same_one_goes_on(
    kind: type[ProbabilityPlot | SignalPlot], qtbot: QtBot
) -> None:
    plot = kind()
    qtbot.addWidget(plot)
    shown = [played(0), played(1), played(9, segment=2), played(10, segment=2)]
    for each in shown:
        each = replace(each, faces=(replace(face(), signals=np.zeros(len(SIGNALS), np.float32)),))
        plot.add(each)
    assert gaps(plot) == [False, False, True, False, False]
    plot.interrupt()
    plot.add(replace(shown[-1], faces=each.faces))
    assert gaps(plot) == [False, False, True, False, False, True, False]
    plot.add(replace(played(11, segment=2, source="b.mp4"), faces=each.faces))
    assert gaps(plot) == [False]  # another source begins an empty plot


def test_the_plots_stand_still_while_a_file_is_paused(bench: Bench) -> None:
    """Neither repeated analyses nor seeks add to them."""
    bench.engine.change_source(playback=Playback(60.0))
    page = bench.window.live_page
    bench.qtbot.waitUntil(page.play_bar.isVisible)
    plots = (page.panel.probability_plot, page.panel.signals.plot)
    for index in range(3):
        bench.show(played(index))
    before = [plot.history.last(SECONDS)[0].tolist() for plot in plots]
    assert [len(times) for times in before] == [3, 3]
    page.play_bar.pause.click()
    bench.show(played(200, is_repeat=True))  # another part is hidden, say
    bench.show(played(300, segment=3))
    assert [plot.history.last(SECONDS)[0].tolist() for plot in plots] == before
    page.play_bar.pause.click()
    bench.show(played(310, segment=4))
    assert gaps(page.panel.probability_plot) == [False, False, False, True, False]


def test_a_camera_that_was_frozen_goes_on_after_a_gap(bench: Bench) -> None:
    freeze = bench.window.actions_by_id["freeze"]
    bench.show(played(0, source="camera:One"))
    freeze.trigger()
    freeze.trigger()
    bench.show(played(60, source="camera:One"))
    assert gaps(bench.window.live_page.panel.probability_plot) == [False, True, False]


def test_time_on_another_page_is_a_gap(bench: Bench) -> None:
    bench.show(played(0))
    bench.window._page_changed()
    bench.show(played(60))
    assert gaps(bench.window.live_page.panel.probability_plot) == [False, True, False]
