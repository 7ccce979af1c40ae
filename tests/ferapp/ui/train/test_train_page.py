"""Runs launched, watched, stopped, killed, resumed and compared on the Train page."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.train import own_trainings
from ferapp.ui.train import train_page as page_module
from ferapp.ui.train.train_page import TrainPage
from tests.support.runs.run_files import epoch, make_run, running_training, started, step
from tests.support.ui.train_bench import (
    LONG,
    SETS,
    WAIT,
    StartedTraining,
    TrainBench,
    refresh,
)
from trainer.training.run_dir import RunDir


def test_start_watch_stop_resume_and_use_a_run(bench: TrainBench, prepared: Path) -> None:
    page, view = bench.page, bench.page.view
    assert page.empty.isVisible()
    bench.start(prepared, LONG)
    bench.wait_for_epochs(2)
    assert page._stack.currentWidget() is view
    assert bench.state() == "running"
    assert view.state.text().startswith("running, epoch")
    names = [name for name, _ in view.accuracies.legend_values()]
    assert names == ["validation", "mean class", "training", "start (default)"]
    assert view.losses.legend_values()[0][0] == "loss"
    assert view.rates.legend_values()
    assert view.metrics["best"].text() != "–"
    train = dict(view.accuracies.legend_values())["training"]
    assert view.metrics["train"].text().replace("\u00a0", " ") == train
    assert view.metrics["memory"].text().endswith("GiB")
    assert view.confusion.matrix._counts.sum() == 28  # the val samples
    assert "started" in view.log.toPlainText()
    view.confusion.slider.setValue(view.confusion.slider.maximum())
    newest = page.run.validations[-1].epoch
    assert f"epoch\u00a0{newest}" in view.confusion.label.text()
    view.stop.click()
    bench.wait(lambda: bench.state() == "stopped")
    bench.wait(lambda: not page.trainings)
    assert page.run is not None
    assert page.list.current_path() == str(page.run.path)
    before = page.run.progress
    assert view.live.isVisible()  # the model so far can be used
    view.live.click()
    assert bench.calls == [("live", str(RunDir(page.run.path).best))]
    view.inspect.click()
    assert bench.calls[-1] == ("inspect", str(page.run.path))
    matrix, slider = view.confusion.matrix, view.confusion.slider
    place = matrix.cell_rect((2, 1)).center().toPoint()
    slider.setValue(1 if slider.best == 0 else 0)  # the model of another epoch is not kept
    bench.qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=place)
    assert bench.calls[-1] == ("inspect", str(page.run.path))
    slider.setValue(slider.best)
    bench.qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=place)
    assert bench.calls[-1] == ("cells", str(page.run.path), "[(2, 1)]")
    view.epochs.click()
    assert bench.calls[-1] == ("epochs", str(page.run.path))
    assert view.resume.isVisible()
    view.resume.click()
    bench.wait(lambda: bench.state() == "running")
    bench.wait(lambda: page.run is not None and page.run.progress > before)
    assert len(page.list.entries.runs) == 1  # the same run


def test_a_killed_training_says_so_and_can_be_resumed(bench: TrainBench, prepared: Path) -> None:
    page = bench.page
    bench.start(prepared, LONG)
    bench.wait_for_epochs(2)
    (training,) = page.trainings
    os.kill(training.pid, signal.SIGKILL)
    bench.wait(lambda: bench.state() == "interrupted")
    assert "The training process ended unexpectedly" in page.view.reason.text()
    assert page.run is not None
    done = page.run.validations[-1].epoch
    bench.wait(page.view.resume.isEnabled)
    page.view.resume.click()
    bench.wait(lambda: bench.state() == "running")
    bench.wait_for_epochs(done + 1)
    assert not page.view.reason.isVisible()


STARTS = """
import os, sys
from pathlib import Path
from ferapp.runs.training_process import TrainingProcess
import json
arguments, runs = json.loads(sys.argv[1]), Path(sys.argv[2])
training = TrainingProcess(arguments, runs)
print(training.pid, flush=True)
os.kill(os.getpid(), 9)  # as an app that is killed
"""


def test_a_training_outlives_a_killed_app_and_a_new_app_takes_it_over(
    bench: TrainBench, prepared: Path, tmp_path: Path
) -> None:
    page = bench.page
    page.form.fill("default", str(prepared), LONG, "orphan")
    words = [sys.executable, "-c", STARTS, json.dumps(page.form.arguments), str(tmp_path / "runs")]
    ended = subprocess.run(words, stdout=subprocess.PIPE, check=False, timeout=60)
    pid = int(ended.stdout)
    try:
        bench.wait(lambda: len(page.list.entries.runs) == 1)
        page.list.choose(str(page.list.entries.runs[0].path))
        bench.wait_for_epochs(1)
        assert bench.state() == "running"
        assert not page.trainings  # this page started none
        page.view.stop.click()
        bench.wait(lambda: bench.state() == "stopped")
        assert page.view.resume.isVisible()
    finally:
        bench.wait(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_form_can_be_shown_again_after_a_training_began(
    bench: TrainBench, tmp_path: Path
) -> None:
    """The run is known before it is listed."""
    page, form = bench.page, bench.page._form_page
    with running_training() as child:
        begun = started(pid=child.pid, time=time.time())
        run = str(make_run(tmp_path / "runs", [begun, step(5)]).path)
        page.trainings.append(StartedTraining(Path(run)))  # type: ignore[arg-type]
        page._refresh()
        bench.wait(lambda: bench.state() == "running")
        refresh(bench)
        assert page._stack.currentWidget() is page.view
        assert page.list.current_path() == run  # selected in the list
        for button in (page.new_run, page.view.duplicate):
            button.click()
            refresh(bench)
            refresh(bench)
            assert page._stack.currentWidget() is form
            assert page.list.current_path() == ""
            page.list.choose(run)
            refresh(bench)
            assert page._stack.currentWidget() is page.view


def test_a_new_training_is_shown_and_selected_once_it_began(
    bench: TrainBench, tmp_path: Path
) -> None:
    """Even while another run is shown and two are checked."""
    page, entries = bench.page, bench.page.list.entries
    for minute in (0, 1):
        make_run(tmp_path / "runs", [started(), step(5)], f"20261124-10150{minute}-old")
    bench.wait(lambda: len(entries.runs) == 2)
    page.list.choose(str(entries.runs[0].path))
    bench.wait(lambda: page.run is not None)
    box = Qt.ItemDataRole.CheckStateRole
    for row in (0, 1):
        entries.setData(entries.index(row, 0), Qt.CheckState.Checked, box)
    assert page._stack.currentWidget() is page.comparison
    page.new_run.click()
    refresh(bench)
    assert page._stack.currentWidget() is page._form_page
    fresh = make_run(tmp_path / "runs", [started(), step(5)], "20261124-101502-new").path
    page.trainings.append(StartedTraining(fresh))  # type: ignore[arg-type]
    page._refresh()
    bench.wait(lambda: page.list.current_path() == str(fresh))
    bench.wait(lambda: page.run is not None and page.run.path == fresh)
    assert page._stack.currentWidget() is page.view


def test_focus_alone_selects_no_run(bench: TrainBench, tmp_path: Path) -> None:
    make_run(tmp_path / "runs", [started(), step(5)])
    bench.wait(lambda: len(bench.page.list.entries.runs) == 1)
    QApplication.sendEvent(bench.page.list, QFocusEvent(QEvent.Type.FocusIn))
    refresh(bench)
    assert bench.page.list.currentIndex().isValid()
    assert bench.page._stack.currentWidget() is bench.page._form_page


def test_stop_writes_a_request_and_signals_no_process(bench: TrainBench, tmp_path: Path) -> None:
    """For a run of another machine, whose process id is here another training's."""
    with running_training() as child:
        begun = {**started(pid=child.pid, host="elsewhere"), "time": time.time()}
        run = make_run(tmp_path / "runs", [begun])
        bench.wait(lambda: len(bench.page.list.entries.runs) == 1)
        bench.page.list.choose(str(run.path))
        bench.wait(lambda: bench.state() == "running")
        bench.page.view.stop.click()
        assert run.stop.is_file()  # its training looks for it after each step
        assert bench.page.view.stop.text() == "Stopping…"
        assert child.poll() is None


