"""The pixels of the view: frame, boxes, labels, landmarks and maps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ferapp.overlays import palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.video_view import VideoView
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import SIZE, analysis, face, similarity


def pixels(view: VideoView) -> NDArray[np.int64]:
    """The view as (H, W, 3) RGB."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., :3].astype(int)


def rgb(colour: str) -> list[int]:
    c = QColor(colour)
    return [c.red(), c.green(), c.blue()]


BARE = OverlayStyle(boxes=False, landmarks=False, attribution=False)


def alter(view: VideoView, **changes: Any) -> None:
    view.set_overlay_style(replace(view.overlay_style, **changes))


@pytest.fixture
def painted() -> list[Analysis]:
    return []


@pytest.fixture
def view(qtbot: QtBot, painted: list[Analysis]) -> VideoView:
    """As large as the picture: a pixel of the view is a pixel of the frame."""
    view = VideoView(painted.append)
    qtbot.addWidget(view)
    view.resize(320, 240)
    view.set_overlay_style(BARE)
    return view


def frame_rgb(shown: Analysis) -> NDArray[np.int64]:
    return shown.picture[..., 2::-1].astype(int)


def test_the_picture_is_shown_unchanged(view: VideoView, painted: list[Analysis]) -> None:
    shown = analysis(face())
    view.show_analysis(shown)
    np.testing.assert_array_equal(pixels(view), frame_rgb(shown))
    pixels(view)
    assert len(painted) == 1
    assert painted[0] is shown


def test_landmarks_have_their_colour(view: VideoView) -> None:
    shown = analysis(face())
    view.show_analysis(shown)
    x, y = shown.faces[0].landmarks[30].tolist()
    at = view.frame_to_view(x, y)
    row, column = int(at.y()), int(at.x())
    before = pixels(view)[row, column]
    alter(view, landmarks=True)
    np.testing.assert_allclose(pixels(view)[row, column], rgb(palette.LANDMARK), atol=40)
    alter(view, landmarks=False)
    np.testing.assert_array_equal(pixels(view)[row, column], before)


