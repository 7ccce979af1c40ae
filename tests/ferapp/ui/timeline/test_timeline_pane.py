"""The pane of the session timeline: zoom, export, its height, and the table of what plays."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from ferapp.live.status import Playback
from ferapp.recording.stored_table import read_face_table
from ferapp.sources.recorded import MissingPictures, Replay
from ferapp.ui.timeline import session_timeline
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.session_timeline import SessionTimeline
from tests.support.app.tables import FPS, write_table
from tests.support.ui.playing import at
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def strip(bench: Bench) -> SessionTimeline:
    """Ten seconds of a file that plays in the window."""
    bench.engine.change_source(playback=Playback(10.0))
    for tenth in range(0, 100, 25):
        bench.show(at(tenth / 10))
    strip = bench.window.live_page.timeline.strip
    bench.qtbot.waitUntil(lambda: strip.range == (0.0, 10.0))
    return strip


def turn(strip: SessionTimeline, x: float, steps: int, *, shift: bool = False) -> None:
    keys = Qt.KeyboardModifier
    event = QWheelEvent(
        QPointF(x, 60),
        QPointF(strip.mapToGlobal(QPoint(round(x), 60))),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        keys.ShiftModifier if shift else keys.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(strip, event)


def test_the_wheel_zooms_about_the_pointer_and_moves_with_shift(strip: SessionTimeline) -> None:
    x = strip.layout_now().x_of(4.0)
    turn(strip, x, 3)
    start, end = strip.range
    assert end - start == pytest.approx(10 / 1.2**3)
    assert strip.layout_now().x_of(4.0) == pytest.approx(x)  # stays under the pointer
    turn(strip, x, -1, shift=True)
    assert strip.range == (
        pytest.approx(start + 0.1 * (end - start)),
        pytest.approx(end + 0.1 * (end - start)),
    )
    turn(strip, x, -20)
    assert strip.range == (0.0, 10.0)
    turn(strip, x, 99)
    start, end = strip.range
    assert end - start == pytest.approx(session_timeline.LEAST_SPAN_S)


def test_an_interval_is_saved_as_csv(
    bench: Bench, strip: SessionTimeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip.select_interval((2.0, 6.0))
    chosen = "Table (*.csv)", str(tmp_path / "smile")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chosen[1], chosen[0]))
    bench.window.live_page.timeline.export_menu.actions()[-1].trigger()
    (file,) = tmp_path.glob("smile*")
    assert file.suffix == ".csv"
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["expression"] for row in rows] == list(strip.history.classes)
    assert {(row["face"], row["from_s"], row["to_s"]) for row in rows} == {("1", "2.000", "6.000")}
    happy = next(row for row in rows if row["expression"] == "happy")
    assert float(happy["mean"]) == pytest.approx(0.87, abs=0.01)


def test_the_height_is_remembered(bench: Bench) -> None:
    pane, store = bench.window.live_page.timeline, bench.window.store
    handle = pane._splitter.handle(1)
    before = pane.frame.height()
    middle = handle.rect().center()
    left = Qt.MouseButton.LeftButton
    bench.qtbot.mousePress(handle, left, pos=middle)
    bench.qtbot.mouseMove(handle, middle - QPoint(0, 40))
    bench.qtbot.mouseRelease(handle, left, pos=middle - QPoint(0, 40))
    assert pane.frame.height() > before
    assert store.now.timeline_height == pane.frame.height()


def test_a_frame_within_the_same_pixel_paints_nothing(bench: Bench, strip: SessionTimeline) -> None:
    strip.grab()
    painted = strip._session
    bench.show(at(7.501))
    strip.refresh()
    strip.grab()
    assert strip._session is painted
    bench.show(at(7.6))
    strip.refresh()
    strip.grab()
    assert strip._session is not painted


def test_the_whole_table_is_there_at_once_and_again_after_a_new_analysis(
    bench: Bench, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    table = read_face_table(write_table(clip, range(48)))
    history: SessionHistory = bench.window.live_page.history
    replay = Replay("clip.csv", "default", table, is_recording=False)
    shown = at(0.0)
    source = replace(shown.frame, source="clip.csv")
    bench.engine.change_source(uri="clip.csv", replay=replay, playback=Playback(2.0))
    bench.show(replace(shown, frame=source, is_recorded=True))

    def rows() -> int:
        series = history.series(1)
        return series.count(0, 9) if series is not None else 0

    bench.qtbot.waitUntil(lambda: rows() == 48)
    bar = bench.window.live_page.play_bar
    bench.qtbot.waitUntil(bar.recorded.isVisible)
    assert bar.recorded.text() == "From the table"
    assert "clip.csv" in bar.recorded.toolTip()
    here = replace(source, position_s=10.5 / FPS)
    bench.show(replace(shown, frame=here, is_recorded=True))
    assert rows() == 48  # the table has it all
    assert history.cursor_s == 10.5 / FPS
    bench.engine.change_source(replay=replace(replay, is_reanalysed=True))
    bench.qtbot.waitUntil(bar.analyse.isChecked)
    bench.show(replace(shown, frame=replace(source, position_s=10.75 / FPS)))
    assert rows() == 49
    bench.engine.change_source(replay=replay)
    bench.qtbot.waitUntil(lambda: rows() == 48)


def test_missing_pictures_are_located_with_a_button(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferapp.sources.faults import Fault, FaultKind

    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"video")
    table = write_table(clip, range(4))
    found = clip.rename(tmp_path / "found.mp4")
    missing = MissingPictures(f"{clip} is not there any more", "Locate it.", can_locate=True)
    replay = Replay("clip.csv", "default", read_face_table(table), missing=missing)
    fault = Fault(FaultKind.MISSING, str(table), missing.message, missing.hint)
    bench.engine.change_source(
        uri=str(table), replay=replay, playback=Playback(2.0), fault=fault, notice=str(fault)
    )
    notice = bench.window.live_page.live_view.notice
    bench.qtbot.waitUntil(notice.locate_button.isVisible)
    assert not notice.retry_button.isVisible()
    assert notice.title.text() == missing.message
    page = bench.window.live_page
    assert not page.play_bar.analyse.isEnabled()
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"another video")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(wrong), ""))
    notice.locate_button.click()
    assert "its size differs" in page.live_view.toast.label.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(found), ""))
    notice.locate_button.click()
    assert ("open_source", str(table)) in bench.engine.calls
