"""Painting over the face of the demo clip: what the model gets, and that it stays on the face."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.vision.classifier import Classifier
from ferapp.vision.hidden_areas import Hidden
from ferapp.vision.masking import hide
from ferapp.vision.types import Analysis, Face, Prediction
from trainer.faces.align import align_face, transform_points

MOUTH = (48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59)
LEFT = Qt.MouseButton.LeftButton
SAD_S, LATER_S = 1.0, 3.0  # of the clip: sad, and the head elsewhere


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("default", "cpu")


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot) -> Iterator[MainWindow]:
    """The demo clip, paused at SAD_S, with the brush in hand."""
    store = SettingsStore()
    store.change(hints_seen=True, smoothing_ms=0)
    window = make_window(Engine("demo", "default", "cpu"), store)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    page = window.live_page
    qtbot.waitUntil(lambda: has_prediction(page), timeout=120_000)
    window.actions_by_id["freeze"].trigger()
    go_to(page, qtbot, SAD_S)
    window.actions_by_id["brush"].trigger()
    yield window
    window.close()


def has_prediction(page: LivePage) -> bool:
    shown = page.analysis
    return shown is not None and bool(shown.faces) and shown.faces[0].prediction is not None


def go_to(page: LivePage, qtbot: QtBot, second: float) -> None:
    page.play_bar.sought.emit(second)

    def is_there() -> bool:
        shown = page.analysis
        at = shown.frame.position_s if shown is not None else None
        return at is not None and abs(at - second) < 0.06 and has_prediction(page)

    qtbot.waitUntil(is_there, timeout=30_000)


def current(page: LivePage) -> tuple[Analysis, Face, Prediction]:
    assert page.analysis is not None
    (face,) = page.analysis.faces
    assert face.prediction is not None
    return page.analysis, face, face.prediction


def analysed_with(
    page: LivePage, qtbot: QtBot, hidden: Hidden
) -> tuple[Analysis, Face, Prediction]:
    """Once what is hidden now is in the displayed analysis."""
    qtbot.waitUntil(lambda: current(page)[0].hidden == hidden, timeout=20_000)
    return current(page)


def paint(page: LivePage, qtbot: QtBot, landmarks: tuple[int, ...]) -> Hidden:
    _, face, _ = current(page)
    assert face.landmarks is not None
    view = page.view

    def at(index: int) -> QPoint:
        assert face.landmarks is not None
        return view.frame_to_view(*face.landmarks[index].tolist()).toPoint()

    qtbot.mousePress(view, LEFT, pos=at(landmarks[0]))
    for index in landmarks[1:]:
        qtbot.mouseMove(view, at(index))
    qtbot.mouseRelease(view, LEFT, pos=at(landmarks[-1]))
    return page.options.hidden


def classify_masked(
    classifier: Classifier, analysis: Analysis, hidden: Hidden
) -> tuple[np.ndarray, np.ndarray]:
    """Masked crop and probabilities, from the frame itself."""
    landmarks = analysis.faces[0].landmarks
    assert landmarks is not None
    aligned = align_face(analysis.frame.image, landmarks, classifier.crop_size)
    points = transform_points(aligned.matrix, landmarks)
    masked, _ = hide(aligned.crop, points, hidden)
    return masked, classifier.classify(masked[None], attribution=False).probabilities[0]


def test_painting_over_the_mouth_gives_the_answer_for_the_masked_crop_and_undo_takes_it_back(
    window: MainWindow, qtbot: QtBot, classifier: Classifier
) -> None:
    page = window.live_page
    _, plain_face, plain = current(page)
    hidden = paint(page, qtbot, MOUTH)
    shown, face, prediction = analysed_with(page, qtbot, hidden)
    masked, expected = classify_masked(classifier, shown, hidden)
    assert prediction.probabilities == pytest.approx(expected, abs=1e-4)
    assert np.abs(prediction.probabilities - plain.probabilities).max() > 0.05
    assert prediction.unmasked == pytest.approx(plain.smoothed, abs=1e-4)
    assert face.crop is not None
    assert plain_face.crop is not None
    assert np.array_equal(face.crop.pixels, masked[2:-2, 2:-2])  # the network sees the middle
    assert (face.crop.pixels != plain_face.crop.pixels).any()
    (name,) = hidden.names
    assert name.startswith("painted area (")
    qtbot.waitUntil(lambda: name in page.view.accessibleDescription())

    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    _, back_face, back = analysed_with(page, qtbot, Hidden())
    assert back.unmasked is None
    assert back.probabilities == pytest.approx(plain.probabilities, abs=1e-4)
    assert back_face.crop is not None
    assert np.array_equal(back_face.crop.pixels, plain_face.crop.pixels)


def test_strokes_follow_the_face_when_the_clip_moves(window: MainWindow, qtbot: QtBot) -> None:
    """What was painted over the mouth is over the mouth of a later frame, and nowhere else."""
    page = window.live_page
    hidden = paint(page, qtbot, MOUTH)
    _, before, _ = analysed_with(page, qtbot, hidden)
    go_to(page, qtbot, LATER_S)
    _, after, _ = analysed_with(page, qtbot, hidden)
    assert before.landmarks is not None
    assert after.landmarks is not None
    moved = np.abs(after.landmarks[list(MOUTH)] - before.landmarks[list(MOUTH)]).max()
    assert moved > 4  # px: what stayed on its pixels would be beside the mouth
    assert after.crop is not None
    assert after.crop.covered is not None
    points = transform_points(after.crop.from_frame, after.landmarks)

    def covered(index: int) -> float:
        assert after.crop is not None
        assert after.crop.covered is not None
        x, y = np.rint(points[index]).astype(int)
        return float(after.crop.covered[y, x])

    assert all(covered(index) == 1 for index in MOUTH)
    elsewhere = (*range(17, 27), *range(36, 48), 27, 28, 29)  # brows, eyes, bridge of the nose
    assert all(covered(index) == 0 for index in elsewhere)


def test_the_smallest_patch_changes_the_answer_of_the_paused_clip(
    window: MainWindow, qtbot: QtBot, classifier: Classifier
) -> None:
    page = window.live_page
    _, _, plain = current(page)
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: bool(page.options.hidden), timeout=120_000)
    hidden = page.options.hidden
    shown, _, prediction = analysed_with(page, qtbot, hidden)
    assert prediction.top != plain.top
    _, expected = classify_masked(classifier, shown, hidden)
    assert int(expected.argmax()) == prediction.top
    assert "of the face is enough: Sad" in page.live_view.toast.label.text()
