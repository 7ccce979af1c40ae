"""Teaching it one's face: consent, pictures, training, using it, and deleting everything."""

import errno
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from bench import Bench
from cartoon import SIDE, cartoon
from fake_engine import analysis, face
from PySide6.QtWidgets import QLabel
from run_files import a_process_that_trains, make_run, started, step

from ferapp import app
from ferapp.live import examples as store_module
from ferapp.live import journal
from ferapp.live.examples import TAKES, Examples
from ferapp.live.face_pictures import face_pictures, prepare_examples
from ferapp.live.state import ModelState, RecordingStatus
from ferapp.live.takes import PICTURES, Shot
from ferapp.sources.frame import Frame
from ferapp.ui.forget import ForgetSheet
from ferapp.ui.own_data import Log, OwnData
from ferapp.ui.teach import sheet as sheet_module
from ferapp.ui.teach.sheet import TeachSheet, Tools
from ferapp.vision.analysis import Analysis
from ferapp.vision.classifier import Classifier
from trainer.errors import DataError
from trainer.model_index import find_model, read_card

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

WAIT = 240_000  # ms; a training starts in seconds, but not where others work, too
QUICK = ("optim.epochs=6", "optim.learning_rate=0.1", "run.threads=1", "run.loaders=1")


class Person:
    """In front of a camera: each look is a cartoon of what is shown, 0.6 s after the one before."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(0)
        self._number = itertools.count()

    def shows(self, expression: str, *, face_there: bool = True) -> Analysis:
        number = next(self._number)
        grey, points = cartoon(expression, self._draw)
        side = 2 * SIDE
        image = cv2.cvtColor(cv2.resize(grey, (side, side)), cv2.COLOR_GRAY2BGR)
        at = 100 + 0.6 * number
        frame = Frame(image, number, at, at, source="camera:One")
        shown = replace(
            face((side / 2, side / 2), side / 3, expression), landmarks=2 * points + 0.5
        )
        picture = np.dstack([image, np.full((side, side), 255, np.uint8)])
        made = analysis(shown, index=number)
        return replace(made, frame=frame, picture=picture, faces=(shown,) if face_there else ())


class Teaching:
    """The window with what the app learns of its user."""

    def __init__(self, bench: Bench, sets: tuple[str, ...] = QUICK) -> None:
        self.bench, self.person = bench, Person()
        self.own = OwnData(
            bench.window, bench.engine, Tools(face_pictures, prepare_examples, sets), Log()
        )

    @property
    def sheet(self) -> TeachSheet:
        assert self.own.teaching is not None
        return self.own.teaching

    @property
    def forgetting(self) -> ForgetSheet:
        assert self.own.forgetting is not None
        return self.own.forgetting

    def wait(self, condition: Callable[[], object], timeout: int = 20_000) -> None:
        self.bench.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def open(self) -> None:
        self.bench.window.actions_by_id["teach"].trigger()

    def agree(self) -> None:
        self.open()
        self.sheet.consent.agree.click()
        self.wait(lambda: self.sheet.record.chips)

    def ask_for(self, *expressions: str) -> None:
        for name, chip in self.sheet.record.chips.items():
            chip.setChecked(name in expressions)

    def look(self, expression: str, *, face_there: bool = True) -> None:
        """One picture, until the window has seen it."""
        shown = self.person.shows(expression, face_there=face_there)
        self.bench.engine.give(shown)
        record = self.sheet.record
        self.wait(lambda: (a := record.view.analysis) is not None and a.frame is shown.frame)

    def one_take(self) -> None:
        """What is asked for is shown until its pictures are kept."""
        record, name = self.sheet.record, self.sheet.record.prompt
        before = Examples().counts()[name].takes
        while Examples().counts()[name].takes == before:
            if not record._busy:
                self.look(name)
            self.bench.qtbot.wait(1)  # a turn of the event loop
        self.wait(lambda: not record._busy)

    def record_all(self, *expressions: str) -> None:
        self.ask_for(*expressions)
        self.sheet.record.begin.click()
        while self.sheet.record.prompt:
            self.one_take()

    def train(self) -> None:
        self.sheet.record.train.click()
        self.sheet.training.start.click()


@pytest.fixture
def teaching(bench: Bench) -> Iterator[Teaching]:
    made = Teaching(bench)
    yield made
    if made.own.teaching is not None:
        made.own.teaching.end_training()


def on_disk(tmp_path: Path) -> list[Path]:
    """All that is kept of a person, wherever it may be; matplotlib's list of fonts is of nobody."""
    places = (tmp_path / name for name in ("xdg_data_home", "xdg_cache_home", "xdg_state_home"))
    found = (file for place in places for file in place.rglob("*") if file.is_file())
    return sorted(file for file in found if "matplotlib" not in file.parts)


def test_nothing_is_written_before_consent(teaching: Teaching, tmp_path: Path) -> None:
    teaching.open()
    sheet = teaching.sheet
    assert sheet.stack.currentWidget() is sheet.consent
    words = " ".join(label.text() for label in sheet.consent.findChildren(QLabel))
    for wanted in ("48 × 48 pixels", str(Examples().root), "Delete all my data", "agrees to this"):
        assert wanted in words
    for _ in range(12):
        shown = teaching.person.shows("happy")
        teaching.bench.show(shown)
    assert sheet.record.view.analysis is None  # not even looked at
    sheet.close()
    assert on_disk(tmp_path) == []
    assert not Examples().has_consent


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
    assert record.figures["angry"].text() == f"{PICTURES} pictures"
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
    assert again.figures["angry"].text() == f"{PICTURES} pictures"
    assert again.figures["disgust"].text() == "0 pictures"
    assert again.title.text() == "Show: disgust"


@pytest.mark.slow
def test_record_train_use_and_delete(teaching: Teaching, bench: Bench, tmp_path: Path) -> None:
    teaching.agree()
    teaching.record_all("happy", "sad")
    record, training = teaching.sheet.record, teaching.sheet.training
    assert record.figures["sad"].text() == f"{TAKES * PICTURES} pictures, {PICTURES} held out"
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

    bench.window.actions_by_id["forget"].trigger()
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
    bench.engine.change(model_state=ModelState.LOADING)
    bench.window.load_model(personal)
    teaching.own.forget()
    teaching.wait(lambda: teaching.forgetting.delete.isEnabled())
    assert not teaching.forgetting.delete.hasFocus()  # nobody deletes by a stray Enter
    teaching.forgetting.delete.click()
    assert bench.engine.calls[-1] == ("load_model", "default")
    calls = bench.engine.status_calls
    bench.engine.change(model=personal, model_state=ModelState.READY)
    teaching.wait(lambda: bench.engine.status_calls > calls + 2)
    assert bench.window.store.now.model == "default"
    teaching.wait(lambda: teaching.forgetting.title.text() == "Deleted")


def test_the_app_puts_it_together(bench: Bench) -> None:
    log = journal.install()
    try:
        own = app.add_own_data(bench.window, bench.engine, log)
        bench.window.actions_by_id["teach"].trigger()
        assert own.teaching is not None
        assert own.teaching.isVisible()
        shown = Person().shows("happy")
        (picture,) = own._tools.pictures([Shot(shown.frame.image, shown.faces[0].landmarks)])
        assert picture.startswith(b"\x89PNG")
        bench.window.actions_by_id["forget"].trigger()
        assert own.forgetting is not None
        bench.qtbot.waitUntil(own.forgetting.delete.isEnabled)
        assert str(log.file) in own.forgetting.words["log"].text()
    finally:
        log.close()
