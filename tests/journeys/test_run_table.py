"""Two hundred made-up runs on the Train page: found, named, compared, archived and deleted."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot
from typer.testing import CliRunner

from ferapp.ui.run_table import run_desk
from tests.support.runs.many_runs import made_up_step, make_many_runs
from tests.support.ui.train_bench import TrainBench, make_train_bench, refresh
from trainer.cli.commands import app as trainer_app
from trainer.evaluation.intervals import wilson

COUNT = 200


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[TrainBench]:
    make_many_runs(tmp_path / "runs", COUNT, epochs=3)
    for made in make_train_bench(qtbot, qapp, tmp_path / "runs"):
        made.window.resize(1280, 720)
        made.wait(lambda made=made: len(made.page.list.entries.runs) == COUNT)  # type: ignore[misc]
        yield made


def rows(bench: TrainBench) -> list[str]:
    """Names, as displayed."""
    table = bench.page.list
    return [table.filter.entry(row).name for row in range(table.filter.rowCount())]


def act(bench: TrainBench, text: str) -> None:
    """Choose from the menu of the selected runs."""
    menu = bench.page.desk.menu()
    assert menu is not None
    (action,) = [action for action in menu.actions() if action.text() == text]
    assert action.isEnabled()
    action.trigger()
    bench.wait(lambda: not bench.page.tasks.busy)
    refresh(bench)


def select(bench: TrainBench, *row_numbers: int) -> None:
    """Click the first, then Ctrl+click the others."""
    table = bench.page.list
    for k, row in enumerate(row_numbers):
        place = table.visualRect(table.filter.index(row, 0)).center()
        keys = Qt.KeyboardModifier.ControlModifier if k else Qt.KeyboardModifier.NoModifier
        bench.qtbot.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton, keys, place + QPoint(20, 0)
        )


def listed(runs: Path, *options: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(trainer_app, ["runs", str(runs), "--json", *options])
    assert result.exit_code == 0
    rows = json.loads(result.stdout.splitlines()[-1])["runs"]
    assert isinstance(rows, list)
    return rows


def test_the_best_of_two_hundred_runs_is_found_named_and_compared(
    bench: TrainBench, tmp_path: Path
) -> None:
    page, table, desk = bench.page, bench.page.list, bench.page.desk
    desk.wide.click()
    assert page._stack.isHidden()
    table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    known = listed(tmp_path / "runs")
    assert len(known) == COUNT
    best = sorted((float(str(row["accuracy"])) for row in known), reverse=True)
    shown = [table.filter.entry(row).row.figure("accuracy") for row in range(COUNT)]
    assert shown == best
    low, high = wilson(round(best[0] * 3589), 3589)
    tip = table.filter.index(0, 2).data(Qt.ItemDataRole.ToolTipRole).replace("\u00a0", " ")
    assert f"{100 * low:.1f} to {100 * high:.1f} % (Wilson)" in tip
    assert "n = 3,589" in tip

    select(bench, 0)
    path = table.selected_runs()[0].path
    bench.qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit)
    assert editor is not None
    editor.setText("Champion")
    bench.qtbot.keyClick(editor, Qt.Key.Key_Return)
    bench.wait(lambda: (path / "about.json").is_file())
    refresh(bench)
    assert json.loads((path / "about.json").read_text())["title"] == "Champion"
    desk.search.setText("champion accuracy>20")
    assert rows(bench) == ["Champion"]
    assert desk.count.text() == f"1 of {COUNT}"
    assert [row["title"] for row in listed(tmp_path / "runs") if row["run"] == str(path)] == [
        "Champion"
    ]
    desk.search.clear()

    select(bench, 0, 1)
    (copy,) = [a.menu() for a in desk.menu().actions() if a.text() == "Copy as"]  # type: ignore[union-attr]
    next(action for action in copy.actions() if action.text() == "LaTeX").trigger()
    latex = QGuiApplication.clipboard().text()
    assert latex.count(r"\\") == 3  # titles of the columns, and two runs
    assert "Champion" in latex
    act(bench, "Compare 2 runs")
    assert page._stack.isVisible()
    bench.wait(lambda: page.comparison.headline.text() == "2 runs")
    names = [name for name, _ in page.comparison.accuracies.legend_values()]
    assert "Champion" in names


def test_runs_are_archived_and_deleted_while_another_trains(
    bench: TrainBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, table, desk = bench.page, bench.page.list, bench.page.desk
    folder, trash = tmp_path / "runs", tmp_path / "trash"
    newest = rows(bench)[:3]
    select(bench, 1, 2)
    act(bench, "Archive")
    assert rows(bench)[:2] == [newest[0], rows(bench)[1]]
    assert not set(newest[1:]) & set(rows(bench))
    assert len(listed(folder)) == COUNT - 2
    assert len(listed(folder, "--archived")) == COUNT
    desk.archived.click()
    assert rows(bench) == newest[1:]

    questions, moved = list[str](), list[Path]()

    def ask(parent: object, which: str) -> bool:
        questions.append(which)
        return len(questions) > 1

    def to_trash(paths: list[Path]) -> list[str]:
        moved.extend(paths)
        for path in paths:
            shutil.move(path, trash / path.name)
        return []

    monkeypatch.setattr(run_desk, "ask_to_delete", ask)
    monkeypatch.setattr(run_desk, "_move_to_trash", to_trash)
    select(bench, 0, 1)
    act(bench, "Move to trash…")
    assert questions == ["2\u00a0runs"]
    assert not moved  # the answer was no
    select(bench, 0)
    act(bench, "Move to trash…")
    assert questions[1] == newest[1]
    bench.wait(lambda: len(table.entries.runs) == COUNT - 1)
    assert rows(bench) == newest[2:]
    assert [path.exists() for path in moved] == [False]
    desk.archived.click()
    page.desk.search.setText("interrupted")
    growing = table.filter.entry(0).run.path
    with (growing / "events.jsonl").open("a") as stream:
        stream.write(json.dumps({**made_up_step(61, 90, 4), "epoch": 4}) + "\n")
    before = {run.path: run for run in table.entries.runs}
    refresh(bench)
    changed = [run.path for run in table.entries.runs if run is not before[run.path]]
    assert changed == [growing]
