"""Tracks, and the analysis of frames."""

from typing import Any

import numpy as np
import pytest

from ferapp.sources.frame import Frame
from ferapp.vision.analyzer import Analyzer
from ferapp.vision.classifier import Classification, Classifier
from ferapp.vision.options import Options
from ferapp.vision.tracks import Tracks
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.labels import EXPRESSIONS
from trainer.models.compact import CompactNet


def test_a_face_keeps_its_id_and_a_new_one_gets_another() -> None:
    tracks = Tracks()
    assert tracks.assign([(10, 10, 50, 50), (200, 10, 40, 40)], 0.0) == [0, 1]
    assert tracks.assign([(205, 12, 40, 40), (14, 10, 50, 50)], 0.04) == [1, 0]
    assert tracks.assign([(14, 10, 50, 50)], 0.08) == [0]
    assert tracks.assign([(14, 10, 50, 50), (400, 300, 40, 40)], 0.12) == [0, 2]
    assert tracks.assign([(14, 10, 50, 50)], 3.0) == [3]  # gone for too long


def test_smoothing_follows_its_time_constant() -> None:
    tracks = Tracks()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    tracks.assign([(0, 0, 10, 10)], 0.0)
    tracks.smooth(0, low, 0.0, 0.3)
    after = tracks.smooth(0, high, 0.3, 0.3)
    assert after == pytest.approx(np.full(7, 1 - np.exp(-1)), rel=1e-5)
    assert tracks.smooth(0, high, 0.4, 0.0) == pytest.approx(high)  # 0 switches it off


def test_a_face_with_hidden_parts_is_smoothed_for_itself() -> None:
    tracks = Tracks()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    tracks.assign([(0, 0, 10, 10)], 0.0)
    tracks.smooth(0, low, 0.0, 0.3)
    assert tracks.smooth(0, high, 0.1, 0.3, frozenset({"mouth"})) == pytest.approx(high)
    assert tracks.smooth(0, low, 0.1, 0.3) == pytest.approx(low)


def some_crops(count: int) -> np.ndarray:
    draw = np.random.default_rng(1)
    return draw.integers(0, 256, (count, 48, 48)).astype(np.uint8)


def test_one_forward_gives_the_maps_of_all_classes() -> None:
    classifier = Classifier("default", "cpu")
    plain = classifier.classify(some_crops(3), attribution=False)
    assert (plain.maps.shape, plain.mapped.shape) == ((3, 0, 44, 44), (3, 0))
    result = classifier.classify(some_crops(3), attribution=True, target=4)
    assert result.probabilities == pytest.approx(plain.probabilities, abs=1e-5)
    assert result.maps.shape == (3, 7, 44, 44)
    assert result.mapped.tolist() == [list(range(7))] * 3


def test_a_network_without_a_linear_head_gives_the_map_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classifier = Classifier("default", "cpu")
    of_all = classifier.classify(some_crops(3), attribution=True)
    order = np.argsort(-of_all.probabilities, axis=1)
    monkeypatch.setattr(CompactNet, "linear_head", None)
    expected = {
        "predicted": order[:, 0],
        "runner_up": order[:, 1],
        5: np.full(3, 5),
        7: order[:, 0],
    }
    for target, classes in expected.items():
        result = classifier.classify(some_crops(3), attribution=True, target=target)  # type: ignore[arg-type]
        assert result.mapped[:, 0].tolist() == classes.tolist()
        assert result.maps.shape == (3, 1, 44, 44)
        picked = of_all.maps[np.arange(3), classes]
        assert np.allclose(result.maps[:, 0], picked, atol=1e-4)


def test_a_real_face_is_found_aligned_and_explained(demo_frame: np.ndarray) -> None:
    classifier = Classifier("default", "cpu")
    with FaceLandmarker(video=True) as landmarker:
        analysis = Analyzer(landmarker).analyze(
            Frame(demo_frame, 0, 0.0, 0.0), classifier, Options(), paint=True
        )
    (face,) = analysis.faces
    assert analysis.classes == EXPRESSIONS
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.crop.shape == (classifier.card.preprocessing.input_size,) * 2
    assert face.maps is not None
    assert face.maps.shape == (7, *face.crop.shape)
    assert face.mapped == tuple(range(7))
    assert face.whole.size == 0
    # to_crop takes the frame to the crop: the crop's pixels are the frame's at that place
    x, y = face.landmarks[[36, 45]].mean(axis=0)
    u, v = face.to_crop[:, :2] @ (x, y) + face.to_crop[:, 2]
    assert (u, v) == pytest.approx((21.5, 16.2), abs=2)  # between the eyes, by the template
    assert np.array_equal(analysis.picture[..., :3], demo_frame)


def test_without_a_model_landmarks_are_there_and_labels_are_not(demo_frame: np.ndarray) -> None:
    with FaceLandmarker(video=True) as landmarker:
        frame = Frame(demo_frame, 0, 0.0, 0.0)
        analysis = Analyzer(landmarker).analyze(frame, None, Options(), paint=False)
    assert analysis.classes == ()
    assert analysis.faces[0].probabilities.size == 0
    assert analysis.faces[0].landmarks.shape == (68, 2)


def test_nothing_is_computed_that_was_not_asked_for(
    demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest face alone when so asked, one crop a face while nothing is hidden."""
    classifier = Classifier("default", "cpu")
    batches = []
    classify = classifier.classify

    def spied(crops: np.ndarray, **options: Any) -> Classification:
        batches.append((len(crops), options["attribution"]))
        return classify(crops, **options)

    monkeypatch.setattr(classifier, "classify", spied)
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)

    def two_faces(rgb: np.ndarray, time_s: float) -> list[DetectedFace]:
        return [DetectedFace(mesh), DetectedFace(mesh / 2)]

    analyzer = Analyzer(two_faces)  # type: ignore[arg-type]
    frame = Frame(demo_frame, 0, 0.0, 0.0)
    hidden = frozenset({"nose"})
    for options in (
        Options(),
        Options(attribution=False, max_faces=1),
        Options(hidden=hidden),  # type: ignore[arg-type]
    ):
        analysis = analyzer.analyze(frame, classifier, options, paint=False)
        assert len(analysis.faces) == (options.max_faces or 2)
        for face in analysis.faces:
            assert (face.maps is None) == (not options.attribution)
            assert len(face.mapped) == 7 * options.attribution
    assert batches == [(2, True), (1, False), (4, True)]
