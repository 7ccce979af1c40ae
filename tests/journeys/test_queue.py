"""A queue of runs is worked off one by one, over a kill of the app; a grid makes four runs."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.run_queue import QueueEntry, RunQueue, expand, read_queue, write_queue
from ferapp.ui.train_queue.several_runs_dialog import SeveralRunsDialog
from tests.support import ROOT
from tests.support.ui.train_bench import SETS, make_train_bench, save_cartoons
from trainer.config.loading import load_config
from trainer.recipes import RECIPES
from trainer.reports.run_records import read_run_header
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

TINY = {**SETS, "optim.epochs": "1"}
TEXTS = [f"{key}={value}" for key, value in TINY.items()]
CONFIG = load_config(None, TEXTS)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "prepared"
    save_cartoons(folder)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


open_page = contextmanager(make_train_bench)


def made_runs(runs: Path) -> list[RunDir]:
    return [RunDir(file.parent) for file in sorted(runs.glob("*/config.json"))]


def ended(run: RunDir) -> list[dict[str, object]]:
    events = read_events(run.events) if run.events.is_file() else []
    return [event for event in events if event["event"] == "run_ended"]


def test_five_runs_one_after_the_other_over_a_kill_of_the_app_and_a_failure(
    qtbot: QtBot, qapp: QApplication, runs: Path, prepared: Path
) -> None:
    seeds = [config for _, config in expand(CONFIG, 5, {})]
    entries = [QueueEntry.of(f"q{k}", str(prepared), config) for k, config in enumerate(seeds)]
    wrong = QueueEntry.of("wrong", str(prepared / "missing.csv"), CONFIG)
    write_queue(runs, RunQueue().added([*entries[:2], wrong, *entries[2:]]))
    app = subprocess.Popen([sys.executable, "-m", "tests.support.app.queue_app", runs], cwd=ROOT)
    try:
        qtbot.waitUntil(lambda: bool(made_runs(runs)), timeout=90_000)
    finally:
        os.kill(app.pid, signal.SIGKILL)
        app.wait()
    with open_page(qtbot, qapp, runs) as bench:
        qtbot.waitUntil(lambda: len(list(filter(ended, made_runs(runs)))) == 5, timeout=240_000)
        bench.wait(lambda: not bench.page.trainings and not bench.page.tasks.busy)
    events = [read_events(run.events) for run in made_runs(runs)]
    assert [log[0]["name"] for log in events] == ["q0", "q1", "q2", "q3", "q4"]
    assert [log[-1]["reason"] for log in events] == ["done"] * 5
    assert [read_run_header(run)[2].run.seed for run in made_runs(runs)] == [0, 1, 2, 3, 4]
    for before, after in pairwise(events):
        assert before[-1]["time"] <= after[0]["time"]  # never two at a time
    assert read_queue(runs) == RunQueue()
    assert not list(runs.glob(".queued-*"))


def test_a_grid_of_two_by_two_makes_four_runs(
    qtbot: QtBot, qapp: QApplication, runs: Path, prepared: Path
) -> None:
    with open_page(qtbot, qapp, runs) as bench:
        form = bench.page.form
        form.fill("default", str(prepared), TINY, "grid")
        bench.page.queue.menu.grid.trigger()
        (dialog,) = bench.page.findChildren(SeveralRunsDialog)
        dialog.values[0].setText("0.01, 0.1")
        dialog.values[1].setText("14, 28")
        dialog.add.click()
        bench.wait(lambda: len(list(filter(ended, made_runs(runs)))) == 4)
    configs = [read_run_header(run)[2] for run in made_runs(runs)]
    pairs = [(config.optim.learning_rate, config.optim.batch_size) for config in configs]
    assert pairs == [(0.01, 14), (0.01, 28), (0.1, 14), (0.1, 28)]
    form_config = load_config(None, TEXTS, **RECIPES["default"].values)
    for config in configs:
        assert config.model_copy(update={"optim": form_config.optim}) == form_config
    names = [run.path.name.split("-", 2)[2] for run in made_runs(runs)]
    assert names[0] == "grid-learning_rate-0.01-batch_size-14"


def test_of_two_windows_one_works_off_the_queue_and_the_other_says_so(
    qtbot: QtBot, qapp: QApplication, runs: Path, prepared: Path
) -> None:
    entry = QueueEntry.of("waits", str(prepared), CONFIG)
    write_queue(runs, RunQueue(is_paused=True).added([entry]))
    with open_page(qtbot, qapp, runs) as second, open_page(qtbot, qapp, runs) as first:
        pages = (first.page, second.page)
        for page in pages:
            qtbot.waitUntil(lambda page=page: page.queue.strip.isVisible())
        qtbot.waitUntil(lambda: sum(page.queue.is_ours for page in pages) == 1)
        (owner,) = (page for page in pages if page.queue.is_ours)
        (other,) = (page for page in pages if not page.queue.is_ours)
        assert other.queue.strip.taken.isVisible()
        assert "Another window" in other.queue.strip.taken.text()
        assert not owner.queue.strip.taken.isVisible()
        assert not other.queue.strip.pause.isEnabled()
        assert not other.queue.strip.remove.isEnabled()
        other.form.fill("default", str(prepared), TINY, "more")
        assert not other.queue.menu.queue.isEnabled()
        assert "Another window" in other.queue.menu.queue.toolTip()
        owner.form.fill("default", str(prepared), TINY, "more")
        owner.queue.menu.queue.trigger()
        names = ["waits", "more"]
        qtbot.waitUntil(lambda: [each.name for each in other.queue.queue.waiting] == names)
        owner.stop()  # its window is closed: the other one takes over
        qtbot.waitUntil(lambda: other.queue.is_ours)
        assert [each.name for each in other.queue.queue.waiting] == names
        assert other.queue.strip.pause.isEnabled()
        assert other.queue.menu.queue.isEnabled()