def test_a_run_that_cannot_be_stopped_says_so(
    bench: TrainBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    begun = {**started(host="elsewhere"), "time": time.time()}
    run = make_run(tmp_path / "runs", [begun])
    bench.wait(lambda: len(bench.page.list.entries.runs) == 1)
    bench.page.list.choose(str(run.path))
    bench.wait(lambda: bench.state() == "running")
    monkeypatch.setattr(page_module, "request_stop", refuse)
    bench.page.view.stop.click()
    assert "Permission denied" in bench.page.toast.label.text()
    assert bench.page.view.stop.text() == "Stop"


def test_a_training_that_cannot_begin_shows_its_reason(bench: TrainBench, prepared: Path) -> None:
    bench.start(prepared, {**SETS, "model.options": "{widths = [8, 16]}"})
    bench.wait(lambda: "2 widths do not fit 3 stages" in bench.page.data.text.text())
    assert not bench.page.trainings
    assert bench.page.run is None


def test_a_loss_that_the_app_does_not_know_is_not_dropped_silently(
    bench: TrainBench, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "runs", [started(), step(5)], data=str(tmp_path))
    head = json.loads(run.config.read_text())
    head["config"]["objective"]["terms"] = {"of_a_user": 0.5}
    run.config.write_text(json.dumps(head))
    page = bench.page
    bench.wait(lambda: len(page.list.entries.runs) == 1)
    assert page.list.entries.runs[0].state == "interrupted"  # it can be read
    page.list.choose(str(run.path))
    bench.wait(lambda: page.run is not None)
    page.view.duplicate_requested.emit()
    assert "“of_a_user” is unknown here" in page.toast.label.text()
    page.view.halve_batch_requested.emit()
    assert not page.trainings


def test_out_of_memory_offers_half_the_batch(
    bench: TrainBench, prepared: Path, tmp_path: Path
) -> None:
    failed = {"event": "run_ended", "reason": "failed", "error": "CUDA out of memory. Tried …"}
    sets = tuple(f"{key}={value}" for key, value in SETS.items())
    events = [started(), {**failed, "time": 0.0}]
    make_run(tmp_path / "runs", events, "20261101-101500-large", str(prepared), sets)
    entries = bench.page.list.entries
    bench.wait(lambda: len(entries.runs) == 1)
    bench.page.list.choose(str(entries.runs[0].path))
    bench.wait(bench.page.view.halve_batch.isVisible)
    assert "CUDA out of memory" in bench.page.view.reason.text()
    bench.page.view.halve_batch.click()
    bench.wait(lambda: len(entries.runs) == 2)
    bench.wait(lambda: bench.state() == "done" and not bench.page.trainings)
    newest = entries.runs[0]
    assert newest.config is not None
    assert (newest.config.optim.batch_size, newest.config.optim.accumulate) == (14, 2)
    assert newest.config.optim.epochs == 2


def test_a_duplicate_trains_with_exactly_the_same_settings(
    bench: TrainBench, tmp_path: Path
) -> None:
    rate = 0.12345678901234567
    sets = (f"optim.learning_rate={rate}", "objective.pal.sigma=0.0271828182845905")
    make_run(tmp_path / "runs", [started(), step(5)], "20261124-101500-best-of-three", sets=sets)
    entries = bench.page.list.entries
    bench.wait(lambda: len(entries.runs) == 1)
    bench.page.list.choose(str(entries.runs[0].path))
    bench.wait(bench.page.view.duplicate.isVisible)
    bench.page.view.duplicate.click()
    assert bench.page.form.run_name.text() == "best-of-three"
    assert entries.runs[0].config is not None
    assert entries.runs[0].config.optim.learning_rate == rate
    assert bench.page.form.config == entries.runs[0].config


def test_an_accuracy_of_zero_is_listed_as_zero(bench: TrainBench, tmp_path: Path) -> None:
    make_run(tmp_path / "runs", [started(), epoch(1, 0.0)])
    entries = bench.page.list.entries
    bench.wait(lambda: len(entries.runs) == 1)
    text = entries.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole).replace("\u00a0", " ")
    assert text.endswith("val · epoch 1 · n = 7, 0.0 % (0.0 to 35.4)")


