"""The view of ROC and precision–recall curves: thresholds on hover, and the model's own point."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.review.evaluation import Evaluation
from ferapp.ui.inspect.figures.curves_view import CurvesView
from ferapp.ui.widgets.theme import apply_theme, current
from tests.support.ui.inspect_bench import small_opened
from tests.support.ui.picture import pixels

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

HAPPY = 3


@pytest.fixture
def evaluation() -> Evaluation:
    base = small_opened("small", 140).evaluation
    rng = np.random.default_rng(1)
    logits = np.eye(7)[base.label] * 2 + rng.normal(0, 1.2, (140, 7))
    return Evaluation(**{**base.__dict__, "logits": logits.astype(np.float32)})


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication, evaluation: Evaluation) -> CurvesView:
    apply_theme(qapp, "dark")
    view = CurvesView()
    qtbot.addWidget(view)
    view.resize(360, 420)
    view.show_evaluation(evaluation)
    view.show()
    return view


def choose(view: CurvesView, index: int) -> None:
    view.classes.setCurrentIndex(view.classes.findData(index))
    view.classes.activated.emit(view.classes.currentIndex())


def test_pointing_at_a_curve_tells_its_threshold(
    view: CurvesView, evaluation: Evaluation, qtbot: QtBot
) -> None:
    choose(view, HAPPY)
    curve = evaluation.threshold_curves[HAPPY]
    at = int(np.argmin(np.abs(curve.recall - 0.6)))
    area = view.plot.area()
    x = area.left() + float(curve.false_positive_rate[at]) * area.width()
    y = area.bottom() - float(curve.recall[at]) * area.height()
    qtbot.mouseMove(view.plot, QPointF(x, y).toPoint())
    text = view.readout.text()
    assert text.startswith("Happy at a threshold of ")
    said = float(text.removeprefix("Happy at a threshold of ").split("\u00a0")[0]) / 100
    scores, is_class = evaluation.probabilities[:, HAPPY], evaluation.label == HAPPY
    above = scores >= said - 5e-4
    assert f"({(above & is_class).sum()} of 20 found, {(above & ~is_class).sum()} others" in text
    qtbot.mouseMove(view.plot, area.bottomRight().toPoint())
    assert text != view.readout.text()


def test_the_circle_is_what_the_model_decides(view: CurvesView, evaluation: Evaluation) -> None:
    choose(view, HAPPY)
    recall = evaluation.scores.recall[HAPPY]
    assert f"recall {100 * recall:.1f}" in view.readout.text()
    is_happy = evaluation.label == HAPPY
    rate = float((evaluation.predicted == HAPPY)[~is_happy].mean())
    assert f"false positive rate {100 * rate:.1f}" in view.readout.text()
    area = view.plot.area()
    x, y = area.left() + rate * area.width(), area.bottom() - recall * area.height()
    shown = pixels(view.plot).astype(int)
    colour = current().expression("happy", HAPPY)
    expected = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    scale = shown.shape[1] / view.plot.width()
    assert np.abs(shown[round(y * scale), round(x * scale), :3] - expected).max() < 30


def test_all_classes_with_their_areas_or_one(view: CurvesView, evaluation: Evaluation) -> None:
    areas = [curve.roc_area for curve in evaluation.threshold_curves]
    assert f"mean {np.mean(areas):.3f}" in view.areas.text()
    assert f"Happy&nbsp;{areas[HAPPY]:.3f}" in view.areas.text()
    view.kinds["pr"].click()
    choose(view, HAPPY)
    precision = evaluation.threshold_curves[HAPPY].average_precision
    assert "AP: <span" in view.areas.text()
    assert view.areas.text().endswith(f"Happy&nbsp;{precision:.3f}")
    assert "Sad" not in view.areas.text()


def test_by_keyboard(view: CurvesView, qtbot: QtBot) -> None:
    choose(view, HAPPY)
    view.plot.setFocus()
    qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    first = view.readout.text()
    qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    assert "threshold" in first
    assert view.readout.text() not in ("", first)


def test_nothing_open_shows_no_curve(view: CurvesView) -> None:
    view.show_evaluation(None)
    assert view.areas.text() == ""
    view.grab()
