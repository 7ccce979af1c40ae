"""Teaching a model the user's face: consent, pictures, training, use, and deletion."""

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
from ferapp.personal.examples import TAKES, ExampleStore
from ferapp.personal.face_crops import face_crop_pngs
from ferapp.personal.take_session import SHOTS, FrameShot
from ferapp.ui.teach import teach_window as window_module
from ferapp.ui.teach.teach_window import TeachTools
from ferapp.vision.classifier import Classifier
from tests.support.runs.run_files import make_run, running_training, started, step
from tests.support.ui.teach_bench import WAIT, Person, TeachBench, on_disk
from tests.support.ui.window_bench import Bench
from trainer.errors import DataError
from trainer.model_index import find_model, read_card

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_nothing_is_written_before_consent(teaching: TeachBench, tmp_path: Path) -> None:
    teaching.open()
    dialog = teaching.dialog
    assert dialog.stack.currentWidget() is dialog.consent
    words = " ".join(label.text() for label in dialog.consent.findChildren(QLabel))
    for wanted in (
        "46 × 46 pixels",
        str(ExampleStore().root),
        "Delete all my data",
        "agrees to this",
    ):
        assert wanted in words
    for _ in range(12):
        shown = teaching.person.shows("happy")
        teaching.bench.show(shown)
    assert dialog.record.view.analysis is None  # it is not even shown
    dialog.close()
    assert on_disk(tmp_path) == []
    assert not ExampleStore().has_consent


def test_a_missing_camera_is_reported_before_consent(teaching: TeachBench) -> None:
    teaching.open()
    consent = teaching.dialog.consent
    filling = teaching.person.shows("happy")
    teaching.bench.show(replace(filling, frame=replace(filling.frame, source="")))
    teaching.wait(lambda: consent.source_problem.isVisible())
    assert "until your camera does" in consent.source_problem.text()
    teaching.bench.show(teaching.person.shows("happy"))
    teaching.wait(lambda: not consent.source_problem.isVisible())


def test_people_in_a_clip_have_not_agreed(teaching: TeachBench) -> None:
    """Without a camera Begin is disabled, and the dialog says how to choose one."""
    teaching.agree()
    record, bench = teaching.dialog.record, teaching.bench
    assert record.begin.isEnabled()
    assert not record.source_problem.isVisible()
    for source, words in (
        ("demo", "The demo clip plays. Choose your camera first"),
        ("/videos/me.mp4", "A file plays. Choose your camera first"),
    ):
        shown = teaching.person.shows("angry")
        bench.show(replace(shown, frame=replace(shown.frame, source=source)))
        teaching.wait(lambda words=words: words in record.source_problem.text())
        assert record.source_problem.isVisible()
        assert not record.begin.isEnabled()
    teaching.show("angry")
    teaching.wait(record.begin.isEnabled)
    assert not record.source_problem.isVisible()
    record.begin.click()
    for _ in range(12):  # in the midst of a take
        shown = teaching.person.shows("angry")
        bench.show(replace(shown, frame=replace(shown.frame, source="demo")))
    teaching.wait(lambda: "The demo clip plays" in record.instruction.text())
    assert record.begin.isEnabled()  # to pause
    assert ExampleStore().counts()["angry"].takes == 0


def test_without_a_recorded_consent_nothing_begins(
    teaching: TeachBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store_module, "_write", full)
    teaching.open()
    teaching.dialog.consent.agree.click()
    teaching.wait(lambda: teaching.dialog.consent.error.isVisible())
    assert "No space left on device" in teaching.dialog.consent.error.text()
    assert "Free some space" in teaching.dialog.consent.error.text()
    assert teaching.dialog.stack.currentWidget() is teaching.dialog.consent


def test_a_take_is_counted_down_and_stored(teaching: TeachBench) -> None:
    teaching.agree()
    record = teaching.dialog.record
    assert record.title.text() == "Show: angry"
    teaching.show("angry")
    assert ExampleStore().counts()["angry"].takes == 0  # nothing before Begin
    record.begin.click()
    counted = []
    while record.countdown.text() != "●":
        teaching.show("angry")
        counted.append(record.countdown.text())
    assert list(dict.fromkeys(counted)) == ["3", "2", "1", "●"]
    assert "Hold it" in record.instruction.text()
    teaching.record_take()
    assert record.count_labels["angry"].text() == f"{SHOTS}\u00a0pictures"
    assert record.title.text() == "Show: disgust"
    assert not record.train.isEnabled()
    assert "two expressions" in record.train.toolTip()


