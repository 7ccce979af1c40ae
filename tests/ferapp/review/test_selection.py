"""Which samples are shown, and in which order."""

from dataclasses import replace

import numpy as np
import pytest

from ferapp.review.selection import Compared, Only, Selection, compare, counts, select
from tests.support.runs.evaluations import FEAR, HAPPY, NEUTRAL, SAD, evaluation
from trainer.data.label_review import Decision

FOUND = evaluation(
    [HAPPY, HAPPY, SAD, SAD, FEAR, -1],
    [HAPPY, SAD, SAD, HAPPY, NEUTRAL, SAD],
    [0.9, 0.6, 0.7, 0.95, 0.5, 0.8],
)


@pytest.mark.parametrize(
    ("only", "rows"),
    [("all", {0, 1, 2, 3, 4, 5}), ("wrong", {1, 3, 4}), ("right", {0, 2}), ("flagged", {2})],
)
def test_kinds(only: Only, rows: set[int]) -> None:
    decisions = {"s2": Decision(flag=True), "s3": Decision(label="happy")}
    assert set(select(FOUND, Selection(only), None, decisions).tolist()) == rows


def test_cells_of_the_matrix() -> None:
    wanted = Selection("all", frozenset({(HAPPY, SAD), (SAD, HAPPY)}))
    assert set(select(FOUND, wanted).tolist()) == {1, 3}
    without_label = Selection("all", frozenset({(7, SAD)}))
    assert select(FOUND, without_label).tolist() == [5]


def test_the_order_is_by_the_measure_and_what_has_none_comes_last() -> None:
    by_loss = select(FOUND, Selection("all", order="loss")).tolist()
    losses = FOUND.measures["loss"][by_loss[:-1]]
    assert by_loss[-1] == 5  # without a label there is no loss
    assert (losses[:-1] >= losses[1:]).all()
    rising = select(FOUND, Selection("all", order="confidence", rising=True)).tolist()
    assert rising == [4, 1, 2, 5, 0, 3]
    assert select(FOUND, Selection("all", order="data set")).tolist() == [0, 1, 2, 3, 4, 5]


def test_fixed_and_broken_are_seen_from_the_model_that_is_shown() -> None:
    other = evaluation(
        [HAPPY, HAPPY, SAD, SAD, FEAR, -1], [SAD, HAPPY, SAD, HAPPY, FEAR, HAPPY], name="other"
    )
    compared = compare(FOUND, other)
    assert isinstance(compared, Compared)
    assert select(FOUND, Selection("fixed"), compared).tolist() == [0]
    assert set(select(FOUND, Selection("broken"), compared).tolist()) == {1, 4}
    assert select(FOUND, Selection("fixed"), None).tolist() == []
    assert compared.answer(0) == ("sad", pytest.approx(0.9, abs=1e-6))
    assert (compared.accuracy, compared.other_accuracy) == (pytest.approx(0.4), pytest.approx(0.6))


def test_accuracies_are_compared_on_the_samples_in_common() -> None:
    part = np.array([3, 0])  # one that FOUND has wrong, one that it has right
    other = replace(
        FOUND,
        sample_id=FOUND.sample_id[part],
        label=FOUND.label[part],
        logits=FOUND.logits[part],
        landmarks=FOUND.landmarks[part],
        name="part",
    )
    compared = compare(FOUND, other)
    assert compared.accuracy == compared.other_accuracy == 0.5
    assert compared.answer(3) == ("happy", pytest.approx(0.95, abs=1e-6))
    assert compared.answer(1) is None


def test_pictures_without_a_face_are_a_kind_and_in_no_cell() -> None:
    found = replace(FOUND, needs_face=True)
    assert select(found, Selection("faceless")).tolist() == [0, 1, 2, 3, 4, 5]
    assert select(found, Selection("all", frozenset({(7, SAD)}))).tolist() == []
    assert counts(found, None, {})["faceless"] == 6
    assert counts(FOUND, None, {})["faceless"] == 0
