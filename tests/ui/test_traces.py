"""The ring of the last seconds, and what the strip puts into it."""

import numpy as np
import pytest
from fake_engine import analysis, face
from pytestqt.qtbot import QtBot

from ferapp.ui.strip import SECONDS, ProbabilityStrip
from ferapp.ui.traces import Traces


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