def test_skip_and_redo(teaching: TeachBench) -> None:
    teaching.agree()
    record = teaching.dialog.record
    record.skip.click()
    assert record.title.text() == "Show: disgust"
    assert not record.chips["angry"].isChecked()
    record.begin.click()
    teaching.record_take()
    assert record.title.text() == "Show: fear"
    record.redo.click()
    teaching.wait(lambda: record.title.text() == "Show: disgust")
    assert ExampleStore().counts()["disgust"].takes == 0
    assert not record.redo.isEnabled()


def test_without_a_face_it_waits(teaching: TeachBench) -> None:
    teaching.agree()
    record = teaching.dialog.record
    record.begin.click()
    teaching.show("angry")
    assert record.countdown.text() == "3"
    for _ in range(10):  # six seconds without anybody
        teaching.show("angry", has_face=False)
        assert "No face in the picture" in record.instruction.text()
    assert ExampleStore().counts()["angry"].takes == 0
    teaching.show("angry")
    assert record.countdown.text() == "3"  # it starts again


def test_it_says_when_no_frames_arrive(
    teaching: TeachBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    teaching.agree()
    record = teaching.dialog.record
    record.begin.click()
    teaching.show("angry")
    monkeypatch.setattr(window_module, "STALLED_S", 0.0)
    teaching.wait(lambda: "No frames are arriving" in record.instruction.text())
    monkeypatch.setattr(window_module, "STALLED_S", 1000.0)
    teaching.show("angry")
    assert record.countdown.text() == "3"  # it continues


def test_a_full_disk_is_reported_and_pauses(
    teaching: TeachBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    teaching.agree()
    record = teaching.dialog.record
    record.begin.click()
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(store_module, "_write", full)
        while not record.failure.isVisible():
            if not record._is_storing:
                teaching.show("angry")
            teaching.bench.qtbot.wait(1)
    assert "No space left on device" in record.failure.text()
    assert record.begin.text() == "Begin"  # paused
    assert ExampleStore().counts()["angry"].takes == 0
    record.begin.click()
    assert not record.failure.isVisible()
    teaching.record_take()
    assert ExampleStore().counts()["angry"].takes == 1


def test_recorded_pictures_survive_closing_the_dialog(teaching: TeachBench, bench: Bench) -> None:
    teaching.agree()
    record = teaching.dialog.record
    record.begin.click()
    teaching.record_take()
    teaching.show("disgust")  # an unfinished take
    teaching.dialog.close()
    teaching.wait(lambda: teaching.personal_data.teach_window is None)
    teaching.open()
    again = teaching.dialog.record
    teaching.wait(lambda: again.chips)
    assert teaching.dialog.stack.currentWidget() is again  # consent is asked for only once
    assert again.count_labels["angry"].text() == f"{SHOTS}\u00a0pictures"
    assert again.count_labels["disgust"].text() == "0\u00a0pictures"
    assert again.title.text() == "Show: disgust"


@pytest.mark.slow
def test_record_train_use_and_delete(teaching: TeachBench, bench: Bench, tmp_path: Path) -> None:
    teaching.agree()
    teaching.record_all("happy", "sad")
    record, training = teaching.dialog.record, teaching.dialog.training
    assert record.count_labels["sad"].text() == f"{TAKES * SHOTS}\u00a0pictures, {SHOTS} held out"
    teaching.train()
    assert "trained on 28\u00a0pictures. 14\u00a0others are held out" in training.examples.text()
    assert "No pictures of angry, disgust, fear, surprise and neutral" in training.examples.text()
    teaching.wait(lambda: "epoch" in training.state.text(), WAIT)
    teaching.wait(lambda: training.verdict.isVisible(), WAIT)
    found = training._result
    assert found is not None
    assert found.epoch > 0
    assert training.verdict.text() == (
        f"It helped: of the 14\u00a0held-out pictures, {found.before} were recognised before and "
        f"{found.after} are now."
    )
    assert found.after > found.before
    cells = [label.text() for label in training.table.findChildren(QLabel)]
    assert [name for name in ("happy", "sad", "angry") if name in cells] == ["happy", "sad"]
    training.use.click()
    assert bench.engine.calls[-1] == ("load_model", str(found.model))
    usual = read_card(find_model("default"))
    taken = Classifier(str(found.model), "cpu").card  # as the engine loads it
    assert (taken.name, taken.temperature) == ("personal", usual.temperature)
    bench.engine.change_model(spec=str(found.model))
    bench.window.store.change(model=str(found.model), recent_models=(str(found.model),))
    bench.window.store.save()
    assert len(on_disk(tmp_path)) > 40

    bench.window.actions_by_id["delete_data"].trigger()
    dialog = teaching.delete_dialog
    teaching.wait(lambda: dialog.delete.isEnabled())
    assert str(ExampleStore().root) in dialog.descriptions["personal"].text()
    dialog.delete.click()
    teaching.wait(lambda: dialog.title.text() == "Deleted")
    assert "deleted. Nothing is left" in dialog.message.text()
    assert bench.engine.calls[-1] == ("load_model", "default")
    assert teaching.personal_data.teach_window is None
    assert not ExampleStore().root.exists()
    assert not bench.window.store.path.exists()
    assert bench.window.store.now.model == "default"
    assert bench.window.store.now.recent_models == ()
    assert on_disk(tmp_path) == []


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("stopped", "", "Training was stopped."),
        ("failed", "out of memory", "out of memory"),
        ("", "", "ended without a result"),
    ],
)
def test_a_training_of_an_earlier_dialog_can_be_stopped(
    teaching: TeachBench, reason: str, error: str, words: str
) -> None:
    ExampleStore().consent()
    with running_training() as process:
        begun = started(pid=process.pid, time=time.time())
        run = make_run(ExampleStore().runs, [begun, step(1)], "20261126-101500-personal")
        teaching.open()
        dialog, training = teaching.dialog, teaching.dialog.training
        teaching.wait(lambda: training.start.text() == "Stop")
        assert dialog.training_process is None
        assert not training.back.isEnabled()
        training.start.click()
        assert run.stop.is_file()  # its process looks for it after each step
        if reason:
            ended = {"event": "run_ended", "time": 400.0, "reason": reason, "error": error}
            with run.events.open("a") as stream:
                stream.write(json.dumps(ended) + "\n")
    teaching.wait(lambda: words in training.state.text())
    assert bool(training.state.property("wrong")) is (reason != "stopped")
    assert training.start.text() == "Train"
    assert training.back.isEnabled()


