"""Agreement over time."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.overlays import palette
from ferapp.ui.duel.agreement_plot import SECONDS, AgreementPlot
from ferapp.ui.duel.face_comparison import compare_face
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.compared import compared, half_map
from tests.support.ui.picture import pixels


@pytest.fixture
def plot(qtbot: QtBot, qapp: QApplication) -> AgreementPlot:
    apply_theme(qapp, "dark")
    made = AgreementPlot()
    qtbot.addWidget(made)
    made.resize(400, 120)
    return made


def add(plot: AgreementPlot, time_s: float, side: str, answer: str, face_id: int = 0) -> None:
    """A's map is the left half, B's that of `side`; A says happy, B says `answer`."""
    shown = compared(("happy", answer), (half_map("left"), half_map(side)))
    frame = replace(shown.frame, captured_at=time_s)
    plot.add(frame, face_id, compare_face(shown.faces[0], "predicted", one_model=False))


def test_the_line_is_the_correlation_and_the_shade_the_different_answers(
    plot: AgreementPlot,
) -> None:
    for step in range(20):
        differs = 5 <= step < 10
        add(plot, step / 2, "right" if differs else "left", "sad" if differs else "happy")
    area = plot.area()
    (line,) = plot.lines()
    assert line.size() == 20
    heights = [line.at(step).y() for step in range(20)]
    assert heights[0] == pytest.approx(area.top())  # r = 1
    assert heights[7] == pytest.approx(area.bottom())  # r = −1
    assert line.at(19).x() == pytest.approx(area.right())
    second = area.width() / SECONDS
    assert line.at(17).x() == pytest.approx(area.right() - second)
    (shade,) = plot.differing()
    assert shade.left() == pytest.approx(line.at(5).x())
    assert shade.right() == pytest.approx(line.at(9).x())
    shown = pixels(plot)
    y = round(area.center().y()) + 10
    ground, shaded = shown[y, round(line.at(2).x())], shown[y, round(shade.center().x())]
    warning = palette.to_qcolor(theme.current().warning)
    assert shaded[0] - ground[0] > 0.3 * (warning.red() - ground[0])


def test_breaks_are_gaps(plot: AgreementPlot) -> None:
    add(plot, 0.0, "left", "happy")
    add(plot, 0.1, "left", "happy")
    plot.add(compared().frame, None, None)  # no face
    add(plot, 0.3, "left", "happy")
    add(plot, 0.4, "left", "happy", face_id=1)
    add(plot, 5.0, "left", "happy", face_id=1)  # was frozen
    assert [line.size() for line in plot.lines()] == [2, 1, 1, 1]
    plot.clear()
    assert plot.lines() == []


def test_only_the_last_seconds_stay(plot: AgreementPlot) -> None:
    for step in range(100):
        add(plot, step / 2, "left", "happy")
    (line,) = plot.lines()
    assert line.size() == 2 * SECONDS + 1
    assert line.at(0).x() == pytest.approx(plot.area().left())
