"""Deleting all data: what is in use is let go, and what stays can be found again."""

from pathlib import Path

import pytest
from bench import Bench
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from ferapp.ui.own_data import Log, OwnData
from ferapp.ui.teach.sheet import Tools

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
    bench.engine.change(source=str(made))
    deleted(bench, own)  # it stays
    assert ("open_source", "demo") not in bench.engine.calls
    deleted(bench, own, "recordings")
    assert ("open_source", "demo") in bench.engine.calls


def test_a_pasted_picture_goes_and_another_can_be_pasted(own: OwnData, bench: Bench) -> None:
    def paste() -> Path:
        data = QMimeData()
        data.setImageData(QImage(8, 8, QImage.Format.Format_RGB32))
        bench.window._bring_in(data)
        name, path = bench.engine.calls[-1]
        assert name == "open_source"
        return Path(str(path))

    first = paste()
    assert first.is_file()
    bench.engine.change(source=str(first))
    deleted(bench, own)
    assert not first.exists()
    assert ("open_source", "demo") in bench.engine.calls
    assert paste().is_file()
