"""The analysis of frames."""

from typing import Any

import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classification, Classifier
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Face
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
        assert result.maps.shape == (3, 1, 42, 42)
        picked = of_all.maps[np.arange(3), classes]
        assert np.allclose(result.maps[:, 0], picked, atol=1e-4)


def test_a_real_face_is_found_aligned_and_explained(demo_frame: np.ndarray) -> None:
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


def test_without_a_model_landmarks_are_there_and_labels_are_not(demo_frame: np.ndarray) -> None:
    with FaceLandmarker(video=True) as landmarker:
        frame = Frame(demo_frame, 0, 0.0, 0.0)
        analysis = Analyzer(landmarker).analyze(frame, None, AnalysisOptions(), paint=False)
    assert analysis.classes == ()
    assert analysis.faces[0].prediction is None
    assert analysis.faces[0].landmarks is not None
    assert analysis.faces[0].landmarks.shape == (68, 2)


def test_nothing_is_computed_that_was_not_asked_for(
    demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One face alone when so asked, one crop a face while nothing is hidden."""
    classifier = Classifier("default", "cpu")
    batches = []
    classify = classifier.classify

    def spied(crops: np.ndarray, **options: Any) -> Classification:
        batches.append((len(crops), options["attribution"]))
        return classify(crops, **options)

    monkeypatch.setattr(classifier, "classify", spied)
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)

    class TwoFaces:
        def expect(self, max_faces: int, *, unrelated: bool) -> None:
            assert not unrelated
            self.most = max_faces

        def __call__(self, rgb: np.ndarray, time_s: float) -> list[DetectedFace]:
            return [DetectedFace(mesh), DetectedFace(mesh / 2)][: self.most]

    analyzer = Analyzer(TwoFaces())  # type: ignore[arg-type]
    frame = Frame(demo_frame, 0, 0.0, 0.0)
    hidden = frozenset({"nose"})
    for options in (
        AnalysisOptions(),
        AnalysisOptions(attribution=False, max_faces=1),
        AnalysisOptions(hidden=hidden),  # type: ignore[arg-type]
    ):
        analysis = analyzer.analyze(frame, classifier, options, paint=False)
        assert len(analysis.faces) == min(options.max_faces, 2)
        for face in analysis.faces:
            assert face.prediction is not None
            attribution = face.prediction.attribution
            assert (attribution is None) == (not options.attribution)
            assert attribution is None or len(attribution.targets) == 7
    assert batches == [(2, True), (1, False), (4, True)]


def test_a_picture_of_a_folder_is_not_blended_with_the_one_before(demo_frame: np.ndarray) -> None:
    """They stand for themselves, however long the smoothing; those of a video go on."""
    classifier = Classifier("default", "cpu")
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    options, found = AnalysisOptions(smoothing_s=2.0), [DetectedFace(mesh)]

    def second(*origins: str) -> Face:
        analyzer = Analyzer(None)
        for index, (image, origin) in enumerate(zip(images, origins, strict=True)):
            frame = Frame(image, index, float(index), 0.0, origin)
            (face,) = analyzer.analyze(
                frame, classifier, options, paint=False, detections=found
            ).faces
        return face

    images = demo_frame, 255 - demo_frame
    in_folder, in_video = second("a.png", "b.png"), second("", "")
    assert in_video.face_id == 0
    one, other = in_folder.prediction, in_video.prediction
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.smoothed, one.probabilities)
    assert not np.allclose(other.smoothed, other.probabilities, atol=0.02)


def test_a_picture_of_a_folder_is_searched_for_itself(demo_frame: np.ndarray) -> None:
    """The face of the picture before does not say where to look; in a video it does.

    With room for another face MediaPipe searches every picture anyway.
    """
    moved, options = np.roll(demo_frame, 8, axis=1), AnalysisOptions(max_faces=1)
    with FaceLandmarker() as alone:
        expected = Analyzer(alone).detect(Frame(moved, 0, 0.0, 0.0), options)[0].mesh
    with FaceLandmarker(video=True) as landmarker:
        analyzer = Analyzer(landmarker)

        def second(*origins: str) -> np.ndarray:
            for index, (image, origin) in enumerate(zip((demo_frame, moved), origins, strict=True)):
                found = analyzer.detect(Frame(image, index, index / 30, 0.0, origin), options)
            return found[0].mesh

        np.testing.assert_array_equal(second("a.png", "b.png"), expected)
        assert np.abs(second("", "") - expected).max() > 0.1


def test_faces_are_numbered_anew_with_another_source(demo_frame: np.ndarray) -> None:
    """What fills the time until a source is back does not count as another one."""
    analyzer, ids = Analyzer(None), []
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    for source, time_s, mesh_x in (
        ("a", 0.0, 0.0), ("a", 1.0, 900.0), ("", 0.0, 0.0), ("a", 1.1, 900.0),
        ("b", 1.2, 900.0), ("b", 2.0, 0.0), ("b", 0.0, 900.0),
    ):  # fmt: skip
        frame = Frame(demo_frame, 0, time_s, 0.0, source=source)
        found = [DetectedFace(mesh + np.float32([mesh_x, 0]))]
        (face,) = analyzer.analyze(
            frame, None, AnalysisOptions(), paint=False, detections=found
        ).faces
        ids.append(face.face_id)
    assert ids == [0, 1, 0, 2, 0, 1, 0]


def test_nobody_is_the_same_in_two_pictures_of_a_folder(demo_frame: np.ndarray) -> None:
    """Though a face is at the same place in the next one; one looked at again keeps its ids."""
    analyzer = Analyzer(None)
    mesh = np.random.default_rng(0).uniform(0, 80, (478, 2)).astype(np.float32)

    def ids(index: int, origin: str, *places: float) -> list[int]:
        frame = Frame(demo_frame, index, float(index), 0.0, origin, source="folder")
        found = [DetectedFace(mesh + place) for place in places]
        analysis = analyzer.analyze(frame, None, AnalysisOptions(), paint=False, detections=found)
        return [face.face_id for face in analysis.faces]

    first = ids(0, "a.png", 0, 300)
    assert ids(0, "a.png", 0, 300) == first
    assert ids(1, "b.png") == []
    second, third = ids(2, "c.png", 0), ids(3, "d.png", 0, 300)
    assert len({*first, *second, *third}) == 5
    assert [face_number(key) for key in (*first, *second, *third)] == [1, 2, 1, 1, 2]


def test_across_a_seek_nothing_of_a_face_goes_on(demo_frame: np.ndarray) -> None:
    """Though one is found at the same place: it has another id, and its own probabilities."""
    classifier, analyzer = Classifier("default", "cpu"), Analyzer(None)
    mesh = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    options, found = AnalysisOptions(smoothing_s=2.0), [DetectedFace(mesh)]

    def face(image: np.ndarray, time_s: float, seeks: int) -> Face:
        frame = Frame(image, 0, time_s, 0.0, source="clip.mp4", seeks=seeks)
        return analyzer.analyze(frame, classifier, options, paint=False, detections=found).faces[0]

    before, after = face(demo_frame, 5.0, 0), face(255 - demo_frame, 5.04, 1)
    assert after.face_id != before.face_id
    assert after.prediction is not None
    np.testing.assert_array_equal(after.prediction.smoothed, after.prediction.probabilities)
    again = face(255 - demo_frame, 5.04, 1)  # looked at again
    assert again.face_id == after.face_id


def test_after_a_seek_a_face_is_searched_for_in_the_whole_picture(demo_frame: np.ndarray) -> None:
    moved, options = np.roll(demo_frame, 8, axis=1), AnalysisOptions(max_faces=1)
    with FaceLandmarker() as alone:
        expected = Analyzer(alone).detect(Frame(moved, 0, 0.0, 0.0), options)[0].mesh
    with FaceLandmarker(video=True) as landmarker:
        analyzer = Analyzer(landmarker)
        analyzer.detect(Frame(demo_frame, 0, 1.0, 0.0), options)
        (found,) = analyzer.detect(Frame(moved, 1, 1.04, 0.0, seeks=1), options)
    np.testing.assert_allclose(found.mesh, expected, atol=1e-3)
