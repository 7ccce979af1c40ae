"""The plane of valence and arousal: where its dot lies, its tail, and when it is there."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from ferapp.ui.timeline.affect_plane import SIDE, TAIL_S, AffectPlane
from ferapp.ui.widgets import theme
from ferapp.vision.types import Affect, Analysis, AppliedModel
from tests.support.ui.fake_engine import analysis, face, with_prediction
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS

LEARNED = AppliedModel(EXPRESSIONS, valence_arousal=True)


def feeling(
    valence: float, arousal: float, index: int = 0, at: float | None = None, face_id: int = 0
) -> Analysis:
    values = np.array([valence, arousal], np.float32)
    one = with_prediction(face(face_id=face_id), model=LEARNED, affect=Affect(-values, values))
    made = replace(analysis(one, index=index), models=(LEARNED,))
    when = made.frame.captured_at if at is None else at
    return replace(made, frame=replace(made.frame, captured_at=when))


def coloured(widget: QWidget) -> NDArray[np.bool_]:
    """(SIDE, SIDE) where the plane has the dot's colour, not a fainter one."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    accent = QColor(theme.current().accent)
    wanted = np.array([accent.blue(), accent.green(), accent.red()])
    return np.abs(flat[:SIDE, :SIDE, :3].astype(int) - wanted).max(axis=2) < 8


@pytest.fixture
def plane(bench: Bench) -> AffectPlane:
    return bench.window.live_page.panel.affect_plane


@pytest.mark.parametrize(("valence", "arousal"), [(0.6, 0.4), (-0.8, 0.1), (0.0, -0.9), (1.0, 1.0)])
def test_the_dot_is_right_for_pleasant_and_up_for_excited(
    bench: Bench, plane: AffectPlane, valence: float, arousal: float
) -> None:
    bench.show(feeling(valence, arousal))
    rows, columns = np.nonzero(coloured(plane))
    half = SIDE / 2
    reach = half - 5.5
    assert columns.mean() + 0.5 == pytest.approx(half + valence * reach, abs=1)
    assert rows.mean() + 0.5 == pytest.approx(half - arousal * reach, abs=1)
    signs = [f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") for value in (valence, arousal)]
    assert plane.accessibleDescription() == f"Valence {signs[0]}, arousal {signs[1]}"


def test_it_is_there_only_for_models_that_learned_them(bench: Bench, plane: AffectPlane) -> None:
    bench.show(analysis(face(), index=1))
    assert not plane.isVisible()
    bench.show(feeling(0.5, 0.5, index=2))
    assert plane.isVisible()
    gone = replace(analysis(index=3), models=(LEARNED,))
    bench.show(gone)
    assert plane.isVisible()  # the panel does not jump when a face leaves
    assert plane.values is None
    assert not coloured(plane).any()
    bench.show(analysis(face(), index=4))
    assert not plane.isVisible()


def test_the_tail_is_short_and_of_one_face(plane: AffectPlane) -> None:
    for step in range(20):
        plane.show_analysis(feeling(0.1 * step - 1, 0, step, at=100 + 0.2 * step))
    assert plane.values == pytest.approx([0.9, 0])
    assert len(plane._tail) == int(TAIL_S / 0.2) + 1
    plane.show_analysis(feeling(0.9, 0.2, 20, at=103.8))  # the same picture once more
    assert len(plane._tail) == int(TAIL_S / 0.2) + 1
    assert plane.values == pytest.approx([0.9, 0.2])
    plane.show_analysis(feeling(0.5, 0, 21, at=104, face_id=1))
    assert len(plane._tail) == 1
    moved = feeling(0.4, 0, 22, at=104.1, face_id=1)
    plane.show_analysis(replace(moved, frame=replace(moved.frame, segment=9)))
    assert len(plane._tail) == 1