def test_pictures_that_cannot_be_prepared_are_reported(bench: Bench) -> None:
    def fails(*_: object) -> None:
        raise DataError("examples: they cannot be read", "Record them again.")

    teaching = TeachBench(bench)
    teaching.personal_data._tools = TeachTools(face_crop_pngs, fails)
    teaching.agree()
    dialog = teaching.dialog
    dialog._show_training()
    dialog.training.start.click()
    teaching.wait(lambda: "cannot be read" in dialog.training.state.text())
    assert "Record them again." in dialog.training.state.text()
    assert dialog.training.start.text() == "Train"


def test_the_app_puts_it_together(bench: Bench) -> None:
    log = AppLog()
    try:
        own = app.add_personal_data(bench.window, bench.engine, log)
        bench.window.actions_by_id["teach"].trigger()
        assert own.teach_window is not None
        assert own.teach_window.isVisible()
        shown = Person().shows("happy")
        (picture,) = own._tools.crop_pngs([FrameShot(shown.frame.image, shown.faces[0].landmarks)])
        assert picture.startswith(b"\x89PNG")
        bench.window.actions_by_id["delete_data"].trigger()
        assert own.delete_dialog is not None
        bench.qtbot.waitUntil(own.delete_dialog.delete.isEnabled)
        assert str(log.file) in own.delete_dialog.descriptions["log"].text()
    finally:
        log.close()