def test_resume_pressed_twice_resumes_once(bench: TrainBench, tmp_path: Path) -> None:
    ended = {"event": "run_ended", "reason": "stopped", "error": "", "time": 0.0}
    run = make_run(tmp_path / "runs", [started(), step(5), ended])
    bench.wait(lambda: len(bench.page.list.entries.runs) == 1)
    bench.page.list.choose(str(run.path))
    bench.wait(bench.page.view.resume.isVisible)
    bench.page.view.resume.click()
    assert bench.page.view.state.text() == "Resuming…"  # at once: its process takes seconds
    assert not bench.page.view.resume.isVisible()
    bench.page.view.resume.click()
    assert len(bench.page.trainings) == 1
    bench.page._show_run(bench.page.run)  # read again before the training has written anything
    assert bench.page.view.state.text() == "Resuming…"


def test_two_runs_are_compared(bench: TrainBench, tmp_path: Path) -> None:
    page, entries = bench.page, bench.page.list.entries
    for number, (name, rate) in enumerate((("pal", "0.1"), ("pal", "0.01"))):
        events = [started(), step(5), step(10), epoch(1, 0.3), epoch(2, 0.4 + number / 10)]
        ended = {"event": "run_ended", "time": 400.0, "reason": "done", "error": ""}
        folder, sets = f"20261124-101{5 + number}00-{name}", (f"optim.learning_rate={rate}",)
        make_run(tmp_path / "runs", [*events, ended], folder, sets=sets)
    bench.wait(lambda: len(entries.runs) == 2)
    tester = QAbstractItemModelTester(
        entries, QAbstractItemModelTester.FailureReportingMode.Warning, page
    )
    box = Qt.ItemDataRole.CheckStateRole
    for row in (0, 1):
        entries.setData(entries.index(row, 0), Qt.CheckState.Checked, box)
    bench.wait(lambda: page.comparison.headline.text() == "2 runs")
    assert tester.model() is entries
    curves = page.comparison.accuracies.legend_values()
    names = ["pal · 10:15", "pal · 10:16"]
    assert sorted(curves) == [(names[0], "40.0 %"), (names[1], "50.0 %")]
    listed = [entries.index(row, 0).data() for row in (0, 1)]
    assert listed == names[::-1]  # the newest first
    results = page.comparison.results
    assert [results.item(row, 0).text() for row in (0, 1)] == listed
    table = page.comparison.differences
    rows = [table.item(row, 0).text() for row in range(table.rowCount())]
    assert rows == ["optim.learning_rate"]
    assert page.comparison.results.rowCount() == 2
    page.comparison.live.click()
    kind, *models = bench.calls[-1]
    assert kind == "compare"
    assert [Path(model).parents[1].name for model in models] == [r.name for r in entries.runs]
    entries.setData(entries.index(0, 0), Qt.CheckState.Unchecked, box)
    assert page._stack.currentWidget() is not page.comparison


