"""Maps of several faces by the weights of one epoch."""

import numpy as np
import pytest

from ferapp.review.epochs.epoch_maps import attribute_faces
from ferapp.review.opening import example, open_evaluation
from ferapp.review.sample_explainer import SampleExplainer


def test_the_maps_are_those_of_the_label_whatever_is_predicted() -> None:
    opened = open_evaluation(str(example()))
    evaluation, model = opened.evaluation, opened.model
    assert model is not None
    rows = [int(np.flatnonzero(evaluation.wrong)[0]), int(np.flatnonzero(~evaluation.wrong)[0])]
    pictures = [opened.read_picture(row) for row in rows]
    landmarks = evaluation.landmarks[rows]
    landmarks[1] = np.nan  # the whole picture is the crop
    maps = attribute_faces(model, pictures, landmarks, evaluation.label[rows])  # type: ignore[arg-type]
    explainer = SampleExplainer()
    for row, picture, points, face_map in zip(rows, pictures, landmarks, maps, strict=True):
        assert picture is not None
        label, predicted = int(evaluation.label[row]), int(evaluation.predicted[row])
        expected = explainer.explain(model, picture, points, label, predicted, "grad_x_input")
        assert expected.true is not None
        assert (face_map.crop == expected.crop).all()
        assert face_map.map == pytest.approx(expected.true.map, abs=1e-3)
    assert np.abs(maps[0].map).max() > 0.01
