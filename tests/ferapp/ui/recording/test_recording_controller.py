"""Recording and replay in the window: keys, indicators, notes, timeline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine
from ferapp.live.status import ModelState, RecordingStatus
from ferapp.overlays import palette
from ferapp.recording.session import read_session
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.recording.recording_controller import RecordingSettingsDialog
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from tests.support.ui.fake_engine import FakeEngine, analysis, face
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.playing import KEY, RUNNING, calls, key
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def badge_text(bench: Bench) -> str:
    badge = bench.window.live_page.live_view.recording
    return badge.text() if badge.isVisible() else ""


def begin(bench: Bench) -> None:
    bench.engine.begins = RUNNING
    key(bench, KEY.Key_R)
    bench.qtbot.waitUntil(lambda: bool(badge_text(bench)))


class TestRecording:
    def test_r_starts_and_ends_a_recording(self, bench: Bench, tmp_path: Path) -> None:
        page = bench.window.live_page
        begin(bench)
        (plan,) = bench.engine.plans
        assert (plan.folder, plan.clean, plan.overlaid) == (tmp_path / "recordings", True, False)
        assert "0:42" in badge_text(bench)
        assert "31\u00a0MB" in badge_text(bench)
        assert bench.window.windowTitle() == "Recording – ferapp"
        assert "0:42" in bench.window._status_bar.recording.text()
        assert page.record_bar.isVisible()
        assert "1,234\u00a0frames" in page.record_bar.progress.text()
        assert bench.window.actions_by_id["record"].isChecked()
        image = pixels(page.live_view.recording)
        red = np.abs(image - rgb(palette.VIDEO_RECORDING)).sum(axis=-1) < 20
        assert red.mean() > 0.5
        key(bench, KEY.Key_R)
        assert calls(bench, "end_recording") == [None]
        done = replace(RUNNING, over=True, dropped=3)
        bench.engine.change(recording=done)
        toast = page.live_view.toast
        bench.qtbot.waitUntil(lambda: "Recorded 0:42" in toast.label.text())
        assert "lacks 3\u00a0frames" in toast.label.text()
        assert badge_text(bench) == ""
        assert bench.window.windowTitle() == "ferapp"
        assert not page.record_bar.isVisible()
        assert toast.button.text() == "Play"
        toast.button.click()
        assert calls(bench, "open_source") == [str(RUNNING.folder)]

    def test_a_refused_recording_shows_why(self, bench: Bench) -> None:
        words = "Nothing is recorded before the model is ready."
        bench.engine.begins = RecordingStatus(Path("/r"), over=True, failed=True, reason=words)
        key(bench, KEY.Key_R)
        toast = bench.window.live_page.live_view.toast
        bench.qtbot.waitUntil(lambda: toast.label.text() == words)
        assert not bench.window.actions_by_id["record"].isChecked()

    def test_a_recording_that_ends_early_shows_why(self, bench: Bench) -> None:
        begin(bench)
        words = "The recording ended: less than 500 MB are free on the disk of /r."
        bench.engine.change(recording=replace(RUNNING, over=True, failed=True, reason=words))
        toast = bench.window.live_page.live_view.toast
        bench.qtbot.waitUntil(lambda: toast.label.text().startswith(words))
        assert "Recorded 0:42" in toast.label.text()

    def test_dropped_frames_are_shown_at_once(self, bench: Bench) -> None:
        begin(bench)
        dropped = bench.window.live_page.record_bar.dropped
        assert not dropped.isVisible()
        bench.engine.change(recording=replace(RUNNING, dropped=7))
        bench.qtbot.waitUntil(dropped.isVisible)
        assert "7" in dropped.text()

    def test_with_two_models_the_bar_names_the_recorded_one(self, bench: Bench) -> None:
        begin(bench)
        model = bench.window.live_page.record_bar.model
        assert not model.isVisible()
        bench.engine.change_second_model(state=ModelState.READY, name="twin-pal")
        bench.qtbot.waitUntil(model.isVisible)
        assert model.text() == "Records A · default only"

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

    def test_ending_saves_an_unfinished_note(self, bench: Bench) -> None:
        begin(bench)
        key(bench, KEY.Key_E)
        bar = bench.window.live_page.record_bar
        bench.qtbot.keyClicks(bar.note, "half a no")
        bench.qtbot.mouseClick(bar.buttons[1], Qt.MouseButton.LeftButton)
        assert calls(bench, "note") == [(42.4, "half a no")]
        assert calls(bench, "end_recording") == [None]

    def test_the_window_title_shows_a_recording_on_other_pages(self, bench: Bench) -> None:
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
        (sheet,) = bench.window.findChildren(RecordingSettingsDialog)
        assert sheet.folder_label.text() == str(tmp_path / "recordings")
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/other")
        sheet._change()
        sheet.overlaid.click()
        sheet.clean.click()
        sheet.close()
        begin(bench)
        (plan,) = bench.engine.plans
        assert (plan.folder, plan.clean, plan.overlaid) == (Path("/other"), False, True)

    def test_overlays_are_rendered_without_a_widget(self, bench: Bench) -> None:
        begin(bench)
        (plan,) = bench.engine.plans
        assert plan.draw is not None
        shown = analysis(face())
        drawn = plan.draw(shown)
        assert drawn.shape == shown.picture.shape
        differs = (drawn[..., :3] != shown.picture[..., :3]).any(axis=-1)
        assert 0.005 < differs.mean() < 0.5  # box, label and points


def test_recorded_and_replayed_through_the_real_pipeline(
    qtbot: QtBot, qapp: object, tmp_path: Path
) -> None:
    """The demo clip and a real model: R, E, a note, R; then the recording plays."""
    store = SettingsStore()
    store.change(hints_seen=True, record_overlaid=True)
    engine = Engine("demo", "default", "cpu")
    window = make_window(engine, store)
    qtbot.addWidget(window)
    try:
        with qtbot.waitActive(window):
            window.activateWindow()
        page = window.live_page
        qtbot.waitUntil(lambda: page.status.model.state is ModelState.READY, timeout=60_000)
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
        assert {file.name for file in folder.glob("*.mkv")} == {"clean.mkv", "overlaid.mkv"}
        page.live_view.toast.button.click()  # Play
        qtbot.waitUntil(lambda: page.status.source.replay is not None, timeout=10_000)
        assert page.status.source.replay.is_reanalysed  # its own model runs
        qtbot.mouseClick(page.play_bar.recorded, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: _shows_recorded(page), timeout=10_000)
        shown = page.analysis
        (own,) = [each for each in session.frames if each.time_s == shown.frame.position_s]
        for got, kept in zip(shown.faces, own.results.faces, strict=True):
            np.testing.assert_array_equal(got.prediction.probabilities, kept.probabilities)
            assert got.landmarks is not None
            assert got.prediction.attribution is not None
            assert got.crop is None
        assert shown.faces
        qtbot.mouseClick(page.play_bar.analyse, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(
            lambda: any(f.crop is not None for f in page.analysis.faces), timeout=20_000
        )
    finally:
        window.close()


def _frames(status: RecordingStatus | None) -> int:
    return status.frames if status else 0


def _shows_recorded(page: LivePage) -> bool:
    analysis = page.analysis
    return analysis is not None and bool(analysis.faces) and analysis.faces[0].crop is None


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
    window.close_at_once()
    assert engine.calls[-2:] == [("note", (42.4, "last words")), ("close", None)]
