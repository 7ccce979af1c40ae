"""Recording and replay as a person handles them: keys, signs, notes, timeline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench import Bench
from fake_engine import FakeEngine, analysis, face
from picture import pixels, rgb
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine
from ferapp.live.session import Mark, Replay, SessionFrame, read_session
from ferapp.live.state import ModelState, Playback, RecordingStatus
from ferapp.ui import theme
from ferapp.ui.recording import RecordingSheet
from ferapp.ui.settings import SettingsStore
from ferapp.ui.snapshot import record
from ferapp.ui.window import MainWindow
from ferapp.vision.analysis import Analysis

RUNNING = RecordingStatus(Path("/r/2026-11-24-200000"), 42.4, 31_400_000, 1234)
REPLAY = Replay("2026-11-24-200000", "default", (Mark(15.0, "mark", "a laugh"), Mark(45.0, "mark")))
KEY = Qt.Key
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def key(bench: Bench, which: KEY) -> None:
    bench.qtbot.keyClick(bench.window, which)


def calls(bench: Bench, name: str) -> list[object]:
    return [value for called, value in bench.engine.calls if called == name]


def sign_text(bench: Bench) -> str:
    sign = bench.window.live_page.stage.recording
    return sign.text() if sign.isVisible() else ""


def begin(bench: Bench) -> None:
    bench.engine.begins = RUNNING
    key(bench, KEY.Key_R)
    bench.qtbot.waitUntil(lambda: bool(sign_text(bench)))


def replayed(at_s: float, *, burnt: bool = False) -> Analysis:
    one = replace(face(), landmarks=np.zeros((0, 2), np.float32), crop=np.zeros((0, 0), np.uint8))
    made = analysis(one, index=int(at_s))
    f = made.frame
    frame = SessionFrame(f.image, f.index, at_s, f.captured_at, at_s=at_s, burnt=burnt)
    return replace(made, frame=frame)


def at(at_s: float) -> Analysis:
    """A picture of a video."""
    made = analysis(face(), index=int(at_s))
    return replace(made, frame=replace(made.frame, at_s=at_s))


class TestRecording:
    def test_r_begins_with_signs_everywhere_and_ends(self, bench: Bench, tmp_path: Path) -> None:
        page = bench.window.live_page
        begin(bench)
        (plan,) = bench.engine.plans
        assert (plan.folder, plan.clean, plan.overlaid) == (tmp_path / "recordings", True, False)
        assert "0:42" in sign_text(bench)
        assert "31\u00a0MB" in sign_text(bench)
        assert bench.window.windowTitle() == "Recording – ferapp"
        assert "0:42" in bench.window._status_bar.recording.text()
        assert page.record_bar.isVisible()
        assert "1,234\u00a0pictures" in page.record_bar.figures.text()
        assert bench.window.actions_by_id["record"].isChecked()
        image = pixels(page.stage.recording)
        red = np.abs(image - rgb(theme.VIDEO_RECORDING)).sum(axis=-1) < 20
        assert red.mean() > 0.5
        key(bench, KEY.Key_R)
        assert calls(bench, "end_recording") == [None]
        done = replace(RUNNING, over=True, dropped=3)
        bench.engine.change(recording=done)
        toast = page.stage.toast
        bench.qtbot.waitUntil(lambda: "Recorded 0:42" in toast.label.text())
        assert "lacks 3 pictures" in toast.label.text()
        assert sign_text(bench) == ""
        assert bench.window.windowTitle() == "ferapp"
        assert not page.record_bar.isVisible()
        assert toast.button.text() == "Play"
        toast.button.click()
        assert calls(bench, "open_source") == [str(RUNNING.folder)]

    def test_what_is_refused_is_told(self, bench: Bench) -> None:
        words = "Nothing is recorded before the model is ready."
        bench.engine.begins = RecordingStatus(Path("/r"), over=True, failed=True, reason=words)
        key(bench, KEY.Key_R)
        toast = bench.window.live_page.stage.toast
        bench.qtbot.waitUntil(lambda: toast.label.text() == words)
        assert not bench.window.actions_by_id["record"].isChecked()

    def test_why_it_ended_by_itself_is_told(self, bench: Bench) -> None:
        begin(bench)
        words = "The recording ended: less than 500 MB are free on the disk of /r."
        bench.engine.change(recording=replace(RUNNING, over=True, failed=True, reason=words))
        toast = bench.window.live_page.stage.toast
        bench.qtbot.waitUntil(lambda: toast.label.text().startswith(words))
        assert "Recorded 0:42" in toast.label.text()

    def test_missing_pictures_are_said_at_once(self, bench: Bench) -> None:
        begin(bench)
        trouble = bench.window.live_page.record_bar.trouble
        assert not trouble.isVisible()
        bench.engine.change(recording=replace(RUNNING, dropped=7))
        bench.qtbot.waitUntil(trouble.isVisible)
        assert "7" in trouble.text()

    def test_of_two_models_it_says_whose_results_it_has(self, bench: Bench) -> None:
        begin(bench)
        whose = bench.window.live_page.record_bar.whose
        assert not whose.isVisible()
        bench.engine.change(other_state=ModelState.READY, other_name="twin-pal")
        bench.qtbot.waitUntil(whose.isVisible)
        assert whose.text() == "Records A · default only"

    def test_e_marks_and_a_note_follows(self, bench: Bench) -> None:
        key(bench, KEY.Key_E)
        assert calls(bench, "mark") == []  # nothing is recorded
        begin(bench)
        note = bench.window.live_page.record_bar.note
        assert not note.isEnabled()
        key(bench, KEY.Key_E)
        assert calls(bench, "mark") == [None]
        assert note.hasFocus()
        bench.qtbot.keyClicks(note, "era")  # letters that are keys of the window
        assert calls(bench, "end_recording") == []
        assert calls(bench, "mark") == [None]
        bench.qtbot.keyClick(note, KEY.Key_Return)
        assert calls(bench, "note") == [(42.4, "era")]
        assert not note.hasFocus()
        key(bench, KEY.Key_E)
        bench.qtbot.keyClicks(note, "no")
        bench.qtbot.keyClick(note, KEY.Key_Escape)
        assert len(calls(bench, "mark")) == 2
        assert len(calls(bench, "note")) == 1
        key(bench, KEY.Key_Space)
        assert bench.window.actions_by_id["freeze"].isChecked()  # the window has the keys again

    def test_ending_keeps_what_was_typed(self, bench: Bench) -> None:
        begin(bench)
        key(bench, KEY.Key_E)
        bar = bench.window.live_page.record_bar
        bench.qtbot.keyClicks(bar.note, "half a no")
        bench.qtbot.mouseClick(bar.buttons[1], Qt.MouseButton.LeftButton)
        assert calls(bench, "note") == [(42.4, "half a no")]
        assert calls(bench, "end_recording") == [None]

    def test_on_another_page_the_title_says_it(self, bench: Bench) -> None:
        from PySide6.QtWidgets import QWidget

        bench.window.add_page("Train", QWidget())
        begin(bench)
        bench.window.show_page("Train")
        assert bench.window.windowTitle().startswith("Recording")
        key(bench, KEY.Key_R)
        assert calls(bench, "end_recording") == []  # its keys are with its page

    def test_settings_choose_folder_and_videos(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.qtbot.keyClick(bench.window, KEY.Key_R, Qt.KeyboardModifier.ShiftModifier)
        (sheet,) = bench.window.findChildren(RecordingSheet)
        assert sheet.place.text() == str(tmp_path / "recordings")
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/other")
        sheet._change()
        sheet.overlaid.click()
        sheet.clean.click()
        sheet.close()
        begin(bench)
        (plan,) = bench.engine.plans
        assert (plan.folder, plan.clean, plan.overlaid) == (Path("/other"), False, True)

    def test_the_overlaid_picture_is_burnt_without_a_widget(self, bench: Bench) -> None:
        begin(bench)
        (plan,) = bench.engine.plans
        assert plan.draw is not None
        shown = analysis(face())
        drawn = plan.draw(shown)
        assert drawn.shape == shown.picture.shape
        differs = (drawn[..., :3] != shown.picture[..., :3]).any(axis=-1)
        assert 0.005 < differs.mean() < 0.5  # box, label and points


class TestReplay:
    @pytest.fixture
    def playing(self, bench: Bench) -> Bench:
        bench.engine.change(replay=REPLAY, playback=Playback(60.0))
        bench.qtbot.waitUntil(bench.window.live_page.play_bar.isVisible)
        bench.show(replayed(15.0))
        return bench

    def test_time_marks_and_whose_results(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        assert bar.time.text() == "0:15 / 1:00"
        assert bar.line.value() == 15_000
        assert "default" in bar.recorded.toolTip()
        assert "0:15 Mark: a laugh" in bar.line.accessibleDescription()
        x = bar.line.place(15.0)
        found = bar.line.mark_at(x + 2)
        assert found is not None
        assert found.note == "a laugh"
        assert bar.line.mark_at(x + 40) is None
        image = pixels(bar.line)
        column = image[: bar.line.height() // 2 - 4, round(x) - 1 : round(x) + 2]
        assert (np.abs(column - rgb(theme.current().warning)).sum(axis=-1) < 60).any()

    def test_a_click_and_keys_seek(self, playing: Bench) -> None:
        line = playing.window.live_page.play_bar.line
        place = QPoint(round(line.place(45.0)), line.height() // 2)
        playing.qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=place)
        (sought,) = calls(playing, "seek")
        assert sought == pytest.approx(45.0, abs=0.3)
        line.setFocus(Qt.FocusReason.TabFocusReason)
        playing.qtbot.keyClick(line, KEY.Key_Left)
        assert calls(playing, "seek")[-1] == pytest.approx(44.0, abs=0.3)

    def test_playing_on_seeks_nowhere(self, playing: Bench) -> None:
        playing.show(replayed(16.0))
        assert playing.window.live_page.play_bar.line.value() == 16_000
        assert calls(playing, "seek") == []

    def test_space_pauses_and_seeking_shows_its_picture(self, playing: Bench) -> None:
        page = playing.window.live_page
        key(playing, KEY.Key_Space)
        assert playing.engine.now.playback.paused
        assert page.stage.frozen.text() == "Paused"
        assert page.play_bar.pause.text() == "Play"
        playing.show(replayed(45.0))  # what a seek brings is shown, though it is paused
        assert page.play_bar.time.text() == "0:45 / 1:00"
        playing.qtbot.mouseClick(page.play_bar.pause, Qt.MouseButton.LeftButton)
        assert not playing.engine.now.playback.paused

    def test_analysed_again_by_a_switch_also_when_paused(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        playing.qtbot.mouseClick(bar.analyse, Qt.MouseButton.LeftButton)
        assert calls(playing, "analyse_again") == [True]
        assert calls(playing, "look_again") == []  # the next picture is analysed anyway
        key(playing, KEY.Key_Space)
        playing.qtbot.mouseClick(bar.recorded, Qt.MouseButton.LeftButton)
        assert calls(playing, "analyse_again") == [True, False]
        assert calls(playing, "look_again") == [None]

    def test_what_it_does_not_keep_is_said_and_greyed(self, playing: Bench) -> None:
        page = playing.window.live_page
        boxes, landmarks, attribution, signals = page.switches
        crop = page.panel.crop
        playing.qtbot.waitUntil(lambda: "numbers, not maps" in crop.accessibleDescription())
        assert boxes.isEnabled()
        assert signals.isEnabled()
        assert landmarks.isChecked()  # as it was, for what plays next
        for each in (landmarks, attribution):
            assert not each.isEnabled()
            assert "numbers, not points and maps" in each.toolTip()
        assert not page.attribution.isEnabled()
        assert not page.sliders.opacity.isEnabled()
        page.change_look(palette=page.look.palette)
        assert not page.attribution.isEnabled()
        playing.engine.change(replay=replace(REPLAY, again=True))
        playing.show(at(20.0))
        playing.qtbot.waitUntil(attribution.isEnabled)
        assert "numbers" not in attribution.toolTip()
        assert page.attribution.isEnabled()
        playing.qtbot.waitUntil(lambda: crop.accessibleDescription() == "")
        playing.engine.change(replay=replace(REPLAY, burnt=True))
        playing.qtbot.waitUntil(lambda: not boxes.isEnabled())

    def test_only_overlaid_says_so_and_is_not_drawn_over(self, playing: Bench) -> None:
        playing.engine.change(replay=replace(REPLAY, burnt=True, ended=False))
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(bar.notice.isVisible)
        assert bar.notice.text() == "Overlays only, cut short"
        assert not bar.analyse.isEnabled()
        view = playing.window.live_page.view
        playing.show(replayed(20.0))
        drawn = pixels(view)
        playing.show(replayed(20.0, burnt=True))
        plain = pixels(view)
        assert (drawn != plain).any()
        playing.window.actions_by_id["boxes"].setChecked(False)
        np.testing.assert_array_equal(pixels(view), plain)

    def test_another_source_takes_the_bar_away(self, playing: Bench) -> None:
        key(playing, KEY.Key_Space)
        key(playing, KEY.Key_D)
        assert not playing.window.actions_by_id["freeze"].isChecked()
        playing.engine.change(replay=None, playback=None)
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(lambda: not bar.isVisible())

    def test_record_waits_for_a_live_source(self, playing: Bench) -> None:
        assert not playing.window.actions_by_id["record"].isEnabled()

    def test_a_snapshot_does_not_name_the_model_that_did_not_look(self, playing: Bench) -> None:
        from datetime import datetime

        page = playing.window.live_page
        again = replace(playing.engine.now, replay=replace(REPLAY, again=True))
        for status, named in ((playing.engine.now, False), (again, True)):
            found = record(replayed(1), status, page.look, page.options, datetime.now())
            assert (found["model"] is not None) is named

    def test_by_menu(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/r/one")
        action = bench.window.actions_by_id["open_recording"]
        assert action in bench.window.source_menu.actions()
        action.trigger()
        assert calls(bench, "open_source") == ["/r/one"]


class TestVideo:
    @pytest.fixture
    def playing(self, bench: Bench) -> Bench:
        bench.engine.change(playback=Playback(125.0))
        bench.qtbot.waitUntil(bench.window.live_page.play_bar.isVisible)
        bench.show(at(15.0))
        return bench

    def test_time_and_nothing_of_a_recording(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        assert bar.time.text() == "0:15 / 2:05"
        assert (bar.line.value(), bar.line.maximum()) == (15_000, 125_000)
        assert not any(each.isVisible() for each in (bar.recorded, bar.analyse, bar.notice))
        assert playing.window.actions_by_id["record"].isEnabled()

    def test_a_file_is_paused_not_frozen(self, playing: Bench) -> None:
        freeze = playing.window.actions_by_id["freeze"]
        assert (freeze.text(), freeze.iconText()) == ("Pause", "Pause")
        playing.engine.change(playback=None)
        playing.qtbot.waitUntil(lambda: freeze.text() == freeze.iconText() == "Freeze")

    def test_space_pauses_and_mouse_and_keys_seek(self, playing: Bench) -> None:
        page = playing.window.live_page
        line = page.play_bar.line
        key(playing, KEY.Key_Space)
        assert playing.engine.now.playback.paused
        assert page.stage.frozen.text() == "Paused"
        place = QPoint(round(line.place(90.0)), line.height() // 2)
        playing.qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=place)
        (sought,) = calls(playing, "seek")
        assert sought == pytest.approx(90.0, abs=0.3)
        playing.show(at(90.0))
        assert page.play_bar.time.text() == "1:30 / 2:05"
        line.setFocus(Qt.FocusReason.TabFocusReason)
        playing.qtbot.keyClick(line, KEY.Key_Right)
        assert calls(playing, "seek")[-1] == pytest.approx(91.0, abs=0.01)
        for second in (92.0, 93.0, 94.0):  # faster than pictures come
            playing.show(at(second - 2))
            playing.qtbot.keyClick(line, KEY.Key_Right)
            assert calls(playing, "seek")[-1] == pytest.approx(second, abs=0.01)
        playing.show(at(94.0))
        playing.show(at(97.0))
        assert line.value() == 97_000

    def test_paused_it_answers_to_what_is_hidden_and_to_another_model(self, playing: Bench) -> None:
        page = playing.window.live_page
        page.hide_row.chips["mouth"].click()
        assert calls(playing, "look_again") == []  # the next picture is analysed anyway
        key(playing, KEY.Key_Space)
        page.hide_row.chips["mouth"].click()
        assert calls(playing, "look_again") == [None]
        page.sliders.opacity.setValue(page.sliders.opacity.value() - 10)
        assert calls(playing, "look_again") == [None]  # that is only drawn
        page.sliders.smoothing.setValue(page.sliders.smoothing.value() + 100)
        assert calls(playing, "look_again") == [None]  # no time passes to be smoothed over
        playing.window.load_model("accurate")
        assert playing.window.actions_by_id["freeze"].isChecked()
        playing.engine.change(model="accurate", model_name="accurate")
        playing.qtbot.waitUntil(lambda: len(calls(playing, "look_again")) == 2)

    def test_a_recording_after_a_video_has_its_own_length(self, playing: Bench) -> None:
        playing.engine.change(replay=REPLAY, playback=Playback(60.0))
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(bar.recorded.isVisible)
        assert bar.line.maximum() == 60_000
        playing.engine.change(replay=None, playback=Playback(125.0))
        playing.qtbot.waitUntil(lambda: not bar.recorded.isVisible())
        assert (bar.line.maximum(), bar.line.marks) == (125_000, ())


def test_recorded_and_replayed_through_the_real_pipeline(
    qtbot: QtBot, qapp: object, tmp_path: Path
) -> None:
    """The demo clip, the real model: R, E, a note, R; then the folder is played."""
    store = SettingsStore()
    store.change(hints_seen=True, record_overlaid=True)
    engine = Engine("demo", "default", "cpu")
    window = make_window(engine, store)
    qtbot.addWidget(window)
    try:
        with qtbot.waitActive(window):
            window.activateWindow()
        page = window.live_page
        qtbot.waitUntil(lambda: page.status.model_state is ModelState.READY, timeout=60_000)
        qtbot.waitUntil(lambda: bool(page.analysis and page.analysis.faces), timeout=30_000)
        window.setFocus()
        qtbot.keyClick(window, KEY.Key_R)
        qtbot.waitUntil(lambda: _frames(page.status.recording) >= 15, timeout=30_000)
        qtbot.keyClick(window, KEY.Key_E)
        qtbot.keyClicks(page.record_bar.note, "smile")
        qtbot.keyClick(page.record_bar.note, KEY.Key_Return)
        qtbot.keyClick(window, KEY.Key_R)
        qtbot.waitUntil(lambda: bool(page.status.recording and page.status.recording.over))
        folder = page.status.recording.folder
        assert folder.parent == tmp_path / "recordings"
        session = read_session(folder)
        assert [mark.note for mark in session.marks] == ["smile"]
        assert {file.name for file in folder.glob("*.avi")} == {"clean.avi", "overlaid.avi"}
        page.stage.toast.button.click()  # Play
        qtbot.waitUntil(lambda: page.status.replay is not None, timeout=10_000)
        qtbot.waitUntil(lambda: isinstance(_frame(page), SessionFrame), timeout=10_000)
        shown = page.analysis
        (own,) = [each for each in session.frames if each.time_s == shown.frame.at_s]
        for got, kept in zip(shown.faces, own.faces, strict=True):
            np.testing.assert_array_equal(got.probabilities, kept.probabilities)
        qtbot.mouseClick(page.play_bar.analyse, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: any(f.landmarks.size for f in page.analysis.faces), timeout=20_000)
    finally:
        window.close()


def _frames(status: RecordingStatus | None) -> int:
    return status.frames if status else 0


def _frame(page: object) -> object:
    return page.analysis.frame if page.analysis else None


def test_closing_keeps_a_note_and_ends_the_engine(qtbot: QtBot) -> None:
    engine = FakeEngine()
    engine.begins = RUNNING
    window = MainWindow(engine, SettingsStore())
    qtbot.addWidget(window)
    window.show()
    window.actions_by_id["record"].trigger()
    qtbot.waitUntil(window.live_page.record_bar.isVisible)
    window.actions_by_id["mark"].trigger()
    window.live_page.record_bar.note.setText("last words")
    window.close()
    assert engine.calls[-2:] == [("note", (42.4, "last words")), ("close", None)]
