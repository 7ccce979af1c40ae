"""The clip's face several times: each is found, in one batch, and each is a face of its own."""

import numpy as np
import pytest

from ferapp.bench.tiled_demo import GROUND, Crowd
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import face_number
from trainer.faces.landmarker import FaceLandmarker


@pytest.mark.parametrize("faces", [1, 3, 8])
def test_the_face_stands_there_so_often_and_the_rest_is_empty(faces: int) -> None:
    source = Crowd(faces)
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.image.shape == (720, 1280, 3)
    tiles = [
        frame.image[row : row + 360, column : column + 320]
        for row in (0, 360)
        for column in range(0, 1280, 320)
    ]
    for place, tile in enumerate(tiles):
        if place < faces:
            np.testing.assert_array_equal(tile, tiles[0])
        else:
            assert (tile == GROUND).all()
    assert tiles[0].std() > 20


@pytest.mark.parametrize("faces", [0, 9])
def test_more_have_no_room(faces: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        Crowd(faces)


def test_eight_faces_are_analysed_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier("default", "cpu")
    batches: list[int] = []
    classify = classifier.classify

    def counted(crops: np.ndarray, **asked: object) -> object:
        batches.append(len(crops))
        return classify(crops, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(classifier, "classify", counted)
    source = Crowd(8)
    with FaceLandmarker(video=True, max_faces=8, details=True) as landmarker:
        analyzer = Analyzer(landmarker)
        for _ in range(3):
            frame = source.read()
            assert frame is not None
            found = analyzer.analyze(frame, classifier, AnalysisOptions(max_faces=8), paint=False)
    source.close()
    assert batches == [8, 8, 8]
    assert sorted(face_number(face.face_id) for face in found.faces) == list(range(1, 9))
    labels = {int(face.prediction.probabilities.argmax()) for face in found.faces}
    assert len(labels) == 1  # the same face, seen by the same model
    assert all(np.isfinite(face.signals).all() for face in found.faces)
