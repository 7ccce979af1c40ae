"""Pixels of a frame with its overlays rendered in."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from ferapp.overlays import palette
from ferapp.overlays.colour_maps import MAP_PALETTES
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.render_overlays import render_overlays
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import SIZE, analysis, face, similarity
from trainer.faces.points import CONTOURS_68

pytestmark = pytest.mark.usefixtures("qapp")

BARE = OverlayStyle(boxes=False, landmarks=False, attribution=False)
SIZES = [(320, 240), (640, 360), (1081, 1921), (3840, 2160)]


def rgb(image: QImage) -> NDArray[np.int64]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].astype(int)


def far(pixels: NDArray[np.int64], colour: str) -> NDArray[np.int64]:
    """Distance of each pixel to `colour`, summed over the channels."""
    c = QColor(colour)
    return np.abs(pixels - [c.red(), c.green(), c.blue()]).sum(axis=-1)


def one_face(size: tuple[int, int], attribution: NDArray[np.float32] | None = None) -> Analysis:
    width, height = size
    half = min(size) / 4
    return analysis(
        face(centre=(width / 2, height / 2), half=half, attribution=attribution), size=size
    )


@pytest.mark.parametrize("size", SIZES)
def test_landmarks_are_drawn_at_their_positions(size: tuple[int, int]) -> None:
    shown = one_face(size)
    image = render_overlays(shown, replace(BARE, landmarks=True))
    assert (image.width(), image.height(), image.devicePixelRatio()) == (*size, 1)
    pixels = rgb(image)
    for x, y in shown.faces[0].landmarks[[0, 30, 67]].tolist():
        column, row = round(x), round(y)  # the pixel whose centre is nearest
        assert far(pixels[row, column], palette.LANDMARK) < 110


@pytest.mark.parametrize("name", MAP_PALETTES)
@pytest.mark.parametrize("sign", [1, -1])
def test_landmarks_are_seen_on_every_colour_of_a_map(name: str, sign: int) -> None:
    """Either the dot or its edge differs from what is below it."""
    style = replace(BARE, attribution=True, opacity=1.0, palette=name)
    ramp = np.tile(sign * np.linspace(0.05, 1, SIZE, dtype=np.float32), (SIZE, 1))
    shown = one_face((640, 360), ramp)
    below, drawn = (rgb(render_overlays(shown, replace(style, landmarks=on))) for on in (0, 1))
    for x, y in shown.faces[0].landmarks.tolist():
        rows, columns = (slice(round(v) - 4, round(v) + 5) for v in (y, x))
        change = (drawn - below)[rows, columns].mean(axis=-1)
        assert max(change.max(), -change.min()) > 60


def test_no_edge_of_a_tilted_crop_is_seen() -> None:
    """The strongest step of the picture's brightness, where the map is strong everywhere."""
    tilted = similarity(25, SIZE / 180, (320, 180))
    hot = np.ones((SIZE, SIZE), np.float32)
    shown = analysis(face((320, 180), 90, attribution=hot, to_crop=tilted), size=(640, 360))
    flat = replace(shown, picture=np.full_like(shown.picture, 90))
    pixels = rgb(render_overlays(flat, replace(BARE, attribution=True, opacity=1.0)))
    steps = np.abs(np.diff(pixels.sum(axis=-1), axis=1))
    assert pixels[180, 320].sum() > 500
    assert steps.max() < 60  # of 765; a hard edge is 300


def test_the_crop_frame_is_where_the_crop_ends() -> None:
    tilted = similarity(25, SIZE / 180, (320, 180))
    shown = analysis(face((320, 180), 90, to_crop=tilted), size=(640, 360))
    flat = replace(shown, picture=np.zeros_like(shown.picture))
    pixels = rgb(render_overlays(flat, replace(BARE, crop_frame=True))).sum(axis=-1)
    rows, columns = np.nonzero(pixels > 300)
    inverse = np.linalg.inv(np.vstack([tilted, [0, 0, 1]]).astype(float))
    for u in (-0.5, SIZE / 2, SIZE - 0.5):
        x, y, _ = inverse @ [u, -0.5, 1]  # on the upper edge
        assert np.hypot(columns - x, rows - y).min() < 1.5
    in_crop = tilted @ np.stack([columns, rows, np.ones(len(rows))])
    off_edge = np.abs(np.abs(in_crop - (SIZE - 1) / 2).max(axis=0) - SIZE / 2)
    assert off_edge.max() < 1.0  # nothing but the edge


