"""Figures of an evaluation: what they were measured on, intervals, and two models compared."""

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.review.evaluation import read_evaluation
from ferapp.review.opening import OpenedEvaluation, example, open_evaluation
from ferapp.review.selection import compare_evaluations
from ferapp.runs.run_reader import RunReader
from ferapp.ui.inspect.figures.class_measures import CalibrationCurve, ClassTable
from ferapp.ui.inspect.figures.overview import Overview
from ferapp.ui.text.figure_text import evaluation_conditions, margin_text
from tests.support.runs.evaluations import evaluation
from tests.support.runs.run_files import epoch, make_run, started
from tests.support.ui.inspect_bench import MakePage, inspect_pages, small_opened
from trainer.data.face_data import load, save
from trainer.evaluation.intervals import bootstrap_intervals, wilson
from trainer.model_index import find_model
from trainer.models.model_file import load_model, save_model

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MakePage]:
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as made:
        yield made


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_overview_names_split_epoch_n_and_calibration(make: MakePage, qtbot: QtBot) -> None:
    opened = small_opened("one", 70)
    measured = replace(opened.evaluation, temperature=1.3, epoch=16, logits=_mixed(70))
    page = make("one", lambda name, report: replace(opened, evaluation=measured))
    overview = page.overview
    words = "val · epoch 16 · n = 70 · calibrated (T = 1.30)"
    assert plain(overview.conditions.text()) == words
    qtbot.waitUntil(lambda: overview.metrics["ece"].margin.text() != "", timeout=20_000)
    intervals = bootstrap_intervals(measured.logits, measured.label, 1.3)
    accuracy = overview.metrics["accuracy"]
    assert accuracy.margin.text() == margin_text(
        measured.scores.accuracy, wilson(int((~measured.wrong).sum()), 70)
    )
    low, high = intervals["ece"]
    tip = plain(overview.metrics["ece"].toolTip())
    assert f"95 % interval: {low:.3f} to {high:.3f}" in tip
    assert f"Raw, without the temperature: {measured.raw_calibration.error:.3f}." in tip
    assert measured.raw_calibration.error != measured.calibration.error


def _mixed(count: int) -> np.ndarray:
    logits = np.random.default_rng(1).normal(0, 1, (count, 7)).astype(np.float32)
    logits[np.arange(count), np.arange(count) % 7] += 1.5
    return logits


def test_without_a_temperature_figures_are_raw() -> None:
    made = replace(evaluation([0, 1], [0, 0]), options="flip views")
    assert plain(evaluation_conditions(made)) == "val · n = 2 · raw, flip views"


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.712, (0.697, 0.727), "± 1.5"),
        (0.0, (0.0, 0.354), "(0.0 to 35.4)"),  # "± 17.7" would be wrong on both sides
        (0.5, (math.nan, math.nan), ""),
        (0.5, None, ""),
    ],
)
def test_an_uneven_interval_is_written_out(
    value: float, interval: tuple[float, float] | None, text: str
) -> None:
    assert plain(margin_text(value, interval)) == text


def test_a_class_has_intervals_of_its_recall_and_precision(qtbot: QtBot) -> None:
    table = ClassTable()
    qtbot.addWidget(table)
    table.show_evaluation(evaluation([0] * 10 + [1] * 5, [0] * 8 + [1] * 2 + [1] * 4 + [0]))
    low, high = wilson(8, 10)
    recall = f"recall: 8 of 10 labelled so, 95 % interval {100 * low:.0f} to {100 * high:.0f} %"
    low, high = wilson(8, 9)
    precision = f"precision: 8 of 9 predicted so, 95 % interval {100 * low:.0f} to {100 * high:.0f}"
    tip = table.tip_at(45)
    assert recall in tip
    assert precision in tip
    assert "recall: 0 of 0 labelled so, unknown" in table.tip_at(30 * 3 + 5)
    f1 = f"{100 * 2 * 8 / (10 + 9):.0f}\u00a0%"  # 2 · hits / (labelled + predicted)
    assert f"F1: {f1}" in tip.replace(" %", "\u00a0%")
    assert f"F1 {f1}" in table.accessibleDescription().split(", ")[2].replace(" %", "\u00a0%")


