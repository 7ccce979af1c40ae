"""The zoomed view: the frame's pixels where the camera says, and the followed face's overlays."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from ferapp.overlays import palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.stage.face_camera import FACE_SHARE
from ferapp.ui.stage.zoomed_face import ZoomedFace
from tests.support.ui.fake_engine import SIZE, analysis, face
from tests.support.ui.picture import pixels, share

BARE = OverlayStyle(boxes=False, landmarks=False, attribution=False)


@pytest.fixture
def view(qtbot: QtBot) -> ZoomedFace:
    view = ZoomedFace()
    qtbot.addWidget(view)
    view.resize(500, 500)
    view.set_overlay_style(BARE)
    return view


def test_without_a_picture_it_is_dark(view: ZoomedFace) -> None:
    assert share(pixels(view), palette.VIDEO_BACKGROUND, 3) == 1


def test_the_pixels_of_the_face_are_where_the_transform_says(view: ZoomedFace) -> None:
    shown = analysis(face((160, 120), 50))
    shown.picture[99:102, 149:152] = (0, 0, 255, 255)  # red, BGRX
    view.show_analysis(shown)
    at = view.frame_to_view().map(QPointF(150, 100))
    scale = 500 * FACE_SHARE / 100
    assert at.x() == pytest.approx(250 - 10 * scale)
    image = pixels(view)
    np.testing.assert_allclose(image[int(at.y()), int(at.x())], [255, 0, 0], atol=12)
    view.set_overlay_style(replace(BARE, mirror=True))
    np.testing.assert_allclose(pixels(view)[int(at.y()), 499 - int(at.x())], [255, 0, 0], atol=12)


def test_only_the_followed_face_has_overlays(view: ZoomedFace) -> None:
    shown = replace(analysis(face((130, 120), 30), face((190, 120), 30, face_id=1)), selected_id=1)
    view.show_analysis(shown)
    bare = pixels(view)
    view.set_overlay_style(replace(BARE, landmarks=True))
    changed = np.abs(pixels(view).astype(int) - bare).sum(axis=2) > 60
    other, followed = (view.frame_to_view().map(QPointF(x, 120)).x() for x in (130, 190))
    columns = np.flatnonzero(changed.any(axis=0))
    assert len(columns) > 50
    assert columns.min() > (other + followed) / 2  # nothing at the other face
    assert view.analysis is not None
    assert [one.face_id for one in view.analysis.faces] == [1]


def test_the_map_lies_over_the_face(view: ZoomedFace) -> None:
    warm = np.zeros((SIZE, SIZE), np.float32)
    warm[SIZE // 2 - 4 : SIZE // 2 + 4, SIZE // 2 - 4 : SIZE // 2 + 4] = 1
    view.show_analysis(analysis(face((160, 120), 50, attribution=warm)))
    bare = pixels(view)
    view.set_overlay_style(replace(BARE, attribution=True))
    changed = np.abs(pixels(view) - bare).sum(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert (rows.mean(), columns.mean()) == pytest.approx((250, 250), abs=8)
    # 8 of 44 crop pixels, of a crop as large as the box
    assert np.ptp(rows) == pytest.approx(500 * FACE_SHARE * 8 / SIZE, rel=0.5)


def test_clearing_it_leaves_no_picture(view: ZoomedFace) -> None:
    view.show_analysis(analysis(face()))
    assert share(pixels(view), palette.VIDEO_BACKGROUND, 3) < 0.5
    view.clear()
    assert share(pixels(view), palette.VIDEO_BACKGROUND, 3) == 1
    assert view.analysis is None


def test_a_view_of_another_shape_is_filled_at_once(view: ZoomedFace) -> None:
    view.show()
    view.show_analysis(analysis(face((160, 120), 50)))
    view.resize(250, 500)
    at = view.frame_to_view().map(QPointF(160, 120))
    assert (at.x(), at.y()) == pytest.approx((125, 250))
