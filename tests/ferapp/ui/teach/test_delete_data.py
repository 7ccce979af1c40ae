"""Deleting all data: files in use are released, and what stays can still be found."""

import os
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from ferapp.live.status import ModelState, RecordingStatus
from ferapp.personal.examples import ExampleStore
from ferapp.personal.face_crops import face_crop_pngs
from ferapp.ui.teach.personal_data import ErasableLog, PersonalData
from ferapp.ui.teach.teach_window import TeachTools
from tests.support.ui.teach_bench import QUICK, WAIT, TeachBench, on_disk
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def own(bench: Bench) -> PersonalData:
    return PersonalData(
        bench.window, bench.engine, TeachTools(lambda shots: [], lambda *_: None), ErasableLog()
    )


def deleted(bench: Bench, own: PersonalData, *pressed: str) -> None:
    own.delete()
    dialog = own.delete_dialog
    assert dialog is not None
    bench.qtbot.waitUntil(dialog.delete.isEnabled)
    for key in pressed:
        dialog.chips[key].setChecked(True)
    dialog.delete.click()
    bench.qtbot.waitUntil(lambda: dialog.title.text() == "Deleted")
    dialog.close()


def test_the_recordings_folder_is_remembered_as_long_as_it_has_recordings(
    own: PersonalData, bench: Bench, tmp_path: Path
) -> None:
    made = tmp_path / "chosen" / "2026-11-24-200000" / "session.json"
    made.parent.mkdir(parents=True)
    made.touch()
    store = bench.window.store
    store.change(recordings=str(tmp_path / "chosen"))
    deleted(bench, own)
    assert made.exists()
    assert store.now.recordings == str(tmp_path / "chosen")  # so that they can be deleted later
    deleted(bench, own, "recordings")
    assert not made.exists()
    assert store.now.recordings == ""


def test_a_playing_recording_is_released(own: PersonalData, bench: Bench, tmp_path: Path) -> None:
    made = tmp_path / "recordings" / "2026-11-24-200000"
    made.mkdir(parents=True)
    (made / "session.json").touch()
    bench.engine.change_source(uri=str(made))
    deleted(bench, own)  # the recording is kept
    assert ("open_source", "demo") not in bench.engine.calls
    deleted(bench, own, "recordings")
    assert ("open_source", "demo") in bench.engine.calls


def test_a_pasted_picture_is_deleted_and_another_can_be_pasted(
    own: PersonalData, bench: Bench
) -> None:
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
def test_deleting_kills_a_running_training(bench: Bench, tmp_path: Path) -> None:
    teaching = TeachBench(bench, (*QUICK, "optim.epochs=5000"))
    teaching.agree()
    teaching.record_all("happy", "sad")
    teaching.train()
    teaching.wait(lambda: "epoch" in teaching.dialog.training.state.text(), WAIT)
    child = teaching.dialog.training_process
    assert child is not None
    teaching.personal_data.delete()
    teaching.wait(lambda: teaching.delete_dialog.delete.isEnabled())
    teaching.delete_dialog.delete.click()
    teaching.wait(lambda: teaching.delete_dialog.title.text() == "Deleted")
    assert child.poll() is not None
    assert on_disk(tmp_path) == []


def test_deleting_kills_a_training_that_has_not_made_its_run(
    teaching: TeachBench, tmp_path: Path
) -> None:
    """Just started, by a dialog that is closed: no file mentions it yet."""
    ExampleStore().consent()
    # a pipe that nothing writes into: the training waits for its data
    teaching.personal_data._tools = TeachTools(face_crop_pngs, lambda _, out: os.mkfifo(out))
    teaching.open()
    dialog = teaching.dialog
    dialog._show_training()
    dialog.training.start.click()
    teaching.wait(lambda: dialog.training_process is not None)
    assert dialog.training_process is not None
    process = psutil.Process(dialog.training_process.pid)
    dialog.close()
    teaching.personal_data.delete()
    teaching.wait(lambda: teaching.delete_dialog.delete.isEnabled())
    assert process.is_running()
    assert not list(ExampleStore().runs.glob("*/env.json"))
    teaching.delete_dialog.delete.click()
    teaching.wait(lambda: teaching.delete_dialog.title.text() == "Deleted")
    assert not process.is_running()
    assert on_disk(tmp_path) == []


def test_nothing_is_deleted_while_recording(teaching: TeachBench, bench: Bench) -> None:
    teaching.agree()
    teaching.personal_data.delete()
    teaching.wait(lambda: teaching.delete_dialog.delete.isEnabled())
    bench.engine.change(recording=RecordingStatus(Path("/made/x")))
    teaching.delete_dialog.delete.click()
    assert "A recording is running" in teaching.delete_dialog.message.text()
    assert ExampleStore().has_consent
    bench.engine.change(recording=RecordingStatus(Path("/made/x"), over=True))
    teaching.delete_dialog.delete.click()
    teaching.wait(lambda: teaching.delete_dialog.title.text() == "Deleted")
    assert not ExampleStore().root.exists()


def test_recordings_are_deleted_only_when_chosen(teaching: TeachBench, tmp_path: Path) -> None:
    made = tmp_path / "recordings" / "2026-11-24-200000" / "session.json"
    made.parent.mkdir(parents=True)
    made.touch()
    for wanted in (False, True):
        teaching.personal_data.delete()
        dialog = teaching.delete_dialog
        teaching.wait(lambda dialog=dialog: dialog.delete.isEnabled())
        assert dialog.chips["recordings"].isEnabled()
        assert not dialog.chips["snapshots"].isEnabled()  # there are none
        dialog.chips["recordings"].setChecked(wanted)
        dialog.delete.click()
        teaching.wait(lambda dialog=dialog: dialog.title.text() == "Deleted")
        assert made.exists() is not wanted
        dialog.close()


def test_a_model_that_is_still_loading_is_neither_used_nor_remembered(
    teaching: TeachBench, bench: Bench
) -> None:
    personal = str(ExampleStore().runs / "x" / "checkpoints" / "best.safetensors")
    bench.engine.change_model(state=ModelState.LOADING)
    bench.window.load_model(personal)
    teaching.personal_data.delete()
    teaching.wait(lambda: teaching.delete_dialog.delete.isEnabled())
    assert not teaching.delete_dialog.delete.hasFocus()  # so that a stray Enter deletes nothing
    teaching.delete_dialog.delete.click()
    assert bench.engine.calls[-1] == ("load_model", "default")
    calls = bench.engine.status_calls
    bench.engine.change_model(spec=personal, state=ModelState.READY)
    teaching.wait(lambda: bench.engine.status_calls > calls + 2)
    assert bench.window.store.now.model == "default"
    teaching.wait(lambda: teaching.delete_dialog.title.text() == "Deleted")
