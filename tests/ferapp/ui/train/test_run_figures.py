"""Figures of a run: with epoch, split, n and interval; the best epoch; and the start."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.run_reader import RunReader, RunSnapshot
from ferapp.runs.run_validations import Validation
from ferapp.ui.run_table.run_table import RunTable
from ferapp.ui.train.run_view import RunView
from ferapp.ui.widgets.theme import apply_theme
from tests.support.runs.run_files import epoch, make_run, started
from trainer.evaluation.intervals import bootstrap_intervals, mcnemar, wilson
from trainer.training.val_history import write_val_logits

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
LABELS = np.arange(280) % 7
ENDED = {"event": "run_ended", "time": 500.0, "reason": "done", "error": "", "best": {}}


def logits_with(wrong: int) -> np.ndarray:
    """(280, 7) logits that are wrong on the first samples alone."""
    predicted = LABELS.copy()
    predicted[:wrong] = (predicted[:wrong] + 1) % 7
    return 4 * np.eye(7, dtype=np.float32)[predicted]


def validated(number: int, wrong: int, best: int | None) -> dict[str, Any]:
    confusion = np.zeros((7, 7), int)
    np.add.at(confusion, (LABELS, logits_with(wrong).argmax(1)), 1)
    accuracy = 1 - wrong / 280
    return {
        **epoch(number, accuracy), "val_mean_class_accuracy": accuracy, "val_macro_f1": accuracy,
        "val_ece": 0.125, "val_n": 280, "val_confusion": confusion.tolist(), "best_epoch": best,
    }  # fmt: skip


def run_of(folder: Path, wrong: list[int], sets: tuple[str, ...] = ()) -> RunSnapshot:
    """A finished run with so many mistakes at its start and after each epoch."""
    best = 1 + int(np.argmin(wrong[1:]))
    events = [validated(k, count, best if k else None) for k, count in enumerate(wrong)]
    run = make_run(folder, [started(), *events, ENDED], "20261124-101500-tuned", sets=sets)
    run.epochs.mkdir()
    names = np.array([f"s{k:03d}" for k in range(280)])
    np.savez(run.epochs / "samples.npz", sample_id=names, source_index=LABELS, label=LABELS)
    for number, count in enumerate(wrong):
        write_val_logits(run, number, logits_with(count))
    return RunReader(run.path).read()


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> RunView:
    apply_theme(qapp, "dark")
    made = RunView()
    qtbot.addWidget(made)
    return made


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_figures_curves_and_confusion_are_of_the_best_epoch(
    view: RunView, tmp_path: Path
) -> None:
    run = run_of(tmp_path, [140, 100, 84, 112])
    view.show_run(run)
    assert plain(view.metrics["best"].text()) == "70.0 %"
    assert plain(view.conditions.text()) == "val · epoch 2 · n = 280"
    shown = view.confusion.shown
    assert shown is run.best
    assert view.confusion.matrix._counts.trace() == 196  # 70 % of 280
    assert plain(view.confusion.label.text()) == "★ 70.0 % · val · epoch 2 · n = 280"
    assert view.accuracies.title.text() == "Accuracy · ★ epoch 2"
    assert dict(view.accuracies.legend_values())["validation"] == "70.0 %"
    (star,) = view.accuracies._stars.points()
    assert (star.pos().x(), star.pos().y()) == (2.0, pytest.approx(70.0))


def test_another_epoch_stays_chosen_and_has_no_star(view: RunView, tmp_path: Path) -> None:
    run = run_of(tmp_path, [140, 100, 84, 112])
    view.show_run(run)
    slider = view.confusion.slider
    slider.setValue(slider.maximum())
    assert plain(view.confusion.label.text()) == "60.0 % · val · epoch 3 · n = 280"
    view.show_run(run)
    assert slider.value() == slider.maximum()
    slider.setValue(slider.best)
    assert "★" in view.confusion.label.text()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_star_on_the_slider_is_over_the_best_epoch(
    view: RunView, qapp: QApplication, tmp_path: Path, mode: Any
) -> None:
    apply_theme(qapp, mode)
    view.show_run(run_of(tmp_path, [140, 84, 100, 112]))
    slider = view.confusion.slider
    slider.resize(300, 38)
    slider.setValue(slider.maximum())

    def painted() -> np.ndarray:
        image = slider.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4).copy()

    with_star = painted()
    slider.show_best(-1)
    rows, columns = np.nonzero((with_star != painted()).any(axis=2))
    assert len(rows) > 20
    slider.show_best(1)
    assert abs(columns.mean() - slider.star_x()) < 2
    assert rows.min() > 0  # whole, and above the groove
    assert rows.max() < slider.height() / 2


def test_each_figure_has_its_interval(view: RunView, tmp_path: Path) -> None:
    view.show_run(run_of(tmp_path, [140, 100, 84]))
    low, high = wilson(196, 280)
    best = view.metrics["best"]
    assert plain(best.margin.text()) == f"± {50 * (high - low):.1f}"
    ends = f"95 % interval: {100 * low:.1f} to {100 * high:.1f} % (Wilson, n = 280)"
    assert ends in plain(best.toolTip())
    expected = bootstrap_intervals(logits_with(84), LABELS)
    for key, name in (("mean_class", "mean_class_accuracy"), ("macro_f1", "macro_f1")):
        low, high = expected[name]
        assert f"{100 * low:.1f} to {100 * high:.1f} %" in plain(view.metrics[key].toolTip())
        assert view.metrics[key].margin.text()


def test_the_ece_says_whether_it_is_calibrated(view: RunView, tmp_path: Path) -> None:
    run = run_of(tmp_path, [140, 100, 84])
    view.show_run(run)
    ece = view.metrics["ece"]
    assert (ece.text(), ece.caption.text(), ece.margin.text()) == ("0.125", "ECE, raw", "")
    events = run.path / "events.jsonl"
    lines = events.read_text().splitlines()[:-1]
    finished = {**ENDED, "best": {"epoch": 2, "ece": 0.1, "temperature": 1.5}}
    events.write_text("\n".join([*lines, json.dumps(finished)]) + "\n")
    view.show_run(RunReader(run.path).read())
    assert (ece.text(), ece.caption.text()) == ("0.100", "ECE, calibrated")
    assert "Raw, before its temperature was fitted: 0.125." in ece.toolTip()
    low, high = bootstrap_intervals(logits_with(84), LABELS, 1.5)["ece"]
    assert f"95 % interval: {low:.3f} to {high:.3f}" in plain(ece.toolTip())


def test_the_start_is_a_dashed_line_with_its_figure(view: RunView, tmp_path: Path) -> None:
    view.show_run(run_of(tmp_path, [112, 100, 84], ("model.init=default",)))
    start = view.metrics["start"]
    assert (plain(start.text()), start.caption.text()) == ("60.0 %", "Start: default")
    assert dict(view.accuracies.legend_values())["start (default)"] == "60.0 %"
    index = [curve.name for curve in view.accuracies._curves].index("start (default)")
    x, y = view.accuracies._items[index][1].getData()
    assert (x.tolist(), y.tolist()) == ([0, 2], [pytest.approx(60.0)] * 2)
    pen = view.accuracies._items[index][1].opts["pen"]
    assert pen.style() == Qt.PenStyle.DashLine


@pytest.mark.parametrize(
    ("wrong", "says", "is_warning"),
    [
        ([112, 140, 115], "It did not beat its start: 58.9 % after 2 epochs, start 60.0 %", True),
        ([112, 140, 110], "No evidence that it beat its start: 60.7 %", False),
        ([112, 140, 84], "It beat its start: 70.0 % after 2 epochs, start 60.0 %", False),
    ],
)
def test_a_run_says_whether_it_beat_its_start(
    view: RunView, qtbot: QtBot, tmp_path: Path, wrong: list[int], says: str, is_warning: bool
) -> None:
    run = run_of(tmp_path, wrong, ("model.init=default",))
    view.show_run(run)
    text = view.against_start.text()
    assert text.startswith(says)
    right = [logits_with(count).argmax(1) == LABELS for count in (wrong[2], wrong[0])]
    assert mcnemar(*right).verdict("the trained model", "the start") in text.replace("The", "the")
    assert bool(view.against_start.property("wrong")) == is_warning
    runs = RunTable()
    qtbot.addWidget(runs)
    runs.show_runs((run,))
    words = runs.entries.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert ("did not beat its start" in words) == is_warning


def test_a_run_from_random_weights_is_not_praised_for_beating_them(
    view: RunView, tmp_path: Path
) -> None:
    view.show_run(run_of(tmp_path, [240, 140, 84]))
    assert view.metrics["start"].caption.text() == "Start: random weights"
    assert view.against_start.text() == ""


def test_the_list_names_epoch_split_and_n(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    runs = RunTable()
    qtbot.addWidget(runs)
    runs.show_runs((run_of(tmp_path, [140, 100, 84, 112]),))
    index = runs.entries.index(0, 0)
    words = plain(index.data(Qt.ItemDataRole.AccessibleTextRole))
    low, high = wilson(196, 280)
    assert words == f"tuned, done, val · epoch 2 · n = 280, 70.0 % ± {50 * (high - low):.1f}"
    tip = plain(index.data(Qt.ItemDataRole.ToolTipRole))
    assert "Its start, random weights: 50.0 %" in tip
    assert f"{100 * low:.1f} to {100 * high:.1f} % (Wilson)" in tip


def test_a_diverged_run_shows_the_rate_to_try(view: RunView, tmp_path: Path) -> None:
    error = "the run diverged: the loss exploded\nTry optim.learning_rate=0.01, a tenth."
    ended = {**ENDED, "reason": "diverged", "error": error}
    run = RunReader(make_run(tmp_path, [started(), validated(1, 200, 1), ended]).path).read()
    view.show_run(run)
    assert view.state.text() == "failed"
    assert view.reason.text() == error
    assert not view.reason.isHidden()


def test_of_a_killed_run_the_model_that_is_kept_counts(view: RunView, tmp_path: Path) -> None:
    """Its card is of an epoch that the log does not have; there is no star on another epoch."""
    run = run_of(tmp_path, [140, 100, 84])
    assert run.best is not None
    newer = Validation(3, 30, 3.0, 280, {"accuracy": 0.8})
    view.show_run(replace(run, state="interrupted", best=newer))
    assert plain(view.metrics["best"].text()) == "80.0 %"
    assert plain(view.conditions.text()) == "val · epoch 3 · n = 280"
    assert "Its best model is of epoch 3, which the log does not have yet." in view.reason.text()
    assert view.confusion.slider.best == -1
    assert plain(view.confusion.label.text()) == "70.0 % · val · epoch 2 · n = 280"
    assert math.isnan(view.accuracies._curves[1].best_at)


@pytest.mark.parametrize(("width", "height"), [(528, 470), (1008, 630)])
def test_nothing_is_cut_off_in_a_small_window(
    view: RunView, qtbot: QtBot, tmp_path: Path, width: int, height: int
) -> None:
    """The room that a window of 800 × 560 and one of 1280 × 720 leave beside the list."""
    view.show_run(run_of(tmp_path, [112, 140, 115], ("model.init=default",)))
    view.resize(width, height)
    view.show()
    labels = [view.conditions, view.against_start, view.confusion.label, view.accuracies.legend]
    for figure in view.metrics.values():
        labels += [figure.value, figure.caption]

    def cut_off() -> list[str]:
        found = []
        for label in labels:
            lines = label.heightForWidth(label.width()) if label.wordWrap() else 0
            right = label.mapTo(view, label.rect().topRight()).x()
            if label.height() < max(lines, label.minimumSizeHint().height()) or right > width:
                found.append(label.text())
        return found

    qtbot.waitUntil(lambda: not cut_off(), timeout=3000)
    for figure in view.metrics.values():
        assert figure.width() >= figure.minimumSizeHint().width()
    matrix = view.confusion.matrix
    assert matrix.height() >= matrix.minimumSizeHint().height()
