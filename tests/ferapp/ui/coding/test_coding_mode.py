"""Coding in the window: drawing by mouse and key, editing, blindness, saving."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from ferapp.live.status import Playback
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import coding_csv, read_coding
from ferapp.ui.coding.coding_mode import NO_CLIP, CodingMode
from ferapp.ui.coding.interval_editor import FRAME_S
from tests.support.ui.playing import KEY, at, calls
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


def show(bench: Bench, time_s: float, segment: int = 0) -> None:
    made = at(time_s)
    bench.show(replace(made, frame=replace(made.frame, segment=segment)))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "talk.mp4"
    file.touch()
    return file


@pytest.fixture
def coding(bench: Bench, clip: Path) -> CodingMode:
    """Ten seconds of a clip, in the first of which it is being coded."""
    bench.engine.change_source(uri=str(clip), playback=Playback(10.0))
    show(bench, 0.0)
    page = bench.window.live_page
    bench.qtbot.waitUntil(lambda: page.timeline.strip.range == (0.0, 10.0))
    bench.window.actions_by_id["coding"].trigger()
    mode = bench.window.coding
    bench.qtbot.waitUntil(lambda: mode.bar.saved.text() == "Saved in talk.coding.csv")
    return mode


def spans(mode: CodingMode) -> list[tuple[float, float, str]]:
    return [(i.start_s, i.end_s, i.code) for i in mode.editor.edits.intervals]


def hold(bench: Bench, key: KEY, start: float, end: float) -> None:
    """The key is held while the clip plays, with the repetitions that a keyboard sends."""
    show(bench, start)
    QTest.keyPress(bench.window, key)
    time_s = start
    while time_s < end:
        time_s = min(time_s + 1.0, end)
        show(bench, time_s)
    QTest.keyRelease(bench.window, key)


def point(mode: CodingMode, time_s: float, row: int = 0) -> QPoint:
    rect = mode.lane.row_rects()[row][1]
    return QPoint(round(mode.lane.layout_now().x_of(time_s)), round(rect.center().y()))


def drag(mode: CodingMode, start: float, end: float, row: int = 0) -> None:
    QTest.mousePress(mode.lane, LEFT, NONE, point(mode, start, row))
    for time_s in (0.5 * (start + end), end):
        QTest.mouseMove(mode.lane, point(mode, time_s, row))
    QTest.mouseRelease(mode.lane, LEFT, NONE, point(mode, end, row))


def about(*expected: tuple[float, float, str]) -> list[object]:
    """A pixel of the lane is about 10 ms."""
    return [
        (pytest.approx(a, abs=0.03), pytest.approx(b, abs=0.03), code) for a, b, code in expected
    ]


def test_a_held_key_draws_while_the_clip_plays(bench: Bench, coding: CodingMode) -> None:
    hold(bench, KEY.Key_4, 1.0, 3.0)  # happy
    hold(bench, KEY.Key_5, 3.0, 4.5)  # sad
    assert spans(coding) == [(1.0, 3.0, "happy"), (3.0, 4.5, "sad")]
    assert coding.lane.selected is None  # the next code chosen is for the next interval


def test_a_seek_ends_what_a_held_key_draws(bench: Bench, coding: CodingMode) -> None:
    show(bench, 1.0)
    QTest.keyPress(bench.window, KEY.Key_1)
    show(bench, 4.0)  # a slow computer skipped frames
    show(bench, 8.0, segment=1)
    assert spans(coding) == [(1.0, 4.0, "angry")]
    QTest.keyRelease(bench.window, KEY.Key_1)
    assert spans(coding) == [(1.0, 4.0, "angry")]


def test_a_held_key_draws_over_the_steps_of_a_paused_clip(bench: Bench, coding: CodingMode) -> None:
    show(bench, 1.0)
    QTest.keyPress(bench.window, KEY.Key_1)
    for step in range(1, 6):
        show(bench, 1.0 + step / 10, segment=step)
    QTest.keyRelease(bench.window, KEY.Key_1)
    assert spans(coding) == [(1.0, 1.5, "angry")]


def test_drawing_moving_and_resizing_by_mouse(bench: Bench, coding: CodingMode) -> None:
    coding.bar.chips["fear"].click()
    drag(coding, 2.0, 5.0)
    assert spans(coding) == about((2.0, 5.0, "fear"))
    drag(coding, 5.0, 6.0)  # its end
    assert spans(coding) == about((2.0, 6.0, "fear"))
    drag(coding, 2.0, 3.0)  # its start
    assert spans(coding) == about((3.0, 6.0, "fear"))
    drag(coding, 4.5, 3.5)  # all of it
    assert spans(coding) == about((2.0, 5.0, "fear"))
    drag(coding, 7.0, 8.0)
    coding.bar.chips["happy"].click()  # for the next one: nothing is selected
    assert spans(coding)[1] == about((7.0, 8.0, "fear"))[0]
    QTest.mouseClick(coding.lane, LEFT, NONE, point(coding, 7.5))
    coding.bar.chips["happy"].click()  # recodes what is selected
    assert spans(coding) == about((2.0, 5.0, "fear"), (7.0, 8.0, "happy"))
    QTest.keyClick(bench.window, KEY.Key_Escape)
    drag(coding, 1.0, 0.2)  # to the left
    assert spans(coding)[0] == about((0.2, 1.0, "happy"))[0]
    QTest.mouseClick(coding.lane, LEFT, NONE, point(coding, 9.0))
    assert calls(bench, "seek")[-1] == pytest.approx(9.0, abs=0.03)
    assert coding.lane.selected is None


def test_everything_by_keyboard_alone(bench: Bench, coding: CodingMode) -> None:
    keys = Qt.KeyboardModifier
    hold(bench, KEY.Key_4, 1.0, 2.0)
    hold(bench, KEY.Key_7, 5.0, 6.0)
    QTest.keyClick(bench.window, KEY.Key_Up)
    QTest.keyClick(bench.window, KEY.Key_Up)
    assert coding.lane.selected == coding.editor.edits.intervals[0]
    assert calls(bench, "seek")[-1] == 1.0
    QTest.keyClick(bench.window, KEY.Key_Right, keys.ShiftModifier)
    QTest.keyClick(bench.window, KEY.Key_Left, keys.ControlModifier)
    assert spans(coding)[0] == (1.0 - FRAME_S, 2.0 + FRAME_S, "happy")
    QTest.keyClick(bench.window, KEY.Key_Right, keys.AltModifier)
    assert spans(coding)[0] == (1.0, round(2.0 + 2 * FRAME_S, 3), "happy")
    QTest.keyClick(bench.window, KEY.Key_3)  # briefly: another code
    assert spans(coding)[0][2] == "fear"
    QTest.keyClick(bench.window, KEY.Key_Down)
    QTest.keyClick(bench.window, KEY.Key_Delete)
    assert len(spans(coding)) == 1
    QTest.keyClick(bench.window, KEY.Key_Z, keys.ControlModifier)
    assert len(spans(coding)) == 2
    QTest.keyClick(bench.window, KEY.Key_Y, keys.ControlModifier)
    assert len(spans(coding)) == 1
    QTest.keyClick(bench.window, KEY.Key_Minus)
    assert calls(bench, "set_speed") == [0.5]
    QTest.keyClick(bench.window, KEY.Key_Escape)
    assert not coding.is_on


def test_action_units_have_rows_of_their_own_and_overlap(bench: Bench, coding: CodingMode) -> None:
    coding.bar.codes_changed.emit(("happy", "AU6", "AU12"))
    assert [row.title for row in coding.lane.rows] == ["Coder 1", "AU6", "AU12"]
    hold(bench, KEY.Key_3, 1.0, 4.0)
    drag(coding, 2.0, 6.0, row=1)
    drag(coding, 2.0, 3.0, row=0)
    assert spans(coding) == about((1.0, 4.0, "AU12"), (2.0, 3.0, "happy"), (2.0, 6.0, "AU6"))


def test_the_coder_is_blind_until_they_reveal(bench: Bench, coding: CodingMode) -> None:
    page = bench.window.live_page
    assert not page.panel.isVisible()
    assert not page.timeline.strip.isVisible()
    assert not page.view.overlay_style.boxes
    assert "Happy" not in page.view.accessibleDescription()
    bench.window.actions_by_id["boxes"].trigger()
    bench.window.actions_by_id["panel"].trigger()
    bench.window.actions_by_id["panel"].trigger()
    show(bench, 2.0)
    assert not page.panel.isVisible()
    assert not page.view.overlay_style.boxes
    coding.bar.reveal.click()
    assert page.panel.isVisible()
    assert page.timeline.strip.isVisible()
    assert page.view.overlay_style.landmarks
    bench.window.actions_by_id["coding"].trigger()
    assert page.panel.isVisible()


def test_coders_do_not_see_each_other(bench: Bench, coding: CodingMode, clip: Path) -> None:
    hold(bench, KEY.Key_4, 1.0, 3.0)
    coding.bar.coder.setCurrentText("Ben")
    QTest.keyClick(coding.bar.coder.lineEdit(), KEY.Key_Return)
    assert [len(row.intervals) for row in coding.lane.rows] == [0]
    hold(bench, KEY.Key_5, 1.0, 2.0)
    coding.bar.reveal.click()
    assert [(row.title, len(row.intervals)) for row in coding.lane.rows] == [
        ("Ben", 1),
        ("Coder 1", 1),
    ]
    coding.use_coder("Coder 1")
    assert [row.title for row in coding.lane.rows] == ["Coder 1"]  # blind again
    assert not coding.bar.reveal.isChecked()
    bench.window.actions_by_id["coding"].trigger()
    stored = read_coding(clip.with_name("talk.coding.csv")).intervals
    assert {(i.coder, i.code) for i in stored} == {("Coder 1", "happy"), ("Ben", "sad")}


def test_every_change_is_saved_at_once_and_goes_on_later(
    bench: Bench, coding: CodingMode, clip: Path
) -> None:
    file = clip.with_name("talk.coding.csv")
    drag(coding, 1.0, 2.0)
    bench.qtbot.waitUntil(lambda: file.exists() and file.read_text().count("\n") == 2)
    show(bench, 4.0)
    QTest.keyPress(bench.window, KEY.Key_4)
    show(bench, 5.0)
    coding._save_timer.timeout.emit()  # a second later
    bench.qtbot.waitUntil(lambda: "4.000,5.000,happy" in file.read_text())  # key still held
    show(bench, 5.5)
    QTest.keyRelease(bench.window, KEY.Key_4)
    bench.window.actions_by_id["coding"].trigger()
    assert "4.000,5.500,happy" in file.read_text()
    bench.window.actions_by_id["coding"].trigger()
    bench.qtbot.waitUntil(lambda: len(spans(coding)) == 2)


def test_a_file_that_is_no_coding_is_left_alone(bench: Bench, clip: Path) -> None:
    file = clip.with_name("talk.coding.csv")
    file.write_text("start_s,end_s,code,coder\n0,2,hapy,Anna\n")
    bench.engine.change_source(uri=str(clip), playback=Playback(10.0))
    show(bench, 0.0)
    toast, action = bench.window.live_page.live_view.toast, bench.window.actions_by_id["coding"]
    bench.qtbot.waitUntil(lambda: bench.window.live_page.status.source.playback is not None)
    action.trigger()
    bench.qtbot.waitUntil(lambda: not action.isChecked())
    assert "“hapy” is no known code" in toast.label.text()
    assert "hapy" in file.read_text()


def test_a_camera_cannot_be_coded(bench: Bench) -> None:
    bench.window.actions_by_id["coding"].trigger()
    assert bench.window.live_page.live_view.toast.label.text() == NO_CLIP
    assert not bench.window.actions_by_id["coding"].isChecked()
    assert bench.window.live_page.panel.isVisible()


def test_another_clip_has_its_own_coding(bench: Bench, coding: CodingMode, clip: Path) -> None:
    drag(coding, 1.0, 2.0)
    other = clip.with_name("other.mp4")
    other.touch()
    bench.engine.change_source(uri=str(other))
    bench.qtbot.waitUntil(lambda: coding.bar.saved.text() == "Saved in other.coding.csv")
    assert spans(coding) == []
    assert len(read_coding(clip.with_name("talk.coding.csv")).intervals) == 1


def test_disagreements_are_counted_and_stepped_through(
    bench: Bench, coding: CodingMode, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "ben.csv"
    ben = [CodedInterval(0, 2, "happy", "Ben"), CodedInterval(2, 9, "sad", "Ben")]
    other.write_text(coding_csv(ben))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    hold(bench, KEY.Key_4, 0.0, 4.0)
    hold(bench, KEY.Key_5, 4.0, 8.0)
    coding.bar.import_pressed.emit()
    bench.qtbot.waitUntil(lambda: "Ben" in coding.editor.others)
    coding.bar.agreement.click()
    pane = coding.agreement.pane
    assert not bench.window.live_page.panel.isVisible()
    bench.qtbot.waitUntil(lambda: pane.moments.count() == 1)
    # 8 shared seconds: 6 the same; by chance (4·2 + 4·6) / 64 = 1/2
    assert pane.figures.figures["second"].text() == "0.50"
    assert pane.figures.figures["share"].text() == "75\u00a0%"
    assert pane.moments.item(0).text() == "0:02.0 – 0:04.0   Happy / Sad"
    freeze = bench.window.actions_by_id["freeze"]
    freeze.setChecked(True)
    QTest.keyClick(bench.window, KEY.Key_Return)
    assert calls(bench, "seek")[-1] == pytest.approx(1.6)
    assert not freeze.isChecked()
    show(bench, 2.0)
    show(bench, 4.2)
    assert not freeze.isChecked()
    show(bench, 4.6)
    assert freeze.isChecked()  # the moment is over
    pane.closed.emit()
    assert not bench.window.live_page.timeline.strip.isVisible()  # blind again
