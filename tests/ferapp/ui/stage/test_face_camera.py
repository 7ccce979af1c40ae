"""The camera by numbers: size, centre, calm, the path of a move, and cuts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ferapp.ui.stage.face_camera import (
    FACE_SHARE,
    HOLD_S,
    MAX_SHARE,
    RATE,
    FaceCamera,
    Region,
    Spring,
)
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import analysis, face

SIZE = (640, 480)


def at(
    time_s: float, *faces: tuple[float, float, float], segment: int = 0, first_id: int = 0
) -> Analysis:
    """An analysis with faces of (centre x, centre y, half size)."""
    made = analysis(
        *(face((x, y), half, face_id=first_id + i) for i, (x, y, half) in enumerate(faces)),
        size=SIZE,
    )
    return replace(made, frame=replace(made.frame, time_s=time_s, segment=segment))


def settled(camera: FaceCamera, shown: Analysis, seconds: float = 6.0) -> Region:
    for step in range(round(30 * seconds)):
        time_s = shown.frame.time_s + step / 30
        camera.advance(replace(shown, frame=replace(shown.frame, time_s=time_s)), 1.0)
    return camera.region(1.0)


def centre(region: Region) -> tuple[float, float]:
    return region.x + region.width / 2, region.y + region.height / 2


@pytest.mark.parametrize("aspect", [0.8, 1.0, 16 / 9])
def test_the_face_is_centred_and_takes_its_share_of_the_height(aspect: float) -> None:
    camera = FaceCamera()
    camera.advance(at(0, (320, 240, 60)), aspect)
    region = camera.region(aspect)
    assert 120 / region.height == pytest.approx(FACE_SHARE)
    assert region.width / region.height == pytest.approx(aspect)
    assert centre(region) == pytest.approx((320.5, 240.5))  # corners, not centres of pixels


def test_at_the_edge_of_the_frame_nothing_beyond_it_is_shown() -> None:
    camera = FaceCamera()
    camera.advance(at(0, (20, 470, 60)), 1.0)
    region = camera.region(1.0)
    assert region.x == pytest.approx(0)
    assert region.y + region.height == pytest.approx(480)


def test_a_face_that_fills_the_frame_is_never_cut_off() -> None:
    """Beside a tall face in a flat view there are bars rather than no chin."""
    camera = FaceCamera()
    camera.advance(at(0, (320, 240, 220)), 3.0)
    assert 440 / camera.region(3.0).height == pytest.approx(MAX_SHARE)
    camera = FaceCamera()
    camera.advance(at(0, (320, 240, 200)), 1.0)  # 70 % would need 571 rows of 480
    assert camera.region(1.0).height == pytest.approx(480)


def test_a_trembling_box_does_not_move_the_camera() -> None:
    camera = FaceCamera()
    rng = np.random.default_rng(0)
    regions = []
    for index in range(200):
        x, y, half = 320 + rng.normal(0, 1), 240 + rng.normal(0, 1), 90 + rng.normal(0, 0.7)
        camera.advance(at(index / 30, (x, y, half)), 1.0)
        regions.append(camera.region(1.0))
    late = np.array([[*centre(region), region.height] for region in regions[60:]])
    steps = np.abs(np.diff(late, axis=0)).max(axis=0)
    assert (steps < 0.25).all()  # px of the frame, where the box itself moves 1.4 a frame
    assert (np.ptp(late, axis=0) < 3).all()


def test_a_move_follows_the_critically_damped_spring_without_overshooting() -> None:
    spring, rate = Spring(0.0), RATE
    path = []
    for step in range(1, 61):
        spring.pull(1.0, rate, 1 / 30)
        t = step / 30
        assert spring.value == pytest.approx(1 - (1 + rate * t) * math.exp(-rate * t))
        path.append(spring.value)
    assert path == sorted(path)
    assert path[-1] < 1
    assert path[17] == pytest.approx(0.8, abs=0.01)  # 0.6 s


def test_the_path_is_the_same_at_every_frame_rate() -> None:
    ends = []
    for rate in (6, 30, 120):
        camera = FaceCamera()
        camera.advance(at(0, (300, 240, 60)), 1.0)
        for step in range(1, rate // 2 + 1):
            camera.advance(at(step / rate, (360, 250, 80)), 1.0)
        ends.append([*centre(camera.region(1.0)), camera.region(1.0).height])
    np.testing.assert_allclose(ends[0], ends[2], atol=0.2)
    np.testing.assert_allclose(ends[1], ends[2], atol=0.02)


def test_a_face_in_motion_stays_in_view() -> None:
    """A head that crosses half of the view in a second lags by less than a quarter of it."""
    camera = FaceCamera()
    height = 120 / FACE_SHARE
    for index in range(60):
        x = 200 + index / 30 * height / 2
        camera.advance(at(index / 30, (x, 240, 60)), 1.0)
        region = camera.region(1.0)
        assert abs(x + 0.5 - centre(region)[0]) < height / 4


def test_it_glides_to_a_face_in_view_and_cuts_to_one_that_is_not() -> None:
    camera = FaceCamera()
    start = settled(camera, at(0, (200, 240, 60)))
    camera.advance(at(6.0, (250, 240, 60), first_id=1), 1.0)
    near = centre(camera.region(1.0))[0]
    assert start.x + start.width / 2 <= near < 210
    camera.advance(at(6.1, (520, 200, 50), first_id=2), 1.0)
    assert centre(camera.region(1.0)) == pytest.approx((520.5, 200.5))


def test_it_cuts_in_a_new_segment() -> None:
    camera = FaceCamera()
    settled(camera, at(0, (300, 240, 60)))
    camera.advance(at(0, (310, 240, 60), segment=1), 1.0)
    assert centre(camera.region(1.0))[0] == pytest.approx(310.5)


def test_a_still_picture_shows_another_face_at_once() -> None:
    camera = FaceCamera()
    settled(camera, at(0, (300, 240, 80)), seconds=1)
    before = camera.region(1.0)
    still = at(29 / 30, (330, 240, 80), first_id=1)
    camera.advance(still, 1.0)
    assert centre(camera.region(1.0))[0] == pytest.approx(330.5)
    assert before.x < camera.region(1.0).x
    after = camera.region(1.0)
    camera.advance(still, 1.0)
    assert camera.region(1.0) == after


def test_without_a_face_it_waits_and_then_shows_the_whole_picture() -> None:
    camera = FaceCamera()
    close = settled(camera, at(0, (300, 240, 60)))
    waiting = settled(camera, at(6.0), seconds=HOLD_S - 0.1)
    assert waiting == close
    later = settled(camera, at(6.0 + HOLD_S), seconds=0.5)
    assert close.height < later.height < 480
    whole = settled(camera, at(8.5), seconds=8)
    assert whole.height == pytest.approx(480, rel=0.05)
    back = settled(camera, at(17.0, (300, 240, 60)))
    assert back.height == pytest.approx(close.height, rel=0.05)


def test_a_part_of_the_picture_that_was_never_looked_at_is_shown_whole() -> None:
    camera = FaceCamera()
    camera.advance(at(0), 0.8)
    region = camera.region(0.8)
    assert (region.height, region.width) == pytest.approx((480, 384))
    assert centre(region) == pytest.approx((320, 240))