def test_landmarks_follow_a_letter_boxed_view(view: VideoView) -> None:
    view.resize(900, 500)
    shown = analysis(face())
    view.show_analysis(shown)
    alter(view, landmarks=True)
    image = pixels(view)
    assert (image[:, :100] == rgb(palette.VIDEO_BACKGROUND)).all()  # the bars beside the picture
    for x, y in shown.faces[0].landmarks[[0, 33, 67]].tolist():
        at = view.frame_to_view(x, y)
        assert at.x() == pytest.approx((900 - 667) // 2 + (x + 0.5) * 667 / 320)
        measured = image[int(at.y()), int(at.x())]
        np.testing.assert_allclose(measured, rgb(palette.LANDMARK), atol=25)


def test_box_and_label_are_at_the_face(view: VideoView) -> None:
    view.resize(960, 720)
    shown = analysis(face())
    view.show_analysis(shown)
    alter(view, boxes=True)
    image = pixels(view)
    x, y, _, height = shown.faces[0].box
    colour = rgb(palette.FACE_COLOURS[0])
    left = view.frame_to_view(x, y + height / 2)
    near = image[int(left.y()), int(left.x()) - 2 : int(left.x()) + 3]
    assert np.abs(near - colour).sum(axis=1).min() < 60
    top_left = view.frame_to_view(x, y)
    plate = image[int(top_left.y()) - 22 : int(top_left.y()) - 8, int(top_left.x()) + 5 :][:, :60]
    assert (np.abs(plate - colour).sum(axis=2) < 12).mean() > 0.4  # the plate
    assert (plate.sum(axis=2) < 150).any()  # its text
    alter(view, boxes=False)
    assert (np.abs(pixels(view) - colour).sum(axis=2) > 12).all()


@pytest.mark.parametrize("top", [2, -60], ids=["at the edge", "cut off"])
@pytest.mark.parametrize("size", [(400, 700), (900, 500)], ids=["bars above", "bars beside"])
def test_the_label_of_a_face_at_the_top_is_in_the_picture(
    view: VideoView, size: tuple[int, int], top: int
) -> None:
    view.resize(*size)
    shown = analysis(face(centre=(160, top + 50)))
    view.show_analysis(shown)
    alter(view, boxes=True)
    plates = np.abs(pixels(view) - rgb(palette.FACE_COLOURS[0])).sum(axis=2) < 12
    rows = np.flatnonzero(plates.sum(axis=1) > 40)  # box lines are far shorter across, or one row
    assert len(rows) > 14
    picture = view.picture_rect()
    assert picture.top() <= rows[0] <= rows[-1] < picture.bottom()
    place = QPointF(np.flatnonzero(plates[rows[8]])[0] + 1, rows[8])
    assert view.face_at(place) is shown.faces[0]


def test_the_label_of_a_face_at_the_side_is_in_the_picture(view: VideoView) -> None:
    """Its text is complete, at the right edge too."""
    alter(view, boxes=True)
    widths = []
    for x in (160, 315):
        view.show_analysis(analysis(face(centre=(x, 120), half=30)))
        plates = np.abs(pixels(view) - rgb(palette.FACE_COLOURS[0])).sum(axis=2) < 12
        row = plates.sum(axis=1)[60:88].argmax() + 60
        columns = np.flatnonzero(plates[row])
        widths.append(columns[-1] - columns[0])
    assert widths[0] == widths[1]


def hot(column: int, row: int, value: float = 1.0) -> NDArray[np.float32]:
    attribution = np.zeros((SIZE, SIZE), np.float32)
    attribution[row, column] = value
    return attribution


def test_opacity_zero_leaves_the_picture_unchanged(view: VideoView) -> None:
    shown = analysis(face(attribution=hot(22, 22)))
    view.show_analysis(shown)
    alter(view, attribution=True)
    alter(view, opacity=1.0)
    assert (pixels(view) != frame_rgb(shown)).any()
    alter(view, opacity=0.0)
    np.testing.assert_array_equal(pixels(view), frame_rgb(shown))
    alter(view, opacity=1.0)
    alter(view, attribution=False)
    np.testing.assert_array_equal(pixels(view), frame_rgb(shown))


@pytest.mark.parametrize("angle", [0.0, 37.0, -115.0])
@pytest.mark.parametrize(("width", "height"), [(320, 240), (901, 500)])
def test_a_map_peak_is_drawn_at_its_position_in_the_frame(
    view: VideoView, angle: float, width: int, height: int
) -> None:
    view.resize(width, height)
    to_crop = similarity(angle, SIZE / 110, (150.0, 125.0))
    column, row = 31, 12
    shown = analysis(face(attribution=hot(column, row), to_crop=to_crop))
    view.show_analysis(shown)
    plain = pixels(view)
    alter(view, attribution=True)
    alter(view, opacity=1.0)
    change = np.abs(pixels(view) - plain).sum(axis=2).astype(float)
    change[change < 60] = 0
    rows, columns = np.indices(change.shape)
    measured = [(columns * change).sum() / change.sum(), (rows * change).sum() / change.sum()]
    x, y = np.linalg.solve(to_crop[:, :2], np.array([column, row]) - to_crop[:, 2])
    expected = view.frame_to_view(x, y)  # a point; pixel (c, r) covers c…c+1, r…r+1
    assert measured[0] + 0.5 == pytest.approx(expected.x(), abs=0.6)
    assert measured[1] + 0.5 == pytest.approx(expected.y(), abs=0.6)


def test_for_is_warm_and_against_is_cool(view: VideoView) -> None:
    alter(view, attribution=True)
    alter(view, opacity=1.0)
    for value, warm in ((3.0, True), (-3.0, False)):
        one = face(attribution=hot(22, 22, value))
        assert one.crop is not None
        view.show_analysis(analysis(one))
        from_frame = one.crop.from_frame
        x, y = np.linalg.solve(from_frame[:, :2], np.array([22, 22]) - from_frame[:, 2])
        at = view.frame_to_view(x, y)
        red, _, blue = pixels(view)[int(at.y()), int(at.x())]
        assert bool(red > blue) is warm


def test_a_face_without_a_model_has_no_label(view: VideoView) -> None:
    view.show_analysis(analysis(face(), model=False))
    alter(view, boxes=True)
    image = pixels(view)
    assert (np.abs(image - rgb(palette.FACE_COLOURS[0])).sum(axis=2) < 40).any()  # the box
    assert (image[40:62, 110:170] < 90).all()  # where a plate would be: the dark picture
