"""What the label doctor finds in an opened evaluation, and how a review of it is counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from ferapp.review.diagnosis import ReviewCounts, count_reviewed, find_label_errors
from tests.support.runs.diagnoses import diagnosis, opened_training
from trainer.data.label_review import Decision
from trainer.errors import DataError


def test_each_decision_counts_as_what_it_is(tmp_path: Path) -> None:
    suspects = diagnosis(opened_training(tmp_path), 8).suspects
    decisions = {
        "train-00000": Decision("sad"),  # as suggested
        "train-00001": Decision("sad"),
        "train-00002": Decision("fear"),
        "train-00003": Decision(kept=True),
        "train-00004": Decision(flag=True),
        "train-00005": Decision("sad", flag=True),  # dropped, whatever its label is
        "train-00019": Decision("sad"),  # no suspect
    }
    counts = count_reviewed(suspects, decisions)
    expected = ReviewCounts(suspects=8, accepted=2, relabelled=1, kept=1, dropped=2)
    assert counts == {"": expected, "happy": expected}
    assert (expected.reviewed, expected.left) == (6, 2)
    assert count_reviewed((), {}) == {"": ReviewCounts()}


def test_without_pictures_there_is_a_reason(tmp_path: Path) -> None:
    opened = replace(opened_training(tmp_path), data=None)
    with pytest.raises(DataError, match="pictures are missing"):
        find_label_errors(opened, "default")