def test_closing_asks_whether_to_keep_training(
    bench: TrainBench, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.page.may_close()  # nothing is running
    bench.start(prepared, LONG)
    bench.wait_for_epochs(1)
    for answer, closes in (("cancel", False), ("keep", True)):
        monkeypatch.setattr(own_trainings, "ask_about_process", lambda *_, a=answer, **__: a)
        assert bench.page.may_close() is closes
        assert bench.state() == "running"
    monkeypatch.setattr(own_trainings, "ask_about_process", lambda *_, **__: "stop")
    assert bench.page.may_close()
    bench.wait(lambda: bench.state() == "stopped")


def test_closing_right_after_a_runs_end_asks_nothing(
    bench: TrainBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its process takes a moment to end."""
    training = StartedTraining(make_run(tmp_path / "runs", [started(), step(5)]).path)
    bench.page.trainings.append(training)  # type: ignore[arg-type]
    asked: list[str] = []

    def answer(*_: object, **__: object) -> str:
        asked.append("asked")
        return "cancel"

    monkeypatch.setattr(own_trainings, "ask_about_process", answer)
    assert not bench.page.may_close()
    training.is_training = False
    assert bench.page.may_close()
    assert asked == ["asked"]
    bench.page.trainings.clear()


def test_damaged_runs_do_not_break_the_list(bench: TrainBench, tmp_path: Path) -> None:
    damaged = tmp_path / "runs" / "20261124-101500-damaged"
    damaged.mkdir(parents=True)
    (damaged / "config.json").write_text("{")
    entries = bench.page.list.entries
    bench.wait(lambda: len(entries.runs) == 1)
    index = entries.index(0, 0)
    words = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "damaged: not the configuration of a run" in words
    assert not entries.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
    bench.page.list.choose(str(damaged))
    bench.wait(lambda: bench.page.view.reason.isVisible())
    assert "not the configuration of a run" in bench.page.view.reason.text()
    assert not bench.page.view.live.isVisible()


def test_from_the_command_to_a_trained_model_that_runs_live(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    prepared: Path,
) -> None:
    """Open the page, train from the form, take the model live, open its mistakes."""
    monkeypatch.chdir(tmp_path)
    seen = list[str]()

    def look() -> None:
        (window,) = (
            w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()
        )
        try:
            (page,) = window.findChildren(TrainPage)
            assert page.isVisible()
            page.form.fill("default", str(prepared), SETS, "mine")
            page.form.start.click()
            qtbot.waitUntil(
                lambda: page.run is not None and page.run.state == "done" and not page.trainings,
                timeout=WAIT,
            )
            assert page.run is not None
            best = str(RunDir(page.run.path).best)
            page.view.live.click()
            assert window.live_page.isVisible()
            qtbot.waitUntil(lambda: window.live_page.status.model.spec == best, timeout=WAIT)
            seen.append(window.live_page.status.model.spec)
            window.show_page("Train")
            page.view.inspect.click()
            from ferapp.ui.inspect.inspect_page import InspectPage

            (inspect,) = window.findChildren(InspectPage)
            name = f"{page.run.name} · val"
            qtbot.waitUntil(lambda: inspect.overview.name.text() == name, timeout=WAIT)
            seen.append(inspect.overview.name.text())
        finally:
            window.close()

    QTimer.singleShot(0, look)
    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", "demo", "--page", "train"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert len(seen) == 2
