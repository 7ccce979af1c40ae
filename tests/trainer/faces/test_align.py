"""The aligner: known similarities, one result for training and live, mirroring and margins."""

import cv2
import numpy as np
import pytest
import torch

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.pipeline import Analyzer
from tests.support.trainer.drawn import drawn_data, drawn_face, template_landmarks
from trainer.card import Preprocessing
from trainer.data.crops import align_all, to_input
from trainer.faces.align import (
    TEMPLATE,
    align_face,
    crop_face,
    similarity_to_template,
    transform_points,
    unaligned_crop,
)
from trainer.faces.landmarker import DetectedFace
from trainer.faces.points import FLIP_68, MEDIAPIPE_TO_IBUG68, mirror_points


def test_landmarks_on_the_template_need_no_change() -> None:
    matrix = similarity_to_template(template_landmarks(), 48)
    assert matrix == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]), abs=1e-5)


def test_a_known_similarity_is_inverted() -> None:
    angle, scale, shift = 0.4, 3.0, (210.0, 95.0)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = np.hstack([turn, np.array(shift)[:, None]])
    moved = transform_points(forward, template_landmarks()).astype(np.float32)
    back = similarity_to_template(moved, 48)
    assert transform_points(back, moved) == pytest.approx(template_landmarks(), abs=1e-3)


def test_larger_crops_show_the_same_part_of_the_picture() -> None:
    # pixel centres: the corner (-0.5, -0.5) stays the corner at every size
    small = similarity_to_template(template_landmarks(), 48)
    large = similarity_to_template(template_landmarks(), 96)
    corner = np.array([[-0.5, -0.5], [47.5, 47.5]])
    assert transform_points(small, corner) == pytest.approx(corner, abs=1e-5)
    expected = np.array([[-0.5, -0.5], [95.5, 95.5]])
    assert transform_points(large, corner) == pytest.approx(expected, abs=1e-4)


def test_training_and_live_give_the_same_pixels() -> None:
    """The same picture and landmarks through both paths."""
    data = drawn_data(1)
    picture = np.asarray(data.images[3])
    training = align_all(data, Preprocessing()).pixels[3].numpy()

    mesh = np.zeros((478, 2), np.float32)
    mesh[MEDIAPIPE_TO_IBUG68] = data.landmarks[3]

    class KnownFace:
        def set_max_faces(self, max_faces: int) -> None:
            pass

        def begin_segment(self) -> None:
            pass

        def __call__(self, rgb: np.ndarray, time_s: float) -> list[DetectedFace]:
            return [DetectedFace(mesh)]

    frame = Frame(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), 0, 0.0, 0.0)
    analyzer = Analyzer(KnownFace())  # type: ignore[arg-type]
    live = analyzer.analyze(frame, None, AnalysisOptions(), paint=False).faces[0]
    assert np.array_equal(live.crop.pixels, training)


def test_the_model_input_is_the_middle_of_the_crop() -> None:
    crops = torch.arange(48 * 48, dtype=torch.float32).reshape(1, 48, 48).to(torch.uint8)
    card = Preprocessing(normalisation="fixed", mean=0.0, std=1.0)
    assert torch.equal(to_input(crops, card)[0, 0], crops[0, 2:46, 2:46].float() / 255)


def test_image_normalisation_ignores_gain_and_offset() -> None:
    draw = torch.Generator().manual_seed(0)
    crops = torch.randint(60, 120, (2, 48, 48), generator=draw, dtype=torch.uint8)
    brighter = (crops.float() * 1.5 + 20).round().to(torch.uint8)
    a, b = to_input(crops, Preprocessing()), to_input(brighter, Preprocessing())
    assert (a - b).abs().max() < 0.2
    assert a.mean(dim=(1, 2, 3)) == pytest.approx(torch.zeros(2), abs=1e-5)


def test_a_mirrored_face_gives_the_mirrored_crop() -> None:
    picture = cv2.resize(drawn_face(0, np.random.default_rng(3)), (160, 160))
    points = (template_landmarks() + 0.5) * (160 / 48) - 0.5
    points[:, 0] += points[:, 1] * 0.1  # turned a little, so that symmetry does not hide errors
    straight = align_face(picture, points.astype(np.float32)).crop
    flipped = align_face(
        np.ascontiguousarray(picture[:, ::-1]), mirror_points(points.astype(np.float32), 160)
    ).crop
    assert np.abs(straight[:, ::-1].astype(int) - flipped.astype(int)).max() <= 2


def test_the_template_is_symmetric() -> None:
    full = template_landmarks()
    assert mirror_points(full, 48) == pytest.approx(full, abs=0.01)
    assert TEMPLATE.shape == (13, 2)


def test_the_mirror_permutation_is_its_own_inverse() -> None:
    assert np.array_equal(FLIP_68[FLIP_68], np.arange(68))


def test_a_face_at_the_edge_replicates_the_edge() -> None:
    picture = np.full((100, 100, 3), 77, np.uint8)
    points = (template_landmarks() - 40).astype(np.float32)  # far outside, to the upper left
    assert (align_face(picture, points).crop == 77).all()


def test_shrinking_applies_a_low_pass_filter() -> None:
    """A fine chequerboard becomes grey, not moiré."""
    board = (np.indices((480, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    points = ((template_landmarks() + 0.5) * 10 - 0.5).astype(np.float32)
    crop = align_face(board, points).crop
    assert crop.std() < 3
    assert crop.mean() == pytest.approx(127.5, abs=2)


def test_a_face_without_landmarks_is_cropped_as_the_whole_picture() -> None:
    picture, points = drawn_face(3, np.random.default_rng(0)), template_landmarks() + 3
    sizes = Preprocessing(crop_size=40, input_size=40)
    assert (crop_face(picture, points, sizes).crop == align_face(picture, points, 40).crop).all()
    assert (crop_face(picture, points, sizes).crop != unaligned_crop(picture, 40).crop).any()
    points[5] = np.nan
    assert (crop_face(picture, points, sizes).crop == unaligned_crop(picture, 40).crop).all()