@pytest.mark.parametrize("size", SIZES)
def test_lines_and_text_grow_with_the_frame_and_stay_legible(size: tuple[int, int]) -> None:
    shown = one_face(size)
    pixels = rgb(render_overlays(shown, replace(BARE, boxes=True)))
    scale = max(min(size) / 540, 0.75)
    x, y, _, height = (round(value) for value in shown.faces[0].box)
    colour = palette.FACE_COLOURS[0]
    line = pixels[y + height // 2, x - round(4 * scale) : x + round(4 * scale) + 1]
    assert (far(line, colour) < 150).sum() == pytest.approx(1.75 * scale, abs=1.1)
    above = pixels[:y, x + round(7 * scale)]  # through the plate, left of its text
    plate = (far(above, colour) < 12).sum()
    assert 16 * scale < plate < 32 * scale
    assert plate >= 13
    assert plate / size[1] < 0.1


def test_contours_grow_with_the_frame_too() -> None:
    """A line of one pixel is invisible in a large frame."""
    shown = one_face((3840, 2160))
    first, second = CONTOURS_68[0][:2]
    points = shown.faces[0].landmarks[[first, second]].astype(float)
    along = points[1] - points[0]
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    steps = points.mean(axis=0) + np.arange(-12, 13)[:, None] * across
    columns, rows = np.rint(steps).astype(int).T
    plain = rgb(render_overlays(shown, BARE))[rows, columns]
    drawn = rgb(render_overlays(shown, replace(BARE, landmarks=True)))[rows, columns]
    assert (np.abs(drawn - plain).sum(axis=1) > 60).sum() >= 3


def test_a_face_that_is_cut_off_at_the_top_has_its_label() -> None:
    shown = analysis(face((320, 0), half=90), size=(640, 360))
    pixels = rgb(render_overlays(shown, replace(BARE, boxes=True)))
    through_the_plate = pixels[:80, 320 - 90 + 8]  # left of its text
    assert 12 < (far(through_the_plate, palette.FACE_COLOURS[0]) < 12).sum() < 24


def test_without_overlays_the_frame_stays_unchanged() -> None:
    hot = np.ones((SIZE, SIZE), np.float32)
    shown = one_face((321, 241), hot)
    untouched = shown.frame.image[..., ::-1]
    np.testing.assert_array_equal(rgb(render_overlays(shown, BARE)), untouched)
    clear = replace(BARE, attribution=True, opacity=0.0)
    np.testing.assert_array_equal(rgb(render_overlays(shown, clear)), untouched)
    opaque = rgb(render_overlays(shown, replace(clear, opacity=1.0)))
    assert (opaque[120, 160] != untouched[120, 160]).any()
    np.testing.assert_array_equal(shown.picture[..., :3], shown.frame.image)  # a copy was painted


def test_overlays_are_not_rendered_twice() -> None:
    hot = np.ones((SIZE, SIZE), np.float32)
    shown = one_face((640, 360), hot)
    clean, overlaid = (
        replace(shown, frame=replace(shown.frame, has_overlays=has_overlays))
        for has_overlays in (False, True)
    )
    untouched = shown.frame.image[..., ::-1]
    np.testing.assert_array_equal(rgb(render_overlays(overlaid, OverlayStyle())), untouched)
    assert (rgb(render_overlays(clean, OverlayStyle())) != untouched).any()


def test_the_mirror_of_the_view_is_not_rendered() -> None:
    shown = analysis(face(centre=(100, 120)))
    assert render_overlays(shown, OverlayStyle(mirror=True)) == render_overlays(
        shown, OverlayStyle()
    )


def test_rendered_overlays_are_the_same_in_every_theme(qapp: QApplication) -> None:
    """The theme of the window does not matter."""
    shown = analysis(face())
    theme.apply_theme(qapp, "light")
    light = render_overlays(shown, OverlayStyle())
    theme.apply_theme(qapp, "dark")
    assert render_overlays(shown, OverlayStyle()) == light
