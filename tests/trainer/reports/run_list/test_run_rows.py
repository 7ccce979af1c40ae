"""The rows of the table of runs: the same from the command as from the window's reader."""

import json
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from ferapp.runs.run_reader import RunFolder
from tests.support.trainer.made_runs import made_run
from trainer.cli.commands import app
from trainer.evaluation.intervals import wilson
from trainer.reports.run_list.run_rows import read_rows, row_names, rows_table
from trainer.reports.run_list.run_status import MEANINGS, RunStatus
from trainer.training.event_log import EventLog
from trainer.training.run_about import RunAbout, read_about, write_about
from trainer.training.run_dir import RunDir


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """One done, one stopped, one archived, and one that is damaged."""
    folder = tmp_path / "runs"
    made_run(folder, "good", ["run.seed=3"], (0.2, 0.8, 0.6))
    stopped = made_run(folder, "half", accuracies=(0.4,), ended="stopped")
    write_about(stopped, RunAbout(("night", "b"), "a note", title="Best of three"))
    write_about(made_run(folder, "old"), RunAbout(archived=True))
    (folder / "broken").mkdir()
    (folder / "broken" / "config.json").write_text("{")
    return folder


def test_command_and_window_have_the_same_rows(runs: Path) -> None:
    from_files = {row.path: row.as_dict() for row in read_rows([runs], archived=True)}
    from_reader = {run.path: run.row.as_dict() for run in RunFolder(runs).list()}
    assert len(from_files) == 4
    for path, row in from_files.items():
        if row["status"] == "damaged":  # each words the reason for its place
            row["reason"] = from_reader[path]["reason"]
        assert row == from_reader[path]


def test_a_row_has_the_figures_of_its_best_epoch_with_the_interval(runs: Path) -> None:
    row = next(row for row in read_rows([runs]) if row.title == "good")
    assert (row.status, row.best_epoch, row.n, row.epoch) == ("done", 2, 14, 3)
    assert row.figure("accuracy") == 0.8
    assert row.figure("mean_class_accuracy") == pytest.approx(0.7)
    assert row.figure("macro_f1") == pytest.approx(0.6)
    assert row.figure("ece") == pytest.approx(0.04)  # calibrated; raw it is 0.08
    assert row.accuracy_interval == wilson(11, 14)
    columns, rows = rows_table([row])
    cells = dict(zip(columns, rows[0], strict=True))
    low, high = wilson(11, 14)
    assert cells["val accuracy %"] == "80.0"
    assert cells["95 % interval"] == f"{100 * low:.1f} to {100 * high:.1f}"
    assert (cells["best epoch"], cells["val n"], cells["seed"]) == ("2", "14", "3")


def test_what_is_not_known_is_null_and_a_dash(runs: Path) -> None:
    half = next(row for row in read_rows([runs]) if row.title == "Best of three")
    assert half.as_dict()["ece"] is None
    assert half.as_dict()["tags"] == ["night", "b"]
    columns, (cells,) = rows_table([half])
    assert cells[columns.index("ECE, calibrated")] == "–"
    assert cells[columns.index("tags")] == "night, b"


def test_a_run_that_did_not_beat_its_start_says_so(tmp_path: Path) -> None:
    run = made_run(tmp_path, "worse", accuracies=(0.4,), ended="")
    log = EventLog(run.events)
    log.write("epoch", epoch=0, step=0, val_accuracy=0.5, val_n=7)
    log.write("run_ended", reason="done", best={}, verdict="")
    log.close()
    (row,) = read_rows([run.path])
    assert (row.start_accuracy, row.missed_start) == (0.5, True)
    assert row.status_text == "done, did not beat its start"


def test_the_command_prints_what_is_not_archived(runs: Path) -> None:
    result = CliRunner().invoke(app, ["runs", str(runs), "--json"])
    assert result.exit_code == 0
    listed = json.loads(result.stdout.splitlines()[-1])["runs"]
    titles = {row["title"]: row["status"] for row in listed}
    assert titles == {"good": "done", "Best of three": "stopped", "broken": "damaged"}
    assert {row["split"] for row in listed} == {"val"}
    assert "Best of three  stopped" in " ".join(result.stdout.split(" "))
    everything = CliRunner().invoke(app, ["runs", str(runs), "--json", "--archived"])
    assert len(json.loads(everything.stdout.splitlines()[-1])["runs"]) == 4


def test_equal_titles_are_told_apart(runs: Path) -> None:
    rows = read_rows([runs])
    for row in rows:
        write_about(RunDir(row.path), RunAbout(title="same"))
    names = row_names(read_rows([runs]))
    assert len(set(names.values())) == len(rows) == 3


def test_a_damaged_about_file_says_nothing(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert read_about(run) == RunAbout()
    run.about.write_text('{"tags": [" a ", "a", ""], "notes": 3, "archived": "yes"}')
    assert read_about(run) == RunAbout(tags=("a",))
    run.about.write_bytes(b"\xff[")
    assert read_about(run) == RunAbout()


def test_every_status_has_a_meaning() -> None:
    assert set(MEANINGS) == set(get_args(RunStatus))
