"""The clip's face several times: each is detected, all in one batch."""

import numpy as np
import pytest

from ferapp.bench.tiled_demo import GROUND, TiledDemo
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import face_number
from trainer.faces.landmarker import FaceLandmarker


@pytest.mark.parametrize("faces", [1, 3, 8])
def test_as_many_faces_as_requested_and_grey_elsewhere(faces: int) -> None:
    source = TiledDemo(faces)
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
def test_there_is_room_for_eight(faces: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        TiledDemo(faces)


def test_eight_faces_are_analysed_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier("default", "cpu")
    batches: list[int] = []
    classify = classifier.classify

    def counted(crops: np.ndarray, **options: object) -> object:
        batches.append(len(crops))
        return classify(crops, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(classifier, "classify", counted)
    source = TiledDemo(8)
    with FaceLandmarker(video=True, max_faces=8, details=True) as landmarker:
        analyzer = Analyzer(landmarker)
        for _ in range(3):
            frame = source.read()
            assert frame is not None
            analysis = analyzer.analyze(
                frame, classifier, AnalysisOptions(max_faces=8), paint=False
            )
    source.close()
    assert batches == [8, 8, 8]
    assert sorted(face_number(face.face_id) for face in analysis.faces) == list(range(1, 9))
    labels = {int(face.prediction.probabilities.argmax()) for face in analysis.faces}
    assert len(labels) == 1  # the same face, seen by the same model
    assert all(np.isfinite(face.signals).all() for face in analysis.faces)
