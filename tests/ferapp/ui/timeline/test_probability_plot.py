"""Lines have their names beside them, so that nobody needs to tell the colours apart."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.ui.timeline.probability_plot import ProbabilityPlot
from ferapp.ui.timeline.session_history import SessionHistory
from tests.support.ui.fake_engine import analysis, face, with_prediction
from trainer.labels import EXPRESSIONS


@pytest.fixture
def plot(qtbot: QtBot) -> ProbabilityPlot:
    plot = ProbabilityPlot(SessionHistory())
    qtbot.addWidget(plot)
    plot.resize(340, 200)
    plot.show()
    return plot


def show(plot: ProbabilityPlot, **shares: float) -> dict[str, float]:
    """The names beside the lines, and their heights."""
    values = np.array([shares.get(name, 0.0) for name in EXPRESSIONS], np.float32)
    one = with_prediction(face(), smoothed=values, probabilities=values)
    plot.history.add(analysis(one))
    plot.history.select(analysis(one))
    plot.redraw()
    return {name.toPlainText(): float(name.pos().y()) for name in plot.names if name.isVisible()}


def test_every_line_above_ten_percent_has_its_name(plot: ProbabilityPlot) -> None:
    names = show(plot, angry=0.5, disgust=0.25, neutral=0.15, sad=0.09)
    assert set(names) == {"Angry", "Disgust", "Neutral"}
    assert names["Angry"] == pytest.approx(0.5, abs=0.02)
    assert names["Angry"] > names["Disgust"] > names["Neutral"]


def test_names_of_near_lines_do_not_cover_each_other(plot: ProbabilityPlot) -> None:
    names = show(plot, angry=0.25, disgust=0.25, neutral=0.25, sad=0.25)
    heights = sorted(names.values())
    low, high = plot.getViewBox().viewRange()[1]
    letters = plot.names[0].textItem.boundingRect().height()
    line = letters * (high - low) / plot.getViewBox().height()
    assert len(names) == 4
    assert min(np.diff(heights)) > 0.9 * line
    assert all(low < height < high for height in heights)


def test_in_a_low_plot_the_highest_lines_keep_their_names(plot: ProbabilityPlot) -> None:
    plot.resize(340, 60)
    names = show(plot, angry=0.3, disgust=0.25, neutral=0.24, sad=0.21)
    assert 0 < len(names) < 4
    assert "Angry" in names


def test_without_a_face_there_are_no_names(plot: ProbabilityPlot) -> None:
    assert show(plot, happy=0.9) == {"Happy": pytest.approx(0.9, abs=0.1)}
    gone = analysis(index=1)
    plot.history.add(replace(gone, frame=replace(gone.frame, captured_at=101.0)))
    plot.history.select(replace(gone, frame=replace(gone.frame, captured_at=101.0)))
    plot.redraw()
    assert not any(name.isVisible() for name in plot.names)
