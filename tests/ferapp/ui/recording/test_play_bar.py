"""Playing recordings and videos in the window: the bar below, pause, seeking."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from ferapp.live.status import Playback
from ferapp.ui.live.snapshot import snapshot_record
from ferapp.ui.widgets import theme
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.playing import KEY, REPLAY, at, calls, key, replayed
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


class TestReplay:
    @pytest.fixture
    def playing(self, bench: Bench) -> Bench:
        bench.engine.change_source(replay=REPLAY, playback=Playback(60.0))
        bench.qtbot.waitUntil(bench.window.live_page.play_bar.isVisible)
        bench.show(replayed(15.0))
        return bench

    def test_the_bar_shows_time_marks_and_the_model_of_the_results(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        assert bar.time.text() == "0:15 / 1:00"
        assert bar.line.value() == 15_000
        assert "default" in bar.recorded.toolTip()
        assert "0:15 Mark: a laugh" in bar.line.accessibleDescription()
        x = bar.line.x_of(15.0)
        found = bar.line.mark_at(x + 2)
        assert found is not None
        assert found.note == "a laugh"
        assert bar.line.mark_at(x + 40) is None
        image = pixels(bar.line)
        column = image[: bar.line.height() // 2 - 4, round(x) - 1 : round(x) + 2]
        assert (np.abs(column - rgb(theme.current().warning)).sum(axis=-1) < 60).any()

    def test_a_click_and_keys_seek(self, playing: Bench) -> None:
        line = playing.window.live_page.play_bar.line
        place = QPoint(round(line.x_of(45.0)), line.height() // 2)
        playing.qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=place)
        (sought,) = calls(playing, "seek")
        assert sought == pytest.approx(45.0, abs=0.3)
        line.setFocus(Qt.FocusReason.TabFocusReason)
        playing.qtbot.keyClick(line, KEY.Key_Left)
        assert calls(playing, "seek")[-1] == pytest.approx(44.0, abs=0.3)

    def test_playback_itself_does_not_seek(self, playing: Bench) -> None:
        playing.show(replayed(16.0))
        assert playing.window.live_page.play_bar.line.value() == 16_000
        assert calls(playing, "seek") == []

    def test_space_pauses_and_a_seek_shows_its_frame(self, playing: Bench) -> None:
        page = playing.window.live_page
        key(playing, KEY.Key_Space)
        assert playing.engine.now.source.playback.paused
        assert page.live_view.frozen.text() == "Paused"
        assert page.play_bar.pause.text() == "Play"
        playing.show(replayed(45.0))  # what a seek brings is shown, though it is paused
        assert page.play_bar.time.text() == "0:45 / 1:00"
        playing.qtbot.mouseClick(page.play_bar.pause, Qt.MouseButton.LeftButton)
        assert not playing.engine.now.source.playback.paused

    def test_analysed_again_by_a_switch_also_when_paused(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        playing.qtbot.mouseClick(bar.analyse, Qt.MouseButton.LeftButton)
        assert calls(playing, "set_reanalysis") == [True]
        assert calls(playing, "repeat_analysis") == []  # the next picture is analysed anyway
        key(playing, KEY.Key_Space)
        playing.qtbot.mouseClick(bar.recorded, Qt.MouseButton.LeftButton)
        assert calls(playing, "set_reanalysis") == [True, False]
        assert calls(playing, "repeat_analysis") == [None]

    def test_controls_of_missing_data_are_disabled_with_a_reason(self, playing: Bench) -> None:
        page = playing.window.live_page
        boxes, landmarks, attribution, _crop_frame, signals = page.switches
        crop = page.panel.crop
        playing.qtbot.waitUntil(lambda: "input was not stored" in crop.accessibleDescription())
        assert boxes.isEnabled()
        assert signals.isEnabled()
        assert landmarks.isChecked()  # as it was, for what plays next
        for each in (landmarks, attribution):
            assert not each.isEnabled()
            assert "not landmarks and maps" in each.toolTip()
        assert not page.attribution.isEnabled()
        assert not page.sliders.opacity.isEnabled()
        page.change_style(palette=page.overlay_style.palette)
        assert not page.attribution.isEnabled()
        playing.engine.change_source(replay=replace(REPLAY, has_details=True))
        playing.qtbot.waitUntil(landmarks.isEnabled)
        assert attribution.isEnabled()
        assert page.attribution.isEnabled()
        assert not page.attribution.method.isEnabled()  # no model runs that could use another
        playing.engine.change_source(replay=replace(REPLAY, is_reanalysed=True))
        playing.show(at(20.0))
        playing.qtbot.waitUntil(page.attribution.method.isEnabled)
        assert "Only numbers" not in attribution.toolTip()
        assert page.attribution.isEnabled()
        playing.qtbot.waitUntil(lambda: crop.accessibleDescription() == "")
        playing.engine.change_source(replay=replace(REPLAY, has_overlays=True))
        playing.qtbot.waitUntil(lambda: not boxes.isEnabled())

    def test_a_recording_with_overlays_only_says_so_and_gets_no_more(self, playing: Bench) -> None:
        playing.engine.change_source(replay=replace(REPLAY, has_overlays=True, is_complete=False))
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(bar.notice.isVisible)
        assert bar.notice.text() == "Overlays only, cut short"
        assert not bar.analyse.isEnabled()
        view = playing.window.live_page.view
        playing.show(replayed(20.0))
        drawn = pixels(view)
        playing.show(replayed(20.0, has_overlays=True))
        plain = pixels(view)
        assert (drawn != plain).any()
        playing.window.actions_by_id["boxes"].setChecked(False)
        np.testing.assert_array_equal(pixels(view), plain)

    def test_another_source_hides_the_bar(self, playing: Bench) -> None:
        key(playing, KEY.Key_Space)
        key(playing, KEY.Key_D)
        assert not playing.window.actions_by_id["freeze"].isChecked()
        playing.engine.change_source(replay=None, playback=None)
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(lambda: not bar.isVisible())

    def test_record_waits_for_a_live_source(self, playing: Bench) -> None:
        assert not playing.window.actions_by_id["record"].isEnabled()

    def test_a_snapshot_does_not_name_a_model_that_did_not_run(self, playing: Bench) -> None:
        from datetime import datetime

        page = playing.window.live_page
        source = replace(playing.engine.now.source, replay=replace(REPLAY, is_reanalysed=True))
        again = replace(playing.engine.now, source=source)
        for status, named in ((playing.engine.now, False), (again, True)):
            shown, now = replayed(1), datetime.now()
            data = snapshot_record(shown, status, page.overlay_style, page.options, now)
            assert (data["model"] is not None) is named

    def test_by_menu(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/r/one")
        action = bench.window.actions_by_id["open_recording"]
        assert action in bench.window.source_menu.actions()
        action.trigger()
        assert calls(bench, "open_source") == ["/r/one"]


class TestVideo:
    @pytest.fixture
    def playing(self, bench: Bench) -> Bench:
        bench.engine.change_source(playback=Playback(125.0))
        bench.qtbot.waitUntil(bench.window.live_page.play_bar.isVisible)
        bench.show(at(15.0))
        return bench

    def test_a_video_shows_the_time_and_no_recording_controls(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        assert bar.time.text() == "0:15 / 2:05"
        assert (bar.line.value(), bar.line.maximum()) == (15_000, 125_000)
        assert not any(each.isVisible() for each in (bar.recorded, bar.analyse, bar.notice))
        assert playing.window.actions_by_id["record"].isEnabled()

    def test_a_file_is_paused_not_frozen(self, playing: Bench) -> None:
        freeze = playing.window.actions_by_id["freeze"]
        assert (freeze.text(), freeze.iconText()) == ("Pause", "Pause")
        playing.engine.change_source(playback=None)
        playing.qtbot.waitUntil(lambda: freeze.text() == freeze.iconText() == "Freeze")

    def test_space_pauses_and_mouse_and_keys_seek(self, playing: Bench) -> None:
        page = playing.window.live_page
        line = page.play_bar.line
        key(playing, KEY.Key_Space)
        assert playing.engine.now.source.playback.paused
        assert page.live_view.frozen.text() == "Paused"
        place = QPoint(round(line.x_of(90.0)), line.height() // 2)
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

    def test_a_paused_video_is_analysed_again_after_changes(self, playing: Bench) -> None:
        page = playing.window.live_page
        page.hide_row.chips["mouth"].click()
        assert calls(playing, "repeat_analysis") == []  # the next picture is analysed anyway
        key(playing, KEY.Key_Space)
        page.hide_row.chips["mouth"].click()
        assert calls(playing, "repeat_analysis") == [None]
        page.sliders.opacity.setValue(page.sliders.opacity.value() - 10)
        assert calls(playing, "repeat_analysis") == [None]  # that is only drawn
        page.sliders.smoothing.setValue(page.sliders.smoothing.value() + 100)
        assert calls(playing, "repeat_analysis") == [None]  # no time passes to be smoothed over
        playing.window.load_model("accurate")
        assert playing.window.actions_by_id["freeze"].isChecked()
        playing.engine.change_model(spec="accurate", name="accurate")
        playing.qtbot.waitUntil(lambda: len(calls(playing, "repeat_analysis")) == 2)

    def test_a_recording_after_a_video_has_its_own_length(self, playing: Bench) -> None:
        playing.engine.change_source(replay=REPLAY, playback=Playback(60.0))
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(bar.recorded.isVisible)
        assert bar.line.maximum() == 60_000
        playing.engine.change_source(replay=None, playback=Playback(125.0))
        playing.qtbot.waitUntil(lambda: not bar.recorded.isVisible())
        assert (bar.line.maximum(), bar.line.marks) == (125_000, ())

    def test_comma_and_full_stop_pause_and_step(self, playing: Bench) -> None:
        key(playing, KEY.Key_Period)
        assert playing.engine.now.source.playback.paused
        assert playing.window.actions_by_id["freeze"].isChecked()
        key(playing, KEY.Key_Comma)
        assert calls(playing, "step") == [1, -1]

    def test_speed_and_loop_are_in_one_menu(self, playing: Bench) -> None:
        bar = playing.window.live_page.play_bar
        assert bar.speed.text() == "1 ×"
        assert [action.text() for action in bar.speeds.values()] == [
            "0.25 ×", "0.5 ×", "1 ×", "1.5 ×", "2 ×",
        ]  # fmt: skip
        bar.speeds[0.25].trigger()
        bar.loop.trigger()
        assert calls(playing, "set_speed") == [0.25]
        assert calls(playing, "set_loop") == [True]
        playing.engine.change_source(playback=Playback(125.0, loops=True, speed=0.25))
        playing.qtbot.waitUntil(lambda: bar.speed.text() == "0.25 ×, loop")
        assert bar.loop.isChecked()
        assert bar.speeds[0.25].isChecked()

    @pytest.mark.parametrize("by", ["button", "space"])
    def test_a_file_at_its_end_plays_again(self, playing: Bench, by: str) -> None:
        bar = playing.window.live_page.play_bar
        playing.engine.change_source(playback=Playback(125.0, ended=True))
        playing.qtbot.waitUntil(lambda: bar.pause.text() == "Play again")
        if by == "button":
            playing.qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
        else:
            key(playing, KEY.Key_Space)
        assert calls(playing, "seek") == [0.0]
        assert not playing.engine.now.source.playback.paused
        assert not playing.window.actions_by_id["freeze"].isChecked()

    def test_a_step_back_from_the_end_holds_the_frame(self, playing: Bench) -> None:
        playing.engine.change_source(playback=Playback(125.0, ended=True))
        bar = playing.window.live_page.play_bar
        playing.qtbot.waitUntil(lambda: bar.pause.text() == "Play again")
        key(playing, KEY.Key_Period)  # there is none behind the last
        key(playing, KEY.Key_Comma)
        assert calls(playing, "step") == [-1]
        assert calls(playing, "seek") == []
        assert playing.window.actions_by_id["freeze"].isChecked()

    def test_what_changes_at_the_end_is_analysed_again(self, playing: Bench) -> None:
        page = playing.window.live_page
        playing.engine.change_source(playback=Playback(125.0, ended=True))
        playing.qtbot.waitUntil(lambda: page.play_bar.pause.text() == "Play again")
        page.hide_row.chips["mouth"].click()
        assert calls(playing, "repeat_analysis") == [None]
