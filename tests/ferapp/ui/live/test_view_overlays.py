"""The view mirrored, with hidden parts and quality issues, and the face under the mouse."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from ferapp.overlays import label_text, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.text import wording
from ferapp.vision.face_regions import MARGIN, PART_HULLS, PARTS, Part
from ferapp.vision.hidden_areas import NOTHING_HIDDEN, hide_parts
from ferapp.vision.types import Analysis, QualityIssue, QualityKind
from tests.support.ui.fake_engine import (
    SIZE,
    analysis,
    face,
    probabilities,
    similarity,
    with_maps,
    with_prediction,
)
from tests.support.ui.picture import drawn_face, hiding, pixels, rgb, share

BARE = OverlayStyle(boxes=False, landmarks=False, attribution=False)
SMALL = QualityIssue(QualityKind.SMALL, 38, 44)


@pytest.fixture
def view(qtbot: QtBot) -> VideoView:
    view = VideoView(lambda _: None)
    qtbot.addWidget(view)
    view.resize(640, 480)
    view.set_overlay_style(BARE)
    return view


def hidden(*parts: Part) -> Analysis:
    one = with_prediction(drawn_face(), unmasked=probabilities("happy", 0.9))
    return hiding(analysis(one), hide_parts(parts))


@pytest.mark.parametrize("size", [(640, 480), (901, 500), (500, 800)])
def test_the_mirror_exchanges_left_and_right_of_the_picture(
    view: VideoView, size: tuple[int, int]
) -> None:
    view.resize(*size)
    view.show_analysis(analysis(face()))
    plain = pixels(view)
    view.set_overlay_style(replace(BARE, mirror=True))
    room = view.picture_rect().toRect()
    assert room.left() + room.right() + 1 == pytest.approx(view.width(), abs=1)  # still centred
    there = np.s_[room.top() : room.bottom() + 1, room.left() : room.right() + 1]
    np.testing.assert_allclose(pixels(view)[there], plain[there][:, ::-1], atol=3)


def test_everything_on_the_picture_is_mirrored_with_it(view: VideoView) -> None:
    hot = np.zeros((SIZE, SIZE), np.float32)
    hot[12, 31] = 1
    to_crop = similarity(30, SIZE / 110, (110.0, 125.0))
    one = drawn_face((110, 120), 40)
    assert one.crop is not None
    one = replace(one, crop=replace(one.crop, from_frame=to_crop))
    shown = analysis(with_maps(one, hot[None], (3,)))
    view.show_analysis(shown)
    for look in (
        replace(BARE, landmarks=True),
        replace(BARE, attribution=True, opacity=1.0),
        replace(BARE, boxes=True),
    ):
        view.set_overlay_style(BARE)
        bare = pixels(view)
        view.set_overlay_style(look)
        marks = np.abs(pixels(view) - bare).sum(axis=2) > 60
        view.set_overlay_style(replace(BARE, mirror=True))
        bare = pixels(view)
        view.set_overlay_style(replace(look, mirror=True))
        mirrored = np.abs(pixels(view) - bare).sum(axis=2) > 60
        if look.boxes:  # the label reads from left to right: it begins at the box's new left side
            top = int(view.frame_to_view(0, 80).y())
            marks[:top], mirrored[:top] = False, False
        assert marks.any()
        assert (marks[:, ::-1] != mirrored).mean() < 0.002


def test_letters_are_never_mirrored(view: VideoView) -> None:
    """The plate of the label has the same pixels at another position."""
    shown = analysis(face(centre=(110, 120)))
    plates = []
    for mirror in (False, True):
        view.set_overlay_style(replace(BARE, boxes=True, mirror=mirror))
        view.show_analysis(shown)
        box = [view.frame_to_view(x, 70) for x in (60, 160)]
        left = round(min(point.x() for point in box))
        bottom = round(box[0].y()) - 8
        plates.append(pixels(view)[bottom - 12 : bottom, left + 6 : left + 90])
    letters = [np.abs(plate - rgb(palette.ON_FACE_COLOUR)).sum(axis=2) < 200 for plate in plates]
    assert letters[0].sum() > 40
    assert (letters[0] != letters[1]).mean() < 0.02
    assert (letters[0] != letters[1][:, ::-1]).mean() > 0.1


def test_the_face_under_the_mouse_is_the_right_one_in_a_mirrored_view(view: VideoView) -> None:
    left, right = face((80, 120), 30), face((240, 120), 30, name="sad", face_id=1)
    view.show_analysis(analysis(left, right))
    at_left, nowhere = QPointF(160, 240), QPointF(320, 240)
    assert view.face_at(at_left) is left
    assert view.face_at(nowhere) is None
    view.set_overlay_style(replace(BARE, mirror=True))
    assert view.face_at(at_left) is right
    assert view.face_at(nowhere) is None
    assert view.face_at(QPointF(-5, -5)) is None


def test_the_label_belongs_to_its_face(view: VideoView) -> None:
    one = face((160, 120), 30)
    view.show_analysis(analysis(one))
    above = view.frame_to_view(135, 90) - QPointF(0, 12)
    assert view.face_at(above) is None
    view.set_overlay_style(replace(BARE, boxes=True))
    assert view.face_at(above) is one


@pytest.mark.parametrize("part", PARTS)
def test_a_hidden_part_is_shown_as_the_model_gets_it(view: VideoView, part: Part) -> None:
    """Its grey fill, and nothing else of the picture changes but the label and the corner."""
    shown = hidden(part)
    (one,) = shown.faces
    assert one.crop is not None
    assert one.crop.covered is not None
    assert one.landmarks is not None
    view.show_analysis(replace(shown, faces=(drawn_face(),), hidden=NOTHING_HIDDEN))
    plain = pixels(view)
    view.show_analysis(shown)
    now = pixels(view)
    for hull in PART_HULLS[part]:
        centre = view.frame_to_view(*one.landmarks[[*hull]].mean(axis=0).tolist())
        there = now[round(centre.y()), round(centre.x())]
        assert np.abs(there - 120).max() <= 3  # the drawn crop is grey 120 everywhere
    changed = np.abs(now - plain).sum(axis=2) > 40
    reach = np.zeros_like(changed)
    for y, x in np.argwhere(one.crop.covered > 0):
        # 50 px of the frame around (160, 120) are 22 of the crop, and 100 of the view
        at = (np.array([x, y]) + 0.5) * (200 / SIZE) + (220, 140)
        left, top = np.floor(at - 10).astype(int)
        reach[top : top + 20, left : left + 20] = True
    box_top = int(view.frame_to_view(0, one.box[1]).y())
    reach[:box_top] = True  # the effect, above the face
    room = view.picture_rect()
    reach[int(room.bottom()) - 60 :, int(room.right()) - 260 :] = True  # the text in the corner
    assert changed[reach].any()
    assert not changed[~reach].any()


def test_the_outline_is_light_and_dark_around_what_is_hidden(view: VideoView) -> None:
    shown = hidden("mouth")
    (one,) = shown.faces
    assert one.landmarks is not None
    view.show_analysis(shown)
    now = pixels(view)
    x = round(view.frame_to_view(float(one.landmarks[57, 0]), 0).x())
    bottom = float(one.landmarks[57, 1])
    margin = MARGIN * float(np.hypot(*(one.landmarks[45] - one.landmarks[36])))
    y = round(view.frame_to_view(0, bottom + margin).y())
    below = now[y - 12 : y + 8, x].mean(axis=1)
    assert below.max() > 180  # the line; fill and picture are at most 120
    assert below.min() < 60


def test_the_effect_is_on_the_picture_and_names_a_new_answer(view: VideoView) -> None:
    shown = hidden("mouth")
    (one,) = shown.faces
    assert label_text.effect_text(one.prediction) == "Happy 90 → 87\u00a0%"
    fooled = with_prediction(one, unmasked=probabilities("sad", 0.83))
    text = label_text.effect_text(fooled.prediction)
    assert text == "Sad 83 → 2\u00a0%   Sad → Happy"
    whole = drawn_face().prediction
    assert whole is not None
    assert not label_text.effect_text(whole)
    colours = []
    view.set_overlay_style(replace(BARE, boxes=True))
    for face_ in (one, fooled):
        view.show_analysis(replace(shown, faces=(face_,)))
        above = pixels(view)[: int(view.frame_to_view(0, one.box[1]).y())]
        colours.append(share(above, palette.FACE_COLOURS[0]))
    assert colours[1] > 3 * colours[0]  # filled with the face's colour where the answer changed


def test_without_boxes_the_effect_is_not_on_the_picture(view: VideoView) -> None:
    shown = hidden("mouth")
    view.set_overlay_style(BARE)
    view.show_analysis(shown)
    plain = pixels(view)
    view.set_overlay_style(replace(BARE, boxes=True))
    above = np.s_[: int(view.frame_to_view(0, shown.faces[0].box[1]).y()) - 2]
    assert share(plain[above], palette.FACE_COLOURS[0]) == 0
    assert share(pixels(view)[above], palette.FACE_COLOURS[0]) > 0


def test_a_quality_issue_dashes_the_box_and_adds_a_question_mark(view: VideoView) -> None:
    view.set_overlay_style(replace(BARE, boxes=True))
    sure = analysis(face())
    view.show_analysis(sure)
    left = view.frame_to_view(sure.faces[0].box[0], 120).x()
    column = np.s_[200:330, round(left)]
    plain = pixels(view)[column]
    unsure = replace(sure, faces=(replace(sure.faces[0], quality=(SMALL,)),))
    view.show_analysis(unsure)
    dashed = pixels(view)[column]
    colour = palette.FACE_COLOURS[0]
    assert share(plain, colour, 120) > 0.9
    assert 0.3 < share(dashed, colour, 120) < 0.8
    assert label_text.box_label(unsure.faces[0], unsure) == "Happy? 87\u00a0%"
    tip = wording.face_tip(unsure.faces[0], unsure)
    assert "too small" in tip
    assert "100 × 100 px" in tip


def test_the_overlay_delay_needs_a_map(qtbot: QtBot) -> None:
    view = VideoView(lambda _: None, clock=lambda: 100.034)
    qtbot.addWidget(view)
    view.resize(320, 240)
    hot = np.ones((SIZE, SIZE), np.float32)
    view.show_analysis(analysis(face(attribution=hot)))
    view.grab()
    assert view.overlay_delay_ms == pytest.approx(34)
    view.set_overlay_style(BARE)
    view.show_analysis(analysis(face(attribution=hot)))
    view.grab()
    assert view.overlay_delay_ms is None
