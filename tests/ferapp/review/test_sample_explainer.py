"""Explanations of one sample: maps of label and prediction, and their scores."""

import numpy as np

from ferapp.review.opening import example, open_evaluation
from ferapp.review.sample_explainer import SampleExplainer


def test_label_and_prediction_are_explained() -> None:
    opened = open_evaluation(str(example()))
    evaluation = opened.evaluation
    row = int(np.flatnonzero(evaluation.wrong)[0])
    picture = opened.read_picture(row)
    assert picture is not None
    assert opened.model is not None
    label, predicted = int(evaluation.label[row]), int(evaluation.predicted[row])
    explanation = SampleExplainer().explain(
        opened.model, picture, evaluation.landmarks[row], label, predicted, "grad_x_input"
    )
    assert explanation.true is not None
    assert (explanation.true.name, explanation.predicted.name) == (
        evaluation.classes[label],
        evaluation.classes[predicted],
    )
    side = explanation.crop.shape[0]
    assert explanation.true.map.shape == explanation.predicted.map.shape == (side, side)
    # Grad × Input of two classes differs by the difference of their logits
    gap = float(explanation.predicted.map.sum() - explanation.true.map.sum())
    assert gap > 0
    assert explanation.landmark_heatmap is not None
    assert explanation.landmarks is not None
    x, y = explanation.landmarks[30].round().astype(int)  # tip of the nose
    assert explanation.landmark_heatmap[y, x] > 0.5
    assert explanation.true.action_units is not None
    assert explanation.true.au_cosine is not None
    assert 0 <= explanation.true.au_cosine <= 1


def test_without_landmarks_there_are_maps_but_no_scores() -> None:
    opened = open_evaluation(str(example()))
    picture = opened.read_picture(0)
    assert picture is not None
    assert opened.model is not None
    no_landmarks = np.full((68, 2), np.nan, np.float32)
    explanation = SampleExplainer().explain(opened.model, picture, no_landmarks, -1, 3, "gradcam")
    assert explanation.true is None
    assert explanation.method == "gradcam"
    assert explanation.predicted.map.max() > 0
    assert explanation.predicted.au_cosine is None
    assert explanation.landmark_heatmap is None
