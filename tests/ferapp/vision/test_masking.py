"""Hiding parts of a face: the changes of the crop and of the prediction."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_regions import MARGIN, PART_HULLS, PARTS, Part
from ferapp.vision.hidden_areas import FILLS, NOTHING_HIDDEN, Fill, Hidden, hide_parts, square
from ferapp.vision.masking import hide
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.types import Face, Prediction
from tests.support import ROOT
from trainer.faces.align import align_face, transform_points
from trainer.faces.landmarker import FaceLandmarker
from trainer.faces.points import mirror_points
from trainer.labels import EXPRESSIONS

HAPPY = EXPRESSIONS.index("happy")
CLIP = ROOT / "assets" / "demo" / "demo.mp4"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("default", "cpu")


@pytest.fixture(scope="module")
def landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker(max_faces=AnalysisOptions().max_faces) as pictures:
        yield pictures


def frame_at(second: float) -> np.ndarray:
    """The demo clip, BGR."""
    capture = cv2.VideoCapture(str(CLIP))
    capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
    good, image = capture.read()
    capture.release()
    assert good
    return np.asarray(image, np.uint8)


@pytest.fixture(scope="module")
def laughing() -> np.ndarray:
    return frame_at(13)


@pytest.fixture(scope="module")
def aligned(laughing: np.ndarray, landmarker: FaceLandmarker) -> tuple[np.ndarray, np.ndarray]:
    """Crop (48, 48) and the points in it."""
    (detection,) = landmarker(np.ascontiguousarray(laughing[..., ::-1]))
    face = align_face(laughing, detection.landmarks)
    return face.crop, transform_points(face.matrix, detection.landmarks)


def pixels_of(points: np.ndarray, part: Part) -> np.ndarray:
    """(48, 48) mask of the hulls of a part."""
    drawn = np.zeros((48, 48), np.uint8)
    for region in PART_HULLS[part]:
        hull = cv2.convexHull(np.rint(points[list(region)]).astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, 1)
    return drawn > 0


@pytest.mark.parametrize("part", PARTS)
def test_only_the_hidden_part_changes(aligned: tuple[np.ndarray, np.ndarray], part: Part) -> None:
    crop, points = aligned
    hidden = hide(crop, points, hide_parts({part}))[0]
    changed = hidden != crop
    assert changed[pixels_of(points, part)].mean() > 0.8
    for other in set(PARTS) - {part}:
        assert changed[pixels_of(points, other)].mean() < 0.15  # brows come near to the eyes
    reach = MARGIN * float(np.hypot(*(points[45] - points[36])))
    place = 2 * int(np.ceil(reach)) + 1
    near = cv2.dilate(pixels_of(points, part).astype(np.uint8), np.ones((place, place), np.uint8))
    assert not changed[near == 0].any()


def test_without_the_mouth_the_eyes_are_untouched(aligned: tuple[np.ndarray, np.ndarray]) -> None:
    crop, points = aligned
    changed = hide(crop, points, hide_parts({"mouth"}))[0] != crop
    assert not changed[:24].any()
    assert changed[pixels_of(points, "mouth")].mean() > 0.9


def test_nothing_of_the_hidden_part_remains(aligned: tuple[np.ndarray, np.ndarray]) -> None:
    """Teeth, lips or an open mouth: the hidden picture is the same."""
    crop, points = aligned
    scribbled = crop.copy()
    scribbled[pixels_of(points, "mouth")] = np.random.default_rng(0).integers(
        0, 256, int(pixels_of(points, "mouth").sum()), np.uint8
    )
    mouth = hide_parts({"mouth"})
    assert np.array_equal(hide(crop, points, mouth)[0], hide(scribbled, points, mouth)[0])


def test_the_fill_continues_the_skin(aligned: tuple[np.ndarray, np.ndarray]) -> None:
    crop, points = aligned
    inside = hide(crop, points, hide_parts({"mouth"}))[0][pixels_of(points, "mouth")]
    assert inside.std() < 0.5 * crop[pixels_of(points, "mouth")].std()
    assert crop.min() <= inside.min()
    assert inside.max() <= crop.max()


def test_hiding_commutes_with_mirroring(aligned: tuple[np.ndarray, np.ndarray]) -> None:
    crop, points = aligned
    flipped = np.ascontiguousarray(crop[:, ::-1]), mirror_points(points, 48)
    for parts in (*({part} for part in PARTS), set(PARTS)):
        one = hide(*flipped, hide_parts(parts))[0]
        two = hide(crop, points, hide_parts(parts))[0][:, ::-1]
        assert np.abs(one.astype(int) - two).max() <= 1


@pytest.mark.parametrize("fill", ["mean", "noise"])
def test_other_fills_are_like_what_remains_visible(
    aligned: tuple[np.ndarray, np.ndarray], fill: Fill
) -> None:
    crop, points = aligned
    masked, covered = hide(crop, points, Hidden((square((23.5, 30.0), 24),), fill))
    inside, visible = masked[covered == 1].astype(float), crop[covered == 0].astype(float)
    assert inside.mean() == pytest.approx(visible.mean(), abs=1 if fill == "mean" else 8)
    assert inside.std() == pytest.approx(0 if fill == "mean" else visible.std(), rel=0.15)
    assert np.array_equal(masked, hide(crop, points, Hidden((square((23.5, 30.0), 24),), fill))[0])
    assert np.array_equal(masked[covered == 0], crop[covered == 0])


def test_a_face_that_is_hidden_all_over_is_grey(aligned: tuple[np.ndarray, np.ndarray]) -> None:
    crop, points = aligned
    for fill in FILLS:
        masked, covered = hide(crop, points, Hidden((square((23.5, 23.5), 64),), fill))
        assert (covered == 1).all()
        assert masked.mean() == pytest.approx(crop.mean(), abs=8)


def test_a_part_partly_outside_the_crop_is_hidden_inside_it(
    aligned: tuple[np.ndarray, np.ndarray],
) -> None:
    crop, points = aligned
    away = points + np.array([0.0, 30.0])  # the mouth is below the crop, the nose crosses its edge
    assert np.array_equal(hide(crop, away, hide_parts({"mouth"}))[0], crop)
    assert (hide(crop, away, hide_parts({"nose"}))[0] != crop).any()


def predicted(
    image: np.ndarray, landmarker: FaceLandmarker, classifier: Classifier, *hidden: Part
) -> tuple[Face, Prediction]:
    analysis = Analyzer(landmarker).analyze(
        Frame(image, 0, 0.0, 0.0),
        classifier,
        AnalysisOptions(hidden=hide_parts(hidden)),
        paint=False,
    )
    assert analysis.hidden == hide_parts(hidden)
    (face,) = analysis.faces
    assert face.prediction is not None
    return face, face.prediction


def test_the_displayed_crop_is_the_model_input(
    laughing: np.ndarray, landmarker: FaceLandmarker, classifier: Classifier
) -> None:
    plain_face, plain = predicted(laughing, landmarker, classifier)
    face, masked = predicted(laughing, landmarker, classifier, "eyes", "mouth")
    assert plain.unmasked is None
    assert face.crop is not None
    assert plain_face.crop is not None
    assert not np.array_equal(face.crop.pixels, plain_face.crop.pixels)
    padded = np.pad(face.crop.pixels, 2)[None]  # the network sees the middle of a crop
    alone = classifier.classify(padded, attribution=True)
    assert masked.probabilities == pytest.approx(alone.probabilities[0], abs=1e-5)
    assert masked.attribution is not None
    assert plain.attribution is not None
    assert np.allclose(masked.attribution.maps, alone.maps[0], atol=1e-4)
    assert masked.attribution.targets == plain.attribution.targets
    assert masked.unmasked == pytest.approx(plain.probabilities, abs=1e-5)


def test_a_laughing_face_without_its_mouth_is_less_happy(
    landmarker: FaceLandmarker, classifier: Classifier
) -> None:
    """Means over four frames of laughing: the mouth matters most."""

    def happiness(*hidden: Part) -> float:
        made = (predicted(frame_at(s), landmarker, classifier, *hidden) for s in (10, 11, 13, 14))
        return float(np.mean([prediction.probabilities[HAPPY] for _, prediction in made]))

    whole = happiness()
    assert whole > 0.8
    without_mouth = happiness("mouth")
    assert without_mouth < whole - 0.03
    assert all(happiness(part) > without_mouth + 0.02 for part in PARTS if part != "mouth")


def test_the_unmasked_probabilities_are_smoothed_separately(
    laughing: np.ndarray,
    demo_frame: np.ndarray,
    landmarker: FaceLandmarker,
    classifier: Classifier,
) -> None:
    """Hiding a part does not interrupt them, and the smoothing of the masked ones starts over."""

    def seen(hidden: Hidden) -> list[Prediction]:
        analyzer = Analyzer(landmarker)
        ids, predictions = set(), []
        for step, image in enumerate((demo_frame, laughing, laughing, laughing)):
            now = 0.1 * step
            chosen = hidden if step else NOTHING_HIDDEN
            analysis = analyzer.analyze(
                Frame(image, step, now, now),
                classifier,
                AnalysisOptions(hidden=chosen),
                paint=False,
            )
            (face,) = analysis.faces
            assert face.prediction is not None
            ids.add(face.face_id)
            predictions.append(face.prediction)
        assert len(ids) == 1
        return predictions

    plain, hidden = seen(NOTHING_HIDDEN), seen(hide_parts({"mouth"}))
    for one, two in zip(plain[1:], hidden[1:], strict=True):
        assert two.unmasked == pytest.approx(one.smoothed, abs=1e-5)
    assert not np.allclose(plain[2].smoothed, plain[2].probabilities, atol=0.05)
    assert hidden[1].smoothed == pytest.approx(hidden[1].probabilities)
