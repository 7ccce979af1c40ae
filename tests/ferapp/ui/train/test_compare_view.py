"""Compared runs: only those with the same validation samples side by side, and their test."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.compare import compare_runs
from ferapp.ui.train.compare_view import CompareView
from ferapp.ui.widgets.theme import apply_theme
from tests.support.runs.run_files import epoch, make_run, started
from trainer.training.val_history import write_val_logits

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
ENDED = {"event": "run_ended", "time": 500.0, "reason": "done", "error": ""}


def made(folder: Path, name: str, wrong: slice, data: str = "same") -> Path:
    """A finished run of one epoch that is wrong on some of 70 samples; `data` names those."""
    labels = np.arange(70) % 7
    predicted = labels.copy()
    predicted[wrong] = (predicted[wrong] + 1) % 7
    accuracy = float((predicted == labels).mean())
    measured = {**epoch(1, accuracy), "best_epoch": 1, "val_n": 70, "val_loss": 1.0}
    begun = {**started(), "val_data": data}
    rate = (f"optim.learning_rate=0.0{len(name)}",)
    run = make_run(folder, [begun, measured, ENDED], name, f"/{data}", rate)
    run.epochs.mkdir()
    names = np.array([f"{data}-{k}" for k in range(70)])
    np.savez(run.epochs / "samples.npz", sample_id=names, source_index=labels, label=labels)
    write_val_logits(run, 1, np.eye(7, dtype=np.float32)[predicted])
    return run.path


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> CompareView:
    apply_theme(qapp, "dark")
    made_view = CompareView()
    qtbot.addWidget(made_view)
    return made_view


def show(view: CompareView, *runs: Path) -> None:
    view.show_comparison(compare_runs(runs, {run.name: run.name for run in runs}))


def test_two_runs_are_told_apart_by_the_samples_they_share(
    view: CompareView, tmp_path: Path
) -> None:
    runs = made(tmp_path, "first", slice(0, 12)), made(tmp_path, "second-x", slice(12, 23))
    show(view, *runs)
    words = view.tests.text()
    assert "is right on 12 faces" in words
    assert "11 the other way: no evidence of a difference (p = 1.00)" in words
    assert "better" not in words
    assert view.unlike.isHidden()
    assert len(view.accuracies.legend_values()) == 2
    conditions = view.conditions.text().replace("\u00a0", " ")
    assert conditions == "Of the best epoch on val, same, n = 70."


def test_curves_of_other_validation_samples_are_never_side_by_side(
    view: CompareView, tmp_path: Path
) -> None:
    show(
        view,
        made(tmp_path, "first", slice(0, 7)),
        made(tmp_path, "other-xx", slice(0, 14), "other"),
        made(tmp_path, "second-x", slice(0, 21)),
    )
    assert not view.unlike.isHidden()
    assert "different pictures or labels" in view.unlike.text()
    titles = [chip.text().replace("\u00a0", " ") for chip in view.chips]
    assert titles == ["same, n = 70: 2 runs", "other, n = 70: 1 run"]
    for chip, names in zip(view.chips, (["first", "second-x"], ["other-xx"]), strict=True):
        chip.click()
        for plot in (view.accuracies, view.losses):
            assert [name for name, _ in plot.legend_values()] == names
        assert view.results.rowCount() == len(names)


def test_without_stored_predictions_it_says_that_nothing_was_tested(
    view: CompareView, tmp_path: Path
) -> None:
    for name, accuracy in (("a", 0.4), ("bb", 0.5)):
        rate = (f"optim.learning_rate=0.0{len(name)}",)
        make_run(tmp_path, [started(), epoch(1, accuracy), ENDED], name, sets=rate)
    show(view, tmp_path / "a", tmp_path / "bb")
    assert "is not known" in view.tests.text()


def test_runs_that_differ_in_the_seed_alone_have_a_spread_and_no_test(
    view: CompareView, tmp_path: Path
) -> None:
    for seed in ("1", "2"):
        events = [started(), epoch(1, 0.4), ENDED]
        make_run(tmp_path, events, seed, sets=(f"run.seed={seed}",))
    show(view, tmp_path / "1", tmp_path / "2")
    assert "differ only in the seed" in view.tests.text()
    assert view.results.rowCount() == 1


def test_nothing_is_said_of_runs_that_are_not_compared_yet(
    view: CompareView, tmp_path: Path
) -> None:
    """An empty or an earlier table would say that they differ in no setting."""
    view.show()
    view.show_progress(2)
    assert view.headline.text() == "Comparing 2 runs…"
    told = (view.no_differences, view.results, view.differences, view.tests, view.accuracies)
    assert not any(widget.isVisible() for widget in told)
    show(view, made(tmp_path, "first", slice(0, 12)), made(tmp_path, "second-x", slice(12, 23)))
    assert view.results.isVisible()
    assert view.differences.isVisible()
    view.show_progress(3)
    assert not any(widget.isVisible() for widget in told)
    view.show_failure("first: its events are damaged")
    assert not any(widget.isVisible() for widget in told)
