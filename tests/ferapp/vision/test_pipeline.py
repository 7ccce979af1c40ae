"""The analysis of frames."""

from typing import Any

import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classification, Classifier
from ferapp.vision.hidden_areas import hide_parts
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Face, Prediction
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.labels import EXPRESSIONS
from trainer.models.networks.compact import CompactNet


def some_crops(count: int) -> np.ndarray:
    draw = np.random.default_rng(1)
    return draw.integers(0, 256, (count, 46, 46)).astype(np.uint8)


def test_one_forward_gives_the_maps_of_all_classes() -> None:
    classifier = Classifier("default", "cpu")
    plain = classifier.classify(some_crops(3), attribution=False)
    assert (plain.maps.shape, plain.mapped.shape) == ((3, 0, 42, 42), (3, 0))
    result = classifier.classify(some_crops(3), attribution=True, target=4)
    assert result.probabilities == pytest.approx(plain.probabilities, abs=1e-5)
    assert result.maps.shape == (3, 7, 42, 42)
    assert result.mapped.tolist() == [list(range(7))] * 3


def test_a_network_without_a_linear_head_gives_only_the_requested_map(
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
        assert result.maps.shape == (3, 1, 42, 42)
        picked = of_all.maps[np.arange(3), classes]
        assert np.allclose(result.maps[:, 0], picked, atol=1e-4)


def test_a_real_face_is_detected_aligned_and_explained(demo_frame: np.ndarray) -> None:
    classifier = Classifier("default", "cpu")
    with FaceLandmarker(video=True) as landmarker:
        analysis = Analyzer(landmarker).analyze(
            Frame(demo_frame, 0, 0.0, 0.0), classifier, AnalysisOptions(), paint=True
        )
    (face,) = analysis.faces
    assert analysis.classes == EXPRESSIONS
    assert face.prediction is not None
    assert face.prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.crop is not None
    assert face.crop.pixels.shape == (classifier.card.preprocessing.input_size,) * 2
    attribution = face.prediction.attribution
    assert attribution is not None
    assert attribution.maps.shape == (7, *face.crop.pixels.shape)
    assert attribution.targets == tuple(range(7))
    assert face.prediction.unmasked is None
    # from_frame takes the frame to the crop: the crop's pixels are the frame's at that place
    assert face.landmarks is not None
    x, y = face.landmarks[[36, 45]].mean(axis=0)
    u, v = face.crop.from_frame[:, :2] @ (x, y) + face.crop.from_frame[:, 2]
    assert (u, v) == pytest.approx((21.5, 16.2), abs=2)  # between the eyes, by the template
    assert np.array_equal(analysis.picture[..., :3], demo_frame)


def test_without_a_model_there_are_landmarks_but_no_predictions(demo_frame: np.ndarray) -> None:
    with FaceLandmarker(video=True) as landmarker:
        frame = Frame(demo_frame, 0, 0.0, 0.0)
        analysis = Analyzer(landmarker).analyze(frame, None, AnalysisOptions(), paint=False)
    assert analysis.classes == ()
    assert analysis.faces[0].prediction is None
    assert analysis.faces[0].landmarks is not None
    assert analysis.faces[0].landmarks.shape == (68, 2)


def test_only_what_the_options_request_is_computed(
    demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one face if so requested, and only one crop per face while nothing is hidden."""
    classifier = Classifier("default", "cpu")
    batches = []
    classify = classifier.classify

    def spied(crops: np.ndarray, **options: Any) -> Classification:
        batches.append((len(crops), options["attribution"]))
        return classify(crops, **options)

    monkeypatch.setattr(classifier, "classify", spied)
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)

    class TwoFaces:
        def set_max_faces(self, max_faces: int) -> None:
            self.most = max_faces

        def begin_segment(self) -> None:
            return

        def __call__(self, rgb: np.ndarray, time_s: float) -> list[DetectedFace]:
            return [DetectedFace(mesh), DetectedFace(mesh / 2)][: self.most]

    analyzer = Analyzer(TwoFaces())  # type: ignore[arg-type]
    frame = Frame(demo_frame, 0, 0.0, 0.0)
    hidden = hide_parts({"nose"})
    for options in (
        AnalysisOptions(),
        AnalysisOptions(attribution=False, max_faces=1),
        AnalysisOptions(hidden=hidden),
    ):
        analysis = analyzer.analyze(frame, classifier, options, paint=False)
        assert len(analysis.faces) == min(options.max_faces, 2)
        for face in analysis.faces:
            assert face.prediction is not None
            attribution = face.prediction.attribution
            assert (attribution is None) == (not options.attribution)
            assert attribution is None or len(attribution.targets) == 7
    assert batches == [(2, True), (1, False), (4, True)]


def test_probabilities_are_smoothed_within_a_segment_only(demo_frame: np.ndarray) -> None:
    """However long the smoothing, nothing of the segment before is averaged in."""
    classifier = Classifier("default", "cpu")
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    options, detections = AnalysisOptions(smoothing_s=2.0), [DetectedFace(mesh)]

    def second(*segments: int) -> Face:
        analyzer = Analyzer(None)
        for index, (image, segment) in enumerate(zip(images, segments, strict=True)):
            frame = Frame(image, index, float(index), 0.0, segment)
            (face,) = analyzer.analyze(
                frame, classifier, options, paint=False, detections=detections
            ).faces
        return face

    images = demo_frame, 255 - demo_frame
    new_segment, same_segment = second(0, 1), second(0, 0)
    assert same_segment.face_id == 0
    np.testing.assert_array_equal(
        new_segment.prediction.smoothed, new_segment.prediction.probabilities
    )
    assert not np.allclose(
        same_segment.prediction.smoothed, same_segment.prediction.probabilities, atol=0.02
    )


def test_the_second_model_is_smoothed_within_a_segment_too(demo_frame: np.ndarray) -> None:
    classifier, analyzer = Classifier("default", "cpu"), Analyzer(None)
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    options, detections = AnalysisOptions(smoothing_s=2.0, attribution=False), [DetectedFace(mesh)]

    def second_model(image: np.ndarray, index: int, segment: int) -> Prediction:
        frame = Frame(image, index, float(index), 0.0, segment)
        analysis = analyzer.analyze(frame, None, options, paint=False, detections=detections)
        compared = analyzer.compare(analysis, classifier, options)
        prediction = compared.faces[0].predicted_by(1)
        assert prediction is not None
        return prediction

    second_model(demo_frame, 0, 5)
    same_segment = second_model(255 - demo_frame, 1, 5)
    assert not np.allclose(same_segment.smoothed, same_segment.probabilities, atol=0.02)
    new_segment = second_model(demo_frame, 2, 6)
    np.testing.assert_array_equal(new_segment.smoothed, new_segment.probabilities)


def test_faces_are_detected_without_tracking_in_a_new_segment(demo_frame: np.ndarray) -> None:
    """Within a segment the search begins at the face of the frame before; here it does not.

    With room for another face MediaPipe searches every picture anyway.
    """
    moved, options = np.roll(demo_frame, 8, axis=1), AnalysisOptions(max_faces=1)
    with FaceLandmarker() as alone:
        expected = Analyzer(alone).detect(Frame(moved, 0, 0.0, 0.0), options)[0].mesh
    with FaceLandmarker(video=True) as landmarker:
        analyzer = Analyzer(landmarker)

        def second(*segments: int) -> np.ndarray:
            for index, (image, segment) in enumerate(
                zip((demo_frame, moved), segments, strict=True)
            ):
                detections = analyzer.detect(Frame(image, index, index / 30, 0.0, segment), options)
            return detections[0].mesh

        np.testing.assert_allclose(second(1, 2), expected, atol=1e-3)
        assert np.abs(second(3, 3) - expected).max() > 0.1
        np.testing.assert_allclose(second(4, 5), expected, atol=1e-3)


def test_no_face_has_the_same_id_in_two_segments(demo_frame: np.ndarray) -> None:
    """Even at the same position: ids are new, and numbers count from 1 again."""
    analyzer = Analyzer(None)
    mesh = np.random.default_rng(0).uniform(0, 80, (478, 2)).astype(np.float32)

    def ids(segment: int, *places: float) -> list[int]:
        frame = Frame(demo_frame, segment, float(segment), 0.0, segment)
        detections = [DetectedFace(mesh + place) for place in places]
        analysis = analyzer.analyze(
            frame, None, AnalysisOptions(), paint=False, detections=detections
        )
        return [face.face_id for face in analysis.faces]

    first = ids(0, 0, 300)
    assert first == [0, 1]
    assert ids(0, 0, 300) == first  # analysed again
    assert ids(1) == []
    second, third = ids(2, 0), ids(3, 0, 300)
    assert len({*first, *second, *third}) == 5
    assert [face_number(key) for key in (*first, *second, *third)] == [1, 2, 1, 1, 2]


def test_recalled_faces_keep_their_ids_in_their_segment_only(demo_frame: np.ndarray) -> None:
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    detections = [DetectedFace(mesh)]

    def next_id(segment: int) -> int:
        analyzer = Analyzer(None)
        for number_before in (0, 1):
            analyzer.recall([(3, detections[0].box, 0.0)], number_before)
        frame = Frame(demo_frame, 2, 0.04, 0.0, segment)
        (face,) = analyzer.analyze(
            frame, None, AnalysisOptions(), paint=False, detections=detections
        ).faces
        return face.face_id

    assert next_id(1) == 3
    assert next_id(2) == 8
