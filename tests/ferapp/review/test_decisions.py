"""Decisions about samples: saved, undone, exported, applied to a training run."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.review.decisions import Review
from trainer.data.face_data import FaceData
from trainer.data.label_review import NONE, Decision, apply_review
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def test_decisions_survive_a_restart(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision("sad"))
    review.decide("b", Decision(flag=True))
    review.decide("a", Decision("fear", flag=True))
    again = Review(tmp_path / "review.jsonl")
    assert again.decisions == {"a": Decision("fear", True), "b": Decision("", True)}


def test_undo_goes_back_step_by_step(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision("sad"))
    review.decide("a", Decision("fear"))
    assert review.undo() == ("a",)
    assert review.decision("a") == Decision("sad")
    assert review.undo() == ("a",)
    assert review.undo() == ()
    assert Review(tmp_path / "review.jsonl").decisions == {}


def test_a_partial_line_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    Review(path).decide("a", Decision("sad"))
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"sample_id": "b", "lab')
    review = Review(path)
    assert review.decisions == {"a": Decision("sad")}
    assert review.skipped == 1
    review.decide("c", Decision("happy"))
    assert Review(path).decisions == {"a": Decision("sad"), "c": Decision("happy")}


def test_a_decision_that_cannot_be_written_does_not_count(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    path = tmp_path / "review.jsonl"
    path.symlink_to("/dev/full")
    review = Review(tmp_path / "none.jsonl")
    review.path = path
    with pytest.raises(DataError, match="could not be saved"):
        review.decide("a", Decision("sad"))
    assert review.decisions == {}


def test_the_export_has_old_and_new_labels(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision("sad"))
    review.decide("b", Decision(flag=True))
    review.decide("c", Decision(kept=True))
    assert review.export(tmp_path / "r.csv", {"a": "happy", "b": "fear", "c": "sad"}) == 3
    rows = list(csv.DictReader((tmp_path / "r.csv").open(encoding="utf-8")))
    assert rows == [
        {"sample_id": "a", "label": "happy", "new_label": "sad", "flag": "", "kept": ""},
        {"sample_id": "b", "label": "fear", "new_label": "", "flag": "yes", "kept": ""},
        {"sample_id": "c", "label": "sad", "new_label": "", "flag": "", "kept": "yes"},
    ]


def data() -> FaceData:
    return FaceData(
        name="made",
        classes=EXPRESSIONS,
        images=np.zeros((3, 8, 8), np.uint8),
        sample_id=np.array(["a", "b", "c"]),
        source_index=np.arange(3),
        split=np.full(3, "train"),
        label=np.array([HAPPY, HAPPY, HAPPY]),
        landmarks=np.full((3, 68, 2), np.nan, np.float32),
        votes=np.full((3, 7), 1 / 7, np.float32),
    )


def test_a_training_uses_the_labels_and_leaves_out_flagged_samples(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision("sad"))
    review.decide("b", Decision(flag=True))
    before = data()
    after = apply_review(before, review.path)
    assert after.sample_id.tolist() == ["a", "c"]
    assert after.label.tolist() == [SAD, HAPPY]
    assert np.isnan(after.votes[0]).all()  # else the votes would argue against the person
    assert not np.isnan(after.votes[1]).any()
    assert before.label.tolist() == [HAPPY] * 3


@pytest.mark.parametrize(
    ("sample", "label", "words"),
    [("elsewhere", "sad", "none of its 1 decisions"), ("a", "bored", "sample a has the label")],
)
def test_a_review_that_does_not_fit_is_refused(
    tmp_path: Path, sample: str, label: str, words: str
) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide(sample, Decision(label))
    with pytest.raises(DataError, match=words):
        apply_review(data(), review.path)


def test_a_kept_label_is_remembered_and_changes_nothing_in_training(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision(kept=True))
    assert Review(review.path).decisions == {"a": Decision(kept=True)}
    with pytest.raises(DataError, match="none of its 1 decisions changes a training sample"):
        apply_review(data(), review.path)
    review.decide("b", Decision("sad"))
    after = apply_review(data(), review.path)
    assert after.sample_id.tolist() == ["a", "b", "c"]
    assert after.label.tolist() == [HAPPY, SAD, HAPPY]
    assert not np.isnan(after.votes[0]).any()


def test_a_file_from_before_labels_could_be_kept_is_read(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    path.write_text('{"sample_id": "a", "label": "sad", "flag": false}\n')
    assert Review(path).decisions == {"a": Decision("sad")}


def test_a_missing_review_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such review"):
        apply_review(replace(data()), tmp_path / "none.jsonl")


def test_one_undo_takes_back_a_decision_about_many(tmp_path: Path) -> None:
    review = Review(tmp_path / "review.jsonl")
    review.decide("a", Decision("sad"))
    review.decide_all({"a": Decision("happy"), "b": Decision("happy"), "c": NONE})
    assert review.undo() == ("a", "b")
    assert Review(tmp_path / "review.jsonl").decisions == {"a": Decision("sad")}
