"""Deleting all data: what is in use is let go, and what stays can be found again."""

import os
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from ferapp.live.status import ModelState, RecordingStatus
from ferapp.personal.examples import Examples
from ferapp.personal.face_crops import face_pictures
from ferapp.ui.teach.personal_data import Log, OwnData
from ferapp.ui.teach.teach_window import Tools
from tests.support.ui.teaching import QUICK, WAIT, Teaching, on_disk
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def own(bench: Bench) -> OwnData:
    return OwnData(bench.window, bench.engine, Tools(lambda shots: [], lambda *_: None), Log())


def deleted(bench: Bench, own: OwnData, *pressed: str) -> None:
    own.forget()
    sheet = own.forgetting
    assert sheet is not None
    bench.qtbot.waitUntil(sheet.delete.isEnabled)
    for key in pressed:
        sheet.chips[key].setChecked(True)
    sheet.delete.click()
    bench.qtbot.waitUntil(lambda: sheet.title.text() == "Deleted")
    sheet.close()


def test_a_folder_for_recordings_is_known_as_long_as_they_are_there(
    own: OwnData, bench: Bench, tmp_path: Path
) -> None:
    made = tmp_path / "chosen" / "2026-11-24-200000" / "session.json"
    made.parent.mkdir(parents=True)
    made.touch()
    store = bench.window.store
    store.change(recordings=str(tmp_path / "chosen"))
    deleted(bench, own)
    assert made.exists()
    assert store.now.recordings == str(tmp_path / "chosen")  # else nobody could delete them later
    deleted(bench, own, "recordings")
    assert not made.exists()
    assert store.now.recordings == ""


def test_a_recording_that_plays_is_let_go(own: OwnData, bench: Bench, tmp_path: Path) -> None:
    made = tmp_path / "recordings" / "2026-11-24-200000"
    made.mkdir(parents=True)
    (made / "session.json").touch()
    bench.engine.change_source(uri=str(made))
    deleted(bench, own)  # it stays
    assert ("open_source", "demo") not in bench.engine.calls
    deleted(bench, own, "recordings")
    assert ("open_source", "demo") in bench.engine.calls


def test_a_pasted_picture_goes_and_another_can_be_pasted(own: OwnData, bench: Bench) -> None:
    def paste() -> Path:
        data = QMimeData()
        data.setImageData(QImage(8, 8, QImage.Format.Format_RGB32))
        bench.window._open_data(data)
        name, path = bench.engine.calls[-1]
        assert name == "open_source"
        return Path(str(path))

    first = paste()
    assert first.is_file()
    bench.engine.change_source(uri=str(first))
    deleted(bench, own)
    assert not first.exists()
    assert ("open_source", "demo") in bench.engine.calls
    assert paste().is_file()


@pytest.mark.slow
def test_deleting_ends_a_training_that_runs(bench: Bench, tmp_path: Path) -> None:
    teaching = Teaching(bench, (*QUICK, "optim.epochs=5000"))
    teaching.agree()
    teaching.record_all("happy", "sad")
    teaching.train()
    teaching.wait(lambda: "round" in teaching.sheet.training.state.text(), WAIT)
    child = teaching.sheet.child
    assert child is not None
    teaching.own.forget()
    teaching.wait(lambda: teaching.forgetting.delete.isEnabled())
    teaching.forgetting.delete.click()
    teaching.wait(lambda: teaching.forgetting.title.text() == "Deleted")
    assert child.poll() is not None
    assert on_disk(tmp_path) == []


def test_deleting_ends_a_training_that_has_not_made_its_run(
    teaching: Teaching, tmp_path: Path
) -> None:
    """Begun just now, by a window that is closed: none of its files tells of it yet."""
    Examples().consent()
    # a pipe that nobody writes into: the training waits for its data
    teaching.own._tools = Tools(face_pictures, lambda _, out: os.mkfifo(out))
    teaching.open()
    sheet = teaching.sheet
    sheet._show_training()
    sheet.training.start.click()
    teaching.wait(lambda: sheet.child is not None)
    assert sheet.child is not None
    process = psutil.Process(sheet.child.pid)
    sheet.close()
    teaching.own.forget()
    teaching.wait(lambda: teaching.forgetting.delete.isEnabled())
    assert process.is_running()
    assert not list(Examples().runs.glob("*/env.json"))
    teaching.forgetting.delete.click()
    teaching.wait(lambda: teaching.forgetting.title.text() == "Deleted")
    assert not process.is_running()
    assert on_disk(tmp_path) == []


def test_nothing_is_deleted_while_a_recording_runs(teaching: Teaching, bench: Bench) -> None:
    teaching.agree()
    teaching.own.forget()
    teaching.wait(lambda: teaching.forgetting.delete.isEnabled())
    bench.engine.change(recording=RecordingStatus(Path("/made/x")))
    teaching.forgetting.delete.click()
    assert "A recording runs" in teaching.forgetting.outcome.text()
    assert Examples().has_consent
    bench.engine.change(recording=RecordingStatus(Path("/made/x"), over=True))
    teaching.forgetting.delete.click()
    teaching.wait(lambda: teaching.forgetting.title.text() == "Deleted")
    assert not Examples().root.exists()


def test_recordings_go_only_when_they_are_pressed(teaching: Teaching, tmp_path: Path) -> None:
    made = tmp_path / "recordings" / "2026-11-24-200000" / "session.json"
    made.parent.mkdir(parents=True)
    made.touch()
    for wanted in (False, True):
        teaching.own.forget()
        sheet = teaching.forgetting
        teaching.wait(lambda sheet=sheet: sheet.delete.isEnabled())
        assert sheet.chips["recordings"].isEnabled()
        assert not sheet.chips["snapshots"].isEnabled()  # there are none
        sheet.chips["recordings"].setChecked(wanted)
        sheet.delete.click()
        teaching.wait(lambda sheet=sheet: sheet.title.text() == "Deleted")
        assert made.exists() is not wanted
        sheet.close()


def test_a_model_that_is_still_loading_is_neither_used_nor_remembered(
    teaching: Teaching, bench: Bench
) -> None:
    personal = str(Examples().runs / "x" / "checkpoints" / "best.safetensors")
    bench.engine.change_model(state=ModelState.LOADING)
    bench.window.load_model(personal)
    teaching.own.forget()
    teaching.wait(lambda: teaching.forgetting.delete.isEnabled())
    assert not teaching.forgetting.delete.hasFocus()  # nobody deletes by a stray Enter
    teaching.forgetting.delete.click()
    assert bench.engine.calls[-1] == ("load_model", "default")
    calls = bench.engine.status_calls
    bench.engine.change_model(spec=personal, state=ModelState.READY)
    teaching.wait(lambda: bench.engine.status_calls > calls + 2)
    assert bench.window.store.now.model == "default"
    teaching.wait(lambda: teaching.forgetting.title.text() == "Deleted")
