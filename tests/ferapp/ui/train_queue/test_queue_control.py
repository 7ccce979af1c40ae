"""The queue on the Train page: adding, order, the question, seeds and grids; nothing trains."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.run_queue import RunQueue, read_queue, write_queue
from ferapp.ui.train_queue import queue_control, start_question
from ferapp.ui.train_queue.end_notice import EndNotice
from ferapp.ui.train_queue.several_runs_dialog import SeveralRunsDialog, parse_values
from tests.support.runs.run_files import epoch, make_run, running_training, started, step
from tests.support.ui.train_bench import TrainBench, make_train_bench, refresh
from trainer.config.loading import load_config
from trainer.errors import UsageError


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[TrainBench]:
    """A page whose queue is paused, and whose form could be started."""
    write_queue(tmp_path / "runs", RunQueue(is_paused=True))
    for made in make_train_bench(qtbot, qapp, tmp_path / "runs"):
        refresh(made)
        made.page.form.fill("default", str(tmp_path), {"optim.epochs": "2"}, "base")
        yield made


def names(bench: TrainBench) -> list[str]:
    """What waits, by the window; the file says the same once it is written."""
    shown = bench.page.queue.strip.list
    return [shown.item(row).text() for row in range(shown.count())]


def saved(bench: TrainBench) -> list[str]:
    bench.wait(lambda: not bench.page.tasks.busy)
    return [entry.name for entry in read_queue(bench.page._tools.runs).waiting]


def add(bench: TrainBench, *wanted: str) -> None:
    for name in wanted:
        bench.page.form.run_name.setText(name)
        bench.page.form.validate()
        bench.page.queue.menu.queue.trigger()


def test_entries_are_added_reordered_and_removed(bench: TrainBench) -> None:
    strip = bench.page.queue.strip
    assert not strip.isVisible()
    add(bench, "a", "b", "c")
    assert strip.isVisible()
    assert strip.title.text() == "Queue · 3 paused"
    assert names(bench) == saved(bench) == ["a", "b", "c"]
    strip.list.setCurrentRow(2)
    strip.up.click()
    assert names(bench) == ["a", "c", "b"]
    assert strip.list.currentRow() == 1  # the selection stays with its entry
    bench.qtbot.keyClick(strip.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(bench) == saved(bench) == ["c", "a", "b"]
    assert not strip.up.isEnabled()
    bench.qtbot.keyClick(strip.list, Qt.Key.Key_Delete)
    assert names(bench) == saved(bench) == ["a", "b"]
    assert "2\u00a0epochs" in strip.list.item(0).toolTip()


def test_pausing_is_kept_for_the_next_start(bench: TrainBench) -> None:
    """The next page finds the queue as it was; closing writes what was not written yet."""
    add(bench, "a")
    strip, runs = bench.page.queue.strip, bench.page._tools.runs
    with running_training() as child:  # so that nothing starts
        make_run(runs, [started(pid=child.pid, time=time.time())])
        refresh(bench)
        assert strip.pause.text() == "Continue"
        strip.pause.click()
        assert strip.title.text() == "Queue · 1 waiting"
        add(bench, "b")
        bench.page.stop()
        queue = read_queue(runs)
        assert [entry.name for entry in queue.waiting] == ["a", "b"]
        assert not queue.is_paused


def test_start_asks_while_a_run_trains(bench: TrainBench, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    bench.page.queue.start_now.disconnect()
    bench.page.queue.start_now.connect(begun.append)
    answers = iter(["queue", "now", "cancel"])
    monkeypatch.setattr(queue_control, "has_few_cores", lambda: True)
    monkeypatch.setattr(queue_control, "ask_to_queue", lambda parent: next(answers))
    form = bench.page.form
    form.start.click()
    assert len(begun) == 1  # nothing trains: no question
    with running_training() as child:
        make_run(bench.page._tools.runs, [started(pid=child.pid, time=time.time())])
        refresh(bench)
        form.start.click()
        assert names(bench) == ["base"]
        form.start.click()
        assert begun[1] == form.arguments
        form.start.click()  # cancelled
        assert len(begun) == 2
        assert names(bench) == ["base"]


def test_the_question_names_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, words in ((1, "the only core"), (2, "both cores"), (4, "all 4 cores")):
        monkeypatch.setattr(start_question.os, "cpu_count", lambda cores=cores: cores)
        expected = f"One run already uses {words}: queue it or start now?"
        assert start_question.question_text() == expected
        assert start_question.has_few_cores()
    monkeypatch.setattr(start_question.os, "cpu_count", lambda: 16)
    assert not start_question.has_few_cores()


def test_a_grid_and_seeds_are_counted_before_they_are_added(
    bench: TrainBench, qtbot: QtBot
) -> None:
    dialog = SeveralRunsDialog(bench.page, load_config(None, ()), 3, True)
    qtbot.addWidget(dialog)
    rate, batch = dialog.values
    assert (rate.text(), batch.text()) == ("0.1", "128")  # the form's own
    rate.setText("0.01, 0.1")
    batch.setText("32, 64")
    assert dialog.summary.text() == "2 × 2 × 3 = 12\u00a0runs"
    assert len(dialog.runs) == 12
    rate.setText("0.01, 99")
    assert "optim.learning_rate = 99" in dialog.summary.text()
    assert not dialog.add.isEnabled()
    rate.setText("0.01")
    dialog.fields[0].setCurrentIndex(dialog.fields[1].currentIndex())
    assert dialog.summary.text() == "Both fields are the same."
    dialog.fields[1].setCurrentIndex(0)
    assert dialog.add.isEnabled()
    assert dialog.summary.text() == "1 × 3 = 3\u00a0runs"


def test_values_are_numbers_words_and_switches() -> None:
    assert parse_values("0.1, 1e-3 ,2") == [0.1, 0.001, 2]
    assert parse_values("sgd, adam") == ["sgd", "adam"]
    assert parse_values("true, false") == [True, False]
    for wrong in ("", " , ", "1, 1"):
        with pytest.raises(UsageError):
            parse_values(wrong)


def test_the_end_of_a_run_is_told_with_its_result(bench: TrainBench) -> None:
    told: list[tuple[str, str]] = []
    bench.page.queue.ended.connect(lambda title, text: told.append((title, text)))
    add(bench, "next")
    events = [{**started(), "time": time.time()}, step(10), epoch(1, 0.712)]
    with running_training() as child:
        events[0]["pid"] = child.pid
        run = make_run(bench.page._tools.runs, events, "20261201-100000-first")
        refresh(bench)
        assert told == []
        with run.events.open("a") as stream:
            stream.write('{"event": "run_ended", "reason": "done", "time": 200.0}\n')
        refresh(bench)
    refresh(bench)
    assert told == [("first: done", "71.2 % correct (validation). 1\u00a0run in the queue.")]


def test_the_notice_only_while_the_window_is_not_in_front(
    bench: TrainBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts: list[object] = []
    remembered: list[bool] = []
    monkeypatch.setattr(QApplication, "alert", alerts.append)
    notice = EndNotice(bench.window, True, remembered.append)
    for in_front, told in ((True, 0), (False, 1)):
        monkeypatch.setattr(bench.window, "isActiveWindow", lambda in_front=in_front: in_front)
        notice.show("first: done", "")
        assert len(alerts) == told
    notice.action.setChecked(False)
    assert remembered == [False]
    notice.show("second: done", "")
    assert len(alerts) == 1
