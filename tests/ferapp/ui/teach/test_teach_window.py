"""Teaching it one's face: consent, pictures, training, using it, and deleting everything."""

import errno
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from ferapp import app
from ferapp.live.app_log import AppLog
from ferapp.personal import examples as store_module
from ferapp.personal.examples import TAKES, Examples
from ferapp.personal.face_crops import face_pictures
from ferapp.personal.take_session import SHOTS, FrameShot
from ferapp.ui.teach import teach_window as sheet_module
from ferapp.ui.teach.teach_window import Tools
from ferapp.vision.classifier import Classifier
from tests.support.runs.run_files import a_process_that_trains, make_run, started, step
from tests.support.ui.teaching import WAIT, Person, Teaching, on_disk
from tests.support.ui.window_bench import Bench
from trainer.errors import DataError
from trainer.model_index import find_model, read_card

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_nothing_is_written_before_consent(teaching: Teaching, tmp_path: Path) -> None:
    teaching.open()
    sheet = teaching.sheet
    assert sheet.stack.currentWidget() is sheet.consent
    words = " ".join(label.text() for label in sheet.consent.findChildren(QLabel))
    for wanted in ("46 × 46 pixels", str(Examples().root), "Delete all my data", "agrees to this"):
        assert wanted in words
    for _ in range(12):
        shown = teaching.person.shows("happy")
        teaching.bench.show(shown)
    assert sheet.record.view.analysis is None  # not even looked at
    sheet.close()
    assert on_disk(tmp_path) == []
    assert not Examples().has_consent


def test_without_a_camera_it_is_said_before_anybody_agrees(teaching: Teaching) -> None:
    teaching.open()
    consent = teaching.sheet.consent
    filling = teaching.person.shows("happy")
    teaching.bench.show(replace(filling, frame=replace(filling.frame, source="")))
    teaching.wait(lambda: consent.trouble.isVisible())
    assert "until your camera does" in consent.trouble.text()
    teaching.bench.show(teaching.person.shows("happy"))
    teaching.wait(lambda: not consent.trouble.isVisible())


def test_whom_a_clip_shows_did_not_agree(teaching: Teaching) -> None:
    """With no camera Begin is not possible, and it is said how to choose one."""
    teaching.agree()
    record, bench = teaching.sheet.record, teaching.bench
    assert record.begin.isEnabled()
    assert not record.trouble.isVisible()
    for source, words in (
        ("demo", "The demo clip plays. Choose your camera first"),
        ("/videos/me.mp4", "A file plays. Choose your camera first"),
    ):
        shown = teaching.person.shows("angry")
        bench.show(replace(shown, frame=replace(shown.frame, source=source)))
        teaching.wait(lambda words=words: words in record.trouble.text())
        assert record.trouble.isVisible()
        assert not record.begin.isEnabled()
    teaching.look("angry")
    teaching.wait(record.begin.isEnabled)
    assert not record.trouble.isVisible()
    record.begin.click()
    for _ in range(12):  # in the midst of a take
        shown = teaching.person.shows("angry")
        bench.show(replace(shown, frame=replace(shown.frame, source="demo")))
    teaching.wait(lambda: "The demo clip plays" in record.words.text())
    assert record.begin.isEnabled()  # to pause
    assert Examples().counts()["angry"].takes == 0


def test_a_consent_that_cannot_be_noted_begins_nothing(
    teaching: Teaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store_module, "_write", full)
    teaching.open()
    teaching.sheet.consent.agree.click()
    teaching.wait(lambda: teaching.sheet.consent.wrong.isVisible())
    assert "No space left on device" in teaching.sheet.consent.wrong.text()
    assert "Make room" in teaching.sheet.consent.wrong.text()
    assert teaching.sheet.stack.currentWidget() is teaching.sheet.consent