def test_the_calibration_view_names_both_errors(qtbot: QtBot) -> None:
    curve = CalibrationCurve()
    qtbot.addWidget(curve)
    made = evaluation([0, 1, 2, 0], [0, 1, 1, 1], [0.9, 0.8, 0.7, 0.95])
    curve.show_evaluation(made)
    assert curve.in_words() == f"ECE {made.calibration.error:.3f} raw"
    warm = replace(made, temperature=2.0)
    curve.show_evaluation(warm)
    errors = warm.calibration.error, made.calibration.error
    assert curve.in_words() == f"ECE {errors[0]:.3f} calibrated, {errors[1]:.3f} raw"


def test_a_gap_without_evidence_is_called_neither_better_nor_worse(
    qtbot: QtBot, qapp: QApplication
) -> None:
    labels = [0] * 100
    shown = evaluation(labels, [0] * 60 + [1] * 40, name="20261124-101500-default · val")
    other = evaluation(
        labels, [1] * 11 + [0] * 49 + [0] * 9 + [1] * 31, name="20261124-111500-gentle · val"
    )
    overview = Overview()
    qtbot.addWidget(overview)
    opened = replace(small_opened("x", 7), evaluation=shown)
    overview.show_opened(opened, compare_evaluations(shown, other))
    text = plain(overview.comparison.text())
    assert text.startswith("60.0 % against 58.0 % of gentle.")
    assert "default is right on 11 faces that gentle gets wrong, 9 the other way" in text
    assert "no evidence of a difference" in text
    assert "better" not in text
    assert "worse" not in text


def interrupted_run(folder: Path) -> Path:
    """Killed between the best model of epoch 2 and its event, evaluated in epoch 1."""
    data = load(example())
    save(replace(data, split=np.full(len(data), "val")), folder / "data")
    measured = {**epoch(1, 0.3), "best_epoch": 1}
    run = make_run(folder / "runs", [started(), measured], data=str(folder / "data"))
    network, card = load_model(find_model("compact"))
    metrics = {"split": "val", "epoch": 2, "step": 20, "n": len(data), "accuracy": 0.5}
    save_model(run.best, network.state_dict(), card.model_copy(update={"metrics": metrics}))
    shutil.copytree(example(), run.eval("val"))
    head = {"epoch": 1, "split": "val", "model_file": str(run.best.resolve())}
    (run.eval("val") / "metrics.json").write_text(json.dumps(head))
    return run.path


def test_train_and_inspect_agree_after_a_kill(tmp_path: Path) -> None:
    """Inspect had evaluated the model of epoch 1; the run has kept that of epoch 2 since."""
    run = interrupted_run(tmp_path)
    before = read_evaluation(run / "eval" / "val" / "predictions.npz", "before")
    opened: OpenedEvaluation = open_evaluation(str(run))
    shown = RunReader(run).read(now=1e9)
    assert shown.state == "interrupted"
    assert shown.best is not None
    assert shown.best.epoch == opened.evaluation.epoch == 2
    assert (opened.evaluation.predicted != before.predicted).any()  # by the model of now
    assert json.loads((run / "eval" / "val" / "metrics.json").read_text())["epoch"] == 2


def test_without_the_data_it_says_that_the_run_has_a_newer_model(tmp_path: Path) -> None:
    run = interrupted_run(tmp_path)
    shutil.rmtree(tmp_path / "data")
    opened = open_evaluation(str(run))
    assert opened.evaluation.epoch == 1
    assert "The run has a newer model than this evaluation" in opened.note


def test_why_nothing_is_open_stays_on_the_page(qapp: QApplication, qtbot: QtBot) -> None:
    overview = Overview()
    qtbot.addWidget(overview)
    overview.show()
    overview.show_empty("Nothing is open", "nowhere: no such file or folder")
    assert overview.note.isVisible()
    assert overview.note.text() == "nowhere: no such file or folder"
