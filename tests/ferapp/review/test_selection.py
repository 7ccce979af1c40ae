"""Which samples of an evaluation are shown, and in which order."""

from dataclasses import replace

import numpy as np
import pytest

from ferapp.review.selection import (
    EvaluationComparison,
    SampleKind,
    Selection,
    compare_evaluations,
    count_kinds,
    select_rows,
)
from tests.support.runs.evaluations import FEAR, HAPPY, NEUTRAL, SAD, evaluation
from trainer.data.label_review import Decision

SHOWN = evaluation(
    [HAPPY, HAPPY, SAD, SAD, FEAR, -1],
    [HAPPY, SAD, SAD, HAPPY, NEUTRAL, SAD],
    [0.9, 0.6, 0.7, 0.95, 0.5, 0.8],
)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [("all", {0, 1, 2, 3, 4, 5}), ("wrong", {1, 3, 4}), ("right", {0, 2}), ("flagged", {2})],
)
def test_kinds(kind: SampleKind, rows: set[int]) -> None:
    decisions = {"s2": Decision(flag=True), "s3": Decision(label="happy")}
    assert set(select_rows(SHOWN, Selection(kind), None, decisions).tolist()) == rows


def test_cells_of_the_confusion_matrix() -> None:
    selection = Selection("all", frozenset({(HAPPY, SAD), (SAD, HAPPY)}))
    assert set(select_rows(SHOWN, selection).tolist()) == {1, 3}
    without_label = Selection("all", frozenset({(7, SAD)}))
    assert select_rows(SHOWN, without_label).tolist() == [5]


def test_samples_without_the_sort_value_come_last() -> None:
    by_loss = select_rows(SHOWN, Selection("all", sort_key="loss")).tolist()
    losses = SHOWN.measures["loss"][by_loss[:-1]]
    assert by_loss[-1] == 5  # without a label there is no loss
    assert (losses[:-1] >= losses[1:]).all()
    ascending = select_rows(SHOWN, Selection("all", sort_key="confidence", ascending=True)).tolist()
    assert ascending == [4, 1, 2, 5, 0, 3]
    assert select_rows(SHOWN, Selection("all", sort_key="data set")).tolist() == [0, 1, 2, 3, 4, 5]


def test_fixed_and_broken_are_relative_to_the_shown_evaluation() -> None:
    other = evaluation(
        [HAPPY, HAPPY, SAD, SAD, FEAR, -1], [SAD, HAPPY, SAD, HAPPY, FEAR, HAPPY], name="other"
    )
    comparison = compare_evaluations(SHOWN, other)
    assert isinstance(comparison, EvaluationComparison)
    assert select_rows(SHOWN, Selection("fixed"), comparison).tolist() == [0]
    assert set(select_rows(SHOWN, Selection("broken"), comparison).tolist()) == {1, 4}
    assert select_rows(SHOWN, Selection("fixed"), None).tolist() == []
    assert comparison.other_prediction(0) == ("sad", pytest.approx(0.9, abs=1e-6))
    assert (comparison.accuracy, comparison.other_accuracy) == (
        pytest.approx(0.4),
        pytest.approx(0.6),
    )


def test_accuracies_are_compared_on_common_samples() -> None:
    part = np.array([3, 0])  # one that SHOWN has wrong, one that it has right
    other = replace(
        SHOWN,
        sample_id=SHOWN.sample_id[part],
        label=SHOWN.label[part],
        logits=SHOWN.logits[part],
        landmarks=SHOWN.landmarks[part],
        name="part",
    )
    comparison = compare_evaluations(SHOWN, other)
    assert comparison.accuracy == comparison.other_accuracy == 0.5
    assert comparison.other_prediction(3) == ("happy", pytest.approx(0.95, abs=1e-6))
    assert comparison.other_prediction(1) is None


def test_pictures_without_a_face_are_in_no_cell() -> None:
    evaluation = replace(SHOWN, needs_face=True)
    assert select_rows(evaluation, Selection("faceless")).tolist() == [0, 1, 2, 3, 4, 5]
    assert select_rows(evaluation, Selection("all", frozenset({(7, SAD)}))).tolist() == []
    assert count_kinds(evaluation, None, {})["faceless"] == 6
    assert count_kinds(SHOWN, None, {})["faceless"] == 0


def test_a_part_of_the_id_and_a_tag_narrow_any_kind() -> None:
    assert select_rows(SHOWN, Selection("all", text="S3")).tolist() == [3]
    assert select_rows(SHOWN, Selection("right", text="s3")).tolist() == []
    tags = {"odd": {"s1", "s4", "elsewhere"}}
    chosen = Selection("wrong", tag="odd", sort_key="data set")
    assert select_rows(SHOWN, chosen, tags=tags).tolist() == [1, 4]
    assert select_rows(SHOWN, Selection("all", tag="gone"), tags=tags).tolist() == []