def test_a_take_is_counted_down_and_kept(teaching: Teaching) -> None:
    teaching.agree()
    record = teaching.sheet.record
    assert record.title.text() == "Show: angry"
    teaching.look("angry")
    assert Examples().counts()["angry"].takes == 0  # nothing before Begin
    record.begin.click()
    counted = []
    while record.count_down.text() != "●":
        teaching.look("angry")
        counted.append(record.count_down.text())
    assert list(dict.fromkeys(counted)) == ["3", "2", "1", "●"]
    assert "Hold it" in record.words.text()
    teaching.one_take()
    assert record.figures["angry"].text() == f"{SHOTS} pictures"
    assert record.title.text() == "Show: disgust"
    assert not record.train.isEnabled()
    assert "two expressions" in record.train.toolTip()


def test_skip_and_redo(teaching: Teaching) -> None:
    teaching.agree()
    record = teaching.sheet.record
    record.skip.click()
    assert record.title.text() == "Show: disgust"
    assert not record.chips["angry"].isChecked()
    record.begin.click()
    teaching.one_take()
    assert record.title.text() == "Show: fear"
    record.redo.click()
    teaching.wait(lambda: record.title.text() == "Show: disgust")
    assert Examples().counts()["disgust"].takes == 0
    assert not record.redo.isEnabled()


def test_without_a_face_it_says_so_and_waits(teaching: Teaching) -> None:
    teaching.agree()
    record = teaching.sheet.record
    record.begin.click()
    teaching.look("angry")
    assert record.count_down.text() == "3"
    for _ in range(10):  # six seconds in which nobody is there
        teaching.look("angry", face_there=False)
        assert "No face in the picture" in record.words.text()
    assert Examples().counts()["angry"].takes == 0
    teaching.look("angry")
    assert record.count_down.text() == "3"  # anew


