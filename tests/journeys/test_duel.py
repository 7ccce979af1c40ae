"""A comparison through the real app, on the demo clip: engine, models and window are real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine, EngineParts
from ferapp.ui.duel.duel_view import DuelView
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.stage.zoomed_face import ZoomedFace
from tests.support.ui.picture import pixels
from trainer.labels import EXPRESSIONS

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier

LIMIT_MS = 120_000


def biased(model: str, device: str) -> "Classifier":
    """The real models, but twin-pal believes that nearly every face is surprised."""
    from ferapp.vision.classifier import Classifier

    if model != "twin-pal":
        return Classifier(model, device)
    prior = dict.fromkeys(EXPRESSIONS, 1e-7) | {"surprise": 1 - 6e-7}
    return Classifier(model, device, prior)


@contextmanager
def running(qtbot: QtBot, make: "Callable[[str, str], Classifier]") -> Iterator[MainWindow]:
    """The window on the demo clip, once its model has explained a face."""
    parts = EngineParts(classifier=make)
    window = make_window(Engine("demo", "twin-ce", "cpu", parts=parts), SettingsStore())
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    try:
        page = window.live_page
        qtbot.waitUntil(
            lambda: bool(page.analysis and page.analysis.faces and page.analysis.models),
            timeout=LIMIT_MS,
        )
        qtbot.waitUntil(
            lambda: bool(page.status.models and page.status.model.spec), timeout=LIMIT_MS
        )
        yield window
    finally:
        window.close_at_once()


def compare(qtbot: QtBot, window: MainWindow, text: str) -> DuelView:
    """Choose an entry of Model, Compare with; wait until both sides have explained a face."""
    (menu,) = (m for m in window.model_menu.findChildren(QMenu) if m.title() == "Compare with")
    menu.aboutToShow.emit()
    next(
        action for action in menu.actions() if action.text().split("\t")[0].startswith(text)
    ).trigger()
    duel = window.live_page.live_view.duel
    qtbot.waitUntil(
        lambda: "correlation " in duel.header.verdict.text() and not _notice(duel), timeout=LIMIT_MS
    )
    return duel


def _notice(duel: DuelView) -> str:
    return duel.sides.notice if duel.sides is not None else "no comparison"


def texts(window: MainWindow) -> set[str]:
    (menu,) = (m for m in window.model_menu.findChildren(QMenu) if m.title() == "Compare with")
    menu.aboutToShow.emit()
    return {action.text() for action in menu.actions()}


def test_two_models_disagree_and_the_moment_is_held(qapp: QApplication, qtbot: QtBot) -> None:
    with running(qtbot, biased) as window:
        page = window.live_page
        assert "twin-ce" not in texts(window)  # A against itself
        duel = compare(qtbot, window, "twin-pal")
        first, second = duel.header.sides
        assert first.title.text() == "twin-ce · Grad × Input"
        assert second.title.text() == "twin-pal · Grad × Input"
        qtbot.waitUntil(lambda: bool(duel.pins.all), timeout=LIMIT_MS)
        (pin,) = duel.pins.all[:1]
        assert pin.texts[1] == "B Surprise"
        assert pin.texts[0] != "A Surprise"
        qtbot.keyClick(window, Qt.Key.Key_Return)
        held = duel.held_analysis
        assert held is not None
        assert second.answer.text().startswith("Surprise")
        assert first.answer.text().startswith(pin.texts[0].removeprefix("A "))
        _check_both_halves(qtbot, duel)
        number = held.frame.index
        qtbot.waitUntil(lambda: bool(page.analysis and page.analysis.frame.index != number))
        assert duel.held_analysis is held  # the clip goes on, the frame stays
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        assert duel.held is None


def _check_both_halves(qtbot: QtBot, duel: DuelView) -> None:
    """Left of the line the held face looks as with A's overlays alone, right of it as with B's."""
    shown = duel.held_analysis
    assert shown is not None
    duel.wipe.move_line(0.5)
    duel.wipe.set_overlay_style(replace(duel.wipe.overlay_style, landmarks=False))
    whole = pixels(duel.wipe)
    alone = []
    for model in (0, 1):
        view = ZoomedFace(model=model)
        qtbot.addWidget(view)
        view.resize(duel.wipe.size())
        view.set_overlay_style(duel.wipe.overlay_style)
        view.show_analysis(shown)
        alone.append(pixels(view))
    x = duel.wipe.line_x()
    rows = slice(60, whole.shape[0] // 2 - 20)  # below the badge, above the handle
    assert np.abs(alone[0] - alone[1])[rows].max() > 40  # the maps differ
    # a turned map is smoothed a little differently where it is clipped
    for shown_half, alone_half in (
        (whole[rows, : x - 4], alone[0][rows, : x - 4]),
        (whole[rows, x + 4 :], alone[1][rows, x + 4 :]),
    ):
        np.testing.assert_allclose(shown_half, alone_half, atol=8)


def test_one_model_with_two_methods(qapp: QApplication, qtbot: QtBot) -> None:
    from ferapp.live.engine import make_classifier

    with running(qtbot, make_classifier) as window:
        assert "Grad × Input" not in texts(window)  # A against itself
        duel = compare(qtbot, window, "Grad × Input, pixels")
        first, second = duel.header.sides
        assert first.title.text() == "twin-ce · Grad × Input"
        assert second.title.text() == "twin-ce · Grad × Input, pixels"
        assert first.answer.text() == second.answer.text() != "–"
        shown = window.live_page.analysis
        assert shown is not None
        (face,) = shown.faces
        a, b = (face.predicted_by(model) for model in (0, 1))
        assert a is not None
        assert b is not None
        assert (a.model.method, b.model.method) == ("grad_x_input", "pixels_grad_x_input")
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-5)
        qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
        qtbot.waitUntil(lambda: not duel.isVisible())
        assert window.live_page.view.isVisible()
