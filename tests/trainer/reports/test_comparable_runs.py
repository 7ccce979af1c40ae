"""Runs that share their validation samples are tested against each other; others stand apart."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.trainer.made_runs import made_run
from trainer.evaluation.intervals import bootstrap_intervals, mcnemar, wilson
from trainer.reports.comparison import compare_records, results_table, validation_title
from trainer.reports.paired_tests import paired_tests
from trainer.reports.run_records import read_run_record
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir
from trainer.training.val_history import ValSamples, begin_val_history, write_val_logits

LABELS = np.arange(70) % 7


def run_with_history(folder: Path, name: str, right: np.ndarray, first: str = "a") -> RunDir:
    """A run of one epoch that gets the samples right for which `right` (70,) is true."""
    run = made_run(folder, name, [f"data.limit={len(name)}"], (float(right.mean()),))
    samples = ValSamples(np.array([f"{first}{i}" for i in range(70)]), np.arange(70), LABELS)
    begin_val_history(run, samples, 0)
    predicted = np.where(right, LABELS, (LABELS + 1) % 7)
    write_val_logits(run, 1, (np.eye(7)[predicted] * 3).astype(np.float32))
    events = [
        {**event, "val_data": samples.fingerprint} if event["event"] == "run_started" else event
        for event in read_events(run.events)
    ]
    run.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    return run


def right_on(count: int, start: int = 0) -> np.ndarray:
    return (np.arange(70) >= start) & (np.arange(70) < start + count)


@pytest.fixture
def runs(tmp_path: Path) -> list[RunDir]:
    return [
        run_with_history(tmp_path, "one", right_on(40)),
        run_with_history(tmp_path, "better", right_on(50, 5)),
        run_with_history(tmp_path, "elsewhere", right_on(60), first="b"),
    ]


def test_runs_on_the_same_samples_are_tested(runs: list[RunDir]) -> None:
    comparison = compare_records([read_run_record(run) for run in runs])
    (test,) = paired_tests(comparison.rows)
    assert (test.first, test.second, test.split, test.n) == ("better", "one", "val", 70)
    assert test.test == mcnemar(right_on(50, 5), right_on(40))
    assert (test.test.only_first, test.test.only_second) == (15, 5)
    assert test.sentence() == (
        "val, n 70: better (epoch 1) is right on 15 faces that one (epoch 1) gets wrong, 5 the "
        "other way: better (epoch 1) is better (p = 0.041)."
    )
    assert comparison.as_dict()["tests"][0]["test"]["p"] == test.test.p


def test_runs_on_other_samples_have_a_table_of_their_own(runs: list[RunDir]) -> None:
    comparison = compare_records([read_run_record(run) for run in runs])
    same, other = comparison.of_same_samples()
    assert [row.name for row in same.rows] == ["one", "better"]
    assert [row.name for row in other.rows] == ["elsewhere"]
    assert "data.limit" in same.differences
    assert other.differences == {}


def test_figures_of_a_single_run_have_intervals(runs: list[RunDir]) -> None:
    (row,) = compare_records([read_run_record(runs[0])]).rows
    logits = np.eye(7)[np.where(right_on(40), LABELS, (LABELS + 1) % 7)] * 3 - 3
    expected = bootstrap_intervals(logits, LABELS, temperature=1.2)  # of the run's end
    for name, interval in row.intervals.items():
        assert interval == pytest.approx(expected[name], abs=1e-3)
    assert row.intervals["accuracy"] == wilson(40, 70)
    columns, ((*cells,),) = results_table(compare_records([read_run_record(runs[0])]))
    text = dict(zip(columns, cells, strict=True))["val accuracy %"]
    assert text == "57.14 (45.48 to 68.06)"


def test_predictions_of_another_model_than_the_best_are_not_used(runs: list[RunDir]) -> None:
    """As those of the epoch's end, where a validation within the epoch was better."""
    write_val_logits(runs[0], 1, np.eye(7, dtype=np.float32)[LABELS])
    comparison = compare_records([read_run_record(run) for run in runs])
    assert paired_tests(comparison.rows) == []


def test_seeds_of_different_validation_data_do_not_share_a_row(tmp_path: Path) -> None:
    made = [made_run(tmp_path, f"a-s{seed}", [f"run.seed={seed}"]) for seed in (0, 1)]
    assert len(compare_records([read_run_record(run) for run in made]).rows) == 1
    log = EventLog(made[1].events)
    log.write("run_started", val_data="another", steps=10, epochs=1)
    log.write("run_ended", reason="done", best={}, verdict="")
    log.close()
    comparison = compare_records([read_run_record(run) for run in made])
    assert len(comparison.of_same_samples()) == len(comparison.rows) == 2


def test_the_report_separates_their_curves(command, runs: list[RunDir], tmp_path: Path) -> None:
    done = command("trainer", "compare", *(str(run.path) for run in runs), "--out", "report")
    assert done.returncode == 0, done.stderr
    printed, written = done.stdout, (tmp_path / "report" / "report.md").read_text()
    for text in (" ".join(printed.split()), written):
        assert validation_title(1, 2) in text
        assert "better (epoch 1) is right on 15 faces" in text
    names = {path.name for path in (tmp_path / "report").glob("curves*")}
    assert names == {"curves-1.png", "curves-2.png"}
