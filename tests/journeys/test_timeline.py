"""The session timeline in the real window: a demo clip plays, is read, sought in and measured."""

import csv
import io
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.overlays.label_text import face_label
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.timeline.strip import timeline_export
from ferapp.vision.types import Analysis

Y = 60  # px: among the curves
WAIT = 120_000  # ms; the model loads meanwhile


def with_the_demo_clip(
    monkeypatch: pytest.MonkeyPatch, watch: Callable[[MainWindow], None]
) -> None:
    """Call `watch` with the window of `ferapp --source demo`, which closes afterwards."""

    def guarded() -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        try:
            watch(next(window for window in windows if window.isVisible()))
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)
    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", "demo"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def play(qtbot: QtBot, window: MainWindow, seconds: float) -> dict[float, Analysis]:
    """Play the clip with a model for so long, and pause; the analyses by their place in it."""
    shown: dict[float, Analysis] = {}
    page = window.live_page
    add = page.history.add

    def note(analysis: Analysis) -> None:
        add(analysis)
        if analysis.frame.position_s is not None:
            shown[analysis.frame.position_s] = analysis

    page.panel.plot = note  # type: ignore[method-assign]

    def analysed() -> list[float]:
        return [t for t, a in shown.items() if a.selected_face and a.selected_face.prediction]

    qtbot.waitUntil(lambda: len(analysed()) > 2, timeout=WAIT)
    begin = min(analysed())
    qtbot.waitUntil(lambda: max(analysed()) > begin + seconds, timeout=WAIT)
    window.actions_by_id["freeze"].trigger()
    qtbot.waitUntil(lambda: page.status.rates.analysis_fps == 0, timeout=WAIT)
    return shown


def x_of(strip: SessionTimeline, time_s: float) -> QPoint:
    return QPoint(round(strip.layout_now().x_of(time_s)), Y)


def drag(strip: SessionTimeline, start: float, end: float) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(strip, left, none, x_of(strip, start))
    for time_s in (0.5 * (start + end), end):
        QTest.mouseMove(strip, x_of(strip, time_s))
    QTest.mouseRelease(strip, left, none, x_of(strip, end))


def test_pointing_reads_what_was_analysed_then_and_a_click_goes_there(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(window: MainWindow) -> None:
        page = window.live_page
        strip = page.timeline.strip
        shown = play(qtbot, window, 2.0)
        times = sorted(t for t, a in shown.items() if a.selected_face)
        earlier = times[len(times) // 2]
        QTest.mouseMove(strip, x_of(strip, earlier))
        reading = strip.reading
        assert reading is not None
        face = shown[reading.time_s].selected_face
        assert face is not None
        assert face.prediction is not None
        assert abs(reading.time_s - earlier) < 0.3
        np.testing.assert_array_equal(reading.smoothed, face.prediction.smoothed)
        assert reading.thumbnail
        assert page.timeline.reading_card.isVisible()

        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=x_of(strip, earlier))
        qtbot.waitUntil(lambda: abs((page.history.cursor_s or 99) - earlier) < 0.3, timeout=WAIT)
        picture = page.view.analysis
        assert picture is not None
        assert picture.frame.position_s == page.history.cursor_s
        there = picture.selected_face
        assert there is not None
        assert there.prediction is not None
        assert page.panel.label.text() == face_label(there.prediction)
        rows = page.history.last(20)  # what the plot beside the picture draws
        np.testing.assert_array_equal(rows.smoothed[-1], there.prediction.smoothed)
        assert rows.times[-1] == 0

    with_the_demo_clip(monkeypatch, watch)


def test_a_dragged_interval_is_measured_and_copied(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(window: MainWindow) -> None:
        page = window.live_page
        strip, card = page.timeline.strip, page.timeline.interval_card
        play(qtbot, window, 2.0)
        series = page.history.series(page.history.selected)
        assert series is not None
        every = series.rows(0, 1e9)
        known = every.times[np.isfinite(every.smoothed).all(axis=1)]
        drag(strip, float(known[0]) + 0.3, float(known[-1]) - 0.3)
        assert strip.interval is not None
        assert card.isVisible()
        start, end = strip.interval
        inside = (every.times >= start) & (every.times <= end)
        inside &= np.isfinite(every.smoothed).all(axis=1)
        values, times, stretch = (a[inside] for a in (every.smoothed, every.times, every.stretch))
        steps = np.append(np.where(np.diff(stretch) == 0, np.diff(times), 0), 0)
        timeline_export.copy(strip, ".csv")
        rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
        assert [row["expression"] for row in rows] == list(page.history.classes)
        for i, row in enumerate(rows):
            leads = values.argmax(axis=1) == i
            assert float(row["mean"]) == pytest.approx(values[:, i].mean(), abs=1e-4)
            assert float(row["peak"]) == pytest.approx(values[:, i].max(), abs=1e-4)
            assert float(row["duration_s"]) == pytest.approx(steps[leads].sum(), abs=1e-3)
            if leads.any():
                assert float(row["onset_s"]) == pytest.approx(times[leads][0], abs=1e-3)
            else:
                assert row["onset_s"] == ""
        assert timeline_export.figure(strip).svg().startswith(b"<?xml")
        assert not timeline_export.figure(strip).picture().isNull()
        window.actions_by_id["timeline"].trigger()
        assert not strip.isVisible()

    with_the_demo_clip(monkeypatch, watch)
