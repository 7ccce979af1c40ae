"""The ring of the last seconds, and what the strip puts into it."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.live.status import Playback
from ferapp.ui.timeline.history import Traces
from ferapp.ui.timeline.probability_plot import ProbabilityStrip
from ferapp.ui.timeline.signal_panel import SignalStrip
from ferapp.ui.timeline.time_plot import SECONDS, TimeStrip
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench


def test_the_ring_forgets_the_oldest() -> None:
    traces = Traces(2, capacity=4)
    for i in range(7):
        traces.push(float(i), np.array([i, 0], np.float32), np.array([0, i], np.float32))
    times, smoothed, raw = traces.last(100)
    np.testing.assert_array_equal(times, [-3, -2, -1, 0])
    np.testing.assert_array_equal(smoothed[:, 0], [3, 4, 5, 6])
    np.testing.assert_array_equal(raw[:, 1], [3, 4, 5, 6])


def test_only_the_last_seconds() -> None:
    traces = Traces(1, capacity=100)
    for i in range(50):
        traces.push(float(i), np.zeros(1, np.float32), np.zeros(1, np.float32))
    assert len(traces.last(20)[0]) == 21


def test_a_clock_that_goes_back_begins_anew() -> None:
    traces = Traces(1, capacity=100)
    for time in (50.0, 51.0, 3.0):
        traces.push(time, np.zeros(1, np.float32), np.zeros(1, np.float32))
    np.testing.assert_array_equal(traces.last(SECONDS)[0], [0.0])


@pytest.fixture
def strip(qtbot: QtBot) -> ProbabilityStrip:
    strip = ProbabilityStrip()
    qtbot.addWidget(strip)
    return strip


def test_no_face_is_a_gap(strip: ProbabilityStrip) -> None:
    for index in range(3):
        strip.push(analysis(*([] if index == 1 else [face()]), index=index))
    _, smoothed, raw = strip.traces.last(SECONDS)
    np.testing.assert_array_equal(np.isnan(smoothed).all(axis=1), [False, True, False])
    np.testing.assert_array_equal(np.isnan(raw).any(axis=1), [False, True, False])
    assert smoothed[0, 3] == np.float32(0.87)


def test_another_face_begins_after_a_gap(strip: ProbabilityStrip) -> None:
    strip.push(analysis(face(face_id=1), index=0))
    strip.push(analysis(face(face_id=2), index=1))
    _, smoothed, _ = strip.traces.last(SECONDS)
    np.testing.assert_array_equal(np.isnan(smoothed[:, 0]), [False, True, False])


def test_without_a_model_there_is_nothing_to_draw(strip: ProbabilityStrip) -> None:
    strip.push(analysis(face(), model=False))
    assert np.isnan(strip.traces.last(SECONDS)[1]).all()


def test_a_hidden_strip_is_not_drawn(strip: ProbabilityStrip, qtbot: QtBot) -> None:
    strip.push(analysis(face()))
    strip.redraw()
    assert len(strip.curves[3].getData()[0]) == 0
    with qtbot.waitExposed(strip):
        strip.show()
    strip.redraw()
    assert strip.curves[3].getData()[1][-1] == pytest.approx(0.87)


def played(index: int, since: float = 0.0, source: str = "a.mp4", **changes: object) -> Analysis:
    """A happy face in a picture of `source`, which plays without a break `since` then."""
    made = analysis(face(), index=index)
    frame = replace(made.frame, source=source, since=since, **changes)  # type: ignore[arg-type]
    return replace(made, frame=frame)


def gaps(strip: TimeStrip) -> list[bool]:
    return list(np.isnan(strip.traces.last(SECONDS)[1][:, 0]))


@pytest.mark.parametrize("kind", [ProbabilityStrip, SignalStrip])
def test_what_plays_on_after_a_break_begins_after_a_gap(
    kind: type[ProbabilityStrip | SignalStrip], qtbot: QtBot
) -> None:
    strip = kind()
    qtbot.addWidget(strip)
    shown = [played(0), played(1), played(9, since=2.0), played(10, since=2.0)]
    for each in shown:
        each = replace(each, faces=(replace(face(), signals=np.zeros(len(SIGNALS), np.float32)),))
        strip.push(each)
    assert gaps(strip) == [False, False, True, False, False]
    strip.break_off()
    strip.push(replace(shown[-1], faces=each.faces))
    assert gaps(strip) == [False, False, True, False, False, True, False]
    strip.push(replace(played(11, since=2.0, source="b.mp4"), faces=each.faces))
    assert gaps(strip) == [False]  # another source begins anew


def test_while_a_file_is_held_the_plots_stand_still(bench: Bench) -> None:
    """Neither what is looked at again nor what is sought adds to them."""
    bench.engine.change_source(playback=Playback(60.0))
    page = bench.window.live_page
    bench.qtbot.waitUntil(page.play_bar.isVisible)
    strips = (page.panel.strip, page.panel.signals.strip)
    for index in range(3):
        bench.show(played(index))
    before = [strip.traces.last(SECONDS)[0].tolist() for strip in strips]
    assert [len(times) for times in before] == [3, 3]
    page.play_bar.pause.click()
    bench.show(played(200, again=True))  # another part is hidden, say
    bench.show(played(300, since=9.0))
    assert [strip.traces.last(SECONDS)[0].tolist() for strip in strips] == before
    page.play_bar.pause.click()
    bench.show(played(310, since=10.0))
    assert gaps(page.panel.strip) == [False, False, False, True, False]


def test_a_camera_that_was_frozen_goes_on_after_a_gap(bench: Bench) -> None:
    freeze = bench.window.actions_by_id["freeze"]
    bench.show(played(0, source="camera:One"))
    freeze.trigger()
    freeze.trigger()
    bench.show(played(60, source="camera:One"))
    assert gaps(bench.window.live_page.panel.strip) == [False, True, False]


def test_nothing_is_known_of_the_time_on_another_page(bench: Bench) -> None:
    bench.show(played(0))
    bench.window._page_changed()
    bench.show(played(60))
    assert gaps(bench.window.live_page.panel.strip) == [False, True, False]
