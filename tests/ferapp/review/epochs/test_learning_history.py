"""Learned, forgotten, never learned, always right: by hand-made logits of three classes."""

import numpy as np
import pytest

from ferapp.review.epochs.learning_history import LearningHistory, LearningKind

NO_CELLS = frozenset[tuple[int, int]]()
# six samples with their labels; what each of the epochs 0, 1, 2 and 4 predicts for them
LABEL = [0, 0, 1, 1, 2, 2]
PREDICTED = [
    [1, 0, 0, 1, 0, 2],
    [0, 0, 0, 0, 1, 2],
    [0, 0, 1, 1, 1, 2],
    [0, 0, 0, 0, 1, 2],
]
# right:  0 1 1 1   1 1 1 1   0 0 1 0   1 0 1 0   0 0 0 0   1 1 1 1


@pytest.fixture
def learning() -> LearningHistory:
    logits = 3 * np.eye(3, dtype=np.float32)[np.array(PREDICTED)]
    return LearningHistory(np.array([0, 1, 2, 4]), np.array(LABEL), logits)


def members(learning: LearningHistory, kind: LearningKind, at: int) -> list[int]:
    return np.flatnonzero(learning.is_of_kind(kind, at)).tolist()


def test_first_epoch_and_forgetting_events_of_each_sample(learning: LearningHistory) -> None:
    assert learning.first_learned.tolist() == [1, 0, 2, 0, -1, 0]
    assert learning.forgetting_events.tolist() == [0, 0, 1, 2, 0, 0]


@pytest.mark.parametrize(
    ("at", "learned", "forgotten", "never", "always", "changed"),
    [
        (0, [], [], [0, 2, 4], [1, 3, 5], []),
        (1, [0], [3], [2, 4], [1, 5], [0, 3, 4]),
        (2, [0, 2, 3], [], [4], [1, 5], [2, 3]),
        (3, [0], [2, 3], [4], [1, 5], [2, 3]),
    ],
)
def test_the_kinds_at_each_epoch(
    learning: LearningHistory,
    at: int,
    learned: list[int],
    forgotten: list[int],
    never: list[int],
    always: list[int],
    changed: list[int],
) -> None:
    assert members(learning, "learned", at) == learned
    assert members(learning, "forgotten", at) == forgotten
    assert members(learning, "never", at) == never
    assert members(learning, "always", at) == always
    assert members(learning, "changed", at) == changed
    assert members(learning, "all", at) == list(range(6))


def test_confusion_and_recall_of_an_epoch(learning: LearningHistory) -> None:
    assert learning.scores[1].confusion.tolist() == [[2, 0, 0], [2, 0, 0], [0, 1, 1]]
    assert learning.scores[1].accuracy == pytest.approx(3 / 6)
    assert learning.recall.tolist() == [
        [0.5, 0.5, 0.5], [1.0, 0.0, 0.5], [1.0, 1.0, 0.5], [1.0, 0.0, 0.5],
    ]  # fmt: skip


def test_the_selection_has_the_most_forgotten_first_and_only_the_chosen_cells(
    learning: LearningHistory,
) -> None:
    # 3 is forgotten twice, 2 once; of the others, 0 and 4 changed once
    assert learning.select("all", 0, NO_CELLS).tolist() == [3, 2, 0, 4, 1, 5]
    assert learning.select("forgotten", 3, NO_CELLS).tolist() == [3, 2]
    labelled_1_predicted_0 = frozenset({(1, 0)})
    assert learning.select("all", 1, labelled_1_predicted_0).tolist() == [3, 2]
    assert learning.select("never", 1, labelled_1_predicted_0).tolist() == [2]
    assert learning.select("all", 2, labelled_1_predicted_0).tolist() == []


def test_the_faces_to_watch_are_one_of_each_class_and_then_the_most_forgotten(
    learning: LearningHistory,
) -> None:
    assert learning.default_faces(3) == (0, 3, 4)  # of the classes 0, 1, 2
    assert learning.default_faces(4) == (0, 3, 2, 4)  # 2 is the next in forgetting
    assert sorted(learning.default_faces(12)) == list(range(6))


def test_a_class_without_samples_has_no_recall_and_one_epoch_is_a_history() -> None:
    logits = np.zeros((1, 2, 3), np.float32)
    logits[0, :, 1] = 1.0
    learning = LearningHistory(np.array([5]), np.array([1, 0]), logits)
    assert np.isnan(learning.recall[0, 2])
    assert learning.recall[0, :2].tolist() == [0.0, 1.0]
    assert learning.first_learned.tolist() == [5, -1]
    assert learning.forgetting_events.tolist() == [0, 0]
    assert members(learning, "always", 0) == [0]
    assert members(learning, "changed", 0) == []