def test_without_new_pictures_it_says_so(
    teaching: Teaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    teaching.agree()
    record = teaching.sheet.record
    record.begin.click()
    teaching.look("angry")
    monkeypatch.setattr(sheet_module, "STILL_S", 0.0)
    teaching.wait(lambda: "No new picture comes" in record.words.text())
    monkeypatch.setattr(sheet_module, "STILL_S", 1000.0)
    teaching.look("angry")
    assert record.count_down.text() == "3"  # it goes on


def test_a_full_disk_is_told_and_pauses(
    teaching: Teaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    teaching.agree()
    record = teaching.sheet.record
    record.begin.click()
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(store_module, "_write", full)
        while not record.wrong.isVisible():
            if not record._busy:
                teaching.look("angry")
            teaching.bench.qtbot.wait(1)
    assert "No space left on device" in record.wrong.text()
    assert record.begin.text() == "Begin"  # paused
    assert Examples().counts()["angry"].takes == 0
    record.begin.click()
    assert not record.wrong.isVisible()
    teaching.one_take()
    assert Examples().counts()["angry"].takes == 1


def test_what_was_recorded_is_there_after_the_window_was_closed(
    teaching: Teaching, bench: Bench
) -> None:
    teaching.agree()
    record = teaching.sheet.record
    record.begin.click()
    teaching.one_take()
    teaching.look("disgust")  # a take that has begun
    teaching.sheet.close()
    teaching.wait(lambda: teaching.own.teaching is None)
    teaching.open()
    again = teaching.sheet.record
    teaching.wait(lambda: again.chips)
    assert teaching.sheet.stack.currentWidget() is again  # consent is not asked for twice
    assert again.figures["angry"].text() == f"{SHOTS} pictures"
    assert again.figures["disgust"].text() == "0 pictures"
    assert again.title.text() == "Show: disgust"


@pytest.mark.slow
def test_record_train_use_and_delete(teaching: Teaching, bench: Bench, tmp_path: Path) -> None:
    teaching.agree()
    teaching.record_all("happy", "sad")
    record, training = teaching.sheet.record, teaching.sheet.training
    assert record.figures["sad"].text() == f"{TAKES * SHOTS} pictures, {SHOTS} held out"
    teaching.train()
    assert "learns from 28 pictures. 14 others are held out" in training.words.text()
    assert "No pictures of angry, disgust, fear, surprise and neutral" in training.words.text()
    teaching.wait(lambda: "round" in training.state.text(), WAIT)
    teaching.wait(lambda: training.verdict.isVisible(), WAIT)
    found = training._outcome
    assert found is not None
    assert found.epoch > 0
    assert training.verdict.text() == (
        f"It helped: of the 14 held-out pictures {found.before} were recognised before, "
        f"{found.after} are now."
    )
    assert found.after > found.before
    cells = [label.text() for label in training.table.findChildren(QLabel)]
    assert [name for name in ("happy", "sad", "angry") if name in cells] == ["happy", "sad"]
    training.use.click()
    assert bench.engine.calls[-1] == ("load_model", str(found.model))
    usual = read_card(find_model("default"))
    taken = Classifier(str(found.model), "cpu").card  # as the engine takes it
    assert (taken.name, taken.temperature) == ("personal", usual.temperature)
    bench.engine.change(model=str(found.model))
    bench.window.store.change(model=str(found.model), recent_models=(str(found.model),))
    bench.window.store.save()
    assert len(on_disk(tmp_path)) > 40

    bench.window.actions_by_id["delete_data"].trigger()
    forgetting = teaching.forgetting
    teaching.wait(lambda: forgetting.delete.isEnabled())
    assert str(Examples().root) in forgetting.words["personal"].text()
    forgetting.delete.click()
    teaching.wait(lambda: forgetting.title.text() == "Deleted")
    assert "not found" in forgetting.outcome.text()
    assert bench.engine.calls[-1] == ("load_model", "default")
    assert teaching.own.teaching is None
    assert not Examples().root.exists()
    assert not bench.window.store.path.exists()
    assert bench.window.store.now.model == "default"
    assert bench.window.store.now.recent_models == ()
    assert on_disk(tmp_path) == []


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("stopped", "", "The training was stopped."),
        ("failed", "out of memory", "out of memory"),
        ("", "", "ended without a result"),
    ],
)
def test_a_training_of_an_earlier_window_is_stopped_and_its_end_told(
    teaching: Teaching, reason: str, error: str, words: str
) -> None:
    Examples().consent()
    with a_process_that_trains() as process:
        begun = started(pid=process.pid, time=time.time())
        run = make_run(Examples().runs, [begun, step(1)], "20261126-101500-personal")
        teaching.open()
        sheet, training = teaching.sheet, teaching.sheet.training
        teaching.wait(lambda: training.start.text() == "Stop")
        assert sheet.child is None
        assert not training.back.isEnabled()
        training.start.click()
        assert run.stop.is_file()  # which its process looks for after each step
        if reason:
            ended = {"event": "run_ended", "time": 400.0, "reason": reason, "error": error}
            with run.events.open("a") as stream:
                stream.write(json.dumps(ended) + "\n")
    teaching.wait(lambda: words in training.state.text())
    assert bool(training.state.property("wrong")) is (reason != "stopped")
    assert training.start.text() == "Train"
    assert training.back.isEnabled()


def test_pictures_that_cannot_be_prepared_are_told(bench: Bench) -> None:
    def fails(*_: object) -> None:
        raise DataError("examples: they cannot be read", "Record them again.")

    teaching = Teaching(bench)
    teaching.own._tools = Tools(face_pictures, fails)
    teaching.agree()
    sheet = teaching.sheet
    sheet._show_training()
    sheet.training.start.click()
    teaching.wait(lambda: "cannot be read" in sheet.training.state.text())
    assert "Record them again." in sheet.training.state.text()
    assert sheet.training.start.text() == "Train"


def test_the_app_puts_it_together(bench: Bench) -> None:
    log = AppLog()
    try:
        own = app.add_personal_data(bench.window, bench.engine, log)
        bench.window.actions_by_id["teach"].trigger()
        assert own.teaching is not None
        assert own.teaching.isVisible()
        shown = Person().shows("happy")
        (picture,) = own._tools.pictures([FrameShot(shown.frame.image, shown.faces[0].landmarks)])
        assert picture.startswith(b"\x89PNG")
        bench.window.actions_by_id["delete_data"].trigger()
        assert own.forgetting is not None
        bench.qtbot.waitUntil(own.forgetting.delete.isEnabled)
        assert str(log.file) in own.forgetting.words["log"].text()
    finally:
        log.close()
