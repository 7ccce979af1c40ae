"""Covered heads: nobody finds a face, and everything else is as it was."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ferapp.overlays.anonymise import (
    KINDS,
    MAP_CELLS,
    MASK,
    MESH_GROUND,
    MESH_LINE,
    AnonymiseKind,
    Anonymiser,
    cover_heads,
    head_ellipse,
    head_mask,
    kind_of,
)
from ferapp.vision.head_search import Head, HeadSearch, HeadsOfFrame
from ferapp.vision.seen_faces import SeenFaces
from tests.support.app.crowds import face_patch, paste, wall
from tests.support.app.detectors import Detectors, detectors
from tests.support.app.head_searches import open_head_search
from tests.support.ui.fake_engine import SIZE, analysis, face
from trainer.errors import UsageError


@pytest.fixture(scope="module")
def search(demo_frame: np.ndarray) -> Iterator[HeadSearch]:
    with open_head_search(demo_frame) as search:
        yield search


@pytest.fixture(scope="module")
def judges() -> Iterator[Detectors]:
    with detectors() as found:
        yield found


@pytest.fixture(scope="module")
def heads(search: HeadSearch, demo_frame: np.ndarray) -> HeadsOfFrame:
    return search(demo_frame, segment=1)


@pytest.fixture(scope="module")
def crowd(heads: HeadsOfFrame, demo_frame: np.ndarray) -> np.ndarray:
    """Faces of 60 to 220 px: upright, lying and upside down."""
    patch, picture = face_patch(demo_frame, heads.heads[0].box), wall(900, 600)
    for x, y, side, roll in (
        *((150, 160, 220, 0), (450, 150, 130, 0), (640, 140, 60, 0)),
        *((180, 450, 160, 90), (450, 420, 160, 180), (740, 420, 160, 25)),
    ):
        paste(picture, patch, x, y, side, roll)
    return picture


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_finds_a_face_and_the_rest_is_the_picture(
    kind: AnonymiseKind, heads: HeadsOfFrame, demo_frame: np.ndarray, judges: Detectors
) -> None:
    mask = head_mask(demo_frame.shape[:2], heads)
    assert len(judges.found(demo_frame, mask)) >= 3  # all of them see it as it is
    covered = cover_heads(demo_frame, heads, kind)
    assert judges.found(covered, mask) == []
    outside = ~cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))).astype(bool)
    assert 0.3 < outside.mean() < 0.8
    np.testing.assert_array_equal(covered[outside], demo_frame[outside])


def test_the_whole_head_is_covered(heads: HeadsOfFrame, demo_frame: np.ndarray) -> None:
    """More than the face: its hair line above, and as much at its sides."""
    (head,) = heads.heads
    x, y, width, height = head.box
    mask = head_mask(demo_frame.shape[:2], heads)
    assert all(mask[round(py), round(px)] for px, py in head.points.tolist())
    for px, py in (
        (x + width / 2, y - 0.25 * height),
        (x - 0.1 * width, y + 0.35 * height),
        (x + 1.1 * width, y + 0.35 * height),
    ):
        assert mask[max(round(py), 0), round(px)]


@pytest.fixture(scope="module")
def crowd_heads(crowd: np.ndarray, search: HeadSearch) -> HeadsOfFrame:
    return search(crowd, segment=2)


def test_all_heads_of_a_crowd_are_covered(
    crowd: np.ndarray, crowd_heads: HeadsOfFrame, judges: Detectors
) -> None:
    mask = head_mask(crowd.shape[:2], crowd_heads)
    for x, y in ((150, 160), (450, 150), (640, 140), (180, 450), (450, 420), (740, 420)):
        assert mask[y, x]
    assert len(judges.found(crowd, mask)) >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_crowd_small_turned_and_upside_down(
    kind: AnonymiseKind, crowd: np.ndarray, crowd_heads: HeadsOfFrame, judges: Detectors
) -> None:
    mask = head_mask(crowd.shape[:2], crowd_heads)
    assert judges.found(cover_heads(crowd, crowd_heads, kind), mask) == []


def test_what_each_kind_draws(heads: HeadsOfFrame, demo_frame: np.ndarray) -> None:
    (head,) = heads.heads
    x, y = np.round(head.points.mean(axis=0)).astype(int)
    above = round(head.box[1] - 0.05 * head.box[3])
    assert cover_heads(demo_frame, heads, "mask")[y, x].tolist() == list(MASK)
    mesh = cover_heads(demo_frame, heads, "mesh")
    assert mesh[above, x].tolist() == list(MESH_GROUND)
    lines = mesh[y - 30 : y + 30, x - 30 : x + 30]
    assert (lines == MESH_LINE).all(axis=-1).any()
    assert (lines == MESH_GROUND).all(axis=-1).any()
    assert np.ptp(cv2.cvtColor(lines, cv2.COLOR_BGR2GRAY)) < 4  # nothing for a cascade
    blurred = cover_heads(demo_frame, heads, "blur")[y - 30 : y + 30, x - 30 : x + 30]
    assert cv2.Laplacian(blurred, cv2.CV_64F).std() < 1
    only_landmarks = HeadsOfFrame((Head.of_points(head.landmarks),))
    drawn = cover_heads(demo_frame, only_landmarks, "mesh")
    assert (drawn[y - 30 : y + 30, x - 30 : x + 30] == MESH_LINE).all(axis=-1).any()


@pytest.mark.parametrize("kind", KINDS)
def test_where_a_face_is_lost_nothing_is_seen(kind: AnonymiseKind, demo_frame: np.ndarray) -> None:
    covered = cover_heads(demo_frame, HeadsOfFrame((), is_lost=True), kind)
    assert cv2.Laplacian(covered, cv2.CV_64F).std() < 1
    assert covered.std(axis=(0, 1)).max() < 0.6 * demo_frame.std(axis=(0, 1)).max()


def test_a_head_leans_with_its_face() -> None:
    upright = Head.of_points(face(centre=(300, 200), half=60).landmarks)
    turned = Head.of_points(
        np.column_stack([500 - upright.points[:, 1], upright.points[:, 0]]).astype(np.float32)
    )
    centre, half, degrees = head_ellipse(upright)
    other, other_half, other_degrees = head_ellipse(turned)
    assert half[1] > half[0]
    assert other_half == pytest.approx(half, rel=0.01)
    assert other == pytest.approx((500 - centre[1], centre[0]), abs=0.5)
    assert (other_degrees - degrees) % 360 == pytest.approx(90, abs=1)


def test_an_analysis_keeps_its_numbers_and_loses_its_pixels() -> None:
    """The map of a single input pixel becomes a soft area."""
    hot = np.zeros((SIZE, SIZE), np.float32)
    hot[::2, ::2] = 1
    shown = analysis(face(attribution=hot))
    with Anonymiser("mask") as anonymiser:
        result = anonymiser.apply(shown)
    (before,), (after,) = shown.faces, result.faces
    assert after.prediction is not None
    assert before.prediction is not None
    np.testing.assert_array_equal(after.prediction.probabilities, before.prediction.probabilities)
    np.testing.assert_array_equal(after.signals, before.signals)
    assert after.box == before.box
    assert after.landmarks is None
    assert after.crop is None or after.crop.pixels.std() == 0
    assert after.prediction.attribution is not None
    coarse = after.prediction.attribution.maps[0]
    assert np.abs(np.diff(coarse, axis=1)).max() < 1 / (SIZE / MAP_CELLS)
    x, y = before.landmarks.mean(axis=0).round().astype(int)
    assert result.picture[y, x, :3].tolist() == result.frame.image[y, x].tolist() == list(MASK)


def test_no_map_hides_the_mesh() -> None:
    shown = analysis(face(attribution=np.eye(SIZE, dtype=np.float32)))
    with Anonymiser("mesh") as anonymiser:
        (after,) = anonymiser.apply(shown).faces
    assert after.prediction is not None
    assert after.prediction.attribution is None


def test_a_face_of_the_last_second_that_is_gone_covers_all(demo_frame: np.ndarray) -> None:
    shown = analysis(face(), index=30)
    shown = replace(shown, frame=replace(shown.frame, time_s=1.0, segment=4))
    with Anonymiser("mask") as anonymiser:
        anonymiser.recall([SeenFaces(((10, 10, 40, 40), shown.faces[0].box), 0.5, 4)])
        assert (anonymiser.apply(shown).frame.image == MASK).all()
        later = replace(shown, frame=replace(shown.frame, time_s=1.6))
        assert not (anonymiser.apply(later).frame.image == MASK).all()


def test_an_unknown_kind_is_refused() -> None:
    assert kind_of("mesh") == "mesh"
    with pytest.raises(UsageError, match="--anonymise pixel: there is no such choice"):
        kind_of("pixel")
